//! Addresses in place of addresses, one for one.
//!
//! * Private ones stay in their block, and two that share a prefix share one
//!   as long afterwards, so subnets stay subnets.
//! * Those of AWS stay under the same longest prefix of AWS's, and so of the
//!   same service and region. One that AWS publishes all by itself stays as it is.
//! * All other IPv4 addresses go into 240.0.0.0/4, which is reserved and not
//!   private; all other IPv6 ones into 2001:db8::/32, which is documentation's.
//! * Behind NAT64 it is the IPv4 address that is replaced.
//!
//! **Invariants.** No two become the same: what is given out is remembered and
//! never given again.

use super::Secret;
use crate::address::{is_nat64, is_private, translated};
use crate::ranges::AwsRanges;
use ipnet::IpNet;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The private blocks of IPv4: first address and bits that stay.
const BLOCKS_4: [(Ipv4Addr, u8); 6] = [
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
];
/// Those of IPv6: unique local and link-local.
const BLOCKS_6: [(Ipv6Addr, u8); 2] = [
    (Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 0), 8),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10),
];
/// Where other addresses go.
const ELSEWHERE_4: (Ipv4Addr, u8) = (Ipv4Addr::new(240, 0, 0, 0), 4);
const ELSEWHERE_6: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32);
/// A whole block in one address.
const LOOPBACK_6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);
/// How often an address is drawn before they are looked through in order.
const DRAWS: u32 = 64;

/// What becomes of which address.
pub(super) struct Addresses<'a> {
    secret: &'a Secret,
    ranges: &'a AwsRanges,
    flips: HashMap<(bool, u8, u128), bool>,
    new: HashMap<IpAddr, IpAddr>,
    taken: HashSet<IpAddr>,
}

impl<'a> Addresses<'a> {
    /// Decides on all of these, in their order, so that the result depends on
    /// nothing but them and the secret; `None` where there is no room.
    pub(super) fn of(
        secret: &'a Secret,
        ranges: &'a AwsRanges,
        all: &BTreeSet<IpAddr>,
    ) -> Option<Addresses<'a>> {
        let mut addresses = Addresses {
            secret,
            ranges,
            flips: HashMap::new(),
            new: HashMap::new(),
            taken: HashSet::new(),
        };
        // IPv4 first: addresses behind NAT64 follow it.
        let embedded = all.iter().filter(|address| is_nat64(**address));
        let v4: BTreeSet<IpAddr> = all
            .iter()
            .filter(|address| address.is_ipv4())
            .copied()
            .chain(embedded.map(|address| translated(*address)))
            .collect();
        let v6 = all.iter().filter(|address| address.is_ipv6()).copied();
        for address in v4.into_iter().chain(v6) {
            addresses.decide(address)?;
        }
        Some(addresses)
    }

    /// What it became; an address that was not among all stays undecided.
    pub(super) fn get(&self, address: IpAddr) -> Option<IpAddr> {
        self.new.get(&address).copied()
    }

    /// What a network becomes: a private one the one that has what became of its
    /// addresses, one that holds everything itself, any other what becomes of its
    /// first address.
    pub(super) fn network(&mut self, network: IpNet) -> Option<IpNet> {
        if network.prefix_len() == 0 {
            return Some(network);
        }
        let first = network.network();
        let new = match block(first) {
            Some(kept) if network.prefix_len() <= kept => first,
            Some(kept) => self.scrambled(first, kept),
            None => self.decide(first)?,
        };
        Some(IpNet::new(new, network.prefix_len()).ok()?.trunc())
    }

    fn decide(&mut self, address: IpAddr) -> Option<IpAddr> {
        if let Some(known) = self.new.get(&address) {
            return Some(*known);
        }
        let new = match address {
            _ if address.is_unspecified() || address == LOOPBACK_6 => address,
            IpAddr::V6(v6) if is_nat64(address) => {
                behind_nat64(v6, self.decide(translated(address))?)
            }
            _ => match block(address) {
                Some(kept) => self.scrambled(address, kept),
                None => self.public(address)?,
            },
        };
        self.taken.insert(new);
        self.new.insert(address, new);
        Some(new)
    }

    /// Bits after the first `kept` are turned or not, as the bits before them say.
    fn scrambled(&mut self, address: IpAddr, kept: u8) -> IpAddr {
        let (bits, width) = bits(address);
        let mut new = bits;
        for place in kept..width {
            let before = match place {
                0 => 0,
                place => bits >> (width - place),
            };
            let key = (address.is_ipv6(), place, before);
            let is_turned = *self
                .flips
                .entry(key)
                .or_insert_with(|| self.secret.number("bit", &key_bytes(key)) & 1 == 1);
            new ^= u128::from(is_turned) << (width - 1 - place);
        }
        address_of(new, address.is_ipv6())
    }

    fn public(&mut self, address: IpAddr) -> Option<IpAddr> {
        let prefix = self.ranges.longest(address);
        let (first, kept) = match (prefix, address) {
            (Some(prefix), _) => (prefix.network(), prefix.prefix_len()),
            (None, IpAddr::V4(_)) => (ELSEWHERE_4.0.into(), ELSEWHERE_4.1),
            (None, IpAddr::V6(_)) => (ELSEWHERE_6.0.into(), ELSEWHERE_6.1),
        };
        let (first, width) = bits(first);
        let free = u32::from(width - kept);
        let room = u128::MAX.checked_shr(128 - free).unwrap_or(0);
        let of = |bits: u128| address_of(first | (bits & room), address.is_ipv6());
        let mut drawn = 0;
        for draw in 0..DRAWS {
            drawn = self.secret.number("public", &drawing(address, draw));
            if self.is_free(of(drawn), prefix) {
                return Some(of(drawn));
            }
        }
        // A small prefix, or one of which others have taken most. Each address of
        // a prefix of AWS's is itself room for one, so there is one left.
        let most = u128::from(u32::MAX);
        let mut next = (0..=room.min(most)).map(|more| of(drawn.wrapping_add(more)));
        next.find(|address| self.is_free(*address, prefix))
    }

    fn is_free(&self, candidate: IpAddr, prefix: Option<IpNet>) -> bool {
        // The last address of all is broadcast.
        let is_usable = prefix.is_some() || candidate != IpAddr::V4(Ipv4Addr::BROADCAST);
        is_usable && !self.taken.contains(&candidate) && self.ranges.longest(candidate) == prefix
    }
}

