//! What a record must be, with all that its layout decides decided.
//!
//! **Invariants.** No test of a field that the layout lacks is left, and none that is
//! always true or never: of these only [`Condition::All`] and [`Condition::Any`] of
//! nothing remain, at the top.

use flowlog::filter::{
    AddressOf, AddressSet, Expr, NumberOf, NumberSet, PRIVATE, Pattern, Test, TextOf,
};
use flowlog::{Field, Layout};
use ipnet::IpNet;

/// What a record must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Condition {
    /// All of these; always, where there are none.
    All(Vec<Condition>),
    /// One of these; never, where there are none.
    Any(Vec<Condition>),
    Not(Box<Condition>),
    /// The address is in one of the networks, of which none is in another.
    Networks(Place, Vec<IpNet>),
    Number(Field, NumberSet),
    /// The text fits one of the patterns.
    Text(Field, Vec<Pattern>),
    Missing(Field),
    /// Both fields have the same word.
    Same(Field, Field),
}

/// Where an address stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    Field(Field),
    /// pkt-srcaddr, or srcaddr where the record does not have it.
    Source,
    /// pkt-dstaddr, or dstaddr where the record does not have it.
    Destination,
}

impl Place {
    pub(super) fn source(layout: &Layout) -> Place {
        match layout.has(Field::PktSrcaddr) {
            true => Place::Source,
            false => Place::Field(Field::Srcaddr),
        }
    }

    pub(super) fn destination(layout: &Layout) -> Place {
        match layout.has(Field::PktDstaddr) {
            true => Place::Destination,
            false => Place::Field(Field::Dstaddr),
        }
    }

    fn all(of: AddressOf, layout: &Layout) -> Vec<Place> {
        match of {
            AddressOf::Src => vec![Place::source(layout)],
            AddressOf::Dst => vec![Place::destination(layout)],
            AddressOf::Either => vec![Place::source(layout), Place::destination(layout)],
            AddressOf::Field(field) => {
                let fields = layout.has(field).then_some(Place::Field(field));
                fields.into_iter().collect()
            }
        }
    }

    /// The name of the column.
    pub(super) fn column(self) -> String {
        match self {
            Place::Field(field) => super::column(field),
            Place::Source => "src".to_owned(),
            Place::Destination => "dst".to_owned(),
        }
    }

    /// The packet's field and the interface's, where it is one of two.
    pub(super) fn both(self) -> Option<[Field; 2]> {
        match self {
            Place::Field(_) => None,
            Place::Source => Some([Field::PktSrcaddr, Field::Srcaddr]),
            Place::Destination => Some([Field::PktDstaddr, Field::Dstaddr]),
        }
    }
}

impl Condition {
    /// What the filter, which has no named sets, is of records of that layout.
    pub(super) fn of(expr: &Expr, layout: &Layout) -> Condition {
        let parts = |parts: &[Expr]| -> Vec<Condition> {
            parts
                .iter()
                .map(|part| Condition::of(part, layout))
                .collect()
        };
        match expr {
            Expr::All(all) => Condition::all(parts(all)),
            Expr::Any(any) => Condition::any(parts(any)),
            Expr::Not(part) => Condition::not(Condition::of(part, layout)),
            Expr::Test(test) => Condition::test(test, layout),
        }
    }

