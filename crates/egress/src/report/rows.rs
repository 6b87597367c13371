//! Rows of a report's lists: sorted, searched, some at a time, as JSON or CSV.
//!
//! **Invariants.** A row is as in [`super::json`]. What a row lacks comes last,
//! whichever way it is sorted, and equal rows stay in the report's order. Only rows
//! that are given are written. A cell of text that a spreadsheet would take for a
//! formula has an apostrophe before it.

use super::json;
use super::text::harmless;
use super::{Destination, NamedDestinations, Pair, Report, Service, Share, Source, named};
use crate::charge::{Charge, Quantity};
use crate::group::Group;
use crate::ports::Port;
use crate::price::Money;
use crate::zones::Zone;
use rust_decimal::Decimal;
use serde_json::Value;
use std::cmp::{Ordering, Reverse};
use std::io::{self, Write};
use std::net::IpAddr;

/// A list of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// Workloads.
    Sources,
    /// Workloads by owner.
    Groups,
    /// Remote ends.
    Destinations,
    /// Remote ends by label.
    NamedDestinations,
    /// AWS services.
    Services,
    /// Protocols and ports of remote ends.
    Ports,
    /// Workloads by availability zone.
    Zones,
    /// Workloads with remote ends.
    Pairs,
    /// What is charged.
    Charges,
}

/// Which rows, in which order.
#[derive(Debug, Clone, Copy, Default)]
pub struct Query<'a> {
    /// The field to sort by; without one it is the report's order.
    pub sort: Option<&'a str>,
    /// Whether the largest come first.
    pub is_descending: bool,
    /// How many to leave out.
    pub offset: usize,
    /// How many to give; 0 = all.
    pub limit: usize,
    /// What has to stand in one of the texts of a row, in letters of any case.
    pub search: &'a str,
}

/// Some rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    /// How many the list has.
    pub total: usize,
    /// How many of them have what is searched.
    pub matching: usize,
    /// Those that were asked for, as in the report.
    pub rows: Vec<Value>,
}

/// Why there are no rows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowsError {
    /// A report has no such list.
    #[error("a report has no list {0:?}; there are {known}", known = names())]
    UnknownList(String),
    /// Rows of the list have no such field, or one that has no order.
    #[error("rows of {list} cannot be sorted by {field:?}; sort by one of {known}", list = .list.name(), known = .list.sortable().join(", "))]
    UnknownField {
        /// The list.
        list: List,
        /// What it was to be sorted by.
        field: String,
    },
}

impl RowsError {
    /// The stable name of the error.
    pub fn name(&self) -> &'static str {
        match self {
            RowsError::UnknownList(_) => "UnknownList",
            RowsError::UnknownField { .. } => "UnknownField",
        }
    }
}

fn names() -> String {
    List::ALL.map(List::name).join(", ")
}

/// Of every row that has a cost.
const SHARE: [&str; 5] = ["bytes", "in_from_source", "out_to_source", "cost", "share"];

impl List {
    /// Every list.
    pub const ALL: [List; 9] = [
        List::Sources,
        List::Groups,
        List::Destinations,
        List::NamedDestinations,
        List::Services,
        List::Ports,
        List::Zones,
        List::Pairs,
        List::Charges,
    ];

