//! Times as users write them: ago, epoch seconds, ISO 8601, days.
//!
//! **Invariants.** A time without an offset is UTC, as in the names of log
//! folders. What can be read in two ways is refused, not guessed.

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime};
use std::ops::Range;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// 1973-03-03: a number below this is a date without hyphens or a year.
const FIRST_EPOCH: u64 = 100_000_000;
/// The year 5138: a number above this counts milliseconds.
const LAST_EPOCH: u64 = 99_999_999_999;

/// Why a text is no time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DateError {
    /// The text is in none of the forms.
    #[error(
        "{0:?} is not a time; write it as 30m, 2h or 3d ago (s m h d w M y), \
         2026-11-20T08:30, epoch seconds, or now"
    )]
    NotATime(String),
    /// The number is too large for seconds.
    #[error("{0} is a time in milliseconds; give epoch seconds: {seconds}", seconds = .0 / 1000)]
    Milliseconds(u64),
    /// The text is not a day.
    #[error("{0:?} is not a day; write it as 2026-11-20, or 2026-11-18..2026-11-20")]
    NotADay(String),
    /// The end is not after the beginning.
    #[error("the time from {from} to {to} is empty; --until must come after --since")]
    Empty {
        /// The beginning.
        from: String,
        /// The end.
        to: String,
    },
}

/// Unix seconds of a time, where `now` is the present.
pub(crate) fn time(text: &str, now: u64) -> Result<u64, DateError> {
    let text = text.trim();
    if text == "now" {
        return Ok(now);
    }
    if let Some(ago) = ago(text) {
        return Ok(now.saturating_sub(ago));
    }
    if let Ok(number) = text.parse::<u64>() {
        return match number {
            ..FIRST_EPOCH => Err(DateError::NotATime(text.to_owned())),
            FIRST_EPOCH..=LAST_EPOCH => Ok(number),
            _ => Err(DateError::Milliseconds(number)),
        };
    }
    iso(text)
        .and_then(|seconds| u64::try_from(seconds).ok())
        .ok_or_else(|| DateError::NotATime(text.to_owned()))
}

/// Seconds of `30s 5m 1h 3d 2w 1M 1y`; a month has 30 days, a year 365.
fn ago(text: &str) -> Option<u64> {
    let unit = match text.chars().last()? {
        's' => 1,
        'm' => MINUTE,
        'h' => HOUR,
        'd' => DAY,
        'w' => 7 * DAY,
        'M' => 30 * DAY,
        'y' => 365 * DAY,
        _ => return None,
    };
    let number = &text[..text.len() - 1];
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| number.parse::<u64>().ok()?.checked_mul(unit))?
}

fn iso(text: &str) -> Option<i64> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.timestamp());
    }
    // A space stands for the T, and the offset may be short or missing.
    let text = text.replacen(' ', "T", 1);
    for form in ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z"] {
        if let Ok(time) = DateTime::parse_from_str(&text, form) {
            return Some(time.timestamp());
        }
    }
    let bare = text.strip_suffix('Z').unwrap_or(&text);
    for form in ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"] {
        if let Ok(time) = NaiveDateTime::parse_from_str(bare, form) {
            return Some(time.and_utc().timestamp());
        }
    }
    Some(midnight(parse_day(&text)?))
}

fn parse_day(text: &str) -> Option<NaiveDate> {
    // chrono would also take 2026-1-2, which may be a typing error.
    let shape = text.len() == 10 && text.is_ascii();
    shape.then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok())?
}

fn midnight(day: NaiveDate) -> i64 {
    day.and_time(NaiveTime::MIN).and_utc().timestamp()
}

/// The UTC day, or days with both ends included (`2026-11-18..2026-11-20`).
pub(crate) fn days(text: &str) -> Result<Range<u64>, DateError> {
    let refused = || DateError::NotADay(text.to_owned());
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    let first = parse_day(first.trim()).ok_or_else(refused)?;
    let last = parse_day(last.trim()).ok_or_else(refused)?;
    let after = last.checked_add_days(Days::new(1)).ok_or_else(refused)?;
    let from = u64::try_from(midnight(first)).map_err(|_| refused())?;
    let to = u64::try_from(midnight(after)).map_err(|_| refused())?;
    range(from, to)
}

