//! The full price of the recorded bytes: a line for each thing that AWS charges,
//! with its arithmetic.
//!
//! Processing is what a NAT gateway bills for every byte. Beside it come the
//! gateway's hours, with or without traffic, and the transfer of the bytes
//! themselves, which depends on where the remote end is ([`transfer`]) and on the
//! zones of workload and gateway ([`zone`]):
//! <https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-pricing.html>.
//!
//! **Invariants.** Every transferred byte is in one line of [`transfer`]. A line
//! whose price is not known has no amount and says why, and a total says that it
//! is without it. Each amount is rounded once, to ten decimals; totals are sums of
//! what is printed.

mod transfer;
mod zone;

use crate::facts::Facts;
use crate::gateway::{Gateway, GatewayKind};
use crate::price::{Money, Price, PriceName, Rate, Unit, rounded};
use crate::report::{Report, Verdict};
use crate::spend::Hourly;
use rust_decimal::Decimal;
use std::collections::BTreeSet;

/// Seconds of an hour.
const HOUR: u64 = 3_600;

/// The stable name of each kind of charge, with what it is.
pub const NAMES: [(&str, &str); 13] = [
    ("nat-processing", "NAT processing"),
    ("nat-hours", "NAT gateway hours"),
    ("internet-upload", "upload to the internet"),
    ("internet-download", "download from the internet"),
    ("inter-region-upload", "upload to another region"),
    ("inter-region-download", "download from other regions"),
    ("same-region", "S3 and DynamoDB in the region"),
    ("aws-in-region", "other AWS services in the region"),
    ("aws-global", "AWS services without a region"),
    ("aws-unknown", "AWS services in an unknown region"),
    ("private", "private remote ends"),
    ("unknown", "remote ends that are not told apart"),
    ("cross-zone", "traffic between zones"),
];

/// How much of it there was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// Bytes, charged on so many sides.
    Bytes {
        /// How many.
        bytes: u128,
        /// How often each of them is charged.
        sides: u32,
    },
    /// The time of the recording.
    Time {
        /// Its seconds, where records have start and end.
        seconds: Option<u64>,
        /// Gateways, or active zones of regional ones, where that is known.
        gateways: Option<u64>,
    },
}

/// What one of it costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitPrice {
    /// Money for [`BYTES_PER_GB`](crate::BYTES_PER_GB) bytes, or for an hour.
    pub amount: Money,
    /// As of when, where that is known.
    pub as_of: Option<String>,
    /// Where it is from.
    pub source: String,
}

/// A line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// The stable name, one of [`NAMES`].
    pub name: &'static str,
    /// What it is, in words.
    pub label: String,
    /// How much of it.
    pub quantity: Quantity,
    /// What one costs, where that is known.
    pub price: Option<UnitPrice>,
    /// What it costs in the recording, where that is known.
    pub amount: Option<Money>,
    /// What it costs in an hour like it, where that is known.
    pub hourly: Option<Money>,
    /// What one should know about it.
    pub note: Option<String>,
}

/// All of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Charges {
    /// The lines, processing first.
    pub lines: Vec<Charge>,
    /// The sum of the amounts that are known.
    pub total: Money,
    /// The sum of an hour of them; `None` where records have no time.
    pub hourly: Option<Money>,
}

impl Charges {
    /// The lines that are without an amount, so that the total is without them.
    pub fn unpriced(&self) -> impl Iterator<Item = &Charge> {
        self.lines.iter().filter(|line| line.amount.is_none())
    }

    /// The line of that name, where it has a price.
    pub(crate) fn priced(&self, name: &str) -> Option<&Charge> {
        let mut lines = self.lines.iter();
        lines.find(|line| line.name == name && line.price.is_some())
    }

    /// Whether every line has an amount.
    pub fn is_whole(&self) -> bool {
        self.unpriced().next().is_none()
    }
}

/// What the recorded traffic is charged.
pub(crate) fn of(report: &Report, facts: &Facts, gateways: &[Gateway]) -> Charges {
    if report.verdict != Verdict::Traffic {
        return Charges::default();
    }
    let bill = Bill { report, facts };
    let mut lines = vec![bill.processing(), bill.hours(gateways)];
    lines.extend(transfer::lines(&bill));
    lines.extend(zone::lines(&bill, gateways));
    let total = lines.iter().filter_map(|line| line.amount).sum();
    let hourly = bill
        .seconds()
        .filter(|seconds| *seconds > 0)
        .map(|_| lines.iter().filter_map(|line| line.hourly).sum());
    Charges {
        lines,
        total,
        hourly,
    }
}

/// What lines are made of.
struct Bill<'a> {
    report: &'a Report,
    facts: &'a Facts,
}

impl<'a> Bill<'a> {
    fn seconds(&self) -> Option<u64> {
        let window = self.report.window?;
        Some(window.end.saturating_sub(window.start))
    }

    fn processing(&self) -> Charge {
        let rate = &self.facts.rate;
        let listed = self.facts.prices.of(PriceName::NatGb);
        let source = listed.filter(|price| price.first_paid().0 == rate.per_gb);
        let price = UnitPrice {
            amount: rate.per_gb,
            as_of: source.and_then(|price| price.as_of.clone()),
            source: source.map_or_else(|| "given".to_owned(), |price| price.source.clone()),
        };
        let processed = self.report.bytes.processed;
        self.of_bytes("nat-processing", processed, 1, Some(price), None)
    }

