//! Adds records to the sums: the common case fast, every case right.
//!
//! A line goes the fast way if it is what almost every line is: an IPv4 record
//! with status OK whose words have their usual lengths. Any doubt sends it the
//! slow way, which alone decides what is malformed; so the fast way needs no
//! error of its own and can never differ in a verdict.
//!
//! **Invariants.** Both ways end in [`Fold::add`]. A line that is malformed
//! leaves no trace in the sums.

use crate::by_time::{ByTime, Timed};
use crate::cells::{self, NO_MINUTE};
use crate::context::{Context, Contexts, Packed, PackedSide, Side};
use crate::counts::{Counts, MalformedReason, Window};
use crate::detail::{Columns, Detail};
use crate::dictionary::{Addresses, NONE, Texts};
use crate::flow::{self, Action, Conversation};
use crate::index::{COLUMNS, Line};
use crate::line::{LineReader, Slot, number};
use crate::pairs::{BothWays, Pair, Pairs, Sum};
use crate::recent::{Recent, same};
use crate::record::{AddressCode, Names, Record, Watch};
use crate::tally::Tally;
use crate::timeline::{self, Moment, Timeline, is_private_v4};
use crate::word;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

/// Stands for all ends beyond the number of keys that are told apart.
pub(crate) const OTHER: Ipv4Addr = Ipv4Addr::UNSPECIFIED;

/// Everything that has been read, whatever it was read from.
#[derive(Clone, Default)]
pub(crate) struct Fold {
    pub(crate) keys: Keys,
    pub(crate) pairs: Pairs,
    pub(crate) contexts: Contexts,
    pub(crate) addresses: Addresses,
    pub(crate) interfaces: Texts,
    pub(crate) services: Texts,
    pub(crate) counts: Counts,
    pub(crate) window: Option<Window>,
    pub(crate) timeline: Timeline,
    /// Where time is kept for every pair.
    pub(crate) by_time: Option<Box<ByTime>>,
    /// Whether rows of the same two ends lie side by side.
    pub(crate) is_grouped: bool,
    /// Where there is a filter or a watch.
    pub(crate) detail: Option<Box<Detail>>,
    pub(crate) recent: Recent,
}

/// Rows for near ends at the least, a gateway's own addresses among them, so that
/// its outer legs stay whole under the smallest limit, in whatever order tables
/// are merged.
const LEAST_ROOM: usize = 64;

/// How many pairs of ends are told apart, and whether there were more.
#[derive(Clone, Copy)]
pub(crate) struct Keys {
    pub(crate) most: usize,
    pub(crate) were_more: bool,
}

impl Default for Keys {
    fn default() -> Keys {
        Keys {
            most: usize::MAX,
            were_more: false,
        }
    }
}

/// One end of a record, as numbers or codes.
#[derive(Clone, Copy)]
pub(crate) struct End {
    /// What the interface saw.
    pub(crate) outer: u32,
    /// What stands in the packet, or else the same.
    pub(crate) address: u32,
    pub(crate) has_packet: bool,
    pub(crate) service: u32,
}

/// Where a record was added: its ends may have been given up.
#[derive(Clone, Copy)]
pub(crate) struct Placed {
    pub(crate) pair: Pair,
    pub(crate) is_down: bool,
}

impl Fold {
    /// Reads one line of the text.
    ///
    /// `false`: the line is not one for the fast way, and nothing was done.
    #[inline(always)]
    pub(crate) fn fast(&mut self, reader: &LineReader, text: &[u8], line: Line<'_>) -> bool {
        self.try_fast(reader, text, line).is_some()
    }

