//! What the names in a filter mean.

use super::{AddressOf, Kind, NumberOf, TextOf};
use crate::Field;

/// What a name means, and how its values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Address(AddressOf),
    Number(NumberOf, Kind),
    Text(TextOf),
}

/// Names that are not of a field.
const SHORT: [(&str, Meaning); 8] = [
    ("src", Meaning::Address(AddressOf::Src)),
    ("dst", Meaning::Address(AddressOf::Dst)),
    ("ip", Meaning::Address(AddressOf::Either)),
    ("port", Meaning::Number(NumberOf::EitherPort, Kind::Port)),
    ("service", Meaning::Text(TextOf::EitherService)),
    (
        "src-service",
        Meaning::Text(TextOf::Field(Field::PktSrcAwsService)),
    ),
    (
        "dst-service",
        Meaning::Text(TextOf::Field(Field::PktDstAwsService)),
    ),
    (
        "interface",
        Meaning::Text(TextOf::Field(Field::InterfaceId)),
    ),
];
/// What others call them.
const ELSEWHERE: [(&str, &str); 15] = [
    ("destination", "dst"),
    ("destip", "dst"),
    ("dport", "dstport"),
    ("dstip", "dst"),
    ("endtime", "end"),
    ("eni", "interface"),
    ("instance", "instance-id"),
    ("proto", "protocol"),
    ("source", "src"),
    ("sourceip", "src"),
    ("sport", "srcport"),
    ("srcip", "src"),
    ("starttime", "start"),
    ("status", "log-status"),
    ("vpc", "vpc-id"),
];
/// How many letters may be wrong for a name to be suggested.
const MOST_WRONG: usize = 2;
/// Letters of a word that may be meant for a name.
const LONGEST: usize = 40;
/// How many names are suggested.
const MOST_NEAR: usize = 3;

impl Meaning {
    /// The fields that the value may be in.
    pub(super) fn fields(self) -> Vec<Field> {
        match self {
            Meaning::Address(of) => of.fields(),
            Meaning::Number(of, _) => of.fields(),
            Meaning::Text(of) => of.fields(),
        }
    }
}

/// Every name, and what kind of value it has.
pub fn names() -> impl Iterator<Item = (&'static str, Kind)> {
    let short = SHORT.iter().map(|(name, meaning)| {
        let kind = match meaning {
            Meaning::Address(_) => Kind::Address,
            Meaning::Number(_, kind) => *kind,
            Meaning::Text(_) => Kind::Text,
        };
        (*name, kind)
    });
    let fields = Field::ALL.iter();
    short.chain(fields.map(|field| (field.name(), Kind::of(*field))))
}

/// What the name means; hyphens, underscores and case do not matter.
pub(super) fn meaning(name: &str) -> Option<Meaning> {
    let plain = plain(name);
    let short = SHORT.iter().find(|(short, _)| self::plain(short) == plain);
    short.map(|(_, meaning)| *meaning).or_else(|| {
        let field = Field::ALL
            .iter()
            .find(|field| self::plain(field.name()) == plain)?;
        Some(of(*field))
    })
}

fn of(field: Field) -> Meaning {
    match Kind::of(field) {
        Kind::Address => Meaning::Address(AddressOf::Field(field)),
        Kind::Text => Meaning::Text(TextOf::Field(field)),
        kind => Meaning::Number(NumberOf::Field(field), kind),
    }
}

fn plain(name: &str) -> String {
    let letters = name.chars().filter(|letter| !matches!(letter, '-' | '_'));
    letters.map(|letter| letter.to_ascii_lowercase()).collect()
}

/// Names that are nearly the word, the nearest first.
pub(super) fn near(word: &str) -> Vec<&'static str> {
    let word = plain(word);
    if let Some((_, ours)) = ELSEWHERE.iter().find(|(theirs, _)| *theirs == word) {
        return vec![ours];
    }
    if word.len() > LONGEST {
        return Vec::new();
    }
    let names = SHORT.iter().map(|(name, _)| *name);
    let mut near: Vec<(usize, &str)> = names
        .chain(Field::ALL.iter().map(|field| field.name()))
        .map(|name| (distance(&word, &plain(name)), name))
        // Of a short word almost every letter could be another.
        .filter(|(wrong, name)| *wrong <= MOST_WRONG && *wrong < plain(name).len().div_ceil(2))
        .collect();
    near.sort_unstable();
    let nearest = near.first().map_or(0, |(wrong, _)| *wrong);
    near.retain(|(wrong, _)| *wrong == nearest);
    near.into_iter()
        .map(|(_, name)| name)
        .take(MOST_NEAR)
        .collect()
}

/// How many letters have to be put in, left out, changed or swapped with their
/// neighbour to make one word of the other.
fn distance(one: &str, other: &str) -> usize {
    let one: Vec<char> = one.chars().collect();
    let other: Vec<char> = other.chars().collect();
    let mut rows: Vec<Vec<usize>> = vec![(0..=other.len()).collect()];
    for (i, letter) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, its) in other.iter().enumerate() {
            let changed = rows[i][j] + usize::from(letter != its);
            let mut least = changed.min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *letter == other[j - 1] && one[i - 1] == *its {
                least = least.min(rows[i - 1][j - 1] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use super::{distance, meaning, near};
    use crate::Field;

    #[test]
    fn every_field_has_a_meaning_of_its_own() {
        for field in Field::ALL {
            let found = meaning(field.name()).map(|found| found.fields());
            assert_eq!(found, Some(vec![*field]), "{}", field.name());
        }
        assert_eq!(meaning("pktSrcAddr"), meaning("pkt_srcaddr"));
        assert_eq!(meaning("INTERFACE"), meaning("interface-id"));
        assert_eq!(meaning("sourceaddress"), None);
    }

    #[test]
    fn suggests_what_is_near() {
        for (word, expected) in [
            ("dstprt", &["dstport"][..]),
            ("dsport", &["dstport"]),
            ("rcport", &["srcport"]),
            ("dport", &["dstport"]),
            ("destination", &["dst"]),
            ("srcadr", &["srcaddr"]),
            ("byte", &["bytes"]),
            ("protcol", &["protocol"]),
            ("portocol", &["protocol"]),
            ("x", &[]),
            ("hello", &[]),
        ] {
            assert_eq!(near(word), expected, "{word}");
        }
    }

    #[test]
    fn counts_wrong_letters() {
        for (one, other, expected) in [
            ("", "abc", 3),
            ("abc", "abc", 0),
            ("acb", "abc", 1),
            ("ab", "abc", 1),
            ("axc", "abc", 1),
        ] {
            assert_eq!(distance(one, other), expected, "{one} {other}");
        }
    }
}
