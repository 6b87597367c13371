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
    bytes: u64,
}

/// A number of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
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
    carried: BTreeMap<(Pair, Part), u64>,
    seed: u64,
}

impl Default for Pairs {
    fn default() -> Pairs {
        Pairs {
            rows: Box::default(),
            count: 0,
            waiting: [Update::default(); BATCH],
            waiting_count: 0,
            carried: BTreeMap::new(),
            // Nobody may choose addresses that all fall into one row.
            seed: RandomState::default().hash_one(0u8),
        }
    }
}

impl Pairs {
    /// Adds what one end sent to the other.
    #[inline]
    pub(crate) fn add(&mut self, pair: Pair, is_down: bool, sum: Sum) {
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
        // A batch never fills the table beyond three quarters.
        if (self.count + BATCH) * 4 > self.rows.len() * 3 {
            self.grow();
        }
        let mask = self.rows.len() - 1;
        let Pairs {
            rows,
            count,
            waiting,
            waiting_count,
            carried,
            ..
        } = self;
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
                    *count += 1;
                    break row;
                }
                at = (at + 1) & mask;
            };
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
    }

    /// Every pair with its bytes. Nothing may wait.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Pair, BothWays)> {
        debug_assert_eq!(self.waiting_count, 0, "settle first");
        self.rows.iter().filter(|row| row.tag != 0).map(|row| {
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
        let mask = self.rows.len().wrapping_sub(1);
        let mut at = self.hash(pair) & mask;
        while let Some(row) = self.rows.get(at).filter(|row| row.tag != 0) {
            if row.pair() == pair {
                return true;
            }
            at = (at + 1) & mask;
        }
        false
    }

    /// Adds to both directions, as a merge does.
    pub(crate) fn add_both(&mut self, pair: Pair, sums: BothWays) {
        let [up, down] = sums.one_way();
        self.add(pair, false, up);
        if down.bytes > 0 {
            self.add(pair, true, down);
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
        let size = (self.rows.len() * 2).max(SMALLEST);
        let mask = size - 1;
        let old = std::mem::replace(&mut self.rows, vec![Row::default(); size].into());
        for row in old.iter().filter(|row| row.tag != 0) {
            let mut at = self.hash(row.pair()) & mask;
            while self.rows[at].tag != 0 {
                at = (at + 1) & mask;
            }
            self.rows[at] = *row;
        }
    }
}

impl Row {
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
    use super::{BothWays, Pair, Pairs, Sum};
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
            pairs.add(pair, is_down, Sum::of_one(bytes));
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
            pairs.add(pair, true, Sum::of_one(u64::MAX));
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
