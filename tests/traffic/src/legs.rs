//! The records that one exchange of bytes leaves on every interface it
//! crosses.
//!
//! Zonal gateways follow the four legs of AWS's
//! [NAT gateway example](https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-records-examples.html):
//! srcaddr and dstaddr always show the interface's primary address, only the
//! packet addresses show a secondary one. Regional gateways log public
//! addresses, and the packet addresses say the same.

use crate::record::{Capture, Direction, End, Record};
use crate::truth::Remote;
use std::net::IpAddr;

/// FIN, SYN and SYN-ACK as tcp-flags shows them.
const FIN: u8 = 1;
const SYN: u8 = 2;
const SYN_ACK: u8 = 18;

/// Values of traffic-path.
const SAME_VPC: u8 = 1;
const PRIVATE_GATEWAY: u8 = 3;
const INTERNET_GATEWAY: u8 = 8;

/// A gateway, ready to log.
#[derive(Debug, Clone)]
pub(crate) struct NatGateway {
    pub(crate) capture: Capture,
    pub(crate) regional: bool,
    /// IPv4 addresses that it translates to, primary first.
    pub(crate) addresses: Vec<IpAddr>,
    /// Primary IPv6 address of the interface, if it has one.
    pub(crate) ipv6: Option<IpAddr>,
    /// The address that hairpin targets see.
    pub(crate) public: IpAddr,
}

impl NatGateway {
    pub(crate) fn primary(&self) -> IpAddr {
        self.addresses[0]
    }
}

/// Bytes that one connection moves in one interval.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Exchange<'a> {
    pub(crate) gateway: &'a NatGateway,
    pub(crate) workload: IpAddr,
    pub(crate) remote: Remote<'a>,
    /// The gateway's address that the connection was given.
    pub(crate) translated: IpAddr,
    pub(crate) workload_port: u16,
    pub(crate) translated_port: u16,
    pub(crate) remote_port: u16,
    pub(crate) protocol: u8,
    pub(crate) upload: u64,
    pub(crate) download: u64,
    pub(crate) start: u64,
    pub(crate) end: u64,
    /// Whether the connection begins in this interval.
    pub(crate) opens: bool,
    /// Whether the connection ends in this interval.
    pub(crate) closes: bool,
}

/// Two ends that see each other, from the initiator's side.
struct Hop<'a> {
    near: End<'a>,
    far: End<'a>,
}

impl<'a> Exchange<'a> {
    fn flags(&self, opening: u8) -> u8 {
        if self.protocol != 6 {
            return 0;
        }
        (if self.opens { opening } else { 0 }) | (if self.closes { FIN } else { 0 })
    }

    fn record(
        &self,
        at: &'a Capture,
        hop: &Hop<'a>,
        upload: bool,
        direction: Direction,
        path: Option<u8>,
    ) -> Record<'a> {
        let (source, destination) = if upload {
            (hop.near, hop.far)
        } else {
            (hop.far, hop.near)
        };
        Record {
            at,
            source,
            destination,
            protocol: self.protocol,
            bytes: if upload { self.upload } else { self.download },
            start: self.start,
            end: self.end,
            accepted: true,
            direction,
            path,
            flags: self.flags(if upload { SYN } else { SYN_ACK }),
            next_hop: None,
        }
    }

    fn workload_end(&self) -> End<'a> {
        End {
            shown: self.workload,
            packet: self.workload,
            port: self.workload_port,
            service: None,
        }
    }

    fn remote_end(&self, address: IpAddr) -> End<'a> {
        End {
            shown: address,
            packet: address,
            port: self.remote_port,
            service: self.remote.service,
        }
    }

    /// The legs A, B, C and D on the gateway; legs without bytes are left out.
    pub(crate) fn on_gateway(&self) -> impl Iterator<Item = Record<'a>> {
        let gateway = self.gateway;
        let inside_shown = match (gateway.regional, self.workload.is_ipv6()) {
            (true, _) => self.remote.inside,
            (false, true) => gateway.ipv6.unwrap_or(self.remote.inside),
            (false, false) => gateway.primary(),
        };
        let inside = Hop {
            near: self.workload_end(),
            far: End {
                shown: inside_shown,
                ..self.remote_end(self.remote.inside)
            },
        };
        let outside = Hop {
            near: End {
                shown: if gateway.regional {
                    self.translated
                } else {
                    gateway.primary()
                },
                packet: self.translated,
                port: self.translated_port,
                service: gateway.regional.then_some("EC2"),
            },
            far: self.remote_end(self.remote.outside),
        };
        let out = if is_private(self.remote.outside) {
            PRIVATE_GATEWAY
        } else {
            INTERNET_GATEWAY
        };
        let at = &gateway.capture;
        [
            self.record(at, &inside, true, Direction::Ingress, None),
            self.record(at, &outside, true, Direction::Egress, Some(out)),
            self.record(at, &outside, false, Direction::Ingress, None),
            self.record(at, &inside, false, Direction::Egress, Some(SAME_VPC)),
        ]
        .into_iter()
        .filter(|record| record.bytes > 0)
    }

    /// What the workload's own interface logs.
    pub(crate) fn on_workload(&self, at: &'a Capture) -> impl Iterator<Item = Record<'a>> {
        let hop = Hop {
            near: self.workload_end(),
            far: self.remote_end(self.remote.inside),
        };
        let next_hop = Some(&self.gateway.capture);
        [
            Record {
                next_hop,
                ..self.record(at, &hop, true, Direction::Egress, Some(SAME_VPC))
            },
            Record {
                next_hop,
                ..self.record(at, &hop, false, Direction::Ingress, None)
            },
        ]
        .into_iter()
        .filter(|record| record.bytes > 0)
    }

    /// What the interface logs that the remote's elastic address belongs to.
    pub(crate) fn on_hairpin(
        &self,
        at: &'a Capture,
        target: IpAddr,
    ) -> impl Iterator<Item = Record<'a>> {
        let public = if self.gateway.regional {
            self.translated
        } else {
            self.gateway.public
        };
        let near = End {
            shown: public,
            packet: public,
            port: self.translated_port,
            service: Some("EC2"),
        };
        let far = End {
            service: None,
            ..self.remote_end(target)
        };
        let hop = Hop { near, far };
        [
            self.record(at, &hop, true, Direction::Ingress, None),
            self.record(at, &hop, false, Direction::Egress, Some(INTERNET_GATEWAY)),
        ]
        .into_iter()
        .filter(|record| record.bytes > 0)
    }
}

/// Addresses that belong to no part of the public internet: RFC 1918, the
/// shared range of RFC 6598, and unique local IPv6.
pub(crate) fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || (v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64),
        IpAddr::V6(v6) => v6.is_unique_local(),
    }
}
