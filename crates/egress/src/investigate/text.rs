//! What the forms of an investigation share: cells, figures and sentences in words.
//!
//! **Invariants.** Pure text from [`Investigation`] alone. What records do not say
//! is "-" and never 0.

use super::{By, Cell, Column, ColumnKind, Investigation, Question, Sums, Table};
use crate::report::fraction;
use crate::report::text::{gb, grouped, one_line, percent, time};

/// What records do not say.
pub(super) const UNKNOWN: &str = "-";
/// What stands in the place of no networks.
const EVERY_PRIVATE: &str = "every private address";
/// How many of the sources and networks are named.
const NAMED: usize = 5;
/// The figures of a row.
pub(super) const FIGURES: [&str; 5] = ["bytes", "GB", "packets", "flows", "share"];

/// What was asked and read: label and sentence.
pub(super) fn head(found: &Investigation) -> Vec<(&'static str, String)> {
    let question = &found.question;
    let or_private = |networks: &[String]| match networks {
        [] => EVERY_PRIVATE.to_owned(),
        networks => listed(networks),
    };
    let by = match question.by.as_str() {
        "bytes" => "by bytes".to_owned(),
        by => format!("by {by}, and so are shares"),
    };
    let rows = match question.limit {
        0 => format!("all, {by}"),
        limit => format!("at most {} a table, {by}", grouped(limit as u128)),
    };
    vec![
        ("Analysis", question.analysis.clone()),
        ("Read", listed(&question.sources)),
        ("Subject", or_private(&question.subject)),
        ("Inside", or_private(&question.inside)),
        (
            "Filter",
            question
                .filter
                .as_deref()
                .map_or("none".to_owned(), one_line),
        ),
        ("Time", times(question)),
        ("Rows", rows),
        ("Legs", one_line(&found.legs)),
        ("Records", records(found)),
    ]
}

fn listed(names: &[String]) -> String {
    let first = names.iter().take(NAMED).map(|name| one_line(name));
    let mut list = first.collect::<Vec<_>>().join(", ");
    if names.len() > NAMED {
        list += &format!(", {} more", grouped((names.len() - NAMED) as u128));
    }
    list
}

/// When records begin that count.
fn times(question: &Question) -> String {
    if question.times.is_empty() {
        return span(question.from, question.until);
    }
    let several = question.times.iter();
    let several =
        several.map(|(from, until)| format!("{} to before {}", time(*from), time(*until)));
    let several = several.collect::<Vec<_>>().join(", ");
    format!("records that begin in one of these: {several}")
}

fn span(from: Option<u64>, until: Option<u64>) -> String {
    match (from, until) {
        (None, None) => "all".to_owned(),
        (Some(from), None) => format!("records that begin from {} on", time(from)),
        (None, Some(until)) => format!("records that begin before {}", time(until)),
        (Some(from), Some(until)) => format!(
            "records that begin from {} on and before {}",
            time(from),
            time(until)
        ),
    }
}

/// What became of the lines, as a sum that adds up where it does.
fn records(found: &Investigation) -> String {
    let of = |name: &str| found.records.get(name).copied();
    let kinds = [
        ("parsed", "with data"),
        ("nodata", "NODATA"),
        ("skipdata", "SKIPDATA"),
        ("malformed", "malformed"),
    ];
    let parts: Option<Vec<u64>> = kinds.iter().map(|(name, _)| of(name)).collect();
    let (Some(read), Some(parts)) = (of("read"), parts) else {
        return plainly(found);
    };
    if parts.iter().map(|part| u128::from(*part)).sum::<u128>() != u128::from(read) {
        return plainly(found);
    }
    let summands: Vec<String> = kinds
        .iter()
        .zip(&parts)
        .map(|((_, words), part)| format!("{} {words}", number(*part)))
        .collect();
    let mut text = format!("{} read = {}", number(read), summands.join(" + "));
    let parsed = parts[0];
    if let Some(left_out) = of("left_out").filter(|out| (1..=parsed).contains(out)) {
        text += &format!(
            "; {} with data = {} that count + {} left out by subject, filter and time",
            number(parsed),
            number(parsed - left_out),
            number(left_out)
        );
    }
    if let Some(rejected) = of("rejected") {
        text += &format!("; rejected among those with data: {}", number(rejected));
    }
    text
}

