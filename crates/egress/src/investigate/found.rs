//! What an investigation found: tables of rows, with totals of what is not shown.
//!
//! **Invariants.** Plain data that can be kept and read again: every form is
//! printed from this alone. Rows are ranked and cut; [`Table::total`] is of all.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of the kept form.
pub const SCHEMA: &str = "natspike.investigation/1";

/// What an investigation found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Investigation {
    /// [`SCHEMA`].
    pub schema: String,
    /// What was asked.
    pub question: Question,
    /// What became of the lines: `read` is the sum of `parsed`, `nodata`, `skipdata`
    /// and `malformed`; `rejected` is a part of `parsed`, and so is `left_out`, by the
    /// filter or the times.
    pub records: BTreeMap<String, u64>,
    /// Which records count, of all that say the same bytes twice.
    pub legs: String,
    /// What the reader should know.
    pub warnings: Vec<String>,
    /// The answers, one or more for each analysis.
    pub tables: Vec<Table>,
}

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The name of the analysis, or `all`.
    pub analysis: String,
    /// What was read, as it was named.
    pub sources: Vec<String>,
    /// Addresses and networks that are investigated; none: every private one.
    pub subject: Vec<String>,
    /// Networks that are not external; none: every private address.
    pub inside: Vec<String>,
    /// The filter.
    pub filter: Option<String>,
    /// Records that begin from then on, in Unix seconds.
    pub from: Option<u64>,
    /// Records that begin before then.
    pub until: Option<u64>,
    /// Times between these two in which alone records begin, where there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub times: Vec<(u64, u64)>,
    /// What rows are ranked by: `bytes`, `packets` or `flows`.
    pub by: String,
    /// Rows of a table at the most; 0 for all.
    pub limit: usize,
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// The analysis.
    pub analysis: String,
    /// Which of its answers, where it has several: `inbound`, `reply`, …
    pub view: Option<String>,
    /// A heading.
    pub title: String,
    /// What is in it: which records, by which rule and threshold.
    pub about: String,
    /// What rows are told apart by.
    pub columns: Vec<Column>,
    /// The rows, the largest first.
    pub rows: Vec<Row>,
    /// What all rows that are not shown have; `None` where all are shown.
    pub rest: Option<Sums>,
    /// What all rows have, shown or not.
    pub total: Sums,
}

impl Table {
    /// Leaves so many rows, the others in [`Table::rest`]; 0 leaves all.
    pub(crate) fn cut(&mut self, limit: usize) {
        if limit == 0 || self.rows.len() <= limit {
            return;
        }
        let rest = self.rest.get_or_insert_default();
        for row in self.rows.drain(limit..) {
            rest.add(row.sums);
        }
    }
}

/// What rows are told apart by, or what is said of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Lower-case words with underscores: `source`, `destination_port`, …
    pub name: String,
    /// What kind of value it has.
    pub kind: ColumnKind,
}

/// What kind of value a column has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// An IP address, as text.
    Address,
    /// A text.
    Text,
    /// A number of things, a port, a protocol number.
    Number,
    /// Bytes.
    Bytes,
    /// Unix seconds.
    Time,
    /// A length of time in seconds.
    Seconds,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// A value for each column.
    pub cells: Vec<Cell>,
    /// What is behind it.
    pub sums: Sums,
    /// Who the external address of the row belongs to, and who says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
}

/// A value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Cell {
    /// A number, in the unit of its column.
    Number(u64),
    /// A text; an address, too.
    Text(String),
    /// Records do not say.
    Missing,
}

/// How much.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sums {
    /// Bytes.
    pub bytes: u128,
    /// Packets; of records without them 0.
    pub packets: u128,
    /// Records.
    pub flows: u64,
}

impl Sums {
    /// Adds the other.
    pub fn add(&mut self, other: Sums) {
        self.bytes += other.bytes;
        self.packets += other.packets;
        self.flows += other.flows;
    }
}
