//! The report as JSON, schema `natspike.report/1`.
//!
//! **Invariants.** Fields are added and never renamed, removed or given
//! another meaning. Bytes are integers; money is a number with at most ten
//! decimals. `top` limits lists and changes no total.

use super::{Destination, NamedDestinations, Pair, Report, Service, Share, Source, changed, named};
use crate::charge::{Charge, Quantity};
use crate::finding::Finding;
use crate::group::Group;
use crate::name::Name;
use crate::owner::Owner;
use crate::owners::Unknown;
use crate::ports::Port;
use crate::price::Money;
use crate::spend::Spend;
use crate::zones::Zone;
use rust_decimal::prelude::ToPrimitive;
use serde_json::{Value, json};
use std::io::{self, Write};
use std::sync::Arc;

/// The schema's name and version.
pub const SCHEMA: &str = "natspike.report/1";

/// Writes the report with at most `top` rows a list (0 = all).
pub fn write(report: &Report, top: usize, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &value(report, top))?;
    out.write_all(b"\n")
}

/// The report as a JSON value with at most `top` rows a list (0 = all).
pub fn value(report: &Report, top: usize) -> Value {
    let limit = if top == 0 { usize::MAX } else { top };
    let mut value = json!({
        "schema": SCHEMA,
        "records": {
            "read": report.records.read,
            "parsed": report.records.parsed,
            "nodata": report.records.nodata,
            "skipdata": report.records.skipdata,
            "malformed": report.records.malformed,
            "rejected": report.records.rejected,
        },
        "bytes": {
            "in_from_source": bytes(report.bytes.in_from_source),
            "out_to_destination": bytes(report.bytes.out_to_destination),
            "in_from_destination": bytes(report.bytes.in_from_destination),
            "out_to_source": bytes(report.bytes.out_to_source),
            "processed": bytes(report.bytes.processed),
            "rejected": bytes(report.bytes.rejected),
            "other": bytes(report.bytes.other),
        },
        "cost": {
            "currency": report.rate.currency,
            "region": report.region,
            "rate_per_gb": money(report.rate.per_gb),
            "bytes_per_gb": crate::BYTES_PER_GB,
            "processing": money(report.processing_cost),
            "full": money(report.charges.total),
            "full_per_hour": report.charges.hourly.map(money),
            "full_is_without": without(report),
        },
        "sources": report.sources.iter().take(limit).map(source).collect::<Vec<_>>(),
        "groups": report.groups.iter().take(limit).map(group).collect::<Vec<_>>(),
        "destinations":
            report.destinations.iter().take(limit).map(destination).collect::<Vec<_>>(),
        "services": report.services.iter().take(limit).map(service).collect::<Vec<_>>(),
        "named_destinations":
            report.named_destinations.iter().take(limit).map(named_destination).collect::<Vec<_>>(),
        "pairs": report.pairs.iter().take(limit).map(pair).collect::<Vec<_>>(),
        "zones": report.zones.iter().take(limit).map(zone).collect::<Vec<_>>(),
        "ports": report.ports.as_ref().map(|ports| {
            ports.iter().take(limit).map(port).collect::<Vec<_>>()
        }),
        "part": report.part.map(|part| json!({"from": part.from, "until": part.until})),
        "window": {
            "start": report.window.map(|window| window.start),
            "end": report.window.map(|window| window.end),
        },
        "timeline": {
            "period_seconds": report.timeline.period,
            "services": report.timeline.services,
            "points": report.timeline.points.iter().map(|(start, sums)| json!({
                "start": start,
                "bytes": sums.iter().copied().map(bytes).collect::<Vec<_>>(),
            })).collect::<Vec<_>>(),
        },
        "coverage": report.coverage.map(|coverage| json!({
            "from": coverage.window.start,
            "to": coverage.window.end,
            "recorded": bytes(coverage.recorded),
            "counted": bytes(coverage.counted),
            "share": money(coverage.share()),
            "floor": money(coverage.floor),
        })),
        "increase": report.increase.as_ref().map(|it| changed::increase(it, bytes)),
        "since_last": report.since_last.as_ref().map(|it| changed::since_last(it, bytes)),
        "spend": spend(&report.spend),
        "charges": report.charges.lines.iter().map(charge).collect::<Vec<_>>(),
        "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
        "unsolicited": {
            "addresses": report.unsolicited.addresses,
            "records": report.unsolicited.records,
            "bytes": bytes(report.unsolicited.bytes),
        },
        "interfaces": report.interfaces,
        "nat_addresses": report.nat_addresses,
        "aws_ranges": {
            "created": report.aws_ranges.0,
            "source": report.aws_ranges.1.name(),
        },
        "warnings": report.warnings,
    });
    if let Some(recorded) = &report.recorded {
        value["recording"] = recorded.value();
    }
    value
}

pub(super) fn source(row: &Source) -> Value {
    object(
        row.share,
        true,
        [
            ("address", named(row.address).into()),
            ("owner", owner(row.owner.as_ref())),
            ("name", row.name().map(|name| name.name.clone()).into()),
            ("names", names(&row.names)),
            ("owner_unknown", row.unknown.map(Unknown::name).into()),
        ],
    )
}

pub(super) fn group(row: &Group) -> Value {
    object(
        row.share,
        true,
        [
            ("name", row.name.clone().into()),
            ("full", row.full.clone().into()),
            ("addresses", row.addresses.into()),
        ],
    )
}

pub(super) fn destination(row: &Destination) -> Value {
    object(
        row.share,
        true,
        [
            ("address", named(row.address).into()),
            ("aws_service", row.aws_service.clone().into()),
            ("aws_region", row.aws_region.clone().into()),
            ("name", row.name().map(|name| name.name.clone()).into()),
            ("names", names(&row.names)),
        ],
    )
}

