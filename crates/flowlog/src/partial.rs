//! A table as bytes, to be kept or sent and merged elsewhere: the partial
//! table of one object or one slice of a recording.
//!
//! The form is a magic number, a version, sections of variable-length numbers
//! (LEB128) and a checksum (CRC-32) over all before it. Rows are ordered and
//! told by their difference to the one before, so a pair takes about nine
//! bytes. Equal tables that were read in the same order have equal bytes.
//!
//! **Invariants.** What was encoded decodes to the same table; anything else
//! is an error and never a panic, and takes memory in proportion to its length.
//! [`PARTIAL_VERSION`] changes whenever the same text would be read otherwise
//! than before, because old bytes then say something else than new ones; a
//! test compares the bytes of a sample with what they were.
//!
//! **Old bytes.** A cache may forget a table of another version, but a bundle is
//! kept for years and has nothing else: from version 2 on, whoever raises the
//! version keeps a `decode` of every version that a release has written (today: 2;
//! 1 was never released) and the samples of it under `crates/natspike/tests/data`,
//! whose reports a test compares. What was read then stays read as it was; only the
//! form changes.

mod cube;

use crate::cells::Cells;
use crate::context::{Context, Side};
use crate::counts::{Counts, Example, MalformedReason, Window};
use crate::cube::Cube;
use crate::dictionary::{Addresses, Texts};
use crate::fold::Fold;
use crate::pairs::{BothWays, Pair, Pairs};
use crate::timeline;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// The version of the form and of what the engine makes of a text.
pub const PARTIAL_VERSION: u32 = 2;

/// The version of a table with time, and of what the engine makes of a text for it.
pub const CUBE_VERSION: u32 = 1;

const MAGIC: [u8; 4] = *b"NSPT";
/// Of a table with time: older readers take it for none.
const CUBE_MAGIC: [u8; 4] = *b"NSPC";
/// More bytes than there are; four billion sums of fewer fit into 128 bits.
const MOST_BYTES: u128 = 1 << 96;
/// More records than there are.
const MOST_RECORDS: u64 = 1 << 48;
/// Of a checksum.
const CHECK: usize = 4;

/// Why bytes are no table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PartialError {
    /// They are of something else, or cut off, or not as they were written.
    #[error("this is no partial table, or a damaged one; make it again from the flow logs")]
    Damaged,
    /// They are of another version.
    #[error(
        "this partial table is of version {0} and this natspike writes version {PARTIAL_VERSION}; \
         make it again from the flow logs"
    )]
    OtherVersion(u32),
    /// They are a table with time of another version.
    #[error(
        "this table with time is of version {0} and this natspike writes version {CUBE_VERSION}; \
         make it again from the flow logs"
    )]
    OtherCubeVersion(u32),
}

impl PartialError {
    /// The stable name of the error.
    pub fn name(&self) -> &'static str {
        match self {
            PartialError::Damaged => "DamagedPartial",
            PartialError::OtherVersion(_) => "OtherPartialVersion",
            PartialError::OtherCubeVersion(_) => "OtherCubeVersion",
        }
    }
}

/// The table as bytes. Nothing may wait in it.
pub(crate) fn encode(fold: &Fold) -> Vec<u8> {
    if fold.by_time.is_some() {
        return encode_cube(&Cube::of(fold.clone()));
    }
    let mut out = Writer(MAGIC.to_vec());
    out.number(PARTIAL_VERSION.into());
    let mut rows: Vec<(Pair, BothWays)> = fold.pairs.iter().collect();
    rows.sort_unstable_by_key(|(pair, _)| pair.order());
    out.table(fold, |out| out.rows(rows));
    out.ended()
}

/// The table with its time as bytes.
pub(crate) fn encode_cube(cube: &Cube) -> Vec<u8> {
    let fold = &cube.whole().fold;
    let mut out = Writer(CUBE_MAGIC.to_vec());
    out.number(CUBE_VERSION.into());
    out.table(fold, |out| out.grouped_rows(fold));
    out.cube(cube);
    out.ended()
}

/// The table that the bytes are.
pub(crate) fn decode(bytes: &[u8]) -> Result<Fold, PartialError> {
    let (content, is_cube) = content(bytes)?;
    let mut input = Reader(content);
    let read = input.fold(is_cube);
    let (mut fold, rows, cells) = read.ok_or(PartialError::Damaged)?;
    if let Some(cells) = cells {
        fold.keep_time();
        fold.pairs.add_all(rows.iter().copied());
        fold.pairs.set_cells(cells);
    } else {
        fold.pairs.add_all(rows.iter().copied());
    }
    Ok(fold)
}

