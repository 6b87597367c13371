//! The report for a terminal: aligned tables, headings in bold.
//!
//! Writes escape codes always; the caller's writer drops them where there is
//! no terminal or NO_COLOR is set.

use super::{Report, Verdict, charges, text};
use anstyle::{AnsiColor, Style};
use std::io::{self, Write};

const HEADING: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const WARNING: Style = AnsiColor::Yellow.on_default();

/// Writes the report with at most `top` rows a table (0 = all).
pub fn write(report: &Report, top: usize, out: &mut dyn Write) -> io::Result<()> {
    let heading = |out: &mut dyn Write, title: &str| writeln!(out, "\n{HEADING}{title}{HEADING:#}");
    let bytes = report.bytes;
    if report.verdict == Verdict::Traffic {
        for (label, sentence) in text::answer(report) {
            writeln!(out, "{HEADING}{label:<10}{HEADING:#}  {sentence}")?;
        }
        writeln!(out)?;
    }
    writeln!(
        out,
        "{HEADING}Processed {} bytes, {} GB: {}{HEADING:#}",
        text::grouped(bytes.processed),
        text::gb(bytes.processed),
        text::money(report.processing_cost, report.rate.currency),
    )?;
    writeln!(out, "{} ({})", text::arithmetic(report), report.region)?;
    if let Some(window) = report.window {
        writeln!(
            out,
            "{} to {}, {} s",
            text::time(window.start),
            text::time(window.end),
            window.end.saturating_sub(window.start)
        )?;
    }
    if !report.nat_addresses.is_empty() {
        writeln!(
            out,
            "NAT gateway address: {}",
            report.nat_addresses.join(", ")
        )?;
    }
    writeln!(out, "{}", text::records(report))?;
    writeln!(out, "{}", text::ranges(report))?;

    if !report.charges.lines.is_empty() {
        heading(out, "Charges")?;
    }
    for line in charges::lines(report) {
        writeln!(out, "{line}")?;
    }
    heading(out, "Legs")?;
    for line in text::legs(report) {
        writeln!(out, "{line}")?;
    }
    for (name, bytes) in [("rejected", bytes.rejected), ("other", bytes.other)] {
        if bytes > 0 {
            writeln!(
                out,
                "{name:<19} {:>19} bytes, not billed",
                text::grouped(bytes)
            )?;
        }
    }
    for section in text::sections(report, top) {
        if section.rows.is_empty() {
            continue;
        }
        heading(out, section.title)?;
        writeln!(out, "{DIM}{}{DIM:#}", section.head)?;
        for row in &section.rows {
            writeln!(out, "{row}")?;
        }
        if section.hidden > 0 {
            writeln!(
                out,
                "{DIM}and {} more (--top 0 shows all){DIM:#}",
                section.hidden
            )?;
        }
    }
    if !report.findings.is_empty() {
        heading(out, "What to do")?;
    }
    for finding in &report.findings {
        let saving = text::saving(finding.saving.as_ref(), report.rate.currency);
        writeln!(out, "* {}{saving}", finding.sentence)?;
        writeln!(out, "  {}", finding.evidence.join(" "))?;
        for action in text::typed(finding) {
            writeln!(out, "  {}", action.text)?;
        }
    }
    if !report.warnings.is_empty() {
        heading(out, "Warnings")?;
    }
    for warning in &report.warnings {
        writeln!(out, "{WARNING}{warning}{WARNING:#}")?;
    }
    Ok(())
}
