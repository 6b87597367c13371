//! The fold of an investigation: every record that counts, into sums and rules.
//!
//! **Invariants.** What is told apart is what the questions need and no more. Beyond
//! [`Plan::most`] rows, ports that nobody asks about are given up first, then
//! external ends: sums stay exact, and of what can be told the side does, too.
//! Merged in any order, folds are the same.

use super::definition::{Analysis, Definition, Dimension};
use super::detect::Thresholds;
use super::ends::{Ends, OTHER_INSIDE, OTHER_OUTSIDE};
use super::flows::{Flows, Key, More};
use super::rules::Rules;
use super::seen::{Pair, Seen};
use super::{SensitivePorts, Sums};
use flowlog::filter::{Filter, Matcher, Sets};
use flowlog::{Names, Record, TextCode, Watch};
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use std::any::Any;
use std::net::IpAddr;
use std::sync::Arc;

/// The port of SSH.
pub(crate) const SSH: u16 = 22;
/// TCP's SYN and ACK; a flow log shows SYN-ACK as 18.
const SYN: u8 = 2;
const SYN_ACK: u8 = 18;

/// What is asked, made ready for records.
pub(crate) struct Plan {
    pub(crate) sets: Arc<Sets>,
    /// The questions, with their filters.
    pub(crate) questions: Vec<(&'static Definition, Filter)>,
    /// Rules of their own.
    pub(crate) rules: Vec<Analysis>,
    pub(crate) sensitive: SensitivePorts,
    pub(crate) thresholds: Thresholds,
    /// Ports that are told apart at the sender's side, a bit each; of the
    /// receiver's they are the last that are given up.
    pub(crate) ports: Box<[u64; 1024]>,
    /// Every sender's port is told apart.
    pub(crate) all_src_ports: bool,
    /// Records that no question is about are not kept.
    pub(crate) is_selective: bool,
    /// Rows that are told apart at the most.
    pub(crate) most: usize,
    /// Gateway addresses that the user names; none: those that are found.
    pub(crate) own: Vec<IpAddr>,
}

impl Plan {
    fn is_port(&self, port: u16) -> bool {
        self.ports[usize::from(port) / 64] >> (port % 64) & 1 == 1
    }

    /// Whether that may be a gateway's own address.
    fn may_be_own(&self, address: IpAddr) -> bool {
        self.own.is_empty() || self.own.contains(&address)
    }

    /// Whether anything is asked about ports.
    pub(crate) fn asks_for_ports(&self) -> bool {
        let ports = [Dimension::SourcePort, Dimension::DestinationPort];
        ports.iter().any(|port| self.needs(*port)) || self.ports.iter().any(|bits| *bits > 0)
    }

    /// Whether rows are told apart by that.
    pub(crate) fn needs(&self, dimension: Dimension) -> bool {
        let asks = |(definition, _): &(&Definition, Filter)| definition.by.contains(&dimension);
        self.questions.iter().any(asks)
    }
}

/// Sums and rules under way.
#[derive(Clone)]
pub(crate) struct Fold {
    plan: Arc<Plan>,
    pub(crate) ends: Ends,
    pub(crate) flows: Flows,
    pub(crate) services: Services,
    matcher: Matcher,
    /// Records of outer legs, which do not count.
    pub(crate) outer_legs: Sums,
    /// There were more rows than are told apart.
    pub(crate) were_more: bool,
    /// A record has packet addresses.
    pub(crate) has_packet: bool,
    /// A record has ports.
    pub(crate) has_ports: bool,
    /// A record has TCP flags.
    pub(crate) has_flags: bool,
    pub(crate) rules: Rules,
    has_seen_nothing: bool,
    keeps: Keeps,
}

/// Which parts of a key the questions need.
#[derive(Clone, Copy)]
struct Keeps {
    dst_port: bool,
    protocol: bool,
    services: bool,
}

/// Names of AWS services by number; 0 is none.
#[derive(Clone, Default)]
pub(crate) struct Services {
    names: Vec<Box<str>>,
    numbers: HashMap<Box<str>, u16, RandomState>,
    /// By the table's code.
    codes: Vec<Option<u16>>,
}

impl Services {
    #[inline]
    fn number(&mut self, code: TextCode, names: Names<'_>) -> u16 {
        match self.codes.get(code as usize) {
            Some(Some(number)) => *number,
            _ => self.learn(code, names),
        }
    }

