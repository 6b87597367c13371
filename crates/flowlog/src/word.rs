//! Reads single words fast: IPv4 addresses and decimal numbers.
//!
//! Works on whole machine words instead of bytes; each function gives `None`
//! for anything that it does not read, correct or not, and the caller then
//! reads the line the slow and obvious way.
//!
//! **Invariants.** What is read here equals what the standard library's
//! parsers read; a test compares them over arbitrary text.

use wide::u8x16;

/// Bytes that must stand before a word's end for it to be read here.
const BEFORE: usize = 16;

const ZEROS: u64 = 0x3030_3030_3030_3030;

/// The eight bytes before `end`.
#[inline(always)]
fn eight_before(text: &[u8], end: usize) -> Option<u64> {
    let part = text.get(end.wrapping_sub(8)..end)?;
    Some(u64::from_le_bytes(part.try_into().ok()?))
}

/// A decimal number of 1 to 16 digits that ends at `end`.
#[inline(always)]
pub(crate) fn number(text: &[u8], start: usize, end: usize) -> Option<u64> {
    match end - start {
        length @ 1..=8 => digits(eight_before(text, end)?, length as u32),
        length @ 9..=16 => {
            let high = digits(eight_before(text, end - 8)?, length as u32 - 8)?;
            Some(high * 100_000_000 + digits(eight_before(text, end)?, 8)?)
        }
        _ => None,
    }
}

