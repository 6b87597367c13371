//! The hash table of the fold: bytes both ways between two ends.
//!
//! A recording has far more records than pairs of ends, and far more pairs
//! than a cache holds, so the cost of the fold is the cost of finding a pair.
//! Both directions share one row of 32 bytes; rows are found by open
//! addressing; updates wait in a batch whose rows are all touched before the
//! first is changed, so that the memory's answers overlap.
//!
//! **Invariants.** Sums are exact: what 64 bits do not hold is carried. The
//! order of updates never changes the rows, only where they lie.

use crate::cells::{Cell, Cells, NO_MINUTE};
use foldhash::fast::RandomState;
use std::collections::BTreeMap;
use std::hash::BuildHasher;

/// How many updates wait before they are done.
const BATCH: usize = 32;
/// Rows of a new table; a power of two, as all sizes are.
const SMALLEST: usize = 1 << 10;

/// What tells a pair: two ends in ascending order and what else is known of
/// their records, all as codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Pair {
    pub(crate) low: u32,
    pub(crate) high: u32,
    pub(crate) context: u32,
}

/// A pair's bytes in both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct BothWays {
    /// From the low end to the high one.
    pub(crate) up: u128,
    /// From the high end to the low one.
    pub(crate) down: u128,
    /// Records of both directions.
    pub(crate) records: u64,
}

impl BothWays {
    /// What goes up, with all records, and what goes down.
    pub(crate) fn one_way(self) -> [Sum; 2] {
        let BothWays { up, down, records } = self;
        [
            Sum { bytes: up, records },
            Sum {
                bytes: down,
                records: 0,
            },
        ]
    }
}

/// What is added to one direction of a pair.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sum {
    pub(crate) bytes: u128,
    pub(crate) records: u64,
}

impl Sum {
    /// The sum of a single record.
    #[inline(always)]
    pub(crate) fn of_one(bytes: u64) -> Sum {
        Sum {
            bytes: u128::from(bytes),
            records: 1,
        }
    }
}

#[derive(Clone, Copy, Default)]
#[repr(align(32))]
struct Row {
    low: u32,
    high: u32,
    /// The context plus one; 0 = the row is free.
    tag: u32,
    records: u32,
    up: u64,
    down: u64,
}

#[derive(Clone, Copy, Default)]
struct Update {
    hash: usize,
    low: u32,
    high: u32,
    tag: u32,
    is_down: bool,
    records: u32,
    minute: u32,
    bytes: u64,
}

/// A number of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    Up,
    Down,
    Records,
}

/// Rows by pair.
#[derive(Clone)]
pub(crate) struct Pairs {
    rows: Box<[Row]>,
    count: usize,
    waiting: [Update; BATCH],
    waiting_count: usize,
    /// What a row's numbers did not hold, in units of the first that they do not.
    carried: Carried,
    seed: u64,
    /// Whether rows lie in a list and not where their hash has them.
    is_list: bool,
    /// Where sums are kept by the minute, too.
    by_time: Option<Box<ByTime>>,
}

/// What rows' numbers did not hold.
pub(crate) type Carried = BTreeMap<(Pair, Part), u64>;

/// Sums by the minute, of rows that have numbers in the order in which they came.
#[derive(Clone, Default)]
struct ByTime {
    /// The number of the row in each place.
    numbers: Vec<u32>,
    cells: Cells,
}

impl Default for Pairs {
    fn default() -> Pairs {
        Pairs {
            rows: Box::default(),
            count: 0,
            waiting: [Update::default(); BATCH],
            waiting_count: 0,
            carried: BTreeMap::new(),
            is_list: false,
            by_time: None,
            // Nobody may choose addresses that all fall into one row.
            seed: RandomState::default().hash_one(0u8),
        }
    }
}

