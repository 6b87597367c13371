//! Records one by one where there is no FilterLogEvents: through Logs Insights.
//!
//! A log group of class INFREQUENT_ACCESS answers queries only, and a query gives
//! [`MOST_ROWS`] messages at the most. So the time is cut until each slice has fewer.
//!
//! **Invariants.** Slices do not overlap and leave nothing out: a message that was
//! delivered twice counts twice, as it does elsewhere. A slice joins the table only
//! when its query gave less than it could have given. Flow logs date events by whole
//! seconds, so a second is the shortest slice; one that is too large still is an
//! error. How many messages a query found only decides where to cut.

use super::insights::with;
use super::query::{MOST_ROWS, inexact};
use super::{Events, Logs, Missing, Seen, unreadable};
use flowlog::FlowTable;
use recorder::PortError;
use std::ops::Range;
use std::sync::Arc;
use tokio::task::JoinSet;

const QUERY: &str = "fields @message";
/// The field of a row that is the record.
const MESSAGE: &str = "@message";
/// Queries under way at a time, of the 100 that an account's users share.
const QUERIES: usize = 5;
/// Slices that one is cut into at the most.
const MOST_PARTS: u64 = 64;

/// Reads the records of these events that began in that time. Each slice starts with a copy of
/// `empty`, which may know the layout.
///
/// Returns what was read and what was not. Errors: the first slice that fails,
/// unless told to go on.
pub async fn gather(
    logs: &Logs,
    events: Events<'_>,
    time: Range<u64>,
    empty: &FlowTable,
    keep_going: bool,
    seen: Seen,
) -> Result<(FlowTable, Vec<Missing>), Missing> {
    by_slices(logs, events, time, empty, keep_going, seen, MOST_ROWS).await
}

/// As [`gather`], of queries that give so many rows at the most.
async fn by_slices(
    logs: &Logs,
    events: Events<'_>,
    time: Range<u64>,
    empty: &FlowTable,
    keep_going: bool,
    seen: Seen,
    most: usize,
) -> Result<(FlowTable, Vec<Missing>), Missing> {
    let mut waiting = vec![time];
    let mut tasks = JoinSet::new();
    let mut whole = empty.clone();
    let mut missing = Vec::new();
    loop {
        while tasks.len() < QUERIES
            && let Some(slice) = waiting.pop()
        {
            let reader = Reader {
                logs: logs.clone(),
                log_group: events.log_group.to_owned(),
                word: events.word.map(str::to_owned),
                most,
                seen: Arc::clone(&seen),
            };
            let table = empty.clone();
            tasks.spawn(async move {
                let read = reader.read(&slice, table).await;
                (slice, read)
            });
        }
        let Some(done) = tasks.join_next().await else {
            break;
        };
        let (slice, read) =
            done.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
        match read {
            Ok(Read::Whole(table)) => whole.merge(*table),
            Ok(Read::Cut { parts }) => waiting.extend(cut(&slice, parts)),
            Err(error) if keep_going => missing.push(Missing { time: slice, error }),
            Err(error) => return Err(Missing { time: slice, error }),
        }
    }
    missing.sort_by_key(|missing| missing.time.start);
    Ok((whole, missing))
}

/// What a query gave.
enum Read {
    /// All that is in the slice.
    Whole(Box<FlowTable>),
    /// Not all; so many parts may each be small enough.
    Cut { parts: u64 },
}

struct Reader {
    logs: Logs,
    log_group: String,
    word: Option<String>,
    /// Rows that a query gives at the most.
    most: usize,
    seen: Seen,
}

impl Reader {
    async fn read(&self, slice: &Range<u64>, mut table: FlowTable) -> Result<Read, PortError> {
        table.begin_source(&format!("logs://{} from {}", self.log_group, slice.start));
        let query = format!("{QUERY} | limit {}", self.most);
        let query = with(self.word.as_deref(), &query);
        let logs = &self.logs;
        let mut query = logs
            .start(&self.log_group, slice, &query, self.most)
            .await?;
        let (mut rows, mut bytes) = (0, 0);
        while let Some(page) = query.page().await? {
            rows += page.rows.len();
            let parts = self.parts(rows, page.matched);
            if parts > 1 {
                return match slice.end - slice.start {
                    0 | 1 => Err(too_many(self.most)),
                    _ => Ok(Read::Cut { parts }),
                };
            }
            for field in page.rows.into_iter().flatten() {
                if field.field.as_deref() != Some(MESSAGE) {
                    continue;
                }
                let message = field.value.unwrap_or_default();
                bytes += message.len() as u64;
                table.push(message.as_bytes()).map_err(unreadable)?;
                table.push(b"\n").map_err(unreadable)?;
            }
        }
        table.end_source().map_err(unreadable)?;
        (self.seen)(bytes, rows as u64);
        Ok(Read::Whole(Box::new(table)))
    }

    /// How many slices this one has to become; 1 where it is small enough.
    fn parts(&self, rows: usize, matched: Option<f64>) -> u64 {
        let most = self.most as f64;
        let matched = matched.filter(|matched| *matched >= most);
        if rows < self.most && matched.is_none() {
            return 1;
        }
        // Half full on average, as traffic is never even.
        let wanted = (matched.unwrap_or(most) / most * 2.0).ceil();
        (wanted as u64).clamp(2, MOST_PARTS)
    }
}

fn too_many(most: usize) -> PortError {
    inexact(&format!(
        "{most} records or more began in this second, and Logs Insights gives no more of them"
    ))
}

/// Slices of whole seconds, none of them empty.
fn cut(slice: &Range<u64>, parts: u64) -> Vec<Range<u64>> {
    let length = slice.end - slice.start;
    let step = length.div_ceil(parts).max(1);
    let parts = (0..length.div_ceil(step)).map(|part| {
        let start = slice.start + part * step;
        start..(start + step).min(slice.end)
    });
    parts.collect()
}

#[cfg(test)]
#[path = "messages_tests.rs"]
mod tests;
