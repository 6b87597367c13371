//! The table of an investigation: sums by sender, receiver, ports, protocol,
//! action and services.
//!
//! There may be a row for almost every record, so a row takes 48 bytes in one
//! array, found by an index of 8 bytes a slot, half of them of the key's hash: another
//! key's row need not be looked at. Updates wait in a batch whose slots and rows are
//! all touched before the first is changed, so that the memory's answers overlap.
//!
//! **Invariants.** Sums are exact: what 64 bits do not hold is carried. The order of
//! updates never changes a sum, only where it lies.

use super::Sums;
use foldhash::fast::RandomState;
use std::collections::BTreeMap;
use std::hash::BuildHasher;

/// How many updates wait before they are done.
const BATCH: usize = 64;
/// Slots of a new index; a power of two, as all sizes are.
const SMALLEST: usize = 1 << 10;
/// A time that is not known.
const NO_TIME: u32 = u32::MAX;

/// What tells a row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    /// The sender's number.
    pub(crate) src: u32,
    /// The receiver's number.
    pub(crate) dst: u32,
    /// The sender's port and the receiver's; see the flags.
    pub(crate) ports: [u16; 2],
    /// Numbers of the sender's service and of the receiver's.
    pub(crate) services: [u16; 2],
    /// The protocol's number.
    pub(crate) protocol: u8,
    /// Which of these are known, and what else there is to it.
    pub(crate) flags: u8,
}

impl Key {
    /// The packets were dropped.
    pub(crate) const REJECT: u8 = 1;
    /// What recorded it shows other addresses than the packet has.
    pub(crate) const FORWARDED: u8 = 2;
    /// It has the sender's port.
    pub(crate) const SRC_PORT: u8 = 4;
    /// It has the receiver's port.
    pub(crate) const DST_PORT: u8 = 8;
    /// It has the protocol.
    pub(crate) const PROTOCOL: u8 = 16;

    /// The same without the port of a side.
    pub(crate) fn without(mut self, side: usize) -> Key {
        self.ports[side] = 0;
        self.flags &= ![Key::SRC_PORT, Key::DST_PORT][side];
        self
    }

    fn words(self) -> [u64; 3] {
        let Key {
            src,
            dst,
            ports,
            services,
            protocol,
            flags,
        } = self;
        let pair = |[one, other]: [u16; 2]| u64::from(one) << 16 | u64::from(other);
        [
            u64::from(src) << 32 | u64::from(dst),
            pair(ports) << 32 | pair(services),
            u64::from(protocol) << 8 | u64::from(flags),
        ]
    }
}

/// What is added to a row.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct More {
    pub(crate) bytes: u64,
    pub(crate) packets: u64,
    pub(crate) records: u32,
    /// When the first record begins, and when the last one does.
    pub(crate) times: Option<(u64, u64)>,
    /// A record opens a connection.
    pub(crate) opens: bool,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    key: Key,
    opens: bool,
    records: u32,
    bytes: u64,
    packets: u64,
    first: u32,
    last: u32,
}

/// Where a row is.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    /// The key's hash, whose low bits are the slot's place where it is free.
    hash: u32,
    /// The row's place plus one; 0 = free.
    row: u32,
}

/// What a row holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) key: Key,
    pub(crate) sums: Sums,
    pub(crate) opens: bool,
    pub(crate) times: Option<(u64, u64)>,
}

/// Rows by key.
#[derive(Clone)]
pub(crate) struct Flows {
    index: Vec<Slot>,
    rows: Vec<Row>,
    waiting: Vec<(u32, Key, More)>,
    /// What a row's numbers did not hold, in units of the first that they do not.
    carried: BTreeMap<u32, [u64; 3]>,
    seed: u64,
}

impl Default for Flows {
    fn default() -> Flows {
        Flows {
            index: vec![Slot::default(); SMALLEST],
            rows: Vec::new(),
            waiting: Vec::with_capacity(BATCH),
            carried: BTreeMap::new(),
            // Nobody may choose addresses that all fall into one slot.
            seed: RandomState::default().hash_one(0u8),
        }
    }
}

impl Flows {
    /// How many rows there are, those that wait not included.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is a row of that key.
    pub(crate) fn has(&self, key: Key) -> bool {
        let waits = self.waiting.iter().any(|(_, waiting, _)| *waiting == key);
        waits || self.find(self.hash(key), key).is_ok()
    }

