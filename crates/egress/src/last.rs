//! What the last recording of a gateway was, and what is new since then.
//!
//! Remote ends of AWS services and workloads of an auto-scaling group change
//! their addresses all the time. So an address is new only if what it belongs
//! to is new, too.
//!
//! **Invariants.** The document is versioned ([`LAST_VERSION`]). A recording is
//! never compared with itself, however often it is analyzed, nor with a later one.

use crate::report::{Report, Share, Verdict, named};
use rust_decimal::{Decimal, dec};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The version of the document.
pub const LAST_VERSION: u32 = 1;
/// How many recordings it has: the latest, and what that one was compared with.
const KEPT: usize = 2;
/// The share from which a row is kept.
const KEPT_SHARE: Decimal = dec!(0.001);
/// The share from which a row is told.
const TOLD_SHARE: Decimal = dec!(0.01);
/// How many times as much a minute is told as growth.
const GROWN: u128 = 2;

/// The last recordings of a gateway.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Last {
    /// [`LAST_VERSION`] of the writer.
    pub version: u32,
    /// The latest first.
    pub recordings: Vec<Summary>,
}

/// What a recording was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// The execution that made it.
    pub execution: String,
    /// When its first record begins, in Unix seconds.
    pub from: u64,
    /// When its last record ends.
    pub to: u64,
    /// Bytes that were processed.
    pub bytes: u64,
    /// Every row with at least 0.1 % of them.
    pub rows: Vec<Row>,
}

/// A row of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Of which list.
    pub kind: RowKind,
    /// Its name there.
    pub name: String,
    /// What it belongs to: the owner's group, or the AWS service.
    pub of: Option<String>,
    /// Its bytes.
    pub bytes: u64,
}

/// Of which list a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RowKind {
    /// A workload.
    Source,
    /// A remote end.
    Destination,
    /// An AWS service.
    Service,
}

impl RowKind {
    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            RowKind::Source => "source",
            RowKind::Destination => "destination",
            RowKind::Service => "service",
        }
    }
}

/// What is new or has grown since a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Since {
    /// When that one began, in Unix seconds.
    pub from: u64,
    /// When it ended.
    pub to: u64,
    /// What has at least 1 % of the bytes and had less than 0.1 % then, if any.
    pub new: Vec<New>,
    /// What has at least 1 % of the bytes, and moves at least twice as much.
    pub grown: Vec<Grown>,
}

/// A row that was not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct New {
    /// Of which list.
    pub kind: RowKind,
    /// Its name there.
    pub name: String,
    /// What people call it, or the AWS service.
    pub of: Option<String>,
    /// The figures.
    pub share: Share,
}

/// A row that was smaller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grown {
    /// Of which list.
    pub kind: RowKind,
    /// Its name there.
    pub name: String,
    /// Bytes a minute then.
    pub before: u128,
    /// Bytes a minute now.
    pub now: u128,
}

impl Last {
    /// The recording to compare one with that began then.
    pub fn before(&self, execution: &str, from: u64) -> Option<&Summary> {
        if self.version > LAST_VERSION {
            return None;
        }
        let mut recordings = self.recordings.iter();
        recordings.find(|it| it.execution != execution && it.from < from)
    }

    /// With one more; `None` where it is not the latest.
    #[must_use]
    pub fn with(&self, summary: Summary) -> Option<Last> {
        let others = self.recordings.iter();
        let others: Vec<_> = others
            .filter(|it| it.execution != summary.execution)
            .collect();
        if self.version > LAST_VERSION || others.iter().any(|it| it.from > summary.from) {
            return None;
        }
        let others = others.into_iter().take(KEPT - 1).cloned();
        Some(Last {
            version: LAST_VERSION,
            recordings: std::iter::once(summary).chain(others).collect(),
        })
    }
}

impl Summary {
    /// Of a report; `None` where nothing was recorded.
    pub fn of(report: &Report, execution: &str) -> Option<Summary> {
        let window = report
            .window
            .filter(|_| report.verdict == Verdict::Traffic)?;
        let small = |bytes: u128| u64::try_from(bytes).ok();
        let rows = rows(report)
            .into_iter()
            .filter(|row| row.share.share >= KEPT_SHARE)
            .filter_map(|row| {
                Some(Row {
                    kind: row.kind,
                    name: row.name,
                    of: row.of,
                    bytes: small(row.share.bytes)?,
                })
            });
        Some(Summary {
            execution: execution.to_owned(),
            from: window.start,
            to: window.end,
            bytes: small(report.bytes.processed)?,
            rows: rows.collect(),
        })
    }

