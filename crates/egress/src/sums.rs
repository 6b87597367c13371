//! Sums by address and by pair of addresses, made for very many of them, and
//! values by the few kinds of conversations.
//!
//! **Invariants.** Knows no leg. What is left out of [`Pairs`] because others
//! have more bytes is never among those that were asked for.

use crate::evidence::Map;
use std::net::IpAddr;

/// Bytes of the two billed directions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Billed {
    pub(crate) in_from_source: u128,
    pub(crate) out_to_source: u128,
    /// How many records have them.
    pub(crate) records: u64,
}

impl Billed {
    pub(crate) fn bytes(self) -> u128 {
        self.in_from_source + self.out_to_source
    }

    pub(crate) fn add(&mut self, more: Billed) {
        self.in_from_source += more.in_from_source;
        self.out_to_source += more.out_to_source;
        self.records += more.records;
    }
}

impl Billed {
    /// Takes out what is a part of it.
    pub(crate) fn remove(&mut self, part: Billed) {
        self.in_from_source -= part.in_from_source;
        self.out_to_source -= part.out_to_source;
        self.records -= part.records;
    }
}

/// Values by address. The common family is found by a number of four bytes, so
/// that finding it stays within the cache.
#[derive(Debug)]
pub(crate) struct ByAddress<V> {
    v4: Map<u32, u32>,
    others: Map<IpAddr, u32>,
    addresses: Vec<IpAddr>,
    values: Vec<V>,
}

impl<V> Default for ByAddress<V> {
    fn default() -> ByAddress<V> {
        ByAddress {
            v4: Map::default(),
            others: Map::default(),
            addresses: Vec::new(),
            values: Vec::new(),
        }
    }
}

impl<V: Default> ByAddress<V> {
    /// The value of the address, which it has from now on.
    pub(crate) fn entry(&mut self, address: IpAddr) -> &mut V {
        let new = || {
            self.addresses.push(address);
            self.values.push(V::default());
            // Four billion addresses do not fit into memory.
            self.values.len() as u32 - 1
        };
        let place = match address {
            IpAddr::V4(v4) => *self.v4.entry(u32::from(v4)).or_insert_with(new),
            v6 => *self.others.entry(v6).or_insert_with(new),
        };
        &mut self.values[place as usize]
    }

    /// The value of the address, if it has one.
    pub(crate) fn get(&self, address: IpAddr) -> Option<&V> {
        let place = match address {
            IpAddr::V4(v4) => self.v4.get(&u32::from(v4))?,
            v6 => self.others.get(&v6)?,
        };
        self.values.get(*place as usize)
    }

    /// Every address with its value, to change it.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (IpAddr, &mut V)> {
        self.addresses.iter().copied().zip(&mut self.values)
    }

    /// Every address with its value, in the order in which they came.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (IpAddr, &V)> {
        self.addresses.iter().copied().zip(&self.values)
    }
}

/// Values by the kind of a conversation, which are small numbers.
#[derive(Debug)]
pub(crate) struct ByKind<V>(Vec<Option<V>>);

impl<V> Default for ByKind<V> {
    fn default() -> ByKind<V> {
        ByKind(Vec::new())
    }
}

impl<V> ByKind<V> {
    /// The value of the kind, which is made where it has none.
    #[inline]
    pub(crate) fn entry(&mut self, kind: usize, make: impl FnOnce() -> V) -> &mut V {
        if self.0.len() <= kind {
            self.0.resize_with(kind + 1, || None);
        }
        self.0[kind].get_or_insert_with(make)
    }

    /// The value of the kind, if it has one.
    pub(crate) fn get(&self, kind: usize) -> Option<&V> {
        self.0.get(kind)?.as_ref()
    }

    /// Every value.
    pub(crate) fn into_values(self) -> impl Iterator<Item = V> {
        self.0.into_iter().flatten()
    }
}

/// Workloads with their remote ends.
pub(crate) type Pair = (IpAddr, IpAddr);

/// How many buckets a sketch has; a power of two.
const BUCKETS: usize = 1 << 16;

/// Tells which pairs may be among those with the most bytes, before anything is
/// kept for each: there are far more pairs than of anything else, and most of
/// them are small.
///
/// Pairs share buckets. A bucket's sum is at least that of each of its pairs;
/// its largest row is at most that of one of its pairs. So as many pairs as
/// were asked for have at least so many bytes as the last one of as many
/// largest rows, and a pair whose bucket has fewer is not among them.
pub(crate) struct Sketch {
    most: usize,
    buckets: Vec<Bucket>,
}

#[derive(Clone, Copy, Default)]
struct Bucket {
    sum: u64,
    largest: u64,
}

impl Sketch {
    /// For the `most` pairs with the most bytes; 0 = all.
    pub(crate) fn new(most: usize) -> Sketch {
        let is_useful = (1..BUCKETS).contains(&most);
        Sketch {
            most,
            buckets: vec![Bucket::default(); if is_useful { BUCKETS } else { 0 }],
        }
    }