    /// Adds to the row of that key.
    #[inline]
    pub(crate) fn add(&mut self, key: Key, more: More) {
        self.waiting.push((self.hash(key), key, more));
        if self.waiting.len() >= BATCH {
            self.settle();
        }
    }

    /// Does the updates that wait; before anything is read.
    pub(crate) fn settle(&mut self) {
        // A batch never fills the index beyond three quarters.
        while (self.rows.len() + BATCH) * 4 > self.index.len() * 3 {
            self.grow();
        }
        let mask = self.index.len() - 1;
        let mut waiting = std::mem::take(&mut self.waiting);
        let mut touched = 0;
        for (hash, ..) in &waiting {
            touched ^= self.index[*hash as usize & mask].row;
        }
        for (hash, ..) in &waiting {
            let slot = self.index[*hash as usize & mask];
            if slot.hash == *hash
                && let Some(row) = self.rows.get((slot.row as usize).wrapping_sub(1))
            {
                touched ^= row.records;
            }
        }
        std::hint::black_box(touched);
        for (hash, key, more) in waiting.drain(..) {
            self.put(hash, key, more);
        }
        self.waiting = waiting;
    }

    #[inline]
    fn put(&mut self, hash: u32, key: Key, more: More) {
        let place = match self.find(hash, key) {
            Ok(place) => place,
            Err(slot) => {
                self.rows.push(Row {
                    key,
                    opens: false,
                    records: 0,
                    bytes: 0,
                    packets: 0,
                    first: NO_TIME,
                    last: NO_TIME,
                });
                let row = self.rows.len() as u32;
                self.index[slot] = Slot { hash, row };
                self.rows.len() - 1
            }
        };
        let row = &mut self.rows[place];
        let (bytes, over_bytes) = row.bytes.overflowing_add(more.bytes);
        let (packets, over_packets) = row.packets.overflowing_add(more.packets);
        let (records, over_records) = row.records.overflowing_add(more.records);
        (row.bytes, row.packets, row.records) = (bytes, packets, records);
        row.opens |= more.opens;
        if let Some((first, last)) = more.times {
            let second = |time: u64| u32::try_from(time).unwrap_or(NO_TIME - 1).min(NO_TIME - 1);
            row.first = row.first.min(second(first));
            row.last = match row.last {
                NO_TIME => second(last),
                known => known.max(second(last)),
            };
        }
        if over_bytes | over_packets | over_records {
            let over = [over_bytes, over_packets, over_records].map(u64::from);
            self.carry(place as u32, over);
        }
    }

    #[cold]
    fn carry(&mut self, place: u32, over: [u64; 3]) {
        let carried = self.carried.entry(place).or_default();
        carried
            .iter_mut()
            .zip(over)
            .for_each(|(sum, over)| *sum += over);
    }

    /// The place of the key's row, or the slot where it belongs.
    #[inline]
    fn find(&self, hash: u32, key: Key) -> Result<usize, usize> {
        let mask = self.index.len() - 1;
        let mut place = hash as usize & mask;
        loop {
            let slot = self.index[place];
            let row = (slot.row as usize).wrapping_sub(1);
            if slot.row == 0 {
                return Err(place);
            }
            if slot.hash == hash && self.rows[row].key == key {
                return Ok(row);
            }
            place = (place + 1) & mask;
        }
    }

    #[inline]
    fn hash(&self, key: Key) -> u32 {
        const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut hash = self.seed;
        for word in key.words() {
            let wide = u128::from(hash ^ word) * u128::from(ODD);
            hash = wide as u64 ^ (wide >> 64) as u64;
        }
        (hash >> 32) as u32
    }

    fn grow(&mut self) {
        let mask = self.index.len() * 2 - 1;
        let mut index = vec![Slot::default(); mask + 1];
        for slot in self.index.iter().filter(|slot| slot.row > 0) {
            let mut place = slot.hash as usize & mask;
            while index[place].row != 0 {
                place = (place + 1) & mask;
            }
            index[place] = *slot;
        }
        self.index = index;
    }

    /// Adds what the other holds; `end` and `service` are the numbers that its ends
    /// and services have here.
    pub(crate) fn merge(&mut self, other: &Flows, end: &[u32], service: &[u16]) {
        for held in other.iter() {
            let Held {
                mut key,
                sums,
                opens,
                times,
            } = held;
            key.src = end[key.src as usize];
            key.dst = end[key.dst as usize];
            key.services = key.services.map(|number| service[usize::from(number)]);
            self.add_sums(key, sums, opens, times);
        }
        self.settle();
    }

