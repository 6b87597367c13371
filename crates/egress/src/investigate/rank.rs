//! The largest groups of very many rows, without keeping them all.
//!
//! Rows are gone over twice. The first time each group's bucket is noted: its sum is
//! at least that of each of its groups, its largest row at most that of one of them.
//! So a group whose bucket's sum is below the last one of as many largest rows as
//! are wanted is not among the largest, and is only added to the total.
//!
//! **Invariants.** Totals are of all rows; the groups that are kept are whole.

use super::Sums;
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use std::cmp::Reverse;
use std::hash::BuildHasher;

/// What groups are ranked by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum By {
    /// Bytes.
    #[default]
    Bytes,
    /// Packets.
    Packets,
    /// Records.
    Flows,
}

impl By {
    /// The name that users type.
    pub fn name(self) -> &'static str {
        match self {
            By::Bytes => "bytes",
            By::Packets => "packets",
            By::Flows => "flows",
        }
    }

    /// What a name means.
    pub fn named(name: &str) -> Option<By> {
        [By::Bytes, By::Packets, By::Flows]
            .into_iter()
            .find(|by| by.name() == name)
    }

    /// The figure that counts.
    pub(crate) fn of(self, sums: Sums) -> u128 {
        match self {
            By::Bytes => sums.bytes,
            By::Packets => sums.packets,
            By::Flows => u128::from(sums.flows),
        }
    }

    /// The figures by which rows are ordered, the largest first.
    pub(crate) fn order(self, sums: Sums) -> Reverse<(u128, u128, u64)> {
        Reverse((self.of(sums), sums.bytes, sums.flows))
    }
}

/// Buckets; a power of two.
const BUCKETS: usize = 1 << 18;

/// What tells a group: its values, packed.
pub(crate) type Group = u128;

/// The first time.
pub(crate) struct Sketch {
    by: By,
    most: usize,
    hasher: RandomState,
    buckets: Vec<Bucket>,
}

#[derive(Clone, Copy, Default)]
struct Bucket {
    sum: u64,
    largest: u64,
}

/// The second time.
pub(crate) struct Ranked {
    by: By,
    most: usize,
    hasher: RandomState,
    /// A bit for each bucket whose groups may be among the largest: so few that they
    /// stay near the processor. None where buckets are not kept.
    candidates: Vec<u64>,
    groups: HashMap<Group, Sums, RandomState>,
    /// The last row's group, of which neighbours mostly are.
    last: (Group, Sums),
    /// What groups have that are not kept.
    others: Sums,
}

impl Sketch {
    /// For the `most` largest groups (0 = all) of about so many rows.
    pub(crate) fn new(by: By, most: usize, rows: usize) -> Sketch {
        let is_useful = (1..BUCKETS / 4).contains(&most) && rows > BUCKETS / 4;
        Sketch {
            by,
            most,
            hasher: RandomState::default(),
            buckets: vec![Bucket::default(); if is_useful { BUCKETS } else { 0 }],
        }
    }

    /// Whether buckets are kept; else rows need only be counted.
    pub(crate) fn is_used(&self) -> bool {
        !self.buckets.is_empty()
    }

    /// Takes note of a row of the group.
    #[inline]
    pub(crate) fn note(&mut self, group: Group, sums: Sums) {
        if self.buckets.is_empty() {
            return;
        }
        let figure = u64::try_from(self.by.of(sums)).unwrap_or(u64::MAX);
        let place = self.place(group);
        let bucket = &mut self.buckets[place];
        bucket.sum = bucket.sum.saturating_add(figure);
        bucket.largest = bucket.largest.max(figure);
    }

    #[inline]
    fn place(&self, group: Group) -> usize {
        place(&self.hasher, group)
    }

    /// The groups that may be among the largest, still to be added.
    pub(crate) fn ranked(self) -> Ranked {
        let mut largest: Vec<u64> = self.buckets.iter().map(|bucket| bucket.largest).collect();
        let least = match largest.len().checked_sub(self.most) {
            Some(place) if self.most > 0 => *largest.select_nth_unstable(place).1,
            _ => 0,
        };
        let mut candidates = vec![0; self.buckets.len().div_ceil(64)];
        for (place, bucket) in self.buckets.iter().enumerate() {
            candidates[place / 64] |= u64::from(bucket.sum >= least) << (place % 64);
        }
        Ranked {
            by: self.by,
            most: self.most,
            hasher: self.hasher,
            candidates,
            groups: HashMap::default(),
            last: (0, Sums::default()),
            others: Sums::default(),
        }
    }
}

