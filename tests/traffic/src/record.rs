//! A flow-log record before it is text: what one interface logs about one
//! flow in one interval.

use std::net::IpAddr;

/// The interface, or regional gateway, that logs.
#[derive(Debug, Clone)]
pub(crate) struct Capture {
    /// `-` for a regional gateway.
    pub(crate) interface: String,
    /// `-` unless it is a regional gateway.
    pub(crate) resource: String,
    /// `-` for a regional gateway.
    pub(crate) subnet: String,
    /// `-` for requester-managed interfaces.
    pub(crate) instance: String,
    /// Value of interface-type.
    pub(crate) kind: &'static str,
}

/// Relative to the capturing interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Ingress,
    Egress,
}

/// One end of a record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct End<'a> {
    /// srcaddr or dstaddr.
    pub(crate) shown: IpAddr,
    /// pkt-srcaddr or pkt-dstaddr.
    pub(crate) packet: IpAddr,
    pub(crate) port: u16,
    /// AWS service code of the packet's address.
    pub(crate) service: Option<&'a str>,
}

/// One record with data.
#[derive(Debug, Clone)]
pub(crate) struct Record<'a> {
    pub(crate) at: &'a Capture,
    pub(crate) source: End<'a>,
    pub(crate) destination: End<'a>,
    pub(crate) protocol: u8,
    pub(crate) bytes: u64,
    /// Unix seconds.
    pub(crate) start: u64,
    /// Unix seconds.
    pub(crate) end: u64,
    pub(crate) accepted: bool,
    pub(crate) direction: Direction,
    pub(crate) path: Option<u8>,
    pub(crate) flags: u8,
    /// The interface that receives (egress) or sends (ingress), when known.
    pub(crate) next_hop: Option<&'a Capture>,
}

impl Record<'_> {
    const PACKET_BYTES: u64 = 1_400;

    pub(crate) fn packets(&self) -> u64 {
        self.bytes.div_ceil(Self::PACKET_BYTES)
    }
}

/// Ways in which a line can be broken; those that a layout cannot show fall
/// back to [`Damage::TooFewFields`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Damage {
    TooFewFields,
    BytesAreNoNumber,
    AddressIsNone,
    PlainWords,
    TooManyFields,
    BytesOverflow,
}

impl Damage {
    pub(crate) const ALL: [Damage; 6] = [
        Damage::TooFewFields,
        Damage::BytesAreNoNumber,
        Damage::AddressIsNone,
        Damage::PlainWords,
        Damage::TooManyFields,
        Damage::BytesOverflow,
    ];
}

/// A line of a recording.
#[derive(Debug, Clone)]
pub(crate) enum Line<'a> {
    Record(Record<'a>),
    NoData {
        at: &'a Capture,
        start: u64,
        end: u64,
    },
    SkipData {
        at: &'a Capture,
        start: u64,
        end: u64,
    },
    Malformed {
        damage: Damage,
        of: Record<'a>,
    },
}

impl Line<'_> {
    /// Start and end in Unix seconds.
    pub(crate) fn times(&self) -> (u64, u64) {
        match self {
            Line::Record(record) | Line::Malformed { of: record, .. } => (record.start, record.end),
            Line::NoData { start, end, .. } | Line::SkipData { start, end, .. } => (*start, *end),
        }
    }
}