    /// Adds sums of any size.
    pub(crate) fn add_sums(
        &mut self,
        key: Key,
        sums: Sums,
        opens: bool,
        times: Option<(u64, u64)>,
    ) {
        let more = More {
            bytes: sums.bytes as u64,
            packets: sums.packets as u64,
            records: sums.flows as u32,
            times,
            opens,
        };
        self.add(key, more);
        let over = [
            (sums.bytes >> 64) as u64,
            (sums.packets >> 64) as u64,
            sums.flows >> 32,
        ];
        if over != [0; 3] {
            self.settle();
            if let Ok(place) = self.find(self.hash(key), key) {
                self.carry(place as u32, over);
            }
        }
    }

    /// Every row, in the order in which they came; nothing may wait.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Held> {
        self.rows.iter().enumerate().map(|(place, row)| {
            let carried = match self.carried.is_empty() {
                true => None,
                false => self.carried.get(&(place as u32)),
            };
            let [bytes, packets, records] = carried.copied().unwrap_or_default();
            let times = (row.first != NO_TIME).then_some((row.first.into(), row.last.into()));
            Held {
                key: row.key,
                sums: Sums {
                    bytes: u128::from(row.bytes) + (u128::from(bytes) << 64),
                    packets: u128::from(row.packets) + (u128::from(packets) << 64),
                    flows: u64::from(row.records) + (records << 32),
                },
                opens: row.opens,
                times,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Flows, Held, Key, More};
    use crate::investigate::Sums;
    use std::collections::BTreeMap;

    /// What a row of the table holds, beside its key.
    type Rest = (Sums, bool, Option<(u64, u64)>);

    fn key(number: u32) -> Key {
        Key {
            src: number % 7,
            dst: number / 7,
            ports: [0, (number % 3) as u16],
            services: [(number % 2) as u16, 0],
            protocol: 6,
            flags: Key::DST_PORT,
        }
    }

    fn sums(flows: &mut Flows) -> BTreeMap<Key, Rest> {
        flows.settle();
        let parts = |held: Held| (held.key, (held.sums, held.opens, held.times));
        flows.iter().map(parts).collect()
    }

    #[test]
    fn adds_up_as_a_map_does() {
        let mut flows = Flows::default();
        let mut expected: BTreeMap<Key, Rest> = BTreeMap::new();
        for number in 0..60_000_u32 {
            let key = key(number.wrapping_mul(2_654_435_761) % 9_000);
            let time = u64::from(number % 977);
            let more = More {
                bytes: u64::from(number),
                packets: 2,
                records: 1,
                times: (number % 5 > 0).then_some((time, time)),
                opens: number % 1_000 == 0,
            };
            flows.add(key, more);
            let (sums, opens, times) = expected.entry(key).or_default();
            sums.add(Sums {
                bytes: u128::from(number),
                packets: 2,
                flows: 1,
            });
            *opens |= more.opens;
            if let Some((time, _)) = more.times {
                let (first, last) = times.get_or_insert((time, time));
                (*first, *last) = ((*first).min(time), (*last).max(time));
            }
        }
        assert_eq!(sums(&mut flows), expected);
        let mut twice = Flows::default();
        let ends: Vec<u32> = (0..9_000).collect();
        twice.merge(&flows, &ends, &[0, 1]);
        twice.merge(&flows, &ends, &[0, 1]);
        for (key, (sums, ..)) in sums(&mut twice) {
            assert_eq!(sums.bytes, expected[&key].0.bytes * 2);
            assert!(twice.has(key));
        }
        assert!(!twice.has(Key::default()));
    }

    #[test]
    fn sums_beyond_64_bits_are_exact() {
        let mut flows = Flows::default();
        let huge = More {
            bytes: u64::MAX,
            packets: u64::MAX,
            records: u32::MAX,
            ..More::default()
        };
        for _ in 0..5 {
            flows.add(key(1), huge);
        }
        let mut merged = Flows::default();
        flows.settle();
        for _ in 0..2 {
            merged.merge(&flows, &(0..9_000).collect::<Vec<_>>(), &[0, 1]);
        }
        let (sums, ..) = sums(&mut merged)[&key(1)];
        assert_eq!(sums.bytes, u128::from(u64::MAX) * 10);
        assert_eq!(sums.packets, u128::from(u64::MAX) * 10);
        assert_eq!(sums.flows, u64::from(u32::MAX) * 10);
    }
}
