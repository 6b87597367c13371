//! What surrounded a NAT gateway when its alarm went off.
//!
//! Addresses are used again and metrics grow coarse, so this is taken at once
//! and kept with the recording: the metrics of the hours before, who has which
//! address, where routes lead, which endpoints there are.
//!
//! **Invariants.** The document is versioned ([`VERSION`]); fields are added
//! and never renamed. A part that could not be had is named in
//! [`Snapshot::missing`] and is empty, which is not the same as "there are none".

use crate::owner::Owner;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// The version of the document.
pub const VERSION: u32 = 1;

/// The metrics whose sum is what a gateway bills, as CloudWatch names them; see
/// <https://docs.aws.amazon.com/vpc/latest/userguide/metrics-dimensions-nat-gateway.html>.
pub const PROCESSED: [&str; 2] = ["BytesInFromSource", "BytesInFromDestination"];

/// A snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// [`VERSION`] of the writer.
    pub version: u32,
    /// When it was taken, in Unix seconds.
    pub taken: u64,
    /// The gateway's id.
    pub gateway: String,
    /// Its region.
    pub region: String,
    /// Its VPC, where it is known.
    pub vpc: Option<String>,
    /// Its metrics of the time before, by the minute.
    pub metrics: Vec<Metric>,
    /// Its bytes of the days before, by the hour.
    #[serde(default)]
    pub history: Vec<Metric>,
    /// Every network interface of the VPC.
    pub interfaces: Vec<Interface>,
    /// Every route table of the VPC.
    pub route_tables: Vec<RouteTable>,
    /// Every VPC endpoint of the VPC.
    pub endpoints: Vec<Endpoint>,
    /// What could not be had.
    pub missing: Vec<Missing>,
}

/// A part of the snapshot that could not be had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// The part: gateway, metrics, history, interfaces, route tables, endpoints.
    pub part: String,
    /// Why.
    pub why: String,
}

/// A metric by its periods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metric {
    /// Its name in the namespace AWS/NATGateway.
    pub name: String,
    /// Sum or Maximum.
    pub statistic: String,
    /// The availability zone, where a regional gateway has metrics for each.
    pub zone: Option<String>,
    /// Seconds of a period.
    pub period: u32,
    /// When a period begins, in Unix seconds, and its value; the oldest first.
    /// Periods without data are not there.
    pub points: Vec<(u64, u64)>,
}

/// A network interface.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    /// `eni-…`.
    pub id: String,
    /// The type as EC2 has it: interface, nat_gateway, lambda, …
    pub interface_type: String,
    /// What its owner wrote.
    pub description: String,
    /// Every address, IPv4 and IPv6.
    pub addresses: Vec<IpAddr>,
    /// Public addresses that are translated to these.
    #[serde(default)]
    pub public_addresses: Vec<IpAddr>,
    /// Its subnet.
    pub subnet: Option<String>,
    /// Its availability zone.
    pub zone: Option<String>,
    /// The instance that it is attached to.
    pub instance: Option<String>,
    /// Who asked for it, where that is a service.
    pub requester: Option<String>,
    /// Its security groups.
    pub security_groups: Vec<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A route table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteTable {
    /// `rtb-…`.
    pub id: String,
    /// Whether it holds for every subnet without one of its own.
    pub is_main: bool,
    /// The subnets that it holds for.
    pub subnets: Vec<String>,
    /// Where traffic goes.
    pub routes: Vec<Route>,
}

/// A route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// A CIDR block or a prefix list.
    pub destination: String,
    /// The id of what it leads to.
    pub target: String,
    /// active or blackhole.
    pub state: String,
}

/// A VPC endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// `vpce-…`.
    pub id: String,
    /// Gateway, Interface, …
    pub endpoint_type: String,
    /// `com.amazonaws.us-east-1.s3`.
    pub service: String,
    /// available, pending, …
    pub state: String,
    /// Route tables that lead to it.
    pub route_tables: Vec<String>,
    /// Subnets that it has an interface in.
    pub subnets: Vec<String>,
}

/// What a gateway moved before its alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Before {
    /// The first minute that there is a value for, in Unix seconds.
    pub since: u64,
    /// Minutes with a value.
    pub minutes: u64,
    /// Bytes that were billed.
    pub bytes: u128,
    /// When its busiest minute began, in Unix seconds.
    pub busiest: u64,
    /// The bytes of that minute.
    pub busiest_bytes: u128,
}

