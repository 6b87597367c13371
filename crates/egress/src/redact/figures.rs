//! Whether two reports say the same but for names.
//!
//! **Invariants.** Findings that rest on a name are left out of the comparison. Of equal rows the order
//! is that of their names, so lists are compared without it.

use crate::last::{RowKind, Since};
use crate::price::Money;
use crate::report::{Report, Share, Source};

/// The findings that names make.
const OF_NAMES: [&str; 2] = ["telemetry-vendor", "package-registry"];

/// Whether the two say the same but for names.
pub(super) fn has_figures_of(one: &Report, other: &Report) -> bool {
    one.bytes == other.bytes
        && one.records == other.records
        && one.processing_cost == other.processing_cost
        && one.window == other.window
        && one.timeline == other.timeline
        && one.coverage == other.coverage
        && one.increase == other.increase
        && one.unsolicited == other.unsolicited
        && one.spend == other.spend
        && one.charges == other.charges
        && one.services == other.services
        && one.verdict == other.verdict
        && one.nat_addresses.len() == other.nat_addresses.len()
        && one.aws_ranges == other.aws_ranges
        && findings(one) == findings(other)
        && since(one.since_last.as_ref()) == since(other.since_last.as_ref())
        && lists(one) == lists(other)
}

/// A row: its figures, a count, and what no name tells.
type Figures = (Share, u64, String);

fn lists(report: &Report) -> [Vec<Figures>; 5] {
    let sources = report.sources.iter();
    let groups = report.groups.iter();
    let destinations = report.destinations.iter();
    let named = report.named_destinations.iter();
    let pairs = report.pairs.iter();
    let mut lists: [Vec<Figures>; 5] = [
        sources.map(|row| (row.share, 0, kind(row))).collect(),
        groups
            .map(|row| (row.share, row.addresses as u64, String::new()))
            .collect(),
        destinations
            .map(|row| {
                let place = format!("{:?} {:?}", row.aws_service, row.aws_region);
                (row.share, row.records, place)
            })
            .collect(),
        named
            .map(|row| (row.share, row.addresses as u64, format!("{:?}", row.source)))
            .collect(),
        pairs
            .map(|row| (row.share, 0, format!("{:?}", row.aws_service)))
            .collect(),
    ];
    for list in &mut lists {
        list.sort_by(|one, other| {
            let key = |row: &Figures| (row.0.bytes, row.0.in_from_source, row.1, row.2.clone());
            key(one).cmp(&key(other))
        });
    }
    lists
}

fn kind(row: &Source) -> String {
    match (&row.owner, row.unknown) {
        (Some(owner), _) => owner.kind.name().to_owned(),
        (None, unknown) => format!("{unknown:?}"),
    }
}

fn findings(report: &Report) -> Vec<(&'static str, Option<crate::Saving>)> {
    let findings = report.findings.iter();
    findings
        .filter(|finding| !OF_NAMES.contains(&finding.name))
        .map(|finding| (finding.name, finding.saving))
        .collect()
}

/// What is new and what has grown since the last recording.
type Changes = (Vec<(RowKind, u128, Money)>, Vec<(RowKind, u128, u128)>);

fn since(since: Option<&Since>) -> Option<Changes> {
    let since = since?;
    let new = since.new.iter();
    let mut new: Vec<_> = new
        .map(|row| (row.kind, row.share.bytes, row.share.cost))
        .collect();
    let grown = since.grown.iter();
    let mut grown: Vec<_> = grown.map(|row| (row.kind, row.before, row.now)).collect();
    new.sort_unstable();
    grown.sort_unstable();
    Some((new, grown))
}