    fn test(test: &Test, layout: &Layout) -> Condition {
        match test {
            Test::Address(of, set) => {
                let places = Place::all(*of, layout).into_iter();
                let tests = places.map(|place| match set {
                    AddressSet::Networks(networks) if networks.is_empty() => Condition::never(),
                    AddressSet::Networks(networks) => Condition::within(place, networks),
                    AddressSet::Private => Condition::within(place, &PRIVATE),
                    AddressSet::Named(_) => Condition::never(),
                });
                Condition::any(tests.collect())
            }
            Test::Number(of, set) => {
                let fields = match of {
                    NumberOf::EitherPort => vec![Field::Srcport, Field::Dstport],
                    NumberOf::Field(field) => vec![*field],
                };
                let tests = fields.into_iter().filter(|field| layout.has(*field));
                let tests = tests.map(|field| match set {
                    NumberSet::Ranges(ranges) if ranges.iter().all(|range| range.is_empty()) => {
                        Condition::never()
                    }
                    NumberSet::Named(_) => Condition::never(),
                    set => Condition::Number(field, set.clone()),
                });
                Condition::any(tests.collect())
            }
            Test::Text(of, patterns) => {
                let fields = match of {
                    TextOf::EitherService => vec![Field::PktSrcAwsService, Field::PktDstAwsService],
                    TextOf::Field(field) => vec![*field],
                };
                // No value is empty, and - is none.
                let is_possible = |pattern: &&Pattern| !matches!(&*pattern.0, "" | "-");
                let patterns: Vec<Pattern> = patterns.iter().filter(is_possible).cloned().collect();
                let has_some = !patterns.is_empty();
                let tests = fields
                    .into_iter()
                    .filter(|field| has_some && layout.has(*field));
                let tests = tests.map(|field| Condition::Text(field, patterns.clone()));
                Condition::any(tests.collect())
            }
            Test::Missing(field) => match layout.has(*field) {
                true => Condition::Missing(*field),
                false => Condition::all(Vec::new()),
            },
        }
    }

    /// Whether the address is in one of the networks.
    pub(super) fn within(place: Place, networks: &[IpNet]) -> Condition {
        Condition::Networks(place, IpNet::aggregate(&networks.to_vec()))
    }

    fn never() -> Condition {
        Condition::Any(Vec::new())
    }

    /// Whether every record is so.
    pub(super) fn is_always(&self) -> bool {
        matches!(self, Condition::All(parts) if parts.is_empty())
    }

    /// Whether no record is so.
    pub(super) fn is_never(&self) -> bool {
        matches!(self, Condition::Any(parts) if parts.is_empty())
    }

    pub(super) fn all(parts: Vec<Condition>) -> Condition {
        if parts.iter().any(Condition::is_never) {
            return Condition::never();
        }
        let mut flat = Vec::new();
        for part in parts {
            match part {
                Condition::All(parts) => flat.extend(parts),
                part => flat.push(part),
            }
        }
        only(flat).unwrap_or_else(Condition::All)
    }

    pub(super) fn any(parts: Vec<Condition>) -> Condition {
        if parts.iter().any(Condition::is_always) {
            return Condition::All(Vec::new());
        }
        let mut flat = Vec::new();
        for part in parts {
            match part {
                Condition::Any(parts) => flat.extend(parts),
                part => flat.push(part),
            }
        }
        only(flat).unwrap_or_else(Condition::Any)
    }

    pub(super) fn not(part: Condition) -> Condition {
        match part {
            Condition::Not(part) => *part,
            part if part.is_always() => Condition::never(),
            part if part.is_never() => Condition::All(Vec::new()),
            part => Condition::Not(Box::new(part)),
        }
    }

    /// Adds the addresses that it asks for, and the networks.
    pub(super) fn add_networks<'a>(&'a self, to: &mut Vec<(Place, &'a Vec<IpNet>)>) {
        match self {
            Condition::All(parts) | Condition::Any(parts) => {
                parts.iter().for_each(|part| part.add_networks(to));
            }
            Condition::Not(part) => part.add_networks(to),
            Condition::Networks(place, networks) => to.push((*place, networks)),
            _ => {}
        }
    }
}

/// The only part, or all of them back.
fn only(mut parts: Vec<Condition>) -> Result<Condition, Vec<Condition>> {
    match (parts.len(), parts.pop()) {
        (1, Some(only)) => Ok(only),
        (_, last) => {
            parts.extend(last);
            Err(parts)
        }
    }
}
