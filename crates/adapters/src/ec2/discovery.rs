//! What there is around instances: their addresses, their networks and those of
//! peers, and the flow logs that see them.
//!
//! **Invariants.** A request has at most 200 values of filters, see [`super::owners`].
//! What is not there is not in the answer, and is no error.

use super::owners::{VALUES, any_of};
use super::{Ec2, SERVICE, tags};
use crate::aws::port_error;
use aws_sdk_ec2::types as sdk;
use recorder::PortError;
use recorder::discovery::{Block, FlowLog, Instance, Interface, IpNet, PeeredVpc, Peering, Vpc};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Items of a page.
const PAGE: i32 = 1_000;
/// The tag that AWS shows as a name.
const NAME: &str = "Name";

impl Ec2 {
    /// ec2:DescribeInstances: those of these ids that there are.
    pub async fn instances_of(&self, ids: &[String]) -> Result<Vec<Instance>, PortError> {
        let mut instances = Vec::new();
        for ids in ids.chunks(VALUES) {
            let found: Vec<_> = self
                .0
                .describe_instances()
                .filters(any_of("instance-id", ids))
                .max_results(PAGE)
                .into_paginator()
                .items()
                .send()
                .try_collect()
                .await
                .map_err(|error| port_error(SERVICE, "DescribeInstances", error))?;
            for reservation in found {
                let account = reservation.owner_id;
                let found = reservation.instances.unwrap_or_default().into_iter();
                instances.extend(found.filter_map(|it| instance(it, account.clone())));
            }
        }
        Ok(instances)
    }

    /// ec2:DescribeVpcs: those of these ids that there are.
    pub async fn vpcs_of(&self, ids: &[String]) -> Result<Vec<Vpc>, PortError> {
        let mut vpcs = Vec::new();
        for ids in ids.chunks(VALUES) {
            let found: Vec<_> = self
                .0
                .describe_vpcs()
                .filters(any_of("vpc-id", ids))
                .max_results(PAGE)
                .into_paginator()
                .items()
                .send()
                .try_collect()
                .await
                .map_err(|error| port_error(SERVICE, "DescribeVpcs", error))?;
            vpcs.extend(found.into_iter().filter_map(vpc));
        }
        Ok(vpcs)
    }

    /// ec2:DescribeVpcPeeringConnections: those of which one of these VPCs is a side,
    /// each once.
    pub async fn peerings_of(&self, vpcs: &[String]) -> Result<Vec<Peering>, PortError> {
        let mut peerings = BTreeMap::new();
        for side in ["requester-vpc-info.vpc-id", "accepter-vpc-info.vpc-id"] {
            for vpcs in vpcs.chunks(VALUES) {
                let found: Vec<_> = self
                    .0
                    .describe_vpc_peering_connections()
                    .filters(any_of(side, vpcs))
                    .max_results(PAGE)
                    .into_paginator()
                    .items()
                    .send()
                    .try_collect()
                    .await
                    .map_err(|error| port_error(SERVICE, "DescribeVpcPeeringConnections", error))?;
                let found = found.into_iter().filter_map(peering);
                peerings.extend(found.map(|peering| (peering.id.clone(), peering)));
            }
        }
        Ok(peerings.into_values().collect())
    }

    /// ec2:DescribeFlowLogs: those that record one of these interfaces, subnets and
    /// VPCs.
    pub async fn flow_logs_of(&self, resources: &[String]) -> Result<Vec<FlowLog>, PortError> {
        let mut flow_logs = Vec::new();
        for resources in resources.chunks(VALUES) {
            let found: Vec<_> = self
                .0
                .describe_flow_logs()
                .filter(any_of("resource-id", resources))
                .max_results(PAGE)
                .into_paginator()
                .items()
                .send()
                .try_collect()
                .await
                .map_err(|error| port_error(SERVICE, "DescribeFlowLogs", error))?;
            flow_logs.extend(found.into_iter().filter_map(flow_log));
        }
        Ok(flow_logs)
    }
}

fn instance(found: sdk::Instance, account: Option<String>) -> Option<Instance> {
    let interfaces = found.network_interfaces.unwrap_or_default();
    Some(Instance {
        id: found.instance_id?,
        name: tags(found.tags).remove(NAME),
        account,
        state: found
            .state
            .and_then(|state| state.name)
            .map_or_else(String::new, |name| name.as_str().to_owned()),
        interfaces: interfaces.into_iter().filter_map(interface).collect(),
    })
}

