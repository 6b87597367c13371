//! Which NAT gateways a flow table shows, found from the records themselves.
//!
//! Users know their gateway's id and its elastic IP, and neither stands in the
//! records of a zonal gateway: those carry the interface's private address. So
//! the addresses are inferred, one interface at a time:
//!
//! * A forwarding interface shows one address where the packet carries another
//!   (leg A: the receiver is the gateway, the packet's receiver is remote).
//!   So does the node of a Kubernetes cluster, whose pods have addresses of
//!   their own; but a pod's address never stands outside of a packet there,
//!   and the remote end of a gateway's traffic does (legs B and C).
//! * An interface logs its primary private address only. A private address
//!   that stands in packets alone, facing a remote end, is a secondary one.
//! * Without packet addresses a gateway is the interface whose own address has
//!   as many bytes going out to remote ends as came in from workloads, and the
//!   other way round.
//! * A regional gateway has no interface; its records show its public
//!   addresses facing other public ones.
//!
//! **Invariants.** An address that the user gives narrows the search or adds
//! to it, and never makes it wrong: what does not occur is said and left out.

use crate::address::is_private;
use crate::evidence::{Evidence, Groups, gather};
use flowlog::FlowTable;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// Which of the two kinds of gateway, because their records differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GatewayKind {
    /// In one availability zone, with a network interface.
    Zonal,
    /// Over the zones of a region, without an interface (since 2025-11).
    Regional,
}

/// A NAT gateway as its records show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gateway {
    /// The kind.
    pub kind: GatewayKind,
    /// The interface-id, or the gateway's own id for a regional one; `None`
    /// where the records have neither.
    pub interface: Option<String>,
    /// Private addresses of a zonal gateway, public ones of a regional one.
    pub addresses: BTreeSet<IpAddr>,
}

/// By how much the two sides of an interface may differ to be taken for a
/// gateway's, in percent: a recording cuts flows off at both ends.
const BALANCE_PERCENT: u128 = 25;

/// Finds the gateways in the table; `given` are the addresses that the user
/// named. Also returns what the user should know about it.
pub(crate) fn find(table: &FlowTable, given: &[IpAddr]) -> (Vec<Gateway>, Vec<String>) {
    let groups = gather(table, given);
    let mut gateways: Vec<Gateway> = groups
        .iter()
        .filter_map(|(interface, evidence)| infer(*interface, evidence, table))
        .collect();
    let mut warnings = Vec::new();
    if given.is_empty() {
        return (gateways, warnings);
    }
    let named = |gateway: &Gateway| given.iter().any(|a| gateway.addresses.contains(a));
    if gateways.iter().any(named) {
        gateways.retain(named);
    } else if let Some(gateway) = by_given_address(&groups) {
        gateways = vec![gateway];
    }
    let unused: Vec<String> = given
        .iter()
        .filter(|address| !gateways.iter().any(|g| g.addresses.contains(*address)))
        .map(IpAddr::to_string)
        .collect();
    if !unused.is_empty() {
        warnings.push(format!(
            "{} is no gateway address in these records and was left out; records of a NAT \
             gateway's interface carry its private address, not its elastic IP",
            unused.join(", ")
        ));
    }
    (gateways, warnings)
}

fn infer(interface: Option<&str>, evidence: &Evidence, table: &FlowTable) -> Option<Gateway> {
    let gateway = |kind, addresses: BTreeSet<IpAddr>| Gateway {
        kind,
        interface: interface.map(str::to_owned),
        addresses,
    };
    if interface.is_some_and(|id| id.starts_with("nat-")) {
        return Some(gateway(GatewayKind::Regional, public_side(evidence)));
    }
    let mut addresses = translating(interface, evidence);
    if addresses.is_empty() && interface.is_some() {
        addresses.extend(balanced(interface, evidence, table));
    }
    if !addresses.is_empty() {
        return Some(gateway(GatewayKind::Zonal, addresses));
    }
    let regional = interface.is_none() && !evidence.public_peers.is_empty();
    regional.then(|| gateway(GatewayKind::Regional, public_side(evidence)))
}

