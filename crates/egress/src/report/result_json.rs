//! The report as `result.json` of vpc-flowlogs-egress-analyzer, for whoever
//! reads that already.
//!
//! Names and types are that program's; the figures are this one's: billed
//! bytes in both directions, by remote end, counted once. `direction` is that
//! of most of the bytes, `connection_num` the number of their records (of
//! flows, where Logs Insights has added records up). `ipinfo` is what
//! IPinfo says, or else an ASN database, with empty texts for what that does not
//! say; it is null where neither was asked or knows of the address.
//!
//! **Invariants.** Fields are those of the other program, no more and no less.
//!
//! <https://github.com/axelmarciano/vpc-flowlogs-egress-analyzer>

use super::{Destination, Report};
use crate::name::{Name, NameSource};
use crate::price::{BYTES_PER_GB, Money};
use chrono::{DateTime, Utc};
use rust_decimal::prelude::ToPrimitive;
use serde_json::{Map, Value, json};
use std::io::{self, Write};
use std::sync::Arc;

/// Writes the report with at most `top` addresses (0 = all).
pub fn write(report: &Report, top: usize, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &value(report, top))?;
    out.write_all(b"\n")
}

/// The report as a JSON value with at most `top` addresses (0 = all).
pub fn value(report: &Report, top: usize) -> Value {
    let limit = if top == 0 { usize::MAX } else { top };
    let first = report
        .window
        .and_then(|window| DateTime::<Utc>::from_timestamp(i64::try_from(window.start).ok()?, 0));
    // The day on which the records begin, as text with two digits.
    let part = |form: &str| first.map_or(String::new(), |day| day.format(form).to_string());
    json!({
        "year": part("%Y"),
        "month": part("%m"),
        "day": part("%d"),
        "region": report.region,
        "cost_per_gb_usd": number(report.rate.per_gb),
        "total": {
            "bytes": bytes(report.bytes.processed),
            "gb": gb(report.bytes.processed),
            "cost_usd": number(report.processing_cost),
        },
        "egress_by_ip": report
            .destinations
            .iter()
            .take(limit)
            .map(row)
            .collect::<Vec<_>>(),
    })
}

fn row(destination: &Destination) -> Value {
    let share = destination.share;
    let mut row = Map::new();
    row.insert("ip".to_owned(), destination.address.to_string().into());
    if let Some(service) = &destination.aws_service {
        row.insert("aws_service".to_owned(), service.clone().into());
    }
    let direction = match share.in_from_source >= share.out_to_source {
        true => "egress",
        false => "ingress",
    };
    row.insert("direction".to_owned(), direction.into());
    row.insert("bytes".to_owned(), bytes(share.bytes));
    row.insert("gb".to_owned(), gb(share.bytes));
    row.insert("cost_usd".to_owned(), number(share.cost));
    row.insert("connection_num".to_owned(), destination.records.into());
    row.insert("ipinfo".to_owned(), ipinfo(destination));
    row.into()
}

fn ipinfo(destination: &Destination) -> Value {
    let is_it = |name: &&Arc<Name>| {
        let source = name.source;
        matches!(source, NameSource::Ipinfo | NameSource::AsnDatabase)
    };
    let Some(name) = destination.names.iter().find(is_it) else {
        return Value::Null;
    };
    let text = |known: &Option<String>| known.clone().unwrap_or_default();
    json!({
        "asn": text(&name.asn),
        "as_name": name.name,
        "as_domain": text(&name.domain),
        "country_code": text(&name.country_code),
        "country": text(&name.country),
        "continent_code": text(&name.continent_code),
        "continent": text(&name.continent),
    })
}

/// An integer; 2^64 bytes and more as text rather than rounded.
fn bytes(bytes: u128) -> Value {
    u64::try_from(bytes).map_or_else(|_| bytes.to_string().into(), Value::from)
}

#[allow(clippy::cast_precision_loss)] // the other program's unit is a floating one
fn gb(bytes: u128) -> Value {
    (bytes as f64 / BYTES_PER_GB as f64).into()
}

fn number(money: Money) -> Value {
    money.to_f64().into()
}

