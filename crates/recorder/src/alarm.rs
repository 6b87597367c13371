//! The EventBridge event of a CloudWatch alarm that changed its state.
//!
//! Follows <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html>:
//! `dimensions` is an object, `reasonData` is JSON inside a string, and the
//! order of `metrics` is not fixed.

use crate::payload::Origin;
use crate::{EpochMillis, GatewayId, StepError};
use chrono::DateTime;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The dimension that names the gateway.
const DIMENSION: &str = "NatGatewayId";
/// Who emits an event that is no alarm's: somebody who begins a recording.
const BY_HAND: &str = "natspike";
/// What stands for the alarm where there is none.
const NO_ALARM: &str = "none, it was started by hand";

/// What is read of the event; everything else in it is left alone.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AlarmEvent {
    /// Who emitted it: `aws.cloudwatch`, or `natspike` where there was no alarm.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// The region.
    pub region: String,
    /// The alarm's ARN.
    #[serde(default)]
    pub resources: Vec<String>,
    /// The change.
    pub detail: Detail,
}

/// The change of state.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Detail {
    /// The alarm's name.
    pub alarm_name: String,
    /// The new state.
    pub state: State,
    /// What the alarm watches.
    pub configuration: Configuration,
}

/// A state of an alarm.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    /// OK, ALARM or INSUFFICIENT_DATA.
    pub value: String,
    /// Figures behind the reason, as JSON in a string.
    #[serde(default)]
    pub reason_data: Option<String>,
    /// When the state was entered.
    pub timestamp: String,
}

/// What the alarm watches.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Configuration {
    /// Expressions and metrics, in no fixed order.
    #[serde(default)]
    pub metrics: Vec<MetricEntry>,
}

/// A metric, or an expression over others.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MetricEntry {
    /// Not there for an expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric_stat: Option<MetricStat>,
}

/// A metric with its statistic.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MetricStat {
    /// The metric.
    pub metric: Metric,
}

/// A metric's name and dimensions.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Metric {
    /// What the metric is of.
    #[serde(default)]
    pub dimensions: BTreeMap<String, String>,
}

impl AlarmEvent {
    /// What begins a recording of the gateway without its alarm.
    pub fn by_hand(gateway: &GatewayId, region: &str, at: EpochMillis) -> AlarmEvent {
        let time = i64::try_from(at.0).ok();
        let time = time.and_then(DateTime::from_timestamp_millis);
        let dimensions = [(DIMENSION.to_owned(), gateway.0.clone())];
        AlarmEvent {
            source: BY_HAND.to_owned(),
            region: region.to_owned(),
            resources: Vec::new(),
            detail: Detail {
                alarm_name: NO_ALARM.to_owned(),
                state: State {
                    value: "HAND".to_owned(),
                    reason_data: None,
                    timestamp: time.unwrap_or_default().to_rfc3339(),
                },
                configuration: Configuration {
                    metrics: vec![MetricEntry {
                        metric_stat: Some(MetricStat {
                            metric: Metric {
                                dimensions: dimensions.into(),
                            },
                        }),
                    }],
                },
            },
        }
    }

    /// What the recording begins by; an event that does not say is an alarm's.
    pub fn origin(&self) -> Origin {
        match self.source == BY_HAND {
            true => Origin::Hand,
            false => Origin::Alarm,
        }
    }

    /// The one NAT gateway that the alarm watches.
    ///
    /// Errors: it watches none, or several.
    pub fn gateway(&self) -> Result<GatewayId, StepError> {
        let gateways: BTreeSet<&str> = self
            .detail
            .configuration
            .metrics
            .iter()
            .filter_map(|entry| entry.metric_stat.as_ref())
            .filter_map(|stat| stat.metric.dimensions.get(DIMENSION))
            .map(String::as_str)
            .collect();
        let mut names = gateways.iter().copied();
        match (names.next(), names.next()) {
            (Some(gateway), None) => Ok(GatewayId::from(gateway)),
            (None, _) => Err(StepError::Invalid(format!(
                "alarm {} watches no metric of a NAT gateway; only alarms with the dimension {DIMENSION} \
                 can start a recording",
                self.detail.alarm_name
            ))),
            _ => Err(StepError::Invalid(format!(
                "alarm {} watches several NAT gateways ({}); make one alarm for each, so that it is \
                 known which one to record",
                self.detail.alarm_name,
                gateways.into_iter().collect::<Vec<_>>().join(", ")
            ))),
        }
    }

    /// When the state was entered.
    ///
    /// Errors: the timestamp is none.
    pub fn entered(&self) -> Result<EpochMillis, StepError> {
        let text = &self.detail.state.timestamp;
        DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z")
            .or_else(|_| DateTime::parse_from_rfc3339(text))
            .ok()
            .and_then(|time| u64::try_from(time.timestamp_millis()).ok())
            .map(EpochMillis)
            .ok_or_else(|| {
                StepError::Invalid(format!("the alarm's event has {text:?} for a timestamp"))
            })
    }

