//! Something calls home: connections to the same external end at regular intervals.
//!
//! **Invariants.** A record is no connection: flow logs write one for each interval
//! of aggregation. The sender's port tells connections apart, and of records with
//! the same one that follow each other within [`SAME`] only the first counts. No
//! floating point: variances are compared as whole numbers. Which flows are looked
//! at where there are too many depends on their addresses alone.

use super::super::seen::{Flow, Pair, Seen};
use super::super::{Cell, ColumnKind, Row, Sums, Table};
use super::sample::{Level, hash, parts};
use super::{Dated, Ends, Thresholds, count, protocol, table};
use crate::report::text::grouped;
use foldhash::fast::RandomState;
use std::collections::BTreeMap;
use std::hash::BuildHasher;
use std::net::IpAddr;

/// Counts of a sieve; a power of two.
const BUCKETS: usize = 1 << 20;

pub(crate) const NAME: &str = "beaconing";

/// Seconds after which a sender's port is another connection's: more than the
/// longest interval of aggregation (ten minutes).
pub(crate) const SAME: u32 = 900;

const IS_FORWARDED: u8 = 1;
const IS_REJECT: u8 = 2;
const HAS_PROTOCOL: u8 = 4;

/// A record of a connection; 20 bytes, because there are many.
#[derive(Clone, Copy)]
struct Begun {
    src: u32,
    dst: u32,
    /// Unix seconds, until 2106.
    start: u32,
    src_port: u16,
    dst_port: u16,
    protocol: u8,
    flags: u8,
}

/// A sender, a receiver, its port and the protocol.
type Service = (u32, u32, u16, u8, u8);

impl Begun {
    fn service(&self) -> Service {
        let flags = self.flags & !IS_REJECT;
        (self.src, self.dst, self.dst_port, self.protocol, flags)
    }

    fn pair(&self) -> Pair {
        Pair {
            src: self.src,
            dst: self.dst,
            is_forwarded: self.flags & IS_FORWARDED != 0,
        }
    }

    fn protocol(&self) -> Option<u8> {
        (self.flags & HAS_PROTOCOL != 0).then_some(self.protocol)
    }

    fn is_in(&self, level: Level, address: &dyn Fn(u32) -> IpAddr) -> bool {
        let ends = [self.src, self.dst].map(|end| parts(address(end)));
        let service = [self.dst_port.into(), self.protocol.into()];
        level.keeps(hash(ends.into_iter().flatten().chain(service)))
    }
}

/// The connections to external ends.
#[derive(Clone)]
pub(crate) struct Beaconing {
    begun: Vec<Begun>,
    level: Level,
    most: usize,
    dated: Dated,
    without_port: u64,
}

impl Beaconing {
    /// Nothing yet.
    pub(crate) fn new(thresholds: &Thresholds) -> Beaconing {
        Beaconing {
            begun: Vec::new(),
            level: Level::default(),
            most: thresholds.beacon_memory,
            dated: Dated::default(),
            without_port: 0,
        }
    }

    /// Adds a record.
    pub(crate) fn add(&mut self, seen: &Seen, address: &dyn Fn(u32) -> IpAddr) {
        let [from, to] = seen.sides;
        if !seen.opens || !from.is_inside || to.is_inside {
            return;
        }
        let (Some(src_port), Some(dst_port)) = (seen.src_port, seen.dst_port) else {
            self.without_port += 1;
            return;
        };
        let start = self.dated.start(seen.start);
        let Some(start) = start.and_then(|start| u32::try_from(start).ok()) else {
            return;
        };
        let flag = |is: bool, flag: u8| if is { flag } else { 0 };
        let begun = Begun {
            src: seen.pair.src,
            dst: seen.pair.dst,
            start,
            src_port,
            dst_port,
            protocol: seen.protocol.unwrap_or_default(),
            flags: flag(seen.pair.is_forwarded, IS_FORWARDED)
                | flag(seen.is_reject, IS_REJECT)
                | flag(seen.protocol.is_some(), HAS_PROTOCOL),
        };
        self.push(begun, address);
    }