    /// The stable name, as reports have it.
    pub fn name(self) -> &'static str {
        match self {
            List::Sources => "sources",
            List::Groups => "groups",
            List::Destinations => "destinations",
            List::NamedDestinations => "named_destinations",
            List::Services => "services",
            List::Ports => "ports",
            List::Zones => "zones",
            List::Pairs => "pairs",
            List::Charges => "charges",
        }
    }

    /// The list of that name.
    pub fn named(name: &str) -> Result<List, RowsError> {
        let mut all = List::ALL.into_iter();
        let list = all.find(|list| list.name() == name);
        list.ok_or_else(|| RowsError::UnknownList(name.to_owned()))
    }

    /// How many rows the report has of it.
    pub fn count(self, report: &Report) -> usize {
        match self {
            List::Sources => report.sources.len(),
            List::Groups => report.groups.len(),
            List::Destinations => report.destinations.len(),
            List::NamedDestinations => report.named_destinations.len(),
            List::Services => report.services.len(),
            List::Ports => report.ports.as_deref().unwrap_or_default().len(),
            List::Zones => report.zones.len(),
            List::Pairs => report.pairs.len(),
            List::Charges => report.charges.lines.len(),
        }
    }

    /// The fields by which its rows can be sorted.
    pub fn sortable(self) -> Vec<&'static str> {
        let (own, has_share): (&[_], _) = match self {
            List::Sources => (&["address", "owner", "name"], true),
            List::Groups => (&["name", "full", "addresses"], true),
            List::Destinations => (&["address", "aws_service", "aws_region", "name"], true),
            List::NamedDestinations => (&["name", "source", "addresses"], true),
            List::Services => (&["aws_service"], true),
            List::Ports => (&["protocol", "protocol_name", "port", "service"], true),
            List::Zones => (&["zone", "addresses"], true),
            List::Pairs => (&["source", "destination", "aws_service"], false),
            List::Charges => (
                &["name", "label", "bytes", "price", "amount", "hourly"],
                false,
            ),
        };
        let shares: &[_] = match (self, has_share) {
            (_, true) => &SHARE,
            (List::Pairs, _) => &SHARE[..3],
            _ => &[],
        };
        [own, shares].concat()
    }

    /// The columns of its CSV: fields of its JSON, those of objects with a point.
    fn columns(self) -> Vec<&'static str> {
        const OWNER: [&str; 13] = [
            "owner.kind",
            "owner.id",
            "owner.interface",
            "owner.name",
            "owner.label",
            "owner.auto_scaling_group",
            "owner.node_group",
            "owner.cluster",
            "owner.subnet",
            "owner.subnet_name",
            "owner.zone",
            "owner.vpc",
            "owner.vpc_name",
        ];
        const INCREASE: [&str; 2] = ["increase.at_least", "increase.at_most"];
        let own: Vec<&str> = match self {
            List::Sources => [&["address"][..], &OWNER, &["name", "owner_unknown"]].concat(),
            List::Charges => {
                return vec![
                    "name",
                    "label",
                    "unit",
                    "bytes",
                    "sides",
                    "seconds",
                    "gateways",
                    "price",
                    "price_as_of",
                    "price_source",
                    "amount",
                    "hourly",
                    "note",
                ];
            }
            List::Pairs => return self.sortable(),
            _ => {
                let sortable = self.sortable();
                sortable[..sortable.len() - SHARE.len()].to_vec()
            }
        };
        [&own[..], &SHARE, &INCREASE].concat()
    }
}

/// What a row is sorted by.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Number(u128),
    Money(Money),
    Address(IpAddr),
    Text(String),
}

/// A row of any list.
trait Row {
    /// What stands in that field, if anything does.
    fn key(&self, field: &str) -> Option<Key>;
    fn json(&self) -> Value;
}

fn text(text: impl Into<String>) -> Option<Key> {
    Some(Key::Text(text.into()))
}

fn of_share(share: &Share, field: &str) -> Option<Key> {
    match field {
        "bytes" => Some(Key::Number(share.bytes)),
        "in_from_source" => Some(Key::Number(share.in_from_source)),
        "out_to_source" => Some(Key::Number(share.out_to_source)),
        "cost" => Some(Key::Money(share.cost)),
        "share" => Some(Key::Money(share.share)),
        _ => None,
    }
}

impl Row for Source {
    fn key(&self, field: &str) -> Option<Key> {
        match field {
            "address" => Some(Key::Address(self.address)),
            "owner" => text(self.owner.as_ref()?.label()),
            "name" => text(&self.name()?.name),
            field => of_share(&self.share, field),
        }
    }

