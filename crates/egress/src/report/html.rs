//! The report as a page: one file with everything in it, for a phone, a screen
//! or paper, light or dark.
//!
//! **Invariants.** Nothing is loaded from anywhere, and there is no script. Every
//! text is escaped by the templates. What a picture shows stands in a table too.

mod flow;
mod metrics;
mod timeline;

use super::{NamedShare, Report, Share, changed, charges, text};
use crate::facts::Facts;
use crate::finding::{Confidence, Finding};
use crate::report::Verdict;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use std::io::{self, Write};

const STYLE: &str = include_str!("html/style.css");

/// Writes the report as a page with at most `top` rows a table (0 = all).
/// `title` says what it is a report of.
pub fn write(
    report: &Report,
    facts: &Facts,
    title: &str,
    top: usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    out.write_all(page(report, facts, title, top).into_string().as_bytes())
}

fn page(report: &Report, facts: &Facts, title: &str, top: usize) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy"
                    content="default-src 'none'; style-src 'unsafe-inline'";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { main { (content(report, facts, title, top)) } }
        }
    }
}

fn content(report: &Report, facts: &Facts, title: &str, top: usize) -> Markup {
    let is_traffic = report.verdict == Verdict::Traffic;
    html! {
        h1 { (title) }
        p.quiet { (when(report)) }
        @if let Some(sentence) = report.verdict.sentence() {
            p.note { (sentence) }
        }
        @if is_traffic {
            dl.answer {
                @for (label, sentence) in text::answer(report) {
                    dt { (label) }
                    dd { (sentence) }
                }
            }
            (metrics::picture(facts, report.window))
            (timeline::picture(&report.timeline))
            @if !report.pairs.is_empty() {
                h2 { "Who talks to whom" }
                (flow::picture(report))
            }
            @if !report.findings.is_empty() {
                h2 { "What to do" }
                @for found in &report.findings { (finding(found, report)) }
            }
            (changed(report))
            (tables(report, top))
            h2 { "How it adds up" }
            p { (text::arithmetic(report)) " (" (report.region) ")" }
            pre { (charges::lines(report).join("\n")) }
            pre { (text::legs(report).join("\n")) }
        }
        h2 { "What was read" }
        p { (text::records(report)) }
        p { (text::ranges(report)) }
        @for warning in &report.warnings {
            p.note { (warning) }
        }
    }
}

fn when(report: &Report) -> String {
    match report.window {
        Some(window) => format!(
            "{}, {} to {}",
            report.region,
            text::time(window.start),
            text::time(window.end)
        ),
        None => report.region.clone(),
    }
}

fn finding(finding: &Finding, report: &Report) -> Markup {
    let class = match finding.confidence {
        Confidence::High => "finding",
        Confidence::Medium => "finding medium",
    };
    let saving = text::saving(finding.saving.as_ref(), report.rate.currency);
    html! {
        section class=(class) {
            p { strong { (finding.sentence) } (saving) }
            @for evidence in &finding.evidence { p { (evidence) } }
            p.quiet { "Confidence: " (finding.confidence.name()) }
            @for action in text::typed(finding) { pre { (action.text) } }
            @let templates: Vec<_> = finding
                .actions
                .iter()
                .filter(|action| matches!(action.language, "cloudformation" | "terraform"))
                .collect();
            @if !templates.is_empty() {
                details {
                    summary { "As CloudFormation or Terraform" }
                    @for action in templates { pre { (action.text) } }
                }
            }
        }
    }
}

/// What is more than before, and what is new.
fn changed(report: &Report) -> Markup {
    let sentences = changed::sentences(report);
    html! {
        @if !sentences.is_empty() {
            h2 { (changed::TITLE) }
            @for sentence in &sentences { p { (sentence) } }
        }
        @for (kind, rows) in changed::lists(report) {
            div.wide {
                table {
                    thead { tr {
                        th scope="col" { (kind) }
                        th scope="col" { "bytes" }
                        th scope="col" { "of the increase" }
                    } }
                    tbody {
                        @for (name, note, share) in &rows {
                            tr {
                                td {
                                    (name)
                                    @if let Some(note) = note { span.owner { (note) } }
                                }
                                td { (text::grouped(share.bytes)) }
                                td { (share.increase.map_or_else(String::new, changed::bounds)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn tables(report: &Report, top: usize) -> Markup {
    let groups = report.group_rows();
    html! {
        @if !groups.is_empty() { (table("By owner", &groups, top, report)) }
        (table("Sources", &report.source_rows(), top, report))
        (table("Destinations", &report.destination_rows(), top, report))
        @if !report.named_destinations.is_empty() {
            (table("Destinations by name", &report.named_rows("no name"), top, report))
        }
        (table("AWS services", &report.service_rows("no AWS service"), top, report))
    }
}

fn table(title: &str, rows: &[NamedShare], top: usize, report: &Report) -> Markup {
    let limit = if top == 0 { rows.len() } else { top };
    let currency = report.rate.currency;
    html! {
        h2 { (title) }
        div.wide {
            table {
                thead { tr {
                    th scope="col" { "name" }
                    th scope="col" { "share" }
                    th scope="col" { "cost" }
                    th scope="col" { "GB" }
                    th scope="col" { "bytes up" }
                    th scope="col" { "bytes down" }
                } }
                tbody {
                    @for (name, note, share) in rows.iter().take(limit) {
                        tr {
                            td {
                                (name)
                                @if let Some(note) = note { span.owner { (note) } }
                                span.bar style={ "width:" (width(share)) "%" } {}
                            }
                            td { (text::percent(share.share)) }
                            td { (text::money(share.cost, currency)) }
                            td { (text::gb(share.bytes)) }
                            td { (text::grouped(share.in_from_source)) }
                            td { (text::grouped(share.out_to_source)) }
                        }
                    }
                }
            }
        }
        @if rows.len() > limit {
            p.quiet { "and " (text::grouped((rows.len() - limit) as u128)) " more" }
        }
    }
}

fn width(share: &Share) -> String {
    (share.share * crate::price::Money::ONE_HUNDRED)
        .round_dp(1)
        .to_string()
}