#[inline]
fn place(hasher: &RandomState, group: Group) -> usize {
    hasher.hash_one(group) as usize % BUCKETS
}

impl Ranked {
    /// Adds a row, the same that the sketch took note of.
    #[inline]
    pub(crate) fn add(&mut self, group: Group, sums: Sums) {
        if !self.candidates.is_empty() {
            let place = place(&self.hasher, group);
            if self.candidates[place / 64] >> (place % 64) & 1 == 0 {
                self.others.add(sums);
                return;
            }
        }
        if self.last.0 == group {
            self.last.1.add(sums);
            return;
        }
        let (before, sums) = std::mem::replace(&mut self.last, (group, sums));
        self.keep(before, sums);
    }

    fn keep(&mut self, group: Group, sums: Sums) {
        if sums.flows > 0 {
            self.groups.entry(group).or_default().add(sums);
        }
    }

    /// The largest groups, in order, what all others have, and the total. Of equal
    /// ones the first counts, as `name` orders them.
    pub(crate) fn finish<N: Ord>(
        mut self,
        name: impl Fn(Group) -> N,
    ) -> (Vec<(Group, Sums)>, Option<Sums>, Sums) {
        let (last, sums) = std::mem::take(&mut self.last);
        self.keep(last, sums);
        let (by, most) = (self.by, self.most);
        let mut total = self.others;
        self.groups.values().for_each(|sums| total.add(*sums));
        let mut groups: Vec<(Group, Sums)> = self.groups.into_iter().collect();
        if most > 0 && groups.len() > most {
            // Whoever is as large as the last one that is shown may be shown.
            let (_, last, _) =
                groups.select_nth_unstable_by_key(most - 1, |(_, sums)| by.order(*sums));
            let last = by.order(last.1);
            groups.retain(|(_, sums)| by.order(*sums) <= last);
        }
        groups.sort_by_cached_key(|(group, sums)| (by.order(*sums), name(*group)));
        if most > 0 {
            groups.truncate(most);
        }
        let mut rest = total;
        for (_, sums) in &groups {
            rest.bytes -= sums.bytes;
            rest.packets -= sums.packets;
            rest.flows -= sums.flows;
        }
        (groups, (rest.flows > 0).then_some(rest), total)
    }
}

#[cfg(test)]
mod tests {
    use super::{By, Group, Sketch};
    use crate::investigate::Sums;
    use std::collections::BTreeMap;

    fn rows(count: u64) -> impl Iterator<Item = (Group, Sums)> {
        (0..count).map(|number| {
            let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
            let sums = Sums {
                bytes: u128::from(1_000_000_000 / (1 + mixed % 99_991)),
                packets: u128::from(mixed % 7),
                flows: 1 + number % 3,
            };
            (Group::from(mixed % 400_000), sums)
        })
    }

    #[test]
    fn the_largest_are_whole_and_in_order_and_the_rest_is_in_the_total() {
        let mut expected: BTreeMap<Group, Sums> = BTreeMap::new();
        let mut total = Sums::default();
        for (group, sums) in rows(900_000) {
            expected.entry(group).or_default().add(sums);
            total.add(sums);
        }
        for by in [By::Bytes, By::Packets, By::Flows] {
            let mut expected: Vec<(Group, Sums)> = expected.clone().into_iter().collect();
            expected.sort_by_key(|(group, sums)| (by.order(*sums), *group));
            for most in [0, 1, 20, 1_000] {
                let mut sketch = Sketch::new(by, most, 900_000);
                rows(900_000).for_each(|(group, sums)| sketch.note(group, sums));
                let mut ranked = sketch.ranked();
                rows(900_000).for_each(|(group, sums)| ranked.add(group, sums));
                if most == 20 && by == By::Bytes {
                    assert!(ranked.groups.len() < expected.len() / 10);
                }
                let (found, rest, whole) = ranked.finish(|group| group);
                let count = if most == 0 { expected.len() } else { most };
                assert_eq!(found[..], expected[..count], "{by:?} {most}");
                assert_eq!(whole, total);
                let mut sum = rest.unwrap_or_default();
                assert_eq!(rest.is_none(), most == 0);
                found.iter().for_each(|(_, sums)| sum.add(*sums));
                assert_eq!(sum, total);
            }
        }
    }
}
