//! Bytes by time: when what passed, by classes of conversations.
//!
//! A row of the table holds no time, because there would be a row for each
//! minute of each pair. Time is kept by class instead: by what conversations
//! have in common (interface, services, action) and by how many of their ends
//! are private, which together tell the leg on a NAT gateway. A record counts
//! when it begins.
//!
//! **Invariants.** Sums are exact. There are at most [`MOST`] of them: where
//! more would be needed all times are told by a longer period, the shortest
//! that suffices. Which that is depends on the records alone and not on their
//! order or on how tables were merged.

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use std::net::{IpAddr, Ipv4Addr};

/// How many sums there are at the most; about 6 MB.
const MOST: usize = 1 << 17;
/// The periods in seconds; each is a multiple of the one before.
pub(crate) const PERIODS: [u64; 9] = [
    60,
    300,
    900,
    3_600,
    21_600,
    86_400,
    864_000,
    86_400_000,
    u64::MAX,
];
/// Sums that wait outside the map; a power of two.
const RECENT: usize = 256;
/// Classes of a context: none, one or both ends are private.
const PRIVATES: u32 = 3;

/// What a class of conversations moved in a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// When the period begins, in Unix seconds.
    pub start: u64,
    /// As in [`crate::Conversation::class`].
    pub class: usize,
    /// Bytes of all records that begin in it.
    pub bytes: u128,
}

/// The class of a context and of how many ends are private.
pub(crate) fn class(context: u32, privates: u32) -> u32 {
    context * PRIVATES + privates
}

/// The context of a class, and how many ends are private.
pub(crate) fn parts(class: u32) -> (u32, u32) {
    (class / PRIVATES, class % PRIVATES)
}

/// How many of these addresses are private, as [`is_private`] has it.
pub(crate) fn privates(ends: [IpAddr; 2]) -> u32 {
    ends.map(|end| u32::from(is_private(end))).iter().sum()
}

/// Private (RFC 1918), shared (RFC 6598), link-local or unique local.
pub(crate) fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_private_v4(u32::from(v4)),
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

/// The same of an IPv4 address as a number, without a branch.
#[inline(always)]
pub(crate) fn is_private_v4(address: u32) -> bool {
    const fn within(address: u32, net: Ipv4Addr, length: u32) -> bool {
        address >> (32 - length) == net.to_bits() >> (32 - length)
    }
    within(address, Ipv4Addr::new(10, 0, 0, 0), 8)
        | within(address, Ipv4Addr::new(172, 16, 0, 0), 12)
        | within(address, Ipv4Addr::new(192, 168, 0, 0), 16)
        | within(address, Ipv4Addr::new(100, 64, 0, 0), 10)
        | within(address, Ipv4Addr::new(169, 254, 0, 0), 16)
}

/// A sum that waits.
#[derive(Clone, Copy, Default)]
struct Waiting {
    start: u64,
    class: u32,
    bytes: u64,
}

/// Sums by time and class.
#[derive(Clone)]
pub(crate) struct Timeline {
    sums: HashMap<(u64, u32), u128, RandomState>,
    /// Its place in [`PERIODS`].
    period: usize,
    recent: Box<[Waiting; RECENT]>,
    /// When the last record began, and the period in which that was.
    last: (u64, u64),
}

impl Default for Timeline {
    fn default() -> Timeline {
        Timeline {
            sums: HashMap::default(),
            period: 0,
            recent: Box::new([Waiting::default(); RECENT]),
            last: (0, 0),
        }
    }
}

impl Timeline {
    /// Adds a record that began at that second.
    #[inline(always)]
    pub(crate) fn add(&mut self, second: u64, class: u32, bytes: u64) {
        if second != self.last.0 {
            self.last = (second, begin(second, PERIODS[self.period]));
        }
        let start = self.last.1;
        let mixed = (start ^ u64::from(class) << 40).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let waiting = &mut self.recent[(mixed >> 56) as usize % RECENT];
        if waiting.start == start
            && waiting.class == class
            && let Some(sum) = waiting.bytes.checked_add(bytes)
        {
            waiting.bytes = sum;
            return;
        }
        let before = std::mem::replace(
            waiting,
            Waiting {
                start,
                class,
                bytes,
            },
        );
        self.put(before.start, before.class, before.bytes.into());
    }

    /// Adds to the sum of the period in which that second lies.
    pub(crate) fn put(&mut self, second: u64, class: u32, bytes: u128) {
        if bytes == 0 {
            return;
        }
        let start = begin(second, PERIODS[self.period]);
        *self.sums.entry((start, class)).or_default() += bytes;
        while self.sums.len() > MOST && self.period + 1 < PERIODS.len() {
            self.lengthen(self.period + 1);
        }
    }

    /// Tells all times by that longer period.
    pub(crate) fn lengthen(&mut self, period: usize) {
        self.period = self.period.max(period.min(PERIODS.len() - 1));
        // Of a record that begins in the same second.
        self.last = (0, 0);
        for ((second, class), bytes) in std::mem::take(&mut self.sums) {
            let start = begin(second, PERIODS[self.period]);
            *self.sums.entry((start, class)).or_default() += bytes;
        }
    }

