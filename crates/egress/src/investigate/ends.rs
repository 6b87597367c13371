//! The ends of records as small numbers, with what is known of each.
//!
//! **Invariants.** A number stands for one address, and means something within one
//! fold only. What is known of an end is worked out when it is first seen.

use super::seen::Side;
use crate::address::is_private;
use flowlog::filter::Sets;
use flowlog::{AddressCode, Names};
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// Ends that are found without the map; a power of two.
const RECENT: usize = 1 << 12;

/// The end that stands for external ones that are not told apart any more.
pub(crate) const OTHER_OUTSIDE: u32 = 0;
/// The end that stands for others that are not.
pub(crate) const OTHER_INSIDE: u32 = 1;

/// It may be reached over the internet.
const PUBLIC: u8 = 1;
/// It is a NAT gateway's own address.
const OWN: u8 = 2;

/// Numbers of ends.
#[derive(Clone)]
pub(crate) struct Ends {
    sets: Arc<Sets>,
    v4: HashMap<u32, u32, RandomState>,
    v6: HashMap<Ipv6Addr, u32, RandomState>,
    addresses: Vec<IpAddr>,
    sides: Vec<Side>,
    /// Bits of what else is known.
    marks: Vec<u8>,
    recent: Box<[(u64, u32); RECENT]>,
}

impl Ends {
    /// No ends; `sets` says which are investigated and which are inside.
    pub(crate) fn new(sets: Arc<Sets>) -> Ends {
        let outside = Side::default();
        let inside = Side {
            is_subject: false,
            is_inside: true,
        };
        Ends {
            sets,
            v4: HashMap::default(),
            v6: HashMap::default(),
            addresses: vec![IpAddr::V4(Ipv4Addr::UNSPECIFIED); 2],
            sides: vec![outside, inside],
            marks: vec![0; 2],
            recent: Box::new([(u64::MAX, 0); RECENT]),
        }
    }

    /// The end of a code of a table.
    #[inline]
    pub(crate) fn number(&mut self, code: AddressCode, names: Names<'_>) -> u32 {
        let mixed = code.number().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 52;
        let place = mixed as usize % RECENT;
        let (recent, number) = self.recent[place];
        if recent == code.number() {
            return number;
        }
        let number = self.of(names.address(code));
        self.recent[place] = (code.number(), number);
        number
    }

    /// The end of an address.
    pub(crate) fn of(&mut self, address: IpAddr) -> u32 {
        let next = self.addresses.len() as u32;
        let number = match address {
            IpAddr::V4(v4) => *self.v4.entry(v4.into()).or_insert(next),
            IpAddr::V6(v6) => *self.v6.entry(v6).or_insert(next),
        };
        if number == next {
            self.addresses.push(address);
            self.sides.push(side(&self.sets, address));
            self.marks
                .push(if is_private(address) { 0 } else { PUBLIC });
        }
        number
    }

    /// The number of an address that was seen.
    pub(crate) fn find(&self, address: IpAddr) -> Option<u32> {
        match address {
            IpAddr::V4(v4) => self.v4.get(&u32::from(v4)).copied(),
            IpAddr::V6(v6) => self.v6.get(&v6).copied(),
        }
    }

    /// What is known of an end.
    #[inline]
    pub(crate) fn side(&self, end: u32) -> Side {
        self.sides[end as usize]
    }

    /// Whether it may be reached over the internet.
    #[inline]
    pub(crate) fn is_public(&self, end: u32) -> bool {
        self.marks[end as usize] & PUBLIC > 0
    }

    /// Notes that it is a NAT gateway's own address.
    pub(crate) fn mark_own(&mut self, end: u32) {
        self.marks[end as usize] |= OWN;
    }

    /// Whether that was noted.
    #[inline]
    pub(crate) fn is_own(&self, end: u32) -> bool {
        self.marks[end as usize] & OWN > 0
    }

    /// The address of an end.
    pub(crate) fn address(&self, end: u32) -> IpAddr {
        self.addresses[end as usize]
    }

    /// The address of each end, in the order of numbers.
    pub(crate) fn all(&self) -> impl Iterator<Item = IpAddr> {
        self.addresses.iter().copied()
    }

    /// For each end of the other its number here.
    pub(crate) fn absorb(&mut self, other: &Ends) -> Vec<u32> {
        let own = [OTHER_OUTSIDE, OTHER_INSIDE];
        let addresses = other.addresses[own.len()..].iter();
        let numbers = addresses.map(|address| self.of(*address));
        let numbers: Vec<u32> = own.into_iter().chain(numbers).collect();
        for (number, marks) in numbers.iter().zip(&other.marks) {
            self.marks[*number as usize] |= marks;
        }
        numbers
    }

    /// Codes of the table stand for other addresses from now on.
    pub(crate) fn forget_codes(&mut self) {
        self.recent.fill((u64::MAX, 0));
    }
}

fn side(sets: &Sets, address: IpAddr) -> Side {
    Side {
        is_subject: sets.subject.has(address),
        is_inside: sets.inside.has(address),
    }
}

#[cfg(test)]
mod tests {
    use super::{Ends, OTHER_INSIDE, OTHER_OUTSIDE, Side};
    use flowlog::filter::{AddressSet, Sets};
    use std::sync::Arc;

    fn ends(subject: &str) -> Ends {
        let net = subject.parse().expect("a network");
        Ends::new(Arc::new(Sets {
            subject: AddressSet::Networks(vec![net]),
            ..Sets::default()
        }))
    }

    #[test]
    fn an_end_is_known_when_it_is_first_seen() {
        let mut ends = ends("10.0.1.5/32");
        for (address, is_subject, is_inside) in [
            ("10.0.1.5", true, true),
            ("10.0.1.6", false, true),
            ("203.0.113.5", false, false),
            ("169.254.169.123", false, true),
            ("2001:db8::1", false, false),
            ("fe80::1", false, true),
        ] {
            let address = address.parse().expect("an address");
            let number = ends.of(address);
            assert_eq!(ends.of(address), number);
            assert_eq!(ends.find(address), Some(number));
            assert_eq!(ends.address(number), address);
            let side = Side {
                is_subject,
                is_inside,
            };
            assert_eq!(ends.side(number), side, "{address}");
        }
    }

    #[test]
    fn another_fold_has_other_numbers() {
        let (mut one, mut other) = (ends("10.0.0.0/8"), ends("10.0.0.0/8"));
        let addresses = ["10.0.0.1", "2001:db8::1", "203.0.113.5"];
        let addresses = addresses.map(|address| address.parse().expect("an address"));
        one.of(addresses[2]);
        for address in addresses {
            other.of(address);
        }
        let numbers = one.absorb(&other);
        assert_eq!(numbers[..2], [OTHER_OUTSIDE, OTHER_INSIDE]);
        for (address, number) in addresses.into_iter().zip(&numbers[2..]) {
            assert_eq!(one.address(*number), address);
        }
        assert_eq!(one.find(addresses[0]), Some(numbers[2]));
    }
}
