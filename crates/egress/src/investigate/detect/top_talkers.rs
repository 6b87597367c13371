//! Who moves most, and when.
//!
//! **Invariants.** Periods are counted from 1970, so that those of a day begin at
//! 00:00 UTC. Only ends and periods are kept, not pairs: an end whose pairs count in
//! part, because others say the rest, has bytes without a time. How long a period
//! is follows from the number of sums and from the time that records cover, so no
//! order of merging matters.

use super::super::seen::{Flow, Seen};
use super::super::{Cell, ColumnKind, Row, Sums, Table};
use super::exfiltration::bytes;
use super::{Dated, Ends, Thresholds, table};
use crate::report::text::grouped;
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::net::IpAddr;

pub(crate) const NAME: &str = "top-talkers";

/// How many periods of ends are kept; 40 bytes each.
const MOST: usize = 229_000;

/// Lengths of periods in minutes, each some of those before it.
const MINUTES: [u32; 11] = [1, 5, 15, 30, 60, 180, 360, 720, 1_440, 10_080, 40_320];

/// An end, as what passes on what is others' or as what does not.
type Talker = (u32, bool);

#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Moved {
    sent: u128,
    received: u128,
    packets: u128,
    records: u64,
}

impl Moved {
    fn add(&mut self, other: Moved) {
        self.sent += other.sent;
        self.received += other.received;
        self.packets += other.packets;
        self.records += other.records;
    }

    fn bytes(&self) -> u128 {
        self.sent + self.received
    }

    fn sums(&self) -> Sums {
        Sums {
            bytes: self.bytes(),
            packets: self.packets,
            flows: self.records,
        }
    }

    /// What the end at that side of it moved: the sender's is the first.
    fn of(side: usize, sums: Sums) -> Moved {
        let [sent, received] = match side {
            0 => [sums.bytes, 0],
            _ => [0, sums.bytes],
        };
        Moved {
            sent,
            received,
            packets: sums.packets,
            records: sums.flows,
        }
    }
}

/// A talker and a period in one word, because each record is looked up by it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key(u64);

impl Key {
    /// `None` where the period is beyond any clock.
    fn new((end, is_forwarded): Talker, period: u32) -> Option<Key> {
        let is_known = period < 1 << 31;
        let low = u64::from(period) << 1 | u64::from(is_forwarded);
        is_known.then_some(Key(u64::from(end) << 32 | low))
    }

    fn talker(self) -> Talker {
        ((self.0 >> 32) as u32, self.0 & 1 == 1)
    }

    fn period(self) -> u32 {
        self.0 as u32 >> 1
    }
}

/// What is moved in a period, in little memory. What does not fit differs from what
/// flows add up to, as what does not count does.
#[derive(Clone, Copy, Default)]
struct Kept {
    sent: u64,
    received: u64,
    packets: u64,
    records: u64,
}

impl Kept {
    fn add(&mut self, other: Kept) {
        self.sent = self.sent.saturating_add(other.sent);
        self.received = self.received.saturating_add(other.received);
        self.packets = self.packets.saturating_add(other.packets);
        self.records = self.records.saturating_add(other.records);
    }

    fn moved(self) -> Moved {
        Moved {
            sent: self.sent.into(),
            received: self.received.into(),
            packets: self.packets.into(),
            records: self.records,
        }
    }
}

/// What inside ends moved in each period.
#[derive(Clone)]
pub(crate) struct TopTalkers {
    periods: HashMap<Key, Kept, RandomState>,
    /// Which of [`MINUTES`]; beyond them all is one period and nothing is kept.
    length: usize,
    most: usize,
    dated: Dated,
}

impl TopTalkers {
    /// Nothing yet.
    pub(crate) fn new() -> TopTalkers {
        TopTalkers::of(MOST)
    }

    fn of(most: usize) -> TopTalkers {
        TopTalkers {
            periods: HashMap::with_hasher(RandomState::default()),
            length: 0,
            most,
            dated: Dated::default(),
        }
    }

