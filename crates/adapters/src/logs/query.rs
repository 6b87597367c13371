//! A query of Logs Insights, from its start to its last page.
//!
//! **Invariants.** No page is given before the query is complete. The end of the time
//! is excluded here and included in the call, in seconds.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartQuery.html>

use super::{Logs, SERVICE};
use crate::aws::port_error;
use aws_sdk_cloudwatchlogs::types::{QueryStatus, ResultField};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use recorder::{FaultKind, PortError};
use std::ops::Range;
use std::time::Duration;

/// Rows that one query gives at the most.
pub const MOST_ROWS: usize = 100_000;
/// How often the state of a query is asked for.
const POLL: Duration = Duration::from_millis(500);
/// How often a query that has no place to run is tried again.
const QUEUE_TRIES: u32 = 30;
/// The wait between these tries.
const QUEUE_WAIT: Duration = Duration::from_secs(2);

/// A query that was started.
pub(super) struct Query<'a> {
    logs: &'a Logs,
    id: String,
    next: Option<String>,
    is_over: bool,
}

/// Some rows of the answer.
pub(super) struct QueryPage {
    pub(super) rows: Vec<Vec<ResultField>>,
    /// How many events the query found, whatever it gives of them.
    pub(super) matched: Option<f64>,
}

impl Logs {
    /// Starts a query over what has that time; it waits for its turn.
    pub(super) async fn start(
        &self,
        log_group: &str,
        time: &Range<u64>,
        query: &str,
        limit: usize,
    ) -> Result<Query<'_>, PortError> {
        let seconds = |time: u64| i64::try_from(time).unwrap_or(i64::MAX);
        let mut tries = QUEUE_TRIES;
        loop {
            tries -= 1;
            let answer = self
                .0
                .start_query()
                .log_group_name(log_group)
                .start_time(seconds(time.start))
                .end_time(seconds(time.end.saturating_sub(1)))
                .query_string(query)
                .limit(i32::try_from(limit).unwrap_or(i32::MAX))
                .send()
                .await;
            match answer {
                Ok(answer) => {
                    let id = answer.query_id;
                    return Ok(Query {
                        logs: self,
                        id: id.ok_or_else(|| inexact("the answer names no query"))?,
                        next: None,
                        is_over: false,
                    });
                }
                // The account's queries, dashboards included, share 100 places.
                Err(error) if tries > 0 && error.code() == Some("LimitExceededException") => {
                    tokio::time::sleep(QUEUE_WAIT).await;
                }
                Err(error) => return Err(port_error(SERVICE, "StartQuery", error)),
            }
        }
    }
}

impl Query<'_> {
    /// The next page; `None` after the last one.
    pub(super) async fn page(&mut self) -> Result<Option<QueryPage>, PortError> {
        while !self.is_over {
            let page = self
                .logs
                .0
                .get_query_results()
                .query_id(&self.id)
                .set_next_token(self.next.clone())
                .send()
                .await
                .map_err(|error| port_error(SERVICE, "GetQueryResults", error))?;
            match page.status {
                Some(QueryStatus::Complete) => {}
                Some(QueryStatus::Scheduled | QueryStatus::Running) => {
                    tokio::time::sleep(POLL).await;
                    continue;
                }
                status => {
                    let status = status.map_or("unknown".to_owned(), |s| s.to_string());
                    return Err(inexact(&format!(
                        "the query ended as {status}; shorten the time with --since and --until"
                    )));
                }
            }
            self.is_over = page.next_token.is_none();
            self.next = page.next_token;
            return Ok(Some(QueryPage {
                rows: page.results.unwrap_or_default(),
                matched: page.statistics.map(|statistics| statistics.records_matched),
            }));
        }
        Ok(None)
    }
}

/// An answer that cannot be worked with.
pub(super) fn inexact(text: &str) -> PortError {
    PortError {
        service: SERVICE,
        operation: "GetQueryResults",
        kind: FaultKind::Unavailable,
        source: text.to_owned().into(),
    }
}