    /// Finishes the sums that wait.
    pub(crate) fn settle(&mut self) {
        for place in 0..RECENT {
            let Waiting {
                start,
                class,
                bytes,
            } = std::mem::take(&mut self.recent[place]);
            self.put(start, class, bytes.into());
        }
    }

    /// Adds what the other holds, whose classes have other numbers here.
    pub(crate) fn merge(&mut self, other: &Timeline, number: impl Fn(u32) -> u32) {
        if other.period > self.period {
            self.lengthen(other.period);
        }
        for ((second, class), bytes) in &other.sums {
            self.put(*second, number(*class), *bytes);
        }
    }

    /// What begins in that time, told by a period that is at least that long.
    pub(crate) fn between(&self, period: usize, is_in: impl Fn(u64) -> bool) -> Timeline {
        let mut part = Timeline::default();
        part.lengthen(period.max(self.period));
        for ((second, class), bytes) in self.iter().filter(|((second, _), _)| is_in(*second)) {
            part.put(second, class, bytes);
        }
        part
    }

    /// The place of the period among all that there are.
    pub(crate) fn period(&self) -> usize {
        self.period
    }

    /// Seconds of a period.
    pub(crate) fn seconds(&self) -> u64 {
        PERIODS[self.period]
    }

    /// Every sum, in no particular order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = ((u64, u32), u128)> {
        self.sums.iter().map(|(key, bytes)| (*key, *bytes))
    }
}

fn begin(second: u64, period: u64) -> u64 {
    second - second % period
}

#[cfg(test)]
mod tests {
    use super::{MOST, PERIODS, Timeline, is_private};
    use proptest::prelude::*;

    fn sums(timeline: &mut Timeline) -> Vec<((u64, u32), u128)> {
        timeline.settle();
        let mut sums: Vec<_> = timeline.iter().collect();
        sums.sort_unstable();
        sums
    }

    #[test]
    fn a_record_counts_in_the_period_in_which_it_begins() {
        let mut timeline = Timeline::default();
        for (second, class, bytes) in [
            (120, 1, 5),
            (179, 1, 6),
            (180, 1, 7),
            (121, 2, 8),
            (120, 1, u64::MAX),
            (0, 0, 9),
            (240, 3, 0),
        ] {
            timeline.add(second, class, bytes);
        }
        let most = u128::from(u64::MAX);
        assert_eq!(
            sums(&mut timeline),
            [
                ((0, 0), 9),
                ((120, 1), 11 + most),
                ((120, 2), 8),
                ((180, 1), 7)
            ]
        );
        assert_eq!(timeline.seconds(), 60);
    }

    #[test]
    fn periods_are_multiples_of_each_other() {
        for pair in PERIODS.windows(2) {
            assert!(pair[1] == u64::MAX || pair[1].is_multiple_of(pair[0]));
        }
    }

    #[test]
    fn more_sums_than_there_may_be_make_the_period_longer() {
        let minutes = MOST as u64 * 3;
        let mut one = Timeline::default();
        let mut parts = [Timeline::default(), Timeline::default()];
        for minute in 0..minutes {
            one.add(minute * 60, 0, 1);
            let part = usize::from(minute % 7 < 3);
            parts[part].add((minutes - minute - 1) * 60, 0, 1);
        }
        let [mut first, mut second] = parts;
        first.settle();
        second.settle();
        second.merge(&first, |class| class);
        let whole = sums(&mut one);
        assert_eq!(one.seconds(), 300);
        assert_eq!(whole.len() as u64, minutes.div_ceil(5));
        assert_eq!(sums(&mut second), whole);
        assert!(whole.iter().all(|(_, bytes)| *bytes <= 5));
    }

    proptest! {
        #[test]
        fn no_order_changes_the_sums(
            records in prop::collection::vec((0u64..1000, 0u32..9, 0u64..100), 0..400),
            cut in 0usize..400,
        ) {
            let mut one = Timeline::default();
            records.iter().for_each(|(second, class, bytes)| one.add(*second, *class, *bytes));
            let (early, late) = records.split_at(cut.min(records.len()));
            let mut first = Timeline::default();
            late.iter().rev().for_each(|(second, class, bytes)| first.add(*second, *class, *bytes));
            let mut second = Timeline::default();
            early.iter().for_each(|(at, class, bytes)| second.add(*at, class + 1, *bytes));
            first.settle();
            second.settle();
            first.merge(&second, |class| class - 1);
            prop_assert_eq!(sums(&mut one), sums(&mut first));
        }
    }

    #[test]
    fn tells_private_addresses() {
        for (address, expected) in [
            ("10.255.0.1", true),
            ("11.0.0.1", false),
            ("172.15.255.255", false),
            ("172.31.0.1", true),
            ("172.32.0.1", false),
            ("192.168.1.1", true),
            ("192.169.1.1", false),
            ("100.127.0.1", true),
            ("100.128.0.1", false),
            ("169.254.1.1", true),
            ("0.0.0.0", false),
            ("fd00::1", true),
            ("fe80::1", true),
            ("2001:db8::1", false),
        ] {
            let address = address.parse().expect("an address");
            assert_eq!(is_private(address), expected, "{address}");
        }
    }
}
