//! What the conversations of each interface show, gathered in one pass.
//!
//! **Invariants.** Draws no conclusion: what is a gateway is told in
//! [`crate::gateway`]. Memory grows with distinct addresses and not with flows.

use crate::address::{is_private, is_workload_side};
use crate::sums::ByKind;
use flowlog::{Action, Conversation, Flow, FlowTable};
use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

pub(crate) type Map<K, V> = HashMap<K, V, RandomState>;
type Set<T> = HashSet<T, RandomState>;

/// Evidence by interface; `None` is of the records that have none.
pub(crate) type Groups<'a> = BTreeMap<Option<&'a str>, Evidence>;

/// What the accepted conversations of an interface show.
#[derive(Default)]
pub(crate) struct Evidence {
    /// Conversations of IPv4 and of IPv6.
    by_family: [u64; 2],
    /// Those of one with the other, which a gateway's interface does not have.
    mixed: u64,
    /// In how many of them the interface saw an address.
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
    /// Those with a private address that the user gave.
    pub(crate) given_count: u64,
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

/// What the conversations of a kind add up to until the end.
#[derive(Clone, Copy)]
struct Seen {
    /// Place of the interface's evidence.
    place: usize,
    ends: [OneEnd; 2],
    conversations: u64,
}

/// One end of the conversations of a kind.
#[derive(Clone, Copy)]
struct OneEnd {
    outside: Option<IpAddr>,
    /// Whether a packet had a public address in the place of that one.
    any_public: bool,
}

/// Gathers the evidence of every interface; `given` are the addresses that the
/// user named.
pub(crate) fn gather<'a>(table: &'a FlowTable, given: &[IpAddr]) -> Groups<'a> {
    let mut names: BTreeMap<Option<&str>, usize> = BTreeMap::new();
    let mut evidence: Vec<Evidence> = Vec::new();
    let mut kinds: ByKind<Seen> = ByKind::default();
    for conversation in table.conversations() {
        if conversation.action != Action::Accept {
            continue;
        }
        let seen = kinds.entry(conversation.kind, || {
            let place = *names.entry(conversation.interface).or_insert_with(|| {
                evidence.push(Evidence::default());
                evidence.len() - 1
            });
            Seen {
                place,
                ends: conversation.ends.map(|end| OneEnd {
                    outside: end.outside,
                    any_public: false,
                }),
                conversations: 0,
            }
        });
        seen.conversations += 1;
        let evidence = &mut evidence[seen.place];
        evidence.add(&conversation, &mut seen.ends);
        if !given.is_empty() {
            evidence.add_given(&conversation, given);
        }
    }
    for seen in kinds.into_values() {
        evidence[seen.place].add_seen(seen);
    }
    names
        .into_iter()
        .map(|(name, place)| (name, std::mem::take(&mut evidence[place])))
        .collect()
}

impl Evidence {
    /// What is not the same for all conversations of a kind.
    #[inline]
    fn add(&mut self, conversation: &Conversation<'_>, seen: &mut [OneEnd; 2]) {
        let [first, second] = &conversation.ends;
        match (first.seen().is_ipv6(), second.seen().is_ipv6()) {
            (one, other) if one == other => self.by_family[usize::from(one)] += 1,
            _ => self.mixed += 1,
        }
        self.has_packet |= first.has_packet || second.has_packet;
        for (seen, (end, peer)) in seen.iter_mut().zip([(first, second), (second, first)]) {
            let Some(own) = end.outside else {
                *self.outer.entry(end.address).or_default() += 1;
                continue;
            };
            // One public far end says it all.
            if !is_private(end.address) {
                seen.any_public = true;
                continue;
            }
            let far = self.carried.entry(own).or_default();
            far.addresses.insert(end.address);
            self.inside_packets.insert(Inside {
                primary: own,
                packet: end.address,
                faces_private: is_private(peer.seen()),
            });
        }
        let interface = conversation.interface;
        if interface.is_none_or(|id| id.starts_with("nat-")) {
            self.add_public(first.seen(), second.seen());
        }
    }

    fn add_seen(&mut self, seen: Seen) {
        for end in seen.ends {
            if let Some(own) = end.outside {
                *self.outer.entry(own).or_default() += seen.conversations;
                self.carried.entry(own).or_default().any_public |= end.any_public;
            }
        }
    }

    fn add_public(&mut self, one: IpAddr, other: IpAddr) {
        match (is_private(one), is_private(other)) {
            (true, false) => {
                self.facing_private.insert(other);
            }
            (false, true) => {
                self.facing_private.insert(one);
            }
            // A gateway's elastic IPs are IPv4 addresses; hosts with IPv6 face each
            // other without it.
            (false, false) if one.is_ipv4() && other.is_ipv4() => {
                self.public_peers.entry(one).or_default().insert(other);
                self.public_peers.entry(other).or_default().insert(one);
            }
            _ => {}
        }
    }

    fn add_given(&mut self, conversation: &Conversation<'_>, given: &[IpAddr]) {
        let ends = &conversation.ends;
        let is_seen = |address: &&IpAddr| {
            ends.iter()
                .any(|end| end.seen() == **address || end.address == **address)
        };
        self.given.extend(given.iter().filter(is_seen));
        let is_own = |address: IpAddr| is_private(address) && given.contains(&address);
        self.given_count += u64::from(ends.iter().any(|end| is_own(end.seen())));
    }

    /// How many conversations there are.
    pub(crate) fn count(&self) -> u64 {
        self.by_family.iter().sum::<u64>() + self.mixed
    }

    /// Whether every conversation has the address.
    pub(crate) fn is_everywhere(&self, address: IpAddr) -> bool {
        self.outer.get(&address) == Some(&self.count())
    }

    /// For each family the one address that every conversation of it has: the
    /// interface's own. A gateway that translates IPv6 to IPv4 has one of
    /// each; only the IPv4 one must be private. None where families mix, which
    /// no interface's own records do.
    pub(crate) fn common(&self) -> impl Iterator<Item = IpAddr> {
        let families = [false, true].into_iter().filter(|_| self.mixed == 0);
        families.filter_map(|v6| {
            let all_of_it = self.by_family[usize::from(v6)];
            let mut all = self.outer.iter().filter(|(address, count)| {
                address.is_ipv6() == v6 && **count == all_of_it && (v6 || is_private(**address))
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