    #[inline(always)]
    fn try_fast(&mut self, reader: &LineReader, text: &[u8], line: Line<'_>) -> Option<()> {
        if line.count != reader.width() || line.count > COLUMNS {
            return None;
        }
        let place = |slot: Slot| Some(line.word(reader.column(slot)?));
        // A carriage return belongs to no word.
        if *text.get(line.newline.wrapping_sub(1))? <= b' ' {
            return None;
        }
        let steady = reader.steady();
        let run = steady.and_then(|steady| {
            let (start, _) = line.word(steady.first);
            text.get(start..line.word(steady.last).1)
        });
        let is_known = match (steady, run) {
            (Some(steady), Some(run)) => self.recent.steady.is(steady, run),
            _ => false,
        };
        let (is_reject, window) = match is_known {
            true => (self.recent.steady.is_reject, self.recent.steady.window),
            false => self.recent.times_and_verdict(text, place)?,
        };
        let began = window.map(|window| window.start);
        let (start, end) = place(Slot::Bytes)?;
        let bytes = word::number(text, start, end)?;
        let src = self.recent.ipv4(text, place(Slot::Src)?)?;
        let dst = self.recent.ipv4(text, place(Slot::Dst)?)?;
        let pkt_src = match place(Slot::PktSrc) {
            Some(place) => Some(self.recent.ipv4(text, place)?),
            None => None,
        };
        let pkt_dst = match place(Slot::PktDst) {
            Some(place) => Some(self.recent.ipv4(text, place)?),
            None => None,
        };
        let interface = match (place(Slot::Interface), place(Slot::Resource)) {
            (None, None) => NONE,
            (Some((start, end)), resource) => {
                let name = text.get(start..end)?;
                if matches!(name, b"-" | b"") && resource.is_some() {
                    let (start, end) = resource?;
                    self.interface(text.get(start..end)?)
                } else {
                    self.interface(name)
                }
            }
            (None, Some((start, end))) => self.interface(text.get(start..end)?),
        };
        let services = &mut self.services;
        let src_service = self
            .recent
            .service(services, text, place(Slot::SrcService))?;
        let dst_service = self
            .recent
            .service(services, text, place(Slot::DstService))?;
        let src = End::new(src, pkt_src, src_service);
        let dst = End::new(dst, pkt_dst, dst_service);
        if let Some(detail) = &mut self.detail {
            let columns = detail.fast(reader, text, line)?;
            let record = Record {
                ends: [src, dst].map(|end| AddressCode::v4(end.address)),
                seen: [src, dst].map(|end| AddressCode::v4(end.outer)),
                has_packet: [src, dst].map(|end| end.has_packet),
                interface,
                services: [src_service, dst_service],
                is_reject,
                has_action: reader.column(Slot::Action).is_some(),
                has_bytes: true,
                bytes,
                start: began,
                end: window.map(|window| window.end),
                ..columns.record()
            };
            if !self.admits(&record, &columns) {
                self.counts.read += 1;
                return Some(());
            }
        }
        let minute = began.map_or(NO_MINUTE, cells::minute);
        let sum = Sum::of_one(bytes);
        let placed = self.add(interface, is_reject, false, src, dst, sum, minute);
        if let Some(second) = began {
            let privates = [src, dst].map(|end| is_private_v4(end.address));
            let count = privates.map(u32::from).iter().sum();
            let class = timeline::class(self.contexts.unordered(placed.pair.context), count);
            self.timeline.add(second, class, bytes);
            if let Some(by_time) = &mut self.by_time {
                let timed = Timed {
                    minute,
                    class,
                    window,
                    is_reject,
                    bytes,
                    privates,
                    is_translated: [src, dst].map(End::is_translated),
                    has_packet: [src, dst].map(|end| end.has_packet),
                };
                by_time.add(timed, interface, &self.interfaces, |slot| {
                    let (start, end) = line.word(reader.column(slot)?);
                    text.get(start..end)
                });
            }
        }
        self.counts.read += 1;
        self.counts.parsed += 1;
        self.counts.rejected += u64::from(is_reject);
        if !is_known {
            self.widen(window);
            if let (Some(steady), Some(run)) = (steady, run) {
                self.recent.steady.learn(steady, run, is_reject, window);
            }
        }
        Some(())
    }

    /// Reads any line.
    pub(crate) fn slow(&mut self, reader: &LineReader, line: &[u8], source: &Arc<str>, at: u64) {
        self.counts.read += 1;
        if let Err(reason) = self.try_slow(reader, line) {
            self.counts.add_malformed(reason, source, at);
        }
    }

