//! An investigation as CSV, for a notebook or a spreadsheet: one table of all rows.
//!
//! Columns are `analysis`, `view` and `is_rest`, then those of all tables, each name
//! once, then `bytes`, `packets`, `flows` and `organization`. A row with `is_rest` is
//! what all rows have that are not shown, so that the bytes of an analysis and view
//! add up to its total. Numbers are as they are, times are ISO 8601.
//!
//! **Invariants.** What is not known is an empty field. A text that a spreadsheet
//! would take for a formula has an apostrophe before it.

use super::{Cell, Column, ColumnKind, Investigation, Row, Sums, Table, text};
use crate::report::text::harmless;
use chrono::DateTime;
use csv::Writer;
use std::io::{self, Write};

/// Writes it.
pub fn write(found: &Investigation, out: &mut dyn Write) -> io::Result<()> {
    let columns = union(&found.tables);
    let mut rows = Writer::from_writer(out);
    let head = ["analysis", "view", "is_rest"].into_iter();
    let tail = ["bytes", "packets", "flows", "organization"];
    rows.write_record(head.chain(columns.iter().copied()).chain(tail))?;
    for table in &found.tables {
        for row in &table.rows {
            rows.write_record(record(table, Some(row), row.sums, &columns))?;
        }
        if let Some(rest) = table.rest {
            rows.write_record(record(table, None, rest, &columns))?;
        }
    }
    rows.flush()
}

/// The names of the columns of all tables, in the order in which they come.
fn union(tables: &[Table]) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for column in tables.iter().flat_map(|table| &table.columns) {
        if !names.contains(&column.name.as_str()) {
            names.push(&column.name);
        }
    }
    names
}

fn record(table: &Table, row: Option<&Row>, sums: Sums, columns: &[&str]) -> Vec<String> {
    let value = |name: &&str| {
        let place = table.columns.iter().position(|column| column.name == *name);
        let cell = place.and_then(|place| row?.cells.get(place).zip(table.columns.get(place)));
        cell.map_or_else(String::new, |(cell, column)| self::value(cell, column))
    };
    let mut record = vec![
        harmless(&table.analysis),
        harmless(table.view.as_deref().unwrap_or_default()),
        row.is_none().to_string(),
    ];
    record.extend(columns.iter().map(value));
    let organization = row.and_then(|row| row.organization.as_deref());
    record.extend([
        sums.bytes.to_string(),
        text::packets(sums).map_or_else(String::new, |packets| packets.to_string()),
        sums.flows.to_string(),
        harmless(organization.unwrap_or_default()),
    ]);
    record
}

fn value(cell: &Cell, column: &Column) -> String {
    match (cell, column.kind) {
        (Cell::Missing, _) => String::new(),
        (Cell::Text(text), _) => harmless(text),
        (Cell::Number(seconds), ColumnKind::Time) => iso(*seconds),
        (Cell::Number(number), _) => number.to_string(),
    }
}

/// `2023-11-14T22:13:20Z`; seconds that are no date as they are.
pub(super) fn iso(seconds: u64) -> String {
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
    use super::iso;

    #[test]
    fn times_are_those_of_a_calendar() {
        assert_eq!(iso(1_700_000_000), "2023-11-14T22:13:20Z");
        assert_eq!(iso(u64::MAX), u64::MAX.to_string());
    }
}
