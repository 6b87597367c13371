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

use crate::address::{is_nat64, is_private, is_workload_side};
use flowlog::{Action, Flow};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
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

/// Finds the gateways among the accepted flows; `given` are the addresses that
/// the user named. Also returns what the user should know about it.
pub(crate) fn find(flows: &[Flow<'_>], given: &[IpAddr]) -> (Vec<Gateway>, Vec<String>) {
    let groups = groups(flows);
    let mut gateways: Vec<Gateway> = groups
        .iter()
        .filter_map(|(interface, flows)| infer(*interface, flows, given))
        .collect();
    let mut warnings = Vec::new();
    if given.is_empty() {
        return (gateways, warnings);
    }
    let named = |gateway: &Gateway| given.iter().any(|a| gateway.addresses.contains(a));
    if gateways.iter().any(named) {
        gateways.retain(named);
    } else if let Some(gateway) = by_given_address(&groups, given) {
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

type Groups<'a, 'f> = BTreeMap<Option<&'f str>, Vec<&'a Flow<'f>>>;

fn groups<'a, 'f>(flows: &'a [Flow<'f>]) -> Groups<'a, 'f> {
    let mut groups = Groups::new();
    for flow in flows.iter().filter(|flow| flow.action == Action::Accept) {
        groups.entry(flow.interface).or_default().push(flow);
    }
    groups
}

fn infer(interface: Option<&str>, flows: &[&Flow<'_>], given: &[IpAddr]) -> Option<Gateway> {
    let gateway = |kind, addresses: BTreeSet<IpAddr>| Gateway {
        kind,
        interface: interface.map(str::to_owned),
        addresses,
    };
    if interface.is_some_and(|id| id.starts_with("nat-")) {
        return Some(gateway(GatewayKind::Regional, public_side(flows, given)));
    }
    let mut addresses = translating(interface, flows);
    if addresses.is_empty() && interface.is_some() {
        addresses.extend(balanced(flows));
    }
    if !addresses.is_empty() {
        return Some(gateway(GatewayKind::Zonal, addresses));
    }
    let faces_itself = |flow: &&&Flow<'_>| !is_private(flow.src) && !is_private(flow.dst);
    let regional = interface.is_none() && flows.iter().any(|flow| faces_itself(&flow));
    regional.then(|| gateway(GatewayKind::Regional, public_side(flows, given)))
}

/// The addresses of a forwarding interface, from flows with packet addresses.
fn translating(interface: Option<&str>, flows: &[&Flow<'_>]) -> BTreeSet<IpAddr> {
    let outer: HashSet<IpAddr> = flows.iter().flat_map(|f| [f.src, f.dst]).collect();
    // Address of the interface -> what packets carried in its place.
    let mut carried: BTreeMap<IpAddr, HashSet<IpAddr>> = BTreeMap::new();
    for flow in flows {
        for (own, pkt) in [(flow.src, flow.pkt_src), (flow.dst, flow.pkt_dst)] {
            if let Some(pkt) = pkt.filter(|pkt| *pkt != own) {
                carried.entry(own).or_default().insert(pkt);
            }
        }
    }
    carried.retain(|own, far| {
        let everywhere = || flows.iter().all(|f| f.src == *own || f.dst == *own);
        far.iter().any(|far| !is_private(*far))
            || (everywhere() && far.iter().any(|far| outer.contains(far)))
    });
    let mut own: BTreeSet<IpAddr> = carried.keys().copied().collect();
    let public = carried.values().flatten().any(|far| !is_private(*far));
    let is_secondary = |primary: IpAddr, pkt: Option<IpAddr>, peer: IpAddr| {
        pkt.filter(|pkt| {
            carried.contains_key(&primary)
                && is_private(*pkt)
                && !outer.contains(pkt)
                && !(public && is_private(peer))
        })
    };
    let secondary: Vec<IpAddr> = flows
        .iter()
        .flat_map(|flow| {
            [
                is_secondary(flow.src, flow.pkt_src, flow.dst),
                is_secondary(flow.dst, flow.pkt_dst, flow.src),
            ]
        })
        .flatten()
        .collect();
    own.extend(secondary);
    if interface.is_some() && !own.is_empty() {
        own.extend([true, false].iter().filter_map(|v4| common(flows, *v4)));
    }
    own
}

/// The address that every flow of the family has: the interface's own. A
/// gateway that translates IPv6 to IPv4 has one of each; only the IPv4 one
/// must be private.
fn common(flows: &[&Flow<'_>], v4: bool) -> Option<IpAddr> {
    let family: Vec<_> = flows.iter().filter(|f| f.src.is_ipv4() == v4).collect();
    let first = family.first()?;
    let mut candidates = [first.src, first.dst].into_iter().filter(|own| {
        (!v4 || is_private(*own)) && family.iter().all(|f| f.src == *own || f.dst == *own)
    });
    candidates.next().filter(|_| candidates.next().is_none())
}

/// The addresses of an interface that passes on what it gets, told by its
/// bytes: what comes in from workloads goes out to remote ends, and back.
fn balanced(flows: &[&Flow<'_>]) -> BTreeSet<IpAddr> {
    let own: BTreeSet<IpAddr> = [true, false]
        .iter()
        .filter_map(|v4| common(flows, *v4))
        .collect();
    let has_packet = |f: &&Flow<'_>| f.pkt_src.is_some() || f.pkt_dst.is_some();
    if flows.iter().any(has_packet) {
        return BTreeSet::new();
    }
    let sum = |towards: bool, workload: bool| -> u128 {
        flows
            .iter()
            .filter(|f| own.contains(if towards { &f.dst } else { &f.src }))
            .filter(|f| is_workload_side(if towards { f.src } else { f.dst }) == workload)
            .map(|f| f.sum.bytes)
            .sum()
    };
    let (from_source, to_destination) = (sum(true, true), sum(false, false));
    let (from_destination, to_source) = (sum(true, false), sum(false, true));
    let passes =
        |one: u128, other: u128| one.abs_diff(other) * 100 <= one.max(other) * BALANCE_PERCENT;
    let is_gateway = from_source + to_source > 0
        && to_destination + from_destination > 0
        && passes(from_source, to_destination)
        && passes(from_destination, to_source);
    if is_gateway { own } else { BTreeSet::new() }
}

/// The public addresses of a regional gateway: those that face public peers
/// and never a private one. Where a peer was seen at that side only, the
/// gateway is the one with more peers.
fn public_side(flows: &[&Flow<'_>], given: &[IpAddr]) -> BTreeSet<IpAddr> {
    let is_remote_pair = |f: &&&Flow<'_>| {
        ![f.src, f.dst]
            .into_iter()
            .any(|a| is_private(a) || is_nat64(a))
    };
    let mut peers: HashMap<IpAddr, HashSet<IpAddr>> = HashMap::new();
    for flow in flows.iter().filter(is_remote_pair) {
        peers.entry(flow.src).or_default().insert(flow.dst);
        peers.entry(flow.dst).or_default().insert(flow.src);
    }
    let facing_private: HashSet<IpAddr> = flows
        .iter()
        .filter_map(|f| match (is_private(f.src), is_private(f.dst)) {
            (true, false) => Some(f.dst),
            (false, true) => Some(f.src),
            _ => None,
        })
        .collect();
    let named: BTreeSet<IpAddr> = given
        .iter()
        .copied()
        .filter(|address| peers.contains_key(address))
        .collect();
    let degree = |address: &IpAddr| peers.get(address).map_or(0, HashSet::len);
    peers
        .iter()
        .filter(|(address, _)| !facing_private.contains(*address))
        .filter(|(address, facing)| {
            facing.iter().all(|peer| {
                facing_private.contains(peer) || (degree(address), *address) > (degree(peer), peer)
            }) && facing.is_disjoint(&named.iter().copied().collect())
        })
        .map(|(address, _)| *address)
        .chain(named.iter().copied())
        .collect()
}

/// A gateway by the word of the user alone: the interface on which every
/// record has one of the given addresses.
fn by_given_address(groups: &Groups<'_, '_>, given: &[IpAddr]) -> Option<Gateway> {
    let private: BTreeSet<IpAddr> = given.iter().copied().filter(|a| is_private(*a)).collect();
    let is_own = |flow: &&Flow<'_>| private.contains(&flow.src) || private.contains(&flow.dst);
    groups
        .iter()
        .find(|(interface, flows)| {
            flows.iter().any(is_own) && (interface.is_none() || flows.iter().all(is_own))
        })
        .map(|(interface, flows)| Gateway {
            kind: GatewayKind::Zonal,
            interface: interface.map(str::to_owned),
            addresses: private
                .iter()
                .copied()
                .filter(|a| {
                    flows.iter().any(|f| {
                        [Some(f.src), Some(f.dst), f.pkt_src, f.pkt_dst].contains(&Some(*a))
                    })
                })
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
        let flows: Vec<_> = table.flows().collect();
        let given: Vec<_> = given.iter().map(|a| a.parse().expect("address")).collect();
        find(&flows, &given)
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