impl Pairs {
    /// Adds what one end sent to the other in that minute.
    #[inline]
    pub(crate) fn add(&mut self, pair: Pair, is_down: bool, sum: Sum, minute: u32) {
        let (bytes, records) = (sum.bytes as u64, sum.records as u32);
        if sum.bytes >> 64 > 0 || sum.records >> 32 > 0 {
            self.carry(pair, is_down, sum);
        }
        self.waiting[self.waiting_count % BATCH] = Update {
            hash: self.hash(pair),
            low: pair.low,
            high: pair.high,
            tag: pair.context + 1,
            is_down,
            records,
            minute,
            bytes,
        };
        self.waiting_count += 1;
        if self.waiting_count == BATCH {
            self.settle();
        }
    }

    #[cold]
    fn carry(&mut self, pair: Pair, is_down: bool, sum: Sum) {
        let part = if is_down { Part::Down } else { Part::Up };
        for (part, more) in [
            (part, (sum.bytes >> 64) as u64),
            (Part::Records, sum.records >> 32),
        ] {
            if more > 0 {
                *self.carried.entry((pair, part)).or_default() += more;
            }
        }
    }

    /// Does the updates that wait; before anything is read.
    pub(crate) fn settle(&mut self) {
        if self.waiting_count == 0 {
            return;
        }
        // A batch never fills the table beyond three quarters.
        if self.is_list || (self.count + BATCH) * 4 > self.rows.len() * 3 {
            self.grow();
        }
        let mask = self.rows.len() - 1;
        let Pairs {
            rows,
            count,
            waiting,
            waiting_count,
            carried,
            by_time,
            ..
        } = self;
        let mut by_time = by_time.as_deref_mut();
        let waiting = &waiting[..(*waiting_count).min(BATCH)];
        let mut touched = 0;
        for update in waiting {
            touched ^= rows[update.hash & mask].tag;
        }
        std::hint::black_box(touched);
        for update in waiting {
            let mut at = update.hash & mask;
            let row = loop {
                let row = &mut rows[at];
                if row.tag == update.tag && row.low == update.low && row.high == update.high {
                    break row;
                }
                if row.tag == 0 {
                    (row.low, row.high, row.tag) = (update.low, update.high, update.tag);
                    if let Some(by_time) = &mut by_time {
                        by_time.numbers[at] = *count as u32;
                    }
                    *count += 1;
                    break row;
                }
                at = (at + 1) & mask;
            };
            if let Some(ByTime { numbers, cells }) = &mut by_time {
                let (minute, is_down) = (update.minute, update.is_down);
                cells.add(numbers[at], minute, is_down, update.records, update.bytes);
            }
            let sum = if update.is_down {
                &mut row.down
            } else {
                &mut row.up
            };
            let (total, overflow) = sum.overflowing_add(update.bytes);
            *sum = total;
            let (records, many) = row.records.overflowing_add(update.records);
            row.records = records;
            if overflow | many {
                let part = if update.is_down { Part::Down } else { Part::Up };
                for (part, is_over) in [(part, overflow), (Part::Records, many)] {
                    if is_over {
                        *carried.entry((row.pair(), part)).or_default() += 1;
                    }
                }
            }
        }
        *waiting_count = 0;
        if let Some(by_time) = by_time.filter(|by_time| by_time.cells.is_full()) {
            by_time.cells.add_up(*count);
        }
    }

