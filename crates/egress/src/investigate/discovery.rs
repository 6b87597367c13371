//! What EC2 says about instances, their networks and who records them: plain data.
//!
//! **Invariants.** States, types and statuses are EC2's own words; nothing is left
//! out or judged here.

pub use ipnet::IpNet;
use std::net::IpAddr;

/// An instance, as of now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// `i-…`.
    pub id: String,
    /// Its Name tag.
    pub name: Option<String>,
    /// The account that it is of.
    pub account: Option<String>,
    /// `running`, `stopped`, `terminated`, …
    pub state: String,
    /// What is attached to it; nothing if it is terminated.
    pub interfaces: Vec<Interface>,
}

/// A network interface of an instance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Interface {
    /// `eni-…`.
    pub id: String,
    /// Its VPC.
    pub vpc: Option<String>,
    /// Its subnet.
    pub subnet: Option<String>,
    /// Private IPv4 addresses, the primary one first, then IPv6.
    pub addresses: Vec<IpAddr>,
    /// Prefixes that are delegated to it, for containers.
    pub prefixes: Vec<IpNet>,
    /// Public IPv4 addresses, which do not stand in its records.
    pub public_addresses: Vec<IpAddr>,
}

/// A VPC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vpc {
    /// `vpc-…`.
    pub id: String,
    /// Its CIDR blocks, those too that come and go.
    pub blocks: Vec<Block>,
}

/// A CIDR block of a VPC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The block.
    pub network: IpNet,
    /// `associated`, `disassociating`, …
    pub state: String,
}

/// A connection between two VPCs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peering {
    /// `pcx-…`.
    pub id: String,
    /// `active`, `pending-acceptance`, `deleted`, …
    pub status: String,
    /// The one that asked for it and the one that accepted it.
    pub sides: Vec<PeeredVpc>,
}

/// A VPC as a peering connection describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeeredVpc {
    /// `vpc-…`.
    pub id: String,
    /// Its account.
    pub account: Option<String>,
    /// Its region.
    pub region: Option<String>,
    /// Its CIDR blocks.
    pub networks: Vec<IpNet>,
}

/// A flow log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FlowLog {
    /// `fl-…`.
    pub id: String,
    /// The interface, subnet or VPC that it records.
    pub resource: String,
    /// `ALL`, `ACCEPT` or `REJECT`.
    pub traffic: String,
    /// `ACTIVE`.
    pub status: String,
    /// Of its delivery: `SUCCESS` or `FAILED`; none while it is new.
    pub delivery: Option<String>,
    /// Why its delivery fails.
    pub error: Option<String>,
    /// `cloud-watch-logs`, `s3` or `kinesis-data-firehose`.
    pub destination_type: String,
    /// The log group, where it delivers to one.
    pub log_group: Option<String>,
    /// The ARN that it delivers to.
    pub destination: Option<String>,
    /// Its objects lie in folders such as `year=2026`.
    pub is_hive: bool,
    /// The fields of its records, as CreateFlowLogs takes them.
    pub log_format: String,
    /// Seconds over which it adds up at the most.
    pub aggregation_seconds: Option<u64>,
}
