//! The report as CSV, for a notebook or a spreadsheet: one row for each pair of
//! workload and remote end.
//!
//! **Invariants.** Columns are added and never renamed. Bytes are integers.

use super::{Report, named};
use csv::Writer;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// The columns.
const COLUMNS: [&str; 9] = [
    "source",
    "owner_kind",
    "owner_id",
    "owner_name",
    "destination",
    "aws_service",
    "bytes",
    "in_from_source",
    "out_to_source",
];

/// Writes the pairs with at most `top` rows (0 = all).
pub fn write(report: &Report, top: usize, out: &mut dyn Write) -> io::Result<()> {
    let limit = if top == 0 { usize::MAX } else { top };
    let owners: BTreeMap<_, _> = report
        .sources
        .iter()
        .filter_map(|row| Some((row.address, row.owner.as_ref()?)))
        .collect();
    let mut rows = Writer::from_writer(out);
    rows.write_record(COLUMNS)?;
    for pair in report.pairs.iter().take(limit) {
        let owner = owners.get(&pair.source);
        let id = owner.and_then(|owner| owner.id.clone());
        let name = owner.and_then(|owner| owner.name.clone());
        rows.write_record([
            named(pair.source),
            owner.map_or_else(String::new, |owner| owner.kind.name().to_owned()),
            id.unwrap_or_default(),
            name.unwrap_or_default(),
            named(pair.destination),
            pair.aws_service.clone().unwrap_or_default(),
            pair.share.bytes.to_string(),
            pair.share.in_from_source.to_string(),
            pair.share.out_to_source.to_string(),
        ])?;
    }
    rows.flush()
}