/// How many bits of a private address stay.
fn block(address: IpAddr) -> Option<u8> {
    if !is_private(address) {
        return None;
    }
    let of_v4 = |v4: Ipv4Addr| {
        let is_in = |(first, kept): &&(Ipv4Addr, u8)| {
            u32::from(v4) >> (32 - kept) == u32::from(*first) >> (32 - kept)
        };
        BLOCKS_4.iter().find(is_in).map(|(_, kept)| *kept)
    };
    let of_v6 = |v6: Ipv6Addr| {
        let is_in = |(first, kept): &&(Ipv6Addr, u8)| {
            u128::from(v6) >> (128 - kept) == u128::from(*first) >> (128 - kept)
        };
        BLOCKS_6.iter().find(is_in).map(|(_, kept)| *kept)
    };
    match address {
        IpAddr::V4(v4) => of_v4(v4),
        // fc00::/8, the other half of the unique local ones.
        IpAddr::V6(v6) => of_v6(v6).or(Some(8)),
    }
}

fn behind_nat64(v6: Ipv6Addr, new: IpAddr) -> IpAddr {
    let mut octets = v6.octets();
    if let IpAddr::V4(v4) = new {
        octets[12..].copy_from_slice(&v4.octets());
    }
    Ipv6Addr::from(octets).into()
}

fn bits(address: IpAddr) -> (u128, u8) {
    match address {
        IpAddr::V4(v4) => (u32::from(v4).into(), 32),
        IpAddr::V6(v6) => (v6.into(), 128),
    }
}

fn address_of(bits: u128, is_v6: bool) -> IpAddr {
    match is_v6 {
        true => Ipv6Addr::from(bits).into(),
        false => Ipv4Addr::from(bits as u32).into(),
    }
}

fn key_bytes((is_v6, place, before): (bool, u8, u128)) -> Vec<u8> {
    let mut bytes = vec![u8::from(is_v6), place];
    bytes.extend(before.to_be_bytes());
    bytes
}

