//! The fold: chunks of flow-log text in, sums by who sent to whom out.
//!
//! **Invariants.** Where chunks end, in which order lines come and how sources
//! are spread over tables never changes what a table holds: [`FlowTable::merge`]
//! is associative and commutative. Sums are exact. Memory grows with distinct
//! flows and not with input; a line without an end takes 64 KiB at the most.

use crate::counts::{Counts, MalformedReason, Window};
use crate::cube::Cube;
use crate::detail::Detail;
use crate::filter::Filter;
use crate::flow::{Conversation, Flow};
use crate::fold::Fold;
use crate::index::Index;
use crate::known::KnownLayout;
use crate::layout::{Layout, LayoutError};
use crate::line::LineReader;
use crate::partial::{self, PartialError};
use crate::ports::{self, PortSum};
use crate::record::Watch;
use crate::renaming::{self, Renaming};
use crate::timeline::Moment;
use memchr::memchr;
use std::sync::Arc;

/// No record is near this long: 54 fields, the longest being ARNs and tags.
const MAX_LINE: usize = 64 * 1024;
/// How many lines may pass before one has to be recognised.
const MAX_UNDECIDED_LINES: usize = 1_000;
/// How much of a strange line an error message shows.
const SAMPLE: usize = 80;

/// Why a source is no flow log at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// No line of the source has a layout that is known, and none is a header.
    #[error(
        "this is not a flow log in a layout that natspike can recognise: line {line} is {sample:?}; \
         give the log format that it was recorded with, for example \
         --format '${{srcaddr}} ${{dstaddr}} ${{bytes}}'"
    )]
    NotAFlowLog {
        /// The first line that is not blank, from 1.
        line: u64,
        /// The beginning of that line.
        sample: String,
    },
    /// A header line is not a usable layout.
    #[error("the header in line {line} cannot be used: {error}")]
    Header {
        /// Where the header stands.
        line: u64,
        /// What is wrong with it.
        error: LayoutError,
    },
}

impl ReadError {
    /// The stable name of the error.
    pub fn name(&self) -> &'static str {
        match self {
            ReadError::NotAFlowLog { .. } => "NotAFlowLog",
            ReadError::Header { error, .. } => error.name(),
        }
    }
}

/// Where reading stands in the source under way.
#[derive(Clone, Default)]
struct Source {
    name: Arc<str>,
    reader: Option<LineReader>,
    /// The beginning of a line whose end has not come yet.
    carry: Vec<u8>,
    /// The line under way is too long: drop everything up to its end.
    skipping: bool,
    line: u64,
    /// Lines from before a layout was found, with their numbers.
    undecided: Vec<(u64, Box<[u8]>)>,
}

/// Sums of flow-log records by flow; see the crate's documentation.
#[derive(Clone, Default)]
pub struct FlowTable {
    pub(crate) fold: Fold,
    source: Source,
    given: Option<LineReader>,
    index: Index,
}

impl FlowTable {
    /// An empty table that finds out the layout of each source by itself.
    pub fn new() -> FlowTable {
        FlowTable::default()
    }

    /// An empty table whose sources have this layout. A header line in a
    /// source still counts for more, because it is about that very source.
    pub fn with_layout(layout: Layout) -> FlowTable {
        let given = Some(LineReader::new(layout));
        FlowTable {
            source: Source {
                reader: given.clone(),
                ..Source::default()
            },
            given,
            ..FlowTable::default()
        }
    }

    /// The table of what was folded.
    pub(crate) fn of_fold(fold: Fold) -> FlowTable {
        FlowTable {
            fold,
            ..FlowTable::default()
        }
    }

    /// Keeps time for every pair from now on, for [`FlowTable::into_cube`], and
    /// bytes by port. What came before is of no time. It costs 60 to 85 % of the
    /// fold more, and memory for every minute of every pair.
    pub fn by_time(&mut self) {
        self.fold.keep_time();
    }

    /// Whether time is kept for every pair.
    pub fn is_by_time(&self) -> bool {
        self.fold.by_time.is_some()
    }

    /// The table as a cube that answers for any part of its time. Sources must
    /// have ended. It has no watch and no filter any more.
    pub fn into_cube(self) -> Cube {
        Cube::of(self.fold)
    }

    /// Tells at most about so many pairs of ends apart, so that memory is
    /// bounded whatever the input. What comes beyond goes under the
    /// unspecified address (0.0.0.0) in place of its remote end, or of both:
    /// sums stay exact, and on a NAT gateway's interface every leg's too.
    pub fn limit_keys(&mut self, most: usize) {
        self.fold.index();
        self.fold.keys.most = most;
    }

    /// Whether there were more pairs of ends than are told apart.
    pub fn were_more_keys(&self) -> bool {
        self.fold.keys.were_more
    }

