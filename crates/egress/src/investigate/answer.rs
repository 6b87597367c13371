//! From the fold to tables: groups of flows, ranked and cut.
//!
//! **Invariants.** Flows that do not count are in no table; the head says how much
//! they are. A group's sums are whole or it is not shown.

use super::chosen::Chosen;
use super::cidrs::{AWS, CidrLists, Match};
use super::counted::Counted;
use super::definition::{Analysis, Definition, Dimension};
use super::ends::{Ends, OTHER_INSIDE};
use super::flows::{Held, Key};
use super::fold::Fold;
use super::rank::{By, Group, Ranked, Sketch};
use super::seen::{Flow, Pair};
use super::{Cell, Column, ColumnKind, Row, Sums, Table};
use flowlog::filter::Expr;
use foldhash::fast::RandomState;
use hashbrown::HashMap;

/// Rows from which on groups of both ends are found by a sketch.
const MANY: usize = 1 << 16;

/// A question with its expression.
pub(crate) struct Asking<'a> {
    pub(crate) definition: &'a Definition,
    pub(crate) expr: Expr,
}

/// The flows that count, with the questions that each belongs to.
pub(crate) struct Answers<'a> {
    pub(crate) fold: &'a Fold,
    by: By,
    limit: usize,
    /// The port of port-specific.
    port: Option<u16>,
    /// For each row of the fold a bit for every question; none where it does not
    /// count.
    which: Vec<u32>,
    /// Records that do not count.
    pub(crate) left_out: Sums,
    /// What counts, was accepted, and is of the subject at neither end, nor inside.
    pub(crate) public: Sums,
    /// What is between inside ends that are not told apart any more.
    pub(crate) untold: Sums,
}

/// A bit of [`Answers::which`] beyond all questions: the flow counts.
const COUNTS: u32 = 1 << 31;