fn plainly(found: &Investigation) -> String {
    let counts = found.records.iter();
    let counts = counts.map(|(name, count)| format!("{name} {}", number(*count)));
    match counts.collect::<Vec<_>>() {
        counts if counts.is_empty() => "not counted".to_owned(),
        counts => counts.join(", "),
    }
}

fn number(number: u64) -> String {
    grouped(u128::from(number))
}

/// A value in words.
pub(super) fn cell(column: &Column, cell: &Cell) -> String {
    match (cell, column.kind) {
        (Cell::Missing, _) => UNKNOWN.to_owned(),
        (Cell::Text(text), _) => one_line(text),
        (Cell::Number(value), ColumnKind::Time) => time(*value),
        (Cell::Number(value), ColumnKind::Seconds) => format!("{} s", number(*value)),
        (Cell::Number(value), _) if column.name == "protocol" => protocol(*value),
        (Cell::Number(value), _) if is_port(&column.name) => value.to_string(),
        (Cell::Number(value), _) => number(*value),
    }
}

/// Ports are numbers that name something, so they are not grouped by thousands.
fn is_port(name: &str) -> bool {
    name == "port" || name.ends_with("_port")
}

/// A protocol by IANA's number, and its name.
fn protocol(number: u64) -> String {
    let name = u8::try_from(number).ok().and_then(super::protocol::name);
    match name {
        Some(name) => format!("{number} {name}"),
        None => number.to_string(),
    }
}

/// Whether the values of the column are aligned as numbers.
pub(super) fn is_number(column: &Column) -> bool {
    match column.kind {
        ColumnKind::Number => column.name != "protocol",
        ColumnKind::Bytes | ColumnKind::Seconds => true,
        ColumnKind::Address | ColumnKind::Text | ColumnKind::Time => false,
    }
}

/// The figures in words, in the order of [`FIGURES`]; shares are of what rows are
/// ranked by.
pub(super) fn figures(found: &Investigation, sums: Sums, table: &Table) -> [String; 5] {
    let by = By::named(&found.question.by).unwrap_or_default();
    let share = match by.of(table.total) {
        0 => UNKNOWN.to_owned(),
        total => percent(fraction(by.of(sums), total)),
    };
    [
        grouped(sums.bytes),
        gb(sums.bytes),
        packets(sums).map_or(UNKNOWN.to_owned(), grouped),
        number(sums.flows),
        share,
    ]
}

/// `None` where the records are without packets: a flow has at least one.
pub(super) fn packets(sums: Sums) -> Option<u128> {
    Some(sums.packets).filter(|packets| *packets > 0 || sums.flows == 0)
}

/// What rows have that are not shown, as a sentence.
pub(super) fn rest(found: &Investigation, table: &Table) -> Option<String> {
    let rest = table.rest?;
    Some(format!(
        "and {} bytes in {} flows in rows that are not shown (--limit {})",
        grouped(rest.bytes),
        number(rest.flows),
        found.question.limit
    ))
}

/// The answers that there are, and those that found nothing, as a sentence, where
/// there were several analyses.
pub(super) fn split(found: &Investigation) -> (Vec<&Table>, Option<String>) {
    let (mut shown, mut empty) = (Vec::new(), Vec::new());
    let first = found.tables.first().map(|table| &table.analysis);
    let are_several = found
        .tables
        .iter()
        .any(|table| Some(&table.analysis) != first);
    for table in &found.tables {
        match table.rows.is_empty() && are_several {
            true => empty.push(named(table)),
            false => shown.push(table),
        }
    }
    let sentence = || format!("Nothing was found by {}.", empty.join(", "));
    let sentence = (!empty.is_empty()).then(sentence);
    (shown, sentence)
}

