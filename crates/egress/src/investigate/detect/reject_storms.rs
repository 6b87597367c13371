//! Somebody is turned away all the time: many rejected records a minute.
//!
//! By sender: a scanner, or a workload whose way is closed. By receiver: what is
//! attacked, or asked for what it no longer gives.
//!
//! **Invariants.** Minutes are those of the clock. Where not all is kept, those ends
//! of the sample have all their records, as senders and as receivers.

use super::super::seen::{Pair, Seen};
use super::super::{Cell, ColumnKind, Row, Sums, Table};
use super::sample::{Key, Level, Sampled, hash, parts};
use super::{Dated, Ends, Thresholds, count, table};
use crate::report::text::grouped;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

pub(crate) const NAME: &str = "reject-storms";

/// How many minutes of pairs are kept; 64 bytes each.
const MOST: usize = 900_000;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Minute {
    pair: Pair,
    /// Since 1970.
    minute: u32,
}

fn is_end_in(end: u32, level: Level, address: &dyn Fn(u32) -> IpAddr) -> bool {
    level.keeps(hash(parts(address(end))))
}

impl Key for Minute {
    fn renamed(self, end: &dyn Fn(u32) -> u32) -> Minute {
        Minute {
            pair: Pair {
                src: end(self.pair.src),
                dst: end(self.pair.dst),
                ..self.pair
            },
            ..self
        }
    }

    /// All of an end that is in the sample, with whomever.
    fn is_in(self, level: Level, address: &dyn Fn(u32) -> IpAddr) -> bool {
        let is_in = |end| is_end_in(end, level, address);
        is_in(self.pair.src) || is_in(self.pair.dst)
    }
}

/// The rejected records of each minute.
#[derive(Clone)]
pub(crate) struct RejectStorms {
    minutes: Sampled<Minute, Sums>,
    dated: Dated,
}

/// What an end's rejected records are.
#[derive(Default)]
struct Storm {
    minutes: BTreeMap<u32, u64>,
    others: BTreeSet<u32>,
    sums: Sums,
}

impl RejectStorms {
    /// Nothing yet.
    pub(crate) fn new() -> RejectStorms {
        RejectStorms::of(MOST)
    }

    fn of(most: usize) -> RejectStorms {
        RejectStorms {
            minutes: Sampled::new(most),
            dated: Dated::default(),
        }
    }

    /// Adds a record.
    pub(crate) fn add(&mut self, seen: &Seen, address: &dyn Fn(u32) -> IpAddr) {
        if !seen.is_reject {
            return;
        }
        let Some(minute) = self.dated.start(seen.start).and_then(super::minute) else {
            return;
        };
        let key = Minute {
            pair: seen.pair,
            minute,
        };
        let rejects = Sums {
            bytes: seen.bytes.into(),
            packets: seen.packets.into(),
            flows: 1,
        };
        self.minutes.add(key, address, |sum| sum.add(rejects));
    }

    /// Takes in what another fold has; `end` gives its ends their numbers in this
    /// one.
    pub(crate) fn merge(
        &mut self,
        other: RejectStorms,
        end: &dyn Fn(u32) -> u32,
        address: &dyn Fn(u32) -> IpAddr,
    ) {
        self.dated.add(other.dated);
        self.minutes
            .merge(other.minutes, end, address, |sum, more| sum.add(more));
    }

    /// Storms by sender, and by receiver.
    pub(crate) fn finish(self, thresholds: &Thresholds, ends: Ends<'_>) -> [Table; 2] {
        let dated = self.dated.note("rejects in a minute cannot be told");
        let notes: Vec<String> = dated.into_iter().chain(self.minutes.note("ends")).collect();
        let level = self.minutes.level();
        let mut storms: [BTreeMap<u32, Storm>; 2] = Default::default();
        for (key, rejects) in self.minutes.into_sums() {
            if !(ends.counts)(key.pair) {
                continue;
            }
            let both = [key.pair.src, key.pair.dst];
            for (at, storms) in storms.iter_mut().enumerate() {
                if is_end_in(both[at], level, ends.address) {
                    let storm = storms.entry(both[at]).or_default();
                    storm.add(key.minute, both[1 - at], rejects);
                }
            }
        }
        let [senders, receivers] = storms;
        [
            table_of(&SENDERS, senders, thresholds, &notes, ends),
            table_of(&RECEIVERS, receivers, thresholds, &notes, ends),
        ]
    }
}