    /// Every pair with its bytes. Nothing may wait.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Pair, BothWays)> {
        self.some(&self.rows)
    }

    /// The same in so many parts, none of which ends between rows of the same ends.
    pub(crate) fn iter_in_parts(
        &self,
        parts: usize,
    ) -> Vec<impl Iterator<Item = (Pair, BothWays)> + Send> {
        let size = self.rows.len().div_ceil(parts.max(1)).max(1);
        let mut rest = &self.rows[..];
        let mut slices = Vec::new();
        while !rest.is_empty() {
            let mut end = size.min(rest.len());
            let ends = |row: &Row| (row.low, row.high);
            while end < rest.len() && ends(&rest[end]) == ends(&rest[end - 1]) {
                end += 1;
            }
            let (part, others) = rest.split_at(end);
            slices.push(self.some(part));
            rest = others;
        }
        slices
    }

    fn some<'a>(&'a self, rows: &'a [Row]) -> impl Iterator<Item = (Pair, BothWays)> + Send {
        debug_assert_eq!(self.waiting_count, 0, "settle first");
        rows.iter().filter(|row| row.tag != 0).map(|row| {
            let pair = row.pair();
            let mut sums = BothWays {
                up: u128::from(row.up),
                down: u128::from(row.down),
                records: u64::from(row.records),
            };
            if !self.carried.is_empty() {
                let carried = |part| self.carried.get(&(pair, part)).copied().unwrap_or(0);
                sums.up += u128::from(carried(Part::Up)) << 64;
                sums.down += u128::from(carried(Part::Down)) << 64;
                sums.records += carried(Part::Records) << 32;
            }
            (pair, sums)
        })
    }

    /// How many pairs there are, those that wait aside.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// Whether the pair has a row, those that wait aside.
    pub(crate) fn contains(&self, pair: Pair) -> bool {
        self.place(pair).is_some()
    }

    /// Where the row of the pair lies.
    fn place(&self, pair: Pair) -> Option<usize> {
        let mask = self.rows.len().wrapping_sub(1);
        let mut at = self.hash(pair) & mask;
        while let Some(row) = self.rows.get(at).filter(|row| row.tag != 0) {
            if row.pair() == pair {
                return Some(at);
            }
            at = (at + 1) & mask;
        }
        None
    }

    /// Adds to both directions of all of them.
    pub(crate) fn add_all(&mut self, rows: impl Iterator<Item = (Pair, BothWays)>) {
        rows.for_each(|(pair, sums)| self.add_both(pair, sums));
        self.settle();
    }

    /// Adds to both directions, as a merge does.
    pub(crate) fn add_both(&mut self, pair: Pair, sums: BothWays) {
        let [up, down] = sums.one_way();
        self.add(pair, false, up, NO_MINUTE);
        if down.bytes > 0 {
            self.add(pair, true, down, NO_MINUTE);
        }
    }

    fn hash(&self, pair: Pair) -> usize {
        const ODD: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;
        let ends = u64::from(pair.low) << 32 | u64::from(pair.high);
        let mixed = ends ^ self.seed ^ u64::from(pair.context).wrapping_mul(ODD as u64);
        let product = u128::from(mixed) * u128::from((ODD >> 64) as u64);
        (product as u64 ^ (product >> 64) as u64) as usize
    }

    #[cold]
    fn grow(&mut self) {
        let size = (self.rows.len() * 2).max(SMALLEST).next_power_of_two();
        let mask = size - 1;
        let old = std::mem::replace(&mut self.rows, vec![Row::default(); size].into());
        let mut numbers = self.by_time.as_ref().map(|_| vec![0; size]);
        self.is_list = false;
        self.count = 0;
        for (place, row) in old.iter().enumerate().filter(|(_, row)| row.tag != 0) {
            let mut at = self.hash(row.pair()) & mask;
            while self.rows[at].tag != 0 {
                at = (at + 1) & mask;
            }
            self.rows[at] = *row;
            if let (Some(numbers), Some(by_time)) = (&mut numbers, &self.by_time) {
                numbers[at] = by_time.numbers[place];
            }
            self.count += 1;
        }
        if let (Some(numbers), Some(by_time)) = (numbers, &mut self.by_time) {
            by_time.numbers = numbers;
        }
    }
}

/// What a table does that keeps sums by the minute.
impl Pairs {
    /// Keeps sums by the minute from now on. Nothing may wait.
    pub(crate) fn keep_time(&mut self) {
        if self.by_time.is_some() {
            return;
        }
        if self.is_list {
            self.grow();
        }
        let mut numbers = vec![0; self.rows.len()];
        let rows = self.rows.iter().enumerate();
        for (number, (place, _)) in rows.filter(|(_, row)| row.tag != 0).enumerate() {
            numbers[place] = number as u32;
        }
        let cells = Cells::default();
        self.by_time = Some(Box::new(ByTime { numbers, cells }));
    }

    /// Whether sums are kept by the minute.
    pub(crate) fn is_by_time(&self) -> bool {
        self.by_time.is_some()
    }

    /// The place of the period of the sums by the minute.
    pub(crate) fn level(&self) -> usize {
        let by_time = self.by_time.as_ref();
        by_time.map_or(0, |by_time| by_time.cells.level())
    }

