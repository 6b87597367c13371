//! Which records of a NAT gateway count, of those that say the same bytes twice.
//!
//! The legs towards the workloads (A and D) have both real ends in the packet and
//! the gateway outside it; the other two (B and C) have the gateway's own address in
//! the packet. Where the addresses are not known, they are told by that, by the side
//! that is private and, where the layout has it, by the direction.
//!
//! **Invariants.** A rejected record is not passed on, so nothing says it twice and
//! it counts wherever it stands.

use super::condition::{Condition, Place};
use flowlog::filter::{AddressOf, AddressSet, Expr, PRIVATE, Pattern, Test};
use flowlog::{Field, Layout};
use ipnet::IpNet;
use std::net::IpAddr;

/// Which legs of a NAT gateway count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Legs {
    /// Every record: they are not of a NAT gateway.
    All,
    /// Those towards the workloads; every record is of a NAT gateway.
    Inner,
    /// Every record but those with these addresses, a gateway's own, as an end.
    Without(Vec<IpAddr>),
}

impl Legs {
    /// What a record must be to count, of those that are so, too; `None` where every
    /// one does.
    pub(super) fn condition(&self, layout: &Layout, others: &[Condition]) -> Option<Condition> {
        let counts = match self {
            Legs::All => return None,
            Legs::Inner => inner(layout)?,
            Legs::Without(own) => {
                let own = own.iter().copied().map(IpNet::from).collect();
                let is_end = Test::Address(AddressOf::Either, AddressSet::Networks(own));
                Condition::not(Condition::of(&Expr::Test(is_end), layout))
            }
        };
        let action = |word| text(Field::Action, word, layout);
        if others.contains(&action("REJECT")) {
            return None;
        }
        if others.contains(&action("ACCEPT")) {
            return Some(counts);
        }
        Some(Condition::any(vec![action("REJECT"), counts]))
    }
}

/// Legs A and D; without packet addresses they cannot be told.
fn inner(layout: &Layout) -> Option<Condition> {
    if !layout.has(Field::PktSrcaddr) || !layout.has(Field::PktDstaddr) {
        return None;
    }
    let private = |place| Condition::within(place, &PRIVATE);
    let public = |place| Condition::not(private(place));
    let direction = |word| match layout.has(Field::FlowDirection) {
        true => text(Field::FlowDirection, word, layout),
        false => Condition::all(Vec::new()),
    };
    let translated = |seen, packet| Condition::not(Condition::Same(seen, packet));
    let (src, dst) = (Place::Source, Place::Destination);
    let upload = Condition::all(vec![
        direction("ingress"),
        translated(Field::Dstaddr, Field::PktDstaddr),
        Condition::any(vec![private(src), public(dst)]),
    ]);
    let download = Condition::all(vec![
        direction("egress"),
        translated(Field::Srcaddr, Field::PktSrcaddr),
        Condition::any(vec![private(dst), public(src)]),
    ]);
    let mut legs = vec![upload, download];
    // A regional gateway has no interface, and shows public addresses of its own.
    if layout.has(Field::InterfaceId) {
        let crosses = |inside, outside| {
            Condition::all(vec![
                Condition::Missing(Field::InterfaceId),
                private(inside),
                public(outside),
            ])
        };
        legs.push(crosses(src, dst));
        legs.push(crosses(dst, src));
    }
    Some(Condition::any(legs))
}

/// Whether a record of an inner leg is an upload.
pub(super) fn is_upload(layout: &Layout) -> Condition {
    let zonal = Condition::not(Condition::Same(Field::Dstaddr, Field::PktDstaddr));
    if !layout.has(Field::InterfaceId) {
        return zonal;
    }
    let regional = || Condition::Missing(Field::InterfaceId);
    Condition::any(vec![
        Condition::all(vec![regional(), Condition::within(Place::Source, &PRIVATE)]),
        Condition::all(vec![Condition::not(regional()), zonal]),
    ])
}

fn text(field: Field, word: &str, layout: &Layout) -> Condition {
    match layout.has(field) {
        true => Condition::Text(field, vec![Pattern(word.into())]),
        false => Condition::any(Vec::new()),
    }
}
