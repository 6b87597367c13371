//! What there is in a VPC: interfaces, route tables, endpoints.
//!
//! **Invariants.** Types and states are EC2's own words, also those that the
//! SDK's enumerations do not know: it spells a NAT gateway's interface
//! `natGateway`, EC2 answers `nat_gateway`.

use super::{Ec2, SERVICE, filter, tags};
use crate::aws::port_error;
use aws_sdk_ec2::types as sdk;
use recorder::PortError;
use recorder::port::Surroundings;
use recorder::snapshot::{Endpoint, Interface, Route, RouteTable};

/// Interfaces of a page; without pages a large VPC's answer fails.
const PAGE: i32 = 1_000;

impl Surroundings for Ec2 {
    async fn interfaces(&self, vpc: &str) -> Result<Vec<Interface>, PortError> {
        let found: Vec<_> = self
            .0
            .describe_network_interfaces()
            .filters(filter("vpc-id", vpc))
            .max_results(PAGE)
            .into_paginator()
            .items()
            .send()
            .try_collect()
            .await
            .map_err(|error| port_error(SERVICE, "DescribeNetworkInterfaces", error))?;
        Ok(found.into_iter().filter_map(interface).collect())
    }

    async fn route_tables(&self, vpc: &str) -> Result<Vec<RouteTable>, PortError> {
        let found: Vec<_> = self
            .0
            .describe_route_tables()
            .filters(filter("vpc-id", vpc))
            .into_paginator()
            .items()
            .send()
            .try_collect()
            .await
            .map_err(|error| port_error(SERVICE, "DescribeRouteTables", error))?;
        Ok(found.into_iter().filter_map(route_table).collect())
    }

    async fn endpoints(&self, vpc: &str) -> Result<Vec<Endpoint>, PortError> {
        let found: Vec<_> = self
            .0
            .describe_vpc_endpoints()
            .filters(filter("vpc-id", vpc))
            .into_paginator()
            .items()
            .send()
            .try_collect()
            .await
            .map_err(|error| port_error(SERVICE, "DescribeVpcEndpoints", error))?;
        Ok(found.into_iter().filter_map(endpoint).collect())
    }
}

fn interface(found: sdk::NetworkInterface) -> Option<Interface> {
    let private = found.private_ip_addresses.unwrap_or_default();
    let public = private
        .iter()
        .filter_map(|address| address.association()?.public_ip()?.parse().ok());
    let mut public: Vec<_> = public.collect();
    public.sort_unstable();
    public.dedup();
    let private = private
        .into_iter()
        .filter_map(|address| address.private_ip_address);
    let newer = found.ipv6_addresses.unwrap_or_default().into_iter();
    let newer = newer.filter_map(|address| address.ipv6_address);
    let mut addresses: Vec<_> = found
        .private_ip_address
        .into_iter()
        .chain(private)
        .chain(newer)
        .filter_map(|address| address.parse().ok())
        .collect();
    addresses.sort_unstable();
    addresses.dedup();
    Some(Interface {
        id: found.network_interface_id?,
        interface_type: found
            .interface_type
            .map_or_else(String::new, |kind| kind.as_str().to_owned()),
        description: found.description.unwrap_or_default(),
        addresses,
        public_addresses: public,
        subnet: found.subnet_id,
        zone: found.availability_zone,
        instance: found.attachment.and_then(|attached| attached.instance_id),
        requester: found.requester_id,
        security_groups: found
            .groups
            .unwrap_or_default()
            .into_iter()
            .filter_map(|group| group.group_id)
            .collect(),
        tags: tags(found.tag_set),
    })
}

fn route_table(found: sdk::RouteTable) -> Option<RouteTable> {
    let associations = found.associations.unwrap_or_default();
    Some(RouteTable {
        id: found.route_table_id?,
        is_main: associations.iter().any(|one| one.main == Some(true)),
        subnets: associations
            .into_iter()
            .filter_map(|one| one.subnet_id)
            .collect(),
        routes: found
            .routes
            .unwrap_or_default()
            .into_iter()
            .filter_map(route)
            .collect(),
    })
}

fn route(found: sdk::Route) -> Option<Route> {
    Some(Route {
        destination: found
            .destination_cidr_block
            .or(found.destination_ipv6_cidr_block)
            .or(found.destination_prefix_list_id)?,
        target: found
            .nat_gateway_id
            .or(found.gateway_id)
            .or(found.transit_gateway_id)
            .or(found.vpc_peering_connection_id)
            .or(found.egress_only_internet_gateway_id)
            .or(found.network_interface_id)
            .or(found.instance_id)
            .or(found.local_gateway_id)
            .or(found.carrier_gateway_id)
            .or(found.core_network_arn)
            .unwrap_or_default(),
        state: found
            .state
            .map_or_else(String::new, |state| state.as_str().to_owned()),
    })
}

fn endpoint(found: sdk::VpcEndpoint) -> Option<Endpoint> {
    Some(Endpoint {
        id: found.vpc_endpoint_id?,
        endpoint_type: found
            .vpc_endpoint_type
            .map_or_else(String::new, |kind| kind.as_str().to_owned()),
        service: found.service_name.unwrap_or_default(),
        state: found
            .state
            .map_or_else(String::new, |state| state.as_str().to_owned()),
        route_tables: found.route_table_ids.unwrap_or_default(),
        subnets: found.subnet_ids.unwrap_or_default(),
    })
}