    /// The number of the pair's row, if it has one.
    pub(crate) fn number(&self, pair: Pair) -> Option<u32> {
        let by_time = self.by_time.as_ref()?;
        Some(by_time.numbers[self.place(pair)?])
    }

    /// The sums by the minute, to add to them.
    pub(crate) fn cells_mut(&mut self) -> Option<&mut Cells> {
        Some(&mut self.by_time.as_mut()?.cells)
    }

    /// Adds the sums by the minute up.
    pub(crate) fn add_up(&mut self) {
        let count = self.count;
        if let Some(cells) = self.cells_mut() {
            cells.add_up(count);
        }
    }

    /// Every pair with its cells, which are added up, in no particular order.
    pub(crate) fn cells(&self) -> impl Iterator<Item = (Pair, &[Cell])> {
        let by_time = self.by_time.as_deref().into_iter();
        by_time.flat_map(|ByTime { numbers, cells }| {
            let rows = self.rows.iter().zip(numbers);
            let rows = rows.filter(|(row, _)| row.tag != 0);
            rows.map(|(row, number)| (row.pair(), cells.of_row(*number)))
        })
    }

    /// The rows in the order of that key, with their cells, which are added up.
    pub(crate) fn into_order<K: Ord>(mut self, key: impl Fn(Pair) -> K) -> (Pairs, Cells) {
        let by_time = self.by_time.take();
        let mut order: Vec<(Row, u32)> = self
            .rows
            .iter()
            .enumerate()
            .filter(|(_, row)| row.tag != 0)
            .map(|(place, row)| {
                let number = by_time.as_ref().map(|by_time| by_time.numbers[place]);
                (*row, number.unwrap_or_default())
            })
            .collect();
        self.rows = Box::default();
        order.sort_unstable_by_key(|(row, _)| key(row.pair()));
        let old = by_time.map(|by_time| by_time.cells).unwrap_or_default();
        let (mut starts, mut cells) = (Vec::with_capacity(order.len() + 1), Vec::new());
        cells.reserve_exact(old.len());
        for (_, number) in &order {
            starts.push(cells.len() as u32);
            cells.extend_from_slice(old.of_row(*number));
        }
        starts.push(cells.len() as u32);
        let cells = Cells::of(old.level(), starts, cells);
        self.rows = order.into_iter().map(|(row, _)| row).collect();
        self.is_list = true;
        (self, cells)
    }

    /// A list of the rows that have any records, with their sums made again. So many
    /// threads do it; `sums` gives them by the number of a row, or nothing.
    pub(crate) fn part(
        &self,
        threads: usize,
        sums: impl Fn(usize) -> Option<BothWays> + Sync,
    ) -> Pairs {
        let mut rows = vec![Row::default(); self.rows.len()];
        let size = self.rows.len().div_ceil(threads.max(1)).max(SMALLEST);
        let fill = |first: usize, rows: &mut [Row]| {
            let (mut carried, mut count) = (Carried::new(), 0);
            for (at, row) in rows.iter_mut().enumerate() {
                let of = self.rows[first + at];
                let Some(sums) = sums(first + at) else {
                    (row.low, row.high) = (of.low, of.high);
                    continue;
                };
                *row = of.with(sums, &mut carried);
                count += 1;
            }
            (carried, count)
        };
        let mut done = Vec::new();
        std::thread::scope(|scope| {
            let fill = &fill;
            let mut parts = rows.chunks_mut(size).enumerate();
            let first = parts.next();
            let others: Vec<_> = parts
                .map(|(part, rows)| scope.spawn(move || fill(part * size, rows)))
                .collect();
            done.extend(first.map(|(_, rows)| fill(0, rows)));
            done.extend(others.into_iter().filter_map(|other| other.join().ok()));
        });
        let mut pairs = Pairs {
            rows: rows.into(),
            is_list: true,
            ..Pairs::default()
        };
        for (carried, count) in done {
            pairs.carried.extend(carried);
            pairs.count += count;
        }
        pairs
    }

