//! Somebody guesses passwords: many connections a minute to a port where one logs in.
//!
//! **Invariants.** Minutes are those of the clock. A record that was rejected is a
//! try, too.

use super::super::ports::SensitivePorts;
use super::super::seen::{Pair, Seen};
use super::super::{Cell, ColumnKind, Row, Sums, Table};
use super::sample::{Key, Level, Sampled, hash, parts};
use super::{Dated, Ends, Thresholds, table};
use crate::report::text::grouped;
use std::collections::BTreeMap;
use std::net::IpAddr;

pub(crate) const NAME: &str = "brute-force";

/// How many minutes of senders, receivers and ports are kept; 64 bytes each.
const MOST: usize = 900_000;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Minute {
    src: u32,
    dst: u32,
    is_forwarded: bool,
    port: u16,
    /// Since 1970.
    minute: u32,
}

impl Minute {
    fn pair(self) -> Pair {
        Pair {
            src: self.src,
            dst: self.dst,
            is_forwarded: self.is_forwarded,
        }
    }
}

impl Key for Minute {
    fn renamed(self, end: &dyn Fn(u32) -> u32) -> Minute {
        Minute {
            src: end(self.src),
            dst: end(self.dst),
            ..self
        }
    }

    /// All minutes of a sender, receiver and port, or none.
    fn is_in(self, level: Level, address: &dyn Fn(u32) -> IpAddr) -> bool {
        let ends = [self.src, self.dst].map(|end| parts(address(end)));
        level.keeps(hash(ends.into_iter().flatten().chain([self.port.into()])))
    }
}

/// Tries.
#[derive(Clone, Copy, Default)]
struct Tries {
    accepted: u64,
    rejected: u64,
    bytes: u128,
    packets: u128,
}

impl Tries {
    fn add(&mut self, other: Tries) {
        self.accepted += other.accepted;
        self.rejected += other.rejected;
        self.bytes += other.bytes;
        self.packets += other.packets;
    }

    fn count(self) -> u64 {
        self.accepted + self.rejected
    }
}

/// The tries of each minute at ports where one logs in.
#[derive(Clone)]
pub(crate) struct BruteForce {
    /// A bit for each port.
    logins: Box<[u64; 1_024]>,
    minutes: Sampled<Minute, Tries>,
    dated: Dated,
}

impl BruteForce {
    /// Looks at the ports of the list that have a login.
    pub(crate) fn new(ports: &SensitivePorts) -> BruteForce {
        BruteForce::of(ports, MOST)
    }

    fn of(ports: &SensitivePorts, most: usize) -> BruteForce {
        let mut logins = Box::new([0; 1_024]);
        for (port, _) in ports.iter().filter(|(_, known)| known.login) {
            logins[usize::from(port / 64)] |= 1 << (port % 64);
        }
        BruteForce {
            logins,
            minutes: Sampled::new(most),
            dated: Dated::default(),
        }
    }

    /// Adds a record.
    pub(crate) fn add(&mut self, seen: &Seen, address: &dyn Fn(u32) -> IpAddr) {
        let Some(port) = seen.dst_port.filter(|_| seen.opens) else {
            return;
        };
        if self.logins[usize::from(port / 64)] >> (port % 64) & 1 == 0 {
            return;
        }
        let Some(minute) = self.dated.start(seen.start).and_then(super::minute) else {
            return;
        };
        let key = Minute {
            src: seen.pair.src,
            dst: seen.pair.dst,
            is_forwarded: seen.pair.is_forwarded,
            port,
            minute,
        };
        let tries = Tries {
            accepted: u64::from(!seen.is_reject),
            rejected: u64::from(seen.is_reject),
            bytes: seen.bytes.into(),
            packets: seen.packets.into(),
        };
        self.minutes.add(key, address, |sum| sum.add(tries));
    }

    /// Takes in what another fold has; `end` gives its ends their numbers in this
    /// one.
    pub(crate) fn merge(
        &mut self,
        other: BruteForce,
        end: &dyn Fn(u32) -> u32,
        address: &dyn Fn(u32) -> IpAddr,
    ) {
        self.dated.add(other.dated);
        self.minutes
            .merge(other.minutes, end, address, |sum, more| sum.add(more));
    }