    fn json(&self) -> Value {
        json::source(self)
    }
}

impl Row for Group {
    fn key(&self, field: &str) -> Option<Key> {
        match field {
            "name" => text(self.name.clone()?),
            "full" => text(&self.full),
            "addresses" => Some(Key::Number(self.addresses as u128)),
            field => of_share(&self.share, field),
        }
    }

    fn json(&self) -> Value {
        json::group(self)
    }
}

impl Row for Destination {
    fn key(&self, field: &str) -> Option<Key> {
        match field {
            "address" => Some(Key::Address(self.address)),
            "aws_service" => text(self.aws_service.clone()?),
            "aws_region" => text(self.aws_region.clone()?),
            "name" => text(&self.name()?.name),
            field => of_share(&self.share, field),
        }
    }

    fn json(&self) -> Value {
        json::destination(self)
    }
}

impl Row for NamedDestinations {
    fn key(&self, field: &str) -> Option<Key> {
        match field {
            "name" => text(self.name.clone()?),
            "source" => text(self.source?),
            "addresses" => Some(Key::Number(self.addresses as u128)),
            field => of_share(&self.share, field),
        }
    }

    fn json(&self) -> Value {
        json::named_destination(self)
    }
}

impl Row for Service {
    fn key(&self, field: &str) -> Option<Key> {
        match field {
            "aws_service" => text(self.aws_service.clone()?),
            field => of_share(&self.share, field),
        }
    }

    fn json(&self) -> Value {
        json::service(self)
    }
}

impl Row for Port {
    fn key(&self, field: &str) -> Option<Key> {
        match field {
            "protocol" => Some(Key::Number(self.protocol?.into())),
            "protocol_name" => text(self.protocol_name()?),
            "port" => Some(Key::Number(self.port?.into())),
            "service" => text(self.service()?),
            field => of_share(&self.share, field),
        }
    }

    fn json(&self) -> Value {
        json::port(self)
    }
}

impl Row for Zone {
    fn key(&self, field: &str) -> Option<Key> {
        match field {
            "zone" => text(self.zone.clone()?),
            "addresses" => Some(Key::Number(self.addresses as u128)),
            field => of_share(&self.share, field),
        }
    }

    fn json(&self) -> Value {
        json::zone(self)
    }
}

impl Row for Pair {
    fn key(&self, field: &str) -> Option<Key> {
        match field {
            "source" => Some(Key::Address(self.source)),
            "destination" => Some(Key::Address(self.destination)),
            "aws_service" => text(self.aws_service.clone()?),
            field => of_share(&self.share, field),
        }
    }

    fn json(&self) -> Value {
        json::pair(self)
    }
}

impl Row for Charge {
    fn key(&self, field: &str) -> Option<Key> {
        match field {
            "name" => text(self.name),
            "label" => text(&self.label),
            "bytes" => match self.quantity {
                Quantity::Bytes { bytes, .. } => Some(Key::Number(bytes)),
                Quantity::Time { .. } => None,
            },
            "price" => Some(Key::Money(self.price.as_ref()?.amount)),
            "amount" => Some(Key::Money(self.amount?)),
            "hourly" => Some(Key::Money(self.hourly?)),
            _ => None,
        }
    }

    fn json(&self) -> Value {
        json::charge(self)
    }
}

/// The rows that the query asks for.
pub fn rows(report: &Report, list: List, query: Query<'_>) -> Result<Rows, RowsError> {
    if let Some(field) = query.sort
        && !list.sortable().contains(&field)
    {
        let field = field.to_owned();
        return Err(RowsError::UnknownField { list, field });
    }
    Ok(match list {
        List::Sources => some(&report.sources, list, query),
        List::Groups => some(&report.groups, list, query),
        List::Destinations => some(&report.destinations, list, query),
        List::NamedDestinations => some(&report.named_destinations, list, query),
        List::Services => some(&report.services, list, query),
        List::Ports => some(report.ports.as_deref().unwrap_or_default(), list, query),
        List::Zones => some(&report.zones, list, query),
        List::Pairs => some(&report.pairs, list, query),
        List::Charges => some(&report.charges.lines, list, query),
    })
}

