//! What was read, ready to be looked at.

use crate::progress::{Shown, Watched};
use crate::serve::jobs::locked;
use crate::serve::problem::Problem;
use crate::serve::reports::Times;
use crate::sources::{How, Sources};
use anyhow::Result;
use egress::Report;
use egress::bundle::Bundle;
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};

/// Pairs that are told apart: as many as a picture or a list may show.
const PAIRS: usize = 500;
/// Reports of parts that are kept.
const MOST_PARTS: usize = 8;

/// From when, and until when.
type Part = (Option<u64>, Option<u64>);

/// What was read.
pub(crate) struct Opened {
    bundle: Bundle,
    whole: Arc<Report>,
    parts: Mutex<VecDeque<(Part, Arc<Report>)>>,
}

impl fmt::Debug for Opened {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Opened").finish_non_exhaustive()
    }
}

impl Opened {
    /// Reads it all.
    pub(super) fn read(sources: &Sources, watched: &Arc<Watched>) -> Result<Opened> {
        let bundle = sources.gather(&How {
            by_time: true,
            shown: Shown::To(Arc::clone(watched)),
            ..How::of(PAIRS)
        })?;
        let whole = crate::sources::report(&bundle, PAIRS)?;
        Ok(Opened {
            bundle,
            whole: Arc::new(whole),
            parts: Mutex::default(),
        })
    }

    /// The report on the records that begin in that time.
    pub(super) fn report(
        &self,
        from: Option<u64>,
        until: Option<u64>,
    ) -> Result<Arc<Report>, Problem> {
        if (from, until) == (None, None) {
            return Ok(Arc::clone(&self.whole));
        }
        let part = (from, until);
        let mut parts = locked(&self.parts);
        if let Some((_, report)) = parts.iter().find(|(known, _)| *known == part) {
            return Ok(Arc::clone(report));
        }
        let report = Arc::new(self.part(part)?);
        parts.push_front((part, Arc::clone(&report)));
        parts.truncate(MOST_PARTS);
        Ok(report)
    }

    fn part(&self, _part: Part) -> Result<Report, Problem> {
        Err(Problem::unprocessable(
            "NoTimes",
            "It has no times to choose from; leave out from and until.",
        ))
    }

    pub(super) fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    pub(super) fn records(&self) -> u64 {
        self.whole.records.parsed
    }

    pub(super) fn window(&self) -> Option<Times> {
        self.whole.window.map(|window| Times {
            start: window.start,
            end: window.end,
        })
    }

    pub(super) fn period(&self) -> u64 {
        self.bundle.table.period()
    }

    pub(super) fn has_times(&self) -> bool {
        false
    }
}
