//! What was read, ready to be looked at.
//!
//! **Invariants.** A part is the report on the records that begin in it, made anew by
//! the engine from the cube. The last few are kept.

use crate::progress::{Shown, Watched};
use crate::serve::jobs::locked;
use crate::serve::problem::Problem;
use crate::serve::reports::Times;
use crate::sources::{How, Sources};
use anyhow::Result;
use egress::bundle::Bundle;
use egress::{Facts, Gateways, Report};
use flowlog::{Cube, FlowTable};
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};

/// Pairs that are told apart: as many as a picture or a list may show.
const PAIRS: usize = 500;
/// Reports of parts that are kept.
const MOST_PARTS: usize = 8;

/// A part of the time, as it was asked for.
type Asked = (Option<u64>, Option<u64>);

/// What was read.
pub(crate) struct Opened {
    /// All but the table, which is in the cube if there is one.
    known: Bundle,
    cube: Option<Cube>,
    gateways: Gateways,
    is_live: bool,
    whole: Arc<Report>,
    parts: Mutex<VecDeque<(Asked, Arc<Report>)>>,
}

impl fmt::Debug for Opened {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Opened").finish_non_exhaustive()
    }
}

impl Opened {
    /// Reads it all.
    pub(super) fn read(mut sources: Sources, watched: &Arc<Watched>) -> Result<Opened> {
        sources.resolve()?;
        let mut known = sources.gather(&How {
            by_time: true,
            shown: Shown::To(Arc::clone(watched)),
            ..How::of(PAIRS)
        })?;
        let whole = sources.report(&known, PAIRS)?;
        let has_times = known.table.is_by_time() && whole.window.is_some();
        let gateways = Gateways::of(&known.table, &known.facts);
        let cube = has_times.then(|| std::mem::take(&mut known.table).into_cube());
        Ok(Opened {
            is_live: sources.is_live(),
            known,
            cube,
            gateways,
            whole: Arc::new(whole),
            parts: Mutex::default(),
        })
    }

    /// The report on the records that begin in that time.
    pub(super) fn part(
        &self,
        from: Option<u64>,
        until: Option<u64>,
    ) -> Result<Arc<Report>, Problem> {
        let asked = (from, until);
        if asked == (None, None) {
            return Ok(Arc::clone(&self.whole));
        }
        let known = locked(&self.parts)
            .iter()
            .find(|(known, _)| *known == asked)
            .map(|(_, part)| Arc::clone(part));
        if let Some(part) = known {
            return Ok(part);
        }
        let part = Arc::new(self.made(asked, PAIRS)?);
        let mut parts = locked(&self.parts);
        parts.push_front((asked, Arc::clone(&part)));
        parts.truncate(MOST_PARTS);
        Ok(part)
    }

    /// The same with all pairs, however many; not kept.
    pub(super) fn with_all_pairs(
        &self,
        from: Option<u64>,
        until: Option<u64>,
    ) -> Result<Report, Problem> {
        match &self.cube {
            None if (from, until) == (None, None) => Ok(self.known.report(0)),
            _ => self.made((from, until), 0),
        }
    }

    fn made(&self, (from, until): Asked, pairs: usize) -> Result<Report, Problem> {
        let Some(cube) = &self.cube else {
            return Err(Problem::unprocessable(
                "NoTimes",
                "It has no times to choose from (a bundle, or records without start and end); \
                 leave out from and until.",
            ));
        };
        if from.zip(until).is_some_and(|(from, until)| from >= until) {
            return Err(Problem::unprocessable(
                "EmptyTime",
                "The time ends before it begins; choose from before until.",
            ));
        }
        let time = (from, until);
        Ok(self.known.part(cube, &self.gateways, time, pairs))
    }

    /// What is known beside the records.
    pub(super) fn facts(&self) -> &Facts {
        &self.known.facts
    }

    /// What was read, as it was named.
    pub(super) fn title(&self) -> &str {
        &self.known.title
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

    /// Seconds of the shortest part.
    pub(super) fn period(&self) -> u64 {
        match &self.cube {
            Some(cube) => cube.period(),
            None => FlowTable::period(&self.known.table),
        }
    }

    /// Whether more records may come.
    pub(super) fn is_live(&self) -> bool {
        self.is_live
    }

    pub(super) fn has_times(&self) -> bool {
        self.cube.is_some()
    }
}
