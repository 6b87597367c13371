//! Where the columns that the table reads stand in the lines of a layout.
//!
//! Only those columns are looked at; where each of them stands is worked out
//! once for a layout and not for a line.

use crate::{Column, Field, Layout, MalformedReason};
use memchr::memchr_iter;

/// The columns that the table reads.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Slot {
    Interface,
    Resource,
    Src,
    Dst,
    PktSrc,
    PktDst,
    SrcService,
    DstService,
    Bytes,
    Start,
    End,
    Action,
    LogStatus,
    SrcPort,
    DstPort,
    Protocol,
    Packets,
    TcpFlags,
    /// A column that nothing reads; always the last.
    Ignored,
}

const SLOTS: usize = Slot::Ignored as usize + 1;
/// No layout has that many columns.
const ABSENT: u16 = u16::MAX;

/// A layout made ready for reading lines.
#[derive(Clone)]
pub(crate) struct LineReader {
    layout: Layout,
    slots: Box<[Slot]>,
    columns: [u16; SLOTS],
    /// The column of every field, by its place in [`Field::ALL`].
    fields: Box<[u16]>,
    steady: Option<Steady>,
}

/// The columns start, end, action and log-status, which stand side by side in
/// most layouts and are the same in very many lines.
#[derive(Clone, Copy)]
pub(crate) struct Steady {
    /// The first column.
    pub(crate) first: usize,
    /// The last column.
    pub(crate) last: usize,
    /// Which of them stands where.
    pub(crate) order: [u16; STEADY.len()],
}

const STEADY: [Slot; 4] = [Slot::Start, Slot::End, Slot::Action, Slot::LogStatus];

/// The texts of a line, each where its slot says; what the layout lacks is `-`.
pub(crate) struct Words<'a>([&'a [u8]; SLOTS]);

impl<'a> Words<'a> {
    pub(crate) fn get(&self, slot: Slot) -> &'a [u8] {
        self.0[slot as usize]
    }
}

impl LineReader {
    pub(crate) fn new(layout: Layout) -> LineReader {
        let slots: Box<[Slot]> = layout.columns().iter().map(slot).collect();
        let mut columns = [ABSENT; SLOTS];
        for (column, slot) in slots.iter().enumerate() {
            columns[*slot as usize] = u16::try_from(column).unwrap_or(ABSENT);
        }
        let mut fields: Box<[u16]> = vec![ABSENT; Field::ALL.len()].into();
        for (place, column) in layout.columns().iter().enumerate() {
            if let Column::Known(field) = column {
                fields[*field as usize] = u16::try_from(place).unwrap_or(ABSENT);
            }
        }
        LineReader {
            layout,
            fields,
            steady: steady(&columns),
            slots,
            columns,
        }
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// How many columns a line has.
    #[inline]
    pub(crate) fn width(&self) -> usize {
        self.slots.len()
    }

    /// The column of a slot, if the layout has it.
    #[inline]
    pub(crate) fn column(&self, slot: Slot) -> Option<usize> {
        let column = self.columns[slot as usize];
        (column != ABSENT).then_some(usize::from(column))
    }

    /// The column of a field, if the layout has it.
    #[inline]
    pub(crate) fn column_of(&self, field: Field) -> Option<usize> {
        let column = self.fields[field as usize];
        (column != ABSENT).then_some(usize::from(column))
    }

    /// The steady columns, where the layout has all of them side by side.
    #[inline]
    pub(crate) fn steady(&self) -> Option<Steady> {
        self.steady
    }

    /// Cuts the line into its words.
    pub(crate) fn split<'a>(&self, line: &'a [u8]) -> Result<Words<'a>, MalformedReason> {
        let mut words: [&[u8]; SLOTS] = [b"-"; SLOTS];
        let mut from = 0;
        let mut column = 0;
        for to in memchr_iter(b' ', line) {
            let slot = self.slots.get(column).ok_or(MalformedReason::FieldCount)?;
            words[*slot as usize] = &line[from..to];
            from = to + 1;
            column += 1;
        }
        let slot = self.slots.get(column).ok_or(MalformedReason::FieldCount)?;
        words[*slot as usize] = &line[from..];
        if column + 1 != self.slots.len() {
            return Err(MalformedReason::FieldCount);
        }
        Ok(Words(words))
    }
}

fn steady(columns: &[u16; SLOTS]) -> Option<Steady> {
    let order = STEADY.map(|slot| columns[slot as usize]);
    let (first, last) = (*order.iter().min()?, *order.iter().max()?);
    let is_steady = last != ABSENT && usize::from(last - first) + 1 == order.len();
    is_steady.then(|| Steady {
        first: usize::from(first),
        last: usize::from(last),
        order: order.map(|column| column.wrapping_sub(first)),
    })
}

fn slot(column: &Column) -> Slot {
    let Column::Known(field) = column else {
        return Slot::Ignored;
    };
    match field {
        Field::InterfaceId => Slot::Interface,
        Field::ResourceId => Slot::Resource,
        Field::Srcaddr => Slot::Src,
        Field::Dstaddr => Slot::Dst,
        Field::PktSrcaddr => Slot::PktSrc,
        Field::PktDstaddr => Slot::PktDst,
        Field::PktSrcAwsService => Slot::SrcService,
        Field::PktDstAwsService => Slot::DstService,
        Field::Bytes => Slot::Bytes,
        Field::Start => Slot::Start,
        Field::End => Slot::End,
        Field::Action => Slot::Action,
        Field::LogStatus => Slot::LogStatus,
        Field::Srcport => Slot::SrcPort,
        Field::Dstport => Slot::DstPort,
        Field::Protocol => Slot::Protocol,
        Field::Packets => Slot::Packets,
        Field::TcpFlags => Slot::TcpFlags,
        _ => Slot::Ignored,
    }
}

/// A decimal number of at most 63 bits (AWS's INT_64); `-` is no value.
pub(crate) fn number(word: &[u8]) -> Result<Option<u64>, MalformedReason> {
    if word == b"-" {
        return Ok(None);
    }
    if word.is_empty() {
        return Err(MalformedReason::Number);
    }
    let mut value: u64 = 0;
    for byte in word {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return Err(MalformedReason::Number);
        }
        value = value
            .checked_mul(10)
            .and_then(|value| value.checked_add(u64::from(digit)))
            .filter(|value| *value <= i64::MAX as u64)
            .ok_or(MalformedReason::Number)?;
    }
    Ok(Some(value))
}

#[cfg(test)]
mod tests {
    use super::number;
    use crate::MalformedReason;

    #[test]
    fn reads_numbers_of_63_bits_and_nothing_else() {
        let bad = Err(MalformedReason::Number);
        for (word, expected) in [
            ("0", Ok(Some(0))),
            ("9223372036854775807", Ok(Some(i64::MAX as u64))),
            ("9223372036854775808", bad),
            ("99999999999999999999999", bad),
            ("-", Ok(None)),
            ("", bad),
            ("-1", bad),
            ("1e3", bad),
        ] {
            assert_eq!(number(word.as_bytes()), expected, "{word}");
        }
    }
}