/// The addresses of a forwarding interface, from flows with packet addresses.
fn translating(interface: Option<&str>, evidence: &Evidence) -> BTreeSet<IpAddr> {
    let translates = |own: &IpAddr| {
        let far = &evidence.carried[own];
        far.any_public
            || (evidence.is_everywhere(*own)
                && far.addresses.iter().any(|a| evidence.outer.contains_key(a)))
    };
    let mut own: BTreeSet<IpAddr> = evidence
        .carried
        .keys()
        .copied()
        .filter(translates)
        .collect();
    let public = own.iter().any(|own| evidence.carried[own].any_public);
    let secondary: Vec<IpAddr> = evidence
        .inside_packets
        .iter()
        .filter(|inside| {
            own.contains(&inside.primary)
                && !evidence.outer.contains_key(&inside.packet)
                && !(public && inside.faces_private)
        })
        .map(|inside| inside.packet)
        .collect();
    own.extend(secondary);
    if interface.is_some() && !own.is_empty() {
        own.extend(evidence.common());
    }
    own
}

/// The addresses of an interface that passes on what it gets, told by its
/// bytes: what comes in from workloads goes out to remote ends, and back.
fn balanced(interface: Option<&str>, evidence: &Evidence, table: &FlowTable) -> BTreeSet<IpAddr> {
    let own: BTreeSet<IpAddr> = evidence.common().collect();
    if evidence.has_packet || own.is_empty() {
        return BTreeSet::new();
    }
    let passes =
        |one: u128, other: u128| one.abs_diff(other) * 100 <= one.max(other) * BALANCE_PERCENT;
    let sides = evidence.sides(table, interface, &own);
    let is_gateway = sides.from_source + sides.to_source > 0
        && sides.to_destination + sides.from_destination > 0
        && passes(sides.from_source, sides.to_destination)
        && passes(sides.from_destination, sides.to_source);
    if is_gateway { own } else { BTreeSet::new() }
}

/// The public addresses of a regional gateway: those that face public peers
/// and never a private one. Where a peer was seen at that side only, the
/// gateway is the one with more peers.
fn public_side(evidence: &Evidence) -> BTreeSet<IpAddr> {
    let peers = &evidence.public_peers;
    let named: BTreeSet<IpAddr> = evidence
        .given
        .iter()
        .copied()
        .filter(|address| peers.contains_key(address))
        .collect();
    let degree = |address: &IpAddr| peers.get(address).map_or(0, |facing| facing.len());
    peers
        .iter()
        .filter(|(address, _)| !evidence.facing_private.contains(*address))
        .filter(|(address, facing)| {
            facing.iter().all(|peer| {
                !named.contains(peer)
                    && (evidence.facing_private.contains(peer)
                        || (degree(address), *address) > (degree(peer), peer))
            })
        })
        .map(|(address, _)| *address)
        .chain(named.iter().copied())
        .collect()
}

/// A gateway by the word of the user alone: the interface on which every
/// record has one of the given private addresses.
fn by_given_address(groups: &Groups<'_>) -> Option<Gateway> {
    groups
        .iter()
        .find(|(interface, evidence)| match evidence.given_count {
            0 => false,
            count => interface.is_none() || count == evidence.count(),
        })
        .map(|(interface, evidence)| Gateway {
            kind: GatewayKind::Zonal,
            interface: interface.map(str::to_owned),
            addresses: evidence
                .given
                .iter()
                .copied()
                .filter(|a| is_private(*a))
                .collect(),
        })
}

#[cfg(test)]
mod tests {
    use super::{Gateway, GatewayKind, find};
    use flowlog::FlowTable;

    const PKT: &str = "interface-id resource-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr bytes\n";
    const PLAIN: &str = "interface-id srcaddr dstaddr bytes\n";

    fn gateways(header: &str, lines: &[&str], given: &[&str]) -> (Vec<Gateway>, Vec<String>) {
        let mut table = FlowTable::new();
        table
            .push((header.to_owned() + &lines.join("\n")).as_bytes())
            .and_then(|()| table.end_source())
            .expect("a flow log");
        let given: Vec<_> = given.iter().map(|a| a.parse().expect("address")).collect();
        find(&table, &given)
    }

