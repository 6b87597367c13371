//! How far reading has come, on a terminal or for whoever watches it.
//!
//! **Invariants.** Nothing is shown where standard error is no terminal, nothing
//! where somebody else watches, and nothing for what takes less than a second. What is shown is gone before the
//! report is written.

use adapters::files::{Meter, Reading};
use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, stderr};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// What takes less than this needs no progress.
const SHORT: Duration = Duration::from_secs(1);
/// How often it is drawn.
const TICK: Duration = Duration::from_millis(200);

const WITH_TOTAL: &str = "{bar:25} {percent:>3} %  {msg}  {eta} left";
const WITHOUT_TOTAL: &str = "{spinner} {msg}  {elapsed}";

/// How much there is to read; 0 where that is not known.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Total {
    /// Files or objects.
    pub(crate) files: u64,
    /// Bytes as they are stored.
    pub(crate) bytes: u64,
}

/// Reading that somebody else watches, and may cancel.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    meter: Arc<Meter>,
    total: Mutex<Total>,
}

impl Watched {
    /// What was read so far.
    pub(crate) fn reading(&self) -> Reading {
        self.meter.reading()
    }

    /// How much there is to read.
    pub(crate) fn total(&self) -> Total {
        *self.total.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends reading as soon as it can end.
    pub(crate) fn cancel(&self) {
        self.meter.cancel();
    }

    /// Whether it was to end.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.meter.is_cancelled()
    }
}

/// Who is told how far reading has come.
#[derive(Debug, Clone, Default)]
pub(crate) enum Shown {
    /// A terminal, if there is one.
    #[default]
    Terminal,
    /// Somebody else.
    To(Arc<Watched>),
}

impl Shown {
    /// What counts.
    pub(crate) fn meter(&self) -> Arc<Meter> {
        match self {
            Shown::Terminal => Arc::default(),
            Shown::To(watched) => Arc::clone(&watched.meter),
        }
    }

    /// Does the work and shows meanwhile what the meter says.
    pub(crate) fn during<T>(
        &self,
        meter: &Meter,
        total: Total,
        quiet: bool,
        work: impl FnOnce() -> T,
    ) -> T {
        match self {
            Shown::Terminal => during(meter, total, quiet, work),
            Shown::To(watched) => {
                *watched.total.lock().unwrap_or_else(PoisonError::into_inner) = total;
                work()
            }
        }
    }
}

fn during<T>(meter: &Meter, total: Total, quiet: bool, work: impl FnOnce() -> T) -> T {
    if quiet || !stderr().is_terminal() {
        return work();
    }
    thread::scope(|scope| {
        // Gone when the work is, however that ends.
        let (_working, done) = channel::<()>();
        scope.spawn(move || {
            let begin = Instant::now();
            let mut wait = SHORT;
            let mut bar = None;
            while done.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                wait = TICK;
                let bar = bar.get_or_insert_with(|| new_bar(total).with_elapsed(begin.elapsed()));
                let reading = meter.reading();
                bar.set_position(reading.bytes);
                bar.set_message(sentence(reading, total, begin.elapsed()));
            }
            if let Some(bar) = bar {
                bar.finish_and_clear();
            }
        });
        work()
    })
}

fn new_bar(total: Total) -> ProgressBar {
    let (length, template) = match total.bytes {
        0 => (None, WITHOUT_TOTAL),
        bytes => (Some(bytes), WITH_TOTAL),
    };
    let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}

fn sentence(reading: Reading, total: Total, since: Duration) -> String {
    let files = match total.files {
        0 => HumanCount(reading.files).to_string(),
        files => format!("{} of {}", HumanCount(reading.files), HumanCount(files)),
    };
    let bytes = match total.bytes {
        0 => HumanBytes(reading.bytes).to_string(),
        bytes => format!("{} of {}", HumanBytes(reading.bytes), HumanBytes(bytes)),
    };
    let rate = u128::from(reading.records) * 1_000 / since.as_millis().max(1);
    let rate = HumanCount(u64::try_from(rate).unwrap_or(u64::MAX));
    format!("{files} files, {bytes}, {rate} records/s")
}

#[cfg(test)]
mod tests {
    use super::{Total, new_bar, sentence};
    use adapters::files::Reading;
    use std::time::Duration;

    #[test]
    fn says_files_bytes_and_records_with_and_without_totals() {
        let reading = Reading {
            files: 3,
            bytes: 5 << 20,
            records: 6_000_000,
        };
        let total = Total {
            files: 1_200,
            bytes: 10 << 20,
        };
        for (total, expected) in [
            (
                total,
                "3 of 1,200 files, 5.00 MiB of 10.00 MiB, 2,000,000 records/s",
            ),
            (Total::default(), "3 files, 5.00 MiB, 2,000,000 records/s"),
        ] {
            assert_eq!(sentence(reading, total, Duration::from_secs(3)), expected);
            assert!(!new_bar(total).is_finished());
        }
    }
}