/// The table with its time that the bytes are.
pub(crate) fn decode_cube(bytes: &[u8]) -> Result<Cube, PartialError> {
    let (content, is_cube) = content(bytes)?;
    let read = Reader(content).fold(is_cube);
    match read {
        Some((mut fold, rows, Some(cells))) => {
            fold.pairs = Pairs::of_list(rows.into_iter());
            Ok(Cube::of_rows(fold, cells))
        }
        _ => Err(PartialError::Damaged),
    }
}

/// What stands between version and checksum, and whether that is a table with time.
fn content(bytes: &[u8]) -> Result<(&[u8], bool), PartialError> {
    let (content, check) = bytes
        .len()
        .checked_sub(CHECK)
        .and_then(|length| bytes.split_at_checked(length))
        .ok_or(PartialError::Damaged)?;
    let is_cube = content.starts_with(&CUBE_MAGIC);
    let magic = if is_cube { CUBE_MAGIC } else { MAGIC };
    let rest = content.strip_prefix(&magic).ok_or(PartialError::Damaged)?;
    let mut input = Reader(rest);
    let version = input.small().ok_or(PartialError::Damaged)?;
    match is_cube {
        true if version != CUBE_VERSION => return Err(PartialError::OtherCubeVersion(version)),
        false if version != PARTIAL_VERSION => return Err(PartialError::OtherVersion(version)),
        _ => {}
    }
    match check == crc32fast::hash(content).to_le_bytes() {
        true => Ok((input.0, is_cube)),
        false => Err(PartialError::Damaged),
    }
}

pub(crate) struct Writer(Vec<u8>);

impl Writer {
    /// All but the time of rows.
    fn table(&mut self, fold: &Fold, rows: impl FnOnce(&mut Writer)) {
        self.number(fold.keys.were_more.into());
        self.counts(&fold.counts);
        self.window(fold.window);
        self.texts(&fold.interfaces);
        self.texts(&fold.services);
        self.addresses(&fold.addresses);
        let contexts: Vec<Context> = fold.contexts.iter().collect();
        self.number(contexts.len() as u128);
        contexts.iter().for_each(|context| self.context(*context));
        rows(self);
        self.timeline(fold);
    }

    fn window(&mut self, window: Option<Window>) {
        self.number(window.is_some().into());
        if let Some(window) = window {
            self.number(window.start.into());
            self.number(window.end.into());
        }
    }

    /// With the checksum.
    fn ended(mut self) -> Vec<u8> {
        let check = crc32fast::hash(&self.0);
        self.0.extend_from_slice(&check.to_le_bytes());
        self.0
    }

    pub(crate) fn number(&mut self, mut number: u128) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u128);
        self.0.extend_from_slice(text.as_bytes());
    }

    fn counts(&mut self, counts: &Counts) {
        for count in [
            counts.read,
            counts.parsed,
            counts.nodata,
            counts.skipdata,
            counts.rejected,
        ] {
            self.number(count.into());
        }
        let malformed: Vec<_> = counts.malformed_by_reason().collect();
        self.number(malformed.len() as u128);
        for (reason, count, examples) in malformed {
            self.number(place(reason) as u128);
            self.number(count.into());
            self.number(examples.len() as u128);
            for example in examples {
                self.text(&example.source);
                self.number(example.line.into());
            }
        }
    }

    fn texts(&mut self, texts: &Texts) {
        self.number(texts.iter().count() as u128);
        texts.iter().for_each(|text| self.text(text));
    }

    fn addresses(&mut self, addresses: &Addresses) {
        self.number(addresses.iter().count() as u128);
        for address in addresses.iter() {
            match address {
                IpAddr::V4(v4) => {
                    self.0.push(4);
                    self.0.extend_from_slice(&v4.octets());
                }
                IpAddr::V6(v6) => {
                    self.0.push(6);
                    self.0.extend_from_slice(&v6.octets());
                }
            }
        }
    }

    fn context(&mut self, context: Context) {
        let sides = [context.low, context.high];
        let mut flags = u128::from(context.is_reject) | u128::from(context.is_coded) << 1;
        for (number, side) in sides.iter().enumerate() {
            flags |= u128::from(side.has_packet) << (2 + number);
            flags |= u128::from(side.outer.is_some()) << (4 + number);
        }
        self.number(flags);
        self.number(context.interface.into());
        for side in sides {
            self.number(side.service.into());
            if let Some(outer) = side.outer {
                self.number(outer.into());
            }
        }
    }

    fn timeline(&mut self, fold: &Fold) {
        let mut moments: Vec<((u64, u32), u128)> = fold.timeline.iter().collect();
        moments.sort_unstable();
        self.number(fold.timeline.period() as u128);
        self.number(moments.len() as u128);
        let mut before = 0;
        for ((start, class), bytes) in moments {
            self.number((start - before).into());
            self.number(class.into());
            self.number(bytes);
            before = start;
        }
    }

    fn sums(&mut self, sums: BothWays) {
        self.number(sums.up);
        self.number(sums.down);
        self.number(sums.records.into());
    }

    fn rows(&mut self, rows: Rows) {
        self.number(rows.len() as u128);
        let mut before = Pair::default();
        for (pair, sums) in rows {
            let context = pair.context - before.context;
            if context > 0 {
                before = Pair::default();
            }
            let low = pair.low - before.low;
            if low > 0 {
                before.high = 0;
            }
            self.number(context.into());
            self.number(low.into());
            self.number((pair.high - before.high).into());
            self.sums(sums);
            before = pair;
        }
    }
}

