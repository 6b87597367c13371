//! Sums by key in bounded memory: all of them, or those of a sample of the keys.
//!
//! When there are more keys than may be kept, only those stay whose hash ends in a
//! zero bit, then two, and so on.
//!
//! **Invariants.** The hash is of addresses, because ends have other numbers in
//! another fold: which keys stay is the same for the same records in any order and
//! in any parts. A key that stays has all its records.

use crate::report::text::grouped;
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use std::hash::Hash;
use std::net::IpAddr;

/// Which hashes stay: one in 2^level.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Level(u32);

impl Level {
    pub(super) fn keeps(self, hash: u64) -> bool {
        hash.trailing_zeros() >= self.0
    }

    pub(super) fn is_all(self) -> bool {
        self.0 == 0
    }

    pub(super) fn higher(self) -> Level {
        Level(self.0 + 1)
    }

    /// What is to be said where not all was looked at.
    pub(super) fn note(self, what: &str, most: usize) -> Option<String> {
        let parts = 1_u128.checked_shl(self.0).unwrap_or(u128::MAX);
        (!self.is_all()).then(|| {
            format!(
                "Only one in {} {what} was looked at, drawn by a hash of its addresses, because \
                 more than {} would have to be kept: there can be others.",
                grouped(parts),
                grouped(most as u128)
            )
        })
    }
}

/// The same for the same parts, in every process.
pub(super) fn hash(parts: impl IntoIterator<Item = u64>) -> u64 {
    let mix = |state: u64, part: u64| {
        // The finisher of splitmix64.
        let mixed = state.wrapping_add(0x9e37_79b9_7f4a_7c15) ^ part;
        let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    };
    parts.into_iter().fold(0, mix)
}

/// An address as parts of a hash.
pub(super) fn parts(address: IpAddr) -> [u64; 2] {
    let bits = match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    };
    [(bits >> 64) as u64, bits as u64]
}

/// What sums are kept by.
pub(super) trait Key: Copy + Eq + Hash {
    /// The same with the numbers that ends have in another fold.
    fn renamed(self, end: &dyn Fn(u32) -> u32) -> Self;
    /// Whether it is in the sample.
    fn is_in(self, level: Level, address: &dyn Fn(u32) -> IpAddr) -> bool;
}

/// Sums by key, of all keys or of a sample.
#[derive(Clone)]
pub(super) struct Sampled<K, V> {
    sums: HashMap<K, V, RandomState>,
    level: Level,
    most: usize,
}

impl<K: Key, V: Default> Sampled<K, V> {
    /// Of so many keys at the most.
    pub(super) fn new(most: usize) -> Sampled<K, V> {
        Sampled {
            sums: HashMap::with_hasher(RandomState::default()),
            level: Level::default(),
            most,
        }
    }

    pub(super) fn level(&self) -> Level {
        self.level
    }

    /// What is to be said where not all was looked at.
    pub(super) fn note(&self, what: &str) -> Option<String> {
        self.level.note(what, self.most)
    }

    /// Changes the sum of the key, if it is one that is kept.
    pub(super) fn add(
        &mut self,
        key: K,
        address: &dyn Fn(u32) -> IpAddr,
        change: impl FnOnce(&mut V),
    ) {
        if !self.level.is_all() && !key.is_in(self.level, address) {
            return;
        }
        change(self.sums.entry(key).or_default());
        while self.sums.len() > self.most {
            self.level = self.level.higher();
            let level = self.level;
            self.sums.retain(|key, _| key.is_in(level, address));
        }
    }

    /// Takes in what another fold has; `end` gives its ends their numbers in this
    /// one.
    pub(super) fn merge(
        &mut self,
        other: Sampled<K, V>,
        end: &dyn Fn(u32) -> u32,
        address: &dyn Fn(u32) -> IpAddr,
        join: impl Fn(&mut V, V),
    ) {
        if other.level > self.level {
            self.level = other.level;
            let level = self.level;
            self.sums.retain(|key, _| key.is_in(level, address));
        }
        for (key, sum) in other.sums {
            self.add(key.renamed(end), address, |before| join(before, sum));
        }
    }

    pub(super) fn into_sums(self) -> impl Iterator<Item = (K, V)> {
        self.sums.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::super::made::{OUTSIDE, Random, address};
    use super::{Key, Level, Sampled, hash, parts};
    use std::collections::{BTreeMap, BTreeSet};
    use std::net::IpAddr;

    impl Key for u32 {
        fn renamed(self, end: &dyn Fn(u32) -> u32) -> u32 {
            end(self)
        }

        fn is_in(self, level: Level, address: &dyn Fn(u32) -> IpAddr) -> bool {
            level.keeps(hash(parts(address(self))))
        }
    }

    fn sums(sampled: Sampled<u32, u64>) -> (Level, BTreeMap<IpAddr, u64>) {
        let level = sampled.level();
        let sums = sampled.into_sums();
        (level, sums.map(|(end, sum)| (address(end), sum)).collect())
    }

    /// Which keys stay depends neither on the order nor on the parts.
    #[test]
    fn a_sample_is_the_same_in_any_order_and_in_any_parts() {
        for seed in 1..50 {
            let mut random = Random(seed);
            let many = 10 + random.below(200);
            let mut records: Vec<u32> = (0..1_000)
                .map(|_| OUTSIDE + random.below(many) as u32)
                .collect();
            let fold = |records: &[u32], shift: u32| {
                let mut sampled = Sampled::new(50);
                for end in records {
                    // Ends have other numbers in each fold.
                    let address = |end: u32| address(end - shift);
                    sampled.add(end + shift, &address, |sum| *sum += 1);
                }
                sampled
            };
            let expected = sums(fold(&records, 0));
            assert!(expected.1.len() <= 50);
            let distinct: BTreeSet<u32> = records.iter().copied().collect();
            assert_eq!(expected.0.is_all(), distinct.len() <= 50);
            for end in &records {
                let is_kept = expected.0.keeps(hash(parts(address(*end))));
                assert_eq!(expected.1.contains_key(&address(*end)), is_kept);
            }
            random.shuffle(&mut records);
            let (one, two) = records.split_at(random.below(1_000) as usize);
            for (first, second) in [(one, two), (two, one)] {
                let mut merged = fold(first, 0);
                merged.merge(fold(second, 7), &|end| end - 7, &address, |sum, more| {
                    *sum += more;
                });
                assert_eq!(sums(merged), expected, "seed {seed}");
            }
        }
    }

    #[test]
    fn a_sample_is_said() {
        assert_eq!(Level::default().note("of the senders", 9), None);
        let said = Level(3).note("senders", 9).expect("a note");
        assert!(
            said.starts_with("Only one in 8 senders was looked at"),
            "{said}"
        );
    }
}