    /// Bytes a minute; `None` of a recording without a length.
    fn per_minute(&self, bytes: u128) -> Option<u128> {
        per_minute(bytes, self.from, self.to)
    }
}

fn per_minute(bytes: u128, from: u64, to: u64) -> Option<u128> {
    (bytes * 60).checked_div(u128::from(to.saturating_sub(from)))
}

/// Every row that can be compared.
fn rows(report: &Report) -> Vec<New> {
    let sources = report.sources.iter().map(|row| New {
        kind: RowKind::Source,
        name: named(row.address),
        of: row.owner.as_ref().map(crate::Owner::label),
        share: row.share,
    });
    let destinations = report.destinations.iter().map(|row| New {
        kind: RowKind::Destination,
        name: named(row.address),
        of: row.aws_service.clone(),
        share: row.share,
    });
    let services = report.services.iter().filter_map(|row| {
        Some(New {
            kind: RowKind::Service,
            name: row.aws_service.clone()?,
            of: None,
            share: row.share,
        })
    });
    let is_one = |row: &New| row.name != crate::report::OTHER;
    let all = sources.chain(destinations).chain(services);
    all.filter(is_one).collect()
}

impl Since {
    /// What a report has that the recording had not.
    pub(crate) fn of(report: &Report, last: &Summary) -> Option<Since> {
        let window = report
            .window
            .filter(|_| report.verdict == Verdict::Traffic)?;
        let known: BTreeMap<(RowKind, &str), u64> = last
            .rows
            .iter()
            .map(|row| ((row.kind, row.name.as_str()), row.bytes))
            .collect();
        let belonged: BTreeSet<(RowKind, &str)> = last
            .rows
            .iter()
            .filter_map(|row| Some((row.kind, row.of.as_deref()?)))
            .collect();
        let mut since = Since {
            from: last.from,
            to: last.to,
            new: Vec::new(),
            grown: Vec::new(),
        };
        let large = |row: &New| row.share.share >= TOLD_SHARE;
        for row in rows(report).into_iter().filter(large) {
            let belongs = row
                .of
                .as_deref()
                .is_some_and(|of| belonged.contains(&(row.kind, of)));
            match known.get(&(row.kind, row.name.as_str())) {
                None if belongs => {}
                None => since.new.push(row),
                Some(bytes) => {
                    let before = last.per_minute(u128::from(*bytes));
                    let now = per_minute(row.share.bytes, window.start, window.end);
                    let grown = before
                        .zip(now)
                        .filter(|(before, now)| *now >= GROWN * before);
                    since.grown.extend(grown.map(|(before, now)| Grown {
                        kind: row.kind,
                        name: row.name,
                        before,
                        now,
                    }));
                }
            }
        }
        Some(since)
    }
}

#[cfg(test)]
mod tests {
    use super::{LAST_VERSION, Last, Summary};

    fn summary(execution: &str, from: u64) -> Summary {
        Summary {
            execution: execution.to_owned(),
            from,
            to: from + 60,
            bytes: 1,
            rows: Vec::new(),
        }
    }

    fn names(last: &Last) -> Vec<&str> {
        let recordings = last.recordings.iter();
        recordings.map(|it| it.execution.as_str()).collect()
    }

    #[test]
    fn a_recording_is_compared_with_the_one_before_it() {
        let mut last = Last::default();
        for (execution, from) in [("a", 100), ("b", 200), ("c", 300)] {
            let summary = summary(execution, from);
            last = last.with(summary.clone()).expect("the latest");
            // Analyzed again, it is the same.
            assert_eq!(last.with(summary).expect("the latest"), last);
        }
        assert_eq!(names(&last), ["c", "b"]);
        let before = |execution, from| {
            let found = last.before(execution, from);
            found.map(|it| it.execution.as_str())
        };
        assert_eq!(before("d", 400), Some("c"));
        assert_eq!(before("c", 300), Some("b"));
        // One that is analyzed late.
        assert_eq!(before("z", 280), Some("b"));
        assert_eq!(before("z", 200), None);
        assert_eq!(last.with(summary("z", 280)), None);
    }

    #[test]
    fn what_a_later_version_wrote_is_left_alone() {
        let last = Last {
            version: LAST_VERSION + 1,
            recordings: vec![summary("a", 100)],
        };
        assert_eq!(last.before("b", 200), None);
        assert_eq!(last.with(summary("b", 200)), None);
    }
}
