//! The report as a mail: plain text of 72 columns, and a subject.
//!
//! SNS mails are plain text of at most 256 KiB with a subject of fewer than
//! 100 characters:
//! <https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html>.
//!
//! **Invariants.** Both limits always hold; what does not fit is left out by
//! whole lines and said.

use super::{Outside, Report, Share, charges, named, text};
use crate::delivery::Bill;
use crate::finding::Finding;
use crate::report::Verdict;
use crate::snapshot::Before;

/// The bytes that SNS delivers by mail at the most.
pub const MAX_BODY: usize = 256 * 1024;
/// The characters of a subject, at the most.
pub const MAX_SUBJECT: usize = 99;

/// What happened around the recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occasion {
    /// The gateway's id.
    pub gateway: String,
    /// The alarm's name, if it was one.
    pub alarm: String,
    /// Whether somebody began it, and no alarm.
    pub by_hand: bool,
    /// The stack's name.
    pub stack: String,
    /// Why the recording ended, as a sentence.
    pub ending: String,
    /// When the flow log was switched on, in Unix seconds.
    pub started: u64,
    /// When it was switched off, in Unix seconds.
    pub stopped: u64,
    /// The log group with the recording.
    pub log_group: String,
    /// The how-manieth recording of this gateway it is.
    pub recording: u64,
    /// How many recordings it may have, 0 for any number.
    pub limit: u64,
    /// What the gateway moved before, where that is known.
    pub before: Option<Before>,
    /// What the recording itself was and cost.
    pub bill: Bill,
    /// Where the report is kept as a page.
    pub page: Option<Page>,
}

/// A page in a private bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The bucket.
    pub bucket: String,
    /// The object.
    pub key: String,
    /// The bucket's region.
    pub region: String,
}

impl Page {
    /// Where the console shows it; each partition has a console of its own.
    pub(crate) fn link(&self) -> String {
        let Page {
            bucket,
            key,
            region,
        } = self;
        let domain = match region.split('-').take(2).collect::<Vec<_>>().as_slice() {
            ["cn", _] => "console.amazonaws.cn",
            ["us", "gov"] => "console.amazonaws-us-gov.com",
            _ => "console.aws.amazon.com",
        };
        format!("https://{region}.{domain}/s3/object/{bucket}?region={region}&prefix={key}")
    }
}

/// A mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// One line of fewer than 100 characters.
    pub subject: String,
    /// Plain text.
    pub body: String,
}

/// The mail on a recording, with at most `top` rows a table (0 = all).
pub fn mail(report: &Report, occasion: &Occasion, top: usize) -> Mail {
    Mail {
        subject: subject(report, &occasion.gateway),
        body: fit(&body(report, occasion, top)),
    }
}

/// Gateway, money by the hour, what most of it is and whose: fewer than 100
/// characters.
pub fn subject(report: &Report, gateway: &str) -> String {
    let what = match report.verdict {
        Verdict::Traffic => {
            let currency = report.rate.currency;
            let money = match report.charges.hourly {
                Some(hourly) => format!(
                    "{}{}/h",
                    charges::at_least(report),
                    text::round_money(hourly, currency)
                ),
                None => text::money(report.processing_cost, currency),
            };
            format!("{money}{}{}", most(report), whose(report))
        }
        _ => "nothing recorded".to_owned(),
    };
    let subject = format!("NAT spike {gateway}: {what}");
    subject
        .chars()
        .filter(|letter| !letter.is_control())
        .take(MAX_SUBJECT)
        .collect()
}

fn most(report: &Report) -> String {
    let Some(service) = report.services.first() else {
        return String::new();
    };
    match (&service.aws_service, report.largest_outside()) {
        (Some(name), _) => format!(", {} {name}", text::whole_percent(service.share.share)),
        (None, Some((Outside::Name(name), share))) => {
            format!(", {} {name}", text::whole_percent(share))
        }
        (None, Some((Outside::Address(address), share))) => {
            format!(", {} to {address}", text::whole_percent(share))
        }
        (None, None) => String::new(),
    }
}

/// The group with the most bytes, or the address if that has more: those
/// without an owner are not one.
fn whose(report: &Report) -> String {
    let unowned = report.sources.iter().find(|row| row.owner.is_none());
    let group = report.groups.iter().find(|group| group.name.is_some());
    let of = |share: Share| share.bytes;
    match (group, unowned) {
        (Some(group), None) => format!(" from {}", group.label()),
        (Some(group), Some(row)) if of(group.share) >= of(row.share) => {
            format!(" from {}", group.label())
        }
        (_, Some(row)) => format!(" from {}", named(row.address)),
        (None, None) => String::new(),
    }
}