    /// What was tried often enough.
    pub(crate) fn finish(
        self,
        ports: &SensitivePorts,
        thresholds: &Thresholds,
        ends: Ends<'_>,
    ) -> Table {
        let about = about(&self, ports, thresholds);
        let mut guessed: BTreeMap<(u32, u32, u16), BTreeMap<u32, Tries>> = BTreeMap::new();
        for (key, tries) in self.minutes.into_sums() {
            if (ends.counts)(key.pair()) {
                let minutes = guessed.entry((key.src, key.dst, key.port)).or_default();
                minutes.entry(key.minute).or_default().add(tries);
            }
        }
        let mut rows: Vec<(u64, Row)> = Vec::new();
        for ((src, dst, port), minutes) in guessed {
            let who = [ends.cell(src), ends.cell(dst), Cell::Number(port.into())];
            let service = ports
                .get(port)
                .map_or(Cell::Missing, |known| Cell::Text(known.service.clone()));
            rows.extend(row(&minutes, thresholds, who.into_iter().chain([service])));
        }
        rows.sort_by(|(a, one), (b, other)| b.cmp(a).then_with(|| one.cells.cmp(&other.cells)));
        table(
            NAME,
            None,
            "Many tries at a login",
            about,
            &[
                ("source", ColumnKind::Address),
                ("destination", ColumnKind::Address),
                ("destination_port", ColumnKind::Number),
                ("service", ColumnKind::Text),
                ("tries_in_worst_minute", ColumnKind::Number),
                ("worst_minute", ColumnKind::Time),
                ("minutes", ColumnKind::Number),
                ("tries", ColumnKind::Number),
                ("accepted", ColumnKind::Number),
                ("rejected", ColumnKind::Number),
            ],
            rows.into_iter().map(|(_, row)| row).collect(),
        )
    }
}

/// A row and the tries of its worst minute; `None` below the threshold.
fn row(
    minutes: &BTreeMap<u32, Tries>,
    thresholds: &Thresholds,
    who: impl Iterator<Item = Cell>,
) -> Option<(u64, Row)> {
    // Of minutes that are as bad the first.
    let (worst, most) = minutes
        .iter()
        .rev()
        .max_by_key(|(_, tries)| tries.count())
        .map(|(minute, tries)| (*minute, tries.count()))?;
    if most < thresholds.tries {
        return None;
    }
    let mut all = Tries::default();
    minutes.values().for_each(|tries| all.add(*tries));
    let bad = minutes.values();
    let bad = bad.filter(|tries| tries.count() >= thresholds.tries);
    let said = [
        Cell::Number(most),
        Cell::Number(u64::from(worst) * 60),
        Cell::Number(bad.count() as u64),
        Cell::Number(all.count()),
        Cell::Number(all.accepted),
        Cell::Number(all.rejected),
    ];
    let row = Row {
        cells: who.chain(said).collect(),
        sums: Sums {
            bytes: all.bytes,
            packets: all.packets,
            flows: all.count(),
        },
        organization: None,
    };
    Some((most, row))
}

fn about(fold: &BruteForce, ports: &SensitivePorts, thresholds: &Thresholds) -> Vec<String> {
    let logins = ports.iter().filter(|(_, known)| known.login);
    let logins: Vec<String> = logins
        .map(|(port, known)| format!("{port} {}", known.service))
        .collect();
    let rule = format!(
        "Senders with at least {} tries in a minute at a port of one receiver where one logs in \
         ({}). A try is a record that opens a connection, accepted or rejected; minutes has how \
         many minutes are that bad.",
        grouped(thresholds.tries.into()),
        match logins.is_empty() {
            true => "the list of sensitive ports has none".to_owned(),
            false => logins.join(", "),
        }
    );
    let dated = fold.dated.note("tries in a minute cannot be told");
    let sample = fold.minutes.note("senders, receivers and ports");
    [rule].into_iter().chain(dated).chain(sample).collect()
}

#[cfg(test)]
mod tests {
    use super::super::made::{
        self, BEGIN, INSIDE, OUTSIDE, Random, in_parts, ordinary, record, words,
    };
    use super::super::{Ends, Thresholds};
    use super::{BruteForce, MOST};
    use crate::investigate::seen::Seen;
    use crate::investigate::{SensitivePorts, Table};
    use std::net::IpAddr;

