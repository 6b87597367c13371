//! Billed bytes by time and AWS service.
//!
//! The table knows when classes of conversations moved how much; the traffic
//! knows what of a class is billed, and on which side of a gateway its remote
//! ends show. A class is wholly one or the other but for gateways with
//! secondary addresses, where its bytes count by the part that is.
//!
//! **Invariants.** Services are those that records name, by bytes descending.

use flowlog::FlowTable;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Billed bytes by time and service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Timeline {
    /// Seconds of a period.
    pub period: u64,
    /// The services, those with the most bytes first; `None` is what the records
    /// name no service for.
    pub services: Vec<Option<String>>,
    /// When a period begins, in Unix seconds, and its bytes by service. Periods
    /// in which nothing began are not there.
    pub points: Vec<(u64, Vec<u128>)>,
}

/// What of a class counts.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Part {
    /// The place of its service among the traffic's.
    pub(crate) service: usize,
    /// Billed bytes whose remote end is seen.
    pub(crate) counted: u128,
    /// All bytes.
    pub(crate) all: u128,
}

impl Timeline {
    /// Of the classes' parts, by class.
    pub(crate) fn of(table: &FlowTable, parts: &[Part], services: &[Option<&str>]) -> Timeline {
        let mut periods: BTreeMap<u64, BTreeMap<usize, u128>> = BTreeMap::new();
        let mut totals: BTreeMap<usize, u128> = BTreeMap::new();
        for moment in table.moments() {
            let part = parts.get(moment.class).copied().unwrap_or_default();
            if part.counted == 0 {
                continue;
            }
            let bytes = match part.counted == part.all {
                true => moment.bytes,
                false => moment.bytes.saturating_mul(part.counted) / part.all,
            };
            let period = periods.entry(moment.start).or_default();
            *period.entry(part.service).or_default() += bytes;
            *totals.entry(part.service).or_default() += bytes;
        }
        let name = |place: usize| services.get(place).copied().flatten();
        let mut order: Vec<usize> = totals.keys().copied().collect();
        order.sort_by_key(|place| (Reverse(totals[place]), name(*place)));
        Timeline {
            period: table.period(),
            services: order
                .iter()
                .map(|place| name(*place).map(str::to_owned))
                .collect(),
            points: periods
                .into_iter()
                .map(|(start, bytes)| {
                    let of = |place: &usize| bytes.get(place).copied().unwrap_or_default();
                    (start, order.iter().map(of).collect())
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Facts, Rate, report};
    use flowlog::FlowTable;

    /// `start: service bytes …` of each period of a log with that header.
    fn check(header: &str, lines: &[&str], expected: &[&str]) {
        let mut table = FlowTable::new();
        let text = format!("{header}\n{}\n", lines.join("\n"));
        table.push(text.as_bytes()).expect("a flow log");
        table.end_source().expect("a flow log");
        let rate = Rate::of_region("us-east-1").expect("a rate");
        let report = report(&table, &Facts::new("us-east-1", rate));
        let timeline = report.timeline;
        let name = |at: usize| timeline.services[at].as_deref().unwrap_or("-");
        let points = timeline.points.iter().map(|(start, bytes)| {
            let bytes = bytes.iter().enumerate();
            let bytes = bytes.map(|(at, bytes)| format!(" {} {bytes}", name(at)));
            format!("{start}:{}", bytes.collect::<String>())
        });
        assert_eq!(points.collect::<Vec<_>>(), expected, "{header}");
        let sum: u128 = timeline.points.iter().flat_map(|(_, bytes)| bytes).sum();
        assert_eq!(sum, report.bytes.processed, "{header}");
    }

    #[test]
    fn a_byte_counts_once_when_its_record_begins() {
        check(
            "srcaddr dstaddr pkt-srcaddr pkt-dstaddr pkt-src-aws-service pkt-dst-aws-service bytes start end",
            &[
                "10.0.1.5 10.0.0.220 10.0.1.5 203.0.113.5 - S3 10 1700000040 1700000099",
                "10.0.0.220 203.0.113.5 10.0.0.220 203.0.113.5 - S3 10 1700000040 1700000099",
                "203.0.113.5 10.0.0.220 203.0.113.5 10.0.0.220 S3 - 90 1700000100 1700000159",
                "10.0.0.220 10.0.1.5 203.0.113.5 10.0.1.5 S3 - 90 1700000100 1700000159",
                "10.0.0.220 10.0.1.6 203.0.113.9 10.0.1.6 - - 7 1700000101 1700000159",
                "203.0.113.9 10.0.0.220 203.0.113.9 10.0.0.220 - - 7 1700000101 1700000159",
            ],
            &["1700000040: S3 10 - 0", "1700000100: S3 90 - 7"],
        );
    }

    #[test]
    fn a_regional_gateway_s_legs_are_told_by_their_private_ends() {
        check(
            "resource-id srcaddr dstaddr bytes start end",
            &[
                "nat-r 10.0.1.5 203.0.113.5 10 1700000040 1700000099",
                "nat-r 198.51.100.9 203.0.113.5 10 1700000040 1700000099",
                "nat-r 203.0.113.5 198.51.100.9 90 1700000100 1700000159",
                "nat-r 203.0.113.5 10.0.1.5 90 1700000100 1700000159",
            ],
            &["1700000040: - 10", "1700000100: - 90"],
        );
    }

    #[test]
    fn without_packet_addresses_remote_ends_count_on_their_own_side() {
        check(
            "interface-id srcaddr dstaddr bytes start end",
            &[
                "eni-a 10.0.1.5 10.0.0.220 10 1700000040 1700000099",
                "eni-a 10.0.0.220 203.0.113.5 10 1700000040 1700000099",
                "eni-a 203.0.113.5 10.0.0.220 90 1700000100 1700000159",
                "eni-a 10.0.0.220 10.0.1.5 90 1700000100 1700000159",
            ],
            &["1700000040: - 10", "1700000100: - 90"],
        );
    }

    #[test]
    fn no_time_is_made_up() {
        check(
            "srcaddr dstaddr pkt-srcaddr pkt-dstaddr bytes start end",
            &["10.0.1.5 10.0.1.6 10.0.1.5 10.0.1.6 10 1700000040 1700000099"],
            &[],
        );
    }
}
