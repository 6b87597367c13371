//! What of the traffic is strange: rules with thresholds, one rule a file.
//!
//! Some rules look at finished flows, others at single records: these are folds
//! that merge in any order, whose ends have other numbers in each fold.
//!
//! **Invariants.** A rule gives all its rows, the most striking first; whoever
//! shows them cuts them. Its table says the rule with its thresholds, and where
//! records cannot answer (no start, no port) or not all was looked at, it says so. A
//! rule is a heading of docs/detectors.md. No floating point: shares are compared
//! as products.

pub(crate) mod beaconing;
pub(crate) mod brute_force;
pub(crate) mod exfiltration;
pub(crate) mod first_seen;
pub(crate) mod port_scan;
pub(crate) mod reject_storms;
pub(crate) mod remotes;
mod sample;
mod thresholds;
pub(crate) mod top_talkers;

#[cfg(test)]
mod made;

pub use thresholds::Thresholds;

use super::seen::Pair;
use super::{Cell, Column, ColumnKind, Row, Sums, Table};
use crate::report::text::grouped;
use std::net::IpAddr;

/// The rules, as docs/detectors.md has them.
pub const DETECTORS: [&str; 7] = [
    port_scan::NAME,
    brute_force::NAME,
    reject_storms::NAME,
    beaconing::NAME,
    exfiltration::NAME,
    first_seen::NAME,
    top_talkers::NAME,
];

/// What a fold knows at its end.
#[derive(Clone, Copy)]
pub(crate) struct Ends<'a> {
    /// What the end with that number is.
    pub(crate) address: &'a dyn Fn(u32) -> IpAddr,
    /// Whether records of the pair count, where others say the same bytes.
    pub(crate) counts: &'a dyn Fn(Pair) -> bool,
}

impl Ends<'_> {
    fn cell(&self, end: u32) -> Cell {
        Cell::Text((self.address)(end).to_string())
    }
}

/// How many records say when they began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Dated {
    with: u64,
    without: u64,
}

impl Dated {
    /// Counts a record; its start again.
    fn start(&mut self, start: Option<u64>) -> Option<u64> {
        match start {
            Some(_) => self.with += 1,
            None => self.without += 1,
        }
        start
    }

    fn add(&mut self, other: Dated) {
        self.with += other.with;
        self.without += other.without;
    }

    /// What is to be said of those without.
    fn note(self, what: &str) -> Option<String> {
        match (self.with, self.without) {
            (_, 0) => None,
            (0, _) => Some(format!("These records have no start, so {what}.")),
            (_, without) => Some(format!(
                "{} have no start and are not looked at.",
                grouped(without.into())
            )),
        }
    }
}

/// A table with all its rows, in their order.
fn table(
    analysis: &str,
    view: Option<&str>,
    title: &str,
    about: Vec<String>,
    columns: &[(&str, ColumnKind)],
    rows: Vec<Row>,
) -> Table {
    let mut total = Sums::default();
    for row in &rows {
        total.add(row.sums);
    }
    let column = |(name, kind): &(&str, ColumnKind)| Column {
        name: (*name).to_owned(),
        kind: *kind,
    };
    Table {
        analysis: analysis.to_owned(),
        view: view.map(str::to_owned),
        title: title.to_owned(),
        about: about.join(" "),
        columns: columns.iter().map(column).collect(),
        rows,
        rest: None,
        total,
    }
}

fn count(number: usize) -> Cell {
    Cell::Number(number as u64)
}

/// IANA's number of a protocol.
fn protocol(number: Option<u8>) -> Cell {
    number.map_or(Cell::Missing, |number| Cell::Number(number.into()))
}

/// The minute of a start, since 1970; `None` where it is beyond any clock.
fn minute(start: u64) -> Option<u32> {
    u32::try_from(start / 60).ok()
}

/// The most that lie within the window, and where the first of them is; of times
/// in order. Of windows with as many the earliest.
fn busiest(times: &[u64], window: u64) -> Option<(usize, u64)> {
    let mut best: Option<(usize, u64)> = None;
    let mut from = 0;
    for (at, time) in times.iter().enumerate() {
        while time.saturating_sub(times[from]) > window {
            from += 1;
        }
        let most = at + 1 - from;
        if best.is_none_or(|(before, _)| most > before) {
            best = Some((most, times[from]));
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::{DETECTORS, Dated, busiest};

    #[test]
    fn every_rule_is_a_heading_of_its_page() {
        let page = include_str!("../../../../docs/detectors.md");
        let headings = page.lines().filter_map(|line| line.strip_prefix("## "));
        let headings: Vec<&str> = headings.collect();
        assert_eq!(headings, DETECTORS);
    }

    #[test]
    fn the_busiest_window_slides() {
        for (times, expected) in [
            (&[][..], None),
            (&[5], Some((1, 5))),
            (&[0, 60], Some((2, 0))),
            (&[0, 61], Some((1, 0))),
            (&[0, 30, 60, 61, 90, 200], Some((4, 30))),
            (&[7, 7, 7], Some((3, 7))),
        ] {
            assert_eq!(busiest(times, 60), expected, "{times:?}");
        }
    }

    #[test]
    fn what_has_no_start_is_said() {
        for (with, without, expected) in [
            (1, 0, None),
            (0, 0, None),
            (
                0,
                1_500,
                Some("These records have no start, so nothing is told."),
            ),
            (1, 1_500, Some("1,500 have no start and are not looked at.")),
        ] {
            let note = Dated { with, without }.note("nothing is told");
            assert_eq!(note.as_deref(), expected);
        }
    }
}