    fn hours(&self, gateways: &[Gateway]) -> Charge {
        let prices = &self.facts.prices;
        let is_regional = gateways
            .iter()
            .any(|gateway| gateway.kind == GatewayKind::Regional);
        let price = match is_regional {
            true => prices.of(PriceName::NatRegionalHour),
            false => None,
        };
        let price = price.or_else(|| prices.of(PriceName::NatHour));
        let (price, lacking) = self.usable(price, PriceName::NatHour);
        let count = self.counted(gateways);
        let seconds = self.seconds();
        let note = match (lacking, count, seconds) {
            (Some(lacking), ..) => lacking,
            (None, None, _) => "in how many zones the regional gateway is active is not known: \
                                there is no metric of it by zone"
                .to_owned(),
            (.., None) => "the records have no start and end".to_owned(),
            _ if is_regional => {
                "for each zone in which it has metrics; paid with or without traffic".to_owned()
            }
            _ => "for each gateway that the records show; paid with or without traffic".to_owned(),
        };
        let hourly = price.as_ref().zip(count);
        let hourly = hourly.map(|(price, count)| price.amount * Decimal::from(count));
        let amount = hourly.zip(seconds).map(|(hourly, seconds)| {
            rounded(hourly * Decimal::from(seconds) / Decimal::from(HOUR))
        });
        Charge {
            name: "nat-hours",
            label: label("nat-hours").to_owned(),
            quantity: Quantity::Time {
                seconds,
                gateways: count,
            },
            price,
            amount,
            hourly: amount.and(hourly).map(rounded),
            note: Some(note),
        }
    }

    /// Gateways, those of a region by the zones in which they are active.
    fn counted(&self, gateways: &[Gateway]) -> Option<u64> {
        let mut count = 0;
        for gateway in gateways {
            count += match gateway.kind {
                GatewayKind::Zonal => 1,
                GatewayKind::Regional => {
                    Some(self.active_zones().len() as u64).filter(|zones| *zones > 0)?
                }
            };
        }
        Some(count)
    }

    /// The zones in which a regional gateway has metrics.
    fn active_zones(&self) -> BTreeSet<&'a str> {
        let metrics = self.facts.metrics().iter();
        metrics
            .filter_map(|metric| metric.zone.as_deref())
            .collect()
    }

    /// A price that is known and in this report's money, or why there is none.
    fn usable(
        &self,
        price: Option<&Price>,
        name: PriceName,
    ) -> (Option<UnitPrice>, Option<String>) {
        let Some(price) = price else {
            let region = &self.report.region;
            let lacking = format!(
                "its price is not known in {region} (natspike analyze --prices aws, or --rate \
                 {name}=USD)"
            );
            return (None, Some(lacking));
        };
        let (theirs, ours) = (price.currency.code(), self.report.rate.currency);
        if theirs != ours {
            let lacking = format!("its price is in {theirs} and this report in {ours}");
            return (None, Some(lacking));
        }
        let unit_price = UnitPrice {
            amount: price.first_paid().0,
            as_of: price.as_of.clone(),
            source: price.source.clone(),
        };
        (Some(unit_price), None)
    }

    /// A line of bytes by a price of the book.
    fn listed(
        &self,
        name: &'static str,
        bytes: u128,
        sides: u32,
        (price, of): (Option<&Price>, PriceName),
    ) -> Charge {
        let (unit_price, lacking) = self.usable(price, of);
        self.of_bytes(name, bytes, sides, unit_price, lacking)
    }

    /// A line of bytes, with an amount if there is a price.
    fn of_bytes(
        &self,
        name: &'static str,
        bytes: u128,
        sides: u32,
        price: Option<UnitPrice>,
        note: Option<String>,
    ) -> Charge {
        let rate = price.as_ref().map(|price| Rate {
            per_gb: price.amount * Decimal::from(sides),
            currency: self.report.rate.currency,
        });
        let hourly = |rate: &Rate| Some(Hourly::of(bytes, self.seconds()?, rate)?.cost);
        Charge {
            name,
            label: label(name).to_owned(),
            quantity: Quantity::Bytes { bytes, sides },
            amount: rate.as_ref().map(|rate| rate.cost(bytes)),
            hourly: rate.as_ref().and_then(hourly),
            price,
            note,
        }
    }

    /// A line of bytes that cost nothing.
    fn free(&self, name: &'static str, bytes: u128, source: &str) -> Charge {
        let price = UnitPrice {
            amount: Money::ZERO,
            as_of: None,
            source: source.to_owned(),
        };
        self.of_bytes(name, bytes, 1, Some(price), Some(source.to_owned()))
    }

    /// A line of bytes whose price nobody knows.
    fn unpriced(&self, name: &'static str, bytes: u128, why: &str) -> Charge {
        self.of_bytes(name, bytes, 1, None, Some(why.to_owned()))
    }
}

fn label(name: &str) -> &'static str {
    let mut rows = NAMES.iter();
    rows.find(|row| row.0 == name).map_or("", |row| row.1)
}

impl Charge {
    /// What its price is for one of.
    pub fn unit(&self) -> Unit {
        match self.quantity {
            Quantity::Bytes { .. } => Unit::Gb,
            Quantity::Time { .. } => Unit::Hour,
        }
    }
}