/// The same as CSV, under the names of the fields; those of objects with `_`.
pub fn csv(
    report: &Report,
    list: List,
    query: Query<'_>,
    out: &mut dyn Write,
) -> Result<io::Result<()>, RowsError> {
    let rows = rows(report, list, query)?;
    Ok(write(&list.columns(), &rows.rows, out))
}

fn write(columns: &[&str], rows: &[Value], out: &mut dyn Write) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(columns.iter().map(|name| name.replace('.', "_")))?;
    for row in rows {
        let cell = |name: &&str| {
            let mut value = Some(row);
            for part in name.split('.') {
                value = value.and_then(|value| value.get(part));
            }
            value.map_or_else(String::new, cell)
        };
        writer.write_record(columns.iter().map(cell))?;
    }
    writer.flush()
}

/// A value as a cell; a text is never a formula.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => harmless(text),
        Value::Number(number) => {
            let text = number.to_string();
            // Small amounts of money without an exponent.
            let plain = text.contains('e').then(|| Decimal::from_scientific(&text));
            plain
                .and_then(Result::ok)
                .map_or(text, |plain| plain.to_string())
        }
        other => other.to_string(),
    }
}

fn some<R: Row>(all: &[R], list: List, query: Query<'_>) -> Rows {
    let search = query.search.to_lowercase();
    let fields = list.sortable();
    let is_found =
        |row: &&R| search.is_empty() || fields.iter().any(|field| has(row.key(field), &search));
    let mut found: Vec<&R> = all.iter().filter(is_found).collect();
    let matching = found.len();
    if let Some(field) = query.sort {
        let compare: fn(&Key, &Key) -> Ordering = match query.is_descending {
            true => |one, other| Reverse(one).cmp(&Reverse(other)),
            false => Ord::cmp,
        };
        let mut keyed: Vec<(Option<Key>, &R)> =
            found.into_iter().map(|row| (row.key(field), row)).collect();
        keyed.sort_by(|(one, _), (other, _)| match (one, other) {
            (Some(one), Some(other)) => compare(one, other),
            (one, other) => one.is_none().cmp(&other.is_none()),
        });
        found = keyed.into_iter().map(|(_, row)| row).collect();
    }
    let limit = if query.limit == 0 {
        usize::MAX
    } else {
        query.limit
    };
    let shown = found.into_iter().skip(query.offset).take(limit);
    Rows {
        total: all.len(),
        matching,
        rows: shown.map(Row::json).collect(),
    }
}