    /// Adds a record.
    pub(crate) fn add(&mut self, seen: &Seen) {
        let is_inside = seen.sides.map(|side| side.is_inside);
        if seen.is_reject || is_inside == [false; 2] {
            return;
        }
        let Some(minute) = self.dated.start(seen.start).and_then(super::minute) else {
            return;
        };
        let Some(length) = MINUTES.get(self.length) else {
            return;
        };
        let period = minute / length;
        for (side, end) in [seen.pair.src, seen.pair.dst].into_iter().enumerate() {
            let Some(key) = Key::new((end, seen.pair.is_forwarded), period) else {
                return;
            };
            if is_inside[side] {
                let kept = Kept {
                    sent: if side == 0 { seen.bytes } else { 0 },
                    received: if side == 0 { 0 } else { seen.bytes },
                    packets: seen.packets,
                    records: 1,
                };
                self.periods.entry(key).or_default().add(kept);
            }
        }
        while self.periods.len() > self.most {
            self.lengthen(self.length + 1);
        }
    }

    fn lengthen(&mut self, length: usize) {
        let before = MINUTES.get(self.length).copied().unwrap_or(1);
        self.length = length;
        let periods = std::mem::take(&mut self.periods);
        let Some(minutes) = MINUTES.get(length) else {
            return;
        };
        for (key, kept) in periods {
            if let Some(key) = Key::new(key.talker(), key.period() / (minutes / before)) {
                self.periods.entry(key).or_default().add(kept);
            }
        }
    }

    /// Takes in what another fold has; `end` gives its ends their numbers in this
    /// one.
    pub(crate) fn merge(&mut self, mut other: TopTalkers, end: &dyn Fn(u32) -> u32) {
        self.dated.add(other.dated);
        let length = self.length.max(other.length);
        for fold in [&mut *self, &mut other] {
            if fold.length < length {
                fold.lengthen(length);
            }
        }
        for (key, kept) in other.periods {
            let (talker, is_forwarded) = key.talker();
            if let Some(key) = Key::new((end(talker), is_forwarded), key.period()) {
                self.periods.entry(key).or_default().add(kept);
            }
        }
        while self.periods.len() > self.most {
            self.lengthen(self.length + 1);
        }
    }

    /// Makes periods so long that there are not too many of them.
    fn fit(&mut self, thresholds: &Thresholds) {
        while self.length < MINUTES.len() {
            let periods = || self.periods.keys().map(|key| key.period());
            let (Some(first), Some(last)) = (periods().min(), periods().max()) else {
                return;
            };
            let is_longest = self.length + 1 == MINUTES.len();
            if u64::from(last - first) < thresholds.periods || is_longest {
                return;
            }
            self.lengthen(self.length + 1);
        }
    }

    /// The top talkers by period; `flows` are all that count.
    pub(crate) fn finish(
        mut self,
        flows: &mut dyn Iterator<Item = Flow>,
        thresholds: &Thresholds,
        ends: Ends<'_>,
    ) -> Table {
        self.fit(thresholds);
        let counted = counted(flows);
        let top = Ranking::of(&counted, thresholds, ends);
        let mut kept: BTreeMap<Talker, BTreeMap<u32, Moved>> = BTreeMap::new();
        for (key, of_period) in &self.periods {
            let talker = key.talker();
            if top.ends.iter().any(|(end, _)| *end == talker.0) {
                let periods = kept.entry(talker).or_default();
                periods.insert(key.period(), of_period.moved());
            }
        }
        let mut rows = Vec::new();
        let mut is_untimed = false;
        for (end, address) in &top.ends {
            let mut periods: BTreeMap<u32, Moved> = BTreeMap::new();
            let mut untimed = Moved::default();
            for talker in [(*end, false), (*end, true)] {
                let Some(counted) = counted.get(&talker) else {
                    continue;
                };
                let kept = kept.remove(&talker).unwrap_or_default();
                let mut all = Moved::default();
                kept.values().for_each(|moved| all.add(*moved));
                if all == *counted {
                    for (period, moved) in kept {
                        periods.entry(period).or_default().add(moved);
                    }
                } else {
                    untimed.add(*counted);
                }
            }
            is_untimed |= untimed != Moved::default();
            rows.extend(self.rows(*address, periods, untimed));
        }
        let about = self.about(thresholds, is_untimed);
        let mut table = table(
            NAME,
            None,
            "Top talkers over time",
            about,
            &[
                ("address", ColumnKind::Address),
                ("period_start", ColumnKind::Time),
                ("sent", ColumnKind::Bytes),
                ("received", ColumnKind::Bytes),
            ],
            rows,
        );
        if top.rest != Sums::default() {
            table.rest = Some(top.rest);
            table.total.add(top.rest);
        }
        table
    }

