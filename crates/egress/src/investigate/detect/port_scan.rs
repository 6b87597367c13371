//! Somebody looks for what is open: many ports of one receiver, or one port of many.
//!
//! Only flows that open connections count, so that replies are none; where that is
//! guessed from ports, a sender whose receiver connects to it as often is replying.
//! Of what was accepted only what hardly said a word counts, so that a client of a
//! service with hundreds of addresses is none; and of UDP what was never answered,
//! so that a resolver is none.

use super::super::seen::Flow;
use super::super::{Cell, ColumnKind, Row, Sums, Table};
use super::{Ends, Thresholds, busiest, count, protocol, table};
use crate::report::text::grouped;
use foldhash::fast::RandomState;
use hashbrown::HashSet;

pub(crate) const NAME: &str = "port-scan";

const TCP: u8 = 6;
const UDP: u8 = 17;

/// What of a flow matters. There are many, and they are sorted: what it moved is kept
/// elsewhere.
#[derive(Clone, Copy)]
struct Probe {
    src: u32,
    dst: u32,
    /// The place of what it moved.
    moved: u32,
    port: u16,
    protocol: Option<u8>,
    is_reject: bool,
    /// It is like one of a scan.
    is_probe: bool,
    first: Option<u64>,
}

/// The flows that open connections.
#[derive(Default)]
struct Probes {
    probes: Vec<Probe>,
    /// What each moved.
    moved: Vec<Sums>,
    dated: super::Dated,
}

impl Probe {
    fn service(&self) -> (Option<u8>, u16) {
        (self.protocol, self.port)
    }
}

/// Finds scans; `by_flags` where TCP flags say who opens a connection. The first
/// table has scans of a receiver's ports, the second those of a port.
pub(crate) fn find(
    flows: &mut dyn Iterator<Item = Flow>,
    by_flags: bool,
    thresholds: &Thresholds,
    ends: Ends<'_>,
) -> [Table; 2] {
    let Probes {
        mut probes,
        moved,
        dated,
    } = Probes::of(flows, thresholds);
    let note = dated.note("what was tried within a time cannot be told");
    probes.sort_unstable_by_key(|probe| (probe.src, probe.dst, probe.service()));
    let mut vertical = Vec::new();
    for group in probes.chunk_by(|a, b| (a.src, a.dst) == (b.src, b.dst)) {
        if let Some(scan) = Scan::of(
            group,
            &moved,
            thresholds.scan_ports,
            thresholds,
            Probe::service,
        ) && (by_flags || !is_replying(group, &probes, &moved, scan.distinct))
        {
            vertical.push((scan, group[0]));
        }
    }
    probes.sort_unstable_by_key(|probe| (probe.src, probe.service(), probe.dst));
    let mut horizontal = Vec::new();
    for group in probes.chunk_by(|a, b| (a.src, a.service()) == (b.src, b.service())) {
        let scan = Scan::of(
            group,
            &moved,
            thresholds.scan_receivers,
            thresholds,
            |probe| probe.dst,
        );
        horizontal.extend(scan.map(|scan| (scan, group[0])));
    }
    [
        of_ports(vertical, thresholds, note.clone(), ends),
        of_receivers(horizontal, thresholds, note, ends),
    ]
}

impl Probes {
    fn of(flows: &mut dyn Iterator<Item = Flow>, thresholds: &Thresholds) -> Probes {
        let mut found = Probes::default();
        let mut answered = HashSet::with_hasher(RandomState::default());
        for flow in flows {
            if flow.protocol == Some(UDP) && !flow.is_reject {
                answered.insert((flow.pair.dst, flow.pair.src));
            }
            let has_ports = matches!(flow.protocol, None | Some(TCP | UDP));
            let Some(port) = flow.dst_port.filter(|_| flow.opens && has_ports) else {
                continue;
            };
            let most = u128::from(thresholds.scan_bytes) * u128::from(flow.sums.flows);
            found.probes.push(Probe {
                src: flow.pair.src,
                dst: flow.pair.dst,
                moved: found.moved.len() as u32,
                port,
                protocol: flow.protocol,
                is_reject: flow.is_reject,
                is_probe: flow.is_reject || flow.sums.bytes <= most,
                first: found.dated.start(flow.first),
            });
            found.moved.push(flow.sums);
        }
        for probe in &mut found.probes {
            let is_udp = probe.protocol == Some(UDP) && !probe.is_reject;
            probe.is_probe &= !(is_udp && answered.contains(&(probe.src, probe.dst)));
        }
        found
    }
}