fn named(table: &Table) -> String {
    match &table.view {
        Some(view) => format!("{} ({})", one_line(&table.analysis), one_line(view)),
        None => one_line(&table.analysis),
    }
}

/// What is said of a table without rows.
pub(super) fn nothing(found: &Investigation) -> &'static str {
    let count = |name: &str| found.records.get(name).copied();
    match (count("parsed"), count("left_out")) {
        (Some(0), _) => "Nothing was found: no record has data.",
        (Some(parsed), Some(left_out)) if parsed == left_out => {
            "Nothing was found: subject, filter and time leave out every record."
        }
        _ => "Nothing was found.",
    }
}

#[cfg(test)]
mod tests {
    use super::{cell, head, is_number};
    use crate::investigate::{Cell, Column, ColumnKind, Investigation, Question, SCHEMA};

    #[test]
    fn values_are_said_by_what_they_are() {
        let text = |text: &str| Cell::Text(text.to_owned());
        for (name, kind, value, expected, right) in [
            (
                "source_port",
                ColumnKind::Number,
                Cell::Number(50_000),
                "50000",
                true,
            ),
            (
                "ports",
                ColumnKind::Number,
                Cell::Number(50_000),
                "50,000",
                true,
            ),
            ("port", ColumnKind::Number, Cell::Missing, "-", true),
            (
                "peak",
                ColumnKind::Bytes,
                Cell::Number(1_024),
                "1,024",
                true,
            ),
            (
                "every",
                ColumnKind::Seconds,
                Cell::Number(3_600),
                "3,600 s",
                true,
            ),
            (
                "first",
                ColumnKind::Time,
                Cell::Number(1_700_000_000),
                "2023-11-14 22:13:20 UTC",
                false,
            ),
            (
                "source",
                ColumnKind::Address,
                text("192.0.2.1"),
                "192.0.2.1",
                false,
            ),
            (
                "city",
                ColumnKind::Text,
                text("a\nb\u{1b}[31m"),
                "a b [31m",
                false,
            ),
            ("aws_service", ColumnKind::Text, Cell::Missing, "-", false),
        ] {
            let column = Column {
                name: name.to_owned(),
                kind,
            };
            assert_eq!(cell(&column, &value), expected, "{name}");
            assert_eq!(is_number(&column), right, "{name}");
        }
    }

    #[test]
    fn records_are_a_sum_where_they_add_up() {
        let check = |records: &[(&str, u64)], expected: &str| {
            let records = records.iter();
            let found = Investigation {
                schema: SCHEMA.to_owned(),
                question: Question {
                    analysis: "rejected".to_owned(),
                    sources: Vec::new(),
                    subject: Vec::new(),
                    inside: Vec::new(),
                    filter: None,
                    from: None,
                    until: None,
                    times: Vec::new(),
                    by: "bytes".to_owned(),
                    limit: 0,
                },
                records: records
                    .map(|(name, count)| ((*name).to_owned(), *count))
                    .collect(),
                legs: String::new(),
                warnings: Vec::new(),
                tables: Vec::new(),
            };
            let (label, said) = head(&found).pop().expect("a line");
            assert_eq!((label, said.as_str()), ("Records", expected));
        };
        let base = [
            ("parsed", 1_000),
            ("nodata", 20),
            ("skipdata", 3),
            ("malformed", 4),
        ];
        let with = |more: &[(&'static str, u64)]| [&base[..], more].concat();
        check(&[], "not counted");
        check(
            &with(&[("read", 1_027)]),
            "1,027 read = 1,000 with data + 20 NODATA + 3 SKIPDATA + 4 malformed",
        );
        check(
            &with(&[("read", 1_027), ("left_out", 300), ("rejected", 5)]),
            "1,027 read = 1,000 with data + 20 NODATA + 3 SKIPDATA + 4 malformed; 1,000 with data = \
             700 that count + 300 left out by subject, filter and time; rejected among those with data: 5",
        );
        check(
            &with(&[("read", 1_028)]),
            "malformed 4, nodata 20, parsed 1,000, read 1,028, skipdata 3",
        );
    }
}