    fn rows(
        &self,
        address: IpAddr,
        periods: BTreeMap<u32, Moved>,
        untimed: Moved,
    ) -> impl Iterator<Item = Row> {
        let seconds = MINUTES.get(self.length).map_or(0, |minutes| minutes * 60);
        let start = move |period: u32| Cell::Number(u64::from(period) * u64::from(seconds));
        let timed = periods.into_iter();
        let timed = timed.map(move |(period, moved)| (start(period), moved));
        let is_any = untimed != Moved::default();
        let untimed = is_any.then_some((Cell::Missing, untimed));
        timed.chain(untimed).map(move |(start, moved)| Row {
            cells: vec![
                Cell::Text(address.to_string()),
                start,
                bytes(moved.sent),
                bytes(moved.received),
            ],
            sums: moved.sums(),
            organization: None,
        })
    }

    fn about(&self, thresholds: &Thresholds, is_untimed: bool) -> Vec<String> {
        let rule = format!(
            "Bytes of accepted records of the {} inside ends that moved most, {}; those between \
             two inside ends are in the rows of both.",
            grouped(thresholds.talkers.into()),
            match MINUTES.get(self.length) {
                Some(minutes) => format!("by periods of {}", length(*minutes)),
                None => "over the whole time".to_owned(),
            }
        );
        let dated = self.dated.note("when they moved it cannot be told");
        let is_over = self.length >= MINUTES.len();
        let over = is_over.then(|| {
            format!(
                "More than {} ends and periods would have to be kept, too many to say when they \
                 moved it.",
                grouped(self.most as u128)
            )
        });
        let untimed = (is_untimed && self.dated.with > 0 && !is_over).then(|| {
            "A row without a period has what records tell of an end of which others tell a part \
             again, or that have no start: when it was moved cannot be told."
                .to_owned()
        });
        let notes = dated.into_iter().chain(over).chain(untimed);
        [rule].into_iter().chain(notes).collect()
    }
}

/// What each inside end moved, of all flows that count.
fn counted(flows: &mut dyn Iterator<Item = Flow>) -> HashMap<Talker, Moved, RandomState> {
    let mut counted: HashMap<Talker, Moved, RandomState> =
        HashMap::with_hasher(RandomState::default());
    for flow in flows.filter(|flow| !flow.is_reject) {
        for (side, end) in [flow.pair.src, flow.pair.dst].into_iter().enumerate() {
            if flow.sides[side].is_inside {
                let talker = (end, flow.pair.is_forwarded);
                let moved = counted.entry(talker).or_default();
                moved.add(Moved::of(side, flow.sums));
            }
        }
    }
    counted
}

/// Who moved most.
struct Ranking {
    /// In that order.
    ends: Vec<(u32, IpAddr)>,
    /// What all others moved.
    rest: Sums,
}

impl Ranking {
    fn of(
        counted: &HashMap<Talker, Moved, RandomState>,
        thresholds: &Thresholds,
        ends: Ends<'_>,
    ) -> Ranking {
        let mut all: BTreeMap<u32, Sums> = BTreeMap::new();
        for ((end, _), moved) in counted {
            all.entry(*end).or_default().add(moved.sums());
        }
        let ranked = all.into_iter();
        let ranked = ranked.map(|(end, sums)| (sums, (end, (ends.address)(end))));
        let mut ranked: Vec<(Sums, (u32, IpAddr))> = ranked.collect();
        ranked.sort_by_key(|(sums, (_, address))| (Reverse(sums.bytes), *address));
        let top = usize::try_from(thresholds.talkers).unwrap_or(usize::MAX);
        let mut rest = Sums::default();
        for (sums, _) in ranked.iter().skip(top) {
            rest.add(*sums);
        }
        let ends = ranked.into_iter().take(top).map(|(_, end)| end);
        Ranking {
            ends: ends.collect(),
            rest,
        }
    }
}

