//! Bytes by the remote end's port: what passed when, by class of conversations,
//! protocol and port.
//!
//! Which end is remote is told by the record alone: the one that the interface saw
//! under another address, or else the only one that is not private. On a NAT
//! gateway that is right on the legs towards the workloads; what else there is
//! counts with no port.
//!
//! **Invariants.** Sums are exact. There are at most [`MOST`] of them: where more
//! would be needed, first ports that nobody registers (49152 and above) are one,
//! then those above 1023, then all, and then the period is longer. Which that is
//! depends on the records alone and not on their order or on how tables were merged.

use crate::cells::{MINUTE, minutes};
use crate::timeline::PERIODS;
use foldhash::fast::RandomState;
use hashbrown::HashMap;

/// How many sums there are at the most; about 12 MB.
const MOST: usize = 1 << 18;
/// Sums that wait outside the map; a power of two.
const RECENT: usize = 256;
/// The ports that are told apart are below these, level by level; 65536 = all.
const BOUNDS: [u32; 4] = [65_536, 49_152, 1_024, 0];
/// Levels after which the period is longer.
pub(crate) const LEVELS: usize = BOUNDS.len() + PERIODS.len() - 1;

/// Bits of a flow's number.
const HAS_PORT: u32 = 1 << 16;
const PROTOCOL: u32 = 17;
const HAS_PROTOCOL: u32 = 1 << 25;
const TO_REMOTE: u32 = 1 << 26;
const PRIVATE_REMOTE: u32 = 1 << 27;
const FLOWS: u32 = 1 << 28;

/// What passed in a period through a remote end's port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PortSum {
    /// When the period begins, in Unix seconds.
    pub start: u64,
    /// As in [`crate::Conversation::class`].
    pub class: usize,
    /// As in [`crate::Conversation::has_private_remote`].
    pub has_private_remote: bool,
    /// IANA's number of the protocol, where records have it.
    pub protocol: Option<u8>,
    /// The remote end's port, where it is known and told apart.
    pub port: Option<u16>,
    /// Whether it is what the remote end received.
    pub is_to_remote: bool,
    /// Bytes of all records that begin in it.
    pub bytes: u128,
}

/// What of a record tells its sum, but for its time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PortOf {
    pub(crate) class: u32,
    pub(crate) has_private_remote: bool,
    pub(crate) protocol: Option<u8>,
    pub(crate) port: Option<u16>,
    pub(crate) is_to_remote: bool,
}

/// Minute, class and the rest of a sum.
pub(crate) type Key = (u32, u32, u32);

/// Sums by time, class, protocol and port.
#[derive(Clone)]
pub(crate) struct Ports {
    sums: HashMap<Key, u128, RandomState>,
    level: usize,
    recent: Box<[(Key, u64); RECENT]>,
}

impl Default for Ports {
    fn default() -> Ports {
        Ports {
            sums: HashMap::default(),
            level: 0,
            recent: Box::new([Default::default(); RECENT]),
        }
    }
}

impl PortOf {
    fn number(self) -> u32 {
        let port = self.port.map_or(0, |port| HAS_PORT | u32::from(port));
        let protocol = self
            .protocol
            .map_or(0, |protocol| HAS_PROTOCOL | u32::from(protocol) << PROTOCOL);
        let to = if self.is_to_remote { TO_REMOTE } else { 0 };
        let private = if self.has_private_remote {
            PRIVATE_REMOTE
        } else {
            0
        };
        port | protocol | to | private
    }
}

impl Ports {
    /// Adds a record of that minute.
    #[inline]
    pub(crate) fn add(&mut self, minute: u32, of: PortOf, bytes: u64) {
        let key = (minute, of.class, of.number());
        let mixed = (u64::from(key.0) ^ u64::from(key.1) << 20 ^ u64::from(key.2) << 30)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let waiting = &mut self.recent[(mixed >> 56) as usize % RECENT];
        if waiting.0 == key
            && let Some(sum) = waiting.1.checked_add(bytes)
        {
            waiting.1 = sum;
            return;
        }
        let (before, sum) = std::mem::replace(waiting, (key, bytes));
        self.put(before, sum.into());
    }

    /// Adds to the sum that a key has at this level.
    pub(crate) fn put(&mut self, key: Key, bytes: u128) {
        if bytes == 0 {
            return;
        }
        *self.sums.entry(coarse(key, self.level)).or_default() += bytes;
        while self.sums.len() > MOST && self.level + 1 < LEVELS {
            self.coarsen(self.level + 1);
        }
    }

    /// Tells less apart.
    pub(crate) fn coarsen(&mut self, level: usize) {
        self.level = self.level.max(level.min(LEVELS - 1));
        for (key, bytes) in std::mem::take(&mut self.sums) {
            *self.sums.entry(coarse(key, self.level)).or_default() += bytes;
        }
    }