impl<'a> Answers<'a> {
    pub(crate) fn new(
        fold: &'a Fold,
        counted: &Counted,
        mut chosen: Chosen,
        by: By,
        limit: usize,
    ) -> Answers<'a> {
        let port = chosen.wanted;
        let (mut left_out, mut untold) = (fold.outer_legs, Sums::default());
        let mut public = Sums::default();
        let ends = &fold.ends;
        let which = fold.flows.iter().map(|held| {
            let key = &held.key;
            if key.src == OTHER_INSIDE {
                untold.add(held.sums);
                return 0;
            }
            let is_reject = key.flags & Key::REJECT > 0;
            if !counted.counts(pair(key), is_reject, ends) {
                left_out.add(held.sums);
                return 0;
            }
            let sides = [key.src, key.dst].map(|end| ends.side(end));
            if !is_reject && sides.iter().all(|side| !side.is_subject && !side.is_inside) {
                public.add(held.sums);
            }
            chosen.which(key, sides) | COUNTS
        });
        let which = which.collect();
        Answers {
            fold,
            by,
            limit,
            port,
            which,
            left_out,
            public,
            untold,
        }
    }

    /// The flows that count.
    pub(crate) fn flows(&self) -> impl Iterator<Item = Flow> {
        let ends = &self.fold.ends;
        self.rows().map(move |(_, held)| flow(&held, ends))
    }

    fn rows(&self) -> impl Iterator<Item = (u32, Held)> {
        let which = self.which.iter().copied();
        which
            .zip(self.fold.flows.iter())
            .filter(|(which, _)| which & COUNTS > 0)
    }

    /// A table for each question, in their order.
    pub(crate) fn tables(
        &self,
        questions: &[Asking<'_>],
        port_names: &dyn Fn(u16) -> Option<String>,
    ) -> Vec<Table> {
        let mut ranked = self.sketched(questions);
        for (which, held) in self.rows() {
            let mut bits = which & !COUNTS;
            while bits > 0 {
                let place = bits.trailing_zeros() as usize;
                bits &= bits - 1;
                let by = questions[place].definition.by;
                ranked[place].add(group(by, &held.key), held.sums);
            }
        }
        questions
            .iter()
            .zip(ranked)
            .map(|(question, ranked)| self.table(question.definition, ranked, port_names))
            .collect()
    }

    /// The first time over the flows, for questions with very many groups.
    fn sketched(&self, questions: &[Asking<'_>]) -> Vec<Ranked> {
        let rows = self.fold.flows.len();
        let both = [Dimension::Source, Dimension::Destination];
        let has_both = |by: &[Dimension]| both.iter().all(|end| by.contains(end));
        let is_large = |question: &Asking<'_>| has_both(question.definition.by) && rows > MANY;
        let mut sketches: Vec<Sketch> = questions
            .iter()
            .map(|question| {
                let rows = if is_large(question) { rows } else { 0 };
                Sketch::new(self.by, self.limit, rows)
            })
            .collect();
        let used = sketches.iter().enumerate();
        let used: u32 = used.map(|(at, it)| u32::from(it.is_used()) << at).sum();
        if used > 0 {
            for (which, held) in self.rows() {
                let mut bits = which & used;
                while bits > 0 {
                    let place = bits.trailing_zeros() as usize;
                    bits &= bits - 1;
                    let by = questions[place].definition.by;
                    sketches[place].note(group(by, &held.key), held.sums);
                }
            }
        }
        sketches.into_iter().map(Sketch::ranked).collect()
    }

    fn table(
        &self,
        definition: &Definition,
        ranked: Ranked,
        port_names: &dyn Fn(u16) -> Option<String>,
    ) -> Table {
        let cells = |group: Group| self.cells(definition, group, port_names);
        let (groups, rest, total) = ranked.finish(cells);
        let rows = groups.into_iter().map(|(group, sums)| Row {
            cells: cells(group),
            sums,
            organization: None,
        });
        let mut columns: Vec<Column> = definition.by.iter().map(|by| column(*by)).collect();
        if definition.analysis == Analysis::SensitivePorts {
            columns.push(text_column("service"));
        }
        Table {
            analysis: definition.analysis.name().to_owned(),
            view: definition.view.map(str::to_owned),
            title: definition.title.to_owned(),
            about: definition.says(self.port),
            columns,
            rows: rows.collect(),
            rest,
            total,
        }
    }

    fn cells(
        &self,
        definition: &Definition,
        group: Group,
        port_names: &dyn Fn(u16) -> Option<String>,
    ) -> Vec<Cell> {
        let mut group = group;
        let mut cells: Vec<Cell> = definition
            .by
            .iter()
            .rev()
            .map(|by| self.cell(*by, &mut group))
            .collect();
        cells.reverse();
        if definition.analysis == Analysis::SensitivePorts {
            let port = cells.iter().find_map(|cell| match cell {
                Cell::Number(port) => u16::try_from(*port).ok(),
                _ => None,
            });
            cells.push(port.and_then(port_names).map_or(Cell::Missing, Cell::Text));
        }
        cells
    }

    /// Takes the last value off the group.
    fn cell(&self, by: Dimension, group: &mut Group) -> Cell {
        let bits = width(by);
        let value = (*group & ((1 << bits) - 1)) as u32;
        *group >>= bits;
        let known = |value: u32| match value {
            0 => Cell::Missing,
            value => Cell::Number(u64::from(value - 1)),
        };
        match by {
            Dimension::Source | Dimension::Destination => {
                Cell::Text(self.fold.ends.address(value).to_string())
            }
            Dimension::SourcePort | Dimension::DestinationPort | Dimension::Protocol => {
                known(value)
            }
            Dimension::Action => action(value > 0),
            Dimension::SourceService | Dimension::DestinationService => {
                let name = self.fold.services.name(value as u16);
                name.map_or(Cell::Missing, |name| Cell::Text(name.to_owned()))
            }
        }
    }

    /// Traffic with addresses of the lists, by address and action. Where a subject is
    /// named, they are those of its peers: AWS's prefixes have an instance's own IPv6
    /// address, too.
    pub(crate) fn in_lists(&self, lists: &CidrLists, names_subject: bool) -> Table {
        let ends = &self.fold.ends;
        let found: Vec<Option<Match<'_>>> = ends.all().map(|address| lists.get(address)).collect();
        let mut groups: HashMap<(u32, bool), Sums, RandomState> = HashMap::default();
        for (_, held) in self.rows() {
            let is_reject = held.key.flags & Key::REJECT > 0;
            let (src, dst) = (held.key.src, held.key.dst);
            for (end, other) in [(src, dst), (dst, src)] {
                let is_subject = |end| names_subject && ends.side(end).is_subject;
                let is_peer = !is_subject(end) || is_subject(other);
                if is_peer && found[end as usize].is_some() {
                    groups.entry((end, is_reject)).or_default().add(held.sums);
                }
            }
        }
        let mut groups: Vec<((u32, bool), Sums)> = groups.into_iter().collect();
        groups.sort_by_key(|((end, is_reject), sums)| {
            (self.by.order(*sums), ends.address(*end), *is_reject)
        });
        let mut total = Sums::default();
        groups.iter().for_each(|(_, sums)| total.add(*sums));
        let mut rest = Sums::default();
        if self.limit > 0 {
            let cut = groups.drain(self.limit.min(groups.len())..);
            cut.for_each(|(_, sums)| rest.add(sums));
        }
        let text = |text: Option<&str>| text.map_or(Cell::Missing, |text| Cell::Text(text.into()));
        let rows = groups.into_iter().filter_map(|((end, is_reject), sums)| {
            let found = found[end as usize]?;
            Some(Row {
                cells: vec![
                    Cell::Text(found.list.to_owned()),
                    Cell::Text(ends.address(end).to_string()),
                    Cell::Text(found.prefix.to_string()),
                    text(found.city),
                    text(found.region),
                    text(found.service.or(found.name)),
                    action(is_reject),
                ],
                sums,
                organization: None,
            })
        });
        let names: Vec<String> = lists
            .lists()
            .iter()
            .map(|list| format!("{} ({} prefixes)", list.name, list.prefixes))
            .chain(
                lists
                    .aws()
                    .map(|aws| format!("{AWS} (of {})", aws.created())),
            )
            .collect();
        Table {
            analysis: Analysis::CidrConnections.name().to_owned(),
            view: None,
            title: "Traffic with addresses of lists".to_owned(),
            about: format!(
                "What was sent to or by addresses of {}; of several prefixes the longest counts.",
                names.join(", ")
            ),
            columns: vec![
                text_column("list"),
                Column {
                    name: "address".to_owned(),
                    kind: ColumnKind::Address,
                },
                text_column("prefix"),
                text_column("city"),
                text_column("region"),
                text_column("name"),
                text_column("action"),
            ],
            rows: rows.collect(),
            rest: (rest.flows > 0).then_some(rest),
            total,
        }
    }
}

fn action(is_reject: bool) -> Cell {
    Cell::Text(if is_reject { "REJECT" } else { "ACCEPT" }.to_owned())
}

fn pair(key: &Key) -> Pair {
    Pair {
        src: key.src,
        dst: key.dst,
        is_forwarded: key.flags & Key::FORWARDED > 0,
    }
}

fn flow(held: &Held, ends: &Ends) -> Flow {
    let key = &held.key;
    let has = |flag| key.flags & flag > 0;
    let [_, dst_port] = key.ports;
    Flow {
        pair: pair(key),
        sides: [key.src, key.dst].map(|end| ends.side(end)),
        dst_port: has(Key::DST_PORT).then_some(dst_port),
        protocol: has(Key::PROTOCOL).then_some(key.protocol),
        is_reject: has(Key::REJECT),
        opens: held.opens,
        sums: held.sums,
        first: held.times.map(|(first, _)| first),
        last: held.times.map(|(_, last)| last),
    }
}

/// Bits of a value in a group.
fn width(by: Dimension) -> u32 {
    match by {
        Dimension::Source | Dimension::Destination => 32,
        Dimension::SourcePort | Dimension::DestinationPort => 17,
        Dimension::Protocol => 9,
        Dimension::Action => 1,
        Dimension::SourceService | Dimension::DestinationService => 16,
    }
}

/// The group of a flow: its values one behind the other.
#[inline]
fn group(by: &[Dimension], key: &Key) -> Group {
    let known = |flag: u8, value: u16| match key.flags & flag {
        0 => 0,
        _ => u32::from(value) + 1,
    };
    let mut group: Group = 0;
    for by in by {
        let value = match by {
            Dimension::Source => key.src,
            Dimension::Destination => key.dst,
            Dimension::SourcePort => known(Key::SRC_PORT, key.ports[0]),
            Dimension::DestinationPort => known(Key::DST_PORT, key.ports[1]),
            Dimension::Protocol => known(Key::PROTOCOL, key.protocol.into()),
            Dimension::Action => u32::from(key.flags & Key::REJECT),
            Dimension::SourceService => key.services[0].into(),
            Dimension::DestinationService => key.services[1].into(),
        };
        group = group << width(*by) | Group::from(value);
    }
    group
}

fn column(by: Dimension) -> Column {
    let (name, kind) = match by {
        Dimension::Source => ("source", ColumnKind::Address),
        Dimension::Destination => ("destination", ColumnKind::Address),
        Dimension::SourcePort => ("source_port", ColumnKind::Number),
        Dimension::DestinationPort => ("destination_port", ColumnKind::Number),
        Dimension::Protocol => ("protocol", ColumnKind::Number),
        Dimension::Action => ("action", ColumnKind::Text),
        Dimension::SourceService | Dimension::DestinationService => {
            ("aws_service", ColumnKind::Text)
        }
    };
    Column {
        name: name.to_owned(),
        kind,
    }
}

pub(crate) fn text_column(name: &str) -> Column {
    Column {
        name: name.to_owned(),
        kind: ColumnKind::Text,
    }
}