fn drawing(address: IpAddr, draw: u32) -> Vec<u8> {
    let (number, width) = bits(address);
    let mut bytes = vec![width];
    bytes.extend(number.to_be_bytes());
    bytes.extend(draw.to_be_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::{Addresses, Secret};
    use crate::address::{is_nat64, is_private, is_workload_side};
    use crate::ranges::AwsRanges;
    use std::collections::BTreeSet;
    use std::net::IpAddr;

    fn shared(one: IpAddr, other: IpAddr) -> u32 {
        match (one, other) {
            (IpAddr::V4(one), IpAddr::V4(other)) => {
                (u32::from(one) ^ u32::from(other)).leading_zeros()
            }
            (IpAddr::V6(one), IpAddr::V6(other)) => {
                (u128::from(one) ^ u128::from(other)).leading_zeros()
            }
            _ => 0,
        }
    }

    fn all() -> BTreeSet<IpAddr> {
        let mut texts: Vec<String> = (0..4_000)
            .flat_map(|number: u32| {
                let (a, b) = (number / 250, number % 250);
                [
                    format!("10.{a}.{b}.7"),
                    format!("172.20.{a}.{b}"),
                    format!("52.216.{a}.{b}"),
                    format!("198.18.{a}.{b}"),
                    format!("2600:1f18::{number:x}"),
                    format!("2001:db8::{number:x}"),
                    format!("64:ff9b::34d8:{number:x}"),
                ]
            })
            .collect();
        // All of a small prefix of AWS's, and what has a rule of its own.
        texts.extend((224..256).map(|last| format!("3.0.5.{last}")));
        texts.extend(
            [
                "0.0.0.0",
                "::",
                "::1",
                "fd00::1",
                "fd00::2",
                "fc12::1",
                "fe80::1",
                "127.0.0.1",
                "169.254.169.254",
                "100.64.3.2",
                "192.168.0.1",
                "255.255.255.255",
                "240.0.0.1",
            ]
            .map(str::to_owned),
        );
        let parse = |text: String| text.parse().expect("an address");
        texts.into_iter().map(parse).collect()
    }

    #[test]
    fn every_rule_about_an_address_says_the_same_of_what_it_became() {
        let (all, ranges) = (all(), AwsRanges::shipped());
        let secret = Secret::of(b"a key");
        let new = Addresses::of(&secret, ranges, &all).expect("room");
        let mut seen = BTreeSet::new();
        for address in &all {
            let became = new.get(*address).expect("decided");
            assert!(seen.insert(became), "{became} twice");
            assert_eq!(became.is_ipv4(), address.is_ipv4());
            assert_eq!(
                is_private(became),
                is_private(*address),
                "{address} {became}"
            );
            assert_eq!(is_nat64(became), is_nat64(*address), "{address} {became}");
            assert_eq!(is_workload_side(became), is_workload_side(*address));
            assert_eq!(became.is_unspecified(), address.is_unspecified());
            assert_eq!(
                ranges.get(became),
                ranges.get(*address),
                "{address} {became}"
            );
        }
        let stayed = all.iter().filter(|a| new.get(**a) == Some(**a)).count();
        assert!(stayed < 100, "{stayed} stayed as they were");
    }

    #[test]
    fn subnets_stay_subnets_and_another_key_is_another_result() {
        let all = all();
        let ranges = AwsRanges::shipped();
        let (one, other) = (Secret::of(b"a key"), Secret::of(b"another key"));
        let mut first = Addresses::of(&one, ranges, &all).expect("room");
        let again = Addresses::of(&one, ranges, &all).expect("room");
        let second = Addresses::of(&other, ranges, &all).expect("room");
        let private: Vec<IpAddr> = all.iter().copied().filter(|a| is_private(*a)).collect();
        for pair in private.windows(2) {
            let became = [pair[0], pair[1]].map(|address| first.get(address).expect("decided"));
            assert_eq!(
                shared(pair[0], pair[1]),
                shared(became[0], became[1]),
                "{pair:?}"
            );
        }
        assert!(all.iter().all(|a| first.get(*a) == again.get(*a)));
        assert!(
            all.iter()
                .filter(|a| first.get(**a) == second.get(**a))
                .count()
                < 100
        );
        let network = first
            .network("10.3.0.0/16".parse().expect("a network"))
            .expect("room");
        let inside = first
            .get("10.3.9.7".parse().expect("an address"))
            .expect("decided");
        assert!(network.contains(&inside), "{network} {inside}");
        for same in ["0.0.0.0/0", "::/0", "10.0.0.0/8"] {
            let same = same.parse().expect("a network");
            assert_eq!(first.network(same), Some(same));
        }
    }
}