pub(super) fn service(row: &Service) -> Value {
    object(
        row.share,
        true,
        [("aws_service", row.aws_service.clone().into())],
    )
}

pub(super) fn named_destination(row: &NamedDestinations) -> Value {
    object(
        row.share,
        true,
        [
            ("name", row.name.clone().into()),
            ("source", row.source.into()),
            ("addresses", row.addresses.into()),
        ],
    )
}

pub(super) fn pair(row: &Pair) -> Value {
    object(
        row.share,
        false,
        [
            ("source", named(row.source).into()),
            ("destination", named(row.destination).into()),
            ("aws_service", row.aws_service.clone().into()),
        ],
    )
}

pub(super) fn zone(row: &Zone) -> Value {
    object(
        row.share,
        true,
        [
            ("zone", row.zone.clone().into()),
            ("addresses", row.addresses.into()),
        ],
    )
}

pub(super) fn port(row: &Port) -> Value {
    object(
        row.share,
        true,
        [
            ("protocol", row.protocol.into()),
            ("protocol_name", row.protocol_name().into()),
            ("port", row.port.into()),
            ("service", row.service().into()),
        ],
    )
}

fn object<const N: usize>(share: Share, priced: bool, names: [(&str, Value); N]) -> Value {
    let mut row = serde_json::Map::new();
    for (name, value) in names {
        row.insert(name.to_owned(), value);
    }
    row.insert("bytes".to_owned(), bytes(share.bytes));
    row.insert("in_from_source".to_owned(), bytes(share.in_from_source));
    row.insert("out_to_source".to_owned(), bytes(share.out_to_source));
    if priced {
        row.insert("cost".to_owned(), money(share.cost));
        row.insert("share".to_owned(), money(share.share));
        let increase = share
            .increase
            .map(|part| json!({"at_least": money(part.at_least), "at_most": money(part.at_most)}));
        row.insert("increase".to_owned(), increase.into());
    }
    row.into()
}

fn spend(spend: &Spend) -> Value {
    let day =
        |(of_day, cost): (u128, Money)| json!({"bytes_of_day": bytes(of_day), "cost": money(cost)});
    json!({
        "hourly": spend.hourly.map(|hourly| json!({
            "bytes": bytes(hourly.bytes),
            "seconds": hourly.seconds,
            "cost": money(hourly.cost),
        })),
        "since_alarm": spend.since_alarm.map(|since| json!({
            "from": since.from,
            "to": since.to,
            "bytes": bytes(since.bytes),
            "cost": money(since.cost),
        })),
        "month": spend.month.map(|month| json!({
            "days": month.days,
            "low": day(month.low),
            "typical": day(month.typical),
            "high": day(month.high),
        })),
    })
}

/// The names of the charges that have no amount, each once.
fn without(report: &Report) -> Vec<&'static str> {
    let mut names: Vec<_> = report.charges.unpriced().map(|line| line.name).collect();
    names.dedup();
    names
}

/// A line of bytes has bytes and sides, one of time seconds and gateways.
pub(super) fn charge(charge: &Charge) -> Value {
    let price = charge.price.as_ref();
    let (mut counted, mut sides, mut seconds, mut gateways) = (None, None, None, None);
    match charge.quantity {
        Quantity::Bytes { bytes, sides: on } => (counted, sides) = (Some(bytes), Some(on)),
        Quantity::Time {
            seconds: time,
            gateways: count,
        } => (seconds, gateways) = (time, count),
    }
    json!({
        "name": charge.name,
        "label": charge.label,
        "unit": charge.unit().name(),
        "bytes": counted.map(bytes),
        "sides": sides,
        "seconds": seconds,
        "gateways": gateways,
        "price": price.map(|price| money(price.amount)),
        "price_as_of": price.and_then(|price| price.as_of.as_ref()),
        "price_source": price.map(|price| &price.source),
        "amount": charge.amount.map(money),
        "hourly": charge.hourly.map(money),
        "note": charge.note,
    })
}

fn finding(finding: &Finding) -> Value {
    json!({
        "name": finding.name,
        "sentence": finding.sentence,
        "evidence": finding.evidence,
        "confidence": finding.confidence.name(),
        "saving": finding.saving.map(|saving| json!({
            "hourly": saving.hourly.map(money),
            "monthly": saving.monthly.map(money),
        })),
        "actions": finding.actions.iter().map(|action| json!({
            "language": action.language,
            "text": action.text,
        })).collect::<Vec<_>>(),
    })
}

/// All names of an address, that of the label first.
fn names(names: &[Arc<Name>]) -> Value {
    names.iter().map(|name| name.value()).collect()
}

fn owner(owner: Option<&Owner>) -> Value {
    owner.map_or(Value::Null, |owner| {
        json!({
            "kind": owner.kind.name(),
            "id": owner.id,
            "interface": owner.interface,
            "name": owner.name,
            "label": owner.label(),
            "auto_scaling_group": owner.membership.auto_scaling_group,
            "node_group": owner.membership.node_group,
            "cluster": owner.membership.cluster,
            "subnet": owner.place.subnet,
            "subnet_name": owner.place.subnet_name,
            "zone": owner.place.zone,
            "vpc": owner.place.vpc,
            "vpc_name": owner.place.vpc_name,
        })
    })
}

/// An integer; 2^64 bytes and more, which no recording has, as text rather
/// than as a rounded number.
pub(super) fn bytes(bytes: u128) -> Value {
    u64::try_from(bytes).map_or_else(|_| bytes.to_string().into(), Value::from)
}

/// The shortest number that is read back as this decimal.
pub(super) fn money(money: Money) -> Value {
    money.to_f64().into()
}
