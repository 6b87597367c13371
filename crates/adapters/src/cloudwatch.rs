//! Amazon CloudWatch: metrics of NAT gateways and of log groups.
//!
//! A regional gateway has its metrics by availability zone and none without:
//! <https://docs.aws.amazon.com/vpc/latest/userguide/metrics-dimensions-nat-gateway.html>
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html>

mod alarms;

pub use alarms::Alarm;

use crate::aws::port_error;
use aws_config::SdkConfig;
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{
    Dimension, Metric as Named, MetricDataQuery, MetricDataResult, MetricStat, ScanBy,
};
use recorder::port::Metrics;
use recorder::snapshot::{Carried, Endpoint, Metric};
use recorder::{EpochSeconds, GatewayId, PortError};
use std::collections::BTreeMap;
use std::ops::Range;

const SERVICE: &str = "cloudwatch";
const OPERATION: &str = "GetMetricData";
/// The least period in seconds: NAT gateways and log groups have a value for
/// each minute.
const MINUTE: i32 = 60;
/// The period of what is kept for long.
const HOUR: i32 = 3_600;
/// Queries that one call takes at the most.
/// And another of that many.
const DAY: i32 = 86_400;
const MOST_QUERIES: usize = 500;

/// A metric and the statistic of it that says most.
type Kind = (&'static str, &'static str);

/// What is billed.
const BILLED: [Kind; 2] = [
    ("BytesInFromDestination", "Sum"),
    ("BytesInFromSource", "Sum"),
];
/// What CloudWatch has on a NAT gateway.
const GATEWAY: [Kind; 16] = [
    ("ActiveConnectionCount", "Maximum"),
    ("BytesInFromDestination", "Sum"),
    ("BytesInFromSource", "Sum"),
    ("BytesOutToDestination", "Sum"),
    ("BytesOutToSource", "Sum"),
    ("ConnectionAttemptCount", "Sum"),
    ("ConnectionEstablishedCount", "Sum"),
    ("ErrorPortAllocation", "Sum"),
    ("IdleTimeoutCount", "Sum"),
    ("PacketsDropCount", "Sum"),
    ("PacketsInFromDestination", "Sum"),
    ("PacketsInFromSource", "Sum"),
    ("PacketsOutToDestination", "Sum"),
    ("PacketsOutToSource", "Sum"),
    ("PeakBytesPerSecond", "Maximum"),
    ("PeakPacketsPerSecond", "Maximum"),
];

/// The client.
pub struct CloudWatch(Client);

/// A series that is asked for.
struct Wanted {
    namespace: &'static str,
    name: &'static str,
    statistic: &'static str,
    dimensions: Vec<(&'static str, String)>,
}

impl CloudWatch {
    /// A client with that configuration.
    pub fn new(config: &SdkConfig) -> CloudWatch {
        CloudWatch(Client::new(config))
    }

    /// What there is of these metrics of a gateway.
    async fn of(
        &self,
        gateway: &GatewayId,
        zones: &[String],
        kinds: &[Kind],
        period: i32,
        time: Range<EpochSeconds>,
    ) -> Result<Vec<Metric>, PortError> {
        let zones: Vec<Option<&String>> = match zones {
            [] => vec![None],
            zones => zones.iter().map(Some).collect(),
        };
        let kinds: Vec<_> = zones
            .iter()
            .flat_map(|zone| kinds.iter().map(|kind| (*kind, *zone)))
            .collect();
        let wanted: Vec<Wanted> = kinds
            .iter()
            .map(|((name, statistic), zone)| Wanted {
                namespace: "AWS/NATGateway",
                name,
                statistic,
                dimensions: [("NatGatewayId", gateway.0.clone())]
                    .into_iter()
                    .chain(zone.map(|zone| ("AvailabilityZone", zone.clone())))
                    .collect(),
            })
            .collect();
        let series = self.series(&wanted, period, time.start, time.end).await?;
        let metrics = kinds.into_iter().zip(series);
        Ok(metrics
            .filter(|(_, points)| !points.is_empty())
            .map(|(((name, statistic), zone), points)| Metric {
                name: name.to_owned(),
                statistic: statistic.to_owned(),
                zone: zone.cloned(),
                period: period.unsigned_abs(),
                points,
            })
            .collect())
    }