pub(crate) struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    #[inline]
    pub(crate) fn number(&mut self) -> Option<u128> {
        // Nearly all are short.
        let mut number = 0u64;
        for (place, byte) in self.0.iter().take(9).enumerate() {
            number |= u64::from(byte & 0x7f) << (7 * place);
            if byte & 0x80 == 0 {
                self.0 = &self.0[place + 1..];
                return Some(number.into());
            }
        }
        self.long_number()
    }

    #[cold]
    fn long_number(&mut self) -> Option<u128> {
        let mut number = 0u128;
        for shift in (0..128).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            let part = u128::from(byte & 0x7f);
            // The last byte holds what is left of 128 bits.
            if (part << shift) >> shift != part {
                return None;
            }
            number |= part << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    pub(crate) fn small(&mut self) -> Option<u32> {
        self.number()?.try_into().ok()
    }

    pub(crate) fn time(&mut self) -> Option<u64> {
        self.number()?.try_into().ok()
    }

    /// How many there are, few enough to be added to all others.
    pub(crate) fn count(&mut self) -> Option<u64> {
        self.time().filter(|count| *count < MOST_RECORDS)
    }

    /// A sum of bytes, small enough to be added to all others.
    pub(crate) fn bytes_sum(&mut self) -> Option<u128> {
        self.number().filter(|sum| *sum < MOST_BYTES)
    }

    /// How many things follow, each of at least one byte.
    pub(crate) fn length(&mut self) -> Option<usize> {
        let length = usize::try_from(self.number()?).ok()?;
        (length <= self.0.len()).then_some(length)
    }

    /// A place in a list of so many.
    pub(crate) fn place(&mut self, count: usize) -> Option<usize> {
        let place = usize::try_from(self.number()?).ok()?;
        (place < count).then_some(place)
    }

    fn flag(&mut self) -> Option<bool> {
        match self.number()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    fn bytes(&mut self, length: usize) -> Option<&[u8]> {
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    fn text(&mut self) -> Option<&str> {
        let length = self.length()?;
        std::str::from_utf8(self.bytes(length)?).ok()
    }

    /// A table, its rows and, where it has them, their sums by the minute.
    fn fold(&mut self, is_cube: bool) -> Option<(Fold, Rows, Option<Cells>)> {
        let mut fold = Fold::default();
        fold.keys.were_more = self.flag()?;
        fold.counts = self.counts()?;
        fold.window = self.window()?;
        let interfaces = self.texts(&mut fold.interfaces)?;
        let services = self.texts(&mut fold.services)?;
        let addresses = self.length()?;
        for number in 0..addresses {
            let address = match self.bytes(1)? {
                [4] => IpAddr::from(Ipv4Addr::from_octets(self.bytes(4)?.try_into().ok()?)),
                [6] => IpAddr::from(Ipv6Addr::from_octets(self.bytes(16)?.try_into().ok()?)),
                _ => return None,
            };
            // The same one twice would shift the codes.
            (fold.addresses.code(address) as usize == number).then_some(())?;
        }
        let known = |code: u32, count: usize| (code as usize) < count;
        let contexts = self.length()?;
        for number in 0..contexts {
            let context = self.context()?;
            let sides = [context.low, context.high];
            let is_legal = known(context.interface, interfaces)
                && sides.iter().all(|side| known(side.service, services))
                && (!context.is_coded
                    || sides
                        .iter()
                        .filter_map(|side| side.outer)
                        .all(|outer| known(outer, addresses)));
            let is_new = is_legal && fold.contexts.code(context) as usize == number;
            is_new.then_some(())?;
        }
        let rows = match is_cube {
            true => self.grouped_rows(&fold, contexts, addresses)?,
            false => self.rows(&fold, contexts, addresses)?,
        };
        self.timeline(&mut fold, contexts)?;
        let cells = match is_cube {
            true => Some(self.cube(&mut fold, &rows, contexts)?),
            false => None,
        };
        self.0.is_empty().then_some((fold, rows, cells))
    }

    pub(crate) fn window(&mut self) -> Option<Option<Window>> {
        match self.flag()? {
            true => Some(Some(Window {
                start: self.time()?,
                end: self.time()?,
            })),
            false => Some(None),
        }
    }

    fn counts(&mut self) -> Option<Counts> {
        let mut counts = Counts::default();
        counts.read = self.count()?;
        counts.parsed = self.count()?;
        counts.nodata = self.count()?;
        counts.skipdata = self.count()?;
        counts.rejected = self.count()?;
        for _ in 0..self.length()? {
            let reason = *REASONS.get(self.length()?)?;
            let count = self.count()?;
            let mut examples = Vec::new();
            for _ in 0..self.length()? {
                let source = Arc::from(self.text()?);
                let line = self.time()?;
                examples.push(Example { source, line });
            }
            counts.set_malformed(reason, count, examples);
        }
        Some(counts)
    }

    /// Reads texts; says how many codes there are then.
    fn texts(&mut self, into: &mut Texts) -> Option<usize> {
        let count = self.length()?;
        for number in 1..=count {
            let text = self.text()?;
            (into.code(text.as_bytes()) as usize == number).then_some(())?;
        }
        Some(count + 1)
    }

    fn context(&mut self) -> Option<Context> {
        let flags = self.small()?;
        let is = |bit: u32| flags >> bit & 1 == 1;
        let interface = self.small()?;
        let mut side = |number: u32| {
            Some(Side {
                service: self.small()?,
                outer: match is(4 + number) {
                    true => Some(self.small()?),
                    false => None,
                },
                has_packet: is(2 + number),
            })
        };
        let (low, high) = (side(0)?, side(1)?);
        (flags < 1 << 6).then_some(Context {
            interface,
            low,
            high,
            is_reject: is(0),
            is_coded: is(1),
        })
    }

    fn timeline(&mut self, fold: &mut Fold, contexts: usize) -> Option<()> {
        fold.timeline.lengthen(self.place(timeline::PERIODS.len())?);
        let mut start = 0u64;
        for _ in 0..self.length()? {
            start = start.checked_add(self.time()?)?;
            let class = self.small()?;
            let (context, _) = timeline::parts(class);
            let is_own =
                (context as usize) < contexts && fold.contexts.unordered(context) == context;
            is_own.then_some(())?;
            let bytes = self.bytes_sum().filter(|bytes| *bytes > 0)?;
            fold.timeline.put(start, class, bytes);
        }
        Some(())
    }

    fn rows(&mut self, fold: &Fold, contexts: usize, addresses: usize) -> Option<Rows> {
        let mut pair = Pair::default();
        let mut rows = Vec::new();
        for row in 0..self.length()? {
            let (context, low, high) = (self.small()?, self.small()?, self.small()?);
            // The same pair twice is nothing that was written here.
            (row == 0 || context > 0 || low > 0 || high > 0).then_some(())?;
            if context > 0 {
                pair.context = pair.context.checked_add(context)?;
                (pair.low, pair.high) = (0, 0);
            }
            if low > 0 {
                pair.low = pair.low.checked_add(low)?;
                pair.high = 0;
            }
            pair.high = pair.high.checked_add(high)?;
            rows.push((pair, self.sums()?));
            let code = usize::try_from(pair.context).ok()?;
            (code < contexts).then_some(())?;
            let ends = [pair.low as usize, pair.high as usize];
            let is_coded = fold.contexts.context(pair.context).is_coded;
            (!is_coded || ends.iter().all(|end| *end < addresses)).then_some(())?;
        }
        Some(rows)
    }

    fn sums(&mut self) -> Option<BothWays> {
        Some(BothWays {
            up: self.bytes_sum()?,
            down: self.bytes_sum()?,
            records: self.count()?,
        })
    }
}

/// Rows in the order of pairs.
type Rows = Vec<(Pair, BothWays)>;

/// The reasons by the numbers that stand for them, which never change.
const REASONS: [MalformedReason; 7] = [
    MalformedReason::FieldCount,
    MalformedReason::Number,
    MalformedReason::Address,
    MalformedReason::Action,
    MalformedReason::LogStatus,
    MalformedReason::MissingValue,
    MalformedReason::TooLong,
];

fn place(reason: MalformedReason) -> usize {
    REASONS
        .iter()
        .position(|known| *known == reason)
        .unwrap_or(REASONS.len())
}