/// The last `length` of eight bytes as a decimal number.
#[inline(always)]
fn digits(eight: u64, length: u32) -> Option<u64> {
    // The first character is the lowest byte: what stands before the number
    // becomes leading zeros.
    let before = u64::MAX.checked_shr(length * 8).unwrap_or(0);
    let eight = (eight & !before) | (ZEROS & before);
    let low = eight ^ ZEROS;
    if (low | low.wrapping_add(0x0606_0606_0606_0606)) & 0xf0f0_f0f0_f0f0_f0f0 != 0 {
        return None;
    }
    let pairs = (low.wrapping_mul(10) + (low >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(100) + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    Some((fours.wrapping_mul(10_000) + (fours >> 32)) & 0xffff_ffff)
}

/// The first eight and the last eight letters of a word, with what surrounds
/// shorter ones: of up to 16 letters two words are equal if this is.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Letters {
    first: u64,
    last: u64,
    length: u64,
}

impl Letters {
    /// The letters of the word at `start..end`.
    #[inline(always)]
    pub(crate) fn of(text: &[u8], start: usize, end: usize) -> Option<Letters> {
        Some(Letters {
            first: eight_before(text, start + 8)?,
            last: eight_before(text, end)?,
            length: (end - start) as u64,
        })
    }

    /// Whether it is the same, with one branch.
    #[inline(always)]
    pub(crate) fn is(self, other: Letters) -> bool {
        let is_other = (self.first ^ other.first) | (self.last ^ other.last);
        is_other | (self.length ^ other.length) == 0
    }

    /// A number that is most likely another one for other letters.
    #[inline(always)]
    pub(crate) fn mixed(self) -> u64 {
        (self.first ^ self.last.rotate_left(23)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

/// An IPv4 address in dotted decimal that stands at `start..end`.
#[inline(always)]
pub(crate) fn ipv4(text: &[u8], start: usize, end: usize) -> Option<u32> {
    let length = end - start;
    if !(7..=15).contains(&length) {
        return None;
    }
    let sixteen = text.get(end.wrapping_sub(BEFORE)..end)?;
    let mut dots = dot_bits(sixteen.try_into().ok()?) >> (BEFORE - length);
    if dots.count_ones() != 3 {
        return None;
    }
    let mut address = 0;
    let mut from = 0;
    for _ in 0..3 {
        let dot = dots.trailing_zeros() as usize;
        dots &= dots - 1;
        address = address << 8 | octet(text, start + from, start + dot)?;
        from = dot + 1;
    }
    Some(address << 8 | octet(text, start + from, end)?)
}

/// A number of 0 to 255 without leading zeros.
#[inline(always)]
fn octet(text: &[u8], start: usize, end: usize) -> Option<u32> {
    const LEAST: [u32; 4] = [0, 0, 10, 100];
    let part = text.get(end.wrapping_sub(4)..end)?;
    let four = u32::from_le_bytes(part.try_into().ok()?);
    let length = end.wrapping_sub(start);
    if !(1..=3).contains(&length) {
        return None;
    }
    let own = u32::MAX << (32 - 8 * length as u32);
    let low = (four ^ 0x3030_3030) & own;
    if (low | low.wrapping_add(0x0606_0606 & own)) & 0xf0f0_f0f0 != 0 {
        return None;
    }
    let value = (low >> 24) + ((low >> 16) & 0xf) * 10 + ((low >> 8) & 0xf) * 100;
    (value <= 255 && value >= LEAST[length]).then_some(value)
}

/// One bit for each byte: which are dots.
#[inline(always)]
fn dot_bits(sixteen: &[u8; 16]) -> u32 {
    u8x16::new(*sixteen)
        .simd_eq(u8x16::splat(b'.'))
        .to_bitmask()
}

#[cfg(test)]
mod tests {
    use super::{Letters, ipv4, number};
    use proptest::prelude::*;
    use std::net::Ipv4Addr;

    /// The word in the middle of a line, as it stands in a log.
    fn placed(word: &str) -> (String, usize, usize) {
        let before = "2 123456789012 eni-0a1 ";
        let text = format!("{before}{word} 443 6");
        (text, before.len(), before.len() + word.len())
    }

    fn check_number(word: &str) {
        let (text, start, end) = placed(word);
        let expected = word
            .parse::<u64>()
            .ok()
            .filter(|_| word.len() <= 16 && word.bytes().all(|byte| byte.is_ascii_digit()));
        assert_eq!(number(text.as_bytes(), start, end), expected, "{word:?}");
    }

    fn check_ipv4(word: &str) {
        let (text, start, end) = placed(word);
        let expected = word.parse::<Ipv4Addr>().ok().map(u32::from);
        assert_eq!(ipv4(text.as_bytes(), start, end), expected, "{word:?}");
    }

    #[test]
    fn reads_what_the_standard_library_reads() {
        for word in [
            "0",
            "7",
            "10",
            "12345678",
            "123456789",
            "1234567890123456",
            "00",
            "-",
            "",
            "1e3",
            "12345678901234567",
            "/",
            ":",
            "9999999/",
            ":0000000",
        ] {
            check_number(word);
        }
        for word in [
            "0.0.0.0",
            "255.255.255.255",
            "10.0.1.5",
            "256.0.0.1",
            "010.0.0.1",
            "1.2.3",
            "1.2.3.4.5",
            "1..2.3",
            "10.0.0.",
            "999.1.1.1",
            "1.2.3.1000",
            "a.b.c.d",
            "-",
            "::1",
            "1.2.3.4 ",
        ] {
            check_ipv4(word);
        }
    }

    proptest! {
        #[test]
        fn reads_numbers_like_the_standard_library(word in "[0-9]{1,17}|[ -~]{0,17}") {
            check_number(&word);
        }

        #[test]
        fn letters_tell_words_apart(one in "[12.]{1,16}", other in "[12.]{1,16}", after in "[12. ]{8}") {
            let letters = |before: &str, word: &str| {
                let text = format!("{before} {word} {after}");
                let start = before.len() + 1;
                Letters::of(text.as_bytes(), start, start + word.len()).expect("room")
            };
            let known = letters("11.12.13.14", &one);
            prop_assert!(known.is(letters("11.12.13.14", &one)));
            prop_assert!(one == other || !known.is(letters("1.2.3.4.5.6", &other)));
        }

        #[test]
        fn reads_addresses_like_the_standard_library(word in "[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}|[0-9.]{7,15}|[ -~]{7,15}") {
            check_ipv4(&word);
        }
    }
}
