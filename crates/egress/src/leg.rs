//! The four legs of NAT gateway traffic, and the rule that tells them apart.
//!
//! A byte that passes a NAT gateway is logged twice: when it comes in and when
//! it goes out. The legs carry AWS's own metric words. Only the two legs
//! towards the workloads name both the workload and the remote end, so
//! processed (billed) bytes are `in_from_source` + `out_to_source`; the other
//! two are the same bytes seen from outside and serve as a check.
//!
//! The rule follows AWS's examples of NAT gateway records:
//! <https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-records-examples.html>.
//! That the legs equal the metrics of the same name is inferred from the
//! metrics' descriptions and not stated by AWS.
//!
//! **Invariants.** A flow has at most one leg. The rule does not compare a
//! packet address with the interface's own view of it: on a gateway with
//! secondary addresses those differ on every leg.

use crate::address::{is_nat64, is_private, is_workload_side};
use crate::gateway::{Gateway, GatewayKind};
use flowlog::End;
use std::net::IpAddr;

/// One leg of the way through a NAT gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Leg {
    /// From a workload into the gateway (A); billed.
    InFromSource,
    /// From the gateway to the remote end (B); the same bytes as A.
    OutToDestination,
    /// From the remote end into the gateway (C); the same bytes as D.
    InFromDestination,
    /// From the gateway to a workload (D); billed.
    OutToSource,
}

impl Leg {
    /// The leg of what flows the other way between the same two ends.
    pub fn back(self) -> Leg {
        match self {
            Leg::InFromSource => Leg::OutToSource,
            Leg::OutToDestination => Leg::InFromDestination,
            Leg::InFromDestination => Leg::OutToDestination,
            Leg::OutToSource => Leg::InFromSource,
        }
    }
}

/// The leg of what one end sends the other on the gateway's own interface, or
/// `None` for traffic that does not pass through the gateway.
pub fn leg(src: &End<'_>, dst: &End<'_>, gateway: &Gateway) -> Option<Leg> {
    match gateway.kind {
        GatewayKind::Zonal => zonal(src, dst, gateway),
        GatewayKind::Regional => regional(src.seen(), dst.seen(), gateway),
    }
}

fn zonal(src: &End<'_>, dst: &End<'_>, gateway: &Gateway) -> Option<Leg> {
    let own = |address: IpAddr| gateway.addresses.contains(&address);
    // Without packet addresses the far end of a leg is not in the record; the
    // near end still tells whether it is a workload.
    let faces_workload = |own_end: &End<'_>, peer: &End<'_>| match own_end.packet() {
        Some(packet) => !own(packet),
        None => is_workload_side(peer.seen()),
    };
    match (own(src.seen()), own(dst.seen())) {
        (false, true) if faces_workload(dst, src) => Some(Leg::InFromSource),
        (false, true) => Some(Leg::InFromDestination),
        (true, false) if faces_workload(src, dst) => Some(Leg::OutToSource),
        (true, false) => Some(Leg::OutToDestination),
        _ => None,
    }
}

