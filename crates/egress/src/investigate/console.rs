//! An investigation for a terminal: aligned tables, headings in bold.
//!
//! Writes escape codes always; the caller's writer drops them where there is no
//! terminal or NO_COLOR is set.

use super::text::{self, FIGURES};
use super::{Investigation, Row, Table};
use crate::columns::{Align, Columns, Line};
use crate::report::text::{one_line, prose};
use anstyle::{AnsiColor, Style};
use std::io::{self, Write};

const HEADING: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const WARNING: Style = AnsiColor::Yellow.on_default();

/// Writes it.
pub fn write(found: &Investigation, out: &mut dyn Write) -> io::Result<()> {
    for (label, sentence) in text::head(found) {
        writeln!(out, "{HEADING}{label:<8}{HEADING:#}  {sentence}")?;
    }
    let (tables, empty) = text::split(found);
    for table in tables {
        writeln!(out, "\n{HEADING}{}{HEADING:#}", one_line(&table.title))?;
        for line in prose(&one_line(&table.about), "") {
            writeln!(out, "{line}")?;
        }
        match table.rows.is_empty() {
            true => writeln!(out, "{}", text::nothing(found))?,
            false => rows(found, table, out)?,
        }
    }
    if let Some(sentence) = empty {
        writeln!(out)?;
        for line in prose(&sentence, "") {
            writeln!(out, "{line}")?;
        }
    }
    if !found.warnings.is_empty() {
        writeln!(out, "\n{HEADING}Warnings{HEADING:#}")?;
    }
    for warning in &found.warnings {
        writeln!(out, "{WARNING}{}{WARNING:#}", one_line(warning))?;
    }
    Ok(())
}

fn rows(found: &Investigation, table: &Table, out: &mut dyn Write) -> io::Result<()> {
    let align = |column| match text::is_number(column) {
        true => Align::Right,
        false => Align::Left,
    };
    let keys: Vec<(&str, Align)> = table
        .columns
        .iter()
        .map(|column| (column.name.as_str(), align(column)))
        .collect();
    let lines: Vec<Line> = table
        .rows
        .iter()
        .map(|row| line(found, row, table))
        .collect();
    let total = Line {
        keys: vec!["total".to_owned()],
        figures: text::figures(found, table.total, table).to_vec(),
        note: String::new(),
    };
    // It may stand across several columns, and its figures are the widest.
    let widest = Line {
        keys: Vec::new(),
        ..total.clone()
    };
    let columns = Columns::new(&keys, &FIGURES, lines.iter().chain([&widest]));
    for head in columns.head() {
        writeln!(out, "{DIM}{head}{DIM:#}")?;
    }
    for line in lines.iter().flat_map(|line| columns.lines(line)) {
        writeln!(out, "{line}")?;
    }
    if let Some(sentence) = text::rest(found, table) {
        writeln!(out, "{DIM}{sentence}{DIM:#}")?;
    }
    for line in columns.lines(&total) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

fn line(found: &Investigation, row: &Row, table: &Table) -> Line {
    let cells = table.columns.iter().zip(&row.cells);
    Line {
        keys: cells
            .map(|(column, cell)| text::cell(column, cell))
            .collect(),
        figures: text::figures(found, row.sums, table).to_vec(),
        note: row.organization.clone().unwrap_or_default(),
    }
}