    fn push(&mut self, begun: Begun, address: &dyn Fn(u32) -> IpAddr) {
        if !self.level.is_all() && !begun.is_in(self.level, address) {
            return;
        }
        self.begun.push(begun);
        while self.begun.len() > self.most {
            self.rise(self.level.higher(), address);
        }
    }

    fn rise(&mut self, level: Level, address: &dyn Fn(u32) -> IpAddr) {
        self.level = level;
        self.begun.retain(|begun| begun.is_in(level, address));
    }

    /// Takes in what another fold has; `end` gives its ends their numbers in this
    /// one.
    pub(crate) fn merge(
        &mut self,
        other: Beaconing,
        end: &dyn Fn(u32) -> u32,
        address: &dyn Fn(u32) -> IpAddr,
    ) {
        self.dated.add(other.dated);
        self.without_port += other.without_port;
        if other.level > self.level {
            self.rise(other.level, address);
        }
        for begun in other.begun {
            let renamed = Begun {
                src: end(begun.src),
                dst: end(begun.dst),
                ..begun
            };
            self.push(renamed, address);
        }
    }

    /// What calls regularly; `flows` are all that count, for their bytes.
    pub(crate) fn finish(
        mut self,
        flows: &mut dyn Iterator<Item = Flow>,
        thresholds: &Thresholds,
        ends: Ends<'_>,
    ) -> Table {
        let about = self.about(thresholds);
        self.sieve(thresholds.beacon_connections);
        self.begun
            .sort_unstable_by_key(|begun| (begun.service(), begun.src_port, begun.start));
        let mut beacons: BTreeMap<Service, (Begun, Beats)> = BTreeMap::new();
        let services = self.begun.chunk_by(|a, b| a.service() == b.service());
        for records in services {
            if (records.len() as u64) < thresholds.beacon_connections {
                continue;
            }
            let beats = Beats::of(records);
            if beats.are_regular(thresholds) && (ends.counts)(records[0].pair()) {
                beacons.insert(records[0].service(), (records[0], beats));
            }
        }
        let sums = sums(flows, &beacons);
        let mut rows: Vec<(u64, Row)> = Vec::new();
        for (service, (begun, beats)) in &beacons {
            let sums = sums.get(service).copied().unwrap_or_default();
            rows.push((beats.connections, row(begun, beats, sums, ends)));
        }
        rows.sort_by(|(a, one), (b, other)| b.cmp(a).then_with(|| one.cells.cmp(&other.cells)));
        table(
            NAME,
            None,
            "Connections at regular intervals",
            about,
            &[
                ("source", ColumnKind::Address),
                ("destination", ColumnKind::Address),
                ("destination_port", ColumnKind::Number),
                ("protocol", ColumnKind::Number),
                ("connections", ColumnKind::Number),
                ("interval", ColumnKind::Seconds),
                ("shortest", ColumnKind::Seconds),
                ("longest", ColumnKind::Seconds),
                ("variation_percent", ColumnKind::Number),
                ("first", ColumnKind::Time),
                ("last", ColumnKind::Time),
                ("rejected", ColumnKind::Number),
            ],
            rows.into_iter().map(|(_, row)| row).collect(),
        )
    }

    /// Leaves out most of what is not often enough, before it is sorted.
    fn sieve(&mut self, least: u64) {
        let hasher = RandomState::default();
        let place = |begun: &Begun| hasher.hash_one(begun.service()) as usize % BUCKETS;
        let mut counts = vec![0_u32; BUCKETS];
        for begun in &self.begun {
            let count = &mut counts[place(begun)];
            *count = count.saturating_add(1);
        }
        self.begun
            .retain(|begun| u64::from(counts[place(begun)]) >= least);
    }

    fn about(&self, thresholds: &Thresholds) -> Vec<String> {
        let rule = format!(
            "At least {} connections from inside to a port of an external end, at intervals of at \
             least {} seconds on average whose standard deviation is at most {} % of that. \
             Connections that begin in the same second count once; a sender's port that comes \
             again within {SAME} seconds is the same connection. Clocks, monitoring and jobs by \
             the minute look the same.",
            grouped(thresholds.beacon_connections.into()),
            grouped(thresholds.beacon_interval.into()),
            grouped(thresholds.beacon_variation.into()),
        );
        let dated = self.dated.note("intervals cannot be told");
        let ports = (self.without_port > 0).then(|| {
            format!(
                "{} records have no ports, so their connections cannot be told apart and are not \
                 looked at.",
                grouped(self.without_port.into())
            )
        });
        let sample = self.level.note("services of a pair", self.most);
        let notes = dated.into_iter().chain(ports).chain(sample);
        [rule].into_iter().chain(notes).collect()
    }
}

