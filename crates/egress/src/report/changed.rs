//! What changed, in words: what the gateway moved more than before its alarm,
//! and what is new since its last recording.
//!
//! **Invariants.** Two bounds that are the same as they are shown are said once.

use super::text::{Section, grouped, percent, prose, time, whole_percent};
use super::{NamedShare, Report, Share};
use crate::increase::{Increase, Part};
use crate::last::{Grown, New, Since};
use crate::price::Money;
use rust_decimal::dec;
use serde_json::{Value, json};

/// The title in every form.
pub(crate) const TITLE: &str = "What changed";
/// What stands below it in text, and where no alarm began it.
const HEAD: &str = "beside the time before the alarm, and the last recording";
const HEAD_BY_HAND: &str = "beside the time before the recording, and the last recording";
/// How many rows of a kind are shown at the most.
const SHOWN: usize = 5;
/// The least that a row may have of the increase to be shown.
const LEAST: Money = dec!(0.01);
/// How wide a name may be to stand in its row.
const NAME: usize = 15;

/// Everything there is to say, a sentence each.
pub(crate) fn sentences(report: &Report) -> Vec<String> {
    let increase = report.increase.as_ref().map(arithmetic);
    let since = report.since_last.iter().flat_map(since);
    increase.into_iter().chain(since).collect()
}

/// What is usual, what was recorded, and what that is more.
fn arithmetic(increase: &Increase) -> String {
    let baseline = &increase.baseline;
    let rise = match baseline.left_out {
        0 => String::new(),
        1 => "; the minute after them is the rise itself and left out".to_owned(),
        more => format!("; the {more} minutes after them are the rise itself and left out"),
    };
    format!(
        "Usual were {per_minute} bytes a minute: the median of {} minutes from {} to {}{rise}. \
         Recorded were {} bytes in {} s, usual would have been {per_minute} x {} / 60 = {}: \
         {} bytes more.",
        baseline.minutes,
        time(baseline.from),
        time(baseline.to),
        grouped(increase.recorded),
        increase.seconds,
        increase.seconds,
        grouped(increase.usual),
        grouped(increase.bytes),
        per_minute = grouped(baseline.per_minute),
    )
}

/// The increase by kind of row: what the rows are, and the largest of them.
pub(crate) fn lists(report: &Report) -> Vec<(&'static str, Vec<NamedShare>)> {
    let groups = report.group_rows();
    let who = match groups.is_empty() {
        true => ("source", report.source_rows()),
        false => ("owner", groups),
    };
    let to = [
        ("service", report.service_rows("-")),
        ("destination", report.destination_rows()),
    ];
    let large = |row: &NamedShare| row.2.increase.is_some_and(|part| part.at_most >= LEAST);
    std::iter::once(who)
        .chain(to)
        .map(|(kind, rows)| (kind, rows.into_iter().filter(large).take(SHOWN).collect()))
        .filter(|(_, rows): &(_, Vec<NamedShare>)| !rows.is_empty())
        .collect()
}

/// `at least 61 %, at most 74 %`, or one figure where they are shown the same.
pub(crate) fn bounds(part: Part) -> String {
    let (least, most) = (whole_percent(part.at_least), whole_percent(part.at_most));
    match least == most {
        true => least,
        false => format!("at least {least}, at most {most}"),
    }
}

/// The section of text forms, where there is something to say.
pub(crate) fn section(report: &Report) -> Option<Section> {
    let mut lines: Vec<String> = sentences(report)
        .iter()
        .flat_map(|sentence| prose(sentence, ""))
        .collect();
    if lines.is_empty() {
        return None;
    }
    for (kind, rows) in lists(report) {
        lines.push(format!("{kind:<NAME$} {:>18}   of the increase", "bytes"));
        lines.extend(rows.iter().flat_map(|(name, _, share)| row(name, *share)));
    }
    Some(Section {
        title: TITLE,
        head: match &report.recorded {
            Some(recorded) if recorded.is_by_hand() => HEAD_BY_HAND.to_owned(),
            _ => HEAD.to_owned(),
        },
        rows: lines,
        hidden: 0,
    })
}

fn row(name: &str, share: Share) -> Vec<String> {
    let part = share.increase.map_or_else(String::new, bounds);
    let figures = |name: &str| format!("{name:<NAME$} {:>18}   {part}", grouped(share.bytes));
    match name.chars().count() > NAME {
        true => vec![name.to_owned(), figures("")],
        false => vec![figures(name)],
    }
}

fn since(since: &Since) -> Vec<String> {
    // To the minute.
    let when = time(since.from);
    let when = format!("{} UTC", when.get(..16).unwrap_or(&when));
    let mut said = Vec::new();
    if since.new.is_empty() {
        said.push(format!(
            "Nothing with 1 % of the bytes or more is new since the recording of {when}."
        ));
    } else {
        said.push(format!(
            "New since the recording of {when}, where it had less than 0.1 % if anything: {}.",
            some(since.new.iter().map(new))
        ));
    }
    if !since.grown.is_empty() {
        said.push(format!(
            "At least twice as much a minute as then: {}.",
            some(since.grown.iter().map(grown))
        ));
    }
    said
}

/// The first of them, and how many more there are.
fn some(all: impl ExactSizeIterator<Item = String>) -> String {
    let more = all.len().saturating_sub(SHOWN);
    let shown: Vec<String> = all.take(SHOWN).collect();
    match more {
        0 => shown.join("; "),
        more => format!("{}; {more} more", shown.join("; ")),
    }
}

fn new(row: &New) -> String {
    let of = row
        .of
        .as_ref()
        .map_or_else(String::new, |of| format!(" ({of})"));
    let share = percent(row.share.share);
    format!("{} {}{of} with {share}", row.kind.name(), row.name)
}

fn grown(row: &Grown) -> String {
    let (now, before) = (grouped(row.now), grouped(row.before));
    format!(
        "{} {} with {now} bytes after {before}",
        row.kind.name(),
        row.name
    )
}

/// For JSON: the increase as a whole.
pub(crate) fn increase(increase: &Increase, bytes: fn(u128) -> Value) -> Value {
    let baseline = &increase.baseline;
    json!({
        "baseline": {
            "bytes_per_minute": bytes(baseline.per_minute),
            "from": baseline.from,
            "to": baseline.to,
            "minutes": baseline.minutes,
            "left_out": baseline.left_out,
        },
        "seconds": increase.seconds,
        "usual": bytes(increase.usual),
        "recorded": bytes(increase.recorded),
        "bytes": bytes(increase.bytes),
    })
}

/// For JSON: what is new or has grown.
pub(crate) fn since_last(since: &Since, bytes: fn(u128) -> Value) -> Value {
    json!({
        "from": since.from,
        "to": since.to,
        "new": since.new.iter().map(|row| json!({
            "kind": row.kind.name(),
            "name": row.name,
            "of": row.of,
            "bytes": bytes(row.share.bytes),
        })).collect::<Vec<_>>(),
        "grown": since.grown.iter().map(|row| json!({
            "kind": row.kind.name(),
            "name": row.name,
            "bytes_per_minute": bytes(row.now),
            "bytes_per_minute_then": bytes(row.before),
        })).collect::<Vec<_>>(),
    })
}
