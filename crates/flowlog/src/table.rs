//! The fold: chunks of flow-log text in, sums by who sent to whom out.
//!
//! **Invariants.** Where chunks end, in which order lines come and how sources
//! are spread over tables never changes what a table holds: [`FlowTable::merge`]
//! is associative and commutative. Sums are exact. Memory grows with distinct
//! flows and not with input; a line without an end takes 64 KiB at the most.

use crate::counts::{Counts, MalformedReason, Window};
use crate::dictionary::{Addresses, NONE, Texts};
use crate::known::KnownLayout;
use crate::layout::{Layout, LayoutError};
use crate::line::{LineReader, Slot, number};
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use memchr::memchr;
use std::net::IpAddr;
use std::sync::Arc;

/// No record is near this long: 54 fields, the longest being ARNs and tags.
const MAX_LINE: usize = 64 * 1024;
/// How many lines may pass before one has to be recognised.
const MAX_UNDECIDED_LINES: usize = 1_000;
/// How much of a strange line an error message shows.
const SAMPLE: usize = 80;

/// What the network did with the packets of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// The traffic was let through. Assumed where a layout has no action.
    Accept,
    /// The traffic was dropped by a security group, a network ACL or because
    /// its connection was closed.
    Reject,
}

/// What the records of one flow add up to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FlowSum {
    /// Bytes, exact.
    pub bytes: u128,
    /// Packets, exact; 0 where the layout has none.
    pub packets: u128,
    /// Records.
    pub records: u64,
}

/// One row of a table: who sent to whom on which interface, and how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flow<'a> {
    /// The interface-id, or the resource-id where there is no interface
    /// (regional NAT gateways); `None` where the records have neither.
    pub interface: Option<&'a str>,
    /// The sender as the interface saw it.
    pub src: IpAddr,
    /// The receiver as the interface saw it.
    pub dst: IpAddr,
    /// The sender in the packet itself.
    pub pkt_src: Option<IpAddr>,
    /// The receiver in the packet itself.
    pub pkt_dst: Option<IpAddr>,
    /// The AWS service of the sender in the packet.
    pub src_service: Option<&'a str>,
    /// The AWS service of the receiver in the packet.
    pub dst_service: Option<&'a str>,
    /// What was done with the packets.
    pub action: Action,
    /// The sums.
    pub sum: FlowSum,
}

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

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct FlowKey {
    interface: u32,
    src: u32,
    dst: u32,
    pkt_src: u32,
    pkt_dst: u32,
    src_service: u32,
    dst_service: u32,
    action: Action,
}

