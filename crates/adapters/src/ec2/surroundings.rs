//! What there is in a VPC: interfaces, instances, subnets, route tables, endpoints.
//!
//! **Invariants.** Types and states are EC2's own words, also those that the
//! SDK's enumerations do not know: it spells a NAT gateway's interface
//! `natGateway`, EC2 answers `nat_gateway`.

use super::{Ec2, SERVICE, filter, tags};
use crate::aws::port_error;
use aws_sdk_ec2::types as sdk;
use recorder::PortError;
use recorder::port::Surroundings;
use recorder::snapshot::{Endpoint, Instance, Interface, Route, RouteTable, Subnet, Vpc};

/// Items of a page; without pages a large VPC's answer fails.
const PAGE: i32 = 1_000;
/// The tag that AWS shows as a name.
const NAME: &str = "Name";

impl Ec2 {
    /// The interfaces that pass all filters, those of AWS's services too.
    pub(super) async fn interfaces_by(
        &self,
        filters: &[sdk::Filter],
    ) -> Result<Vec<Interface>, PortError> {
        let found: Vec<_> = self
            .0
            .describe_network_interfaces()
            .set_filters(Some(filters.to_vec()))
            .include_managed_resources(true)
            .max_results(PAGE)
            .into_paginator()
            .items()
            .send()
            .try_collect()
            .await
            .map_err(|error| port_error(SERVICE, "DescribeNetworkInterfaces", error))?;
        Ok(found.into_iter().filter_map(interface).collect())
    }

    /// The instances that pass the filter.
    pub(super) async fn instances_by(
        &self,
        filter: sdk::Filter,
    ) -> Result<Vec<Instance>, PortError> {
        let found: Vec<_> = self
            .0
            .describe_instances()
            .filters(filter)
            .max_results(PAGE)
            .into_paginator()
            .items()
            .send()
            .try_collect()
            .await
            .map_err(|error| port_error(SERVICE, "DescribeInstances", error))?;
        let found = found
            .into_iter()
            .flat_map(|reservation| reservation.instances.unwrap_or_default());
        let known = found.filter_map(|instance| {
            Some(Instance {
                id: instance.instance_id?,
                tags: tags(instance.tags),
            })
        });
        Ok(known.collect())
    }

    /// The subnets that pass the filter.
    pub(super) async fn subnets_by(&self, filter: sdk::Filter) -> Result<Vec<Subnet>, PortError> {
        let found: Vec<_> = self
            .0
            .describe_subnets()
            .filters(filter)
            .into_paginator()
            .items()
            .send()
            .try_collect()
            .await
            .map_err(|error| port_error(SERVICE, "DescribeSubnets", error))?;
        let known = found.into_iter().filter_map(|subnet| {
            Some(Subnet {
                id: subnet.subnet_id?,
                name: tags(subnet.tags).remove(NAME),
                cidr: subnet.cidr_block,
                zone: subnet.availability_zone,
            })
        });
        Ok(known.collect())
    }

    /// The VPCs that pass the filter.
    pub(super) async fn vpcs_by(&self, filter: sdk::Filter) -> Result<Vec<Vpc>, PortError> {
        let found: Vec<_> = self
            .0
            .describe_vpcs()
            .filters(filter)
            .into_paginator()
            .items()
            .send()
            .try_collect()
            .await
            .map_err(|error| port_error(SERVICE, "DescribeVpcs", error))?;
        let known = found.into_iter().filter_map(|vpc| {
            Some(Vpc {
                id: vpc.vpc_id?,
                name: tags(vpc.tags).remove(NAME),
            })
        });
        Ok(known.collect())
    }
}

impl Surroundings for Ec2 {
    async fn interfaces(&self, vpc: &str) -> Result<Vec<Interface>, PortError> {
        self.interfaces_by(&[filter("vpc-id", vpc)]).await
    }

    async fn instances(&self, vpc: &str) -> Result<Vec<Instance>, PortError> {
        self.instances_by(filter("vpc-id", vpc)).await
    }

    async fn subnets(&self, vpc: &str) -> Result<Vec<Subnet>, PortError> {
        self.subnets_by(filter("vpc-id", vpc)).await
    }

    async fn vpc_name(&self, vpc: &str) -> Result<Option<String>, PortError> {
        let found = self.vpcs_by(filter("vpc-id", vpc)).await?;
        Ok(found.into_iter().next().and_then(|vpc| vpc.name))
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
        vpc: found.vpc_id,
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
