//! The rule of exfiltration as a query: what was sent to an external end, what came
//! from it, and since when.
//!
//! Logs Insights cannot compare a group with all groups, so there the beginning is
//! a number in the query, where the user says it.

use super::athena::{self, Sql};
use super::condition::{Condition, Place};
use super::detectors;
use super::insights;
use super::legs;
use super::rule::{Language, Rule};
use super::{Legs, Query};
use crate::investigate::detect::remotes::LEAST_LEARNING;
use crate::investigate::{Analysis, Asked};
use crate::report::text::time;
use flowlog::{Field, Layout};

/// Thresholds, and the time where it is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exfiltration {
    /// Bytes that were sent, at least.
    pub bytes: u64,
    /// How many times what came, at least.
    pub ratio: u64,
    /// Seconds from the first record on; none: a tenth of the time, but at least
    /// ten minutes.
    pub learning: Option<u64>,
    /// When the records begin, in Unix seconds.
    pub from: Option<u64>,
    /// When they end.
    pub until: Option<u64>,
}

pub(super) fn query(asked: &Asked, legs: &Legs) -> Query {
    let thresholds = &asked.thresholds;
    let rule = Exfiltration {
        bytes: thresholds.exfiltration_bytes,
        ratio: thresholds.exfiltration_ratio,
        learning: thresholds.learning,
        from: asked.from,
        until: asked.until,
    };
    let about = format!(
        ": External ends to which inside sent at least {} bytes in all and at least {} times what \
         came from them.",
        rule.bytes, rule.ratio
    );
    let analysis = Analysis::Exfiltration;
    Query {
        rule: Rule::Exfiltration(rule),
        ..detectors::query(analysis, about, vec![], &[], vec![], 0, asked, legs)
    }
}

/// Whether the sender is inside, and whether the receiver is.
pub(super) fn inside(query: &Query, layout: &Layout) -> [Condition; 2] {
    let is_inside = |place| Condition::within(place, query.inside());
    [Place::source(layout), Place::destination(layout)].map(is_inside)
}

/// What is sent to an external end and accepted, and what comes from one.
struct Directions {
    /// Sent to one or coming from one, accepted or not.
    external: Condition,
    /// Of these: sent by inside.
    is_upload: Condition,
    upload: Condition,
    download: Condition,
}

impl Directions {
    fn of(query: &Query, layout: &Layout) -> Directions {
        let [src, dst] = inside(query, layout);
        let accepted = || Condition::not(legs::text(Field::Action, "REJECT", layout));
        let only = |one: &Condition, other: &Condition| {
            Condition::all(vec![one.clone(), Condition::not(other.clone())])
        };
        Directions {
            external: Condition::any(vec![only(&src, &dst), only(&dst, &src)]),
            is_upload: src.clone(),
            upload: Condition::all(vec![src, accepted()]),
            download: Condition::all(vec![dst, accepted()]),
        }
    }
}

impl Exfiltration {
    /// What is first seen later than that is new, where the query has to say when the
    /// records begin.
    fn known_until(&self) -> Option<u64> {
        let from = self.from?;
        let tenth = || Some((self.until?.saturating_sub(from) / 10).max(LEAST_LEARNING));
        Some(from.saturating_add(self.learning.or_else(tenth)?))
    }

    pub(super) fn note(&self, language: Language) -> String {
        match (language, self.learning, self.known_until()) {
            (Language::Athena, Some(after), _) => {
                format!(
                    "New are ends first seen later than {after} seconds after the first record."
                )
            }
            (Language::Athena, None, _) => format!(
                "New are ends first seen later than a tenth of the time after the first record, \
                 and {LEAST_LEARNING} seconds at least."
            ),
            (Language::Insights, _, Some(until)) => format!(
                "New are ends first seen later than {}; who sent most is not told.",
                time(until)
            ),
            (Language::Insights, _, None) => "Whether an end is new is not asked, because a query \
                                              cannot compare it with the first record of all: \
                                              say --since with --until or --learning. Who sent \
                                              most is not told."
                .to_owned(),
        }
    }

    pub(super) fn insights(
        &self,
        query: &Query,
        layout: &Layout,
        words: &insights::Words<'_>,
    ) -> Vec<String> {
        let [src, dst] = [Place::source(layout), Place::destination(layout)].map(Place::column);
        let ways = Directions::of(query, layout);
        let Exfiltration { bytes, ratio, .. } = self;
        let mut lines = vec![
            format!("| filter {}", words.top(&ways.external)),
            format!(
                "| fields if({}, {dst}, {src}) as destination, if({}, bytes, 0) as sent, \
                 if({}, bytes, 0) as received",
                words.top(&ways.is_upload),
                words.top(&ways.upload),
                words.top(&ways.download)
            ),
            "| stats sum(sent) as upload, sum(received) as download, min(start) as first_start, \
             max(start) as last_start by destination"
                .to_owned(),
            format!("| filter upload >= {bytes} and upload >= {ratio} * download"),
        ];
        let until = self.known_until();
        lines.extend(until.map(|until| format!("| filter first_start > {until}")));
        lines.push("| sort upload desc".to_owned());
        lines
    }

    pub(super) fn athena(
        &self,
        query: &Query,
        layout: &Layout,
        words: &athena::Words<'_>,
        sql: &mut Sql,
    ) -> Vec<String> {
        let [src, dst] = [Place::source(layout), Place::destination(layout)].map(Place::column);
        let ways = Directions::of(query, layout);
        let word = |condition| words.inner(condition, false);
        let (upload, download) = (word(&ways.upload), word(&ways.download));
        let after = match self.learning {
            Some(after) => after.to_string(),
            None => format!("greatest((max(start) - min(start)) / 10, {LEAST_LEARNING})"),
        };
        sql.step(
            "span",
            &[
                format!("SELECT min(start) + {after} AS known_until"),
                "FROM counted".to_owned(),
            ],
        );
        sql.step(
            "pairs",
            &[
                format!(
                    "SELECT CASE WHEN {} THEN {dst} ELSE {src} END AS destination,",
                    word(&ways.is_upload)
                ),
                format!("  CASE WHEN {upload} THEN {src} END AS source,"),
                format!("  sum(CASE WHEN {upload} THEN bytes END) AS sent,"),
                format!("  sum(CASE WHEN {download} THEN bytes END) AS received,"),
                "  min(start) AS earliest, max(start) AS latest".to_owned(),
                "FROM counted".to_owned(),
                format!("WHERE {}", word(&ways.external)),
                "GROUP BY 1, 2".to_owned(),
            ],
        );
        let Exfiltration { bytes, ratio, .. } = self;
        let [sent, received] = ["sent", "received"].map(|of| format!("coalesce(sum({of}), 0)"));
        vec![
            "SELECT destination, max_by(source, sent) AS source, count(source) AS sources,"
                .to_owned(),
            format!("  {sent} AS upload, {received} AS download,"),
            "  min(earliest) AS first_start, max(latest) AS last_start".to_owned(),
            "FROM pairs".to_owned(),
            "GROUP BY destination".to_owned(),
            format!("HAVING {sent} >= {bytes} AND {sent} >= {ratio} * {received}"),
            "  AND min(earliest) > (SELECT known_until FROM span)".to_owned(),
            "ORDER BY upload DESC".to_owned(),
        ]
    }
}