impl Snapshot {
    /// Who has which address. One that two interfaces have is left out: it is
    /// not known which one it was.
    pub fn owners(&self) -> BTreeMap<IpAddr, Owner> {
        let mut owners: BTreeMap<IpAddr, Option<Owner>> = BTreeMap::new();
        for interface in &self.interfaces {
            for address in &interface.addresses {
                owners
                    .entry(*address)
                    .and_modify(|known| *known = None)
                    .or_insert_with(|| Some(Owner::of(interface)));
            }
        }
        let known = |(address, owner): (IpAddr, Option<Owner>)| Some((address, owner?));
        owners.into_iter().filter_map(known).collect()
    }

    /// What the gateway moved before, if there is a metric that says so.
    pub fn before(&self) -> Option<Before> {
        let minutes = by_period(&self.metrics, &PROCESSED);
        let (busiest, most) = minutes
            .iter()
            .max_by_key(|(start, bytes)| (**bytes, std::cmp::Reverse(**start)))?;
        Some(Before {
            since: *minutes.keys().next()?,
            minutes: minutes.len() as u64,
            bytes: minutes.values().sum(),
            busiest: *busiest,
            busiest_bytes: *most,
        })
    }
}

/// The metrics of these names added up by period, over all zones.
pub(crate) fn by_period(metrics: &[Metric], names: &[&str]) -> BTreeMap<u64, u128> {
    let mut periods: BTreeMap<u64, u128> = BTreeMap::new();
    let wanted = |metric: &&Metric| names.contains(&metric.name.as_str());
    for (start, value) in metrics
        .iter()
        .filter(wanted)
        .flat_map(|metric| &metric.points)
    {
        *periods.entry(*start).or_default() += u128::from(*value);
    }
    periods
}

#[cfg(test)]
mod tests {
    use super::{Before, Interface, Metric, Snapshot, VERSION};

    fn metric(name: &str, zone: Option<&str>, points: &[(u64, u64)]) -> Metric {
        Metric {
            name: name.to_owned(),
            statistic: "Sum".to_owned(),
            zone: zone.map(str::to_owned),
            period: 60,
            points: points.to_vec(),
        }
    }

    fn snapshot() -> Snapshot {
        Snapshot {
            version: VERSION,
            taken: 1_000,
            gateway: "nat-0a1".to_owned(),
            region: "us-east-1".to_owned(),
            vpc: None,
            metrics: Vec::new(),
            history: Vec::new(),
            interfaces: Vec::new(),
            route_tables: Vec::new(),
            endpoints: Vec::new(),
            missing: Vec::new(),
        }
    }

    #[test]
    fn adds_up_what_is_billed_over_directions_and_zones() {
        let mut snapshot = snapshot();
        assert_eq!(snapshot.before(), None);
        snapshot.metrics = vec![
            metric("BytesInFromSource", Some("a"), &[(60, 10), (120, 20)]),
            metric("BytesInFromSource", Some("b"), &[(120, 5)]),
            metric("BytesInFromDestination", Some("a"), &[(180, 7)]),
            metric("BytesOutToDestination", Some("a"), &[(60, 1_000)]),
        ];
        let before = Before {
            since: 60,
            minutes: 3,
            bytes: 42,
            busiest: 120,
            busiest_bytes: 25,
        };
        assert_eq!(snapshot.before(), Some(before));
    }

    #[test]
    fn an_address_of_two_interfaces_has_no_owner() {
        let mut snapshot = snapshot();
        let interface = |id: &str, addresses: &[&str]| Interface {
            id: id.to_owned(),
            instance: Some(format!("i-{id}")),
            addresses: addresses.iter().filter_map(|a| a.parse().ok()).collect(),
            ..Interface::default()
        };
        snapshot.interfaces = vec![
            interface("eni-1", &["10.0.1.5", "10.0.1.6"]),
            interface("eni-2", &["10.0.1.6", "2001:db8::1"]),
        ];
        let owners = snapshot.owners();
        let told: Vec<String> = owners.keys().map(ToString::to_string).collect();
        assert_eq!(told, ["10.0.1.5", "2001:db8::1"]);
    }
}
