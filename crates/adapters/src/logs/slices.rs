//! A log group read by slices of time, several at once.
//!
//! FilterLogEvents gives at most 1 MB or 10,000 events a call and each call
//! needs the token of the one before, so one reader alone waits most of the
//! time. How many calls a second a region takes is a quota that cannot be
//! raised.
//!
//! **Invariants.** Slices do not overlap and leave nothing out. A slice joins
//! the table only when it was read to its end. Calls start no faster than the
//! region's quota, less one for whoever else calls.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html>

use super::{Events, Logs, millis, push, unreadable};
use flowlog::FlowTable;
use recorder::{EpochSeconds, PortError};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// No slice is shorter: AWS's shortest aggregation interval.
const SHORTEST: u64 = 60;
/// How many slices a long time is cut into.
const MOST: u64 = 128;
/// Slices under way at a time; each holds a page and a table.
const READERS: usize = 12;

/// A slice that could not be read.
#[derive(Debug)]
pub struct Missing {
    /// Its time, in Unix seconds, the end excluded.
    pub time: Range<u64>,
    /// Why.
    pub error: PortError,
}

/// Told of each page: bytes and records.
pub type Seen = Arc<dyn Fn(u64, u64) + Send + Sync>;

/// Reads the records of these events that began in that time; before `quiet_until` hardly any
/// did, so that is one slice. Each slice starts with a copy of
/// `empty`, which may know the layout.
///
/// Returns what was read and what was not. Errors: the first slice that fails,
/// unless told to go on.
pub async fn gather(
    logs: &Logs,
    events: Events<'_>,
    time: Range<u64>,
    quiet_until: u64,
    empty: &FlowTable,
    keep_going: bool,
    seen: Seen,
) -> Result<(FlowTable, Vec<Missing>), Missing> {
    let region = logs.0.config().region().map(ToString::to_string);
    let pace = Arc::new(Pace::new(calls_per_second(region.as_deref()) - 1));
    let readers = Arc::new(Semaphore::new(READERS));
    let slices = slices(&time, quiet_until);
    let mut tasks = JoinSet::new();
    for slice in slices {
        let reader = Reader {
            logs: logs.clone(),
            log_group: events.log_group.to_owned(),
            word: events.word.map(str::to_owned),
            pace: Arc::clone(&pace),
            seen: Arc::clone(&seen),
        };
        let (readers, table) = (Arc::clone(&readers), empty.clone());
        tasks.spawn(async move {
            // Closed for programs that are ending only.
            let _turn = readers.acquire_owned().await;
            let read = reader.read(&slice, table).await;
            read.map_err(|error| Missing { time: slice, error })
        });
    }
    let mut whole = empty.clone();
    let mut missing = Vec::new();
    while let Some(done) = tasks.join_next().await {
        match done.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic())) {
            Ok(table) => whole.merge(table),
            Err(failed) if keep_going => missing.push(failed),
            Err(failed) => return Err(failed),
        }
    }
    missing.sort_by_key(|missing| missing.time.start);
    Ok((whole, missing))
}

struct Reader {
    logs: Logs,
    log_group: String,
    word: Option<String>,
    pace: Arc<Pace>,
    seen: Seen,
}

impl Reader {
    async fn read(&self, slice: &Range<u64>, mut table: FlowTable) -> Result<FlowTable, PortError> {
        // Ends are included in the call, so the next slice's begins after it.
        let from = millis(EpochSeconds(slice.start));
        let to = millis(EpochSeconds(slice.end)) - 1;
        table.begin_source(&format!("logs://{} from {}", self.log_group, slice.start));
        let mut next = None;
        loop {
            self.pace.turn().await;
            let page = self
                .logs
                .page(&self.log_group, from, to, self.word.as_deref(), next)
                .await?;
            push(&page, &mut table)?;
            let bytes = page.messages.iter().map(|message| message.len() as u64);
            (self.seen)(bytes.sum(), page.messages.len() as u64);
            // An empty page may have a successor.
            next = page.next;
            if next.is_none() {
                table.end_source().map_err(unreadable)?;
                return Ok(table);
            }
        }
    }
}

fn slices(time: &Range<u64>, quiet_until: u64) -> Vec<Range<u64>> {
    let begin = quiet_until.clamp(time.start, time.end.max(time.start));
    let length = time.end.saturating_sub(begin);
    let step = length.div_ceil(MOST).max(SHORTEST);
    let quiet = (time.start < begin).then_some(time.start..begin);
    let others = (0..length.div_ceil(step)).map(|index| {
        let start = begin + index * step;
        start..(start + step).min(time.end)
    });
    quiet.into_iter().chain(others).collect()
}

/// FilterLogEvents calls a second that the region takes from one account.
fn calls_per_second(region: Option<&str>) -> u32 {
    match region {
        Some("us-east-1") => 25,
        Some(
            "eu-central-1" | "ap-northeast-3" | "ap-southeast-3" | "ca-west-1" | "il-central-1",
        ) => 5,
        _ => 10,
    }
}

/// Lets calls start at even distances.
struct Pace {
    distance: Duration,
    next: Mutex<Instant>,
}

impl Pace {
    fn new(per_second: u32) -> Pace {
        Pace {
            distance: Duration::from_secs(1) / per_second.max(1),
            next: Mutex::new(Instant::now()),
        }
    }

    async fn turn(&self) {
        let turn = {
            let mut next = self.next.lock().await;
            let turn = (*next).max(Instant::now());
            *next = turn + self.distance;
            turn
        };
        tokio::time::sleep_until(turn).await;
    }
}

#[cfg(test)]
mod tests {
    use super::{Pace, calls_per_second, slices};
    use std::time::{Duration, Instant};

    #[test]
    fn slices_cover_the_time_and_do_not_overlap() {
        for (time, quiet_until, count) in [
            (0..0, 0, 0),
            (5..6, 0, 1),
            (0..60, 0, 1),
            (0..61, 0, 2),
            (1_000..4_600, 0, 60),
            (0..86_400, 0, 128),
            (7..31_536_007, 0, 128),
            (0..1_000_120, 1_000_000, 3),
            (0..1_000, 1_000_000, 1),
        ] {
            let slices = slices(&time, quiet_until);
            assert_eq!(slices.len(), count, "{time:?}");
            let mut at = time.start;
            for slice in slices {
                assert_eq!(slice.start, at);
                assert!(slice.end > slice.start);
                at = slice.end;
            }
            assert_eq!(at, time.end);
        }
    }

    #[test]
    fn every_region_has_a_pace() {
        for (region, calls) in [
            (Some("us-east-1"), 25),
            (Some("eu-central-1"), 5),
            (Some("eu-west-1"), 10),
            (None, 10),
        ] {
            assert_eq!(calls_per_second(region), calls);
        }
    }

    #[tokio::test]
    async fn calls_start_at_even_distances() {
        let pace = Pace::new(100);
        let start = Instant::now();
        for _ in 0..6 {
            pace.turn().await;
        }
        assert!(start.elapsed() >= Duration::from_millis(49));
    }
}