/// The time from the one to the other, the end excluded.
pub(crate) fn range(from: u64, to: u64) -> Result<Range<u64>, DateError> {
    if from < to {
        Ok(from..to)
    } else {
        Err(DateError::Empty {
            from: text(from),
            to: text(to),
        })
    }
}

/// `2026-11-20T08:30:00Z`.
pub(crate) fn text(seconds: u64) -> String {
    i64::try_from(seconds)
        .ok()
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
        .map_or_else(
            || seconds.to_string(),
            |time| time.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        )
}

#[cfg(test)]
mod tests {
    use super::{DateError, days, range, text, time};

    const NOW: u64 = 1_795_161_600; // 2026-11-20T08:00:00Z

    #[test]
    fn reads_every_form_of_a_time() {
        for (form, expected) in [
            ("now", NOW),
            ("30s", NOW - 30),
            ("5m", NOW - 300),
            ("1h", NOW - 3_600),
            ("3d", NOW - 3 * 86_400),
            ("2w", NOW - 14 * 86_400),
            ("1M", NOW - 30 * 86_400),
            ("1y", NOW - 365 * 86_400),
            ("0s", NOW),
            ("9999y", 0),
            ("1795161600", NOW),
            ("2026-11-20T08:00:00", NOW),
            ("2026-11-20 08:00:00", NOW),
            ("2026-11-20T08:00:00Z", NOW),
            ("2026-11-20 08:00:00Z", NOW),
            ("2026-11-20T08:00:00.500Z", NOW),
            ("2026-11-20T09:00:00+01:00", NOW),
            ("2026-11-20T09:00:00+0100", NOW),
            ("2026-11-20T09:00+01", NOW),
            ("2026-11-20T08:00", NOW),
            ("2026-11-20 08:00Z", NOW),
            ("2026-11-20", NOW - 8 * 3_600),
            (" 2026-11-20 ", NOW - 8 * 3_600),
        ] {
            assert_eq!(time(form, NOW), Ok(expected), "{form}");
        }
    }

    #[test]
    fn refuses_what_is_no_time() {
        for form in [
            "",
            "yesterday",
            "h",
            "-1h",
            "1.5h",
            "+3d",
            "5 m",
            "20261120",
            "2026",
            "2026-13-01",
            "2026-02-30",
            "2026-1-2",
            "1969-12-31",
            "1h ago",
            "99999999999999999999d",
            "2026-11-20T25:00",
        ] {
            assert_eq!(
                time(form, NOW),
                Err(DateError::NotATime(form.to_owned())),
                "{form}"
            );
        }
        let message = time("1795161600000", NOW).map_err(|error| error.to_string());
        assert!(message.unwrap_err().ends_with("epoch seconds: 1795161600"));
    }

    #[test]
    fn reads_days_with_both_ends() {
        let midnight = NOW - 8 * 3_600;
        assert_eq!(days("2026-11-20"), Ok(midnight..midnight + 86_400));
        assert_eq!(
            days("2026-11-18..2026-11-20"),
            Ok(midnight - 2 * 86_400..midnight + 86_400)
        );
        for form in ["", "20.11.2026", "2026-11-20..", "..", "2026-11-20T00:00"] {
            assert_eq!(days(form), Err(DateError::NotADay(form.to_owned())));
        }
        assert!(days("2026-11-20..2026-11-18").is_err());
    }

    #[test]
    fn an_empty_time_is_an_error_that_shows_it() {
        assert_eq!(
            range(NOW, NOW).map_err(|error| error.to_string()),
            Err(
                "the time from 2026-11-20T08:00:00Z to 2026-11-20T08:00:00Z is empty; \
                 --until must come after --since"
                    .to_owned()
            )
        );
    }

    #[test]
    fn writes_times() {
        assert_eq!(text(NOW), "2026-11-20T08:00:00Z");
        assert_eq!(text(u64::MAX), u64::MAX.to_string());
    }
}
