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
use flowlog::filter::{PRIVATE, Pattern};
use flowlog::{Field, KnownLayout, Layout};
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

/// What is known of ends.
pub(super) struct Ends<'a> {
    /// Networks that are not external.
    pub(super) inside: &'a [IpNet],
    /// A subject is named.
    pub(super) names_subject: bool,
}

impl Legs {
    /// The legs of records whose layout is that: inner ones where it is one of those
    /// that NAT gateways are recorded with.
    pub fn of(layout: &Layout) -> Legs {
        let recorders = [
            KnownLayout::Natspike,
            KnownLayout::Recorder,
            KnownLayout::EgressAnalyzer,
        ];
        match recorders.iter().any(|known| known.layout() == *layout) {
            true => Legs::Inner,
            false => Legs::All,
        }
    }

    /// Which records count, in a sentence.
    pub(super) fn sentence(&self, layout: &Layout) -> String {
        let has_packet = has_packet(layout);
        match self {
            Legs::All => "Every record counts; of NAT gateways' (--records nat-gateway, or \
                          --nat-address) each byte would do so up to four times."
                .to_owned(),
            Legs::Inner if has_packet => "Every record is of a NAT gateway; of those the legs \
                                          towards the workloads count."
                .to_owned(),
            Legs::Inner => "Every record is of a NAT gateway and counts up to four times: without \
                            packet addresses legs are told by --nat-address alone."
                .to_owned(),
            Legs::Without(own) => {
                let own: Vec<String> = own.iter().map(IpAddr::to_string).collect();
                let own = own.join(", ");
                match has_packet {
                    true => format!("What NAT gateways ({own}) pass on counts once."),
                    false => format!(
                        "Of NAT gateways ({own}) one side counts; without packet addresses the \
                         other end is not known and the gateway stands in its place."
                    ),
                }
            }
        }
    }

    /// What a record must be to count, of those that are so, too; `None` where every
    /// one does.
    pub(super) fn condition(
        &self,
        layout: &Layout,
        others: &[Condition],
        ends: &Ends<'_>,
    ) -> Option<Condition> {
        let counts = match self {
            Legs::All => return None,
            Legs::Inner => inner(layout)?,
            Legs::Without(own) => without(own, layout, ends),
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

fn has_packet(layout: &Layout) -> bool {
    layout.has(Field::PktSrcaddr) && layout.has(Field::PktDstaddr)
}

/// Records without a gateway's own address; where every record of it has that, those
/// of one side: the workloads' where one is investigated, else the remote ends'.
fn without(own: &[IpAddr], layout: &Layout, ends: &Ends<'_>) -> Condition {
    let own: Vec<IpNet> = own.iter().copied().map(IpNet::from).collect();
    let [src, dst] = [Place::source(layout), Place::destination(layout)];
    let is_own = |place| Condition::within(place, &own);
    let others = Condition::not(Condition::any(vec![is_own(src), is_own(dst)]));
    if has_packet(layout) {
        return others;
    }
    let is_shown = |place| match ends.names_subject {
        true => Condition::within(place, ends.inside),
        false => Condition::not(Condition::within(place, ends.inside)),
    };
    Condition::any(vec![
        others,
        Condition::all(vec![is_own(src), is_shown(dst)]),
        Condition::all(vec![
            is_own(dst),
            Condition::not(is_own(src)),
            is_shown(src),
        ]),
    ])
}

/// Legs A and D; without packet addresses they cannot be told.
fn inner(layout: &Layout) -> Option<Condition> {
    if !has_packet(layout) {
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

/// The field has the word.
pub(super) fn text(field: Field, word: &str, layout: &Layout) -> Condition {
    match layout.has(field) {
        true => Condition::Text(field, vec![Pattern(word.into())]),
        false => Condition::any(Vec::new()),
    }
}
