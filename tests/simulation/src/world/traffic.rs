//! What flow logs record while they are on, and when it reaches the log group.
//!
//! Every record of the leg that is billed carries a power of two of bytes, so
//! the sum in a mail says which records are in it.

use super::{GATEWAY, INTERFACE};
use crate::lambdas::LOG_GROUP;
use crate::scenario::{Gateway, Scenario};
use recorder::EpochSeconds;
use recorder::memory::Memory;

/// The format of the records.
pub(super) const FORMAT: &str = "${version} ${interface-id} ${resource-id} ${srcaddr} \
    ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${action} \
    ${log-status} ${pkt-srcaddr} ${pkt-dstaddr} ${pkt-src-aws-service} ${pkt-dst-aws-service} \
    ${flow-direction} ${traffic-path} ${tcp-flags}";

/// How long a flow is added up.
const INTERVAL: u64 = 60_000;
/// How many records a flow log makes at the most: what comes later is silent.
const MOST_OF_ONE: usize = 17;
/// How many there are of all: bytes are 64 bits wide.
const MOST_OF_ALL: u32 = 62;

/// A record on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The power of two that it carries.
    pub bit: u32,
    /// The flow log that made it.
    pub flow_log: String,
    /// When it begins, in milliseconds.
    pub start: u64,
    /// When it is in the log group.
    pub delivered: u64,
}

struct Source {
    flow_log: String,
    next: u64,
    made: usize,
    is_on: bool,
}

/// What flow logs record.
pub(super) struct Traffic {
    gateway: Gateway,
    takes: u64,
    sources: Vec<Source>,
    pub(super) records: Vec<Record>,
    pending: Vec<(u64, EpochSeconds, String)>,
}

impl Traffic {
    pub(super) fn new(scenario: &Scenario) -> Traffic {
        Traffic {
            gateway: scenario.gateway,
            takes: scenario.records_take.0,
            sources: Vec::new(),
            records: Vec::new(),
            pending: Vec::new(),
        }
    }

    pub(super) fn switched_on(&mut self, flow_log: &str, now: u64) {
        self.sources.push(Source {
            flow_log: flow_log.to_owned(),
            next: now,
            made: 0,
            is_on: true,
        });
    }

    /// What was seen since the last full interval is recorded too.
    pub(super) fn switched_off(&mut self, flow_log: &str, now: u64) {
        for at in 0..self.sources.len() {
            let source = &mut self.sources[at];
            if source.flow_log == flow_log && source.is_on {
                source.is_on = false;
                let start = source.next;
                if start + 1_000 <= now {
                    self.record(at, start, now);
                }
            }
        }
    }

    /// Records what was seen up to now, and delivers what has arrived by now.
    pub(super) fn catch_up(&mut self, now: u64, memory: &Memory) {
        for at in 0..self.sources.len() {
            while self.sources[at].is_on
                && self.sources[at].made < MOST_OF_ONE
                && self.sources[at].next + INTERVAL <= now
            {
                let start = self.sources[at].next;
                self.record(at, start, start + INTERVAL);
                self.sources[at].next += INTERVAL;
            }
        }
        let mut waiting = Vec::new();
        for (due, start, line) in self.pending.drain(..) {
            if due <= now {
                memory.deliver(LOG_GROUP, start, &line);
            } else {
                waiting.push((due, start, line));
            }
        }
        self.pending = waiting;
    }

    fn record(&mut self, at: usize, start: u64, end: u64) {
        let source = &mut self.sources[at];
        let bit = u32::try_from(self.records.len()).unwrap_or(u32::MAX);
        if source.made >= MOST_OF_ONE || bit >= MOST_OF_ALL {
            return;
        }
        source.made += 1;
        let delivered = end + self.takes;
        self.records.push(Record {
            bit,
            flow_log: source.flow_log.clone(),
            start,
            delivered,
        });
        for line in lines(self.gateway, bit, start / 1_000, end / 1_000) {
            self.pending
                .push((delivered, EpochSeconds(start / 1_000), line));
        }
    }
}

/// The upload of a conversation, before and after translation.
fn lines(gateway: Gateway, bit: u32, start: u64, end: u64) -> [String; 2] {
    let bytes = 1_u64 << bit;
    let counts = format!("40000 443 6 1 {bytes} {start} {end} ACCEPT OK");
    let rest = "- S3 ingress - 3";
    if gateway == Gateway::Regional {
        return ["10.0.1.5", "198.51.100.9"].map(|source| {
            format!("9 - {GATEWAY} {source} 203.0.113.10 {counts} {source} 203.0.113.10 {rest}")
        });
    }
    // A private gateway's remote ends are private, too.
    let far = match gateway {
        Gateway::Private => "172.16.9.10",
        _ => "203.0.113.10",
    };
    // Secondary addresses show in packets only.
    let address = match (gateway, bit % 3) {
        (Gateway::SecondaryAddresses, 1) => "10.0.0.221",
        (Gateway::SecondaryAddresses, 2) => "10.0.0.222",
        _ => "10.0.0.220",
    };
    [
        format!("9 {INTERFACE} - 10.0.1.5 10.0.0.220 {counts} 10.0.1.5 {far} {rest}"),
        format!("9 {INTERFACE} - 10.0.0.220 {far} {counts} {address} {far} {rest}"),
    ]
}
