//! How sure: what a recording explains of what CloudWatch counted.
//!
//! `BytesInFromSource + BytesInFromDestination` of a gateway are the bytes that
//! its legs A and D carry, counted by the gateway itself:
//! <https://docs.aws.amazon.com/vpc/latest/userguide/metrics-dimensions-nat-gateway.html>.
//! Records and metrics do not begin on the same second, so a minute that lies
//! partly in the time counts by that part.
//!
//! **Invariants.** Integers until the share itself.

use crate::price::Money;
use crate::snapshot::{Metric, PROCESSED, by_period};
use flowlog::Window;
use rust_decimal::{Decimal, dec};

/// Seconds of a period of the gateway's metrics.
const PERIOD: u64 = 60;

/// The share of the metrics that a recording has to explain before a saving is
/// said, where nobody says another.
pub const FLOOR: Money = dec!(0.80);

/// So many hundredths, as a floor is given; 100 at the most.
pub fn percentage(hundredths: u64) -> Money {
    Decimal::new(i64::try_from(hundredths.min(100)).unwrap_or(100), 2)
}

/// What a recording explains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coverage {
    /// From the first record to the end of the last.
    pub window: Window,
    /// Bytes that were billed by the records.
    pub recorded: u128,
    /// Bytes that were billed by the metrics of that time.
    pub counted: u128,
    /// The share below which that is little.
    pub floor: Money,
}

impl Coverage {
    /// Of the gateway's metrics by the minute; `None` where they are silent on
    /// that time.
    pub fn of(
        metrics: &[Metric],
        window: Window,
        recorded: u128,
        floor: Money,
    ) -> Option<Coverage> {
        let counted = counted(metrics, window.start, window.end)?;
        Some(Coverage {
            window,
            recorded,
            counted,
            floor,
        })
        .filter(|coverage| coverage.counted > 0)
    }

    /// recorded / counted, to four decimals; above 1 where the records have more.
    pub fn share(&self) -> Money {
        let ten_thousandths = self.recorded.saturating_mul(10_000) / self.counted.max(1);
        let whole = i64::try_from(ten_thousandths).unwrap_or(i64::MAX);
        Decimal::new(whole, 4)
    }

    /// Whether that is below the floor.
    pub fn is_little(&self) -> bool {
        self.share() < self.floor
    }
}

/// Bytes that the metrics have in that time, the parts of minutes at its ends by
/// their share; `None` where they have nothing to say on it.
pub(crate) fn counted(metrics: &[Metric], from: u64, to: u64) -> Option<u128> {
    let minutes = by_period(metrics, &PROCESSED);
    let first = (from / PERIOD).saturating_sub(1) * PERIOD;
    let mut is_known = false;
    let mut byte_seconds = 0;
    for (start, value) in minutes.range(first..to.max(first)) {
        let seconds = to.min(start + PERIOD).saturating_sub(from.max(*start));
        if seconds > 0 {
            is_known = true;
            byte_seconds += value * u128::from(seconds);
        }
    }
    is_known.then_some(byte_seconds / u128::from(PERIOD))
}

#[cfg(test)]
mod tests {
    use super::{Coverage, FLOOR, counted};
    use crate::snapshot::Metric;
    use flowlog::Window;
    use rust_decimal::dec;

    fn metrics() -> Vec<Metric> {
        let metric = |name: &str, points: &[(u64, u64)]| Metric {
            name: name.to_owned(),
            statistic: "Sum".to_owned(),
            zone: None,
            period: 60,
            points: points.to_vec(),
        };
        vec![
            metric("BytesInFromSource", &[(60, 600), (120, 1_200), (180, 60)]),
            metric("BytesInFromDestination", &[(120, 600)]),
            metric("BytesOutToSource", &[(120, 1_000_000)]),
        ]
    }

    #[test]
    fn minutes_at_the_ends_count_by_their_part() {
        for (from, to, expected) in [
            (60, 240, Some(2_460)),
            (120, 180, Some(1_800)),
            (90, 150, Some(300 + 900)),
            (130, 131, Some(30)),
            (0, 60, None),
            (240, 900, None),
            (0, 61, Some(10)),
            (150, 150, None),
        ] {
            assert_eq!(counted(&metrics(), from, to), expected, "{from} to {to}");
        }
    }

    #[test]
    fn says_what_share_is_explained() {
        let window = Window {
            start: 120,
            end: 180,
        };
        let of = |recorded| Coverage::of(&metrics(), window, recorded, FLOOR).map(|it| it.share());
        assert_eq!(of(1_800), Some(dec!(1)));
        assert_eq!(of(1_200), Some(dec!(0.6666)));
        assert_eq!(of(2_000), Some(dec!(1.1111)));
        let little = |floor| {
            let coverage = Coverage::of(&metrics(), window, 1_200, floor);
            coverage.is_some_and(|coverage| coverage.is_little())
        };
        assert!(little(FLOOR) && little(dec!(0.67)) && !little(dec!(0.66)));
        let later = Window {
            start: 900,
            end: 960,
        };
        assert_eq!(Coverage::of(&metrics(), later, 1, FLOOR), None);
    }
}
