//! Those whose addresses are told by what they are called: own networks, an ASN
//! database, IPinfo, RDAP, PTR.
//!
//! **Invariants.** Without names nothing is found; a word of a name counts whole.

use super::Case;
use crate::name::{Name, NameSource};
use crate::report::Destination;
use crate::report::text::grouped;
use rust_decimal::Decimal;
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// Somebody whose addresses are told by their names.
pub(super) struct Vendor {
    /// As people say it.
    pub(super) said: &'static str,
    /// Words that its organisation or network is called by, in lower case.
    pub(super) words: &'static [&'static str],
    /// Its domains.
    pub(super) domains: &'static [&'static str],
    /// Its page on what there is to do, where one is known.
    pub(super) page: Option<&'static str>,
}

pub(super) const fn vendor(
    said: &'static str,
    words: &'static [&'static str],
    domains: &'static [&'static str],
    page: Option<&'static str>,
) -> Vendor {
    Vendor {
        said,
        words,
        domains,
        page,
    }
}

impl Vendor {
    /// Whether that is a name of the vendor.
    pub(super) fn has(&self, name: &Name) -> bool {
        let in_domain = |host: &str| {
            let host = host.trim_end_matches('.').to_ascii_lowercase();
            self.domains.iter().any(|domain| {
                let rest = host.strip_suffix(domain);
                rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            })
        };
        if name.domain.as_deref().is_some_and(in_domain) {
            return true;
        }
        if name.source == NameSource::Ptr {
            return in_domain(&name.name);
        }
        // A list of networks may be called just as the vendor is.
        let lists = [Some(&name.name), name.list.as_ref()];
        let is_said = |list: &&String| list.eq_ignore_ascii_case(self.said);
        let by_list = name.source == NameSource::Networks && lists.iter().flatten().any(is_said);
        let is_called = |text: &&String| self.words.iter().any(|word| has_words(text, word));
        by_list || lists.iter().flatten().any(is_called)
    }

    fn name_of(&'static self, row: &Destination) -> Option<String> {
        let name = row.names.iter().find(|name| self.has(name))?;
        Some(format!("{} ({})", name.name, name.said_by()))
    }
}

/// Whether the text has the words, and they are no part of longer ones.
fn has_words(text: &str, words: &str) -> bool {
    let text = text.to_lowercase();
    let is_edge = |letter: Option<char>| letter.is_none_or(|letter| !letter.is_alphanumeric());
    text.match_indices(words).any(|(at, found)| {
        is_edge(text[..at].chars().next_back()) && is_edge(text[at + found.len()..].chars().next())
    })
}

/// What goes to a vendor.
pub(super) struct Sum {
    pub(super) vendor: &'static Vendor,
    pub(super) bytes: u128,
    pub(super) up: u128,
    pub(super) share: Decimal,
    pub(super) addresses: usize,
    pub(super) names: BTreeSet<String>,
}

/// What goes to each of them, the largest first.
pub(super) fn sums(case: &Case<'_>, vendors: &'static [Vendor]) -> Vec<Sum> {
    let sum = |vendor: &'static Vendor| {
        let mut sum = Sum {
            vendor,
            bytes: 0,
            up: 0,
            share: Decimal::ZERO,
            addresses: 0,
            names: BTreeSet::new(),
        };
        for row in &case.report.destinations {
            if let Some(name) = vendor.name_of(row) {
                sum.bytes += row.share.bytes;
                sum.up += row.share.in_from_source;
                sum.share += row.share.share;
                sum.addresses += 1;
                sum.names.insert(name);
            }
        }
        sum
    };
    let mut sums: Vec<Sum> = vendors.iter().map(sum).collect();
    sums.retain(|sum| sum.addresses > 0);
    sums.sort_by_key(|sum| Reverse(sum.bytes));
    sums
}

impl Sum {
    /// How many bytes, and by which names.
    pub(super) fn evidence(&self) -> String {
        let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        format!(
            "{}: {} bytes, {} of them to it, with {} address{} called {}.",
            self.vendor.said,
            grouped(self.bytes),
            grouped(self.up),
            self.addresses,
            if self.addresses == 1 { "" } else { "es" },
            names.join(", "),
        )
    }
}
