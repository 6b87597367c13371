//! What a recording itself costs: records that AWS delivers to CloudWatch Logs.
//!
//! Billed is every gigabyte delivered, by the class of the log group:
//! <https://aws.amazon.com/cloudwatch/pricing/> (Logs, vended logs). The first
//! ten terabytes of a month have one price; a recording stays within them.
//!
//! **Invariants.** A price is known or it is not said. An estimate says what it
//! is made of.

use crate::price::{PriceName, Prices, Rate, RateError};
use crate::report::text;
use crate::snapshot::{Metric, by_period};
use rust_decimal::dec;
use serde::{Deserialize, Serialize};

/// The class of a log group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LogClass {
    /// STANDARD.
    Standard,
    /// INFREQUENT_ACCESS: half the price of STANDARD, read by queries alone.
    InfrequentAccess,
}

impl LogClass {
    /// The list price of a gigabyte delivered in that region, where it is known.
    pub fn list_rate(self, region: &str) -> Option<Rate> {
        self.rate_of(&Prices::shipped(region))
    }

    /// The price of a gigabyte delivered by that book, where it is known.
    pub fn rate_of(self, prices: &Prices) -> Option<Rate> {
        let price = prices.of(PriceName::LogsGb)?;
        let (per_gb, _) = price.first_paid();
        Some(Rate {
            per_gb: match self {
                LogClass::Standard => per_gb,
                LogClass::InfrequentAccess => per_gb / dec!(2),
            },
            currency: price.currency.code(),
        })
    }

    /// The price that is given, or else the list price, where it is known.
    ///
    /// Errors: what is given is no price.
    pub fn rate(self, region: &str, given: &str) -> Result<Option<Rate>, RateError> {
        match given.trim() {
            "" => Ok(self.list_rate(region)),
            given => Rate::given(given).map(Some),
        }
    }
}

/// Bytes of a record in our layout, about.
pub const BYTES_PER_RECORD: u64 = 150;

/// A connection appears on each of the four legs.
const LEGS: u128 = 4;
/// The metrics that bound how many connections were there in a minute.
const CONNECTIONS: [&str; 2] = ["ActiveConnectionCount", "ConnectionAttemptCount"];
/// And that bound how many records: each stands for one packet at least.
const PACKETS: [&str; 4] = [
    "PacketsInFromSource",
    "PacketsOutToDestination",
    "PacketsInFromDestination",
    "PacketsOutToSource",
];

/// How much a recording is expected to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Estimate {
    /// Records that a minute of the traffic makes.
    pub records_per_minute: u64,
    /// For how many minutes.
    pub minutes: u64,
    /// records_per_minute x minutes x [`BYTES_PER_RECORD`].
    pub bytes: u64,
}

impl Estimate {
    /// Of the busiest minute in these metrics: a connection makes a record on
    /// each of four legs, and a record stands for one packet at least. `None`
    /// where neither is known.
    ///
    /// Not an upper bound: connections of UDP are not among the connections
    /// that CloudWatch counts.
    pub fn of(metrics: &[Metric], minutes: u64) -> Option<Estimate> {
        let connections = by_period(metrics, &CONNECTIONS);
        let packets = by_period(metrics, &PACKETS);
        let of_minute = |minute: &u64| {
            let by_connections = connections.get(minute).map(|count| count * LEGS);
            let by_packets = packets.get(minute).copied();
            match (by_connections, by_packets) {
                (Some(connections), Some(packets)) => Some(connections.min(packets)),
                (one, other) => one.or(other),
            }
        };
        let records = connections
            .keys()
            .chain(packets.keys())
            .filter_map(of_minute)
            .max()?;
        let records_per_minute = u64::try_from(records).unwrap_or(u64::MAX);
        Some(Estimate {
            records_per_minute,
            minutes,
            bytes: records_per_minute
                .saturating_mul(minutes)
                .saturating_mul(BYTES_PER_RECORD),
        })
    }

    /// The estimate with its arithmetic, priced if there is a price.
    pub fn sentence(&self, rate: Option<&Rate>) -> String {
        text::estimate(self, rate)
    }
}

/// What a recording was and what it cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bill {
    /// Records that were delivered.
    pub records: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The price of a gigabyte, where it is known.
    pub rate: Option<Rate>,
    /// Whether the flow log is somebody else's, who pays for it.
    pub is_foreign: bool,
    /// What was expected before it began.
    pub estimate: Option<Estimate>,
}

#[cfg(test)]
mod tests {
    use super::{Bill, Estimate, LogClass};
    use crate::report::text;
    use crate::snapshot::Metric;
    use rust_decimal::dec;

    fn metric(name: &str, points: &[(u64, u64)]) -> Metric {
        Metric {
            name: name.to_owned(),
            statistic: "Sum".to_owned(),
            zone: None,
            period: 60,
            points: points.to_vec(),
        }
    }

    #[test]
    fn expects_four_records_a_connection_and_a_packet_a_record() {
        let check = |metrics: &[Metric], records: Option<u64>| {
            let estimate = Estimate::of(metrics, 15);
            assert_eq!(estimate.map(|it| it.records_per_minute), records);
            assert_eq!(estimate.map(|it| it.bytes), records.map(|it| it * 15 * 150));
        };
        check(&[], None);
        let active = metric("ActiveConnectionCount", &[(60, 100), (120, 50)]);
        let attempts = metric("ConnectionAttemptCount", &[(60, 20), (120, 300)]);
        check(std::slice::from_ref(&active), Some(400));
        check(&[active.clone(), attempts.clone()], Some(1_400));
        // Few packets in the minute of many attempts: none of them idle.
        let packets = metric("PacketsInFromSource", &[(60, 9_000), (120, 90)]);
        check(&[active, attempts, packets], Some(480));
    }

    #[test]
    fn infrequent_access_costs_half_and_an_unknown_region_nothing_that_is_said() {
        let of = |class: LogClass, region, given| {
            let rate = class.rate(region, given).expect("a rate or none");
            rate.map(|rate| rate.per_gb)
        };
        assert_eq!(of(LogClass::Standard, "us-east-1", ""), Some(dec!(0.50)));
        assert_eq!(
            of(LogClass::InfrequentAccess, "ap-northeast-1", ""),
            Some(dec!(0.38))
        );
        assert_eq!(of(LogClass::Standard, "eu-west-1", ""), None);
        assert_eq!(
            of(LogClass::Standard, "eu-west-1", "0.57"),
            Some(dec!(0.57))
        );
        assert!(LogClass::Standard.rate("eu-west-1", "free").is_err());
    }

    #[test]
    fn says_what_it_cost_with_the_arithmetic() {
        let mut bill = Bill {
            records: 1_234,
            bytes: 2 << 30,
            rate: LogClass::Standard.list_rate("us-east-1"),
            is_foreign: false,
            estimate: Some(Estimate {
                records_per_minute: 1_000,
                minutes: 15,
                bytes: 2_250_000,
            }),
        };
        assert_eq!(
            text::bill(&bill),
            "The recording has 1,234 records, 2,147,483,648 bytes, whose delivery cost $1.0000 \
             (2,147,483,648 / 1,073,741,824 x $0.5). Expected were about 1,000 records a minute x \
             15 min x 150 bytes = 2,250,000 bytes, $0.0010."
        );
        (bill.rate, bill.estimate) = (None, None);
        assert!(text::bill(&bill).contains("LogRate"));
        bill.is_foreign = true;
        assert!(text::bill(&bill).ends_with("it cost nothing."));
    }
}
