//! What inside ends exchanged with each external end, and since when.
//!
//! **Invariants.** Bytes are those of accepted records. The records begin with the
//! first of any that count, not with the first to an external end.

use super::super::Sums;
use super::super::seen::Flow;
use super::{Dated, Thresholds};
use crate::report::text::{grouped, time};
use foldhash::fast::RandomState;
use hashbrown::HashMap;

/// What is new at the earliest, where the user does not say it.
pub(crate) const LEAST_LEARNING: u64 = 600;

/// The external ends.
pub(crate) struct Remotes {
    pub(super) remotes: HashMap<u32, Remote, RandomState>,
    /// When the first and the last record of all began.
    span: Option<(u64, u64)>,
    pub(super) dated: Dated,
}

/// An external end.
#[derive(Default)]
pub(super) struct Remote {
    pub(super) first: Option<u64>,
    pub(super) last: Option<u64>,
    /// From inside.
    pub(super) upload: u128,
    /// To inside.
    pub(super) download: u128,
    /// Of accepted records.
    pub(super) sums: Sums,
    /// Rejected records.
    pub(super) rejected: u64,
    /// The first connection that inside opened to it.
    pub(super) opened: Option<Opened>,
}

#[derive(Clone, Copy)]
pub(super) struct Opened {
    pub(super) first: Option<u64>,
    pub(super) src: u32,
    pub(super) port: Option<u16>,
    pub(super) protocol: Option<u8>,
}

impl Remotes {
    /// Of all flows that count.
    pub(crate) fn of(flows: &mut dyn Iterator<Item = Flow>) -> Remotes {
        let mut remotes = Remotes {
            remotes: HashMap::with_hasher(RandomState::default()),
            span: None,
            dated: Dated::default(),
        };
        for flow in flows {
            remotes.add(&flow);
        }
        remotes
    }

    fn add(&mut self, flow: &Flow) {
        if let (Some(first), Some(last)) = (self.dated.start(flow.first), flow.last) {
            let (begin, end) = self.span.unwrap_or((first, last));
            self.span = Some((begin.min(first), end.max(last)));
        }
        let (external, is_upload) = match flow.sides.map(|side| side.is_inside) {
            [true, false] => (flow.pair.dst, true),
            [false, true] => (flow.pair.src, false),
            _ => return,
        };
        let remote = self.remotes.entry(external).or_default();
        remote.first = [remote.first, flow.first].into_iter().flatten().min();
        remote.last = remote.last.max(flow.last);
        if is_upload && (flow.opens || flow.dst_port.is_none()) {
            remote.open(flow);
        }
        if flow.is_reject {
            remote.rejected += flow.sums.flows;
            return;
        }
        remote.sums.add(flow.sums);
        if is_upload {
            remote.upload += flow.sums.bytes;
        } else {
            remote.download += flow.sums.bytes;
        }
    }

    /// Whether it is what an inside end sent to an external one.
    pub(super) fn is_upload(flow: &Flow) -> bool {
        flow.sides.map(|side| side.is_inside) == [true, false] && !flow.is_reject
    }

    /// What is new, where records say when they began.
    pub(super) fn novelty(&self, thresholds: &Thresholds) -> Option<Novelty> {
        let (begin, end) = self.span?;
        let tenth = (end - begin) / 10;
        Some(Novelty {
            begin,
            end,
            after: thresholds.learning.unwrap_or(tenth.max(LEAST_LEARNING)),
        })
    }
}

impl Remote {
    fn open(&mut self, flow: &Flow) {
        let opened = Opened {
            first: flow.first,
            src: flow.pair.src,
            port: flow.dst_port,
            protocol: flow.protocol,
        };
        let is_earlier = |before: Opened| match (flow.first, before.first) {
            (Some(first), Some(before)) => first < before,
            (first, before) => first.is_some() && before.is_none(),
        };
        if self.opened.is_none_or(is_earlier) {
            self.opened = Some(opened);
        }
    }
}

/// When something is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Novelty {
    begin: u64,
    end: u64,
    /// Seconds from the beginning.
    after: u64,
}

impl Novelty {
    pub(super) fn is_new(self, first: Option<u64>) -> bool {
        first.is_some_and(|first| first - self.begin.min(first) > self.after)
    }

    /// When it is new, in words that follow a comma.
    pub(super) fn said(self) -> String {
        format!(
            "first seen later than {} seconds after the first record ({})",
            grouped(self.after.into()),
            time(self.begin)
        )
    }

    /// What is to be said where nothing can be new.
    pub(super) fn note(self) -> Option<String> {
        let covered = self.end - self.begin;
        (covered <= self.after).then(|| {
            format!(
                "The records cover only {} seconds, so nothing can be new.",
                grouped(covered.into())
            )
        })
    }
}
