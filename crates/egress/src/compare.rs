//! Two reports side by side: what went, what came, and what that saves.
//!
//! Recordings are of different lengths, so bytes and money are compared by the
//! hour. A month is compared only where both reports have one, from the gateway's
//! metrics.
//!
//! **Invariants.** Integers and decimals: every figure can be made from the two
//! reports by hand.

use crate::price::{COST_PLACES, Money};
use rust_decimal::Decimal;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// What is read of a report's JSON.
#[derive(Debug, Clone, Deserialize)]
pub struct Side {
    schema: String,
    cost: Cost,
    spend: Spend,
    sources: Vec<Row>,
    destinations: Vec<Row>,
    services: Vec<Row>,
}

#[derive(Debug, Clone, Deserialize)]
struct Cost {
    currency: String,
}

#[derive(Debug, Clone, Deserialize)]
struct Spend {
    hourly: Option<Hourly>,
    month: Option<Month>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
struct Hourly {
    bytes: u64,
    seconds: u64,
    #[serde(with = "rust_decimal::serde::float")]
    cost: Decimal,
}

#[derive(Debug, Clone, Deserialize)]
struct Month {
    typical: Typical,
}

#[derive(Debug, Clone, Copy, Deserialize)]
struct Typical {
    #[serde(with = "rust_decimal::serde::float")]
    cost: Decimal,
}

#[derive(Debug, Clone, Deserialize)]
struct Row {
    #[serde(default)]
    address: Option<String>,
    #[serde(default)]
    aws_service: Option<String>,
    bytes: u64,
}

/// Why two texts cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompareError {
    /// It is no report of ours.
    #[error(
        "it is no report of natspike ({0}); make one with natspike analyze --output json --top 0"
    )]
    NoReport(String),
    /// It has no time, so nothing can be said by the hour.
    #[error("its records have no start and end, so nothing can be said by the hour")]
    NoTime,
    /// Money of different kinds.
    #[error("one is in {0} and the other in {1}")]
    Currencies(String, String),
}

impl CompareError {
    /// The stable name of the error.
    pub fn name(&self) -> &'static str {
        match self {
            CompareError::NoReport(_) => "NoReport",
            CompareError::NoTime => "NoTime",
            CompareError::Currencies(..) => "Currencies",
        }
    }
}

impl Side {
    /// Reads a report as `natspike analyze --output json` writes it.
    pub fn read(text: &[u8]) -> Result<Side, CompareError> {
        let refused = |error: serde_json::Error| CompareError::NoReport(error.to_string());
        let side: Side = serde_json::from_slice(text).map_err(refused)?;
        match side.schema == crate::json::SCHEMA {
            true => Ok(side),
            false => Err(CompareError::NoReport(format!("schema {}", side.schema))),
        }
    }

    fn hourly(&self) -> Result<Hourly, CompareError> {
        let hourly = self.spend.hourly.filter(|hourly| hourly.seconds > 0);
        hourly.ok_or(CompareError::NoTime)
    }

    /// Bytes by name of one of its lists.
    fn rows(&self, kind: Kind) -> BTreeMap<String, u64> {
        let rows = match kind {
            Kind::Source => &self.sources,
            Kind::Destination => &self.destinations,
            Kind::Service => &self.services,
        };
        let name = |row: &Row| match kind {
            Kind::Service => row.aws_service.clone(),
            _ => row.address.clone(),
        };
        let mut bytes = BTreeMap::new();
        for row in rows {
            let name = name(row).unwrap_or_else(|| "-".to_owned());
            *bytes.entry(name).or_default() += row.bytes;
        }
        bytes
    }
}

/// What a row is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An AWS service.
    Service,
    /// A workload.
    Source,
    /// A remote end.
    Destination,
}

impl Kind {
    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Service => "service",
            Kind::Source => "source",
            Kind::Destination => "destination",
        }
    }
}

/// A name and what it costs by the hour before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What it is.
    pub kind: Kind,
    /// An address or a service.
    pub name: String,
    /// By the hour, before.
    pub before: Money,
    /// By the hour, after.
    pub after: Money,
}

impl Change {
    /// after - before.
    pub fn more(&self) -> Money {
        self.after - self.before
    }
}

/// A text that is no number of per cent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no number of per cent; write one such as 10 or -50")]
pub struct NoPercentage(String);

/// Two reports side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// The currency of both.
    pub currency: String,
    /// What an hour cost before and costs after.
    pub hourly: (Money, Money),
    /// What a typical month cost before and costs after, by metrics.
    pub month: Option<(Money, Money)>,
    /// Every name that has another cost, the greatest change first.
    pub changes: Vec<Change>,
}

