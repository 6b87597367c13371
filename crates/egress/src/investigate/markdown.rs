//! An investigation as Markdown, for an issue or a wiki.

use super::text::{self, FIGURES};
use super::{Investigation, Sums, Table};
use crate::report::markdown::plain;
use std::io::{self, Write};

/// Writes it.
pub fn write(found: &Investigation, out: &mut dyn Write) -> io::Result<()> {
    for (label, sentence) in text::head(found) {
        writeln!(out, "* **{label}:** {}", plain(&sentence))?;
    }
    let (tables, empty) = text::split(found);
    for table in tables {
        writeln!(
            out,
            "\n## {}\n\n{}",
            plain(&table.title),
            plain(&table.about)
        )?;
        match table.rows.is_empty() {
            true => writeln!(out, "\n{}", text::nothing(found))?,
            false => rows(found, table, out)?,
        }
    }
    if let Some(sentence) = empty {
        writeln!(out, "\n{}", plain(&sentence))?;
    }
    for warning in &found.warnings {
        writeln!(out, "\n> {}", plain(warning))?;
    }
    Ok(())
}

fn rows(found: &Investigation, table: &Table, out: &mut dyn Write) -> io::Result<()> {
    let has_organizations = table.rows.iter().any(|row| row.organization.is_some());
    let mut names: Vec<String> = table
        .columns
        .iter()
        .map(|column| plain(&column.name.replace('_', " ")))
        .collect();
    let mut rules: Vec<&str> = table
        .columns
        .iter()
        .map(|column| {
            if text::is_number(column) {
                "---:"
            } else {
                "---"
            }
        })
        .collect();
    names.extend(FIGURES.map(str::to_owned));
    rules.extend(FIGURES.map(|_| "---:"));
    if has_organizations {
        names.push("organization".to_owned());
        rules.push("---");
    }
    writeln!(out, "\n| {} |\n|{}|", names.join(" | "), rules.join("|"))?;
    for row in &table.rows {
        let cells = table.columns.iter().zip(&row.cells);
        let keys = cells.map(|(column, cell)| plain(&text::cell(column, cell)));
        let organization =
            has_organizations.then(|| plain(row.organization.as_deref().unwrap_or_default()));
        line(found, keys, row.sums, organization, table, out)?;
    }
    let mut keys = vec![String::new(); table.columns.len()];
    if let Some(first) = keys.first_mut() {
        *first = "**total**".to_owned();
    }
    let organization = has_organizations.then(String::new);
    line(
        found,
        keys.into_iter(),
        table.total,
        organization,
        table,
        out,
    )?;
    match text::rest(found, table) {
        Some(sentence) => writeln!(out, "\n{}", plain(&sentence)),
        None => Ok(()),
    }
}

fn line(
    found: &Investigation,
    keys: impl Iterator<Item = String>,
    sums: Sums,
    organization: Option<String>,
    table: &Table,
    out: &mut dyn Write,
) -> io::Result<()> {
    let figures = text::figures(found, sums, table);
    let cells: Vec<String> = keys.chain(figures).chain(organization).collect();
    writeln!(out, "| {} |", cells.join(" | "))
}