    /// Takes note of a row of the pair.
    pub(crate) fn note(&mut self, pair: Pair, billed: Billed) {
        let bytes = u64::try_from(billed.bytes()).unwrap_or(u64::MAX);
        if let Some(bucket) = self.buckets.get_mut(place(pair)) {
            bucket.sum = bucket.sum.saturating_add(bytes);
            bucket.largest = bucket.largest.max(bytes);
        }
    }

    /// The sums of the pairs that may be among the largest, still to be added.
    pub(crate) fn pairs(self) -> Pairs {
        let mut largest: Vec<u64> = self.buckets.iter().map(|bucket| bucket.largest).collect();
        let least = match largest.len().checked_sub(self.most) {
            Some(place) if self.most > 0 => *largest.select_nth_unstable(place).1,
            _ => 0,
        };
        Pairs {
            least,
            buckets: self.buckets,
            ..Pairs::default()
        }
    }
}

/// The pairs with the most bytes of rows that come with those of the same two ends
/// side by side: then nothing needs to be looked up.
pub(crate) struct Largest {
    most: usize,
    /// Fewer bytes are not among them.
    least: u128,
    /// The pairs of the two ends under way.
    under_way: Vec<(Pair, Billed)>,
    rows: Vec<(Pair, Billed)>,
}

impl Largest {
    /// For the `most` pairs with the most bytes, and perhaps more; 0 = all.
    pub(crate) fn new(most: usize) -> Largest {
        Largest {
            most,
            least: 0,
            under_way: Vec::new(),
            rows: Vec::new(),
        }
    }

    /// Adds a row of the pair.
    #[inline]
    pub(crate) fn add(&mut self, pair: Pair, billed: Billed) {
        if let Some((before, sum)) = self.under_way.last_mut() {
            if *before == pair {
                sum.add(billed);
                return;
            }
            let is_same = (before.1, before.0) == pair;
            match self.under_way.iter_mut().find(|(known, _)| *known == pair) {
                Some((_, sum)) => return sum.add(billed),
                None if is_same => {}
                None => self.settle(),
            }
        }
        self.under_way.push((pair, billed));
    }

    /// Takes the pairs of the two ends under way for whole.
    fn settle(&mut self) {
        let least = self.least;
        let whole = self.under_way.drain(..);
        self.rows
            .extend(whole.filter(|(_, sum)| sum.bytes() >= least));
        if self.most > 0 && self.rows.len() > 4 * self.most + 1024 {
            self.prune();
        }
    }

    /// Leaves out what is not among the largest.
    fn prune(&mut self) {
        let mut bytes: Vec<u128> = self.rows.iter().map(|(_, sum)| sum.bytes()).collect();
        if let Some(place) = bytes.len().checked_sub(self.most) {
            let (_, least, _) = bytes.select_nth_unstable(place);
            self.least = *least;
            self.rows.retain(|(_, sum)| sum.bytes() >= self.least);
        }
    }

    /// Adds those of other ends.
    pub(crate) fn merge(&mut self, mut other: Largest) {
        other.settle();
        self.settle();
        self.rows.append(&mut other.rows);
    }

    /// The sums.
    pub(crate) fn pairs(mut self) -> Pairs {
        self.settle();
        Pairs {
            rows: self.rows,
            ..Pairs::default()
        }
    }
}

/// Sums by pair, at least of those with the most bytes.
#[derive(Default)]
pub(crate) struct Pairs {
    /// Pairs that are in neither map.
    rows: Vec<(Pair, Billed)>,
    least: u64,
    buckets: Vec<Bucket>,
    v4: Map<(u32, u32), Billed>,
    others: Map<Pair, Billed>,
}

impl Pairs {
    /// Adds a row of the pair, the same that the sketch took note of.
    pub(crate) fn add(&mut self, pair: Pair, billed: Billed) {
        let bucket = self.buckets.get(place(pair));
        if bucket.is_some_and(|bucket| bucket.sum < self.least) {
            return;
        }
        match pair {
            (IpAddr::V4(source), IpAddr::V4(remote)) => {
                let pair = (source.into(), remote.into());
                self.v4.entry(pair).or_default().add(billed);
            }
            pair => self.others.entry(pair).or_default().add(billed),
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.rows.len() + self.v4.len() + self.others.len()
    }

    /// Each with its sums, in no particular order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Pair, Billed)> {
        let address = |number: u32| IpAddr::V4(number.into());
        let v4 = self.v4.iter();
        let v4 = v4
            .map(move |((source, remote), billed)| ((address(*source), address(*remote)), *billed));
        let others = self.others.iter().map(|(pair, billed)| (*pair, *billed));
        self.rows.iter().copied().chain(v4).chain(others)
    }
}

/// The bucket of a pair.
fn place((source, remote): Pair) -> usize {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let number = |address: IpAddr| match address {
        IpAddr::V4(v4) => u64::from(u32::from(v4)),
        IpAddr::V6(v6) => {
            let bits = u128::from(v6);
            (bits as u64 ^ (bits >> 64) as u64).wrapping_mul(ODD)
        }
    };
    let mixed = (number(source).wrapping_mul(ODD) ^ number(remote)).wrapping_mul(ODD);
    (mixed >> 48) as usize % BUCKETS
}