impl Comparison {
    /// Of the two.
    pub fn of(before: &Side, after: &Side) -> Result<Comparison, CompareError> {
        if before.cost.currency != after.cost.currency {
            return Err(CompareError::Currencies(
                before.cost.currency.clone(),
                after.cost.currency.clone(),
            ));
        }
        let (old, new) = (before.hourly()?, after.hourly()?);
        let mut changes = Vec::new();
        for kind in [Kind::Service, Kind::Source, Kind::Destination] {
            let (was, is) = (before.rows(kind), after.rows(kind));
            let names: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
            for name in names {
                let part = |rows: &BTreeMap<String, u64>, hourly: Hourly| {
                    share(rows.get(name).copied().unwrap_or(0), hourly)
                };
                let change = Change {
                    kind,
                    name: name.clone(),
                    before: part(&was, old),
                    after: part(&is, new),
                };
                if !change.more().is_zero() {
                    changes.push(change);
                }
            }
        }
        changes.sort_by_key(|change| {
            (
                change.kind,
                std::cmp::Reverse(change.more().abs()),
                change.name.clone(),
            )
        });
        let month = before.spend.month.as_ref().zip(after.spend.month.as_ref());
        Ok(Comparison {
            currency: before.cost.currency.clone(),
            hourly: (old.cost, new.cost),
            month: month.map(|(old, new)| (old.typical.cost, new.typical.cost)),
            changes,
        })
    }

    /// By how many per cent an hour became dearer, below 0 if cheaper; `None` where
    /// it cost nothing before.
    pub fn increase(&self) -> Option<Decimal> {
        let (before, after) = self.hourly;
        let more = (after - before) * Decimal::ONE_HUNDRED;
        Some(more.checked_div(before)?.round_dp(1))
    }

    /// A sentence, if an hour became dearer by more than that many per cent.
    pub fn exceeds(&self, percent: &str) -> Result<Option<String>, NoPercentage> {
        let limit = Decimal::from_str_exact(percent.trim())
            .map_err(|_| NoPercentage(percent.to_owned()))?;
        let (before, after) = self.hourly;
        Ok(match self.increase() {
            Some(more) if more > limit => Some(format!(
                "an hour changed by {more} %, which is above {limit} %"
            )),
            None if after > before => {
                Some("an hour cost nothing before and costs something now".to_owned())
            }
            _ => None,
        })
    }
}

/// The part of an hour's cost that so many of its bytes are.
fn share(bytes: u64, hourly: Hourly) -> Money {
    let part = Decimal::from(bytes) * hourly.cost;
    let part = part.checked_div(Decimal::from(hourly.bytes));
    part.unwrap_or_default().round_dp(COST_PLACES)
}

/// The comparison for a terminal, with at most `top` rows of a kind (0 = all).
pub mod console {
    use super::{Change, Comparison, Kind};
    use crate::price::Money;
    use crate::report::text::round_money;
    use std::io::{self, Write};

    /// Writes it.
    pub fn write(comparison: &Comparison, top: usize, out: &mut dyn Write) -> io::Result<()> {
        let currency = comparison.currency.as_str();
        let money = |amount: Money| round_money(amount, currency);
        let line = |out: &mut dyn Write, what: &str, (before, after): (Money, Money)| {
            let word = match after <= before {
                true => "less",
                false => "more",
            };
            let more = money((after - before).abs());
            writeln!(
                out,
                "{what}  {} before, {} after: {more} {word}",
                money(before),
                money(after)
            )
        };
        line(out, "An hour ", comparison.hourly)?;
        match comparison.month {
            Some(month) => line(out, "A month ", month)?,
            None => writeln!(
                out,
                "A month   not known: both reports need metrics of the days before"
            )?,
        }
        for (kind, title) in [
            (Kind::Service, "AWS services"),
            (Kind::Source, "Sources"),
            (Kind::Destination, "Destinations"),
        ] {
            let of_kind = |change: &&Change| change.kind == kind;
            let rows: Vec<&Change> = comparison.changes.iter().filter(of_kind).collect();
            if rows.is_empty() {
                continue;
            }
            let limit = if top == 0 { rows.len() } else { top };
            writeln!(out, "\n{title}, by the hour")?;
            writeln!(
                out,
                "{:<39} {:>12} {:>12} {:>12}",
                "name", "before", "after", "change"
            )?;
            for row in rows.iter().take(limit) {
                let sign = if row.more().is_sign_negative() {
                    "-"
                } else {
                    "+"
                };
                writeln!(
                    out,
                    "{:<39} {:>12} {:>12} {:>12}{}",
                    row.name,
                    money(row.before),
                    money(row.after),
                    format!("{sign}{}", money(row.more().abs())),
                    word(row),
                )?;
            }
            if rows.len() > limit {
                writeln!(out, "and {} more (--top 0 shows all)", rows.len() - limit)?;
            }
        }
        Ok(())
    }

    fn word(change: &Change) -> &'static str {
        match (change.before.is_zero(), change.after.is_zero()) {
            (true, false) => "  new",
            (false, true) => "  gone",
            _ => "",
        }
    }
}

