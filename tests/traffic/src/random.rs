//! SplitMix64: the small pseudo-random source behind every seeded choice.
//!
//! Separate because recordings must stay the same, byte by byte, for a seed:
//! no library upgrade may change them. The algorithm is that of Steele, Lea
//! and Flood, "Fast splittable pseudorandom number generators" (OOPSLA 2014),
//! with the constants of Vigna's public-domain
//! [reference code](https://prng.di.unimi.it/splitmix64.c).

/// A stream of pseudo-random numbers.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    /// The stream that belongs to a seed and a place (for example conversation
    /// 3, interval 7): equal inputs, equal stream, whatever was drawn elsewhere.
    pub(crate) fn at(seed: u64, place: &[u64]) -> Random {
        let mut random = Random(seed);
        for part in place {
            random = Random(random.next() ^ part.wrapping_mul(0xd6e8_feb8_6659_fd93));
        }
        random
    }

    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `0..end` (0 for an empty range), by multiply and shift.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        u64::try_from((u128::from(self.next()) * u128::from(end)) >> 64).unwrap_or(0)
    }

    /// A port of the ephemeral range 1024-65535 that a NAT gateway uses.
    pub(crate) fn port(&mut self) -> u16 {
        u16::try_from(1_024 + self.below(64_512)).unwrap_or(u16::MAX)
    }

    /// A weight around 100 that makes neighbouring intervals differ.
    pub(crate) fn weight(&mut self) -> u64 {
        50 + self.below(101)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_the_published_sequence_of_seed_1234567() {
        let mut random = Random(1_234_567);
        let drawn: Vec<u64> = (0..5).map(|_| random.next()).collect();
        assert_eq!(
            drawn,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423,
                4_593_380_528_125_082_431,
                16_408_922_859_458_223_821,
            ]
        );
    }
}
