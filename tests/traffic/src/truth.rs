//! What an exact analysis of a recording must find, by intent.
//!
//! The figures come from the conversations of the scenario and never from
//! written lines. They are honest about the layout: what its fields cannot
//! show is null or empty.
//!
//! **Invariants**: lists are sorted by bytes descending, then address text.

use crate::layout::Layout;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;

/// The truth about a recording; serializes to a part of the report's JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Truth {
    /// What the lines are.
    pub records: Records,
    /// Bytes by leg.
    pub bytes: LegBytes,
    /// From the first start to the last end of any record or NODATA or
    /// SKIPDATA line; `None` where the layout has no times.
    pub window: Option<Window>,
    /// Workloads.
    pub sources: Vec<Source>,
    /// Remotes.
    pub destinations: Vec<Destination>,
    /// AWS services of the remotes; one row without a service where the
    /// layout shows none.
    pub services: Vec<Service>,
    /// Workloads with their remotes; empty where the layout has no packet
    /// addresses.
    pub pairs: Vec<Pair>,
}

/// What the lines are; header and blank lines are in no count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Records {
    /// All lines.
    pub read: u64,
    /// Lines with data, rejected ones included, of every interface.
    pub parsed: u64,
    /// Lines that say that there was no traffic. Where the layout has no
    /// log-status these and `skipdata` look alike and all count here.
    pub nodata: u64,
    /// Lines that say that records were skipped.
    pub skipdata: u64,
    /// Lines that are no records.
    pub malformed: u64,
    /// Those of `parsed` whose action is REJECT.
    pub rejected: u64,
}

/// Bytes by leg, in the words of the CloudWatch metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct LegBytes {
    /// Workload to gateway.
    pub in_from_source: u64,
    /// Gateway to remote.
    pub out_to_destination: u64,
    /// Remote to gateway.
    pub in_from_destination: u64,
    /// Gateway to workload.
    pub out_to_source: u64,
    /// What is billed: `in_from_source` + `out_to_source`.
    pub processed: u64,
}

/// A span of Unix seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Window {
    /// First second.
    pub start: u64,
    /// Last second.
    pub end: u64,
}

/// Billed bytes and their two parts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Moved {
    /// Both parts together.
    pub bytes: u64,
    /// Upload.
    pub in_from_source: u64,
    /// Download.
    pub out_to_source: u64,
}

/// Bytes of a workload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Source {
    /// Its address.
    pub address: String,
    /// Its bytes.
    #[serde(flatten)]
    pub moved: Moved,
}

/// Bytes of a remote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Destination {
    /// Its address.
    pub address: String,
    /// Its AWS service.
    pub aws_service: Option<String>,
    /// Its bytes.
    #[serde(flatten)]
    pub moved: Moved,
}

/// Bytes of an AWS service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Service {
    /// Service code; `None` = no AWS service.
    pub aws_service: Option<String>,
    /// Its bytes.
    #[serde(flatten)]
    pub moved: Moved,
}

/// Bytes between a workload and a remote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pair {
    /// The workload.
    pub source: String,
    /// The remote.
    pub destination: String,
    /// AWS service of the remote.
    pub aws_service: Option<String>,
    /// Their bytes.
    #[serde(flatten)]
    pub moved: Moved,
}

impl Moved {
    fn add(&mut self, upload: u64, download: u64) {
        self.bytes += upload + download;
        self.in_from_source += upload;
        self.out_to_source += download;
    }
}

/// Where a remote is, as the records of a conversation can show it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Remote<'a> {
    /// As the workload addresses it (64:ff9b::/96 for NAT64).
    pub(crate) inside: IpAddr,
    /// As the gateway addresses it.
    pub(crate) outside: IpAddr,
    pub(crate) service: Option<&'a str>,
}

/// Sums up what was meant to happen.
pub(crate) struct Ledger<'a> {
    by_packet: bool,
    services: bool,
    times: bool,
    log_status: bool,
    pairs: HashMap<(IpAddr, IpAddr), Moved>,
    /// Pairs whose both ends stand in one record.
    told: HashSet<(IpAddr, IpAddr)>,
    service_of: HashMap<IpAddr, Option<&'a str>>,
    records: Records,
    window: Option<Window>,
}

impl<'a> Ledger<'a> {
    pub(crate) fn new(layout: &Layout) -> Self {
        Ledger {
            by_packet: layout.knows_packet_addresses(),
            services: layout.knows_services(),
            times: layout.knows_times(),
            log_status: layout.knows_log_status(),
            pairs: HashMap::new(),
            told: HashSet::new(),
            service_of: HashMap::new(),
            records: Records::default(),
            window: None,
        }
    }

