//! A table that can be asked again for any part of its time.
//!
//! What was folded by time ([`FlowTable::by_time`]) is put into the order of pairs:
//! rows of the same two ends side by side, each with its minutes one after the other. The rows of a part
//! are then one pass over memory, shared by threads, however long the part is.
//!
//! **Invariants.** A part answers as if only the records that begin in it had been
//! read. Malformed lines and records without a start are of no time: they are in
//! the whole and in no part. Who is beyond [`FlowTable::limit_keys`] is decided for
//! the whole. Memory: 32 bytes a pair and 16 for each of its minutes.

use crate::FlowTable;
use crate::by_time::ByTime;
use crate::cells::{Cell, Cells, MINUTE, minute, minutes, wholes};
use crate::fold::Fold;
use crate::pairs::{BothWays, Pair};
use crate::partial::{self, PartialError};
use crate::tally::Tallies;
use crate::timeline::PERIODS;

/// Threads that go over the rows, where nobody says another number.
const THREADS: usize = 2;

/// A table with the minutes of its pairs.
#[derive(Clone)]
pub struct Cube {
    whole: FlowTable,
    /// The place of the period in [`PERIODS`].
    level: usize,
    /// Where the cells of each row begin, and at last where they end.
    starts: Vec<u32>,
    cells: Vec<Cell>,
    threads: usize,
}

/// What begins in a part of the time.
pub struct Slice {
    /// The records that begin in it.
    pub table: FlowTable,
    /// From when on they begin, in Unix seconds, if that was asked for: the
    /// beginning of the period that was asked for.
    pub from: Option<u64>,
    /// Before when they begin, if that was asked for: the end of its period.
    pub until: Option<u64>,
}

impl Cube {
    /// Of what was read. Nothing may wait but sums.
    pub(crate) fn of(mut fold: Fold) -> Cube {
        fold.settle();
        fold.settle_times();
        fold.pairs.add_up();
        let contexts = &fold.contexts;
        let order = |pair: Pair| {
            let is_coded = contexts.context(pair.context).is_coded;
            (is_coded, pair.low, pair.high, pair.context)
        };
        let (pairs, cells) = std::mem::take(&mut fold.pairs).into_order(order);
        fold.pairs = pairs;
        Cube::of_rows(fold, cells)
    }

    /// Of rows in the order of pairs.
    pub(crate) fn of_rows(mut fold: Fold, mut cells: Cells) -> Cube {
        fold.is_grouped = is_grouped(&fold);
        let kept = fold.by_time.as_deref();
        let levels = kept.map(|by_time| [by_time.tallies.level(), by_time.ports.period()]);
        let levels = levels.into_iter().flatten();
        // The one period that all can tell.
        cells.lengthen(levels.fold(fold.timeline.period(), usize::max));
        let (level, starts, cells) = cells.into_parts();
        Cube {
            level,
            whole: FlowTable::of_fold(fold),
            starts,
            cells,
            threads: THREADS,
        }
    }

    /// Has so many threads go over the rows.
    pub fn set_threads(&mut self, threads: usize) {
        self.threads = threads.max(1);
    }

    /// How many threads go over the rows.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Everything that was read.
    pub fn whole(&self) -> &FlowTable {
        &self.whole
    }

    /// Seconds of a period: 60, or more where the minutes of all pairs would be
    /// too many.
    pub fn period(&self) -> u64 {
        PERIODS[self.level]
    }

    /// How many sums by pair and period there are.
    pub fn cells(&self) -> usize {
        self.cells.len()
    }

    /// What begins in `from <= t < until`, in Unix seconds, rounded to whole periods.
    /// Without either it is the whole.
    pub fn between(&self, from: Option<u64>, until: Option<u64>) -> Slice {
        if from.is_none() && until.is_none() {
            return Slice {
                table: self.whole.clone(),
                from,
                until,
            };
        }
        let period = u64::from(minutes(self.level)) * MINUTE;
        let from = from.map(|second| second / period * period);
        let until = until.map(|second| second.div_ceil(period).saturating_mul(period));
        let minute_of = |second: u64| minute(second);
        let first = from.map_or(0, minute_of);
        let end = until.map_or(u32::MAX, minute_of);
        Slice {
            table: FlowTable::of_fold(self.part(first, end.max(first))),
            from,
            until,
        }
    }