    #[cold]
    fn learn(&mut self, code: TextCode, names: Names<'_>) -> u16 {
        let place = code as usize;
        if place >= self.codes.len() {
            self.codes.resize(place + 1, None);
        }
        let number = names.service(code).map_or(0, |name| self.of(name));
        self.codes[place] = Some(number);
        number
    }

    fn of(&mut self, name: &str) -> u16 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        // There are a few dozen; of nonsense the last one stands for all others.
        let number = u16::try_from(self.names.len() + 1).unwrap_or(u16::MAX);
        if usize::from(number) > self.names.len() {
            self.names.push(name.into());
            self.numbers.insert(name.into(), number);
        }
        number
    }

    /// The name of a number.
    pub(crate) fn name(&self, number: u16) -> Option<&str> {
        let name = self.names.get(usize::from(number).checked_sub(1)?);
        name.map(|name| &**name)
    }

    fn absorb(&mut self, other: &Services) -> Vec<u16> {
        let numbers = other.names.iter().map(|name| self.of(name));
        std::iter::once(0).chain(numbers).collect()
    }
}

impl Fold {
    pub(crate) fn new(plan: Arc<Plan>) -> Fold {
        let mut matcher = Matcher::default();
        for (_, filter) in &plan.questions {
            // As many as there are definitions, whose sets are three.
            let _ = matcher.push(filter);
        }
        let has_ports = |rule: &Analysis| *rule != Analysis::CidrConnections;
        let is_ruled = plan.rules.iter().any(has_ports);
        let services = [Dimension::SourceService, Dimension::DestinationService];
        Fold {
            ends: Ends::new(Arc::clone(&plan.sets)),
            flows: Flows::default(),
            services: Services::default(),
            matcher,
            outer_legs: Sums::default(),
            were_more: false,
            has_packet: false,
            has_ports: false,
            has_flags: false,
            rules: Rules::new(&plan.rules, &plan.sensitive, &plan.thresholds),
            has_seen_nothing: true,
            keeps: Keeps {
                dst_port: is_ruled || plan.needs(Dimension::DestinationPort),
                protocol: is_ruled || plan.needs(Dimension::Protocol),
                services: services.iter().any(|service| plan.needs(*service)),
            },
            plan,
        }
    }

    #[inline]
    fn record(&mut self, record: &Record, names: Names<'_>) {
        self.has_packet |= record.has_packet != [false; 2];
        self.has_ports |= record.ports != [None; 2];
        self.has_flags |= record.tcp_flags.is_some();
        let seen = self.seen(record, names);
        if self.is_outer_leg(&seen, record, names) {
            self.outer_legs.add(Sums {
                bytes: seen.bytes.into(),
                packets: seen.packets.into(),
                flows: 1,
            });
            return;
        }
        self.rules.add(&seen, &self.ends);
        if self.plan.is_selective && self.matcher.which(record, names) == 0 {
            return;
        }
        let key = self.key(&seen, record, names);
        let more = More {
            bytes: seen.bytes,
            packets: seen.packets,
            records: 1,
            times: seen.start.map(|start| (start, start)),
            opens: seen.opens,
        };
        self.add(key, more);
    }

    /// Whether the record is of a NAT gateway's outer legs, as far as is known yet: then
    /// it does not count.
    #[inline]
    fn is_outer_leg(&mut self, seen: &Seen, record: &Record, names: Names<'_>) -> bool {
        let Pair { src, dst, .. } = seen.pair;
        if seen.pair.is_forwarded {
            for (packet, at) in [(src, 0), (dst, 1)] {
                // Nobody else shows another address than a public one of the packet.
                if record.seen[at] != record.ends[at] && self.ends.is_public(packet) {
                    let own = self.ends.number(record.seen[at], names);
                    if self.plan.may_be_own(self.ends.address(own)) {
                        self.ends.mark_own(own);
                    }
                }
            }
        }
        !seen.is_reject && (self.ends.is_own(src) || self.ends.is_own(dst))
    }

    #[inline]
    fn seen(&mut self, record: &Record, names: Names<'_>) -> Seen {
        let [src, dst] = record.ends.map(|code| self.ends.number(code, names));
        let [src_port, dst_port] = record.ports;
        Seen {
            pair: Pair {
                src,
                dst,
                is_forwarded: record.ends != record.seen,
            },
            sides: [src, dst].map(|end| self.ends.side(end)),
            src_port,
            dst_port,
            protocol: record.protocol,
            is_reject: record.is_reject,
            opens: match record.tcp_flags {
                Some(flags) => flags & SYN_ACK == SYN,
                None => src_port > dst_port,
            },
            bytes: record.bytes,
            packets: record.packets.unwrap_or(0),
            start: record.start,
        }
    }