    /// Adds one line, or nothing at all where it cannot be read.
    fn try_slow(&mut self, reader: &LineReader, line: &[u8]) -> Result<(), MalformedReason> {
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
                self.widen_unless_filtered(window);
                self.tally(start, window, |tally| tally.skipdata = 1);
                return Ok(());
            }
            // A layout without log-status: an empty record moved nothing.
            status if status == b"NODATA" || (status == b"-" && empty) => {
                self.counts.nodata += 1;
                self.widen_unless_filtered(window);
                self.tally(start, window, |tally| tally.nodata = 1);
                return Ok(());
            }
            b"-" => {}
            _ => return Err(MalformedReason::LogStatus),
        }
        let is_reject = match words.get(Slot::Action) {
            b"REJECT" => true,
            b"ACCEPT" | b"-" => false,
            _ => return Err(MalformedReason::Action),
        };
        // Records of traffic that VPC Block Public Access rejected have no bytes.
        let bytes = match (number(words.get(Slot::Bytes))?, is_reject) {
            (Some(bytes), _) => bytes,
            (None, true) => 0,
            (None, false) => return Err(MalformedReason::MissingValue),
        };
        let address = |slot| match words.get(slot) {
            b"-" | b"" => Ok(None),
            word => std::str::from_utf8(word)
                .ok()
                .and_then(|text| text.parse::<IpAddr>().ok())
                .map(Some)
                .ok_or(MalformedReason::Address),
        };
        let (src, dst) = (address(Slot::Src)?, address(Slot::Dst)?);
        let (pkt_src, pkt_dst) = (address(Slot::PktSrc)?, address(Slot::PktDst)?);
        let (Some(src), Some(dst)) = (src, dst) else {
            return Err(MalformedReason::MissingValue);
        };
        let interface = match self.interfaces.code(words.get(Slot::Interface)) {
            NONE => self.interfaces.code(words.get(Slot::Resource)),
            interface => interface,
        };
        let services = [
            self.services.code(words.get(Slot::SrcService)),
            self.services.code(words.get(Slot::DstService)),
        ];
        if let Some(detail) = &mut self.detail {
            let columns = detail.slow(reader, line, &words)?;
            let addresses = &mut self.addresses;
            let mut code = |address| AddressCode::of(address, addresses);
            let ends = [pkt_src.unwrap_or(src), pkt_dst.unwrap_or(dst)];
            let record = Record {
                ends: ends.map(&mut code),
                seen: [src, dst].map(&mut code),
                has_packet: [pkt_src.is_some(), pkt_dst.is_some()],
                interface,
                services,
                is_reject,
                has_action: words.get(Slot::Action) != b"-",
                has_bytes: words.get(Slot::Bytes) != b"-",
                bytes,
                start,
                end,
                ..columns.record()
            };
            if !self.admits(&record, &columns) {
                return Ok(());
            }
        }
        let minute = start.map_or(NO_MINUTE, cells::minute);
        let placed = self.add_addresses(
            interface,
            is_reject,
            [src, dst],
            [pkt_src, pkt_dst],
            services,
            (Sum::of_one(bytes), minute),
        );
        if let Some(second) = start {
            let ends = [pkt_src.unwrap_or(src), pkt_dst.unwrap_or(dst)];
            let privates = ends.map(timeline::is_private);
            let count = privates.map(u32::from).iter().sum();
            let class = timeline::class(self.contexts.unordered(placed.pair.context), count);
            self.timeline.add(second, class, bytes);
            if let Some(by_time) = &mut self.by_time {
                let timed = Timed {
                    minute,
                    class,
                    window,
                    is_reject,
                    bytes,
                    privates,
                    is_translated: [ends[0] != src, ends[1] != dst],
                    has_packet: [pkt_src.is_some(), pkt_dst.is_some()],
                };
                by_time.add(timed, interface, &self.interfaces, |slot| {
                    Some(words.get(slot))
                });
            }
        }
        self.counts.parsed += 1;
        self.counts.rejected += u64::from(is_reject);
        self.widen(window);
        Ok(())
    }

    /// Whether the record is in the sums; one that is not is left out.
    fn admits(&mut self, record: &Record, columns: &Columns) -> bool {
        let Some(detail) = &mut self.detail else {
            return true;
        };
        let names = Names {
            addresses: &self.addresses,
            interfaces: &self.interfaces,
            services: &self.services,
        };
        if detail.admits(record, columns, names) {
            // The times of a run of lines are known from its first, which may be
            // left out.
            let times = record.start.zip(record.end);
            self.widen(times.map(|(start, end)| Window { start, end }));
            return true;
        }
        let is_summed = !detail.is_filtered();
        self.counts.parsed += u64::from(!is_summed);
        self.counts.left_out += 1;
        if let Some(by_time) = &mut self.by_time {
            by_time.leave_out(record.start, is_summed);
        }
        is_summed
    }

    /// Counts a record without data in its minute.
    fn tally(
        &mut self,
        start: Option<u64>,
        window: Option<Window>,
        count: impl FnOnce(&mut Tally),
    ) {
        let is_filtered = self.detail.as_ref().is_some_and(|it| it.is_filtered());
        if let (Some(by_time), Some(second)) = (&mut self.by_time, start) {
            let mut tally = Tally {
                window: window.filter(|_| !is_filtered),
                ..Tally::default()
            };
            count(&mut tally);
            by_time.tallies.add(cells::minute(second), tally);
        }
    }

    /// What the codes of records stand for.
    pub(crate) fn names(&self) -> Names<'_> {
        Names {
            addresses: &self.addresses,
            interfaces: &self.interfaces,
            services: &self.services,
        }
    }

    /// Shows a watch what waits for it; where a source has ended.
    pub(crate) fn settle_detail(&mut self) {
        if let Some(mut detail) = self.detail.take() {
            detail.settle(self.names());
            self.detail = Some(detail);
        }
    }

    /// The watch, which sees no more.
    pub(crate) fn take_watch(&mut self) -> Option<Box<dyn Watch>> {
        let mut detail = self.detail.take()?;
        let watch = detail.take_watch(self.names());
        self.detail = Some(detail);
        watch
    }

    /// Adds a record whose addresses may be of any family; says where.
    fn add_addresses(
        &mut self,
        interface: u32,
        is_reject: bool,
        outer: [IpAddr; 2],
        packet: [Option<IpAddr>; 2],
        services: [u32; 2],
        (sum, minute): (Sum, u32),
    ) -> Placed {
        let is_coded = outer
            .iter()
            .chain(packet.iter().flatten())
            .any(IpAddr::is_ipv6);
        let mut number = |address: IpAddr| match address {
            IpAddr::V4(v4) if !is_coded => u32::from(v4),
            address => self.addresses.code(address),
        };
        let [src, dst] = [0, 1].map(|side| {
            let outer = number(outer[side]);
            End::new(outer, packet[side].map(&mut number), services[side])
        });
        self.add(interface, is_reject, is_coded, src, dst, sum, minute)
    }

    /// Adds to the sums of two ends; says where.
    #[inline(always)]
    #[expect(clippy::too_many_arguments, reason = "they stay in registers")]
    pub(crate) fn add(
        &mut self,
        interface: u32,
        is_reject: bool,
        is_coded: bool,
        src: End,
        dst: End,
        sum: Sum,
        minute: u32,
    ) -> Placed {
        let is_down = src.address > dst.address;
        let ordered = |src, dst| if is_down { (dst, src) } else { (src, dst) };
        let (low_side, high_side) = ordered(src.packed(), dst.packed());
        let packed = Packed::new(interface, low_side, high_side, is_reject, is_coded);
        let pair = Pair {
            low: src.address.min(dst.address),
            high: src.address.max(dst.address),
            context: self.contexts.code(packed),
        };
        if self.pairs.len() >= self.keys.most && !self.pairs.contains(pair) {
            let given_up = [src, dst].map(|end| self.is_other(is_coded, end));
            // A quarter more for near ends whose remote end was given up.
            let room = (self.keys.most / 4).max(LEAST_ROOM);
            let is_room = self.pairs.len() - self.keys.most <= room;
            if given_up == [false, false] || (given_up != [true, true] && !is_room) {
                let [src, dst] = self.without_end(is_coded, src, dst);
                return self.add_again(interface, is_reject, is_coded, src, dst, sum, minute);
            }
        }
        self.pairs.add(pair, is_down, sum, minute);
        Placed { pair, is_down }
    }

    /// Out of line, because `add` is inlined into every caller.
    #[cold]
    #[expect(clippy::too_many_arguments, reason = "as of what it calls")]
    fn add_again(
        &mut self,
        interface: u32,
        is_reject: bool,
        is_coded: bool,
        src: End,
        dst: End,
        sum: Sum,
        minute: u32,
    ) -> Placed {
        self.add(interface, is_reject, is_coded, src, dst, sum, minute)
    }

    /// The record with its remote end, or else also its near end, given up for
    /// [`OTHER`]. What a gateway's interface saw in the remote end's place is
    /// kept, so that the leg can still be told.
    fn without_end(&mut self, is_coded: bool, src: End, dst: End) -> [End; 2] {
        self.keys.were_more = true;
        let other = match is_coded {
            true => self.addresses.code(IpAddr::V4(OTHER)),
            false => u32::from(OTHER),
        };
        let given_up = |end: End| End {
            outer: if end.is_translated() {
                end.outer
            } else {
                other
            },
            address: other,
            ..end
        };
        let is_remote = |end: End| end.is_translated() || !self.is_private(is_coded, end);
        match (self.is_other(is_coded, src), self.is_other(is_coded, dst)) {
            (false, false) if is_remote(src) && !is_remote(dst) => [given_up(src), dst],
            (false, false) => [src, given_up(dst)],
            _ => [given_up(src), given_up(dst)],
        }
    }

    fn end_address(&self, is_coded: bool, end: End) -> IpAddr {
        match is_coded {
            true => self.addresses.address(end.address),
            false => IpAddr::V4(Ipv4Addr::from(end.address)),
        }
    }

    fn is_other(&self, is_coded: bool, end: End) -> bool {
        self.end_address(is_coded, end) == IpAddr::V4(OTHER)
    }

    fn is_private(&self, is_coded: bool, end: End) -> bool {
        match self.end_address(is_coded, end) {
            IpAddr::V4(v4) => v4.is_private() || v4.is_link_local(),
            IpAddr::V6(v6) => v6.is_unique_local(),
        }
    }

    #[inline]
    pub(crate) fn widen(&mut self, window: Option<Window>) {
        if let Some(more) = window {
            let known = self.window.get_or_insert(more);
            known.start = known.start.min(more.start);
            known.end = known.end.max(more.end);
        }
    }

    /// A filter asks nothing of a record without data, so it says no time either.
    fn widen_unless_filtered(&mut self, window: Option<Window>) {
        let is_filtered = self
            .detail
            .as_ref()
            .is_some_and(|detail| detail.is_filtered());
        self.widen(window.filter(|_| !is_filtered));
    }

    #[inline]
    fn interface(&mut self, name: &[u8]) -> u32 {
        if !same(name, &self.recent.interface) {
            self.recent.interface_code = self.interfaces.code(name);
            self.recent.interface = name.into();
        }
        self.recent.interface_code
    }

    /// Finishes the updates that wait; before anything is read from here.
    pub(crate) fn settle(&mut self) {
        self.pairs.settle();
    }

    /// Finishes the times that wait; where a source has ended.
    pub(crate) fn settle_times(&mut self) {
        self.timeline.settle();
        if let Some(by_time) = &mut self.by_time {
            by_time.settle();
        }
    }

    /// Every row, in no particular order.
    pub(crate) fn conversations(&self) -> impl Iterator<Item = Conversation<'_>> {
        self.pairs
            .iter()
            .map(|(pair, sums)| self.conversation(pair, sums))
    }

    /// The same in so many parts.
    pub(crate) fn conversations_in_parts(
        &self,
        parts: usize,
    ) -> Vec<impl Iterator<Item = Conversation<'_>> + Send> {
        let parts = self.pairs.iter_in_parts(parts);
        let rows = |rows| Iterator::map(rows, |(pair, sums)| self.conversation(pair, sums));
        parts.into_iter().map(rows).collect()
    }

    #[inline(always)]
    fn conversation(&self, pair: Pair, sums: BothWays) -> Conversation<'_> {
        let context = self.contexts.context(pair.context);
        let ends = [
            self.end(context, pair.low, context.low),
            self.end(context, pair.high, context.high),
        ];
        let privates = timeline::privates(ends.map(|end| end.address));
        let unordered = self.contexts.unordered(pair.context);
        Conversation {
            kind: pair.context as usize,
            class: timeline::class(unordered, privates) as usize,
            interface: self.interfaces.text(context.interface),
            action: match context.is_reject {
                true => Action::Reject,
                false => Action::Accept,
            },
            ends,
            bytes: [sums.up, sums.down],
            records: sums.records,
        }
    }

    /// What passed when, by class, in no particular order.
    pub(crate) fn moments(&self) -> impl Iterator<Item = Moment> {
        self.timeline.iter().map(|((start, class), bytes)| Moment {
            start,
            class: class as usize,
            bytes,
        })
    }

    fn end(&self, context: Context, number: u32, side: Side) -> flow::End<'_> {
        let address = |number: u32| match context.is_coded {
            true => self.addresses.address(number),
            false => IpAddr::V4(Ipv4Addr::from(number)),
        };
        flow::End {
            address: address(number),
            outside: side.outer.map(address),
            has_packet: side.has_packet,
            service: self.services.text(side.service),
        }
    }
}

impl End {
    #[inline(always)]
    fn new(outer: u32, packet: Option<u32>, service: u32) -> End {
        End {
            outer,
            address: packet.unwrap_or(outer),
            has_packet: packet.is_some(),
            service,
        }
    }

    #[inline(always)]
    fn packed(self) -> PackedSide {
        Side::packed(self.service, self.outer, self.address, self.has_packet)
    }

    pub(crate) fn is_translated(self) -> bool {
        self.outer != self.address
    }
}