    fn part(&self, first: u32, end: u32) -> Fold {
        let is_in = |minute: u32| (first..end).contains(&minute);
        let fold = &self.whole.fold;
        let tally = fold
            .by_time
            .as_ref()
            .map(|kept| kept.tallies.between(is_in));
        let tally = tally.unwrap_or_default();
        let ports = fold.by_time.as_ref().map(|kept| kept.ports.between(is_in));
        let length = end - first;
        Fold {
            pairs: fold
                .pairs
                .part(self.threads, |row| self.sums(row, first, length)),
            keys: fold.keys,
            is_grouped: fold.is_grouped,
            contexts: fold.contexts.clone(),
            addresses: fold.addresses.clone(),
            interfaces: fold.interfaces.clone(),
            services: fold.services.clone(),
            counts: tally.counts(),
            window: tally.window,
            timeline: fold
                .timeline
                .between(self.level, |second| is_in(minute(second))),
            by_time: ports.map(|ports| {
                let tallies = Tallies::default();
                Box::new(ByTime::of(tallies, ports))
            }),
            ..Fold::default()
        }
    }

    /// What a row moved in so many minutes; `None` where there is no record.
    #[inline(always)]
    fn sums(&self, row: usize, first: u32, length: u32) -> Option<BothWays> {
        let cells = &self.cells[self.starts[row] as usize..self.starts[row + 1] as usize];
        let mut sums = [0u64; 3];
        let mut shifts = 0;
        let mut any = false;
        for cell in cells {
            let is_in = cell.minute().wrapping_sub(first) < length;
            let ([records, up, down], shift) = cell.numbers();
            let mask = u64::from(is_in).wrapping_neg();
            sums[0] += u64::from(records) & mask;
            sums[1] += u64::from(up) & mask;
            sums[2] += u64::from(down) & mask;
            shifts |= u64::from(shift) & mask;
            any |= is_in;
        }
        if !any {
            return None;
        }
        if shifts > 0 {
            return Some(large(cells, first, length));
        }
        Some(BothWays {
            up: sums[1].into(),
            down: sums[2].into(),
            records: sums[0],
        })
    }

    /// The cells of every row, in the order of rows.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &[Cell]> {
        let places = self.starts.windows(2);
        places.map(|place| &self.cells[place[0] as usize..place[1] as usize])
    }

    /// The place of the period of its cells.
    pub(crate) fn level(&self) -> usize {
        self.level
    }

    /// The cube as bytes, for [`Cube::decode`] and [`FlowTable::decode`].
    pub fn encode(&self) -> Vec<u8> {
        partial::encode_cube(self)
    }

    /// The cube of these bytes.
    pub fn decode(bytes: &[u8]) -> Result<Cube, PartialError> {
        partial::decode_cube(bytes)
    }
}

/// Whether rows that stand for the same two ends lie side by side. They do in the
/// order of pairs, unless an end has a number and a code.
fn is_grouped(fold: &Fold) -> bool {
    let is_coded = |context: u32| fold.contexts.context(context).is_coded;
    let mut coded = fold.pairs.iter().map(|(pair, _)| pair);
    let is_v4 = |code: u32| fold.addresses.address(code).is_ipv4();
    !coded.any(|pair| is_coded(pair.context) && is_v4(pair.low) && is_v4(pair.high))
}

/// What a row moved, of numbers that 32 bits do not hold.
#[cold]
fn large(cells: &[Cell], first: u32, length: u32) -> BothWays {
    let mut sums = BothWays::default();
    let is_in = |minute: u32| minute.wrapping_sub(first) < length;
    for whole in wholes(cells).filter(|whole| is_in(whole.minute)) {
        sums.up += whole.up;
        sums.down += whole.down;
        sums.records += whole.records;
    }
    sums
}
