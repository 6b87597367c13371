//! A row of a flow table: who sent how much to whom on which interface.

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