impl Storm {
    fn add(&mut self, minute: u32, other: u32, rejects: Sums) {
        *self.minutes.entry(minute).or_default() += rejects.flows;
        self.others.insert(other);
        self.sums.add(rejects);
    }

    /// A row and the records of its worst minute; `None` below the threshold.
    fn row(&self, thresholds: &Thresholds, who: Cell) -> Option<(u64, Row)> {
        // Of minutes that are as bad the first.
        let minutes = self.minutes.iter().rev();
        let (worst, most) = minutes.max_by_key(|(_, records)| **records)?;
        if *most < thresholds.rejects {
            return None;
        }
        let bad = self.minutes.values();
        let bad = bad.filter(|records| **records >= thresholds.rejects);
        let cells = vec![
            who,
            Cell::Number(*most),
            Cell::Number(u64::from(*worst) * 60),
            Cell::Number(bad.count() as u64),
            Cell::Number(self.sums.flows),
            count(self.others.len()),
        ];
        let row = Row {
            cells,
            sums: self.sums,
            organization: None,
        };
        Some((*most, row))
    }
}

/// What is said of a side.
struct Side {
    view: &'static str,
    title: &'static str,
    subject: &'static str,
    column: &'static str,
    others: &'static str,
}

const SENDERS: Side = Side {
    view: "senders",
    title: "Storms of rejected records by sender",
    subject: "Senders of",
    column: "source",
    others: "receivers",
};

const RECEIVERS: Side = Side {
    view: "receivers",
    title: "Storms of rejected records by receiver",
    subject: "Receivers of",
    column: "destination",
    others: "senders",
};

