//! The report as CSV, for a notebook or a spreadsheet: one row for each pair of
//! workload and remote end.
//!
//! **Invariants.** Columns are added and never renamed. Bytes are integers.

use super::{Report, named};
use crate::name::Name;
use csv::Writer;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// The columns.
const COLUMNS: [&str; 14] = [
    "source",
    "owner_kind",
    "owner_id",
    "owner_name",
    "destination",
    "aws_service",
    "bytes",
    "in_from_source",
    "out_to_source",
    "source_name",
    "destination_name",
    "destination_name_source",
    "destination_asn",
    "destination_country_code",
];

/// Writes the pairs with at most `top` rows (0 = all).
pub fn write(report: &Report, top: usize, out: &mut dyn Write) -> io::Result<()> {
    let limit = if top == 0 { usize::MAX } else { top };
    let owners: BTreeMap<_, _> = report
        .sources
        .iter()
        .filter_map(|row| Some((row.address, row.owner.as_ref()?)))
        .collect();
    let sources: BTreeMap<_, _> = report
        .sources
        .iter()
        .filter_map(|row| Some((row.address, row.name()?)))
        .collect();
    let destinations: BTreeMap<_, _> = report
        .destinations
        .iter()
        .filter(|row| !row.names.is_empty())
        .map(|row| (row.address, row))
        .collect();
    let mut rows = Writer::from_writer(out);
    rows.write_record(COLUMNS)?;
    for pair in report.pairs.iter().take(limit) {
        let owner = owners.get(&pair.source);
        let id = owner.and_then(|owner| owner.id.clone());
        let owner_name = owner.and_then(|owner| owner.name.clone());
        let source_name = sources.get(&pair.source).map(|name| name.name.clone());
        let destination = destinations.get(&pair.destination);
        let name = destination.and_then(|row| row.name());
        let any = |field: fn(&Name) -> Option<&String>| {
            let mut names = destination.iter().flat_map(|row| &row.names);
            let known = names.find_map(|name| field(name).cloned());
            known.unwrap_or_default()
        };
        let destination_name = name.map_or_else(String::new, |name| name.name.clone());
        let name_source = name.map_or_else(String::new, |name| name.source.name().to_owned());
        rows.write_record([
            named(pair.source),
            owner.map_or_else(String::new, |owner| owner.kind.name().to_owned()),
            id.unwrap_or_default(),
            owner_name.unwrap_or_default(),
            named(pair.destination),
            pair.aws_service.clone().unwrap_or_default(),
            pair.share.bytes.to_string(),
            pair.share.in_from_source.to_string(),
            pair.share.out_to_source.to_string(),
            source_name.unwrap_or_default(),
            destination_name,
            name_source,
            any(|name| name.asn.as_ref()),
            any(|name| name.country_code.as_ref()),
        ])?;
    }
    rows.flush()
}