    /// Rows that are there already, in this order, with their sums.
    pub(crate) fn of_list(list: impl Iterator<Item = (Pair, BothWays)>) -> Pairs {
        let mut pairs = Pairs::default();
        let rows: Vec<Row> = list
            .map(|(pair, sums)| {
                let row = Row {
                    low: pair.low,
                    high: pair.high,
                    tag: pair.context + 1,
                    ..Row::default()
                };
                row.with(sums, &mut pairs.carried)
            })
            .collect();
        pairs.count = rows.len();
        pairs.rows = rows.into();
        pairs.is_list = true;
        pairs
    }

    /// Gives the table the sums by the minute of its rows, in the order in which
    /// they came.
    pub(crate) fn set_cells(&mut self, cells: Cells) {
        if let Some(own) = self.cells_mut() {
            *own = cells;
        }
    }

    /// Has rows found by their hash again, where they lie in a list.
    pub(crate) fn index(&mut self) {
        if self.is_list {
            self.grow();
        }
    }
}

impl Pair {
    /// The order in which a table is written.
    pub(crate) fn order(self) -> (u32, u32, u32) {
        (self.context, self.low, self.high)
    }
}

impl Row {
    /// The row with other sums.
    fn with(self, sums: BothWays, carried: &mut Carried) -> Row {
        let BothWays { up, down, records } = sums;
        let rests = [
            (Part::Up, (up >> 64) as u64),
            (Part::Down, (down >> 64) as u64),
            (Part::Records, records >> 32),
        ];
        for (part, rest) in rests.into_iter().filter(|(_, rest)| *rest > 0) {
            carried.insert((self.pair(), part), rest);
        }
        Row {
            records: records as u32,
            up: up as u64,
            down: down as u64,
            ..self
        }
    }

    fn pair(&self) -> Pair {
        Pair {
            low: self.low,
            high: self.high,
            context: self.tag - 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BothWays, NO_MINUTE, Pair, Pairs, Sum};
    use std::collections::BTreeMap;

    #[test]
    fn holds_what_an_ordered_map_holds() {
        let (mut pairs, mut map) = (Pairs::default(), BTreeMap::new());
        for number in 0u32..50_000 {
            let pair = Pair {
                low: number % 300,
                high: number.wrapping_mul(2_654_435_761) % 5_000,
                context: number % 3,
            };
            let (is_down, bytes) = (number % 2 == 0, u64::from(number));
            pairs.add(pair, is_down, Sum::of_one(bytes), NO_MINUTE);
            let sums: &mut BothWays = map.entry(pair).or_default();
            *if is_down {
                &mut sums.down
            } else {
                &mut sums.up
            } += u128::from(bytes);
            sums.records += 1;
        }
        pairs.settle();
        assert_eq!(pairs.len(), map.len());
        assert!(map.keys().all(|pair| pairs.contains(*pair)));
        assert!(!pairs.contains(Pair {
            low: 999,
            high: 1,
            context: 0
        }));
        assert!(!Pairs::default().contains(Pair::default()));
        assert_eq!(pairs.iter().collect::<BTreeMap<_, _>>(), map);
    }

    #[test]
    fn sums_beyond_64_bits_are_exact() {
        let pair = Pair {
            low: 1,
            high: 2,
            context: 0,
        };
        let mut pairs = Pairs::default();
        for _ in 0..5 {
            pairs.add(pair, true, Sum::of_one(u64::MAX), NO_MINUTE);
        }
        pairs.settle();
        let (_, sums) = pairs.iter().next().expect("a row");
        assert_eq!(
            sums,
            BothWays {
                up: 0,
                down: u128::from(u64::MAX) * 5,
                records: 5,
            }
        );
        let many = BothWays {
            records: u64::from(u32::MAX),
            ..sums
        };
        let mut other = Pairs::default();
        other.add_both(pair, many);
        other.add_both(pair, many);
        other.settle();
        let (_, twice) = other.iter().next().expect("a row");
        assert_eq!(twice.down, u128::from(u64::MAX) * 10);
        assert_eq!(twice.records, u64::from(u32::MAX) * 2);
    }
}