    fn check(
        header: &str,
        lines: &[&str],
        given: &[&str],
        expected: &[(&str, GatewayKind, &[&str])],
    ) {
        let (found, _) = gateways(header, lines, given);
        let found: Vec<_> = found
            .iter()
            .map(|gateway| {
                let addresses: Vec<_> = gateway.addresses.iter().map(ToString::to_string).collect();
                (
                    gateway.interface.as_deref().unwrap_or("-"),
                    gateway.kind,
                    addresses,
                )
            })
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(id, kind, addresses)| {
                (
                    *id,
                    *kind,
                    addresses.iter().map(|a| (*a).to_owned()).collect(),
                )
            })
            .collect();
        assert_eq!(found, expected);
    }

    const FOUR_LEGS: [&str; 4] = [
        "eni-a - 10.0.1.5 10.0.0.220 10.0.1.5 203.0.113.5 10",
        "eni-a - 10.0.0.220 203.0.113.5 10.0.0.220 203.0.113.5 10",
        "eni-a - 203.0.113.5 10.0.0.220 203.0.113.5 10.0.0.220 90",
        "eni-a - 10.0.0.220 10.0.1.5 203.0.113.5 10.0.1.5 90",
    ];

    #[test]
    fn finds_the_address_of_a_zonal_gateway() {
        check(
            PKT,
            &FOUR_LEGS,
            &[],
            &[("eni-a", GatewayKind::Zonal, &["10.0.0.220"])],
        );
    }

    #[test]
    fn a_workload_is_no_gateway_for_being_the_only_one_of_its_family() {
        let mut lines = FOUR_LEGS.to_vec();
        lines.extend([
            "eni-a - 2001:db8::5 10.0.0.220 2001:db8::5 203.0.113.5 10",
            "eni-a - 10.0.0.220 2001:db8::5 203.0.113.5 2001:db8::5 90",
        ]);
        check(
            PKT,
            &lines,
            &[],
            &[("eni-a", GatewayKind::Zonal, &["10.0.0.220"])],
        );
    }

    #[test]
    fn finds_secondary_addresses() {
        let lines = [
            FOUR_LEGS[0],
            "eni-a - 10.0.0.220 203.0.113.5 10.0.0.221 203.0.113.5 10",
            "eni-a - 203.0.113.5 10.0.0.220 203.0.113.5 10.0.0.221 90",
            FOUR_LEGS[3],
        ];
        check(
            PKT,
            &lines,
            &[],
            &[("eni-a", GatewayKind::Zonal, &["10.0.0.220", "10.0.0.221"])],
        );
    }

    #[test]
    fn a_kubernetes_node_is_no_gateway() {
        let lines = [
            "eni-n - 10.0.1.9 10.0.2.2 10.0.1.77 10.0.2.2 10",
            "eni-n - 10.0.2.2 10.0.1.9 10.0.2.2 10.0.1.77 10",
            "eni-n - 203.0.113.5 10.0.1.9 203.0.113.5 10.0.1.78 10",
        ];
        check(PKT, &lines, &[], &[]);
    }

    #[test]
    fn finds_a_private_gateway_by_its_outer_legs() {
        let lines = [
            "eni-p - 10.0.1.5 10.0.0.9 10.0.1.5 192.168.7.7 10",
            "eni-p - 10.0.0.9 192.168.7.7 10.0.0.9 192.168.7.7 10",
            "eni-p - 192.168.7.7 10.0.0.9 192.168.7.7 10.0.0.9 10",
            "eni-p - 10.0.0.9 10.0.1.5 192.168.7.7 10.0.1.5 10",
        ];
        check(
            PKT,
            &lines,
            &[],
            &[("eni-p", GatewayKind::Zonal, &["10.0.0.9"])],
        );
    }

    #[test]
    fn finds_two_gateways_among_instances() {
        let mut lines = FOUR_LEGS.to_vec();
        lines.extend([
            "eni-i - 10.0.1.5 203.0.113.5 10.0.1.5 203.0.113.5 10",
            "eni-i - 203.0.113.5 10.0.1.5 203.0.113.5 10.0.1.5 90",
            "eni-b - 10.0.1.6 10.0.9.1 10.0.1.6 203.0.113.6 10",
        ]);
        let both: &[(&str, GatewayKind, &[&str])] = &[
            ("eni-a", GatewayKind::Zonal, &["10.0.0.220"]),
            ("eni-b", GatewayKind::Zonal, &["10.0.9.1"]),
        ];
        check(PKT, &lines, &[], both);
        check(PKT, &lines, &["10.0.9.1"], &both[1..]);
    }

    #[test]
    fn an_elastic_ip_is_left_out_and_said() {
        let (found, warnings) = gateways(PKT, &FOUR_LEGS, &["198.51.100.1"]);
        assert_eq!(found.len(), 1);
        assert!(warnings[0].starts_with("198.51.100.1 is no gateway address"));
        let (found, warnings) = gateways(PKT, &FOUR_LEGS, &["198.51.100.1", "10.0.0.220"]);
        assert_eq!(found[0].addresses.len(), 1);
        assert_eq!(warnings.len(), 1);
    }

    #[test]
    fn without_packet_addresses_bytes_must_balance() {
        let nat = [
            "eni-a 10.0.1.5 10.0.0.220 10",
            "eni-a 10.0.0.220 203.0.113.5 10",
            "eni-a 203.0.113.5 10.0.0.220 90",
            "eni-a 10.0.0.220 10.0.1.5 90",
        ];
        let bastion = [
            "eni-i 10.0.1.7 203.0.113.5 10",
            "eni-i 203.0.113.5 10.0.1.7 400",
            "eni-i 10.0.1.7 10.0.2.2 1",
        ];
        let expected: &[(&str, GatewayKind, &[&str])] =
            &[("eni-a", GatewayKind::Zonal, &["10.0.0.220"])];
        check(PLAIN, &nat, &[], expected);
        check(PLAIN, &[&nat[..], &bastion[..]].concat(), &[], expected);
        check(PLAIN, &bastion[..2], &[], &[]);
        check(
            PLAIN,
            &[&bastion[..], &["eni-j 10.0.5.5 10.0.6.6 5"]].concat(),
            &[],
            &[],
        );
    }

    #[test]
    fn finds_the_public_addresses_of_a_regional_gateway() {
        let lines = [
            "- nat-r 10.0.1.5 203.0.113.5 10.0.1.5 203.0.113.5 10",
            "- nat-r 198.51.100.9 203.0.113.5 198.51.100.9 203.0.113.5 10",
            "- nat-r 203.0.113.5 198.51.100.9 203.0.113.5 198.51.100.9 90",
            "- nat-r 203.0.113.5 10.0.1.5 203.0.113.5 10.0.1.5 90",
            "- nat-r 198.51.100.9 203.0.113.6 198.51.100.9 203.0.113.6 1",
        ];
        let expected: &[(&str, GatewayKind, &[&str])] =
            &[("nat-r", GatewayKind::Regional, &["198.51.100.9"])];
        check(PKT, &lines, &[], expected);
        check(PKT, &lines, &["198.51.100.9"], expected);
        let without_id: Vec<String> = lines.iter().map(|l| l.replace("nat-r", "-")).collect();
        let without_id: Vec<&str> = without_id.iter().map(String::as_str).collect();
        check(
            PKT,
            &without_id,
            &[],
            &[("-", GatewayKind::Regional, &["198.51.100.9"])],
        );
    }

    #[test]
    fn hosts_with_ipv6_are_no_regional_gateway() {
        let lines = [
            "- - 2001:db8:1::5 2001:db8:ff::7 2001:db8:1::5 2001:db8:ff::7 10",
            "- - 2001:db8:ff::7 2001:db8:1::5 2001:db8:ff::7 2001:db8:1::5 90",
            "- - 10.0.1.5 203.0.113.5 10.0.1.5 203.0.113.5 10",
        ];
        check(PKT, &lines, &[], &[]);
    }

    #[test]
    fn a_given_address_is_believed_where_nothing_can_be_inferred() {
        let lines = ["eni-a 10.0.1.5 10.0.0.220 10"];
        check(PLAIN, &lines, &[], &[]);
        check(
            PLAIN,
            &lines,
            &["10.0.0.220"],
            &[("eni-a", GatewayKind::Zonal, &["10.0.0.220"])],
        );
    }
}
