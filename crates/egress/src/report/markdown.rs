//! The report as Markdown, for an issue or a wiki.

use super::{NamedShare, Report, Verdict, changed, charges, text};
use crate::name::is_hidden;
use std::io::{self, Write};

/// Writes the report with at most `top` rows a table (0 = all).
pub fn write(report: &Report, top: usize, out: &mut dyn Write) -> io::Result<()> {
    if report.verdict == Verdict::Traffic {
        for (label, sentence) in text::answer(report) {
            writeln!(out, "* **{label}:** {}", plain(&sentence))?;
        }
        writeln!(out, "\n{} ({})", text::arithmetic(report), report.region)?;
    }
    if !report.findings.is_empty() {
        writeln!(out, "\n## What to do")?;
    }
    for finding in &report.findings {
        let saving = text::saving(finding.saving.as_ref(), report.rate.currency);
        writeln!(out, "\n{}{saving}", plain(&finding.sentence))?;
        writeln!(out, "{}", plain(&finding.evidence.join(" ")))?;
        for action in &finding.actions {
            let language = match action.language {
                "aws" | "shell" => "sh",
                "cloudformation" => "yaml",
                other => other,
            };
            writeln!(out, "\n```{language}\n{}\n```", action.text)?;
        }
    }
    let sources = report.source_rows();
    changed(report, out)?;
    let groups = report.group_rows();
    table(
        "By owner",
        ["owner", "what it is"],
        groups,
        top,
        report,
        out,
    )?;
    table("Sources", ["address", "owner"], sources, top, report, out)?;
    let destinations = report.destination_rows();
    table(
        "Destinations",
        ["address", "AWS service, name"],
        destinations,
        top,
        report,
        out,
    )?;
    bill(report, out)?;
    let names = report.named_rows("no name");
    table(
        "Destinations by name",
        ["name", "addresses"],
        names,
        top,
        report,
        out,
    )?;
    writeln!(out, "\n{}", text::records(report))?;
    writeln!(out, "{}", text::ranges(report))?;
    for warning in &report.warnings {
        writeln!(out, "\n> {}", plain(warning))?;
    }
    Ok(())
}

/// What is more than before, and what is new.
fn changed(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let sentences = changed::sentences(report);
    if !sentences.is_empty() {
        writeln!(out, "\n## {}", changed::TITLE)?;
    }
    for sentence in &sentences {
        writeln!(out, "\n{}", plain(sentence))?;
    }
    for (kind, rows) in changed::lists(report) {
        writeln!(
            out,
            "\n| {kind} | bytes | of the increase |\n|---|---:|---|"
        )?;
        for (name, _, share) in &rows {
            let part = share.increase.map_or_else(String::new, changed::bounds);
            let (name, bytes) = (plain(name), text::grouped(share.bytes));
            writeln!(out, "| {name} | {bytes} | {part} |")?;
        }
    }
    Ok(())
}

fn table(
    title: &str,
    columns: [&str; 2],
    rows: Vec<NamedShare>,
    top: usize,
    report: &Report,
    out: &mut dyn Write,
) -> io::Result<()> {
    let count = rows.len();
    if count == 0 {
        return Ok(());
    }
    let limit = if top == 0 { count } else { top };
    writeln!(out, "\n## {title}\n")?;
    let [name, note] = columns;
    writeln!(out, "| {name} | {note} | bytes | GB | cost | share |")?;
    writeln!(out, "|---|---|---:|---:|---:|---:|")?;
    for (name, note, share) in rows.into_iter().take(limit) {
        writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} |",
            plain(&name),
            plain(&note.unwrap_or_default()),
            text::grouped(share.bytes),
            text::gb(share.bytes),
            text::money(share.cost, report.rate.currency),
            text::percent(share.share),
        )?;
    }
    if count > limit {
        writeln!(out, "\nand {} more", count - limit)?;
    }
    Ok(())
}

/// Every charge with its arithmetic.
fn bill(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    if report.charges.lines.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n## Charges\n")?;
    writeln!(out, "| charge | arithmetic | amount | an hour | note |")?;
    writeln!(out, "|---|---|---:|---:|---|")?;
    for row in charges::rows(report) {
        writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            plain(&row.label),
            row.arithmetic,
            row.amount,
            row.hourly,
            plain(&row.note)
        )?;
    }
    Ok(())
}

/// Names are other people's texts: they make no markup and no column.
pub(crate) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '|' | '<' | '*' | '`' | '[' | ']' | '_' | '\\' => {
                plain.push('\\');
                plain.push(letter);
            }
            letter if is_hidden(letter) => plain.push(' '),
            letter => plain.push(letter),
        }
    }
    plain
}
