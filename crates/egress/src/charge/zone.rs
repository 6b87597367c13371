//! What crosses availability zones between workload and gateway.
//!
//! Zones are the interfaces' of the snapshot; a regional gateway is in every zone
//! that it has metrics of. A byte that crosses is charged on both sides, in either
//! direction.
//!
//! **Invariants.** A workload whose zone is not known, or whose gateway's is not,
//! is not taken for one in the same zone.

use super::{Bill, Charge};
use crate::gateway::{Gateway, GatewayKind};
use crate::price::PriceName;
use crate::snapshot::Snapshot;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Sender and receiver are charged.
const SIDES: u32 = 2;

/// At most two lines: what crosses, and what nobody knows of.
pub(super) fn lines(bill: &Bill<'_>, gateways: &[Gateway]) -> Vec<Charge> {
    let zones = bill.facts.snapshot.as_ref().map(Zones::of);
    let at = zones
        .as_ref()
        .and_then(|zones| gateway_zones(bill, zones, gateways));
    let (mut crossing, mut unknown) = (0, 0);
    for source in &bill.report.sources {
        let zone = zones.as_ref().and_then(|zones| zones.get(source.address));
        match (zone, &at) {
            (Some(zone), Some(at)) if at.contains(zone) => {}
            (Some(_), Some(_)) => crossing += source.share.bytes,
            _ => unknown += source.share.bytes,
        }
    }
    let mut lines = Vec::new();
    if crossing > 0 {
        let name = PriceName::CrossZoneGb;
        let price = (bill.facts.prices.of(name), name);
        lines.push(bill.listed("cross-zone", crossing, SIDES, price));
    }
    if unknown > 0 {
        let why = match (&zones, &at) {
            (None, _) => "no snapshot says in which zones workloads and gateway are",
            (_, None) => "the snapshot does not say in which zone the gateway is",
            _ => "the snapshot does not say in which zones these workloads are",
        };
        let mut line = bill.unpriced("cross-zone", unknown, why);
        line.label = "possible traffic between zones".to_owned();
        lines.push(line);
    }
    lines
}

/// The zone of each address; `None` for one that two interfaces have.
struct Zones<'a> {
    by_address: BTreeMap<IpAddr, Option<&'a str>>,
    by_interface: BTreeMap<&'a str, &'a str>,
}

impl<'a> Zones<'a> {
    fn of(snapshot: &'a Snapshot) -> Zones<'a> {
        let mut by_address: BTreeMap<IpAddr, Option<&str>> = BTreeMap::new();
        for interface in &snapshot.interfaces {
            for address in &interface.addresses {
                let zone = interface.zone.as_deref();
                by_address
                    .entry(*address)
                    .and_modify(|known| *known = known.filter(|known| Some(*known) == zone))
                    .or_insert(zone);
            }
        }
        let zone = |interface: &'a crate::snapshot::Interface| {
            Some((interface.id.as_str(), interface.zone.as_deref()?))
        };
        Zones {
            by_address,
            by_interface: snapshot.interfaces.iter().filter_map(zone).collect(),
        }
    }

    fn get(&self, address: IpAddr) -> Option<&'a str> {
        *self.by_address.get(&address)?
    }
}

/// Where the gateway takes traffic without crossing; `None` where that is not
/// known, or where there are several that are in different places.
fn gateway_zones<'a>(
    bill: &Bill<'a>,
    zones: &Zones<'a>,
    gateways: &[Gateway],
) -> Option<BTreeSet<&'a str>> {
    let of_gateway = |gateway: &Gateway| -> Option<BTreeSet<&'a str>> {
        if gateway.kind == GatewayKind::Regional {
            return Some(bill.active_zones()).filter(|zones| !zones.is_empty());
        }
        let by_interface = gateway.interface.as_deref();
        let by_interface = by_interface.and_then(|id| zones.by_interface.get(id));
        let zone = by_interface.copied().or_else(|| {
            let mut addresses = gateway.addresses.iter();
            addresses.find_map(|address| zones.get(*address))
        });
        Some(BTreeSet::from([zone?]))
    };
    let (first, others) = gateways.split_first()?;
    let first = of_gateway(first)?;
    let is_same = |other: &Gateway| of_gateway(other).as_ref() == Some(&first);
    others.iter().all(is_same).then_some(first)
}
