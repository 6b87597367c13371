//! Adds the flows of the found gateways up by leg, workload and remote end.
//!
//! **Invariants.** Billed sums come from legs A and D only. Where records lack
//! packet addresses, a remote end is only visible on legs B and C, which are
//! the same bytes seen from outside; its sums are then taken from those.

use crate::evidence::Map;
use crate::gateway::Gateway;
use crate::leg::{Leg, leg};
use flowlog::{Action, Flow, FlowTable};
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

/// Workloads with their remote ends. There are far more of these than of
/// anything else, so the common family takes half the memory.
#[derive(Debug, Default)]
pub(crate) struct Pairs {
    v4: Map<(u32, u32), Billed>,
    others: Map<(IpAddr, IpAddr), Billed>,
}

impl Pairs {
    fn entry(&mut self, pair: (IpAddr, IpAddr)) -> &mut Billed {
        match pair {
            (IpAddr::V4(source), IpAddr::V4(remote)) => {
                self.v4.entry((source.into(), remote.into())).or_default()
            }
            pair => self.others.entry(pair).or_default(),
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.v4.len() + self.others.len()
    }

    /// Each with its bytes, in no particular order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = ((IpAddr, IpAddr), Billed)> {
        let address = |number: u32| IpAddr::V4(number.into());
        let v4 = self.v4.iter();
        let v4 = v4
            .map(move |((source, remote), billed)| ((address(*source), address(*remote)), *billed));
        v4.chain(self.others.iter().map(|(pair, billed)| (*pair, *billed)))
    }
}

/// A remote end.
#[derive(Debug, Default)]
pub(crate) struct Remote<'a> {
    pub(crate) billed: Billed,
    /// Bytes by the service names that records gave it.
    labels: Vec<(&'a str, u128)>,
}

impl<'a> Remote<'a> {
    /// The service that most of its bytes are marked with.
    pub(crate) fn service(&self) -> Option<&'a str> {
        self.labels
            .iter()
            .max_by_key(|(name, bytes)| (*bytes, std::cmp::Reverse(*name)))
            .map(|(name, _)| *name)
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
    pub(crate) sources: Map<IpAddr, Billed>,
    pub(crate) destinations: Map<IpAddr, Remote<'a>>,
    pub(crate) services: Vec<(Option<&'a str>, Billed)>,
    /// By workload and remote end. Both directions of a conversation come one
    /// after the other, so the last pair waits here before it is looked up.
    pub(crate) pairs: Pairs,
    last_pair: Option<((IpAddr, IpAddr), Billed)>,
    /// Billed bytes whose remote end is not in the record.
    pub(crate) without_remote: u128,
}

impl<'a> Traffic<'a> {
    pub(crate) fn of(table: &'a FlowTable, gateways: &[Gateway]) -> Traffic<'a> {
        let gateway_of = |interface: Option<&str>| {
            gateways
                .iter()
                .find(|gateway| gateway.interface.as_deref() == interface)
        };
        let mut traffic = Traffic::default();
        let mut current = (None, gateway_of(None));
        table.flows().for_each(|flow| {
            let bytes = flow.sum.bytes;
            if flow.action == Action::Reject {
                traffic.rejected += bytes;
                return;
            }
            if flow.interface != current.0 {
                current = (flow.interface, gateway_of(flow.interface));
            }
            match current.1.and_then(|gateway| leg(&flow, gateway)) {
                Some(leg) => traffic.add(&flow, leg),
                None => traffic.other += bytes,
            }
        });
        traffic.settle_pair();
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
        let pair = (source, remote);
        if self.last_pair.is_none_or(|(last, _)| last != pair) {
            self.settle_pair();
            self.last_pair = Some((pair, Billed::default()));
        }
        if let Some((_, billed)) = &mut self.last_pair {
            billed.add(upload, bytes);
        }
    }

    fn settle_pair(&mut self) {
        if let Some((pair, more)) = self.last_pair.take() {
            let billed = self.pairs.entry(pair);
            billed.in_from_source += more.in_from_source;
            billed.out_to_source += more.out_to_source;
        }
    }

    fn remote(&mut self, address: IpAddr, service: Option<&'a str>, upload: bool, bytes: u128) {
        let remote = self.destinations.entry(address).or_default();
        remote.billed.add(upload, bytes);
        if let Some(service) = service {
            add_to(&mut remote.labels, service, |sum| *sum += bytes);
        }
        add_to(&mut self.services, service, |billed| {
            billed.add(upload, bytes)
        });
    }

    /// What was billed: each byte once for its pass through the gateway.
    pub(crate) fn processed(&self) -> u128 {
        self.in_from_source + self.out_to_source
    }
}

/// A list serves where there are a handful of names.
fn add_to<K: PartialEq, V: Default>(list: &mut Vec<(K, V)>, key: K, add: impl FnOnce(&mut V)) {
    let place = list.iter().position(|(known, _)| *known == key);
    let place = place.unwrap_or_else(|| {
        list.push((key, V::default()));
        list.len() - 1
    });
    add(&mut list[place].1);
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