/// Records of a regional gateway show both ends as they are in the packet, and
/// the gateway by its public addresses.
fn regional(src: IpAddr, dst: IpAddr, gateway: &Gateway) -> Option<Leg> {
    let own = |address: IpAddr| gateway.addresses.contains(&address);
    let inside = |address: IpAddr, peer: IpAddr| is_private(address) || is_nat64(peer);
    match (inside(src, dst), inside(dst, src)) {
        (true, false) => Some(Leg::InFromSource),
        (false, true) => Some(Leg::OutToSource),
        (true, true) => None,
        (false, false) if own(src) => Some(Leg::OutToDestination),
        (false, false) if own(dst) => Some(Leg::InFromDestination),
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Leg, leg};
    use crate::gateway::{Gateway, GatewayKind};
    use flowlog::End;
    use std::net::IpAddr;

    /// `src dst pkt-src pkt-dst`, `-` for no value.
    fn check(kind: GatewayKind, own: &[&str], cases: &[(&str, Option<Leg>)]) {
        let gateway = Gateway {
            kind,
            interface: None,
            addresses: own.iter().map(|a| a.parse().expect("address")).collect(),
        };
        for (ends, expected) in cases {
            let ends: Vec<_> = ends.split(' ').map(|end| end.parse().ok()).collect();
            let end = |seen: Option<IpAddr>, packet: Option<IpAddr>| {
                let seen = seen.expect("address");
                End {
                    address: packet.unwrap_or(seen),
                    outside: packet.is_some_and(|packet| packet != seen).then_some(seen),
                    has_packet: packet.is_some(),
                    service: None,
                }
            };
            let (src, dst) = (end(ends[0], ends[2]), end(ends[1], ends[3]));
            assert_eq!(leg(&src, &dst, &gateway), *expected, "{ends:?}");
            let back = leg(&dst, &src, &gateway);
            assert_eq!(back, expected.map(Leg::back), "{ends:?}, the other way");
        }
    }

    #[test]
    fn tells_the_legs_of_a_zonal_gateway() {
        check(
            GatewayKind::Zonal,
            &["10.0.0.220"],
            &[
                (
                    "10.0.1.5 10.0.0.220 10.0.1.5 203.0.113.5",
                    Some(Leg::InFromSource),
                ),
                (
                    "10.0.0.220 203.0.113.5 10.0.0.220 203.0.113.5",
                    Some(Leg::OutToDestination),
                ),
                (
                    "203.0.113.5 10.0.0.220 203.0.113.5 10.0.0.220",
                    Some(Leg::InFromDestination),
                ),
                (
                    "10.0.0.220 10.0.1.5 203.0.113.5 10.0.1.5",
                    Some(Leg::OutToSource),
                ),
                ("10.0.1.5 203.0.113.5 10.0.1.5 203.0.113.5", None),
                ("10.0.0.220 10.0.0.220 10.0.0.220 10.0.0.220", None),
            ],
        );
    }

    #[test]
    fn secondary_addresses_do_not_turn_outer_legs_into_billed_ones() {
        check(
            GatewayKind::Zonal,
            &["10.0.0.220", "10.0.0.221"],
            &[
                (
                    "10.0.1.5 10.0.0.220 10.0.1.5 203.0.113.5",
                    Some(Leg::InFromSource),
                ),
                (
                    "10.0.0.220 203.0.113.5 10.0.0.221 203.0.113.5",
                    Some(Leg::OutToDestination),
                ),
                (
                    "203.0.113.5 10.0.0.220 203.0.113.5 10.0.0.221",
                    Some(Leg::InFromDestination),
                ),
                (
                    "10.0.0.220 10.0.1.5 203.0.113.5 10.0.1.5",
                    Some(Leg::OutToSource),
                ),
            ],
        );
    }

    #[test]
    fn a_private_gateway_has_the_same_legs() {
        check(
            GatewayKind::Zonal,
            &["10.0.0.220"],
            &[
                (
                    "10.0.1.5 10.0.0.220 10.0.1.5 192.168.7.7",
                    Some(Leg::InFromSource),
                ),
                (
                    "10.0.0.220 192.168.7.7 10.0.0.220 192.168.7.7",
                    Some(Leg::OutToDestination),
                ),
                (
                    "192.168.7.7 10.0.0.220 192.168.7.7 10.0.0.220",
                    Some(Leg::InFromDestination),
                ),
                (
                    "10.0.0.220 10.0.1.5 192.168.7.7 10.0.1.5",
                    Some(Leg::OutToSource),
                ),
            ],
        );
    }

    #[test]
    fn without_packet_addresses_the_near_end_tells() {
        check(
            GatewayKind::Zonal,
            &["10.0.0.220"],
            &[
                ("10.0.1.5 10.0.0.220 - -", Some(Leg::InFromSource)),
                ("10.0.0.220 203.0.113.5 - -", Some(Leg::OutToDestination)),
                ("203.0.113.5 10.0.0.220 - -", Some(Leg::InFromDestination)),
                ("10.0.0.220 10.0.1.5 - -", Some(Leg::OutToSource)),
            ],
        );
    }

    #[test]
    fn tells_the_legs_of_a_regional_gateway() {
        check(
            GatewayKind::Regional,
            &["198.51.100.9"],
            &[
                (
                    "10.0.1.5 203.0.113.5 10.0.1.5 203.0.113.5",
                    Some(Leg::InFromSource),
                ),
                (
                    "198.51.100.9 203.0.113.5 198.51.100.9 203.0.113.5",
                    Some(Leg::OutToDestination),
                ),
                (
                    "203.0.113.5 198.51.100.9 203.0.113.5 198.51.100.9",
                    Some(Leg::InFromDestination),
                ),
                (
                    "203.0.113.5 10.0.1.5 203.0.113.5 10.0.1.5",
                    Some(Leg::OutToSource),
                ),
                // A workload that calls its own gateway's public address.
                (
                    "10.0.1.5 198.51.100.9 10.0.1.5 198.51.100.9",
                    Some(Leg::InFromSource),
                ),
                (
                    "2001:db8::5 64:ff9b::cb00:7105 - -",
                    Some(Leg::InFromSource),
                ),
                ("64:ff9b::cb00:7105 2001:db8::5 - -", Some(Leg::OutToSource)),
                ("10.0.1.5 10.0.2.5 - -", None),
                ("192.0.2.1 203.0.113.5 - -", None),
            ],
        );
    }
}
