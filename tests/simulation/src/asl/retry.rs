//! Retry and Catch: which errors they match, and how long a retry waits.

use super::Refusal;
use super::fields::Fields;
use super::path::Path;
use serde_json::Value;

const ALL: &str = "States.ALL";

/// Errors that no wildcard matches.
const TERMINAL: [&str; 2] = ["States.Runtime", "States.DataLimitExceeded"];

/// One entry of Retry.
#[derive(Debug)]
pub(crate) struct Retrier {
    errors: Vec<String>,
    interval_seconds: u64,
    backoff_rate: f64,
    max_delay_seconds: Option<u64>,
    max_attempts: u64,
}

/// One entry of Catch.
#[derive(Debug)]
pub(crate) struct Catcher {
    errors: Vec<String>,
    /// `None` discards the error.
    pub(crate) result_path: Option<Path>,
    pub(crate) next: String,
}

fn entries<'a>(fields: &mut Fields<'a>, name: &str) -> Result<Vec<Fields<'a>>, Refusal> {
    let Some(value) = fields.take(name) else {
        return Ok(Vec::new());
    };
    let list = value
        .as_array()
        .ok_or_else(|| fields.refuse(format!("{name} is no list")))?;
    list.iter()
        .map(|entry| Fields::of(fields.place(), entry))
        .collect()
}

fn errors(entry: &mut Fields, is_last: bool) -> Result<Vec<String>, Refusal> {
    let names: Vec<String> = entry
        .need("ErrorEquals")?
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect();
    if names.is_empty() {
        return Err(entry.refuse("ErrorEquals names nothing"));
    }
    if names.iter().any(|name| name == ALL) && (names.len() > 1 || !is_last) {
        return Err(entry.refuse("States.ALL must stand alone, in the last entry"));
    }
    Ok(names)
}

pub(crate) fn retriers(fields: &mut Fields) -> Result<Vec<Retrier>, Refusal> {
    let entries = entries(fields, "Retry")?;
    let last = entries.len().saturating_sub(1);
    let read = |(at, mut entry): (usize, Fields)| {
        entry.skip("Comment");
        let errors = errors(&mut entry, at == last)?;
        match entry.text("JitterStrategy")?.as_deref() {
            None | Some("FULL" | "NONE") => {}
            Some(other) => {
                return Err(entry.refuse(format!("the jitter {other} is not implemented")));
            }
        }
        let backoff_rate = entry.take("BackoffRate").map_or(Some(2.0), Value::as_f64);
        let retrier = Retrier {
            errors,
            interval_seconds: entry.number("IntervalSeconds")?.unwrap_or(1),
            backoff_rate: backoff_rate
                .filter(|rate| *rate >= 1.0)
                .ok_or_else(|| entry.refuse("BackoffRate is no number from 1"))?,
            max_delay_seconds: entry.number("MaxDelaySeconds")?,
            max_attempts: entry.number("MaxAttempts")?.unwrap_or(3),
        };
        entry.finish()?;
        Ok(retrier)
    };
    entries.into_iter().enumerate().map(read).collect()
}

pub(crate) fn catchers(fields: &mut Fields) -> Result<Vec<Catcher>, Refusal> {
    let entries = entries(fields, "Catch")?;
    let last = entries.len().saturating_sub(1);
    let read = |(at, mut entry): (usize, Fields)| {
        entry.skip("Comment");
        let catcher = Catcher {
            errors: errors(&mut entry, at == last)?,
            result_path: entry.reference("ResultPath")?,
            next: entry.need_text("Next")?,
        };
        entry.finish()?;
        Ok(catcher)
    };
    entries.into_iter().enumerate().map(read).collect()
}

fn names(errors: &[String], error: &str) -> bool {
    errors.iter().any(|name| match name.as_str() {
        ALL => !TERMINAL.contains(&error),
        "States.TaskFailed" => error != "States.Timeout" && !TERMINAL.contains(&error),
        name => name == error,
    })
}

impl Catcher {
    pub(crate) fn catches(&self, error: &str) -> bool {
        names(&self.errors, error)
    }
}

impl Retrier {
    pub(crate) fn retries(&self, error: &str) -> bool {
        names(&self.errors, error)
    }

    /// How long to wait before another attempt, after so many; `None` when
    /// there have been enough. Full jitter waits at most that long; the longest
    /// is taken, so that a run is the same every time.
    pub(crate) fn delay_millis(&self, attempts: u64) -> Option<u64> {
        if attempts >= self.max_attempts {
            return None;
        }
        let exponent = i32::try_from(attempts).unwrap_or(i32::MAX);
        let seconds = self.interval_seconds as f64 * self.backoff_rate.powi(exponent);
        let most = self.max_delay_seconds.unwrap_or(31_622_400) as f64;
        Some((seconds.min(most) * 1_000.0) as u64)
    }
}