    /// The points of every series, by its place, the oldest first.
    async fn series(
        &self,
        wanted: &[Wanted],
        period: i32,
        from: EpochSeconds,
        to: EpochSeconds,
    ) -> Result<Vec<Vec<(u64, u64)>>, PortError> {
        let mut points = vec![BTreeMap::new(); wanted.len()];
        for (part, chunk) in wanted.chunks(MOST_QUERIES).enumerate() {
            let first = part * MOST_QUERIES;
            let queries: Vec<MetricDataQuery> = chunk
                .iter()
                .enumerate()
                .map(|(place, wanted)| wanted.query(first + place, period))
                .collect();
            let mut next = None;
            loop {
                let page = self
                    .0
                    .get_metric_data()
                    .set_metric_data_queries(Some(queries.clone()))
                    .start_time(time(from))
                    .end_time(time(to))
                    .scan_by(ScanBy::TimestampAscending)
                    .set_next_token(next)
                    .send()
                    .await
                    .map_err(|error| port_error(SERVICE, OPERATION, error))?;
                for result in page.metric_data_results() {
                    if let Some(place) = place(result).filter(|place| *place < points.len()) {
                        points[place].extend(pairs(result));
                    }
                }
                next = page.next_token.filter(|token| !token.is_empty());
                if next.is_none() {
                    break;
                }
            }
        }
        Ok(points
            .into_iter()
            .map(|points| points.into_iter().collect())
            .collect())
    }
}

impl Wanted {
    fn query(&self, place: usize, period: i32) -> MetricDataQuery {
        let dimensions = self
            .dimensions
            .iter()
            .map(|(name, value)| Dimension::builder().name(*name).value(value).build());
        let metric = Named::builder()
            .namespace(self.namespace)
            .metric_name(self.name)
            .set_dimensions(Some(dimensions.collect()))
            .build();
        let stat = MetricStat::builder()
            .metric(metric)
            .period(period)
            .stat(self.statistic)
            .build();
        MetricDataQuery::builder()
            .id(format!("m{place}"))
            .metric_stat(stat)
            .build()
    }
}

fn place(result: &MetricDataResult) -> Option<usize> {
    result.id()?.strip_prefix('m')?.parse().ok()
}

fn pairs(result: &MetricDataResult) -> impl Iterator<Item = (u64, u64)> {
    let values = result.values().iter();
    let starts = result.timestamps().iter();
    starts.zip(values).filter_map(|(start, value)| {
        let start = u64::try_from(start.secs()).ok()?;
        Some((start, whole(*value)))
    })
}

/// Counts and bytes are whole numbers that CloudWatch keeps as floats.
fn whole(value: f64) -> u64 {
    // Saturating: NaN and what is negative are 0.
    value.round() as u64
}

fn time(time: EpochSeconds) -> DateTime {
    DateTime::from_secs(i64::try_from(time.0).unwrap_or(i64::MAX))
}

impl Metrics for CloudWatch {
    async fn of_gateway(
        &self,
        gateway: &GatewayId,
        zones: &[String],
        from: EpochSeconds,
        to: EpochSeconds,
    ) -> Result<Vec<Metric>, PortError> {
        self.of(gateway, zones, &GATEWAY, MINUTE, from..to).await
    }

    async fn history(
        &self,
        gateway: &GatewayId,
        zones: &[String],
        from: EpochSeconds,
        to: EpochSeconds,
    ) -> Result<Vec<Metric>, PortError> {
        self.of(gateway, zones, &BILLED, HOUR, from..to).await
    }

    async fn carried(
        &self,
        vpc: &str,
        endpoints: &[Endpoint],
        from: EpochSeconds,
        to: EpochSeconds,
    ) -> Result<Vec<Carried>, PortError> {
        let endpoints = endpoints.iter().filter(|endpoint| endpoint.is_interface());
        let endpoints: Vec<&Endpoint> = endpoints.collect();
        let wanted: Vec<Wanted> = endpoints
            .iter()
            .map(|endpoint| Wanted {
                namespace: "AWS/PrivateLinkEndpoints",
                name: "BytesProcessed",
                statistic: "Sum",
                dimensions: vec![
                    ("Endpoint Type", endpoint.endpoint_type.clone()),
                    ("Service Name", endpoint.service.clone()),
                    ("VPC Endpoint Id", endpoint.id.clone()),
                    ("VPC Id", vpc.to_owned()),
                ],
            })
            .collect();
        let series = self.series(&wanted, DAY, from, to).await?;
        let named = endpoints.into_iter().zip(series);
        let with_data = named.filter(|(_, days)| !days.is_empty());
        Ok(with_data
            .map(|(endpoint, days)| Carried {
                endpoint: endpoint.id.clone(),
                days,
            })
            .collect())
    }

    async fn delivered(
        &self,
        log_group: &str,
        from: EpochSeconds,
        to: EpochSeconds,
    ) -> Result<u64, PortError> {
        let wanted = Wanted {
            namespace: "AWS/Logs",
            name: "IncomingBytes",
            statistic: "Sum",
            dimensions: vec![("LogGroupName", log_group.to_owned())],
        };
        let series = self.series(&[wanted], MINUTE, from, to).await?;
        Ok(series.iter().flatten().map(|(_, bytes)| bytes).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::{GATEWAY, whole};

    #[test]
    fn values_are_whole_numbers() {
        for (value, expected) in [
            (0.0, 0),
            (1.4, 1),
            (2.5, 3),
            (-3.0, 0),
            (f64::NAN, 0),
            (9_007_199_254_740_992.0, 1 << 53),
        ] {
            assert_eq!(whole(value), expected, "{value}");
        }
    }

    #[test]
    fn no_metric_is_fetched_twice() {
        let mut names = GATEWAY.map(|(name, _)| name);
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