/// Whether that stands in a text or an address.
fn has(key: Option<Key>, search: &str) -> bool {
    match key {
        Some(Key::Text(text)) => text.to_lowercase().contains(search),
        Some(Key::Address(address)) => named(address).contains(search),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{List, Query, RowsError, cell, csv, rows};
    use crate::{Facts, Rate, Report, report};
    use flowlog::FlowTable;
    use serde_json::json;

    fn made() -> Report {
        let mut table = FlowTable::new();
        let text = "srcaddr dstaddr pkt-srcaddr pkt-dstaddr pkt-dst-aws-service bytes\n\
            10.0.1.10 10.0.0.220 10.0.1.10 203.0.113.5 S3 10\n\
            10.0.1.9 10.0.0.220 10.0.1.9 203.0.113.6 - 30\n\
            10.0.1.11 10.0.0.220 10.0.1.11 203.0.113.5 S3 20\n";
        table.push(text.as_bytes()).expect("a flow log");
        table.end_source().expect("a flow log");
        let rate = Rate::of_region("us-east-1").expect("a rate");
        report(&table, &Facts::new("us-east-1", rate))
    }

    /// The addresses or services that a query gives.
    fn check(list: List, query: Query<'_>, field: &str, expected: &[Option<&str>]) {
        let found = rows(&made(), list, query).expect("a field");
        let found: Vec<_> = found.rows.iter().map(|row| row[field].as_str()).collect();
        assert_eq!(found, expected, "{query:?}");
    }

    #[test]
    fn rows_come_sorted_and_searched_some_at_a_time() {
        let sort = |sort, is_descending| Query {
            sort: Some(sort),
            is_descending,
            ..Query::default()
        };
        let [nine, ten, eleven] = [Some("10.0.1.9"), Some("10.0.1.10"), Some("10.0.1.11")];
        check(
            List::Sources,
            Query::default(),
            "address",
            &[nine, eleven, ten],
        );
        check(
            List::Sources,
            sort("address", false),
            "address",
            &[nine, ten, eleven],
        );
        check(
            List::Sources,
            sort("bytes", false),
            "address",
            &[ten, eleven, nine],
        );
        let second = Query {
            offset: 1,
            limit: 1,
            ..sort("cost", true)
        };
        check(List::Sources, second, "address", &[eleven]);
        // What is missing is last, whichever way.
        check(
            List::Services,
            sort("aws_service", true),
            "aws_service",
            &[Some("S3"), None],
        );
        check(
            List::Services,
            sort("aws_service", false),
            "aws_service",
            &[Some("S3"), None],
        );
        let search = Query {
            search: "s3",
            ..Query::default()
        };
        check(List::Pairs, search, "source", &[eleven, ten]);
        let found = rows(&made(), List::Pairs, search).expect("rows");
        assert_eq!((found.total, found.matching), (3, 2));
    }

    #[test]
    fn every_list_has_its_fields_and_refuses_others() {
        let report = made();
        let whole = crate::json::value(&report, 0);
        for list in List::ALL {
            assert_eq!(List::named(list.name()), Ok(list));
            let all = rows(&report, list, Query::default()).expect("rows");
            match &whole[list.name()] {
                // What is not known has no rows.
                serde_json::Value::Null => assert_eq!((list, all.total), (List::Ports, 0)),
                rows => assert_eq!(&json!(all.rows), rows, "{}", list.name()),
            }
            assert_eq!(all.total, list.count(&report));
            for field in list.sortable() {
                let query = Query {
                    sort: Some(field),
                    ..Query::default()
                };
                assert!(rows(&report, list, query).is_ok());
            }
            for row in &all.rows {
                for column in list.columns() {
                    let first = column.split('.').next().expect("a word");
                    assert!(row.get(first).is_some(), "{} {column}", list.name());
                }
            }
            let query = Query {
                sort: Some("colour"),
                ..Query::default()
            };
            let error = rows(&report, list, query).expect_err("no such field");
            assert_eq!(error.name(), "UnknownField");
        }
        let error = List::named("colours").expect_err("no such list");
        assert_eq!(error, RowsError::UnknownList("colours".to_owned()));
    }

    #[test]
    fn a_text_is_no_formula() {
        for (value, expected) in [
            (json!("=1+1"), "'=1+1"),
            (json!("@name"), "'@name"),
            (json!("-x"), "'-x"),
            (json!("+x"), "'+x"),
            (json!("a=b"), "a=b"),
            (json!(-5), "-5"),
            (json!(null), ""),
        ] {
            assert_eq!(cell(&value), expected);
        }
        let mut out = Vec::new();
        let done = csv(&made(), List::Services, Query::default(), &mut out);
        done.expect("rows").expect("written");
        let text = String::from_utf8(out).expect("text");
        let mut lines = text.lines();
        let head = "aws_service,bytes,in_from_source,out_to_source,cost,share,increase_at_least,\
                    increase_at_most";
        assert_eq!(lines.next(), Some(head));
        assert_eq!(lines.next(), Some(",30,30,0,0.0000000013,0.5,,"));
    }
}
