//! Amazon CloudWatch Logs: recorded flow-log records.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html>

use crate::aws::port_error;
use aws_config::SdkConfig;
use aws_sdk_cloudwatchlogs::Client;
use flowlog::FlowTable;
use recorder::port::Records;
use recorder::{EpochSeconds, FaultKind, PortError};

const SERVICE: &str = "logs";
const OPERATION: &str = "FilterLogEvents";

/// The client.
pub struct Logs(Client);

impl Logs {
    /// A client with that configuration.
    pub fn new(config: &SdkConfig) -> Logs {
        Logs(Client::new(config))
    }
}

impl Records for Logs {
    async fn read(
        &self,
        log_group: &str,
        from: EpochSeconds,
        to: EpochSeconds,
        table: &mut FlowTable,
    ) -> Result<(), PortError> {
        let mut next = None;
        // A page may be empty and still have a successor; only the missing
        // token says that there is no more.
        loop {
            let page = self
                .0
                .filter_log_events()
                .log_group_name(log_group)
                .start_time(millis(from))
                .end_time(millis(to))
                .set_next_token(next)
                .send()
                .await
                .map_err(|error| port_error(SERVICE, OPERATION, error))?;
            for message in page.events().iter().filter_map(|event| event.message()) {
                table
                    .push(message.as_bytes())
                    .and_then(|()| table.push(b"\n"))
                    .map_err(|error| PortError {
                        service: SERVICE,
                        operation: OPERATION,
                        kind: FaultKind::Invalid,
                        source: Box::new(error),
                    })?;
            }
            next = page.next_token;
            if next.is_none() {
                return Ok(());
            }
        }
    }
}

fn millis(time: EpochSeconds) -> i64 {
    i64::try_from(time.0.saturating_mul(1_000)).unwrap_or(i64::MAX)
}
