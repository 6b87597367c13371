//! What became of every line: the quality figures of a table.
//!
//! **Invariants.** `read` is the sum of `parsed`, `nodata`, `skipdata` and
//! malformed; `rejected` and `left_out` are parts of `parsed`. Header and blank
//! lines are no records and are not in `read`.

use std::collections::BTreeMap;
use std::sync::Arc;

/// How many examples of malformed lines are kept for each reason.
const EXAMPLES: usize = 5;

/// Why a line could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MalformedReason {
    /// The line has more or fewer fields than its layout.
    FieldCount,
    /// A number field holds something else, or more than 63 bits.
    Number,
    /// An address field holds something else.
    Address,
    /// The action is neither ACCEPT nor REJECT.
    Action,
    /// The log-status is none of OK, NODATA and SKIPDATA.
    LogStatus,
    /// A record with status OK that lacks an address or, if accepted, its bytes.
    MissingValue,
    /// The line is longer than any record can be.
    TooLong,
}

impl MalformedReason {
    /// The stable name, as reports print it.
    pub fn name(self) -> &'static str {
        match self {
            MalformedReason::FieldCount => "field-count",
            MalformedReason::Number => "number",
            MalformedReason::Address => "address",
            MalformedReason::Action => "action",
            MalformedReason::LogStatus => "log-status",
            MalformedReason::MissingValue => "missing-value",
            MalformedReason::TooLong => "too-long",
        }
    }
}

/// Where a malformed line stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Example {
    /// The source's name, empty where it was given none.
    pub source: Arc<str>,
    /// The line number in that source, from 1.
    pub line: u64,
}

/// The time that the records cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first `start`, in Unix seconds.
    pub start: u64,
    /// The last `end`, in Unix seconds.
    pub end: u64,
}

/// How many lines were read and what became of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Lines that should be records.
    pub read: u64,
    /// Records with data.
    pub parsed: u64,
    /// Records that say that nothing was moved in their interval.
    pub nodata: u64,
    /// Records that say that AWS skipped flows in their interval.
    pub skipdata: u64,
    /// Records with data whose action is REJECT.
    pub rejected: u64,
    /// Records with data that the filter leaves out.
    pub left_out: u64,
    malformed: BTreeMap<MalformedReason, (u64, Vec<Example>)>,
}

impl Counts {
    /// Lines that could not be read.
    pub fn malformed(&self) -> u64 {
        self.malformed.values().map(|(count, _)| count).sum()
    }

    /// Lines that could not be read, by reason, with where the first ones stand.
    pub fn malformed_by_reason(&self) -> impl Iterator<Item = (MalformedReason, u64, &[Example])> {
        self.malformed
            .iter()
            .map(|(reason, (count, examples))| (*reason, *count, examples.as_slice()))
    }

    pub(crate) fn add_malformed(&mut self, reason: MalformedReason, source: &Arc<str>, line: u64) {
        let (count, examples) = self.malformed.entry(reason).or_default();
        *count += 1;
        let example = Example {
            source: Arc::clone(source),
            line,
        };
        // The first ones by name and line, so that the order of reading and
        // merging does not matter.
        let place = examples.partition_point(|kept| *kept < example);
        if place < EXAMPLES {
            examples.insert(place, example);
            examples.truncate(EXAMPLES);
        }
    }

    pub(crate) fn set_malformed(
        &mut self,
        reason: MalformedReason,
        count: u64,
        examples: Vec<Example>,
    ) {
        self.malformed.insert(reason, (count, examples));
    }

    pub(crate) fn merge(&mut self, other: Counts) {
        self.read += other.read;
        self.parsed += other.parsed;
        self.nodata += other.nodata;
        self.skipdata += other.skipdata;
        self.rejected += other.rejected;
        self.left_out += other.left_out;
        for (reason, (count, examples)) in other.malformed {
            let (own_count, own_examples) = self.malformed.entry(reason).or_default();
            *own_count += count;
            own_examples.extend(examples);
            own_examples.sort();
            own_examples.truncate(EXAMPLES);
        }
    }
}
