//! What became of lines by the minute in which their record begins.
//!
//! **Invariants.** Lines that cannot be read and records without a start are of no
//! minute. There are at most [`MOST`] minutes told apart; beyond that all are told
//! by a longer period, whatever the order.

use crate::cells::{NO_MINUTE, minutes};
use crate::counts::{Counts, Window};
use crate::timeline::PERIODS;
use std::collections::BTreeMap;

/// How many periods there are at the most; minutes of three months.
const MOST: usize = 1 << 17;

/// What the records of a period are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) parsed: u64,
    pub(crate) nodata: u64,
    pub(crate) skipdata: u64,
    pub(crate) rejected: u64,
    pub(crate) left_out: u64,
    /// When the first begins and the last ends.
    pub(crate) window: Option<Window>,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Tally) {
        self.parsed += other.parsed;
        self.nodata += other.nodata;
        self.skipdata += other.skipdata;
        self.rejected += other.rejected;
        self.left_out += other.left_out;
        if let Some(window) = other.window {
            self.widen(window);
        }
    }

    fn widen(&mut self, more: Window) {
        let known = self.window.get_or_insert(more);
        known.start = known.start.min(more.start);
        known.end = known.end.max(more.end);
    }

    /// As the counts of a table.
    pub(crate) fn counts(self) -> Counts {
        let mut counts = Counts::default();
        counts.read = self.parsed + self.nodata + self.skipdata;
        counts.parsed = self.parsed;
        counts.nodata = self.nodata;
        counts.skipdata = self.skipdata;
        counts.rejected = self.rejected;
        counts.left_out = self.left_out;
        counts
    }
}

/// Counts by minute.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tallies {
    level: usize,
    /// The minute of the last record, and what is not in the map yet.
    last: (u32, Tally),
    by_minute: BTreeMap<u32, Tally>,
}

impl Tallies {
    /// Adds a record of that minute.
    #[inline]
    pub(crate) fn add(&mut self, minute: u32, tally: Tally) {
        if self.last.0 != minute {
            self.settle();
            self.last.0 = minute;
        }
        self.last.1.add(tally);
    }

    /// Finishes what waits.
    pub(crate) fn settle(&mut self) {
        let (minute, tally) = std::mem::take(&mut self.last);
        if tally != Tally::default() && minute != NO_MINUTE {
            self.put(minute, tally);
        }
    }

    /// Adds to the counts of the period in which that minute lies.
    pub(crate) fn put(&mut self, minute: u32, tally: Tally) {
        let minutes = minutes(self.level);
        let begin = minute - minute % minutes;
        self.by_minute.entry(begin).or_default().add(tally);
        while self.by_minute.len() > MOST && self.level + 1 < PERIODS.len() {
            self.lengthen(self.level + 1);
        }
    }

    /// Tells all times by that longer period.
    pub(crate) fn lengthen(&mut self, level: usize) {
        self.level = self.level.max(level.min(PERIODS.len() - 1));
        let minutes = minutes(self.level);
        for (minute, tally) in std::mem::take(&mut self.by_minute) {
            let begin = minute - minute % minutes;
            self.by_minute.entry(begin).or_default().add(tally);
        }
    }

    /// Adds what the other holds.
    pub(crate) fn merge(&mut self, other: &Tallies) {
        if other.level > self.level {
            self.lengthen(other.level);
        }
        for (minute, tally) in &other.by_minute {
            self.put(*minute, *tally);
        }
    }

    /// The place of the period among all that there are.
    pub(crate) fn level(&self) -> usize {
        self.level
    }

    /// The counts of every period, in the order of time. Nothing may wait.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, Tally)> {
        self.by_minute
            .iter()
            .map(|(minute, tally)| (*minute, *tally))
    }

    /// The sum of what begins in that time.
    pub(crate) fn between(&self, is_in: impl Fn(u32) -> bool) -> Tally {
        let mut sum = Tally::default();
        for (_, tally) in self.iter().filter(|(minute, _)| is_in(*minute)) {
            sum.add(tally);
        }
        sum
    }
}
