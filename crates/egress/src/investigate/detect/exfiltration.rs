//! Data leaves slowly: far more is sent to a new external end than comes from it.

use super::super::seen::Flow;
use super::super::{Cell, ColumnKind, Row, Table};
use super::remotes::{Remote, Remotes};
use super::{Ends, Thresholds, count, table};
use crate::report::text::grouped;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::net::IpAddr;

pub(crate) const NAME: &str = "exfiltration";

/// Finds it in these flows, of which `remotes` are the external ends; `known` has those that are
/// not new, where the caller knows them better than the beginning of the records does.
pub(crate) fn find(
    remotes: &Remotes,
    flows: &mut dyn Iterator<Item = Flow>,
    known: Option<&dyn Fn(IpAddr) -> bool>,
    thresholds: &Thresholds,
    ends: Ends<'_>,
) -> Table {
    let novelty = remotes.novelty(thresholds);
    let is_new = |end: u32, remote: &Remote| match known {
        Some(is_known) => !is_known((ends.address)(end)),
        None => novelty.is_some_and(|novelty| novelty.is_new(remote.first)),
    };
    let mut found: BTreeMap<u32, (&Remote, BTreeMap<u32, u128>)> = remotes
        .remotes
        .iter()
        .filter(|(end, remote)| is_lopsided(remote, thresholds) && is_new(**end, remote))
        .map(|(end, remote)| (*end, (remote, BTreeMap::new())))
        .collect();
    if !found.is_empty() {
        for flow in flows.filter(Remotes::is_upload) {
            if let Some((_, sources)) = found.get_mut(&flow.pair.dst) {
                *sources.entry(flow.pair.src).or_default() += flow.sums.bytes;
            }
        }
    }
    let rows = found.into_iter().map(|(end, (remote, sources))| {
        let upload = |(source, bytes)| (Reverse(bytes), (ends.address)(source));
        row(end, remote, sources.into_iter().map(upload).collect(), ends)
    });
    let mut rows: Vec<Row> = rows.collect();
    rows.sort_by(|one, other| {
        let most = other.cells[3].cmp(&one.cells[3]);
        most.then_with(|| one.cells.cmp(&other.cells))
    });
    let rule = format!(
        "External ends to which inside sent at least {} bytes in all and at least {} times what \
         came from them, {}. The source is who sent most.",
        grouped(thresholds.exfiltration_bytes.into()),
        grouped(thresholds.exfiltration_ratio.into()),
        match (known, novelty) {
            (Some(_), _) => "and that are not among the known ones".to_owned(),
            (None, Some(novelty)) => novelty.said(),
            (None, None) => "first seen after a time".to_owned(),
        }
    );
    let (dated, short) = match known {
        Some(_) => (None, None),
        None => (
            remotes.dated.note("what is new cannot be told"),
            novelty.and_then(|novelty| novelty.note()),
        ),
    };
    table(
        NAME,
        None,
        "Uploads to new ends",
        [rule].into_iter().chain(dated).chain(short).collect(),
        &[
            ("destination", ColumnKind::Address),
            ("source", ColumnKind::Address),
            ("sources", ColumnKind::Number),
            ("upload", ColumnKind::Bytes),
            ("download", ColumnKind::Bytes),
            ("first", ColumnKind::Time),
            ("last", ColumnKind::Time),
        ],
        rows,
    )
}

fn is_lopsided(remote: &Remote, thresholds: &Thresholds) -> bool {
    remote.upload >= u128::from(thresholds.exfiltration_bytes)
        && remote.upload
            >= u128::from(thresholds.exfiltration_ratio).saturating_mul(remote.download)
}

/// What a source sent; the largest first.
type Upload = (Reverse<u128>, IpAddr);

fn row(end: u32, remote: &Remote, mut sources: Vec<Upload>, ends: Ends<'_>) -> Row {
    sources.sort_unstable();
    let source = sources.first().map_or(Cell::Missing, |(_, address)| {
        Cell::Text(address.to_string())
    });
    Row {
        cells: vec![
            ends.cell(end),
            source,
            count(sources.len()),
            bytes(remote.upload),
            bytes(remote.download),
            remote.first.map_or(Cell::Missing, Cell::Number),
            remote.last.map_or(Cell::Missing, Cell::Number),
        ],
        sums: remote.sums,
        organization: None,
    }
}

/// Beyond 16 exabytes records do not say.
pub(super) fn bytes(bytes: u128) -> Cell {
    u64::try_from(bytes).map_or(Cell::Missing, Cell::Number)
}

