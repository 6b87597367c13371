//! Sources added up by who they belong to: forty instances of one auto-scaling
//! group are one answer.
//!
//! **Invariants.** The bytes of all groups are those of all sources. Addresses
//! without an owner are one group, which says so.

use crate::owner::{Owner, OwnerKind};
use crate::report::{NamedShare, Report, Share, Source, named};
use crate::sums::Billed;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Sources that belong together, and what they moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// What people call it; `None` for all addresses without an owner.
    pub name: Option<String>,
    /// The same with what it is.
    pub full: String,
    /// How many addresses it has here.
    pub addresses: usize,
    /// The one with the most bytes.
    pub largest: IpAddr,
    /// The figures.
    pub share: Share,
}

/// What two sources have in common that belong together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    /// The same group, node group or cluster, as it is said in full.
    Group(String),
    /// The same thing with several interfaces or addresses.
    Thing(OwnerKind, String),
    Unknown,
}

impl Key {
    fn of(owner: Option<&Owner>) -> Key {
        let Some(owner) = owner else {
            return Key::Unknown;
        };
        if let Some((_, full)) = owner.membership.group() {
            return Key::Group(full);
        }
        // An id is one thing's, but for a first function's name and a description.
        let id = match owner.kind {
            OwnerKind::Lambda | OwnerKind::Interface => None,
            _ => owner.id.clone(),
        };
        Key::Thing(owner.kind, id.unwrap_or_else(|| owner.interface.clone()))
    }
}

impl Group {
    /// What people call it.
    pub fn label(&self) -> &str {
        self.name.as_deref().unwrap_or("unknown")
    }

    /// What it is, and of how many addresses.
    pub(crate) fn note(&self) -> String {
        let largest = named(self.largest);
        match self.addresses {
            1 => format!("{}, {largest}", self.full),
            many => format!("{}, {many} addresses, the largest {largest}", self.full),
        }
    }
}

/// The sources added up by owner, each priced; in no order that matters. None
/// where not one owner is known.
pub(crate) fn groups(sources: &[Source], price: impl Fn(&Billed) -> Share) -> Vec<Group> {
    if sources.iter().all(|source| source.owner.is_none()) {
        return Vec::new();
    }
    let mut groups: BTreeMap<Key, Sum<'_>> = BTreeMap::new();
    for source in sources {
        let sum = groups.entry(Key::of(source.owner.as_ref())).or_insert(Sum {
            largest: source,
            addresses: 0,
            billed: Billed::default(),
        });
        sum.addresses += usize::from(!source.address.is_unspecified());
        sum.billed.in_from_source += source.share.in_from_source;
        sum.billed.out_to_source += source.share.out_to_source;
        if source.share.bytes > sum.largest.share.bytes {
            sum.largest = source;
        }
    }
    groups.into_values().map(|sum| sum.group(&price)).collect()
}

impl Report {
    /// Who a source is, or why that is not known, where it was asked.
    pub(crate) fn owner_of(&self, source: &Source) -> Option<String> {
        match (&source.owner, &self.owners, source.unknown) {
            (Some(owner), ..) => Some(owner.to_string()),
            (None, Some(owners), Some(why)) => Some(owners.unknown(why)),
            _ => None,
        }
    }

    /// The workloads by owner, where that says more than the list of them.
    pub(crate) fn group_rows(&self) -> Vec<NamedShare> {
        let mut rows = self.groups.iter();
        if !rows.any(|row| row.name.is_some() && row.addresses > 1) {
            return Vec::new();
        }
        let rows = self.groups.iter();
        rows.map(|row| (row.label().to_owned(), Some(row.note()), row.share))
            .collect()
    }
}

struct Sum<'a> {
    largest: &'a Source,
    addresses: usize,
    billed: Billed,
}

impl Sum<'_> {
    fn group(&self, price: impl Fn(&Billed) -> Share) -> Group {
        let owner = self.largest.owner.as_ref();
        let group = owner.and_then(|owner| owner.membership.group());
        let (name, full) = match (owner, group) {
            (_, Some((name, full))) => (Some(name), full),
            (Some(owner), None) => (Some(owner.label()), owner.identity()),
            (None, None) => (None, "no known owner".to_owned()),
        };
        Group {
            name,
            full,
            addresses: self.addresses,
            largest: self.largest.address,
            share: price(&self.billed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::groups;
    use crate::membership::Membership;
    use crate::owner::Owner;
    use crate::report::{Share, Source};
    use crate::snapshot::Interface;
    use crate::sums::Billed;
    use rust_decimal::Decimal;

    fn price(billed: &Billed) -> Share {
        Share {
            bytes: billed.bytes(),
            in_from_source: billed.in_from_source,
            out_to_source: billed.out_to_source,
            cost: Decimal::ZERO,
            share: Decimal::ZERO,
            increase: None,
        }
    }

    fn source(address: &str, owner: Option<(&str, &str)>, bytes: u128) -> Source {
        let owner = owner.map(|(instance, group)| Owner {
            membership: Membership {
                auto_scaling_group: Some(group.to_owned()).filter(|group| !group.is_empty()),
                ..Membership::default()
            },
            ..Owner::of(&Interface {
                id: format!("eni-{instance}"),
                instance: Some(format!("i-{instance}")),
                ..Interface::default()
            })
        });
        Source {
            address: address.parse().expect("an address"),
            owner,
            unknown: None,
            names: Vec::new(),
            share: price(&Billed {
                in_from_source: bytes,
                out_to_source: 1,
                records: 0,
            }),
        }
    }

    #[test]
    fn adds_up_what_belongs_together() {
        let sources = [
            source("10.0.1.5", Some(("1", "web-asg")), 100),
            source("10.0.1.6", Some(("2", "web-asg")), 300),
            source("10.0.1.7", Some(("3", "")), 50),
            source("10.0.1.8", Some(("3", "")), 60),
            source("10.0.1.9", None, 7),
            source("10.0.2.9", None, 8),
            source("0.0.0.0", None, 1),
        ];
        let found = groups(&sources, price);
        let told: Vec<_> = found
            .iter()
            .map(|group| (group.label(), group.note(), group.share.bytes))
            .collect();
        let said = |text: &str| text.to_owned();
        assert_eq!(
            told,
            [
                (
                    "web-asg",
                    said("auto-scaling group web-asg, 2 addresses, the largest 10.0.1.6"),
                    402
                ),
                (
                    "i-3",
                    said("instance i-3, 2 addresses, the largest 10.0.1.8"),
                    112
                ),
                (
                    "unknown",
                    said("no known owner, 2 addresses, the largest 10.0.2.9"),
                    19
                ),
            ]
        );
        let total: u128 = sources.iter().map(|source| source.share.bytes).sum();
        assert_eq!(
            found.iter().map(|group| group.share.bytes).sum::<u128>(),
            total
        );
        assert_eq!(groups(&sources[4..], price), []);
    }
}