/// Whether the receiver of these flows connects to their sender as often as there
/// are ports: then they are replies to the ports that it connects from.
fn is_replying(group: &[Probe], probes: &[Probe], moved: &[Sums], ports: usize) -> bool {
    let back = (group[0].dst, group[0].src);
    let from = probes.partition_point(|probe| (probe.src, probe.dst) < back);
    let others = probes[from..].iter();
    let others = others.take_while(|probe| (probe.src, probe.dst) == back);
    let records: u64 = others
        .filter(|probe| !probe.is_reject)
        .map(|probe| moved[probe.moved as usize].flows)
        .sum();
    records >= ports as u64
}

/// What was scanned: things of a kind, be they ports or receivers.
struct Scan {
    /// In the busiest window.
    most: usize,
    /// When that began.
    began: u64,
    distinct: usize,
    accepted: usize,
    rejected: usize,
    sums: Sums,
}

impl Scan {
    /// Of flows that are in the order of what they try; `None` below the threshold.
    fn of<K: PartialEq>(
        group: &[Probe],
        moved: &[Sums],
        least: u64,
        thresholds: &Thresholds,
        what: impl Fn(&Probe) -> K,
    ) -> Option<Scan> {
        // Most groups are small.
        if (group.len() as u64) < least {
            return None;
        }
        let mut scan = Scan {
            most: 0,
            began: 0,
            distinct: 0,
            accepted: 0,
            rejected: 0,
            sums: Sums::default(),
        };
        let mut firsts = Vec::new();
        for same in group.chunk_by(|a, b| what(a) == what(b)) {
            let probes = || same.iter().filter(|probe| probe.is_probe);
            if probes().next().is_none() {
                continue;
            }
            scan.distinct += 1;
            scan.accepted += usize::from(probes().any(|probe| !probe.is_reject));
            scan.rejected += usize::from(probes().any(|probe| probe.is_reject));
            probes().for_each(|probe| scan.sums.add(moved[probe.moved as usize]));
            firsts.extend(probes().filter_map(|probe| probe.first).min());
        }
        firsts.sort_unstable();
        (scan.most, scan.began) = busiest(&firsts, thresholds.scan_window)?;
        (scan.most as u64 >= least).then_some(scan)
    }

    fn cells(&self) -> [Cell; 5] {
        [
            count(self.most),
            Cell::Number(self.began),
            count(self.distinct),
            count(self.accepted),
            count(self.rejected),
        ]
    }
}

fn rows(scans: Vec<(Scan, Probe)>, who: impl Fn(&Probe) -> Vec<Cell>) -> Vec<Row> {
    let row = |(scan, probe): &(Scan, Probe)| Row {
        cells: who(probe).into_iter().chain(scan.cells()).collect(),
        sums: scan.sums,
        organization: None,
    };
    let mut rows: Vec<(std::cmp::Reverse<usize>, Row)> = scans
        .iter()
        .map(|scan| (std::cmp::Reverse(scan.0.most), row(scan)))
        .collect();
    rows.sort_by(|(a, one), (b, other)| a.cmp(b).then_with(|| one.cells.cmp(&other.cells)));
    rows.into_iter().map(|(_, row)| row).collect()
}

/// What both rules have in common.
fn which(thresholds: &Thresholds) -> String {
    format!(
        "Flows that open connections count: rejected ones, and accepted ones with at most {} bytes \
         a record from the sender, of UDP without an answer.",
        grouped(thresholds.scan_bytes.into())
    )
}

