//! The rows of a flow table: who sent how much to whom on which interface.

use crate::by_time::remote;
use crate::timeline::is_private;
use std::net::IpAddr;

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
}

/// One direction of a [`Conversation`]: who sent to whom on which interface,
/// and how much.
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

/// A row of a table: two ends on an interface, and what they sent each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conversation<'a> {
    /// A small number; conversations of one table that have the same one
    /// differ in nothing but the ends' addresses and their sums.
    pub kind: usize,
    /// A small number for the times of [`crate::FlowTable::moments`]: of
    /// conversations that differ in addresses, in sums and in nothing else that
    /// tells the leg on a gateway.
    pub class: usize,
    /// As in [`Flow::interface`].
    pub interface: Option<&'a str>,
    /// What was done with the packets.
    pub action: Action,
    /// The two ends, in an order without meaning.
    pub ends: [End<'a>; 2],
    /// Bytes from the first end to the second, and from the second to the first.
    pub bytes: [u128; 2],
    /// How many records there were, in both directions.
    pub records: u64,
}

/// One end of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End<'a> {
    /// The address in the packets, or what the interface saw where records
    /// do not have the packets' addresses.
    pub address: IpAddr,
    /// What the interface saw, where that is another address.
    pub outside: Option<IpAddr>,
    /// Whether records have the packets' address.
    pub has_packet: bool,
    /// The AWS service of the address.
    pub service: Option<&'a str>,
}

impl End<'_> {
    /// The address that the interface saw.
    pub fn seen(&self) -> IpAddr {
        self.outside.unwrap_or(self.address)
    }

    /// The address in the packets, where records have it.
    pub fn packet(&self) -> Option<IpAddr> {
        self.has_packet.then_some(self.address)
    }
}

impl<'a> Conversation<'a> {
    /// Whether the end that is remote by its records is private, for
    /// [`crate::PortSum::has_private_remote`]; not so where none is remote.
    pub fn has_private_remote(&self) -> bool {
        let privates = self.ends.map(|end| is_private(end.address));
        let is_translated = self.ends.map(|end| end.outside.is_some());
        remote(is_translated, privates).is_some_and(|end| privates[end])
    }

    /// The flow from that end (0 or 1) to the other.
    pub fn flow_from(&self, end: usize) -> Flow<'a> {
        let [src, dst] = [self.ends[end % 2], self.ends[(end + 1) % 2]];
        Flow {
            interface: self.interface,
            src: src.seen(),
            dst: dst.seen(),
            pkt_src: src.packet(),
            pkt_dst: dst.packet(),
            src_service: src.service,
            dst_service: dst.service,
            action: self.action,
            sum: FlowSum {
                bytes: self.bytes[end % 2],
            },
        }
    }

    /// The directions in which anything was sent; one where nothing was.
    pub fn flows(self) -> impl Iterator<Item = Flow<'a>> {
        let [there, back] = self.bytes;
        let there = (there > 0 || back == 0).then(|| self.flow_from(0));
        let back = (back > 0).then(|| self.flow_from(1));
        there.into_iter().chain(back)
    }
}
