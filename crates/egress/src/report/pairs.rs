//! The pairs as a table, for every form that has them so: one row for each pair
//! of workload and remote end.
//!
//! **Invariants.** Columns are added and never renamed. Bytes are integers.

use super::{Destination, Pair, Report, named};
use crate::name::Name;
use crate::owner::Owner;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// The columns, and whether they are integers.
pub const COLUMNS: [(&str, bool); 14] = [
    ("source", false),
    ("owner_kind", false),
    ("owner_id", false),
    ("owner_name", false),
    ("destination", false),
    ("aws_service", false),
    ("bytes", true),
    ("in_from_source", true),
    ("out_to_source", true),
    ("source_name", false),
    ("destination_name", false),
    ("destination_name_source", false),
    ("destination_asn", false),
    ("destination_country_code", false),
];

/// A value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `None` where it is not known.
    Text(Option<String>),
    /// Bytes.
    Integer(u128),
}

/// The rows, with values in the order of [`COLUMNS`], at most `top` (0 = all).
pub fn rows(report: &Report, top: usize) -> impl Iterator<Item = [Value; COLUMNS.len()]> {
    let limit = if top == 0 { usize::MAX } else { top };
    let ends = Ends::of(report);
    let pairs = report.pairs.iter().take(limit);
    pairs.map(move |pair| ends.row(pair))
}

/// What is known of the ends.
struct Ends<'a> {
    owners: BTreeMap<IpAddr, &'a Owner>,
    sources: BTreeMap<IpAddr, &'a Name>,
    destinations: BTreeMap<IpAddr, &'a Destination>,
}

impl<'a> Ends<'a> {
    fn of(report: &'a Report) -> Ends<'a> {
        let sources = || report.sources.iter();
        let destinations = report.destinations.iter();
        Ends {
            owners: sources()
                .filter_map(|row| Some((row.address, row.owner.as_ref()?)))
                .collect(),
            sources: sources()
                .filter_map(|row| Some((row.address, row.name()?)))
                .collect(),
            destinations: destinations
                .filter(|row| !row.names.is_empty())
                .map(|row| (row.address, row))
                .collect(),
        }
    }

    fn row(&self, pair: &Pair) -> [Value; COLUMNS.len()] {
        let owner = self.owners.get(&pair.source);
        let source = self.sources.get(&pair.source);
        let destination = self.destinations.get(&pair.destination);
        let name = destination.and_then(|row| row.name());
        let any = |field: fn(&Name) -> Option<&String>| {
            let mut names = destination.iter().flat_map(|row| &row.names);
            names.find_map(|name| field(name).cloned())
        };
        [
            Value::Text(Some(named(pair.source))),
            Value::Text(owner.map(|owner| owner.kind.name().to_owned())),
            Value::Text(owner.and_then(|owner| owner.id.clone())),
            Value::Text(owner.and_then(|owner| owner.name.clone())),
            Value::Text(Some(named(pair.destination))),
            Value::Text(pair.aws_service.clone()),
            Value::Integer(pair.share.bytes),
            Value::Integer(pair.share.in_from_source),
            Value::Integer(pair.share.out_to_source),
            Value::Text(source.map(|name| name.name.clone())),
            Value::Text(name.map(|name| name.name.clone())),
            Value::Text(name.map(|name| name.source.name().to_owned())),
            Value::Text(any(|name| name.asn.as_ref())),
            Value::Text(any(|name| name.country_code.as_ref())),
        ]
    }
}