fn table_of(
    side: &Side,
    storms: BTreeMap<u32, Storm>,
    thresholds: &Thresholds,
    notes: &[String],
    ends: Ends<'_>,
) -> Table {
    let rows = storms.iter();
    let rows = rows.filter_map(|(end, storm)| storm.row(thresholds, ends.cell(*end)));
    let mut rows: Vec<(u64, Row)> = rows.collect();
    rows.sort_by(|(a, one), (b, other)| b.cmp(a).then_with(|| one.cells.cmp(&other.cells)));
    let rule = format!(
        "{} at least {} rejected records in a minute; minutes has how many minutes are that bad.",
        side.subject,
        grouped(thresholds.rejects.into())
    );
    table(
        NAME,
        Some(side.view),
        side.title,
        [rule].into_iter().chain(notes.iter().cloned()).collect(),
        &[
            (side.column, ColumnKind::Address),
            ("rejected_in_worst_minute", ColumnKind::Number),
            ("worst_minute", ColumnKind::Time),
            ("minutes", ColumnKind::Number),
            ("rejected", ColumnKind::Number),
            (side.others, ColumnKind::Number),
        ],
        rows.into_iter().map(|(_, row)| row).collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::super::made::{
        self, BEGIN, INSIDE, OUTSIDE, Random, in_parts, ordinary, record, words,
    };
    use super::super::{Ends, Thresholds};
    use super::{MOST, RejectStorms};
    use crate::investigate::Table;
    use crate::investigate::seen::Seen;
    use std::net::IpAddr;

    fn fold_of(records: &[Seen], most: usize, address: &dyn Fn(u32) -> IpAddr) -> RejectStorms {
        let mut fold = RejectStorms::of(most);
        for seen in records {
            fold.add(seen, address);
        }
        fold
    }

    fn finish(fold: RejectStorms) -> [Table; 2] {
        fold.finish(&Thresholds::default(), made::ends())
    }

    fn found(records: &[Seen]) -> [Table; 2] {
        finish(fold_of(records, MOST, &made::address))
    }

    /// So many rejected records within a minute, from so many senders.
    fn rejects(count: u64, senders: u32, from: u64) -> Vec<Seen> {
        let one = |at: u64| Seen {
            start: Some(BEGIN + from + at % 60),
            is_reject: true,
            bytes: 40,
            packets: 1,
            ..record(OUTSIDE + at as u32 % senders, INSIDE)
        };
        (0..count).map(one).collect()
    }

    #[test]
    fn many_rejects_in_a_minute_are_a_storm() {
        let sender = "203.0.113.0 100 1700002800 1 100 1 | 4000 100 100";
        for (what, records, by_sender, by_receiver) in [
            (
                "just enough",
                rejects(100, 1, 0),
                Some(sender),
                Some("10.0.0.0 100 1700002800 1 100 1 | 4000 100 100"),
            ),
            ("one too few", rejects(99, 1, 0), None, None),
            ("over two minutes", rejects(150, 1, 30), None, None),
            (
                "many senders",
                rejects(120, 3, 0),
                None,
                Some("10.0.0.0 120 1700002800 1 120 3 | 4800 120 120"),
            ),
            (
                "accepted",
                rejects(200, 1, 0)
                    .into_iter()
                    .map(|seen| Seen {
                        is_reject: false,
                        ..seen
                    })
                    .collect(),
                None,
                None,
            ),
        ] {
            let [senders, receivers] = found(&records);
            let by_sender: Vec<&str> = by_sender.into_iter().collect();
            let by_receiver: Vec<&str> = by_receiver.into_iter().collect();
            assert_eq!(words(&senders), by_sender, "{what}");
            assert_eq!(words(&receivers), by_receiver, "{what}");
        }
    }

    #[test]
    fn the_worst_minute_and_all_are_told() {
        let mut records = rejects(110, 1, 60);
        records.extend(rejects(130, 1, 180));
        records.extend(rejects(50, 1, 300));
        let [senders, _] = found(&records);
        assert_eq!(
            words(&senders),
            ["203.0.113.0 130 1700002980 2 290 1 | 11600 290 290"]
        );
    }

    #[test]
    fn only_pairs_that_count_are_told() {
        let fold = fold_of(&rejects(100, 1, 0), MOST, &made::address);
        let ends = Ends {
            counts: &|_| false,
            ..made::ends()
        };
        let tables = fold.finish(&Thresholds::default(), ends);
        assert!(tables.iter().all(|table| table.rows.is_empty()));
    }

    #[test]
    fn parts_in_any_order_are_one_fold() {
        for seed in 1..40 {
            let mut random = Random(seed);
            let mut records = Vec::new();
            for _ in 0..10 {
                let senders = 1 + random.below(3) as u32;
                records.extend(rejects(random.below(300), senders, random.below(600)));
            }
            for most in [5, 20, MOST] {
                let expected = finish(fold_of(&records, most, &made::address));
                let merged = in_parts(
                    &records,
                    &mut random,
                    |records, address| fold_of(records, most, address),
                    |fold, other, end| fold.merge(other, end, &made::address),
                );
                assert_eq!(finish(merged), expected, "seed {seed}");
            }
        }
    }

    #[test]
    fn ordinary_traffic_is_silent() {
        for table in found(&ordinary(true)) {
            assert_eq!(words(&table), [""; 0]);
        }
    }

    #[test]
    fn records_without_a_start_are_said_to_have_none() {
        let mut records = rejects(500, 1, 0);
        records.iter_mut().for_each(|seen| seen.start = None);
        for table in found(&records) {
            assert!(table.rows.is_empty());
            let said = "These records have no start, so rejects in a minute cannot be told.";
            assert!(table.about.ends_with(said), "{}", table.about);
        }
    }
}
