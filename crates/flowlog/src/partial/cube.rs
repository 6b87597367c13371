//! The sections of a table with time that others do not have: rows by their ends, the sums of each row
//! by period, the counts by period, and bytes by port.
//!
//! **Invariants.** As of the form around it: anything but what was written here is
//! an error. The sums of a row's periods are never more than the row's.

use super::{Reader, Rows, Writer};
use crate::by_time::ByTime;
use crate::cells::{self, Cell, Cells, Whole};
use crate::cube::Cube;
use crate::fold::Fold;
use crate::pairs::{BothWays, Pair};
use crate::ports::{self, Ports};
use crate::tally::{Tallies, Tally};
use crate::timeline::{self, PERIODS};

impl Writer {
    pub(super) fn cube(&mut self, cube: &Cube) {
        self.cells(cube);
        if let Some(kept) = &cube.whole().fold.by_time {
            self.tallies(&kept.tallies);
            self.ports(&kept.ports);
        }
    }

    /// Rows in the order of their ends: those whose ends are numbers, then those
    /// whose ends are codes.
    pub(super) fn grouped_rows(&mut self, fold: &Fold) {
        for is_coded in [false, true] {
            let is_it = |pair: Pair| fold.contexts.context(pair.context).is_coded == is_coded;
            let rows = || fold.pairs.iter().filter(|(pair, _)| is_it(*pair));
            self.number(rows().count() as u128);
            let mut before = Pair::default();
            for (pair, sums) in rows() {
                if pair.low > before.low {
                    before.high = 0;
                }
                self.number((pair.low - before.low).into());
                self.number((pair.high - before.high).into());
                self.number(pair.context.into());
                self.sums(sums);
                before = pair;
            }
        }
    }

    fn cells(&mut self, cube: &Cube) {
        let minutes = cells::minutes(cube.level());
        self.number(cube.level() as u128);
        for row in cube.rows() {
            self.number(cells::wholes(row).count() as u128);
            let mut before = 0;
            for whole in cells::wholes(row) {
                self.number(u128::from((whole.minute - before) / minutes));
                self.number(whole.records.into());
                self.number(whole.up);
                self.number(whole.down);
                before = whole.minute;
            }
        }
    }

    fn tallies(&mut self, tallies: &Tallies) {
        self.number(tallies.level() as u128);
        self.number(tallies.iter().count() as u128);
        let mut before = 0;
        for (minute, tally) in tallies.iter() {
            self.number((minute - before).into());
            for count in [tally.parsed, tally.nodata, tally.skipdata, tally.rejected] {
                self.number(count.into());
            }
            self.window(tally.window);
            before = minute;
        }
    }

    fn ports(&mut self, ports: &Ports) {
        let mut sums: Vec<_> = ports.iter().collect();
        sums.sort_unstable();
        self.number(ports.level() as u128);
        self.number(sums.len() as u128);
        let mut before = 0;
        for ((minute, class, flow), bytes) in sums {
            self.number((minute - before).into());
            self.number(class.into());
            self.number(flow.into());
            self.number(bytes);
            before = minute;
        }
    }
}

impl Reader<'_> {
    pub(super) fn cube(&mut self, fold: &mut Fold, rows: &Rows, contexts: usize) -> Option<Cells> {
        let cells = self.cells(rows)?;
        let (tallies, ports) = (self.tallies()?, self.ports(fold, contexts)?);
        fold.by_time = Some(Box::new(ByTime::of(tallies, ports)));
        Some(cells)
    }

    pub(super) fn grouped_rows(
        &mut self,
        fold: &Fold,
        contexts: usize,
        addresses: usize,
    ) -> Option<Rows> {
        let mut rows = Rows::new();
        for is_coded in [false, true] {
            let mut pair = Pair::default();
            for row in 0..self.length()? {
                let (low, high, context) = (self.small()?, self.small()?, self.small()?);
                // In the order of ends and contexts, and none twice.
                let is_next = row == 0 || low > 0 || high > 0 || context > pair.context;
                let is_known = (context as usize) < contexts
                    && fold.contexts.context(context).is_coded == is_coded;
                (is_next && is_known).then_some(())?;
                if low > 0 {
                    pair.low = pair.low.checked_add(low)?;
                    pair.high = 0;
                }
                pair.high = pair.high.checked_add(high)?;
                pair.context = context;
                let ends = [pair.low as usize, pair.high as usize];
                (!is_coded || ends.iter().all(|end| *end < addresses)).then_some(())?;
                rows.push((pair, self.sums()?));
            }
        }
        Some(rows)
    }

    fn cells(&mut self, rows: &Rows) -> Option<Cells> {
        let level = self.place(PERIODS.len())?;
        let minutes = cells::minutes(level);
        let mut starts = Vec::with_capacity(rows.len() + 1);
        let mut cells: Vec<Cell> = Vec::with_capacity(self.0.len() / 8);
        for (_, sums) in rows {
            starts.push(u32::try_from(cells.len()).ok()?);
            self.row(*sums, minutes, &mut cells)?;
        }
        starts.push(u32::try_from(cells.len()).ok()?);
        cells.shrink_to_fit();
        Some(Cells::of(level, starts, cells))
    }

    fn row(&mut self, sums: BothWays, minutes: u32, cells: &mut Vec<Cell>) -> Option<()> {
        let mut rest = sums;
        let mut minute = 0u32;
        for number in 0..self.length()? {
            let more = self.small()?.checked_mul(minutes)?;
            // The same minute twice is nothing that was written here.
            (number == 0 || more > 0).then_some(())?;
            minute = minute.checked_add(more)?;
            cells::is_minute(minute).then_some(())?;
            let whole = Whole {
                minute,
                records: self.count()?,
                up: self.bytes_sum()?,
                down: self.bytes_sum()?,
            };
            rest.records = rest.records.checked_sub(whole.records)?;
            rest.up = rest.up.checked_sub(whole.up)?;
            rest.down = rest.down.checked_sub(whole.down)?;
            cells::put(whole, cells);
        }
        Some(())
    }

    fn tallies(&mut self) -> Option<Tallies> {
        let mut tallies = Tallies::default();
        tallies.lengthen(self.place(PERIODS.len())?);
        let mut minute = 0u32;
        for _ in 0..self.length()? {
            minute = minute.checked_add(self.small()?)?;
            cells::is_minute(minute).then_some(())?;
            let tally = Tally {
                parsed: self.count()?,
                nodata: self.count()?,
                skipdata: self.count()?,
                rejected: self.count()?,
                window: self.window()?,
                ..Tally::default()
            };
            tallies.put(minute, tally);
        }
        Some(tallies)
    }

    fn ports(&mut self, fold: &Fold, contexts: usize) -> Option<Ports> {
        let mut sums = Ports::default();
        let level = self.place(ports::LEVELS)?;
        sums.coarsen(level);
        let mut minute = 0u32;
        for _ in 0..self.length()? {
            minute = minute.checked_add(self.small()?)?;
            let key = (minute, self.small()?, self.small()?);
            let (context, _) = timeline::parts(key.1);
            let is_own =
                (context as usize) < contexts && fold.contexts.unordered(context) == context;
            (is_own && cells::is_minute(minute) && ports::is_legal(key, level)).then_some(())?;
            let bytes = self.bytes_sum().filter(|bytes| *bytes > 0)?;
            sums.put(key, bytes);
        }
        Some(sums)
    }
}
