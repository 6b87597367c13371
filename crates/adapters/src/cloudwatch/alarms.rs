//! Alarms and the states that they are in.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html>

use super::{CloudWatch, SERVICE};
use crate::aws::port_error;
use recorder::PortError;

/// An alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// Its name.
    pub name: String,
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub state: String,
}

impl CloudWatch {
    /// The alarms whose names begin so, by name.
    pub async fn alarms(&self, prefix: &str) -> Result<Vec<Alarm>, PortError> {
        let mut alarms = Vec::new();
        let mut next = None;
        loop {
            let page = self
                .0
                .describe_alarms()
                .alarm_name_prefix(prefix)
                .set_next_token(next)
                .send()
                .await
                .map_err(|error| port_error(SERVICE, "DescribeAlarms", error))?;
            let found = page.metric_alarms.unwrap_or_default().into_iter();
            alarms.extend(found.filter_map(|alarm| {
                Some(Alarm {
                    name: alarm.alarm_name?,
                    state: alarm.state_value?.as_str().to_owned(),
                })
            }));
            next = page.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                break;
            }
        }
        alarms.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(alarms)
    }
}