/// A length of time in words.
fn length(minutes: u32) -> String {
    match minutes {
        1 => "a minute".to_owned(),
        60 => "an hour".to_owned(),
        1_440 => "a day".to_owned(),
        10_080 => "a week".to_owned(),
        40_320 => "four weeks".to_owned(),
        _ if minutes < 60 => format!("{minutes} minutes"),
        _ => format!("{} hours", minutes / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Thresholds;
    use super::super::made::{
        self, BEGIN, INSIDE, OUTSIDE, Random, flows, in_parts, ordinary, record, words,
    };
    use super::{MINUTES, MOST, TopTalkers};
    use crate::investigate::seen::{Flow, Seen};
    use crate::investigate::{Sums, Table};

    fn fold_of(records: &[Seen], most: usize) -> TopTalkers {
        let mut fold = TopTalkers::of(most);
        records.iter().for_each(|seen| fold.add(seen));
        fold
    }

    fn finish(fold: TopTalkers, flows: Vec<Flow>, talkers: u64) -> Table {
        let thresholds = Thresholds {
            talkers,
            ..Thresholds::default()
        };
        fold.finish(&mut flows.into_iter(), &thresholds, made::ends())
    }

    fn found(records: &[Seen], talkers: u64) -> Table {
        finish(fold_of(records, MOST), flows(records), talkers)
    }

    fn moved(second: u64, src: u32, dst: u32, bytes: u64) -> Seen {
        Seen {
            start: Some(BEGIN + second),
            bytes,
            packets: 1,
            ..record(src, dst)
        }
    }

    #[test]
    fn who_moves_most_is_told_by_period() {
        let records = [
            moved(0, INSIDE + 1, OUTSIDE, 10),
            moved(59, OUTSIDE, INSIDE + 1, 500),
            moved(60, INSIDE + 1, OUTSIDE, 20),
            moved(0, INSIDE + 2, OUTSIDE, 1_000),
            moved(0, INSIDE + 3, INSIDE + 4, 7),
            moved(120, OUTSIDE, OUTSIDE + 1, 9_999),
            Seen {
                is_reject: true,
                ..moved(0, INSIDE + 5, OUTSIDE, 9_999)
            },
        ];
        let table = found(&records, 3);
        assert_eq!(
            words(&table),
            [
                "10.0.0.2 1700002800 1000 0 | 1000 1 1",
                "10.0.0.1 1700002800 10 500 | 510 2 2",
                "10.0.0.1 1700002860 20 0 | 20 1 1",
                "10.0.0.3 1700002800 7 0 | 7 1 1",
            ]
        );
        let sums = |bytes, records| Sums {
            bytes,
            packets: records,
            flows: records as u64,
        };
        assert_eq!(table.rest, Some(sums(7, 1)));
        assert_eq!(table.total, sums(1_544, 6));
        assert!(
            table.about.contains("by periods of a minute"),
            "{}",
            table.about
        );
        assert_eq!(found(&records, 4).rest, None);
    }

    #[test]
    fn there_are_at_most_sixty_periods() {
        for (last, expected) in [
            (0, "a minute"),
            (59, "a minute"),
            (60, "5 minutes"),
            (299, "5 minutes"),
            (300, "15 minutes"),
            (1_439, "30 minutes"),
            (3_600, "3 hours"),
            (60 * 1_440, "a week"),
            (1_000 * 1_440, "four weeks"),
        ] {
            let records: Vec<Seen> = (0..=last)
                .step_by(1 + last as usize / 100)
                .chain([last])
                .map(|minute| moved(minute * 60, INSIDE, OUTSIDE, 10))
                .collect();
            let table = found(&records, 1);
            assert!(table.rows.len() <= 60, "{last}: {}", table.rows.len());
            let said = format!("by periods of {expected};");
            assert!(table.about.contains(&said), "{last}: {}", table.about);
            assert_eq!(table.total.bytes, records.len() as u128 * 10);
        }
    }

    #[test]
    fn each_length_is_a_multiple_of_those_before() {
        for pair in MINUTES.windows(2) {
            assert_eq!(pair[1] % pair[0], 0, "{pair:?}");
        }
    }

    #[test]
    fn what_others_say_again_does_not_count() {
        let forwarded = |mut seen: Seen| {
            seen.pair.is_forwarded = true;
            seen
        };
        let own = [
            moved(0, INSIDE, OUTSIDE, 10),
            moved(60, INSIDE, OUTSIDE, 20),
        ];
        let again = own.map(forwarded);
        let alone = [
            moved(0, INSIDE, OUTSIDE + 1, 5),
            moved(60, INSIDE, OUTSIDE + 1, 5),
        ];
        let alone = alone.map(forwarded);
        let all: Vec<Seen> = own.into_iter().chain(again).collect();
        // All of the gateway's records say it again.
        let table = finish(fold_of(&all, MOST), flows(&own), 1);
        let timed = [
            "10.0.0.0 1700002800 10 0 | 10 1 1",
            "10.0.0.0 1700002860 20 0 | 20 1 1",
        ];
        assert_eq!(words(&table), timed);
        // A part of them does not: of that the time cannot be told.
        let all: Vec<Seen> = all.into_iter().chain(alone).collect();
        let count: Vec<Seen> = own.into_iter().chain(alone).collect();
        let table = finish(fold_of(&all, MOST), flows(&count), 1);
        assert_eq!(
            words(&table),
            [timed[0], timed[1], "10.0.0.0 - 10 0 | 10 2 2"]
        );
        assert!(
            table.about.contains("A row without a period"),
            "{}",
            table.about
        );
    }

    #[test]
    fn parts_in_any_order_are_one_fold() {
        for seed in 1..40 {
            let mut random = Random(seed);
            let record = |random: &mut Random| {
                let second = random.below(100_000);
                let ends = [
                    INSIDE + random.below(20) as u32,
                    OUTSIDE + random.below(3) as u32,
                ];
                let [src, dst] = if random.below(2) == 0 {
                    ends
                } else {
                    [ends[0], INSIDE]
                };
                moved(second, src, dst, random.below(1_000))
            };
            let records: Vec<Seen> = (0..500).map(|_| record(&mut random)).collect();
            for most in [5, 50, 200, MOST] {
                let expected = finish(fold_of(&records, most), flows(&records), 5);
                let merged = in_parts(
                    &records,
                    &mut random,
                    |records, _| fold_of(records, most),
                    |fold, other, end| fold.merge(other, end),
                );
                let merged = finish(merged, flows(&records), 5);
                assert_eq!(merged, expected, "seed {seed}, {most}");
                let is_over = expected.about.contains("too many to say");
                assert_eq!(is_over, most == 5, "{}", expected.about);
                let total = records.iter().map(|seen| match seen.sides[1].is_inside {
                    true => 2 * u128::from(seen.bytes),
                    false => seen.bytes.into(),
                });
                assert_eq!(expected.total.bytes, total.sum::<u128>());
            }
        }
    }

    #[test]
    fn ordinary_traffic_has_every_byte_in_its_rows_and_the_rest() {
        let records = ordinary(true);
        let table = found(&records, 10);
        let all = records.iter().filter(|seen| !seen.is_reject);
        let all = all.map(|seen| {
            let inside = seen.sides.iter().filter(|side| side.is_inside);
            u128::from(seen.bytes) * inside.count() as u128
        });
        assert_eq!(table.total.bytes, all.sum::<u128>());
        assert!(
            table.about.contains("by periods of 5 minutes"),
            "{}",
            table.about
        );
    }

    #[test]
    fn records_without_a_start_are_said_to_have_none() {
        let mut records = [moved(0, INSIDE, OUTSIDE, 10), moved(0, INSIDE, OUTSIDE, 5)];
        records.iter_mut().for_each(|seen| seen.start = None);
        let table = found(&records, 1);
        assert_eq!(words(&table), ["10.0.0.0 - 15 0 | 15 2 2"]);
        let said = "These records have no start, so when they moved it cannot be told.";
        assert!(table.about.ends_with(said), "{}", table.about);
    }
}