fn of_ports(
    scans: Vec<(Scan, Probe)>,
    thresholds: &Thresholds,
    note: Option<String>,
    ends: Ends<'_>,
) -> Table {
    let rule = format!(
        "Senders that tried at least {} ports of one receiver for the first time within {} seconds.",
        grouped(thresholds.scan_ports.into()),
        grouped(thresholds.scan_window.into())
    );
    let about = [rule, which(thresholds)].into_iter().chain(note);
    let rows = rows(scans, |probe| {
        vec![ends.cell(probe.src), ends.cell(probe.dst)]
    });
    table(
        NAME,
        Some("ports"),
        "Port scans of one receiver",
        about.collect(),
        &[
            ("source", ColumnKind::Address),
            ("destination", ColumnKind::Address),
            ("ports_in_window", ColumnKind::Number),
            ("window_start", ColumnKind::Time),
            ("ports", ColumnKind::Number),
            ("accepted_ports", ColumnKind::Number),
            ("rejected_ports", ColumnKind::Number),
        ],
        rows,
    )
}

fn of_receivers(
    scans: Vec<(Scan, Probe)>,
    thresholds: &Thresholds,
    note: Option<String>,
    ends: Ends<'_>,
) -> Table {
    let rule = format!(
        "Senders that tried one port of at least {} receivers for the first time within {} seconds.",
        grouped(thresholds.scan_receivers.into()),
        grouped(thresholds.scan_window.into())
    );
    let about = [rule, which(thresholds)].into_iter().chain(note);
    let rows = rows(scans, |probe| {
        let port = Cell::Number(probe.port.into());
        vec![ends.cell(probe.src), port, protocol(probe.protocol)]
    });
    table(
        NAME,
        Some("receivers"),
        "Scans of one port",
        about.collect(),
        &[
            ("source", ColumnKind::Address),
            ("destination_port", ColumnKind::Number),
            ("protocol", ColumnKind::Number),
            ("receivers_in_window", ColumnKind::Number),
            ("window_start", ColumnKind::Time),
            ("receivers", ColumnKind::Number),
            ("accepted_receivers", ColumnKind::Number),
            ("rejected_receivers", ColumnKind::Number),
        ],
        rows,
    )
}

#[cfg(test)]
mod tests {
    use super::super::Thresholds;
    use super::super::made::{self, INSIDE, OUTSIDE, flows, ordinary, record, words};
    use super::find;
    use crate::investigate::Table;
    use crate::investigate::seen::Seen;

    fn found(records: &[Seen], by_flags: bool) -> [Table; 2] {
        let thresholds = Thresholds::default();
        find(
            &mut flows(records).into_iter(),
            by_flags,
            &thresholds,
            made::ends(),
        )
    }

    /// Tries the ports one after the other, so many seconds apart.
    fn scan(ports: u16, apart: u64) -> Vec<Seen> {
        let probe = |at: u16| Seen {
            dst_port: Some(1_000 + at),
            start: Some(1_000_000 + u64::from(at) * apart),
            bytes: 44,
            packets: 1,
            is_reject: !at.is_multiple_of(4),
            ..record(OUTSIDE, INSIDE)
        };
        (0..ports).map(probe).collect()
    }

    #[test]
    fn many_ports_within_the_window_are_a_scan() {
        for (ports, apart, expected) in [
            (
                20,
                3,
                Some("203.0.113.0 10.0.0.0 20 1000000 20 5 15 | 880 20 20"),
            ),
            (19, 3, None),
            // The last one comes a second late.
            (20, 4, None),
            (
                100,
                3,
                Some("203.0.113.0 10.0.0.0 21 1000000 100 25 75 | 4400 100 100"),
            ),
            (100, 10, None),
        ] {
            let [vertical, horizontal] = found(&scan(ports, apart), true);
            let expected: Vec<&str> = expected.into_iter().collect();
            assert_eq!(words(&vertical), expected, "{ports} ports, {apart} apart");
            assert!(horizontal.rows.is_empty());
        }
    }