/// When connections began.
struct Beats {
    /// Each second once.
    connections: u64,
    rejected: usize,
    first: u32,
    last: u32,
    shortest: u32,
    longest: u32,
    /// Of the intervals.
    squares: u128,
}

impl Beats {
    /// Of records of one service, in the order of the sender's port and of time.
    fn of(records: &[Begun]) -> Beats {
        let mut starts = Vec::with_capacity(records.len());
        let mut rejected = 0;
        let mut last: Option<&Begun> = None;
        for begun in records {
            let is_same = last.is_some_and(|last| {
                last.src_port == begun.src_port && begun.start - last.start <= SAME
            });
            if !is_same {
                starts.push(begun.start);
                rejected += usize::from(begun.flags & IS_REJECT != 0);
            }
            last = Some(begun);
        }
        starts.sort_unstable();
        starts.dedup();
        let intervals = || starts.windows(2).map(|pair| pair[1] - pair[0]);
        Beats {
            connections: starts.len() as u64,
            rejected,
            first: starts.first().copied().unwrap_or_default(),
            last: starts.last().copied().unwrap_or_default(),
            shortest: intervals().min().unwrap_or_default(),
            longest: intervals().max().unwrap_or_default(),
            squares: intervals().map(|one| u128::from(one).pow(2)).sum(),
        }
    }

    fn intervals(&self) -> u128 {
        u128::from(self.connections.saturating_sub(1))
    }

    /// The sum of all intervals.
    fn whole(&self) -> u128 {
        (self.last - self.first).into()
    }

    /// The variance of the intervals times the square of their number.
    fn variance(&self) -> u128 {
        (self.intervals() * self.squares).saturating_sub(self.whole().pow(2))
    }

    fn are_regular(&self, thresholds: &Thresholds) -> bool {
        let whole = self.whole();
        // Deviation / mean <= percent / 100, squared, times the number of intervals.
        let most = u128::from(thresholds.beacon_variation).saturating_pow(2);
        self.connections >= thresholds.beacon_connections.max(3)
            && whole >= u128::from(thresholds.beacon_interval) * self.intervals()
            && self.variance() * 10_000 <= most.saturating_mul(whole.pow(2))
    }

    /// Deviation / mean, in whole percent.
    fn variation(&self) -> u64 {
        let square = (self.variance() * 10_000).checked_div(self.whole().pow(2));
        u64::try_from(square.unwrap_or_default().isqrt()).unwrap_or(u64::MAX)
    }

    /// The mean interval, to a whole second.
    fn interval(&self) -> u64 {
        let intervals = self.intervals().max(1);
        u64::try_from((self.whole() + intervals / 2) / intervals).unwrap_or(u64::MAX)
    }
}

fn row(begun: &Begun, beats: &Beats, sums: Sums, ends: Ends<'_>) -> Row {
    Row {
        cells: vec![
            ends.cell(begun.src),
            ends.cell(begun.dst),
            Cell::Number(begun.dst_port.into()),
            protocol(begun.protocol()),
            Cell::Number(beats.connections),
            Cell::Number(beats.interval()),
            Cell::Number(beats.shortest.into()),
            Cell::Number(beats.longest.into()),
            Cell::Number(beats.variation()),
            Cell::Number(beats.first.into()),
            Cell::Number(beats.last.into()),
            count(beats.rejected),
        ],
        sums,
        organization: None,
    }
}