#[cfg(test)]
mod tests {
    use super::{Billed, ByAddress, Largest, Pair, Sketch};
    use std::cmp::Reverse;
    use std::collections::BTreeMap;
    use std::net::{IpAddr, Ipv6Addr};

    /// Rows whose sizes and places have no pattern that a sketch could like.
    fn rows(count: u32) -> Vec<(Pair, Billed)> {
        (0..count)
            .map(|number| {
                let mixed = number.wrapping_mul(2_654_435_761);
                let source = IpAddr::V4((0x0a00_0000 | (mixed % 50)).into());
                let remote = match mixed % 7 {
                    0 => IpAddr::V6(Ipv6Addr::from(u128::from(mixed % 999))),
                    _ => IpAddr::V4((mixed >> 12).into()),
                };
                let billed = Billed {
                    // A few are far larger than the others, as in every recording.
                    in_from_source: u128::from(1_000_000 / (1 + mixed % 999)),
                    out_to_source: u128::from(number % 5_000),
                    records: 1,
                };
                ((source, remote), billed)
            })
            .collect()
    }

    #[test]
    fn the_largest_pairs_are_never_left_out() {
        let rows = rows(300_000);
        let mut all: BTreeMap<Pair, Billed> = BTreeMap::new();
        for (pair, billed) in &rows {
            all.entry(*pair).or_default().add(*billed);
        }
        let mut expected: Vec<(Pair, Billed)> = all.into_iter().collect();
        expected.sort_by_key(|(pair, billed)| (Reverse(billed.bytes()), *pair));
        for most in [0, 1, 20, 500, 100_000] {
            let mut sketch = Sketch::new(most);
            rows.iter()
                .for_each(|(pair, billed)| sketch.note(*pair, *billed));
            let mut pairs = sketch.pairs();
            rows.iter()
                .for_each(|(pair, billed)| pairs.add(*pair, *billed));
            let mut found: Vec<_> = pairs.iter().collect();
            assert_eq!(found.len(), pairs.len());
            found.sort_by_key(|(pair, billed)| (Reverse(billed.bytes()), *pair));
            let count = if most == 0 { expected.len() } else { most };
            assert_eq!(found[..count], expected[..count], "{most}");
            if most == 20 {
                assert!(
                    found.len() < expected.len() / 10,
                    "{} are kept",
                    found.len()
                );
            }
        }
    }

    #[test]
    fn pairs_side_by_side_are_added_up_without_looking() {
        let mut rows = rows(50_000);
        // Both ways round between the same two ends, in turn.
        let turned: Vec<_> = rows.iter().step_by(7).copied().collect();
        rows.extend(
            turned
                .iter()
                .map(|((one, other), billed)| ((*other, *one), *billed)),
        );
        rows.sort_by_key(|((one, other), _)| (*one.min(other), *one.max(other)));
        let mut all: BTreeMap<Pair, Billed> = BTreeMap::new();
        for (pair, billed) in &rows {
            all.entry(*pair).or_default().add(*billed);
        }
        let mut expected: Vec<(Pair, Billed)> = all.into_iter().collect();
        let order = |(pair, billed): &(Pair, Billed)| (Reverse(billed.bytes()), *pair);
        expected.sort_by_key(order);
        let middle = rows.len() / 2;
        let ends = |at: usize| {
            let (one, other) = rows[at].0;
            (one.min(other), one.max(other))
        };
        let cut = (middle..)
            .find(|at| ends(*at) != ends(*at - 1))
            .expect("an end");
        for most in [0, 1, 20, 500] {
            let mut parts = [&rows[..cut], &rows[cut..]].map(|rows| {
                let mut largest = Largest::new(most);
                rows.iter()
                    .for_each(|(pair, billed)| largest.add(*pair, *billed));
                largest
            });
            let last = std::mem::replace(&mut parts[1], Largest::new(0));
            let [mut first, _] = parts;
            first.merge(last);
            let mut found: Vec<_> = first.pairs().iter().collect();
            found.sort_by_key(order);
            let count = if most == 0 { expected.len() } else { most };
            assert_eq!(found[..count], expected[..count], "{most}");
        }
    }

    #[test]
    fn a_value_is_found_by_its_address() {
        let mut values: ByAddress<u32> = ByAddress::default();
        let addresses = ["10.0.0.1", "::a00:1", "10.0.0.2"].map(|a| a.parse().expect("legal"));
        for (number, address) in addresses.into_iter().enumerate() {
            *values.entry(address) += number as u32;
            *values.entry(address) += 10;
        }
        let found: Vec<_> = values
            .iter()
            .map(|(address, value)| (address, *value))
            .collect();
        assert_eq!(
            found,
            [(addresses[0], 10), (addresses[1], 11), (addresses[2], 12)]
        );
        assert_eq!(values.get(addresses[1]), Some(&11));
        assert_eq!(values.get("10.0.0.3".parse().expect("legal")), None);
    }
}