/// What has been read so far, whatever it was read from.
#[derive(Clone, Default)]
struct Totals {
    flows: HashMap<FlowKey, FlowSum, RandomState>,
    addresses: Addresses,
    interfaces: Texts,
    services: Texts,
    counts: Counts,
    window: Option<Window>,
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
    totals: Totals,
    source: Source,
    given: Option<LineReader>,
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
        let mut rest = chunk;
        while let Some(end) = memchr(b'\n', rest) {
            let (line, after) = (&rest[..end], &rest[end + 1..]);
            if self.source.carry.is_empty() && !self.source.skipping {
                self.line(line)?;
            } else {
                self.carry(line);
                self.end_carried_line()?;
            }
            rest = after;
        }
        self.carry(rest);
        Ok(())
    }

    /// Ends the source under way: its last line needs no newline.
    ///
    /// Errors: none of the source's lines was ever recognised.
    pub fn end_source(&mut self) -> Result<(), ReadError> {
        if !self.source.carry.is_empty() || self.source.skipping {
            self.end_carried_line()?;
        }
        if let Some((line, text)) = self.source.undecided.first() {
            return Err(self.not_a_flow_log(*line, text));
        }
        self.begin_source("");
        Ok(())
    }

    /// Adds what the other table holds. Sources must have ended on both sides.
    pub fn merge(&mut self, other: FlowTable) {
        let addresses = self.totals.addresses.absorb(&other.totals.addresses);
        let interfaces = self.totals.interfaces.absorb(&other.totals.interfaces);
        let services = self.totals.services.absorb(&other.totals.services);
        for (key, sum) in other.totals.flows {
            let key = FlowKey {
                interface: interfaces[key.interface as usize],
                src: addresses[key.src as usize],
                dst: addresses[key.dst as usize],
                pkt_src: addresses[key.pkt_src as usize],
                pkt_dst: addresses[key.pkt_dst as usize],
                src_service: services[key.src_service as usize],
                dst_service: services[key.dst_service as usize],
                action: key.action,
            };
            self.totals.flows.entry(key).or_default().add(sum);
        }
        self.totals.counts.merge(other.totals.counts);
        self.totals.window = Window::join(self.totals.window, other.totals.window);
    }

    /// What became of the lines.
    pub fn counts(&self) -> &Counts {
        &self.totals.counts
    }

    /// The time that the records cover, NODATA and SKIPDATA ones included,
    /// because the interface was watched then too. `None` without records or
    /// where the layout has no start and end.
    pub fn window(&self) -> Option<Window> {
        self.totals.window
    }

    /// The layout of the source under way, once it is known.
    pub fn layout(&self) -> Option<&Layout> {
        self.source.reader.as_ref().map(LineReader::layout)
    }

    /// Every flow with its sums, in no particular order.
    pub fn flows(&self) -> impl Iterator<Item = Flow<'_>> {
        let totals = &self.totals;
        totals.flows.iter().filter_map(|(key, sum)| {
            Some(Flow {
                interface: totals.interfaces.text(key.interface),
                src: totals.addresses.address(key.src)?,
                dst: totals.addresses.address(key.dst)?,
                pkt_src: totals.addresses.address(key.pkt_src),
                pkt_dst: totals.addresses.address(key.pkt_dst),
                src_service: totals.services.text(key.src_service),
                dst_service: totals.services.text(key.dst_service),
                action: key.action,
                sum: *sum,
            })
        })
    }

    fn carry(&mut self, part: &[u8]) {
        let source = &mut self.source;
        if source.skipping || source.carry.len() + part.len() > MAX_LINE {
            source.skipping = true;
            source.carry.clear();
        } else {
            source.carry.extend_from_slice(part);
        }
    }

    fn end_carried_line(&mut self) -> Result<(), ReadError> {
        let mut line = std::mem::take(&mut self.source.carry);
        if std::mem::take(&mut self.source.skipping) {
            self.too_long();
            return Ok(());
        }
        let done = self.line(&line);
        line.clear();
        self.source.carry = line;
        done
    }

    fn too_long(&mut self) {
        self.source.line += 1;
        self.totals.counts.read += 1;
        self.totals.counts.add_malformed(
            MalformedReason::TooLong,
            &self.source.name,
            self.source.line,
        );
    }

    fn line(&mut self, line: &[u8]) -> Result<(), ReadError> {
        if line.len() > MAX_LINE {
            self.too_long();
            return Ok(());
        }
        self.source.line += 1;
        let line = line.trim_ascii_end();
        if line.is_empty() {
            return Ok(());
        }
        if line[0].is_ascii_lowercase()
            && let Some(layout) = self.header(line)?
        {
            return self.decide(layout, None);
        }
        if let Some(reader) = &self.source.reader {
            self.totals
                .record(reader, line, &self.source.name, self.source.line);
            return Ok(());
        }
        match KnownLayout::recognise(line) {
            Some(known) => self.decide(known.layout(), Some(line)),
            None => self.postpone(line),
        }
    }

    fn header(&self, line: &[u8]) -> Result<Option<Layout>, ReadError> {
        Layout::from_header(line).map_err(|error| ReadError::Header {
            line: self.source.line,
            error,
        })
    }

    /// Reads on with this layout: first what was waiting for one, then the line.
    fn decide(&mut self, layout: Layout, line: Option<&[u8]>) -> Result<(), ReadError> {
        let reader = LineReader::new(layout);
        let source = &mut self.source;
        let waiting = std::mem::take(&mut source.undecided);
        let waiting = waiting.iter().map(|(number, text)| (*number, &**text));
        for (number, text) in waiting.chain(line.map(|line| (source.line, line))) {
            self.totals.record(&reader, text, &source.name, number);
        }
        source.reader = Some(reader);
        Ok(())
    }

    fn postpone(&mut self, line: &[u8]) -> Result<(), ReadError> {
        let source = &mut self.source;
        source.undecided.push((source.line, line.into()));
        if source.undecided.len() <= MAX_UNDECIDED_LINES {
            return Ok(());
        }
        let (number, text) = source.undecided.swap_remove(0);
        Err(self.not_a_flow_log(number, &text))
    }

    fn not_a_flow_log(&self, line: u64, text: &[u8]) -> ReadError {
        let shown = &text[..text.len().min(SAMPLE)];
        ReadError::NotAFlowLog {
            line,
            sample: String::from_utf8_lossy(shown).into_owned(),
        }
    }
}

