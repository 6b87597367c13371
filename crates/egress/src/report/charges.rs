//! The charges in words: a headline, and a line for each with its arithmetic.
//!
//! **Invariants.** What is without a price says so and is never shown as 0.

use super::{Report, text};
use crate::charge::{Charge, Quantity};
use crate::price::Money;
use text::{grouped, money, round_money, with_currency};

/// A line as every form shows it.
pub(super) struct Row {
    pub(super) label: String,
    pub(super) arithmetic: String,
    pub(super) amount: String,
    pub(super) hourly: String,
    pub(super) note: String,
}

const NOT_PRICED: &str = "not priced";

/// Every charge, and the total at the end.
pub(super) fn rows(report: &Report) -> Vec<Row> {
    let currency = report.rate.currency;
    let shown = |amount: Option<Money>| {
        amount.map_or_else(|| NOT_PRICED.to_owned(), |amount| money(amount, currency))
    };
    let mut rows: Vec<Row> = report
        .charges
        .lines
        .iter()
        .map(|charge| Row {
            label: charge.label.clone(),
            arithmetic: arithmetic(charge, currency),
            amount: shown(charge.amount),
            hourly: charge.hourly.map_or_else(String::new, |hourly| {
                format!("{}/h", money(hourly, currency))
            }),
            note: charge.note.clone().unwrap_or_default(),
        })
        .collect();
    let charges = &report.charges;
    rows.push(Row {
        label: "total".to_owned(),
        arithmetic: String::new(),
        amount: money(charges.total, currency),
        hourly: charges.hourly.map_or_else(String::new, |hourly| {
            format!("{}/h", money(hourly, currency))
        }),
        note: match without(report) {
            Some(without) => format!("at least: without {without}"),
            None => String::new(),
        },
    });
    rows
}

/// The same as lines of text, nothing where nothing is charged.
pub(super) fn lines(report: &Report) -> Vec<String> {
    if report.charges.lines.is_empty() {
        return Vec::new();
    }
    let mut lines = Vec::new();
    for row in rows(report) {
        let Row {
            label,
            amount,
            hourly,
            ..
        } = &row;
        let line = format!("{label:<38} {amount:>14} {hourly:>16}");
        lines.push(line.trim_end().to_owned());
        let details = [&row.arithmetic, &row.note];
        for detail in details.into_iter().filter(|detail| !detail.is_empty()) {
            lines.extend(text::prose(detail, "  "));
        }
    }
    lines
}

/// How the amount is made.
fn arithmetic(charge: &Charge, currency: &str) -> String {
    let price = charge
        .price
        .as_ref()
        .map(|price| with_currency(&price.amount.normalize().to_string(), currency));
    match charge.quantity {
        Quantity::Bytes { bytes, sides } => {
            let bytes = grouped(bytes);
            let Some(price) = price else {
                return format!("{bytes} bytes");
            };
            let gb = grouped(u128::from(crate::BYTES_PER_GB));
            match sides {
                1 => format!("{bytes} / {gb} x {price}"),
                sides => format!("{bytes} / {gb} x {price} x {sides} sides"),
            }
        }
        Quantity::Time { seconds, gateways } => {
            let seconds = seconds.map(|seconds| grouped(u128::from(seconds)));
            let seconds =
                seconds.map_or_else(|| "? s".to_owned(), |seconds| format!("{seconds} s"));
            let price = price.unwrap_or_else(|| "?".to_owned());
            match gateways {
                Some(gateways) => format!("{seconds} / 3,600 x {price} x {gateways}"),
                None => format!("{seconds} / 3,600 x {price} x ?"),
            }
        }
    }
}

/// What a total is without, as a list.
fn without(report: &Report) -> Option<String> {
    let mut labels: Vec<&str> = report
        .charges
        .unpriced()
        .map(|line| line.label.as_str())
        .collect();
    labels.dedup();
    (!labels.is_empty()).then(|| labels.join(", "))
}

/// What stands before a total that is without something.
pub(super) fn at_least(report: &Report) -> &'static str {
    match report.charges.is_whole() {
        true => "",
        false => "at least ",
    }
}

/// The headline: an hour, what it is made of, and what processing came to.
pub(super) fn how_much(report: &Report) -> String {
    let currency = report.rate.currency;
    let mut said = full(report);
    if report.charges.hourly.is_some() {
        let cost = money(report.processing_cost, currency);
        said += &format!("; processing alone: {cost}");
    }
    if let Some(since) = &report.spend.since_alarm {
        said += &format!(", {} since the alarm", money(since.cost, currency));
    }
    if let Some(month) = &report.spend.month {
        let [low, typical, high] =
            [month.low, month.typical, month.high].map(|(_, cost)| round_money(cost, currency));
        said += &format!(
            "; a month like the {} days before: {typical}, from {low} to {high}",
            month.days
        );
    }
    said
}

fn full(report: &Report) -> String {
    let currency = report.rate.currency;
    let charges = &report.charges;
    let at_least = at_least(report);
    let total = money(charges.total, currency);
    let (Some(hourly), Some(spent)) = (charges.hourly, &report.spend.hourly) else {
        return format!("{at_least}{total}");
    };
    let parts: Vec<String> = charges
        .lines
        .iter()
        .filter_map(|line| {
            let hourly = line.hourly.filter(|hourly| !hourly.round_dp(2).is_zero())?;
            Some(format!("{} {}", round_money(hourly, currency), line.label))
        })
        .collect();
    let parts = match parts.is_empty() {
        true => String::new(),
        false => format!(": {}", parts.join(", ")),
    };
    format!(
        "{at_least}{} an hour{parts}; {at_least}{total} in {} s",
        round_money(hourly, currency),
        grouped(u128::from(spent.seconds)),
    )
}
