//! Adds the flows of the found gateways up by leg, workload and remote end.
//!
//! **Invariants.** Billed sums come from legs A and D only. Where records lack
//! packet addresses, a remote end is only visible on legs B and C, which are
//! the same bytes seen from outside; its sums are then taken from those.

use crate::gateway::Gateway;
use crate::leg::{Leg, leg};
use flowlog::{Action, Flow};
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

/// Bytes of the two billed directions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Billed {
    pub(crate) in_from_source: u128,
    pub(crate) out_to_source: u128,
}

impl Billed {
    pub(crate) fn bytes(self) -> u128 {
        self.in_from_source + self.out_to_source
    }

    fn add(&mut self, upload: bool, bytes: u128) {
        *if upload {
            &mut self.in_from_source
        } else {
            &mut self.out_to_source
        } += bytes;
    }
}

/// What passed through the gateways.
#[derive(Debug, Default)]
pub(crate) struct Traffic<'a> {
    pub(crate) in_from_source: u128,
    pub(crate) out_to_destination: u128,
    pub(crate) in_from_destination: u128,
    pub(crate) out_to_source: u128,
    /// Bytes of rejected records; not billed.
    pub(crate) rejected: u128,
    /// Accepted bytes of other interfaces, or that fit no leg.
    pub(crate) other: u128,
    pub(crate) sources: HashMap<IpAddr, Billed>,
    pub(crate) destinations: HashMap<IpAddr, Billed>,
    pub(crate) services: HashMap<Option<&'a str>, Billed>,
    pub(crate) pairs: HashMap<(IpAddr, IpAddr), Billed>,
    /// Bytes by the service names that records gave a remote end.
    labels: HashMap<IpAddr, BTreeMap<&'a str, u128>>,
    /// Billed bytes whose remote end is not in the record.
    pub(crate) without_remote: u128,
}

impl<'a> Traffic<'a> {
    pub(crate) fn of(flows: &[Flow<'a>], gateways: &[Gateway]) -> Traffic<'a> {
        let by_interface: HashMap<Option<&str>, &Gateway> = gateways
            .iter()
            .map(|gateway| (gateway.interface.as_deref(), gateway))
            .collect();
        let mut traffic = Traffic::default();
        for flow in flows {
            let bytes = flow.sum.bytes;
            if flow.action == Action::Reject {
                traffic.rejected += bytes;
                continue;
            }
            let gateway = by_interface.get(&flow.interface);
            match gateway.and_then(|gateway| leg(flow, gateway)) {
                Some(leg) => traffic.add(flow, leg),
                None => traffic.other += bytes,
            }
        }
        traffic
    }

    fn add(&mut self, flow: &Flow<'a>, leg: Leg) {
        let bytes = flow.sum.bytes;
        match leg {
            Leg::InFromSource => {
                self.in_from_source += bytes;
                let source = flow.pkt_src.unwrap_or(flow.src);
                let regional = flow.pkt_dst.is_none() && flow.interface_is_gateway();
                let remote = flow.pkt_dst.or(regional.then_some(flow.dst));
                self.billed(source, remote, flow.dst_service, true, bytes);
            }
            Leg::OutToSource => {
                self.out_to_source += bytes;
                let source = flow.pkt_dst.unwrap_or(flow.dst);
                let regional = flow.pkt_src.is_none() && flow.interface_is_gateway();
                let remote = flow.pkt_src.or(regional.then_some(flow.src));
                self.billed(source, remote, flow.src_service, false, bytes);
            }
            Leg::OutToDestination => {
                self.out_to_destination += bytes;
                if flow.pkt_dst.is_none() && !flow.interface_is_gateway() {
                    self.remote(flow.dst, flow.dst_service, true, bytes);
                }
            }
            Leg::InFromDestination => {
                self.in_from_destination += bytes;
                if flow.pkt_src.is_none() && !flow.interface_is_gateway() {
                    self.remote(flow.src, flow.src_service, false, bytes);
                }
            }
        }
    }

    fn billed(
        &mut self,
        source: IpAddr,
        remote: Option<IpAddr>,
        service: Option<&'a str>,
        upload: bool,
        bytes: u128,
    ) {
        self.sources.entry(source).or_default().add(upload, bytes);
        let Some(remote) = remote else {
            self.without_remote += bytes;
            return;
        };
        self.remote(remote, service, upload, bytes);
        self.pairs
            .entry((source, remote))
            .or_default()
            .add(upload, bytes);
    }

    fn remote(&mut self, remote: IpAddr, service: Option<&'a str>, upload: bool, bytes: u128) {
        self.destinations
            .entry(remote)
            .or_default()
            .add(upload, bytes);
        self.services.entry(service).or_default().add(upload, bytes);
        if let Some(service) = service {
            *self
                .labels
                .entry(remote)
                .or_default()
                .entry(service)
                .or_default() += bytes;
        }
    }

    /// The service that most of the remote end's bytes are marked with.
    pub(crate) fn service_of(&self, remote: IpAddr) -> Option<&'a str> {
        let labels = self.labels.get(&remote)?;
        let most = labels.values().max()?;
        labels
            .iter()
            .find(|(_, bytes)| *bytes == most)
            .map(|(service, _)| *service)
    }

    /// What was billed: each byte once for its pass through the gateway.
    pub(crate) fn processed(&self) -> u128 {
        self.in_from_source + self.out_to_source
    }
}

/// Whether a record stands for the gateway itself and not for an interface:
/// both ends are then in the record even without packet addresses.
trait InterfaceIsGateway {
    fn interface_is_gateway(&self) -> bool;
}

impl InterfaceIsGateway for Flow<'_> {
    fn interface_is_gateway(&self) -> bool {
        self.interface.is_some_and(|id| id.starts_with("nat-"))
    }
}