    /// Only records that the filter lets through count from now on; the others are
    /// [`Counts::left_out`].
    pub fn keep_only(&mut self, filter: &Filter) {
        self.fold.detail = Some(Box::new(Detail::of_filter(filter)));
    }

    /// Shows the watch every record from now on that the filter lets through; the
    /// others are [`Counts::left_out`], but in the table's own sums.
    pub fn watch(&mut self, watch: Box<dyn Watch>, filter: Option<&Filter>) {
        self.fold.detail = Some(Box::new(Detail::of_watch(watch, filter)));
    }

    /// Whether a filter or a watch reads along: then the sums alone are not all.
    pub fn is_watched(&self) -> bool {
        self.fold.detail.is_some()
    }

    /// The watch with what it has seen. Sources must have ended.
    pub fn take_watch(&mut self) -> Option<Box<dyn Watch>> {
        self.fold.take_watch()
    }

    /// Names the source that comes next, for messages about its lines.
    pub fn begin_source(&mut self, name: &str) {
        self.source = Source {
            name: name.into(),
            reader: self.given.clone(),
            ..Source::default()
        };
    }

    /// Reads the next piece of the source; it may end anywhere in a line.
    ///
    /// Errors: the source is no flow log, or its header cannot be used.
    pub fn push(&mut self, chunk: &[u8]) -> Result<(), ReadError> {
        let (fold, source) = (&mut self.fold, &mut self.source);
        fold.index();
        let mut rest = chunk;
        if !source.carry.is_empty() || source.skipping {
            let Some(end) = memchr(b'\n', rest) else {
                source.carry(rest);
                return Ok(());
            };
            source.carry(&rest[..end]);
            source.end_carried_line(fold)?;
            rest = &rest[end + 1..];
        }
        while !rest.is_empty() {
            self.index.fill(rest);
            let mut start = 0;
            for line in self.index.lines() {
                let is_read = match &source.reader {
                    Some(reader) => fold.fast(reader, rest, line),
                    None => false,
                };
                if is_read {
                    source.line += 1;
                } else {
                    source.line(fold, &rest[line.start()..line.newline])?;
                }
                start = line.newline + 1;
            }
            if start == 0 {
                // A line that is longer than the window, or the chunk's last.
                let Some(end) = memchr(b'\n', rest) else {
                    source.carry(rest);
                    break;
                };
                source.line(fold, &rest[..end])?;
                start = end + 1;
            }
            rest = &rest[start..];
        }
        fold.settle();
        Ok(())
    }

    /// Ends the source under way: its last line needs no newline.
    ///
    /// Errors: none of the source's lines was ever recognised.
    pub fn end_source(&mut self) -> Result<(), ReadError> {
        if !self.source.carry.is_empty() || self.source.skipping {
            self.source.end_carried_line(&mut self.fold)?;
            self.fold.settle();
        }
        self.fold.settle_times();
        self.fold.settle_detail();
        if let Some((line, text)) = self.source.undecided.first() {
            return Err(not_a_flow_log(*line, text));
        }
        self.begin_source("");
        Ok(())
    }

    /// Adds what the other table holds. Sources must have ended on both sides.
    pub fn merge(&mut self, other: FlowTable) {
        self.fold.merge(other.fold);
    }

    /// The table as bytes, for [`FlowTable::decode`]. Sources must have ended.
    pub fn encode(&self) -> Vec<u8> {
        partial::encode(&self.fold)
    }

    /// The table of these bytes. It tells all pairs of ends apart that it has;
    /// merge it into one that does not to bound the memory.
    pub fn decode(bytes: &[u8]) -> Result<FlowTable, PartialError> {
        Ok(FlowTable::of_fold(partial::decode(bytes)?))
    }

    /// The table that says the same of what has other names. Sources must have
    /// ended. It tells all pairs of ends apart that it has, and keeps no time for them.
    pub fn renamed(&self, names: &mut Renaming<'_>) -> FlowTable {
        FlowTable::of_fold(renaming::renamed(&self.fold, names))
    }

    /// The same table, whose bytes depend on nothing but what it holds. Sources
    /// must have ended.
    pub fn canonical(&self) -> FlowTable {
        self.renamed(&mut Renaming {
            v4: &mut |address| address,
            v6: &mut |address| address,
            interface: &mut str::to_owned,
            source: &mut str::to_owned,
        })
    }

    /// What became of the lines.
    pub fn counts(&self) -> &Counts {
        &self.fold.counts
    }

    /// The time that the records cover, NODATA and SKIPDATA ones included,
    /// because the interface was watched then too. `None` without records or
    /// where the layout has no start and end.
    pub fn window(&self) -> Option<Window> {
        self.fold.window
    }

    /// The layout of the source under way, once it is known.
    pub fn layout(&self) -> Option<&Layout> {
        self.source.reader.as_ref().map(LineReader::layout)
    }

