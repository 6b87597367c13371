//! What the text forms of a report share: figures in words, aligned tables.
//!
//! **Invariants.** Pure text: colours are the console's own affair.

use super::{NamedShare, Outside, Report, Share, changed, charges, named};
use crate::delivery::{BYTES_PER_RECORD, Bill, Estimate};
use crate::finding::{Action, Finding, Saving};
use crate::name::is_hidden;
use crate::price::{Money, Rate, human_gb};
use crate::ranges::RangesSource;
use crate::snapshot::Before;
use chrono::DateTime;
use rust_decimal::RoundingStrategy;

/// The columns of text.
const WIDTH: usize = 72;
/// How wide an address may be to stand in its row (any IPv4 address is).
const ADDRESS: usize = 15;

/// With thousands separators.
pub(crate) fn grouped(number: u128) -> String {
    group(&number.to_string())
}

fn group(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Decimal with thousands separators and that many places.
fn places(value: Money, places: u32) -> String {
    let rounded = value.round_dp_with_strategy(places, RoundingStrategy::MidpointNearestEven);
    let text = format!("{rounded:.*}", places as usize);
    match text.split_once('.') {
        Some((whole, rest)) => format!("{}.{rest}", group(whole)),
        None => group(&text),
    }
}

/// Gigabytes (2^30) to two decimals, without the unit.
pub(crate) fn gb(bytes: u128) -> String {
    places(human_gb(bytes), 2)
}

/// Money to four decimals with its currency.
pub(crate) fn money(amount: Money, currency: &str) -> String {
    with_currency(&places(amount, 4), currency)
}

pub(crate) fn with_currency(amount: &str, currency: &str) -> String {
    match currency {
        "USD" => format!("${amount}"),
        other => format!("{other} {amount}"),
    }
}

pub(crate) fn percent(share: Money) -> String {
    format!("{} %", places(share * Money::ONE_HUNDRED, 1))
}

/// Without decimals, for headlines.
pub(crate) fn whole_percent(share: Money) -> String {
    format!("{} %", places(share * Money::ONE_HUNDRED, 0))
}

/// `2026-11-20 23:44:05 UTC`, from Unix seconds.
pub(crate) fn time(seconds: u64) -> String {
    i64::try_from(seconds)
        .ok()
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
        .map_or_else(
            || format!("second {seconds}"),
            |time| time.format("%Y-%m-%d %H:%M:%S UTC").to_string(),
        )
}

/// The price of a gigabyte with its currency, to as many decimals as it has.
fn rate(rate: &Rate) -> String {
    amount(rate.per_gb, rate.currency)
}

/// Money to as many decimals as it has, with its currency.
pub(crate) fn amount(amount: Money, currency: &str) -> String {
    with_currency(&amount.normalize().to_string(), currency)
}

/// The lines of the arithmetic behind the total.
pub(crate) fn arithmetic(report: &Report) -> String {
    format!(
        "{} / {} bytes per GB x {} = {}",
        grouped(report.bytes.processed),
        grouped(u128::from(crate::BYTES_PER_GB)),
        rate(&report.rate),
        money(report.processing_cost, report.rate.currency),
    )
}

/// A section: its title, the head of its columns and its rows.
pub(crate) struct Section {
    pub(crate) title: &'static str,
    pub(crate) head: String,
    pub(crate) rows: Vec<String>,
    /// How many rows there are beyond those.
    pub(crate) hidden: usize,
}

/// The sections of a report, with at most `top` rows each (0 = all).
pub(crate) fn sections(report: &Report, top: usize) -> Vec<Section> {
    let limit = if top == 0 { usize::MAX } else { top };
    let currency = report.rate.currency;
    let table = |title, name: &str, rows: Vec<NamedShare>| Section {
        title,
        head: line(name, "bytes", "GB", "cost", "share"),
        hidden: rows.len().saturating_sub(limit),
        rows: rows
            .into_iter()
            .take(limit)
            .flat_map(|(name, note, share)| row(&name, &note.unwrap_or_default(), share, currency))
            .collect(),
    };
    let in_brackets =
        |(name, note, share): NamedShare| (name, note.map(|note| format!("({note})")), share);
    let destinations = report.destination_rows().into_iter().map(in_brackets);
    let alone = |(name, _, share): NamedShare| (name, None, share);
    let by_name = report.named_rows("-").into_iter().map(alone);
    let mut sections = vec![
        table("By owner", "owner", report.group_rows()),
        table("Sources", "address", report.source_rows()),
        table("Destinations", "address", destinations.collect()),
        table("Destinations by name", "name", by_name.collect()),
        table("AWS services", "service", report.service_rows("-")),
    ];
    sections.extend(changed::section(report));
    sections
}

/// The four legs with their bytes, then by how much the two sides differ.
pub(crate) fn legs(report: &Report) -> Vec<String> {
    let bytes = report.bytes;
    let mut lines: Vec<String> = [
        ("in_from_source", bytes.in_from_source),
        ("out_to_destination", bytes.out_to_destination),
        ("in_from_destination", bytes.in_from_destination),
        ("out_to_source", bytes.out_to_source),
    ]
    .into_iter()
    .map(|(name, bytes)| format!("{name:<19} {:>19} bytes", grouped(bytes)))
    .collect();
    for (what, billed, check) in [
        (
            "upload mismatch",
            bytes.in_from_source,
            bytes.out_to_destination,
        ),
        (
            "download mismatch",
            bytes.out_to_source,
            bytes.in_from_destination - report.unsolicited.bytes,
        ),
    ] {
        let mismatch = grouped(billed.abs_diff(check));
        lines.push(format!("{what:<19} {mismatch:>19} bytes"));
    }
    if report.unsolicited.bytes > 0 {
        lines.push(format!(
            "{:<19} {:>19} bytes of in_from_destination that nobody had asked for",
            "unsolicited",
            grouped(report.unsolicited.bytes)
        ));
    }
    lines
}

/// Too long a name stands on a line of its own, so that columns stay aligned.
fn row(name: &str, note: &str, share: Share, currency: &str) -> Vec<String> {
    let figures = |name: &str| {
        line(
            name,
            &grouped(share.bytes),
            &gb(share.bytes),
            &money(share.cost, currency),
            &percent(share.share),
        )
    };
    let mut rows = if name.len() > ADDRESS {
        vec![name.to_owned(), figures("")]
    } else {
        vec![figures(name)]
    };
    // Names are other people's texts.
    let note = one_line(note);
    match rows.last_mut().filter(|_| !note.is_empty()) {
        Some(last) if last.len() + 1 + note.chars().count() <= WIDTH => {
            last.push(' ');
            last.push_str(&note);
        }
        Some(_) => rows.extend(prose(&note, "  ")),
        None => {}
    }
    rows
}

/// Other people's text in one line of a terminal.
pub(crate) fn one_line(text: &str) -> String {
    let letters = text.chars();
    letters
        .map(|letter| if is_hidden(letter) { ' ' } else { letter })
        .collect()
}

/// The same as a cell of a spreadsheet, which takes it for no formula.
pub(crate) fn harmless(text: &str) -> String {
    let text = one_line(text);
    let mut letters = text.trim_start().chars();
    match (letters.next(), letters.next()) {
        (Some('=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠'), Some(_)) => {
            format!("'{text}")
        }
        _ => text,
    }
}

/// Words wrapped to the width, each line after that indent; ids are never cut at
/// their hyphens.
pub(crate) fn prose(text: &str, indent: &str) -> Vec<String> {
    let options = textwrap::Options::new(WIDTH)
        .initial_indent(indent)
        .subsequent_indent(indent)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
        .break_words(false);
    textwrap::wrap(text, options)
        .iter()
        .map(ToString::to_string)
        .collect()
}

fn line(name: &str, bytes: &str, gb: &str, cost: &str, share: &str) -> String {
    format!("{name:<ADDRESS$} {bytes:>18} {gb:>10} {cost:>11} {share:>7}")
        .trim_end()
        .to_owned()
}

/// One sentence on how many records there were.
pub(crate) fn records(report: &Report) -> String {
    let records = &report.records;
    format!(
        "{} records read: {} with data ({} of them rejected traffic), {} NODATA, {} SKIPDATA, {} malformed.",
        grouped(u128::from(records.read)),
        grouped(u128::from(records.parsed)),
        grouped(u128::from(records.rejected)),
        grouped(u128::from(records.nodata)),
        grouped(u128::from(records.skipdata)),
        grouped(u128::from(records.malformed)),
    )
}

/// Money to two decimals with its currency, for headlines.
pub(crate) fn round_money(amount: Money, currency: &str) -> String {
    with_currency(&places(amount, 2), currency)
}

/// How many of each kind a headline names.
const NAMED: usize = 3;

/// The answer in five lines: label and sentence.
pub(crate) fn answer(report: &Report) -> [(&'static str, String); 5] {
    let who = who(report);
    let whom = report.services.iter().take(NAMED).map(|row| {
        let share = percent(row.share.share);
        match &row.aws_service {
            Some(service) => format!("{share} {service}"),
            None => format!("{share} no AWS service{}", outside(report)),
        }
    });
    [
        ("How much", charges::how_much(report)),
        ("Who", who),
        ("To whom", listed(whom.collect())),
        ("How sure", how_sure(report)),
        ("What to do", what_to_do(report)),
    ]
}

/// The largest that is no AWS service; with its share where it is a name, which
/// several addresses can have.
fn outside(report: &Report) -> String {
    match report.largest_outside() {
        Some((Outside::Address(address), _)) => format!(" (the largest {address})"),
        Some((Outside::Name(name), share)) => {
            format!(" (the largest {name}, {})", percent(share))
        }
        None => String::new(),
    }
}

/// Of which day the AWS prefixes are, as a sentence.
pub(crate) fn ranges(report: &Report) -> String {
    let (created, source) = &report.aws_ranges;
    let source = match source {
        RangesSource::Shipped => "those that ship",
        RangesSource::Updated => "by natspike update",
        RangesSource::File => "from the file that was named",
    };
    format!("AWS's prefixes are of {created} ({source}).")
}

/// The owners where several addresses are one, the addresses otherwise.
fn who(report: &Report) -> String {
    let groups = report.group_rows();
    let (rows, count): (Vec<String>, usize) = match groups.is_empty() {
        true => {
            let rows = report.sources.iter().take(NAMED).map(|row| {
                let owner = row.owner.as_ref().map(|owner| owner.identity());
                let note = row.note(owner);
                let note = note.map_or_else(String::new, |note| format!(" ({note})"));
                format!("{} {}{note}", percent(row.share.share), named(row.address))
            });
            (rows.collect(), report.sources.len())
        }
        false => {
            let rows = groups.iter().take(NAMED);
            let row = |(name, note, share): &NamedShare| {
                let note = note.as_deref().unwrap_or_default();
                format!("{} {name} ({note})", percent(share.share))
            };
            (rows.map(row).collect(), groups.len())
        }
    };
    let mut who = listed(rows);
    if count > NAMED {
        who += &format!(", {} more", count - NAMED);
    }
    who
}

fn listed(items: Vec<String>) -> String {
    match items.is_empty() {
        true => "nobody".to_owned(),
        false => items.join(", "),
    }
}

fn how_sure(report: &Report) -> String {
    let bytes = report.bytes;
    let explained = match &report.coverage {
        Some(coverage) => format!(
            "the recording explains {} of what the gateway counted ({} of {} bytes)",
            percent(coverage.share()),
            grouped(coverage.recorded),
            grouped(coverage.counted),
        ),
        None => "there are no metrics of the gateway to compare with".to_owned(),
    };
    let outside = bytes.out_to_destination + bytes.in_from_destination;
    let outside = outside - report.unsolicited.bytes;
    let sides = match (bytes.processed, outside) {
        (_, 0) => "only one side of the gateway was seen".to_owned(),
        (inside, outside) if inside == outside => {
            "both sides of the gateway agree to the byte".to_owned()
        }
        (inside, outside) => format!(
            "the two sides of the gateway differ by {} bytes",
            grouped(inside.abs_diff(outside))
        ),
    };
    format!("{explained}; {sides}")
}

fn what_to_do(report: &Report) -> String {
    let Some(first) = report.findings.first() else {
        return "nothing stands out".to_owned();
    };
    let saving = saving(first.saving.as_ref(), report.rate.currency);
    format!("{}{saving}", first.sentence)
}

/// What is typed at a prompt to act on a finding; templates are for JSON.
pub(crate) fn typed(finding: &Finding) -> impl Iterator<Item = &Action> {
    let is_typed = |action: &&Action| matches!(action.language, "aws" | "shell");
    finding.actions.iter().filter(is_typed)
}

/// What a finding saves, as a sentence with a space before it.
pub(crate) fn saving(saving: Option<&Saving>, currency: &str) -> String {
    let Some(saving) = saving else {
        return String::new();
    };
    // What rounds to nothing is not worth a word.
    let amount = |amount: Option<Money>| {
        let amount = amount.filter(|amount| !amount.round_dp(2).is_zero())?;
        Some(round_money(amount, currency))
    };
    match (amount(saving.hourly), amount(saving.monthly)) {
        (Some(hourly), Some(monthly)) => format!(
            " That saves {hourly} an hour, and {monthly} of a typical month if that is mixed like \
             this."
        ),
        (Some(hourly), None) => format!(" That saves {hourly} an hour."),
        (None, Some(monthly)) => {
            format!(" That saves {monthly} of a typical month if that is mixed like this.")
        }
        (None, None) => String::new(),
    }
}

/// What a recording is expected to be, with the arithmetic.
pub(crate) fn estimate(estimate: &Estimate, rate: Option<&Rate>) -> String {
    let cost = rate.map_or_else(String::new, |rate| {
        let cost = rate.cost(u128::from(estimate.bytes));
        format!(", {}", money(cost, rate.currency))
    });
    format!(
        "about {} records a minute x {} min x {BYTES_PER_RECORD} bytes = {} bytes{cost}",
        grouped(u128::from(estimate.records_per_minute)),
        estimate.minutes,
        grouped(u128::from(estimate.bytes)),
    )
}

/// What a recording was, what it cost and what was expected.
pub(crate) fn bill(bill: &Bill) -> String {
    let what = format!(
        "The recording has {} records, {} bytes",
        grouped(u128::from(bill.records)),
        grouped(u128::from(bill.bytes)),
    );
    let cost = match (&bill.rate, bill.is_foreign) {
        (_, true) => " of a flow log that is there anyway: it cost nothing.".to_owned(),
        (Some(per_gb), false) => format!(
            ", whose delivery cost {} ({} / {} x {}).",
            money(per_gb.cost(u128::from(bill.bytes)), per_gb.currency),
            grouped(u128::from(bill.bytes)),
            grouped(u128::from(crate::BYTES_PER_GB)),
            rate(per_gb),
        ),
        (None, false) => ". What their delivery costs in this region is not known; the stack \
                          parameter LogRate can say it."
            .to_owned(),
    };
    let expected = match &bill.estimate {
        Some(expected) if !bill.is_foreign => {
            format!(" Expected were {}.", estimate(expected, bill.rate.as_ref()))
        }
        _ => String::new(),
    };
    format!("{what}{cost}{expected}")
}

/// What a gateway moved in the hours before its alarm, or before somebody began.
pub(crate) fn before(before: &Before, rate: &Rate, by_hand: bool) -> String {
    let what = if by_hand { "recording" } else { "alarm" };
    format!(
        "Before the {what}, in {} minutes since {}, it processed {} bytes, {} (metrics \
         BytesInFromSource and BytesInFromDestination); {} bytes of them in the busiest minute, \
         {}.",
        before.minutes,
        time(before.since),
        grouped(before.bytes),
        money(rate.cost(before.bytes), rate.currency),
        grouped(before.busiest_bytes),
        time(before.busiest),
    )
}

#[cfg(test)]
mod tests {
    use super::{grouped, harmless, money, places, time};
    use rust_decimal::dec;

    #[test]
    fn a_text_is_no_formula() {
        for (text, expected) in [
            ("Example Inc", "Example Inc"),
            ("=HYPERLINK(\"x\")", "'=HYPERLINK(\"x\")"),
            ("\t=1+1", "' =1+1"),
            ("\r\n+1", "'  +1"),
            ("-1", "'-1"),
            ("-", "-"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("2001:db8::1", "2001:db8::1"),
            ("::1", "::1"),
            ("", ""),
        ] {
            assert_eq!(harmless(text), expected, "{text:?}");
        }
    }

    #[test]
    fn groups_digits_by_three() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (13_249_876_543, "13,249,876,543"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn shows_money_to_four_places_half_even() {
        for (amount, text) in [
            (dec!(0.55525), "$0.5552"),
            (dec!(0.55535), "$0.5554"),
            (dec!(1234.5), "$1,234.5000"),
            (dec!(0), "$0.0000"),
        ] {
            assert_eq!(money(amount, "USD"), text);
        }
        assert_eq!(money(dec!(0.37), "CNY"), "CNY 0.3700");
        assert_eq!(places(dec!(12.3), 1), "12.3");
    }

    #[test]
    fn shows_times_in_utc() {
        assert_eq!(time(1_700_000_000), "2023-11-14 22:13:20 UTC");
    }
}