#[cfg(test)]
mod tests {
    use super::super::Thresholds;
    use super::super::made::{self, BEGIN, INSIDE, OUTSIDE, flows, ordinary, record, words};
    use super::super::remotes::Remotes;
    use super::find;
    use crate::investigate::Table;
    use crate::investigate::seen::Seen;
    use std::net::IpAddr;

    fn found(records: &[Seen], thresholds: &Thresholds) -> Table {
        let remotes = Remotes::of(&mut flows(records).into_iter());
        let flows = &mut flows(records).into_iter();
        find(&remotes, flows, None, thresholds, made::ends())
    }

    /// Two hours of something known, and an upload of two sources that begins at
    /// that second.
    fn upload(second: u64, up: u64, down: u64) -> Vec<Seen> {
        let known = |second| Seen {
            start: Some(BEGIN + second),
            ..record(INSIDE, OUTSIDE)
        };
        let sent = |source, bytes| Seen {
            start: Some(BEGIN + second),
            bytes,
            ..record(INSIDE + source, OUTSIDE + 1)
        };
        let down = Seen {
            start: Some(BEGIN + second + 60),
            bytes: down,
            opens: false,
            ..record(OUTSIDE + 1, INSIDE + 1)
        };
        vec![
            known(0),
            known(7_200),
            sent(1, 1_000),
            sent(2, up - 1_000),
            down,
        ]
    }

    const MB_100: u64 = 100_000_000;

    #[test]
    fn much_more_sent_than_received_to_a_new_end_is_one() {
        let row = |first: u64, up: u64, down: u64| {
            format!(
                "203.0.113.1 10.0.0.2 2 {up} {down} {} {} | {} 30 3",
                BEGIN + first,
                BEGIN + first + 60,
                up + down
            )
        };
        for (what, second, up, down, is_found) in [
            ("just enough", 721, MB_100, MB_100 / 10, true),
            ("a byte too few", 721, MB_100 - 1, 1_000, false),
            ("a byte too many came", 721, MB_100, MB_100 / 10 + 1, false),
            ("within the first tenth", 720, MB_100, 1_000, false),
        ] {
            let table = found(&upload(second, up, down), &Thresholds::default());
            let expected: Vec<String> = is_found
                .then(|| row(second, up, down))
                .into_iter()
                .collect();
            assert_eq!(words(&table), expected, "{what}");
        }
        let thresholds = Thresholds {
            learning: Some(60),
            ..Thresholds::default()
        };
        assert_eq!(found(&upload(61, MB_100, 0), &thresholds).rows.len(), 1);
        assert_eq!(found(&upload(60, MB_100, 0), &thresholds).rows.len(), 0);
    }

    #[test]
    fn what_was_rejected_or_only_comes_is_none() {
        let records = upload(3_600, MB_100, 0);
        let rejected = records.iter().map(|seen| Seen {
            is_reject: true,
            ..*seen
        });
        let turned = records.iter().map(|seen| {
            let mut seen = *seen;
            seen.sides.reverse();
            (seen.pair.src, seen.pair.dst) = (seen.pair.dst, seen.pair.src);
            seen
        });
        for records in [rejected.collect::<Vec<Seen>>(), turned.collect()] {
            assert_eq!(found(&records, &Thresholds::default()).rows.len(), 0);
        }
    }

    #[test]
    fn the_caller_may_know_what_is_not_new() {
        let mut records = upload(0, MB_100, 0);
        records.iter_mut().for_each(|seen| seen.start = None);
        let remotes = Remotes::of(&mut flows(&records).into_iter());
        let thresholds = Thresholds::default();
        let find = |known: Option<&dyn Fn(IpAddr) -> bool>| {
            let flows = &mut flows(&records).into_iter();
            find(&remotes, flows, known, &thresholds, made::ends())
        };
        let unknown = find(Some(&|_| false));
        assert_eq!(
            words(&unknown),
            ["203.0.113.1 10.0.0.2 2 100000000 0 - - | 100000000 30 3"]
        );
        let known = find(Some(&|_| true));
        assert!(known.rows.is_empty());
        let untold = find(None);
        assert!(untold.rows.is_empty());
        let said = "These records have no start, so what is new cannot be told.";
        assert!(untold.about.ends_with(said), "{}", untold.about);
    }

    #[test]
    fn records_of_a_short_time_are_said_to_be_short() {
        let table = found(&[record(INSIDE, OUTSIDE)], &Thresholds::default());
        let said = "The records cover only 0 seconds, so nothing can be new.";
        assert!(table.about.ends_with(said), "{}", table.about);
    }

    #[test]
    fn ordinary_traffic_is_silent() {
        let table = found(&ordinary(true), &Thresholds::default());
        assert_eq!(words(&table), [""; 0]);
    }
}
