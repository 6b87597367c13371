//! What rules look at: single records, and what records of the same flow add up to.
//!
//! **Invariants.** Ends are numbers of one fold; another fold has others, so a
//! merge translates them. Ends are those of the packet where records have it. Of
//! what says the same bytes twice (the outer legs of a NAT gateway, its inner ones
//! where the workload's own interface is recorded, too) only one counts: which, is
//! known at the end alone, so rules keep [`Pair`]s apart and ask then.

use super::Sums;

/// A sender and a receiver, and whether what recorded them passes on what is
/// others' (a NAT gateway, a Kubernetes node).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Pair {
    /// The sender.
    pub(crate) src: u32,
    /// The receiver.
    pub(crate) dst: u32,
    /// What recorded it shows other addresses than the packet has.
    pub(crate) is_forwarded: bool,
}

/// What is known of an end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Side {
    /// It is investigated.
    pub(crate) is_subject: bool,
    /// It is not external.
    pub(crate) is_inside: bool,
}

/// One record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    pub(crate) pair: Pair,
    /// Of the sender and of the receiver.
    pub(crate) sides: [Side; 2],
    pub(crate) src_port: Option<u16>,
    pub(crate) dst_port: Option<u16>,
    /// IANA's number.
    pub(crate) protocol: Option<u8>,
    /// The packets were dropped.
    pub(crate) is_reject: bool,
    /// The sender opens the connection: by TCP flags (SYN without ACK) where
    /// records have them, else because its port is the higher one.
    pub(crate) opens: bool,
    pub(crate) bytes: u64,
    pub(crate) packets: u64,
    /// Unix seconds.
    pub(crate) start: Option<u64>,
}

/// What the records of one sender, receiver, receiver's port, protocol and action
/// add up to; of all that count.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flow {
    pub(crate) pair: Pair,
    /// Of the sender and of the receiver.
    pub(crate) sides: [Side; 2],
    pub(crate) dst_port: Option<u16>,
    pub(crate) protocol: Option<u8>,
    pub(crate) is_reject: bool,
    /// A record of it opens a connection.
    pub(crate) opens: bool,
    pub(crate) sums: Sums,
    /// When the first record begins, in Unix seconds.
    pub(crate) first: Option<u64>,
    /// When the last record begins.
    pub(crate) last: Option<u64>,
}
