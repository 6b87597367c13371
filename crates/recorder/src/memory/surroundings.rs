//! What there is in a VPC, in memory.
//!
//! **Invariants.** Every VPC has the same in it.

use super::Memory;
use crate::PortError;
use crate::port::Surroundings;
use crate::snapshot::{Endpoint, Instance, Interface, RouteTable, Subnet, Vpc};

impl Memory {
    /// Puts a network interface into every VPC.
    pub fn add_interface(&self, interface: Interface) {
        self.state().surroundings.interfaces.push(interface);
    }

    /// Puts an instance into every VPC.
    pub fn add_instance(&self, instance: Instance) {
        self.state().surroundings.instances.push(instance);
    }

    /// Puts a subnet into every VPC.
    pub fn add_subnet(&self, subnet: Subnet) {
        self.state().surroundings.subnets.push(subnet);
    }

    /// Puts an endpoint into every VPC.
    pub fn add_endpoint(&self, endpoint: Endpoint) {
        self.state().endpoints.push(endpoint);
    }

    /// Gives every VPC a name.
    pub fn name_vpcs(&self, name: &str) {
        self.state().surroundings.vpcs = vec![Vpc {
            id: String::new(),
            name: Some(name.to_owned()),
        }];
    }
}

impl Surroundings for Memory {
    async fn interfaces(&self, _vpc: &str) -> Result<Vec<Interface>, PortError> {
        self.call("ec2", "DescribeNetworkInterfaces", |state| {
            Ok(state.surroundings.interfaces.clone())
        })
        .await
    }

    async fn instances(&self, _vpc: &str) -> Result<Vec<Instance>, PortError> {
        self.call("ec2", "DescribeInstances", |state| {
            Ok(state.surroundings.instances.clone())
        })
        .await
    }

    async fn subnets(&self, _vpc: &str) -> Result<Vec<Subnet>, PortError> {
        self.call("ec2", "DescribeSubnets", |state| {
            Ok(state.surroundings.subnets.clone())
        })
        .await
    }

    async fn vpc_name(&self, _vpc: &str) -> Result<Option<String>, PortError> {
        self.call("ec2", "DescribeVpcs", |state| {
            Ok(state
                .surroundings
                .vpcs
                .first()
                .and_then(|vpc| vpc.name.clone()))
        })
        .await
    }

    async fn route_tables(&self, _vpc: &str) -> Result<Vec<RouteTable>, PortError> {
        self.call("ec2", "DescribeRouteTables", |_| Ok(Vec::new()))
            .await
    }

    async fn endpoints(&self, _vpc: &str) -> Result<Vec<Endpoint>, PortError> {
        self.call("ec2", "DescribeVpcEndpoints", |state| {
            Ok(state.endpoints.clone())
        })
        .await
    }
}
