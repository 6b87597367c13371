//! What a filter means, as slowly and plainly as can be: what faster ways and
//! other languages are compared with.

use super::{AddressOf, AddressSet, Compare, Expr, Named, NumberSet, PRIVATE, Pattern, Test};
use crate::Field;
use std::net::IpAddr;

/// What may be in a set that is known from elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Member {
    /// In a set of addresses.
    Address(IpAddr),
    /// In a set of numbers.
    Number(u64),
}

/// A record's words by field, and who is in the sets.
struct Record<'r, 'a> {
    word: &'r dyn Fn(Field) -> Option<&'a str>,
    is_in: &'r dyn Fn(Named, Member) -> bool,
}

impl Expr {
    /// Whether the record counts. `word` gives the word of a field, `-` or `None`
    /// where there is none.
    #[doc(hidden)]
    pub fn matches<'a>(
        &self,
        word: &dyn Fn(Field) -> Option<&'a str>,
        is_in: &dyn Fn(Named, Member) -> bool,
    ) -> bool {
        self.is_true(&Record { word, is_in })
    }

    fn is_true(&self, record: &Record<'_, '_>) -> bool {
        match self {
            Expr::All(parts) => parts.iter().all(|part| part.is_true(record)),
            Expr::Any(parts) => parts.iter().any(|part| part.is_true(record)),
            Expr::Not(part) => !part.is_true(record),
            Expr::Test(test) => test.is_true(record),
        }
    }
}

impl Test {
    fn is_true(&self, record: &Record<'_, '_>) -> bool {
        match self {
            Test::Address(of, set) => of
                .values(record)
                .into_iter()
                .any(|address| set.holds(address, record)),
            Test::Number(of, set) => {
                let numbers = of.fields().into_iter();
                let mut numbers = numbers.filter_map(|field| record.number(field));
                numbers.any(|number| set.holds(number, record))
            }
            Test::Text(of, patterns) => {
                let texts = of.fields().into_iter();
                let mut texts = texts.filter_map(|field| record.text(field));
                texts.any(|text| {
                    let text: Vec<char> = text.chars().collect();
                    let pattern = |pattern: &Pattern| pattern.0.chars().collect::<Vec<char>>();
                    patterns.iter().any(|one| fits(&pattern(one), &text))
                })
            }
            Test::Missing(field) => record.text(*field).is_none(),
        }
    }
}

impl<'a> Record<'_, 'a> {
    fn text(&self, field: Field) -> Option<&'a str> {
        (self.word)(field).filter(|word| !word.is_empty() && *word != "-")
    }

    fn number(&self, field: Field) -> Option<u64> {
        self.text(field)?.parse().ok()
    }

    fn address(&self, field: Field) -> Option<IpAddr> {
        self.text(field)?.parse().ok()
    }
}

impl AddressOf {
    fn values(self, record: &Record<'_, '_>) -> Vec<IpAddr> {
        let one = |packet, seen| record.address(packet).or_else(|| record.address(seen));
        let src = || one(Field::PktSrcaddr, Field::Srcaddr);
        let dst = || one(Field::PktDstaddr, Field::Dstaddr);
        match self {
            AddressOf::Src => src().into_iter().collect(),
            AddressOf::Dst => dst().into_iter().collect(),
            AddressOf::Either => src().into_iter().chain(dst()).collect(),
            AddressOf::Field(field) => record.address(field).into_iter().collect(),
        }
    }
}

impl AddressSet {
    fn holds(&self, address: IpAddr, record: &Record<'_, '_>) -> bool {
        match self {
            AddressSet::Networks(networks) => networks.iter().any(|net| net.contains(&address)),
            AddressSet::Private => PRIVATE.iter().any(|net| net.contains(&address)),
            AddressSet::Named(set) => (record.is_in)(*set, Member::Address(address)),
        }
    }
}

impl NumberSet {
    fn holds(&self, number: u64, record: &Record<'_, '_>) -> bool {
        match self {
            NumberSet::Compare(compare, other) => match compare {
                Compare::Less => number < *other,
                Compare::AtMost => number <= *other,
                Compare::More => number > *other,
                Compare::AtLeast => number >= *other,
            },
            NumberSet::Ranges(ranges) => ranges.iter().any(|range| range.contains(&number)),
            NumberSet::Named(set) => (record.is_in)(*set, Member::Number(number)),
        }
    }
}

/// Whether the text fits the pattern, by every way to do so.
fn fits(pattern: &[char], text: &[char]) -> bool {
    match (pattern, text) {
        ([], text) => text.is_empty(),
        (['*', pattern @ ..], _) => (0..=text.len()).any(|from| fits(pattern, &text[from..])),
        ([one, pattern @ ..], [other, text @ ..]) => one == other && fits(pattern, text),
        (_, []) => false,
    }
}