    #[test]
    fn one_port_of_many_receivers_is_a_scan() {
        let scan = |receivers: u32, bytes| -> Vec<Seen> {
            let probe = |at| Seen {
                dst_port: Some(22),
                start: Some(1_000_000 + u64::from(at)),
                bytes,
                packets: 1,
                ..record(INSIDE, OUTSIDE + at)
            };
            (0..receivers).map(probe).collect()
        };
        for (receivers, bytes, expected) in [
            (
                50,
                500,
                Some("10.0.0.0 22 6 50 1000000 50 50 0 | 25000 50 50"),
            ),
            (49, 500, None),
            (50, 501, None),
        ] {
            let [vertical, horizontal] = found(&scan(receivers, bytes), true);
            let expected: Vec<&str> = expected.into_iter().collect();
            assert_eq!(words(&horizontal), expected, "{receivers}, {bytes} bytes");
            assert!(vertical.rows.is_empty());
        }
    }

    #[test]
    fn replies_and_answered_questions_are_no_scan() {
        // A service on port 8080 replies to clients' lower ports: by ports alone it
        // seems to open these.
        let mut records = Vec::new();
        for at in 0..200 {
            let client = Seen {
                src_port: Some(2_000 + at),
                dst_port: Some(8_080),
                start: Some(1_000_000),
                bytes: 300,
                ..record(OUTSIDE, INSIDE)
            };
            records.push(client);
            records.push(Seen {
                src_port: Some(8_080),
                dst_port: Some(2_000 + at),
                start: Some(1_000_000),
                bytes: 200,
                ..record(INSIDE, OUTSIDE)
            });
        }
        assert!(found(&records, false)[0].rows.is_empty());
        // TCP flags would say that it is one.
        assert_eq!(found(&records, true)[0].rows.len(), 1);
        // A resolver asks many servers, and they answer.
        let asks = |at| Seen {
            dst_port: Some(53),
            protocol: Some(17),
            start: Some(1_000_000),
            bytes: 70,
            packets: 1,
            ..record(INSIDE, OUTSIDE + at)
        };
        let answers = |at| Seen {
            src_port: Some(53),
            dst_port: Some(40_000),
            protocol: Some(17),
            start: Some(1_000_000),
            opens: false,
            bytes: 200,
            ..record(OUTSIDE + at, INSIDE)
        };
        let answered: Vec<Seen> = (0..60).flat_map(|at| [asks(at), answers(at)]).collect();
        assert!(found(&answered, true)[1].rows.is_empty());
        let unanswered: Vec<Seen> = (0..60).map(asks).collect();
        let [_, horizontal] = found(&unanswered, true);
        assert_eq!(
            words(&horizontal),
            ["10.0.0.0 53 17 60 1000000 60 60 0 | 4200 60 60"]
        );
    }

    #[test]
    fn ordinary_traffic_is_silent() {
        for by_flags in [true, false] {
            for table in found(&ordinary(by_flags), by_flags) {
                assert_eq!(words(&table), [""; 0], "{by_flags}");
            }
        }
        // It has what would be a scan if bytes did not matter: many addresses of S3.
        let thresholds = Thresholds {
            scan_bytes: u64::MAX,
            ..Thresholds::default()
        };
        let mut flows = flows(&ordinary(true)).into_iter();
        let [_, horizontal] = find(&mut flows, true, &thresholds, made::ends());
        assert_eq!(horizontal.rows.len(), 3);
    }

    #[test]
    fn records_without_a_start_are_said_to_have_none() {
        let mut records = scan(100, 1);
        records.iter_mut().for_each(|record| record.start = None);
        for table in found(&records, true) {
            assert!(table.rows.is_empty());
            let said =
                "These records have no start, so what was tried within a time cannot be told.";
            assert!(table.about.ends_with(said), "{}", table.about);
        }
    }
}