/// What the flows of beacons have.
fn sums(
    flows: &mut dyn Iterator<Item = Flow>,
    beacons: &BTreeMap<Service, (Begun, Beats)>,
) -> BTreeMap<Service, Sums> {
    let mut sums: BTreeMap<Service, Sums> = BTreeMap::new();
    if beacons.is_empty() {
        return sums;
    }
    for flow in flows {
        let Some(dst_port) = flow.dst_port else {
            continue;
        };
        let flag = |is: bool, flag: u8| if is { flag } else { 0 };
        let flags = flag(flow.pair.is_forwarded, IS_FORWARDED)
            | flag(flow.protocol.is_some(), HAS_PROTOCOL);
        let protocol = flow.protocol.unwrap_or_default();
        let service = (flow.pair.src, flow.pair.dst, dst_port, protocol, flags);
        if beacons.contains_key(&service) {
            sums.entry(service).or_default().add(flow.sums);
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::super::made::{
        self, BEGIN, INSIDE, OUTSIDE, Random, flows, in_parts, ordinary, record, words,
    };
    use super::super::{Ends, Thresholds};
    use super::{Beaconing, Begun};
    use crate::investigate::Table;
    use crate::investigate::seen::Seen;
    use std::net::IpAddr;

    fn fold_of(records: &[Seen], most: usize, address: &dyn Fn(u32) -> IpAddr) -> Beaconing {
        let mut fold = Beaconing::new(&Thresholds {
            beacon_memory: most,
            ..Thresholds::default()
        });
        for seen in records {
            fold.add(seen, address);
        }
        fold
    }

    fn finish(fold: Beaconing, records: &[Seen], ends: Ends<'_>) -> Table {
        fold.finish(
            &mut flows(records).into_iter(),
            &Thresholds::default(),
            ends,
        )
    }

    fn found(records: &[Seen]) -> Table {
        let fold = fold_of(records, 1_000_000, &made::address);
        finish(fold, records, made::ends())
    }

    /// A connection from another port at each of these seconds.
    fn connections(seconds: impl IntoIterator<Item = u64>) -> Vec<Seen> {
        let one = |(at, second): (usize, u64)| Seen {
            src_port: Some(40_000 + at as u16),
            start: Some(BEGIN + second),
            ..record(INSIDE, OUTSIDE)
        };
        seconds.into_iter().enumerate().map(one).collect()
    }

    #[test]
    fn regular_connections_are_a_beacon() {
        let minutes = |count: u64| (0..count).map(|at| at * 60);
        let expected = "203.0.113.0 443 6 10 60 60 60 0 1700002800 1700003340 0 | 10000 100 10";
        for (what, seconds, expected) in [
            (
                "ten a minute apart",
                minutes(10).collect::<Vec<u64>>(),
                Some(expected),
            ),
            ("nine", minutes(9).collect(), None),
            (
                "two in the same second",
                minutes(10).flat_map(|second| [second, second]).collect(),
                Some("203.0.113.0 443 6 10 60 60 60 0 1700002800 1700003340 0 | 20000 200 20"),
            ),
            // Intervals of 54 and 66: a deviation of 6 of 60, ten percent.
            (
                "just regular enough",
                (0..11)
                    .map(|at| at * 60 + at % 2 * 6)
                    .map(|at| at + 6)
                    .collect(),
                Some("203.0.113.0 443 6 11 60 54 66 10 1700002806 1700003406 0 | 11000 110 11"),
            ),
            (
                "not quite",
                (0..11).map(|at| at * 60 + at % 2 * 7).collect(),
                None,
            ),
            (
                "one is missing",
                minutes(20).filter(|second| *second != 600).collect(),
                None,
            ),
            (
                "every ten seconds",
                (0..100).map(|at| at * 10).collect(),
                Some("203.0.113.0 443 6 100 10 10 10 0 1700002800 1700003790 0 | 100000 1000 100"),
            ),
            ("every nine", (0..100).map(|at| at * 9).collect(), None),
        ] {
            let expected: Vec<String> = expected
                .map(|row| format!("10.0.0.0 {row}"))
                .into_iter()
                .collect();
            assert_eq!(words(&found(&connections(seconds))), expected, "{what}");
        }
    }

    #[test]
    fn only_connections_from_inside_to_outside_are_told() {
        let beacon = connections((0..20).map(|at| at * 60));
        let change = |change: fn(&mut Seen)| {
            let mut records = beacon.clone();
            records.iter_mut().for_each(change);
            found(&records).rows.len()
        };
        assert_eq!(change(|_| ()), 1);
        assert_eq!(change(|seen| seen.opens = false), 0);
        assert_eq!(change(|seen| seen.sides.reverse()), 0);
        assert_eq!(change(|seen| seen.sides[1].is_inside = true), 0);
        assert_eq!(change(|seen| seen.protocol = None), 1);
        // One connection that lasts, with a record each minute.
        assert_eq!(change(|seen| seen.src_port = Some(40_000)), 0);
        let fold = fold_of(&beacon, 1_000_000, &made::address);
        let ends = Ends {
            counts: &|_| false,
            ..made::ends()
        };
        assert!(finish(fold, &beacon, ends).rows.is_empty());
    }

    #[test]
    fn connections_that_last_are_one_each() {
        // Three connections, an hour apart from each other, each with a record every
        // ten minutes for as long: no intervals are left.
        let mut records = Vec::new();
        for hour in 0..3 {
            for ten in 0..6 {
                records.push(Seen {
                    src_port: Some(50_000 + hour as u16),
                    start: Some(BEGIN + hour * 3_600 + ten * 600),
                    ..record(INSIDE, OUTSIDE)
                });
            }
        }
        assert!(found(&records).rows.is_empty());
        // A beacon whose connections last for two records each is still one.
        let twice = connections((0..10).map(|at| at * 1_800));
        let later = twice.iter().map(|seen| Seen {
            start: seen.start.map(|start| start + 600),
            ..*seen
        });
        let both: Vec<Seen> = twice.iter().copied().chain(later).collect();
        assert_eq!(
            words(&found(&both)),
            [
                "10.0.0.0 203.0.113.0 443 6 10 1800 1800 1800 0 1700002800 1700019000 0 | 20000 200 20"
            ]
        );
    }

    #[test]
    fn rejected_connections_are_told_too() {
        let mut records = connections((0..12).map(|at| at * 300));
        records[3..]
            .iter_mut()
            .for_each(|seen| seen.is_reject = true);
        assert_eq!(
            words(&found(&records)),
            ["10.0.0.0 203.0.113.0 443 6 12 300 300 300 0 1700002800 1700006100 9 | 12000 120 12"]
        );
    }

    #[test]
    fn parts_in_any_order_are_one_fold() {
        for seed in 1..40 {
            let mut random = Random(seed);
            let mut records = Vec::new();
            for flow in 0..20 {
                let apart = 10 + random.below(100);
                let count = 8 + random.below(10);
                for mut seen in connections((0..count).map(|at| at * apart)) {
                    seen.pair.dst += flow;
                    seen.start = seen.start.map(|start| start + random.below(3));
                    records.push(seen);
                }
            }
            for most in [20, 100, 1_000] {
                let one = finish(
                    fold_of(&records, most, &made::address),
                    &records,
                    made::ends(),
                );
                let merged = in_parts(
                    &records,
                    &mut random,
                    |records, address| fold_of(records, most, address),
                    |fold, other, end| fold.merge(other, end, &made::address),
                );
                assert_eq!(finish(merged, &records, made::ends()), one, "seed {seed}");
                let is_sample = one.about.contains("Only one in ");
                assert_eq!(is_sample, records.len() > most, "{}", one.about);
            }
        }
    }

    #[test]
    fn ordinary_traffic_is_silent() {
        for by_flags in [true, false] {
            assert_eq!(words(&found(&ordinary(by_flags))), [""; 0]);
        }
        // It has what would be beacons if each record were a connection.
        let mut records = ordinary(false);
        for (number, seen) in records.iter_mut().enumerate() {
            seen.src_port = Some(number as u16);
        }
        // (A number that comes again soon joins two of them now and then.)
        assert!(found(&records).rows.len() > 890);
    }

    #[test]
    fn what_records_do_not_have_is_said() {
        let mut records = connections((0..20).map(|at| at * 60));
        records.iter_mut().for_each(|seen| seen.start = None);
        let said = "These records have no start, so intervals cannot be told.";
        assert!(found(&records).about.ends_with(said));
        records.iter_mut().for_each(|seen| seen.src_port = None);
        let said = "20 records have no ports, so their connections cannot be told apart and are \
                    not looked at.";
        assert!(found(&records).about.ends_with(said));
    }

    #[test]
    fn a_record_takes_twenty_bytes() {
        assert_eq!(size_of::<Begun>(), 20);
    }
}
