//! Adds records to the sums: the common case fast, every case right.
//!
//! A line goes the fast way if it is what almost every line is: an IPv4 record
//! with status OK whose words have their usual lengths. Any doubt sends it the
//! slow way, which alone decides what is malformed; so the fast way needs no
//! error of its own and can never differ in a verdict.
//!
//! **Invariants.** Both ways end in [`Fold::add`]. A line that is malformed
//! leaves no trace in the sums.

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
    /// Where there is a filter or a watch.
    pub(crate) detail: Option<Box<Detail>>,
    recent: Recent,
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
struct End {
    /// What the interface saw.
    outer: u32,
    /// What stands in the packet, or else the same.
    address: u32,
    has_packet: bool,
    service: u32,
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
        let context = self.add(interface, is_reject, false, src, dst, Sum::of_one(bytes));
        if let Some(second) = began {
            let [src, dst] = [src, dst].map(|end| u32::from(is_private_v4(end.address)));
            let class = timeline::class(self.contexts.unordered(context), src + dst);
            self.timeline.add(second, class, bytes);
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
                return Ok(());
            }
            // A layout without log-status: an empty record moved nothing.
            status if status == b"NODATA" || (status == b"-" && empty) => {
                self.counts.nodata += 1;
                self.widen_unless_filtered(window);
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
        let context = self.add_addresses(
            interface,
            is_reject,
            [src, dst],
            [pkt_src, pkt_dst],
            services,
            Sum::of_one(bytes),
        );
        if let Some(second) = start {
            let ends = [pkt_src.unwrap_or(src), pkt_dst.unwrap_or(dst)];
            let privates = timeline::privates(ends);
            let class = timeline::class(self.contexts.unordered(context), privates);
            self.timeline.add(second, class, bytes);
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
        is_summed
    }

    /// What the codes of records stand for.
    fn names(&self) -> Names<'_> {
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

    /// Adds a record whose addresses may be of any family; gives its context.
    fn add_addresses(
        &mut self,
        interface: u32,
        is_reject: bool,
        outer: [IpAddr; 2],
        packet: [Option<IpAddr>; 2],
        services: [u32; 2],
        sum: Sum,
    ) -> u32 {
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
        self.add(interface, is_reject, is_coded, src, dst, sum)
    }

    /// Adds to the sums of two ends; gives the code of their context.
    #[inline(always)]
    fn add(
        &mut self,
        interface: u32,
        is_reject: bool,
        is_coded: bool,
        src: End,
        dst: End,
        sum: Sum,
    ) -> u32 {
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
                return self.add_again(interface, is_reject, is_coded, src, dst, sum);
            }
        }
        self.pairs.add(pair, is_down, sum);
        pair.context
    }

    /// Out of line, because `add` is inlined into every caller.
    #[cold]
    fn add_again(
        &mut self,
        interface: u32,
        is_reject: bool,
        is_coded: bool,
        src: End,
        dst: End,
        sum: Sum,
    ) -> u32 {
        self.add(interface, is_reject, is_coded, src, dst, sum)
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
    fn widen(&mut self, window: Option<Window>) {
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
    }

    /// Adds what the other holds.
    pub(crate) fn merge(&mut self, mut other: Fold) {
        other.settle();
        other.settle_times();
        other.settle_detail();
        self.settle_times();
        self.settle_detail();
        match (&mut self.detail, other.detail.take()) {
            (Some(own), Some(detail)) => own.merge(*detail),
            (own @ None, Some(detail)) => *own = Some(Box::new(detail.moved())),
            (_, None) => {}
        }
        let interfaces = self.interfaces.absorb(&other.interfaces);
        let services = self.services.absorb(&other.services);
        let translated: Vec<Context> = other
            .contexts
            .iter()
            .map(|mut context| {
                context.interface = interfaces[context.interface as usize];
                context.low.service = services[context.low.service as usize];
                context.high.service = services[context.high.service as usize];
                context
            })
            .collect();
        let codes: Vec<u32> = translated.iter().map(|c| self.contexts.code(*c)).collect();
        for (pair, bytes) in other.pairs.iter() {
            let context = translated[pair.context as usize];
            if context.is_coded {
                // Codes are the other's own, and so is the order of the ends.
                self.merge_coded(&other.addresses, pair, context, bytes);
            } else {
                let pair = Pair {
                    context: codes[pair.context as usize],
                    ..pair
                };
                if self.pairs.len() < self.keys.most {
                    self.pairs.add_both(pair, bytes);
                } else {
                    self.merge_one_way(pair, context, bytes);
                }
            }
        }
        self.settle();
        self.merge_times(&other, &translated);
        self.keys.were_more |= other.keys.were_more;
        self.counts.merge(other.counts);
        self.widen(other.window);
    }

    /// Classes of the other table by the contexts that they have here.
    fn merge_times(&mut self, other: &Fold, translated: &[Context]) {
        let own: Vec<u32> = translated
            .iter()
            .map(|context| {
                let mut context = *context;
                if context.is_coded {
                    for side in [&mut context.low, &mut context.high] {
                        let outer = side.outer.map(|code| other.addresses.address(code));
                        side.outer = outer.map(|address| self.addresses.code(address));
                    }
                }
                let code = self.contexts.code(context);
                self.contexts.unordered(code)
            })
            .collect();
        self.timeline.merge(&other.timeline, |class| {
            let (context, privates) = timeline::parts(class);
            timeline::class(own[context as usize], privates)
        });
    }

    fn merge_coded(&mut self, from: &Addresses, pair: Pair, context: Context, bytes: BothWays) {
        let code = |code: u32, own: &mut Addresses| own.code(from.address(code));
        let end = |end: u32, side: Side, own: &mut Addresses| {
            let translated = code(end, own);
            End {
                outer: side.outer.map_or(translated, |outer| code(outer, own)),
                address: translated,
                has_packet: side.has_packet,
                service: side.service,
            }
        };
        let low = end(pair.low, context.low, &mut self.addresses);
        let high = end(pair.high, context.high, &mut self.addresses);
        let Context {
            interface,
            is_reject,
            ..
        } = context;
        let [up, down] = bytes.one_way();
        self.add(interface, is_reject, true, low, high, up);
        self.add(interface, is_reject, true, high, low, down);
    }

    /// A pair of IPv4 ends where there may be no row for it.
    fn merge_one_way(&mut self, pair: Pair, context: Context, bytes: BothWays) {
        let end = |end: u32, side: Side| End {
            outer: side.outer.unwrap_or(end),
            address: end,
            has_packet: side.has_packet,
            service: side.service,
        };
        let (low, high) = (end(pair.low, context.low), end(pair.high, context.high));
        let Context {
            interface,
            is_reject,
            ..
        } = context;
        let [up, down] = bytes.one_way();
        self.add(interface, is_reject, false, low, high, up);
        self.add(interface, is_reject, false, high, low, down);
    }

    /// Every row, in no particular order.
    pub(crate) fn conversations(&self) -> impl Iterator<Item = Conversation<'_>> {
        self.pairs.iter().map(|(pair, sums)| {
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
        })
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

    fn is_translated(self) -> bool {
        self.outer != self.address
    }
}
