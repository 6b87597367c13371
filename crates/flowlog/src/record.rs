//! One record with all that a rule may want to know of it.
//!
//! The table itself adds up by who sent to whom and forgets the rest. Where ports,
//! protocols or times matter, a [`Watch`] is shown every record as it passes.
//!
//! **Invariants.** Codes mean something within one table only; [`Names`] says
//! what. A watch sees each record that counts exactly once, in no particular order,
//! and before the source's end.

use crate::dictionary::{Addresses, Texts};
use std::any::Any;
use std::net::{IpAddr, Ipv4Addr};

/// An address, as a number that one table gives it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressCode(u64);

/// A bit above all IPv4 addresses: the rest is the code of another one.
const CODED: u64 = 1 << 32;

impl AddressCode {
    #[inline(always)]
    pub(crate) fn v4(address: u32) -> AddressCode {
        AddressCode(u64::from(address))
    }

    pub(crate) fn of(address: IpAddr, addresses: &mut Addresses) -> AddressCode {
        match address {
            IpAddr::V4(v4) => AddressCode::v4(u32::from(v4)),
            IpAddr::V6(_) => AddressCode(CODED | u64::from(addresses.code(address))),
        }
    }

    /// A number that is another one for another address of the table.
    #[inline(always)]
    pub fn number(self) -> u64 {
        self.0
    }
}

/// A code of a text, or of none; see [`Names::interface`] and [`Names::service`].
pub type TextCode = u32;

/// A record with data, that the filter lets through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Record {
    /// Sender and receiver in the packet, or else as the interface saw them.
    pub ends: [AddressCode; 2],
    /// Sender and receiver as the interface saw them.
    pub seen: [AddressCode; 2],
    /// Whether the record has the packet's sender and receiver.
    pub has_packet: [bool; 2],
    /// The interface-id, or the resource-id where there is none.
    pub interface: TextCode,
    /// The AWS service of the sender and of the receiver.
    pub services: [TextCode; 2],
    /// Whether the packets were dropped.
    pub is_reject: bool,
    /// Whether the record has an action.
    pub has_action: bool,
    /// Whether the record has its bytes; rejected ones may lack them.
    pub has_bytes: bool,
    /// Bytes.
    pub bytes: u64,
    /// Packets, where the record has them.
    pub packets: Option<u64>,
    /// The sender's port and the receiver's.
    pub ports: [Option<u16>; 2],
    /// IANA's number of the protocol.
    pub protocol: Option<u8>,
    /// The TCP flags of the interval, or-ed.
    pub tcp_flags: Option<u8>,
    /// When it begins, in Unix seconds.
    pub start: Option<u64>,
    /// When it ends.
    pub end: Option<u64>,
}

/// What the codes of a table's records stand for.
#[derive(Clone, Copy)]
pub struct Names<'a> {
    pub(crate) addresses: &'a Addresses,
    pub(crate) interfaces: &'a Texts,
    pub(crate) services: &'a Texts,
}

impl<'a> Names<'a> {
    /// The address of a code.
    #[inline]
    pub fn address(self, code: AddressCode) -> IpAddr {
        match code.0 & CODED {
            0 => IpAddr::V4(Ipv4Addr::from(code.0 as u32)),
            _ => self.addresses.address(code.0 as u32),
        }
    }

    /// The name of an interface or resource.
    pub fn interface(self, code: TextCode) -> Option<&'a str> {
        self.interfaces.text(code)
    }

    /// The name of an AWS service.
    pub fn service(self, code: TextCode) -> Option<&'a str> {
        self.services.text(code)
    }
}

/// Sees every record of a table that counts.
pub trait Watch: Any + Send + Sync {
    /// Sees some more records.
    fn records(&mut self, records: &[Record], names: Names<'_>);

    /// Adds what another watch of the same kind has seen.
    fn merge(&mut self, other: Box<dyn Watch>);

    /// From now on it watches another table, whose codes mean something else.
    fn moved(&mut self);

    /// Another one that has seen the same.
    fn boxed(&self) -> Box<dyn Watch>;
}