impl Totals {
    fn record(&mut self, reader: &LineReader, line: &[u8], source: &Arc<str>, number: u64) {
        self.counts.read += 1;
        if let Err(reason) = self.try_record(reader, line) {
            self.counts.add_malformed(reason, source, number);
        }
    }

    /// Adds one line, or nothing at all where it cannot be read.
    fn try_record(&mut self, reader: &LineReader, line: &[u8]) -> Result<(), MalformedReason> {
        let words = reader.split(line)?;
        let start = number(words.get(Slot::Start))?;
        let end = number(words.get(Slot::End))?;
        let window = start.zip(end).map(|(start, end)| Window { start, end });
        let empty = [Slot::Src, Slot::Dst, Slot::Bytes]
            .iter()
            .all(|slot| words.get(*slot) == b"-");
        match words.get(Slot::LogStatus) {
            b"OK" => {}
            b"SKIPDATA" => {
                self.counts.skipdata += 1;
                self.window = Window::join(self.window, window);
                return Ok(());
            }
            // A layout without log-status: an empty record moved nothing.
            status if status == b"NODATA" || (status == b"-" && empty) => {
                self.counts.nodata += 1;
                self.window = Window::join(self.window, window);
                return Ok(());
            }
            b"-" => {}
            _ => return Err(MalformedReason::LogStatus),
        }
        let action = match words.get(Slot::Action) {
            b"REJECT" => Action::Reject,
            b"ACCEPT" | b"-" => Action::Accept,
            _ => return Err(MalformedReason::Action),
        };
        // Records of traffic that VPC Block Public Access rejected have no bytes.
        let bytes = match (number(words.get(Slot::Bytes))?, action) {
            (Some(bytes), _) => bytes,
            (None, Action::Reject) => 0,
            (None, Action::Accept) => return Err(MalformedReason::MissingValue),
        };
        let packets = number(words.get(Slot::Packets))?.unwrap_or(0);
        let mut address = |slot| {
            self.addresses
                .code(words.get(slot))
                .ok_or(MalformedReason::Address)
        };
        let key = FlowKey {
            src: address(Slot::Src)?,
            dst: address(Slot::Dst)?,
            pkt_src: address(Slot::PktSrc)?,
            pkt_dst: address(Slot::PktDst)?,
            interface: match self.interfaces.code(words.get(Slot::Interface)) {
                NONE => self.interfaces.code(words.get(Slot::Resource)),
                interface => interface,
            },
            src_service: self.services.code(words.get(Slot::SrcService)),
            dst_service: self.services.code(words.get(Slot::DstService)),
            action,
        };
        if key.src == NONE || key.dst == NONE {
            return Err(MalformedReason::MissingValue);
        }
        self.flows.entry(key).or_default().add(FlowSum {
            bytes: u128::from(bytes),
            packets: u128::from(packets),
            records: 1,
        });
        self.counts.parsed += 1;
        self.counts.rejected += u64::from(action == Action::Reject);
        self.window = Window::join(self.window, window);
        Ok(())
    }
}

impl FlowSum {
    fn add(&mut self, other: FlowSum) {
        self.bytes += other.bytes;
        self.packets += other.packets;
        self.records += other.records;
    }
}