    /// Every conversation with its sums, in no particular order.
    pub fn conversations(&self) -> impl Iterator<Item = Conversation<'_>> {
        self.fold.conversations()
    }

    /// What passed when, by class of conversation, in no particular order. Sources
    /// must have ended; without a start in the layout there is none.
    pub fn moments(&self) -> impl Iterator<Item = Moment> {
        self.fold.moments()
    }

    /// Seconds of a period of [`FlowTable::moments`]: 60, or more where the
    /// records are of so long a time that minutes would be too many.
    pub fn period(&self) -> u64 {
        self.fold.timeline.seconds()
    }

    /// Whether conversations between the same two addresses come one after the
    /// other, as in a [`Cube`] and its parts.
    pub fn is_grouped(&self) -> bool {
        self.fold.is_grouped
    }

    /// The conversations in about so many parts of about the same size, to go over
    /// them with as many threads. None ends between the same two addresses where
    /// the table is grouped.
    pub fn conversations_in_parts(
        &self,
        parts: usize,
    ) -> Vec<impl Iterator<Item = Conversation<'_>> + Send> {
        self.fold.conversations_in_parts(parts)
    }

    /// What passed when through which port of a remote end, in no particular order.
    /// Sources must have ended; there is none unless the table is by time.
    pub fn ports(&self) -> impl Iterator<Item = PortSum> {
        let by_time = self.fold.by_time.iter();
        by_time.flat_map(|kept| kept.ports.iter().map(|(key, bytes)| ports::sum(key, bytes)))
    }

    /// Every flow with its sums, in no particular order: the conversations'
    /// directions one by one.
    pub fn flows(&self) -> impl Iterator<Item = Flow<'_>> {
        self.conversations().flat_map(Conversation::flows)
    }
}

impl Source {
    fn carry(&mut self, part: &[u8]) {
        if self.skipping || self.carry.len() + part.len() > MAX_LINE {
            self.skipping = true;
            self.carry.clear();
        } else {
            self.carry.extend_from_slice(part);
        }
    }

    fn end_carried_line(&mut self, fold: &mut Fold) -> Result<(), ReadError> {
        let mut line = std::mem::take(&mut self.carry);
        if std::mem::take(&mut self.skipping) {
            self.too_long(fold);
            return Ok(());
        }
        let done = self.line(fold, &line);
        line.clear();
        self.carry = line;
        done
    }

    fn too_long(&mut self, fold: &mut Fold) {
        self.line += 1;
        fold.counts.read += 1;
        fold.counts
            .add_malformed(MalformedReason::TooLong, &self.name, self.line);
    }

    /// Reads one line, without its newline, in all the ways there are.
    fn line(&mut self, fold: &mut Fold, line: &[u8]) -> Result<(), ReadError> {
        if line.len() > MAX_LINE {
            self.too_long(fold);
            return Ok(());
        }
        self.line += 1;
        let line = line.trim_ascii_end();
        if line.is_empty() {
            return Ok(());
        }
        if line[0].is_ascii_lowercase()
            && let Some(layout) = self.header(line)?
        {
            self.decide(fold, layout, None);
            return Ok(());
        }
        if let Some(reader) = &self.reader {
            fold.slow(reader, line, &self.name, self.line);
            return Ok(());
        }
        match KnownLayout::recognise(line) {
            Some(known) => {
                self.decide(fold, known.layout(), Some(line));
                Ok(())
            }
            None => self.postpone(line),
        }
    }

    fn header(&self, line: &[u8]) -> Result<Option<Layout>, ReadError> {
        Layout::from_header(line).map_err(|error| ReadError::Header {
            line: self.line,
            error,
        })
    }

    /// Reads on with this layout: first what was waiting for one, then the line.
    fn decide(&mut self, fold: &mut Fold, layout: Layout, line: Option<&[u8]>) {
        let reader = LineReader::new(layout);
        let waiting = std::mem::take(&mut self.undecided);
        let waiting = waiting.iter().map(|(number, text)| (*number, &**text));
        for (number, text) in waiting.chain(line.map(|line| (self.line, line))) {
            fold.slow(&reader, text, &self.name, number);
        }
        self.reader = Some(reader);
    }

    fn postpone(&mut self, line: &[u8]) -> Result<(), ReadError> {
        self.undecided.push((self.line, line.into()));
        if self.undecided.len() <= MAX_UNDECIDED_LINES {
            return Ok(());
        }
        let (number, text) = self.undecided.swap_remove(0);
        Err(not_a_flow_log(number, &text))
    }
}

fn not_a_flow_log(line: u64, text: &[u8]) -> ReadError {
    let shown = &text[..text.len().min(SAMPLE)];
    ReadError::NotAFlowLog {
        line,
        sample: String::from_utf8_lossy(shown).into_owned(),
    }
}
