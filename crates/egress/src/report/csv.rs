//! The report as CSV, for a notebook or a spreadsheet: one row for each pair of
//! workload and remote end, with the columns of [`super::pairs`].
//!
//! **Invariants.** What is not known is an empty field. A text that a spreadsheet
//! would take for a formula has an apostrophe before it.

use super::Report;
use super::pairs::{self, Value};
use super::text::harmless;
use csv::Writer;
use std::io::{self, Write};

/// Writes the pairs with at most `top` rows (0 = all).
pub fn write(report: &Report, top: usize, out: &mut dyn Write) -> io::Result<()> {
    let mut rows = Writer::from_writer(out);
    rows.write_record(pairs::COLUMNS.map(|(name, _)| name))?;
    for row in pairs::rows(report, top) {
        rows.write_record(row.map(|value| match value {
            Value::Text(text) => harmless(&text.unwrap_or_default()),
            Value::Integer(number) => number.to_string(),
        }))?;
    }
    rows.flush()
}