fn interface(found: sdk::InstanceNetworkInterface) -> Option<Interface> {
    let mut private = found.private_ip_addresses.unwrap_or_default();
    private.sort_by_key(|address| !address.primary.unwrap_or(false));
    let public = private
        .iter()
        .filter_map(|address| address.association()?.public_ip());
    let public_addresses = parsed(public);
    let newer = found.ipv6_addresses.unwrap_or_default();
    let texts = private
        .iter()
        .filter_map(|address| address.private_ip_address())
        .chain(newer.iter().filter_map(|address| address.ipv6_address()));
    let mut addresses: Vec<IpAddr> = parsed(texts);
    let primary = parsed(found.private_ip_address.as_deref().into_iter());
    for address in primary {
        if !addresses.contains(&address) {
            addresses.insert(0, address);
        }
    }
    let older = found.ipv4_prefixes.unwrap_or_default();
    let newer = found.ipv6_prefixes.unwrap_or_default();
    let prefixes = older
        .iter()
        .filter_map(|prefix| prefix.ipv4_prefix())
        .chain(newer.iter().filter_map(|prefix| prefix.ipv6_prefix()));
    Some(Interface {
        id: found.network_interface_id?,
        vpc: found.vpc_id,
        subnet: found.subnet_id,
        addresses,
        prefixes: parsed(prefixes),
        public_addresses,
    })
}

fn vpc(found: sdk::Vpc) -> Option<Vpc> {
    let older = found.cidr_block_association_set.unwrap_or_default();
    let newer = found.ipv6_cidr_block_association_set.unwrap_or_default();
    let older = older
        .into_iter()
        .map(|it| (it.cidr_block, it.cidr_block_state));
    let newer = newer
        .into_iter()
        .map(|it| (it.ipv6_cidr_block, it.ipv6_cidr_block_state));
    let blocks = older.chain(newer).filter_map(|(network, state)| {
        Some(Block {
            network: network?.parse().ok()?,
            state: state?.state?.as_str().to_owned(),
        })
    });
    Some(Vpc {
        id: found.vpc_id?,
        blocks: blocks.collect(),
    })
}

fn peering(found: sdk::VpcPeeringConnection) -> Option<Peering> {
    let sides = [found.requester_vpc_info, found.accepter_vpc_info];
    Some(Peering {
        id: found.vpc_peering_connection_id?,
        status: found
            .status
            .and_then(|status| status.code)
            .map_or_else(String::new, |code| code.as_str().to_owned()),
        sides: sides.into_iter().flatten().filter_map(peered_vpc).collect(),
    })
}

fn peered_vpc(found: sdk::VpcPeeringConnectionVpcInfo) -> Option<PeeredVpc> {
    let mut networks: Vec<IpNet> = parsed(
        found
            .cidr_block()
            .into_iter()
            .chain(
                found
                    .cidr_block_set()
                    .iter()
                    .filter_map(|it| it.cidr_block()),
            )
            .chain(
                found
                    .ipv6_cidr_block_set()
                    .iter()
                    .filter_map(|it| it.ipv6_cidr_block()),
            ),
    );
    networks.sort_unstable();
    networks.dedup();
    Some(PeeredVpc {
        id: found.vpc_id?,
        account: found.owner_id,
        region: found.region,
        networks,
    })
}

fn flow_log(found: sdk::FlowLog) -> Option<FlowLog> {
    let word = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let options = found.destination_options.as_ref();
    Some(FlowLog {
        resource: word(found.resource_id()),
        traffic: word(found.traffic_type().map(sdk::TrafficType::as_str)),
        status: word(found.flow_log_status()),
        destination_type: word(
            found
                .log_destination_type()
                .map(sdk::LogDestinationType::as_str),
        ),
        is_hive: options.and_then(|it| it.hive_compatible_partitions) == Some(true),
        aggregation_seconds: found
            .max_aggregation_interval
            .and_then(|seconds| u64::try_from(seconds).ok()),
        log_format: word(found.log_format()),
        id: found.flow_log_id?,
        delivery: found.deliver_logs_status,
        error: found.deliver_logs_error_message,
        log_group: found.log_group_name,
        destination: found.log_destination,
    })
}

fn parsed<'a, T: std::str::FromStr>(texts: impl Iterator<Item = &'a str>) -> Vec<T> {
    texts.filter_map(|text| text.parse().ok()).collect()
}

#[cfg(test)]
#[path = "discovery_tests.rs"]
mod tests;