    #[inline]
    fn key(&mut self, seen: &Seen, record: &Record, names: Names<'_>) -> Key {
        let flag = |is: bool, flag: u8| if is { flag } else { 0 };
        let is_kept = |port: &u16| self.plan.all_src_ports || self.plan.is_port(*port);
        let src_port = seen.src_port.filter(is_kept);
        let is_port = |port: &u16| self.keeps.dst_port || self.plan.is_port(*port);
        let dst_port = seen.dst_port.filter(is_port);
        let protocol = seen.protocol.filter(|_| self.keeps.protocol);
        let flags = flag(seen.is_reject, Key::REJECT)
            | flag(seen.pair.is_forwarded, Key::FORWARDED)
            | flag(src_port.is_some(), Key::SRC_PORT)
            | flag(dst_port.is_some(), Key::DST_PORT)
            | flag(protocol.is_some(), Key::PROTOCOL);
        Key {
            src: seen.pair.src,
            dst: seen.pair.dst,
            ports: [src_port.unwrap_or(0), dst_port.unwrap_or(0)],
            services: match self.keeps.services {
                true => record
                    .services
                    .map(|code| self.services.number(code, names)),
                false => [0; 2],
            },
            protocol: protocol.unwrap_or(0),
            flags,
        }
    }

    #[inline]
    fn add(&mut self, key: Key, more: More) {
        if self.flows.len() >= self.plan.most && !self.flows.has(key) {
            let key = self.coarser(key);
            self.flows.add(key, more);
            return;
        }
        self.flows.add(key, more);
    }

    /// The row of a record for which there is no row any more.
    #[cold]
    fn coarser(&mut self, key: Key) -> Key {
        self.were_more = true;
        let [src_port, dst_port] = key.ports;
        let mut key = key;
        if !self.plan.is_port(src_port) {
            key = key.without(0);
        }
        if !self.plan.is_port(dst_port) {
            key = key.without(1);
        }
        // A quarter more for rows without ports.
        if self.flows.has(key) || self.flows.len() < self.plan.most + self.plan.most / 4 {
            return key;
        }
        for coarser in [key.without(0), key.without(1), key.without(0).without(1)] {
            if self.flows.has(coarser) {
                return coarser;
            }
        }
        match [key.src, key.dst].map(|end| self.ends.side(end).is_inside) {
            [_, false] => key.dst = OTHER_OUTSIDE,
            [false, true] => key.src = OTHER_OUTSIDE,
            [true, true] => (key.src, key.dst) = (OTHER_INSIDE, OTHER_INSIDE),
        }
        key
    }
}

impl Watch for Fold {
    fn records(&mut self, records: &[Record], names: Names<'_>) {
        self.has_seen_nothing &= records.is_empty();
        for record in records {
            self.record(record, names);
        }
    }

    fn merge(&mut self, other: Box<dyn Watch>) {
        let other: Box<dyn Any> = other;
        let Ok(mut other) = other.downcast::<Fold>() else {
            unreachable!("tables of one run have one kind of watch");
        };
        other.flows.settle();
        if self.has_seen_nothing {
            *self = *other;
            self.moved();
            return;
        }
        if other.has_seen_nothing {
            return;
        }
        let ends = self.ends.absorb(&other.ends);
        let services = self.services.absorb(&other.services);
        self.flows.settle();
        if self.flows.len() + other.flows.len() <= self.plan.most {
            self.flows.merge(&other.flows, &ends, &services);
        } else {
            for held in other.flows.iter() {
                let mut key = held.key;
                (key.src, key.dst) = (ends[key.src as usize], ends[key.dst as usize]);
                key.services = key.services.map(|number| services[usize::from(number)]);
                if self.flows.len() >= self.plan.most && !self.flows.has(key) {
                    key = self.coarser(key);
                }
                self.flows.add_sums(key, held.sums, held.opens, held.times);
            }
            self.flows.settle();
        }
        self.outer_legs.add(other.outer_legs);
        self.were_more |= other.were_more;
        self.has_packet |= other.has_packet;
        self.has_ports |= other.has_ports;
        self.has_flags |= other.has_flags;
        self.rules.merge(other.rules, &ends, &self.ends);
    }

    fn moved(&mut self) {
        self.ends.forget_codes();
        self.services.codes.clear();
        self.matcher.forget();
    }

    fn boxed(&self) -> Box<dyn Watch> {
        Box::new(self.clone())
    }
}