    /// The threshold, where the event has it.
    pub fn threshold(&self) -> Option<f64> {
        let data: serde_json::Value =
            serde_json::from_str(self.detail.state.reason_data.as_deref()?).ok()?;
        data.get("threshold")?.as_f64()
    }
}

/// An event as CloudWatch sends it for an alarm on one gateway, for examples
/// and tests.
pub fn example(gateway: &str, state: &str, timestamp: &str) -> AlarmEvent {
    let metric = |name: &str| {
        serde_json::json!({
            "id": name.to_lowercase(),
            "metricStat": {
                "metric": {
                    "namespace": "AWS/NATGateway",
                    "name": name,
                    "dimensions": {DIMENSION: gateway},
                },
                "period": 60,
                "stat": "Sum",
            },
            "returnData": false,
        })
    };
    let alarm = format!("natspike/{gateway}");
    let event = serde_json::json!({
        "version": "0",
        "id": "c4c1c1c9-6542-e61b-6ef0-8c4d36933a92",
        "detail-type": "CloudWatch Alarm State Change",
        "source": "aws.cloudwatch",
        "account": "123456789012",
        "time": timestamp,
        "region": "us-east-1",
        "resources": [format!("arn:aws:cloudwatch:us-east-1:123456789012:alarm:{alarm}")],
        "detail": {
            "alarmName": alarm,
            "state": {
                "value": state,
                "reason": "Threshold Crossed",
                "reasonData": "{\"version\":\"1.0\",\"threshold\":1.0E8}",
                "timestamp": timestamp,
            },
            "previousState": {"value": "OK", "timestamp": timestamp},
            "configuration": {
                "metrics": [
                    {"id": "e1", "expression": "m1 + m2", "label": "bytes", "returnData": true},
                    metric("BytesInFromSource"),
                    metric("BytesInFromDestination"),
                ],
            },
        },
    });
    serde_json::from_value(event).expect("an event of the right shape")
}

#[cfg(test)]
mod tests {
    use super::{AlarmEvent, MetricEntry, example};
    use crate::payload::Origin;
    use crate::{EpochMillis, GatewayId};

    fn event() -> AlarmEvent {
        example("nat-0a1", "ALARM", "2026-11-20T23:44:05.123+0000")
    }

    #[test]
    fn finds_the_gateway_wherever_its_metric_stands() {
        let mut event = event();
        assert_eq!(event.gateway().unwrap(), GatewayId::from("nat-0a1"));
        event.detail.configuration.metrics.reverse();
        assert_eq!(event.gateway().unwrap(), GatewayId::from("nat-0a1"));
    }

    #[test]
    fn refuses_an_alarm_on_no_gateway_or_on_several() {
        let mut none = event();
        none.detail.configuration.metrics.truncate(1);
        assert_eq!(none.gateway().unwrap_err().name(), "Invalid");
        let mut several = event();
        let other: Vec<MetricEntry> = example("nat-0b2", "ALARM", "2026-11-20T23:44:05.123+0000")
            .detail
            .configuration
            .metrics;
        several.detail.configuration.metrics.extend(other);
        let message = several.gateway().unwrap_err().to_string();
        assert!(message.contains("nat-0a1, nat-0b2"), "{message}");
    }

    #[test]
    fn reads_time_and_threshold() {
        assert_eq!(event().entered().unwrap(), EpochMillis(1_795_218_245_123));
        assert_eq!(event().threshold(), Some(1e8));
        assert_eq!(event().origin(), Origin::Alarm);
        let mut bad = event();
        bad.detail.state.timestamp = "yesterday".to_owned();
        bad.detail.state.reason_data = Some("{".to_owned());
        assert_eq!(bad.entered().unwrap_err().name(), "Invalid");
        assert_eq!(bad.threshold(), None);
    }

    #[test]
    fn what_begins_by_hand_is_read_like_an_alarm() {
        let at = EpochMillis(1_795_218_245_123);
        let event = AlarmEvent::by_hand(&GatewayId::from("nat-0a1"), "eu-west-1", at);
        let text = serde_json::to_string(&event).unwrap();
        let event: AlarmEvent = serde_json::from_str(&text).unwrap();
        assert_eq!(event.origin(), Origin::Hand);
        assert_eq!(event.gateway().unwrap(), GatewayId::from("nat-0a1"));
        assert_eq!(event.entered().unwrap(), at);
        assert_eq!(
            (event.threshold(), event.region.as_str()),
            (None, "eu-west-1")
        );
    }
}