/// The comparison as a JSON value, schema `natspike.comparison/1`, with at most `top`
/// changes of each kind (0 = all).
pub fn json(comparison: &Comparison, top: usize) -> serde_json::Value {
    use rust_decimal::prelude::ToPrimitive;
    let sides = |(before, after): (Money, Money)| {
        serde_json::json!({
            "before": before.to_f64(),
            "after": after.to_f64(),
            "saved": (before - after).to_f64(),
        })
    };
    let mut shown: Vec<&Change> = Vec::new();
    for change in &comparison.changes {
        let before = shown.iter().filter(|it| it.kind == change.kind).count();
        if top == 0 || before < top {
            shown.push(change);
        }
    }
    serde_json::json!({
        "schema": "natspike.comparison/1",
        "currency": comparison.currency,
        "hourly": sides(comparison.hourly),
        "month": comparison.month.map(sides),
        "increase_percent": comparison.increase().and_then(|more| more.to_f64()),
        "changes": shown.into_iter().map(|change| serde_json::json!({
            "kind": change.kind.name(),
            "name": change.name,
            "before": change.before.to_f64(),
            "after": change.after.to_f64(),
        })).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::{CompareError, Comparison, Kind, Side};
    use rust_decimal::dec;
    use serde_json::{Value, json};

    fn report(seconds: u64, cost: f64, services: &[(&str, u64)], month: Option<f64>) -> Value {
        let bytes: u64 = services.iter().map(|(_, bytes)| bytes).sum();
        let services: Vec<Value> = services
            .iter()
            .map(|(name, bytes)| json!({"aws_service": name, "bytes": bytes}))
            .collect();
        json!({
            "schema": "natspike.report/1",
            "cost": {"currency": "USD"},
            "spend": {
                "hourly": {"bytes": bytes, "seconds": seconds, "cost": cost},
                "month": month.map(|cost| json!({"typical": {"cost": cost}})),
            },
            "sources": [{"address": "10.0.1.5", "bytes": bytes}],
            "destinations": [],
            "services": services,
        })
    }

    fn side(report: &Value) -> Side {
        Side::read(report.to_string().as_bytes()).expect("a report")
    }

    #[test]
    fn says_what_went_and_what_came_by_the_hour() {
        let before = side(&report(360, 4.0, &[("S3", 750), ("EC2", 250)], Some(900.0)));
        let after = side(&report(
            60,
            1.5,
            &[("EC2", 100), ("DYNAMODB", 50)],
            Some(300.0),
        ));
        let comparison = Comparison::of(&before, &after).expect("comparable");
        assert_eq!(comparison.hourly, (dec!(4), dec!(1.5)));
        assert_eq!(comparison.month, Some((dec!(900), dec!(300))));
        assert_eq!(comparison.increase(), Some(dec!(-62.5)));
        let services: Vec<_> = comparison
            .changes
            .iter()
            .filter(|change| change.kind == Kind::Service)
            .map(|change| (change.name.as_str(), change.before, change.after))
            .collect();
        // EC2 costs one dollar in both.
        assert_eq!(
            services,
            [("S3", dec!(3), dec!(0)), ("DYNAMODB", dec!(0), dec!(0.5))]
        );
        assert_eq!(comparison.exceeds("0"), Ok(None));
        let sentence = comparison.exceeds("-70").expect("a number");
        assert!(sentence.expect("above").contains("-62.5 %"));
        assert!(comparison.exceeds("much").is_err());
        let mut text = Vec::new();
        super::console::write(&comparison, 0, &mut text).expect("memory");
        let text = String::from_utf8(text).expect("text");
        assert!(
            text.starts_with(
                "An hour   $4.00 before, $1.50 after: $2.50 less\n\
             A month   $900.00 before, $300.00 after: $600.00 less\n"
            ),
            "{text}"
        );
        assert!(
            text.contains("-$3.00  gone\n") && text.contains("+$0.50  new\n"),
            "{text}"
        );
        let json = super::json(&comparison, 0);
        assert_eq!(json["month"]["saved"], 600.0);
    }

    #[test]
    fn refuses_what_cannot_be_compared() {
        for text in ["", "{}", r#"{"schema":"natspike.report/1"}"#] {
            let error = Side::read(text.as_bytes()).expect_err(text);
            assert_eq!(error.name(), "NoReport");
        }
        let good = side(&report(60, 1.0, &[("S3", 1)], None));
        let timeless = side(&report(0, 0.0, &[("S3", 1)], None));
        let error = Comparison::of(&good, &timeless).expect_err("no time");
        assert_eq!(error, CompareError::NoTime);
        let mut other = report(60, 1.0, &[("S3", 1)], None);
        other["cost"]["currency"] = "CNY".into();
        let error = Comparison::of(&good, &side(&other)).expect_err("currencies");
        assert_eq!(error.name(), "Currencies");
        let mut future = report(60, 1.0, &[("S3", 1)], None);
        future["schema"] = "natspike.report/2".into();
        let error = Side::read(future.to_string().as_bytes()).expect_err("future");
        assert_eq!(error.name(), "NoReport");
    }
}
