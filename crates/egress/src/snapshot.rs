//! What surrounded a NAT gateway when its alarm went off.
//!
//! Addresses are used again and metrics grow coarse, so this is taken at once
//! and kept with the recording: the metrics of the hours before, who has which
//! address, where routes lead, which endpoints there are.
//!
//! **Invariants.** The document is versioned ([`VERSION`]); fields are added
//! and never renamed. A part that could not be had is named in
//! [`Snapshot::missing`] and is empty, which is not the same as "there are none".

use crate::owners::Owners;
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
    /// The Name tag of that VPC.
    #[serde(default)]
    pub vpc_name: Option<String>,
    /// Its metrics of the time before, by the minute.
    pub metrics: Vec<Metric>,
    /// Its bytes of the days before, by the hour.
    #[serde(default)]
    pub history: Vec<Metric>,
    /// Every network interface of the VPC.
    pub interfaces: Vec<Interface>,
    /// Every instance of the VPC.
    #[serde(default)]
    pub instances: Vec<Instance>,
    /// Every subnet of the VPC.
    #[serde(default)]
    pub subnets: Vec<Subnet>,
    /// Every route table of the VPC.
    pub route_tables: Vec<RouteTable>,
    /// Every VPC endpoint of the VPC.
    pub endpoints: Vec<Endpoint>,
    /// What the VPC's interface endpoints carried in the days before.
    #[serde(default)]
    pub carried: Vec<Carried>,
    /// What could not be had.
    pub missing: Vec<Missing>,
}

/// A part of the snapshot that could not be had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// The part: gateway, metrics, history, interfaces, instances, subnets, VPC,
    /// route tables, endpoints.
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

/// What an interface endpoint carried.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// `vpce-…`.
    pub endpoint: String,
    /// When a day begins, in Unix seconds, and its bytes in both directions. Days
    /// without data are not there.
    pub days: Vec<(u64, u64)>,
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
    /// Its VPC, where that was asked.
    #[serde(default)]
    pub vpc: Option<String>,
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

/// An instance.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// `i-…`.
    pub id: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A subnet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subnet {
    /// `subnet-…`.
    pub id: String,
    /// Its Name tag.
    pub name: Option<String>,
    /// Its IPv4 addresses; a subnet of IPv6 alone has none.
    pub cidr: Option<String>,
    /// Its availability zone.
    pub zone: Option<String>,
}

/// A VPC.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vpc {
    /// `vpc-…`.
    pub id: String,
    /// Its Name tag.
    pub name: Option<String>,
}

/// What tells who has an address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// Network interfaces.
    pub interfaces: Vec<Interface>,
    /// The instances that they are attached to.
    pub instances: Vec<Instance>,
    /// Their subnets.
    pub subnets: Vec<Subnet>,
    /// Their VPCs.
    pub vpcs: Vec<Vpc>,
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

impl Endpoint {
    /// Whether it has network interfaces, which are charged by the hour.
    pub fn is_interface(&self) -> bool {
        self.endpoint_type == "Interface"
    }
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

/// Why a text is no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// It is something else.
    #[error("it is no snapshot.json of a recording ({0})")]
    NoSnapshot(#[from] serde_json::Error),
    /// A later natspike wrote it.
    #[error("it is of version {0}; this natspike knows {VERSION} and older ones")]
    Newer(u32),
    /// It has an id that AWS does not give: ids stand in commands that people type.
    #[error("{0:?} in it is no id of AWS's; take the file from the stack's bucket again")]
    Id(String),
}

impl SnapshotError {
    /// The stable name of the error.
    pub fn name(&self) -> &'static str {
        match self {
            SnapshotError::NoSnapshot(_) => "NoSnapshot",
            SnapshotError::Newer(_) => "NewerSnapshot",
            SnapshotError::Id(_) => "NoId",
        }
    }
}

/// Whether that can be an id of AWS's, or a region's code.
pub(crate) fn is_id(text: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    !text.is_empty() && text.len() <= 64 && text.chars().all(is_letter)
}

impl Snapshot {
    /// Reads the document.
    pub fn read(text: &[u8]) -> Result<Snapshot, SnapshotError> {
        let snapshot: Snapshot = serde_json::from_slice(text)?;
        snapshot.check()?;
        Ok(snapshot)
    }

    /// Whether it is of a version that is known, and its ids are ids.
    pub fn check(&self) -> Result<(), SnapshotError> {
        if self.version > VERSION {
            return Err(SnapshotError::Newer(self.version));
        }
        let interfaces = self.interfaces.iter();
        let interfaces = interfaces.flat_map(|it| [Some(&it.id), it.instance.as_ref()]);
        let tables = self.route_tables.iter().map(|it| Some(&it.id));
        let endpoints = self.endpoints.iter().map(|it| Some(&it.id));
        let mut ids = [Some(&self.gateway), self.vpc.as_ref(), Some(&self.region)]
            .into_iter()
            .chain(interfaces)
            .chain(tables)
            .chain(endpoints)
            .flatten();
        match ids.find(|id| !is_id(id)) {
            Some(id) => Err(SnapshotError::Id(id.clone())),
            None => Ok(()),
        }
    }

    /// Who had which address; `None` where the interfaces could not be had.
    pub fn owners(&self) -> Option<Owners> {
        if self
            .missing
            .iter()
            .any(|missing| missing.part == "interfaces")
        {
            return None;
        }
        let vpcs = self.vpc.iter().map(|id| Vpc {
            id: id.clone(),
            name: self.vpc_name.clone(),
        });
        Some(Owners::at_alarm(Surroundings {
            interfaces: self.interfaces.clone(),
            instances: self.instances.clone(),
            subnets: self.subnets.clone(),
            vpcs: vpcs.collect(),
        }))
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
    use super::{Before, Metric, Snapshot, VERSION};

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
            vpc_name: None,
            metrics: Vec::new(),
            history: Vec::new(),
            interfaces: Vec::new(),
            instances: Vec::new(),
            subnets: Vec::new(),
            route_tables: Vec::new(),
            endpoints: Vec::new(),
            carried: Vec::new(),
            missing: Vec::new(),
        }
    }

    #[test]
    fn what_people_would_type_is_an_id_or_refused() {
        let mut taken = snapshot();
        let read = |taken: &Snapshot| {
            let text = serde_json::to_vec(taken).expect("plain data");
            Snapshot::read(&text).map_err(|error| error.name()).err()
        };
        assert_eq!(read(&taken), None);
        taken.vpc = Some("vpc-0a1; curl example.com".to_owned());
        assert_eq!(read(&taken), Some("NoId"));
        taken.vpc = Some("vpc-\u{1b}[2J".to_owned());
        assert_eq!(read(&taken), Some("NoId"));
        taken.vpc = Some("vpc-0a1".to_owned());
        taken.version = VERSION + 1;
        assert_eq!(read(&taken), Some("NewerSnapshot"));
        let other = Snapshot::read(b"{}").map_err(|error| error.name());
        assert_eq!(other.err(), Some("NoSnapshot"));
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
}
