//! The id of a query: eight letters that sort by time.
//!
//! 31 bits are seconds since 2024, which lasts until 2092, and 9 are random; what is
//! there already is drawn again. Letters are those of Crockford's base 32, in which no
//! two are mistaken for each other: <https://www.crockford.com/base32.html>.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const LENGTH: usize = 8;
/// 2024-01-01 in Unix seconds.
const EPOCH: u64 = 1_704_067_200;
const SECOND_BITS: u32 = 31;
const RANDOM_BITS: u32 = 9;

/// An id of that second, each time another.
pub(super) fn drawn(second: u64) -> String {
    // The system draws keys for each state.
    of(second, RandomState::new().hash_one(second))
}

fn of(second: u64, random: u64) -> String {
    let seconds = second.saturating_sub(EPOCH) & ((1 << SECOND_BITS) - 1);
    let bits = seconds << RANDOM_BITS | random & ((1 << RANDOM_BITS) - 1);
    let letter = |place: usize| LETTERS[(bits >> (5 * place)) as usize & 31];
    (0..LENGTH)
        .rev()
        .map(|place| char::from(letter(place)))
        .collect()
}

/// Whether it can be an id.
pub(super) fn is_id(text: &str) -> bool {
    text.len() == LENGTH && text.bytes().all(|letter| LETTERS.contains(&letter))
}

/// An id or its beginning as somebody typed it: in letters of either size, with those
/// that are mistaken for others.
pub fn typed(text: &str) -> String {
    let letters = text.trim().chars();
    letters
        .map(|letter| match letter.to_ascii_lowercase() {
            'i' | 'l' => '1',
            'o' => '0',
            letter => letter,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{EPOCH, drawn, is_id, of, typed};

    #[test]
    fn ids_sort_by_time() {
        let mut before = String::new();
        for second in [EPOCH, EPOCH + 1, EPOCH + 31, 1_800_000_000, 3_800_000_000] {
            let id = of(second, u64::MAX);
            assert!(is_id(&id), "{id}");
            assert!(before < of(second, 0), "{before} {id}");
            before = id;
        }
        assert_eq!(
            (of(0, 0), of(EPOCH, 0)),
            ("00000000".into(), "00000000".into())
        );
        assert_eq!(of(EPOCH + 1, 33), "000000h1");
    }

    #[test]
    fn ids_of_a_second_differ() {
        let ids: std::collections::BTreeSet<String> =
            (0..100).map(|_| drawn(1_800_000_000)).collect();
        assert!(ids.len() > 50, "{}", ids.len());
    }

    #[test]
    fn what_is_typed_is_what_was_meant() {
        for (text, expected) in [("0AbC", "0abc"), (" oIl ", "011"), ("../x", "../x")] {
            assert_eq!(typed(text), expected);
        }
        for text in [
            "",
            "0000000",
            "000000000",
            "0000000u",
            "../../ab",
            "ABCDEFGH",
        ] {
            assert!(!is_id(text), "{text}");
        }
    }
}
