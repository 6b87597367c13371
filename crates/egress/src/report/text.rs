//! What the text forms of a report share: figures in words, aligned tables.
//!
//! **Invariants.** Pure text: colours are the console's own affair.

use super::{Report, Share, named};
use crate::price::{Money, human_gb};
use chrono::DateTime;
use rust_decimal::RoundingStrategy;

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

fn with_currency(amount: &str, currency: &str) -> String {
    match currency {
        "USD" => format!("${amount}"),
        other => format!("{other} {amount}"),
    }
}

fn percent(share: Money) -> String {
    format!("{} %", places(share * Money::ONE_HUNDRED, 1))
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

/// The lines of the arithmetic behind the total.
pub(crate) fn arithmetic(report: &Report) -> String {
    format!(
        "{} / {} bytes per GB x {} = {}",
        grouped(report.bytes.processed),
        grouped(u128::from(crate::BYTES_PER_GB)),
        format_args!(
            "{}{}",
            if report.rate.currency == "USD" {
                "$"
            } else {
                "CNY "
            },
            report.rate.per_gb.normalize()
        ),
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
    let table = |title, name: &str, rows: Vec<(String, String, Share)>| Section {
        title,
        head: line(name, "bytes", "GB", "cost", "share"),
        hidden: rows.len().saturating_sub(limit),
        rows: rows
            .into_iter()
            .take(limit)
            .flat_map(|(name, note, share)| row(&name, &note, share, currency))
            .collect(),
    };
    let note = |service: &Option<String>| match service {
        Some(service) => format!("({service})"),
        None => String::new(),
    };
    let services = report.services.iter().map(|row| {
        let name = row.aws_service.clone().unwrap_or_else(|| "-".to_owned());
        (name, String::new(), row.share)
    });
    vec![
        table(
            "Sources",
            "address",
            report
                .sources
                .iter()
                .map(|row| (named(row.address), String::new(), row.share))
                .collect(),
        ),
        table(
            "Destinations",
            "address",
            report
                .destinations
                .iter()
                .map(|row| (named(row.address), note(&row.aws_service), row.share))
                .collect(),
        ),
        table("AWS services", "service", services.collect()),
    ]
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
            bytes.in_from_destination,
        ),
    ] {
        let mismatch = grouped(billed.abs_diff(check));
        lines.push(format!("{what:<19} {mismatch:>19} bytes"));
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
    if let Some(last) = rows.last_mut().filter(|_| !note.is_empty()) {
        if last.len() + 1 + note.len() <= 72 {
            last.push(' ');
            last.push_str(note);
        } else {
            rows.push(format!("  {note}"));
        }
    }
    rows
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

#[cfg(test)]
mod tests {
    use super::{grouped, money, places, time};
    use rust_decimal::dec;

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