#[cfg(test)]
mod tests {
    use super::value;
    use crate::{Facts, Name, NameSource, Names, Rate, report};
    use flowlog::FlowTable;
    use serde_json::json;

    const LOG: &[u8] = b"srcaddr dstaddr pkt-srcaddr pkt-dstaddr pkt-src-aws-service pkt-dst-aws-service bytes start end\n\
        10.0.1.5 10.0.0.220 10.0.1.5 203.0.113.5 - S3 1073741824 1795132800 1795132860\n\
        10.0.0.220 203.0.113.5 10.0.0.220 203.0.113.5 - S3 1073741824 1795132800 1795132860\n\
        10.0.0.220 10.0.1.5 198.51.100.7 10.0.1.5 - - 3221225472 1795132800 1795132860\n\
        10.0.0.220 10.0.1.6 198.51.100.7 10.0.1.6 - - 0 1795132860 1795132920\n\
        198.51.100.7 10.0.0.220 198.51.100.7 10.0.0.220 - - 3221225472 1795132800 1795132860\n";

    #[test]
    fn has_the_names_and_types_of_the_other_program() {
        let mut table = FlowTable::new();
        table.push(LOG).expect("a flow log");
        table.end_source().expect("a flow log");
        let rate = Rate::of_region("us-east-1").expect("a rate");
        let report = report(&table, &Facts::new("us-east-1", rate));
        assert_eq!(
            value(&report, 0),
            json!({
                "year": "2026",
                "month": "11",
                "day": "20",
                "region": "us-east-1",
                "cost_per_gb_usd": 0.045,
                "total": {"bytes": 4_294_967_296_u64, "gb": 4.0, "cost_usd": 0.18},
                "egress_by_ip": [
                    {
                        "ip": "198.51.100.7",
                        "direction": "ingress",
                        "bytes": 3_221_225_472_u64,
                        "gb": 3.0,
                        "cost_usd": 0.135,
                        "connection_num": 2,
                        "ipinfo": null
                    },
                    {
                        "ip": "203.0.113.5",
                        "aws_service": "S3",
                        "direction": "egress",
                        "bytes": 1_073_741_824,
                        "gb": 1.0,
                        "cost_usd": 0.045,
                        "connection_num": 1,
                        "ipinfo": null
                    }
                ]
            })
        );
        assert_eq!(
            value(&report, 1)["egress_by_ip"].as_array().map(Vec::len),
            Some(1)
        );
    }

    #[test]
    fn ipinfo_is_what_ipinfo_says_or_else_an_asn_database() {
        let mut table = FlowTable::new();
        table.push(LOG).expect("a flow log");
        table.end_source().expect("a flow log");
        let facts = Facts::new("us-east-1", Rate::of_region("us-east-1").expect("a rate"));
        let mut report = report(&table, &facts);
        let mut names = Names::default();
        let name = |source, name| Name::new(source, name).expect("a name");
        let address = |text: &str| text.parse().expect("an address");
        names.add(address("198.51.100.7"), name(NameSource::Rdap, "OTHER"));
        names.add(
            address("198.51.100.7"),
            Name {
                asn: Some("AS64500".to_owned()),
                ..name(NameSource::AsnDatabase, "EXAMPLE")
            },
        );
        names.add(
            address("203.0.113.5"),
            name(NameSource::AsnDatabase, "AMAZON"),
        );
        names.add(
            address("203.0.113.5"),
            Name {
                country_code: Some("US".to_owned()),
                ..name(NameSource::Ipinfo, "Amazon.com, Inc.")
            },
        );
        report.name(&names, &facts);
        let rows = value(&report, 0);
        let part = |row: usize, field: &str| rows["egress_by_ip"][row]["ipinfo"][field].clone();
        assert_eq!(part(0, "as_name"), "EXAMPLE");
        assert_eq!(part(0, "asn"), "AS64500");
        assert_eq!(part(0, "country"), "");
        assert_eq!(part(1, "as_name"), "Amazon.com, Inc.");
        assert_eq!(part(1, "country_code"), "US");
    }
}