    fn fold_of(records: &[Seen], most: usize, address: &dyn Fn(u32) -> IpAddr) -> BruteForce {
        let mut fold = BruteForce::of(&SensitivePorts::shipped(), most);
        for seen in records {
            fold.add(seen, address);
        }
        fold
    }

    fn fold(records: &[Seen]) -> BruteForce {
        fold_of(records, MOST, &made::address)
    }

    fn finish(fold: BruteForce, ends: Ends<'_>) -> Table {
        fold.finish(&SensitivePorts::shipped(), &Thresholds::default(), ends)
    }

    /// So many tries from that second on, one a second.
    fn tries(count: u64, from: u64, port: u16) -> Vec<Seen> {
        let one = |at| Seen {
            src_port: Some(40_000 + at as u16),
            dst_port: Some(port),
            start: Some(BEGIN + from + at),
            is_reject: at % 3 == 0,
            bytes: 100,
            packets: 2,
            ..record(OUTSIDE, INSIDE)
        };
        (0..count).map(one).collect()
    }

    #[test]
    fn many_tries_in_a_minute_are_a_brute_force() {
        let replies = |records: Vec<Seen>| -> Vec<Seen> {
            let closed = |seen: Seen| Seen {
                opens: false,
                ..seen
            };
            records.into_iter().map(closed).collect()
        };
        for (what, records, expected) in [
            (
                "just enough",
                tries(30, 0, 22),
                Some("203.0.113.0 10.0.0.0 22 SSH 30 1700002800 1 30 20 10 | 3000 60 30"),
            ),
            ("one too few", tries(29, 0, 22), None),
            ("half of them in the next minute", tries(30, 45, 22), None),
            ("no login there", tries(60, 0, 443), None),
            ("replies", replies(tries(60, 0, 22)), None),
            (
                "three minutes, two of them bad",
                tries(150, 0, 3_389),
                Some("203.0.113.0 10.0.0.0 3389 RDP 60 1700002800 3 150 100 50 | 15000 300 150"),
            ),
        ] {
            let expected: Vec<&str> = expected.into_iter().collect();
            assert_eq!(
                words(&finish(fold(&records), made::ends())),
                expected,
                "{what}"
            );
        }
    }

    #[test]
    fn only_pairs_that_count_are_told() {
        let mut records = tries(40, 0, 22);
        records.extend(tries(40, 0, 22).into_iter().map(|mut seen| {
            seen.pair.is_forwarded = true;
            seen
        }));
        let ends = Ends {
            counts: &|pair| !pair.is_forwarded,
            ..made::ends()
        };
        let table = finish(fold(&records), ends);
        assert_eq!(
            words(&table),
            ["203.0.113.0 10.0.0.0 22 SSH 40 1700002800 1 40 26 14 | 4000 80 40"]
        );
    }

    #[test]
    fn parts_in_any_order_are_one_fold() {
        for seed in 1..40 {
            let mut random = Random(seed);
            let mut records = Vec::new();
            for _ in 0..10 {
                for mut seen in tries(random.below(100), random.below(600), 22) {
                    seen.pair.src += random.below(3) as u32;
                    records.push(seen);
                }
            }
            for most in [2, 8, MOST] {
                let expected = finish(fold_of(&records, most, &made::address), made::ends());
                let merged = in_parts(
                    &records,
                    &mut random,
                    |records, address| fold_of(records, most, address),
                    |fold, other, end| fold.merge(other, end, &made::address),
                );
                assert_eq!(finish(merged, made::ends()), expected, "seed {seed}");
            }
        }
    }

    #[test]
    fn ordinary_traffic_is_silent() {
        for by_flags in [true, false] {
            let table = finish(fold(&ordinary(by_flags)), made::ends());
            assert_eq!(words(&table), [""; 0]);
        }
    }

    #[test]
    fn records_without_a_start_are_said_to_have_none() {
        let mut records = tries(100, 0, 22);
        records.iter_mut().for_each(|seen| seen.start = None);
        let table = finish(fold(&records), made::ends());
        assert!(table.rows.is_empty());
        let said = "These records have no start, so tries in a minute cannot be told.";
        assert!(table.about.ends_with(said), "{}", table.about);
    }
}