    /// Finishes the sums that wait.
    pub(crate) fn settle(&mut self) {
        for place in 0..RECENT {
            let (key, bytes) = std::mem::take(&mut self.recent[place]);
            self.put(key, bytes.into());
        }
    }

    /// Adds what the other holds, whose classes have other numbers here.
    pub(crate) fn merge(&mut self, other: &Ports, number: impl Fn(u32) -> u32) {
        if other.level > self.level {
            self.coarsen(other.level);
        }
        for ((minute, class, flow), bytes) in &other.sums {
            self.put((*minute, number(*class), *flow), *bytes);
        }
    }

    /// How little is told apart.
    pub(crate) fn level(&self) -> usize {
        self.level
    }

    /// The place of the period among all that there are.
    pub(crate) fn period(&self) -> usize {
        self.level.saturating_sub(BOUNDS.len() - 1)
    }

    /// Every sum, in no particular order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Key, u128)> {
        self.sums.iter().map(|(key, bytes)| (*key, *bytes))
    }

    /// What begins in that time.
    pub(crate) fn between(&self, is_in: impl Fn(u32) -> bool) -> Ports {
        Ports {
            sums: self.iter().filter(|((at, ..), _)| is_in(*at)).collect(),
            level: self.level,
            ..Ports::default()
        }
    }
}

/// Whether a key may stand in a table of that level.
pub(crate) fn is_legal(key: Key, level: usize) -> bool {
    let (_, _, flow) = key;
    flow < FLOWS && coarse(key, level) == key
}

/// The sum of a key.
pub(crate) fn sum((minute, class, flow): Key, bytes: u128) -> PortSum {
    let is = |bit: u32| flow & bit != 0;
    PortSum {
        start: second(minute),
        class: class as usize,
        has_private_remote: is(PRIVATE_REMOTE),
        protocol: is(HAS_PROTOCOL).then_some((flow >> PROTOCOL) as u8),
        port: is(HAS_PORT).then_some(flow as u16),
        is_to_remote: is(TO_REMOTE),
        bytes,
    }
}

fn second(minute: u32) -> u64 {
    u64::from(minute) * MINUTE
}

fn coarse((minute, class, flow): Key, level: usize) -> Key {
    let bound = BOUNDS[level.min(BOUNDS.len() - 1)];
    let period = minutes(level.saturating_sub(BOUNDS.len() - 1));
    let flow = match flow & HAS_PORT != 0 && flow & 0xffff >= bound {
        true => flow & !(HAS_PORT | 0xffff),
        false => flow,
    };
    (minute - minute % period, class, flow)
}

#[cfg(test)]
mod tests {
    use super::{BOUNDS, Key, MOST, PortOf, Ports};
    use proptest::prelude::*;

    fn of(port: u16) -> PortOf {
        PortOf {
            class: 1,
            has_private_remote: false,
            protocol: Some(6),
            port: Some(port),
            is_to_remote: true,
        }
    }

    fn sums(ports: &mut Ports) -> Vec<(Key, u128)> {
        ports.settle();
        let mut sums: Vec<_> = ports.iter().collect();
        sums.sort_unstable();
        sums
    }

    #[test]
    fn ports_nobody_registers_are_given_up_first() {
        let minutes = MOST as u32 / 65_536 + 1;
        let (mut one, mut parts) = (Ports::default(), [Ports::default(), Ports::default()]);
        for minute in 0..minutes {
            for port in 0..=u16::MAX {
                one.add(minute, of(port), 1);
                let part = usize::from(port % 5 < 2);
                parts[part].add(minutes - 1 - minute, of(u16::MAX - port), 1);
            }
        }
        let [mut first, mut second] = parts;
        first.settle();
        second.settle();
        first.merge(&second, |class| class);
        let whole = sums(&mut one);
        assert_eq!((one.level(), one.period()), (1, 0));
        assert_eq!(whole.len() as u32, minutes * (BOUNDS[1] + 1));
        assert_eq!(sums(&mut first), whole);
        let total: u128 = whole.iter().map(|(_, bytes)| bytes).sum();
        assert_eq!(total, u128::from(minutes) * 65_536);
    }

    proptest! {
        #[test]
        fn no_order_changes_the_sums(
            records in prop::collection::vec((0u32..9, 0u16..500, 0u64..u64::MAX), 0..300),
            cut in 0usize..300,
        ) {
            let mut one = Ports::default();
            records.iter().for_each(|(minute, port, bytes)| one.add(*minute, of(*port), *bytes));
            let (early, late) = records.split_at(cut.min(records.len()));
            let (mut first, mut second) = (Ports::default(), Ports::default());
            late.iter().rev().for_each(|(at, port, bytes)| first.add(*at, of(*port), *bytes));
            early.iter().for_each(|(at, port, bytes)| second.add(*at, of(*port), *bytes));
            first.settle();
            second.settle();
            first.merge(&second, |class| class);
            prop_assert_eq!(sums(&mut one), sums(&mut first));
        }
    }
}