fn body(report: &Report, occasion: &Occasion, top: usize) -> String {
    let mut lines = Vec::new();
    if report.verdict == Verdict::Traffic {
        for (label, sentence) in text::answer(report) {
            lines.extend(prose(&format!("{label}: {sentence}")));
        }
        lines.push(String::new());
    }
    let began = match occasion.by_hand {
        true => "A recording was started by hand".to_owned(),
        false => format!("Alarm {} went off", occasion.alarm),
    };
    lines.extend(prose(&format!(
        "{began} for NAT gateway {} in {}. Its traffic was recorded from {} to {}. {}",
        occasion.gateway,
        report.region,
        text::time(occasion.started),
        text::time(occasion.stopped),
        occasion.ending,
    )));
    lines.push(String::new());
    match report.verdict.sentence() {
        Some(sentence) => lines.extend(prose(sentence)),
        None => lines.extend(figures(report, top)),
    }
    lines.push(String::new());
    if !report.findings.is_empty() {
        lines.push("What to do".to_owned());
        for finding in &report.findings {
            lines.extend(advice(finding, report));
            lines.push(String::new());
        }
    }
    if let Some(before) = &occasion.before {
        lines.extend(prose(&text::before(before, &report.rate, occasion.by_hand)));
        lines.push(String::new());
    }
    lines.extend(prose(&text::records(report)));
    lines.extend(prose(&text::bill(&occasion.bill)));
    for warning in report
        .warnings
        .iter()
        .filter(|warning| Some(warning.as_str()) != report.verdict.sentence())
    {
        lines.extend(prose(&format!("Note: {warning}")));
    }
    if let Some(page) = &occasion.page {
        lines.push(String::new());
        lines.extend(prose(
            "The report as a page, with pictures and longer tables, report.json beside it:",
        ));
        lines.push(page.link());
        lines.push(format!(
            "aws s3 cp --region {} s3://{}/{} .",
            page.region, page.bucket, page.key
        ));
        lines.push(String::new());
    }
    lines.extend(prose(&format!(
        "Recording {} of {}, in CloudWatch log group {} (stack {}).",
        occasion.recording,
        match occasion.limit {
            0 => "any number".to_owned(),
            limit => limit.to_string(),
        },
        occasion.log_group,
        occasion.stack,
    )));
    lines.join("\n") + "\n"
}

/// A finding with what it rests on and what to type.
fn advice(finding: &Finding, report: &Report) -> Vec<String> {
    let saving = text::saving(finding.saving.as_ref(), report.rate.currency);
    let mut lines = prose(&format!(
        "* {}{saving} {} (Confidence: {}.)",
        finding.sentence,
        finding.evidence.join(" "),
        finding.confidence.name()
    ));
    lines.extend(text::typed(finding).map(|action| action.text.clone()));
    lines
}

/// The total with its arithmetic, the tables and the legs.
fn figures(report: &Report, top: usize) -> Vec<String> {
    let mut lines = vec![format!(
        "Processed   {} bytes    {} GB   {}",
        text::grouped(report.bytes.processed),
        text::gb(report.bytes.processed),
        text::money(report.processing_cost, report.rate.currency),
    )];
    lines.push(format!("  {}", text::arithmetic(report)));
    for section in text::sections(report, top) {
        if section.rows.is_empty() {
            continue;
        }
        lines.extend([String::new(), section.title.to_owned(), section.head]);
        lines.extend(section.rows);
        if section.hidden > 0 {
            lines.push(format!("and {} more", section.hidden));
        }
    }
    lines.extend([String::new(), "Charges".to_owned()]);
    lines.extend(charges::lines(report));
    lines.extend([String::new(), "Legs".to_owned()]);
    lines.extend(text::legs(report));
    if report.bytes.rejected > 0 {
        lines.push(format!(
            "{:<19} {:>19} bytes, not billed",
            "rejected",
            text::grouped(report.bytes.rejected)
        ));
    }
    lines
}

fn prose(text: &str) -> Vec<String> {
    text::prose(text, "")
}

/// Cuts whole lines off the end until the text fits.
fn fit(body: &str) -> String {
    if body.len() <= MAX_BODY {
        return body.to_owned();
    }
    let note = "\nThe rest does not fit into a mail; the log group has everything.\n";
    let room = MAX_BODY - note.len();
    let end = body.as_bytes()[..room]
        .iter()
        .rposition(|byte| *byte == b'\n')
        .unwrap_or(0);
    format!("{}{note}", &body[..end])
}