    /// Bytes that are meant to cross a gateway. A regional one logs both ends
    /// even without packet addresses.
    pub(crate) fn intend(
        &mut self,
        is_regional: bool,
        workload: IpAddr,
        remote: Remote<'a>,
        upload: u64,
        download: u64,
    ) {
        let shown = if self.by_packet {
            remote.inside
        } else {
            remote.outside
        };
        self.service_of
            .insert(shown, remote.service.filter(|_| self.services));
        if self.by_packet || is_regional {
            self.told.insert((workload, shown));
        }
        self.pairs
            .entry((workload, shown))
            .or_default()
            .add(upload, download);
    }

    pub(crate) fn record(&mut self, accepted: bool, times: (u64, u64)) {
        self.records.read += 1;
        self.records.parsed += 1;
        self.records.rejected += u64::from(!accepted);
        self.watch(times);
    }

    pub(crate) fn nodata(&mut self, times: (u64, u64)) {
        self.records.read += 1;
        self.records.nodata += 1;
        self.watch(times);
    }

    pub(crate) fn skipdata(&mut self, times: (u64, u64)) {
        self.records.read += 1;
        if self.log_status {
            self.records.skipdata += 1;
        } else {
            self.records.nodata += 1;
        }
        self.watch(times);
    }

    pub(crate) fn malformed(&mut self) {
        self.records.read += 1;
        self.records.malformed += 1;
    }

    fn watch(&mut self, (start, end): (u64, u64)) {
        if self.times {
            let so_far = self.window.unwrap_or(Window { start, end });
            self.window = Some(Window {
                start: so_far.start.min(start),
                end: so_far.end.max(end),
            });
        }
    }

    pub(crate) fn truth(self) -> Truth {
        let mut sources: HashMap<IpAddr, Moved> = HashMap::new();
        let mut destinations: HashMap<IpAddr, Moved> = HashMap::new();
        let mut services: BTreeMap<Option<&str>, Moved> = BTreeMap::new();
        let mut total = Moved::default();
        let service_of = |remote: &IpAddr| self.service_of.get(remote).copied().flatten();
        for ((workload, remote), moved) in &self.pairs {
            let (upload, download) = (moved.in_from_source, moved.out_to_source);
            if moved.bytes == 0 {
                continue;
            }
            total.add(upload, download);
            sources.entry(*workload).or_default().add(upload, download);
            destinations
                .entry(*remote)
                .or_default()
                .add(upload, download);
            services
                .entry(service_of(remote))
                .or_default()
                .add(upload, download);
        }
        let told = |(pair, moved): &(&(IpAddr, IpAddr), &Moved)| {
            moved.bytes > 0 && self.told.contains(*pair)
        };
        let pairs = self.pairs.iter().filter(told);
        let pairs = pairs.map(|((workload, remote), moved)| Pair {
            source: workload.to_string(),
            destination: remote.to_string(),
            aws_service: service_of(remote).map(String::from),
            moved: *moved,
        });
        let pairs = pairs.collect();
        let mut truth = Truth {
            records: self.records,
            bytes: LegBytes {
                in_from_source: total.in_from_source,
                out_to_destination: total.in_from_source,
                in_from_destination: total.out_to_source,
                out_to_source: total.out_to_source,
                processed: total.bytes,
            },
            window: self.window,
            sources: sources
                .into_iter()
                .map(|(address, moved)| Source {
                    address: address.to_string(),
                    moved,
                })
                .collect(),
            destinations: destinations
                .into_iter()
                .map(|(address, moved)| Destination {
                    address: address.to_string(),
                    aws_service: service_of(&address).map(String::from),
                    moved,
                })
                .collect(),
            services: services
                .into_iter()
                .map(|(service, moved)| Service {
                    aws_service: service.map(String::from),
                    moved,
                })
                .collect(),
            pairs,
        };
        truth.sort();
        truth
    }
}

impl Truth {
    fn sort(&mut self) {
        let largest = |moved: &Moved| std::cmp::Reverse(moved.bytes);
        self.sources
            .sort_by(|a, b| (largest(&a.moved), &a.address).cmp(&(largest(&b.moved), &b.address)));
        self.destinations
            .sort_by(|a, b| (largest(&a.moved), &a.address).cmp(&(largest(&b.moved), &b.address)));
        self.services.sort_by(|a, b| {
            (largest(&a.moved), &a.aws_service).cmp(&(largest(&b.moved), &b.aws_service))
        });
        self.pairs.sort_by(|a, b| {
            (largest(&a.moved), &a.source, &a.destination).cmp(&(
                largest(&b.moved),
                &b.source,
                &b.destination,
            ))
        });
    }
}
