//! How much: an hour at this rate, since the alarm, a month.
//!
//! A month is never a sample times a constant: it is made of whole days that
//! CloudWatch remembers, the quietest, the median and the busiest of them.
//!
//! **Invariants.** Integers until they are priced.

use crate::coverage::counted;
use crate::price::{Money, Rate};
use crate::snapshot::{Metric, PROCESSED, by_period};
use std::collections::BTreeMap;

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;
/// Days of a month, times twelve.
const DAYS_OF_YEAR: u128 = 365;
const MONTHS: u128 = 12;
/// Hours of a month, as AWS's price calculator has it.
pub(crate) const HOURS_OF_MONTH: u32 = 730;
/// Whole days without which nothing is said about a month.
const LEAST_DAYS: usize = 3;

/// What processing costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spend {
    /// What an hour of the recorded traffic costs, and over how many seconds it
    /// was recorded.
    pub hourly: Option<Hourly>,
    /// Since the alarm, by the metrics, the minutes before the recording included.
    pub since_alarm: Option<SinceAlarm>,
    /// A month, by the metrics of the days before.
    pub month: Option<Month>,
}

/// An hour of the recorded traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hourly {
    /// Bytes that were recorded.
    pub bytes: u128,
    /// In how many seconds.
    pub seconds: u64,
    /// bytes x 3,600 / seconds, priced.
    pub cost: Money,
}

/// What was billed since the alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SinceAlarm {
    /// When the alarm went off, in Unix seconds.
    pub from: u64,
    /// Until when this is, in Unix seconds.
    pub to: u64,
    /// Bytes that the metrics have.
    pub bytes: u128,
    /// What they cost.
    pub cost: Money,
}

/// A month of days like those before the alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Month {
    /// Whole days that were looked at.
    pub days: usize,
    /// Bytes of the quietest of them, and a month of such days.
    pub low: (u128, Money),
    /// Of the median.
    pub typical: (u128, Money),
    /// Of the busiest.
    pub high: (u128, Money),
}

/// The bytes of a month of days like those, which had so many together.
pub(crate) fn bytes_of_month(bytes: u128, days: usize) -> u128 {
    bytes * DAYS_OF_YEAR / MONTHS / days as u128
}

impl Hourly {
    /// Of so many bytes in so many seconds.
    pub fn of(bytes: u128, seconds: u64, rate: &Rate) -> Option<Hourly> {
        let in_an_hour = (bytes * u128::from(HOUR)).checked_div(u128::from(seconds))?;
        Some(Hourly {
            bytes,
            seconds,
            cost: rate.cost(in_an_hour),
        })
    }
}

impl SinceAlarm {
    /// Of the metrics by the minute.
    pub fn of(metrics: &[Metric], from: u64, to: u64, rate: &Rate) -> Option<SinceAlarm> {
        let bytes = counted(metrics, from, to)?;
        Some(SinceAlarm {
            from,
            to,
            bytes,
            cost: rate.cost(bytes),
        })
    }
}

impl Month {
    /// The bytes of a month of median days.
    pub(crate) fn typical_bytes(&self) -> u128 {
        bytes_of_month(self.typical.0, 1)
    }

    /// Of the metrics by the hour. A day is one of UTC; the first and the last one
    /// are not whole and do not count. `None` of too few days.
    pub fn of(history: &[Metric], rate: &Rate) -> Option<Month> {
        let mut days: BTreeMap<u64, u128> = BTreeMap::new();
        for (start, bytes) in by_period(history, &PROCESSED) {
            *days.entry(start / DAY).or_default() += bytes;
        }
        days.pop_first();
        days.pop_last();
        let mut whole: Vec<u128> = days.into_values().collect();
        whole.sort_unstable();
        if whole.len() < LEAST_DAYS {
            return None;
        }
        let month = |bytes: u128| (bytes, rate.cost(bytes_of_month(bytes, 1)));
        Some(Month {
            days: whole.len(),
            low: month(*whole.first()?),
            typical: month(whole[whole.len() / 2]),
            high: month(*whole.last()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{DAY, HOUR, Hourly, Month, SinceAlarm};
    use crate::price::Rate;
    use crate::snapshot::Metric;
    use rust_decimal::dec;

    fn rate() -> Rate {
        Rate::of_region("us-east-1").expect("known")
    }

    fn metric(period: u64, points: Vec<(u64, u64)>) -> Vec<Metric> {
        vec![Metric {
            name: "BytesInFromSource".to_owned(),
            statistic: "Sum".to_owned(),
            zone: None,
            period: u32::try_from(period).expect("short"),
            points,
        }]
    }

    #[test]
    fn an_hour_is_what_was_recorded_in_its_seconds() {
        let hourly = Hourly::of(1 << 30, 360, &rate()).expect("seconds");
        assert_eq!(hourly.cost, dec!(0.45));
        assert_eq!(Hourly::of(1 << 30, 0, &rate()), None);
    }

    #[test]
    fn since_the_alarm_is_what_the_metrics_say() {
        let metrics = metric(60, vec![(60, 1 << 30), (120, 1 << 30)]);
        let since = SinceAlarm::of(&metrics, 90, 600, &rate()).expect("metrics");
        assert_eq!(since.bytes, (1 << 29) + (1 << 30));
        assert_eq!(since.cost, dec!(0.0675));
        assert_eq!(SinceAlarm::of(&metrics, 900, 1_000, &rate()), None);
    }

    #[test]
    fn a_month_is_made_of_whole_days() {
        let day = |day: u64, bytes: u64| [(day * DAY, bytes / 2), (day * DAY + HOUR, bytes / 2)];
        let days = |count: u64| -> Vec<(u64, u64)> {
            (0..count).flat_map(|at| day(at, (at + 1) << 30)).collect()
        };
        // Of seven days the first and the last are not whole: 2, 3, 4, 5, 6 GB.
        let month = Month::of(&metric(HOUR, days(7)), &rate()).expect("enough days");
        assert_eq!(month.days, 5);
        assert_eq!(month.low, (2 << 30, dec!(2.7375)));
        assert_eq!(month.typical, (4 << 30, dec!(5.475)));
        assert_eq!(month.high, (6 << 30, dec!(8.2125)));
        assert_eq!(Month::of(&metric(HOUR, days(4)), &rate()), None);
        assert_eq!(Month::of(&[], &rate()), None);
    }
}
