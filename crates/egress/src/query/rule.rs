//! What is asked of records beyond sums by keys, in each language.
//!
//! **Invariants.** A rule is that of its detector, or says in a comment how it is
//! not. What a language cannot say, or records cannot answer, is a sentence and no
//! query.

use super::athena::{self, Sql};
use super::beaconing::{self, Beaconing};
use super::cidrs::{self, Cidrs};
use super::condition::Condition;
use super::exfiltration::{self, Exfiltration};
use super::{Legs, Query, QueryError, insights};
use crate::investigate::{Analysis, Asked};
use flowlog::{Field, Layout};

/// What is asked of the records that count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// Sums by keys, and nothing else.
    Sums,
    /// Far more sent to a new external end than received.
    Exfiltration(Exfiltration),
    /// Connections at regular intervals.
    Beaconing(Beaconing),
    /// Sums by address of lists of prefixes.
    Cidrs(Cidrs),
}

/// What a query is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Insights,
    Athena,
}

/// The query of an analysis that is a rule of its own.
pub(super) fn query(analysis: Analysis, asked: &Asked, legs: &Legs) -> Option<Query> {
    match analysis {
        Analysis::Exfiltration => Some(exfiltration::query(asked, legs)),
        Analysis::Beaconing => Some(beaconing::query(asked, legs)),
        Analysis::CidrConnections => Some(cidrs::query(asked, legs)),
        _ => None,
    }
}

impl Rule {
    /// Errors: it cannot be asked in that language, or of records of that layout.
    pub(super) fn refuse(&self, layout: &Layout, language: Language) -> Result<(), QueryError> {
        let (analysis, needs, why): (Analysis, &[Field], &str) = match self {
            Rule::Sums => return Ok(()),
            Rule::Exfiltration(_) => (
                Analysis::Exfiltration,
                &[Field::Bytes, Field::Start],
                "how much is sent to what is new cannot be told",
            ),
            Rule::Beaconing(_) if language == Language::Insights => {
                return Err(unsayable(
                    Analysis::Beaconing,
                    "it looks at the times between connections, and Logs Insights cannot put the \
                     records of a group in order; use --language athena",
                ));
            }
            Rule::Beaconing(_) => (
                Analysis::Beaconing,
                &[Field::Srcport, Field::Dstport, Field::Start],
                "connections and the times between them cannot be told",
            ),
            Rule::Cidrs(cidrs) => return cidrs.refuse(),
        };
        let lacks = |field: &&Field| !layout.has(**field);
        let lacking: Vec<&str> = needs.iter().filter(lacks).map(|it| it.name()).collect();
        match lacking.is_empty() {
            true => Ok(()),
            false => Err(unsayable(
                analysis,
                &format!("the records have no {}, so {why}", lacking.join(", ")),
            )),
        }
    }

    /// How it is not the detector's: a sentence.
    pub(super) fn note(&self, language: Language) -> Option<String> {
        match self {
            Rule::Sums => None,
            Rule::Exfiltration(rule) => Some(rule.note(language)),
            Rule::Beaconing(_) => Some(beaconing::note()),
            Rule::Cidrs(_) => Some(cidrs::note(language)),
        }
    }

    /// Fields that it asks for and can do without.
    pub(super) fn fields(&self) -> &'static [Field] {
        match self {
            Rule::Sums | Rule::Cidrs(_) => &[],
            Rule::Exfiltration(_) => &[Field::Action],
            Rule::Beaconing(_) => &[Field::Action, Field::Protocol],
        }
    }

    /// What it asks of ends, beside what records must be.
    pub(super) fn conditions(
        &self,
        query: &Query,
        layout: &Layout,
        language: Language,
    ) -> Vec<Condition> {
        match (self, language) {
            (Rule::Sums | Rule::Beaconing(_), _) | (Rule::Cidrs(_), Language::Athena) => Vec::new(),
            (Rule::Exfiltration(_), _) => exfiltration::inside(query, layout).to_vec(),
            (Rule::Cidrs(cidrs), Language::Insights) => cidrs.listed(layout).to_vec(),
        }
    }

    /// What follows the records that count.
    pub(super) fn insights(
        &self,
        query: &Query,
        layout: &Layout,
        words: &insights::Words<'_>,
    ) -> Vec<String> {
        match self {
            Rule::Exfiltration(rule) => rule.insights(query, layout, words),
            Rule::Cidrs(cidrs) => cidrs.insights(query, layout, words),
            // The latter is refused.
            Rule::Sums | Rule::Beaconing(_) => Vec::new(),
        }
    }

    /// What follows the step `counted`, which are the records that count: more steps,
    /// and the lines of the last SELECT.
    pub(super) fn athena(
        &self,
        query: &Query,
        layout: &Layout,
        words: &athena::Words<'_>,
        sql: &mut Sql,
    ) -> Vec<String> {
        match self {
            Rule::Sums => Vec::new(),
            Rule::Exfiltration(rule) => rule.athena(query, layout, words, sql),
            Rule::Beaconing(rule) => rule.athena(layout, words, sql),
            Rule::Cidrs(cidrs) => cidrs.athena(query, layout, sql),
        }
    }
}

/// A sentence that says why there is no query.
pub(super) fn unsayable(analysis: Analysis, why: &str) -> QueryError {
    QueryError::Unsayable(format!("{}: no query; {why}.", analysis.name()))
}
