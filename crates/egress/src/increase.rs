//! What a gateway moved more than before its alarm, and whose that was.
//!
//! Metrics say how much passed before, records say who it was, and only since
//! the recording began. So how much of the increase a source is, is known
//! within bounds: it may have had all of the usual traffic, or none of it.
//!
//! **Invariants.** Integers until the shares themselves. Nothing is said where
//! there is no increase, or where too little is known of the time before.

use crate::facts::Facts;
use crate::price::Money;
use crate::report::fraction;
use crate::snapshot::{Metric, PROCESSED, by_period};
use flowlog::Window;

/// Seconds of a period of the gateway's metrics.
const PERIOD: u64 = 60;
/// Minutes before the rise without which nothing is said.
const LEAST_MINUTES: usize = 5;

/// What was usual before the alarm, by the gateway's metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Baseline {
    /// The median of those minutes, in bytes.
    pub per_minute: u128,
    /// When the first of them began, in Unix seconds.
    pub from: u64,
    /// When the last of them ended.
    pub to: u64,
    /// How many have a value.
    pub minutes: usize,
    /// How many between them and the alarm are the rise itself: each moved more
    /// than the median of all.
    pub left_out: usize,
}

/// What was recorded beyond what is usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Increase {
    /// What was usual.
    pub baseline: Baseline,
    /// Seconds of the records.
    pub seconds: u64,
    /// baseline x seconds / 60.
    pub usual: u128,
    /// Bytes that were recorded.
    pub recorded: u128,
    /// recorded - usual, more than 0.
    pub bytes: u128,
}

/// How much of the increase something is, each 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// If all that is usual had been its own.
    pub at_least: Money,
    /// If nothing of it had been.
    pub at_most: Money,
}

impl Baseline {
    /// Of the minutes that were over as the alarm went off.
    pub(crate) fn of(metrics: &[Metric], alarmed: u64) -> Option<Baseline> {
        let minutes: Vec<(u64, u128)> = by_period(metrics, &PROCESSED)
            .into_iter()
            .filter(|(start, _)| start + PERIOD <= alarmed)
            .collect();
        let of_all = median(minutes.iter().map(|(_, bytes)| *bytes).collect())?;
        let rise = minutes
            .iter()
            .rev()
            .take_while(|(_, bytes)| *bytes > of_all);
        let left_out = rise.count();
        let minutes = &minutes[..minutes.len() - left_out];
        if minutes.len() < LEAST_MINUTES {
            return None;
        }
        Some(Baseline {
            per_minute: median(minutes.iter().map(|(_, bytes)| *bytes).collect())?,
            from: minutes.first()?.0,
            to: minutes.last()?.0 + PERIOD,
            minutes: minutes.len(),
            left_out,
        })
    }
}

impl Increase {
    /// Of what was recorded in that time.
    pub(crate) fn of(facts: &Facts, window: Window, recorded: u128) -> Option<Increase> {
        let snapshot = facts.snapshot.as_ref()?;
        let alarmed = facts
            .alarmed
            .as_ref()
            .map_or(snapshot.taken, |time| time.start);
        let baseline = Baseline::of(&snapshot.metrics, alarmed)?;
        let seconds = window.end.saturating_sub(window.start);
        let usual = baseline.per_minute * u128::from(seconds) / u128::from(PERIOD);
        let bytes = recorded.checked_sub(usual).filter(|bytes| *bytes > 0)?;
        Some(Increase {
            baseline,
            seconds,
            usual,
            recorded,
            bytes,
        })
    }

    /// How much of it so many recorded bytes are.
    pub fn part(&self, bytes: u128) -> Part {
        let share = |part: u128| fraction(part.min(self.bytes), self.bytes);
        Part {
            at_least: share(bytes.saturating_sub(self.usual)),
            at_most: share(bytes),
        }
    }
}

/// The middle one, or the mean of the two in the middle, cut to whole bytes.
fn median(mut values: Vec<u128>) -> Option<u128> {
    values.sort_unstable();
    let upper = *values.get(values.len() / 2)?;
    match values.len() % 2 {
        0 => Some((values[values.len() / 2 - 1] + upper) / 2),
        _ => Some(upper),
    }
}

#[cfg(test)]
mod tests {
    use super::{Baseline, Increase, Part, median};
    use crate::snapshot::Metric;
    use rust_decimal::dec;

    fn metrics(values: &[u64]) -> Vec<Metric> {
        let points = (1..)
            .zip(values)
            .map(|(minute, bytes)| (minute * 60, *bytes));
        vec![Metric {
            name: "BytesInFromSource".to_owned(),
            statistic: "Sum".to_owned(),
            zone: None,
            period: 60,
            points: points.collect(),
        }]
    }

    #[test]
    fn what_is_usual_is_the_median_of_the_minutes_before_the_rise() {
        let check = |values: &[u64], alarmed: u64, expected: Option<(u128, usize, usize)>| {
            let found = Baseline::of(&metrics(values), alarmed);
            let told = found.map(|it| (it.per_minute, it.minutes, it.left_out));
            assert_eq!(told, expected, "{values:?} at {alarmed}");
        };
        let rising = [10, 12, 10, 11, 9, 10, 90, 95];
        check(&rising, 540, Some((10, 6, 2)));
        // The minute of the alarm is not over.
        check(&rising, 539, Some((10, 6, 1)));
        // A peak that was over before is nothing to leave out.
        check(&[10, 10, 99, 10, 10, 10, 10, 10, 80], 600, Some((10, 8, 1)));
        check(&[10, 10, 10, 10, 10], 360, Some((10, 5, 0)));
        check(&[1, 2, 3, 4, 5], 60, None);
        // Half of the time is the rise: of what is left, too little is known.
        check(&[10, 10, 10, 90, 90, 90], 420, None);
        check(&[], 600, None);
        let found = Baseline::of(&metrics(&rising), 540).expect("enough minutes");
        assert_eq!((found.from, found.to), (60, 420));
    }

    #[test]
    fn a_share_of_the_increase_lies_within_bounds() {
        let increase = Increase {
            baseline: Baseline::of(&metrics(&[10; 8]), 600).expect("enough minutes"),
            seconds: 120,
            usual: 20,
            recorded: 100,
            bytes: 80,
        };
        for (bytes, at_least, at_most) in [
            (0, dec!(0), dec!(0)),
            (20, dec!(0), dec!(0.25)),
            (60, dec!(0.5), dec!(0.75)),
            (90, dec!(0.875), dec!(1)),
            (100, dec!(1), dec!(1)),
        ] {
            let part = increase.part(bytes);
            assert_eq!(part, Part { at_least, at_most }, "{bytes}");
        }
    }

    #[test]
    fn the_median_is_in_the_middle() {
        for (values, expected) in [
            (vec![], None),
            (vec![7], Some(7)),
            (vec![9, 1], Some(5)),
            (vec![9, 2], Some(5)),
            (vec![9, 1, 2], Some(2)),
        ] {
            assert_eq!(median(values), expected);
        }
    }
}
