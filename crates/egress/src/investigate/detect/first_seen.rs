//! Where inside connects to for the first time.

use super::super::{Cell, ColumnKind, Row, Table};
use super::exfiltration::bytes;
use super::remotes::{Remote, Remotes};
use super::{Ends, Thresholds, protocol, table};

pub(crate) const NAME: &str = "first-seen";

/// Lists external ends in the order in which they appeared.
pub(crate) fn find(remotes: &Remotes, thresholds: &Thresholds, ends: Ends<'_>) -> Table {
    let novelty = remotes.novelty(thresholds);
    let is_new = |remote: &Remote| novelty.is_some_and(|novelty| novelty.is_new(remote.first));
    let new = remotes.remotes.iter().filter(|(_, remote)| is_new(remote));
    let mut rows: Vec<Row> = new
        .filter_map(|(end, remote)| row(*end, remote, ends))
        .collect();
    rows.sort_by(|one, other| {
        let earlier = one.cells[1].cmp(&other.cells[1]);
        earlier.then_with(|| one.cells.cmp(&other.cells))
    });
    let rule = format!(
        "External ends to which inside opened a connection, accepted or not, {}; in the order of \
         their first record. The source is who connected first.",
        novelty.map_or_else(
            || "first seen after a time".to_owned(),
            |novelty| novelty.said()
        )
    );
    let dated = remotes.dated.note("what is new cannot be told");
    let short = novelty.and_then(|novelty| novelty.note());
    table(
        NAME,
        None,
        "Destinations seen for the first time",
        [rule].into_iter().chain(dated).chain(short).collect(),
        &[
            ("destination", ColumnKind::Address),
            ("first", ColumnKind::Time),
            ("source", ColumnKind::Address),
            ("destination_port", ColumnKind::Number),
            ("protocol", ColumnKind::Number),
            ("upload", ColumnKind::Bytes),
            ("download", ColumnKind::Bytes),
            ("rejected", ColumnKind::Number),
        ],
        rows,
    )
}

/// `None` where inside never connected to it.
fn row(end: u32, remote: &Remote, ends: Ends<'_>) -> Option<Row> {
    let opened = remote.opened?;
    Some(Row {
        cells: vec![
            ends.cell(end),
            remote.first.map_or(Cell::Missing, Cell::Number),
            ends.cell(opened.src),
            opened
                .port
                .map_or(Cell::Missing, |port| Cell::Number(port.into())),
            protocol(opened.protocol),
            bytes(remote.upload),
            bytes(remote.download),
            Cell::Number(remote.rejected),
        ],
        sums: remote.sums,
        organization: None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::Thresholds;
    use super::super::made::{self, BEGIN, INSIDE, OUTSIDE, flows, ordinary, record, words};
    use super::super::remotes::Remotes;
    use super::find;
    use crate::investigate::Table;
    use crate::investigate::seen::Seen;

    fn found(records: &[Seen]) -> Table {
        let remotes = Remotes::of(&mut flows(records).into_iter());
        find(&remotes, &Thresholds::default(), made::ends())
    }

    fn at(second: u64, src: u32, dst: u32) -> Seen {
        Seen {
            start: Some(BEGIN + second),
            ..record(src, dst)
        }
    }

    #[test]
    fn new_destinations_are_told_in_their_order() {
        let records = [
            at(0, INSIDE, OUTSIDE),
            // Not yet new, and it stays so.
            at(1_000, INSIDE, OUTSIDE + 1),
            at(9_000, INSIDE, OUTSIDE + 1),
            at(3_000, INSIDE + 5, OUTSIDE + 3),
            at(2_000, INSIDE + 7, OUTSIDE + 2),
            at(2_500, INSIDE + 8, OUTSIDE + 2),
            Seen {
                opens: false,
                bytes: 50,
                ..at(2_001, OUTSIDE + 2, INSIDE + 7)
            },
            Seen {
                is_reject: true,
                dst_port: Some(25),
                ..at(1_001, INSIDE, OUTSIDE + 4)
            },
            // It came to us.
            at(5_000, OUTSIDE + 5, INSIDE),
            at(10_000, INSIDE, INSIDE + 1),
        ];
        assert_eq!(
            words(&found(&records)),
            [
                "203.0.113.4 1700003801 10.0.0.0 25 6 0 0 1 | 0 0 0",
                "203.0.113.2 1700004800 10.0.0.7 443 6 2000 50 0 | 2050 30 3",
                "203.0.113.3 1700005800 10.0.0.5 443 6 1000 0 0 | 1000 10 1",
            ]
        );
    }

    #[test]
    fn of_ordinary_traffic_addresses_of_s3_are_new_and_nothing_else() {
        let table = found(&ordinary(true));
        for row in &table.rows {
            assert_eq!(words(&table).len(), table.rows.len());
            let crate::investigate::Cell::Text(address) = &row.cells[0] else {
                panic!("an address");
            };
            assert!(address.starts_with("2001:db8::"), "{address}");
        }
    }

    #[test]
    fn records_without_a_start_are_said_to_have_none() {
        let mut records = [at(0, INSIDE, OUTSIDE), at(9_000, INSIDE, OUTSIDE + 1)];
        records.iter_mut().for_each(|seen| seen.start = None);
        let table = found(&records);
        assert!(table.rows.is_empty());
        let said = "These records have no start, so what is new cannot be told.";
        assert!(table.about.ends_with(said), "{}", table.about);
    }
}
