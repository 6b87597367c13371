//! What the flows of each interface show, gathered in one pass.
//!
//! **Invariants.** Draws no conclusion: what is a gateway is told in
//! [`crate::gateway`]. Memory grows with distinct addresses and not with flows.

use crate::address::{is_nat64, is_private, is_workload_side};
use flowlog::{Action, Flow, FlowTable};
use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

pub(crate) type Map<K, V> = HashMap<K, V, RandomState>;
type Set<T> = HashSet<T, RandomState>;

/// Evidence by interface; `None` is of the records that have none.
pub(crate) type Groups<'a> = BTreeMap<Option<&'a str>, Evidence>;

/// What the accepted flows of an interface show.
#[derive(Default)]
pub(crate) struct Evidence {
    /// Flows of IPv4 and of IPv6.
    by_family: [u64; 2],
    /// In how many flows the interface saw an address.
    pub(crate) outer: Map<IpAddr, u64>,
    /// What packets carried where the interface saw that address.
    pub(crate) carried: Map<IpAddr, Far>,
    /// Private addresses in packets, where the interface saw another.
    pub(crate) inside_packets: Set<Inside>,
    /// Whether any record has packet addresses.
    pub(crate) has_packet: bool,
    /// Public addresses that face public ones, with those.
    pub(crate) public_peers: Map<IpAddr, Set<IpAddr>>,
    /// Public addresses that face private ones.
    pub(crate) facing_private: Set<IpAddr>,
    /// Flows with a private address that the user gave.
    pub(crate) given_flows: u64,
    /// Addresses that the user gave and that occur.
    pub(crate) given: BTreeSet<IpAddr>,
}

/// Addresses that packets carried in an interface's place.
#[derive(Default)]
pub(crate) struct Far {
    pub(crate) addresses: Set<IpAddr>,
    pub(crate) any_public: bool,
}

/// A private address that a packet carried in the place of the primary one.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Inside {
    pub(crate) primary: IpAddr,
    pub(crate) packet: IpAddr,
    pub(crate) faces_private: bool,
}

/// Bytes of an interface by direction and kind of peer.
#[derive(Default)]
pub(crate) struct Sides {
    pub(crate) from_source: u128,
    pub(crate) to_source: u128,
    pub(crate) from_destination: u128,
    pub(crate) to_destination: u128,
}

/// Gathers the evidence of every interface; `given` are the addresses that the
/// user named.
pub(crate) fn gather<'a>(table: &'a FlowTable, given: &[IpAddr]) -> Groups<'a> {
    let mut groups = Groups::new();
    let mut current: (Option<&str>, Evidence) = Default::default();
    let accepted = table.flows().filter(|flow| flow.action == Action::Accept);
    accepted.for_each(|flow| {
        if flow.interface != current.0 {
            let next = groups.remove(&flow.interface).unwrap_or_default();
            let (name, evidence) = std::mem::replace(&mut current, (flow.interface, next));
            if evidence.flows() > 0 {
                groups.insert(name, evidence);
            }
        }
        current.1.add(&flow, given);
    });
    if current.1.flows() > 0 {
        groups.insert(current.0, current.1);
    }
    groups
}

impl Evidence {
    fn add(&mut self, flow: &Flow<'_>, given: &[IpAddr]) {
        self.by_family[usize::from(flow.src.is_ipv6())] += 1;
        *self.outer.entry(flow.src).or_default() += 1;
        if flow.dst != flow.src {
            *self.outer.entry(flow.dst).or_default() += 1;
        }
        self.has_packet |= flow.pkt_src.is_some() || flow.pkt_dst.is_some();
        for (own, packet, peer) in [
            (flow.src, flow.pkt_src, flow.dst),
            (flow.dst, flow.pkt_dst, flow.src),
        ] {
            let Some(packet) = packet.filter(|packet| *packet != own) else {
                continue;
            };
            let is_inside = is_private(packet);
            let far = self.carried.entry(own).or_default();
            far.any_public |= !is_inside;
            // One public far end says it all.
            if is_inside {
                far.addresses.insert(packet);
                self.inside_packets.insert(Inside {
                    primary: own,
                    packet,
                    faces_private: is_private(peer),
                });
            }
        }
        if flow.interface.is_none_or(|id| id.starts_with("nat-")) {
            self.add_public(flow);
        }
        if !given.is_empty() {
            self.add_given(flow, given);
        }
    }

    fn add_public(&mut self, flow: &Flow<'_>) {
        match (is_private(flow.src), is_private(flow.dst)) {
            (true, false) => {
                self.facing_private.insert(flow.dst);
            }
            (false, true) => {
                self.facing_private.insert(flow.src);
            }
            (false, false) if !is_nat64(flow.src) && !is_nat64(flow.dst) => {
                self.public_peers
                    .entry(flow.src)
                    .or_default()
                    .insert(flow.dst);
                self.public_peers
                    .entry(flow.dst)
                    .or_default()
                    .insert(flow.src);
            }
            _ => {}
        }
    }

    fn add_given(&mut self, flow: &Flow<'_>, given: &[IpAddr]) {
        let seen = [Some(flow.src), Some(flow.dst), flow.pkt_src, flow.pkt_dst];
        let is_seen = |address: &&IpAddr| seen.contains(&Some(**address));
        self.given.extend(given.iter().filter(is_seen));
        let is_own = |address: IpAddr| is_private(address) && given.contains(&address);
        self.given_flows += u64::from(is_own(flow.src) || is_own(flow.dst));
    }

    /// How many flows there are.
    pub(crate) fn flows(&self) -> u64 {
        self.by_family.iter().sum()
    }

    /// Whether every flow has the address.
    pub(crate) fn is_everywhere(&self, address: IpAddr) -> bool {
        self.outer.get(&address) == Some(&self.flows())
    }

    /// For each family the one address that every flow of it has: the
    /// interface's own. A gateway that translates IPv6 to IPv4 has one of
    /// each; only the IPv4 one must be private.
    pub(crate) fn common(&self) -> impl Iterator<Item = IpAddr> {
        [false, true].into_iter().filter_map(|v6| {
            let flows = self.by_family[usize::from(v6)];
            let mut all = self.outer.iter().filter(|(address, count)| {
                address.is_ipv6() == v6 && **count == flows && (v6 || is_private(**address))
            });
            let one = all.next().map(|(address, _)| *address);
            one.filter(|_| all.next().is_none())
        })
    }

    /// The interface's bytes by direction and kind of peer.
    pub(crate) fn sides(
        &self,
        table: &FlowTable,
        interface: Option<&str>,
        own: &BTreeSet<IpAddr>,
    ) -> Sides {
        let mut sides = Sides::default();
        let is_it = |flow: &Flow<'_>| flow.interface == interface && flow.action == Action::Accept;
        for flow in table.flows().filter(is_it) {
            let is_in = own.contains(&flow.dst);
            let peer = if is_in { flow.src } else { flow.dst };
            *match (is_in, is_workload_side(peer)) {
                (true, true) => &mut sides.from_source,
                (true, false) => &mut sides.from_destination,
                (false, true) => &mut sides.to_source,
                (false, false) => &mut sides.to_destination,
            } += flow.sum.bytes;
        }
        sides
    }
}
