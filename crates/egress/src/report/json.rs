//! The report as JSON, schema `natspike.report/1`.
//!
//! **Invariants.** Fields are added and never renamed, removed or given
//! another meaning. Bytes are integers; money is a number with at most ten
//! decimals. `top` limits lists and changes no total.

use super::{Report, Share, named};
use crate::price::Money;
use rust_decimal::prelude::ToPrimitive;
use serde_json::{Value, json};
use std::io::{self, Write};

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
    json!({
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
        },
        "sources": report.sources.iter().take(limit).map(|row| {
            object(row.share, true, [("address", named(row.address).into())])
        }).collect::<Vec<_>>(),
        "destinations": report.destinations.iter().take(limit).map(|row| {
            object(row.share, true, [
                ("address", named(row.address).into()),
                ("aws_service", row.aws_service.clone().into()),
            ])
        }).collect::<Vec<_>>(),
        "services": report.services.iter().take(limit).map(|row| {
            object(row.share, true, [("aws_service", row.aws_service.clone().into())])
        }).collect::<Vec<_>>(),
        "pairs": report.pairs.iter().take(limit).map(|row| {
            object(row.share, false, [
                ("source", named(row.source).into()),
                ("destination", named(row.destination).into()),
                ("aws_service", row.aws_service.clone().into()),
            ])
        }).collect::<Vec<_>>(),
        "window": {
            "start": report.window.map(|window| window.start),
            "end": report.window.map(|window| window.end),
        },
        "nat_addresses": report.nat_addresses,
        "warnings": report.warnings,
    })
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
    }
    row.into()
}

/// An integer; 2^64 bytes and more, which no recording has, as text rather
/// than as a rounded number.
fn bytes(bytes: u128) -> Value {
    u64::try_from(bytes).map_or_else(|_| bytes.to_string().into(), Value::from)
}

/// The shortest number that is read back as this decimal.
fn money(money: Money) -> Value {
    money.to_f64().into()
}
