//! Addresses that are investigated and networks that are not external, by name.

use clap::Args;
use egress::investigate::subject;
use ipnet::IpNet;
use std::net::IpAddr;

/// Whom an investigation is about.
#[derive(Args)]
pub(crate) struct Whom {
    /// Address or network that is investigated, several; counts instead of an
    /// instance's own [default: the networks of --vpc-cidr]
    #[arg(long, value_name = "ADDRESS", value_delimiter = ',', value_parser = address_or_network)]
    instance_ip: Vec<IpNet>,

    /// Network that is not external, several; counts instead of those of the
    /// instance's VPC. 10.120. stands for 10.120.0.0/16 [default: every private address]
    #[arg(long, value_name = "CIDR", value_delimiter = ',', value_parser = subject::network)]
    vpc_cidr: Vec<IpNet>,
}

impl Whom {
    /// What is investigated; none: every private address.
    pub(crate) fn subject(&self) -> Vec<IpNet> {
        self.instance_ip.clone()
    }

    /// What is not external; none: every private address.
    pub(crate) fn inside(&self) -> Vec<IpNet> {
        self.vpc_cidr.clone()
    }
}

/// An address as a network of its whole length, or a network.
pub(crate) fn address_or_network(text: &str) -> Result<IpNet, String> {
    match text.parse::<IpAddr>() {
        Ok(address) => Ok(address.into()),
        Err(_) => subject::network(text).map_err(|_| {
            "write an address or a network, such as 10.0.1.5, 10.0.0.0/16 or 2001:db8::/56"
                .to_owned()
        }),
    }
}
