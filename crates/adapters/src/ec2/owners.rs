//! Who has these addresses at this moment, wherever in the region they are.
//!
//! A request takes 50 filters and 200 values of filters, all added up:
//! <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html>.
//! Private addresses repeat across VPCs, so the VPC is a filter where it is known.

use super::{Ec2, filter};
use aws_sdk_ec2::types::Filter;
use recorder::port::Gateways;
use recorder::snapshot::{Interface, Surroundings};
use recorder::{GatewayId, PortError};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// Values of all filters of a request.
pub(super) const VALUES: usize = 200;

/// What has one of the values.
pub(super) fn any_of(name: &str, values: &[String]) -> Filter {
    Filter::builder()
        .name(name)
        .set_values(Some(values.to_vec()))
        .build()
}

impl Ec2 {
    /// The VPC of a gateway: of its interface (`eni-…`), or of a regional one
    /// (`nat-…`). `None` where there is no such thing any more.
    pub async fn vpc_of(&self, id: &str) -> Result<Option<String>, PortError> {
        if id.starts_with("nat-") {
            let gateway = self.gateway(&GatewayId::from(id)).await?;
            return Ok(gateway.and_then(|gateway| gateway.vpc));
        }
        let by_id = filter("network-interface-id", id);
        let found = self.interfaces_by(&[by_id]).await?;
        Ok(found.into_iter().find_map(|interface| interface.vpc))
    }

    /// The interfaces that have the addresses now, in that VPC or in any, with
    /// their instances, subnets and VPCs.
    pub async fn surroundings_of(
        &self,
        addresses: &[IpAddr],
        vpc: Option<&str>,
    ) -> Result<Surroundings, PortError> {
        let interfaces = self.interfaces_with(addresses, vpc).await?;
        let each = |of: fn(&Interface) -> Option<&String>| -> Vec<String> {
            let ids: BTreeSet<&String> = interfaces.iter().filter_map(of).collect();
            ids.into_iter().cloned().collect()
        };
        let mut found = Surroundings::default();
        for ids in each(|it| it.instance.as_ref()).chunks(VALUES) {
            let instances = self.instances_by(any_of("instance-id", ids)).await?;
            found.instances.extend(instances);
        }
        for ids in each(|it| it.subnet.as_ref()).chunks(VALUES) {
            let subnets = self.subnets_by(any_of("subnet-id", ids)).await?;
            found.subnets.extend(subnets);
        }
        let mut vpcs = each(|it| it.vpc.as_ref());
        if let Some(vpc) = vpc.filter(|_| vpcs.is_empty()) {
            vpcs.push(vpc.to_owned());
        }
        for ids in vpcs.chunks(VALUES) {
            found
                .vpcs
                .extend(self.vpcs_by(any_of("vpc-id", ids)).await?);
        }
        found.interfaces = interfaces;
        Ok(found)
    }

    async fn interfaces_with(
        &self,
        addresses: &[IpAddr],
        vpc: Option<&str>,
    ) -> Result<Vec<Interface>, PortError> {
        let (older, newer): (Vec<IpAddr>, Vec<IpAddr>) =
            addresses.iter().partition(|address| address.is_ipv4());
        let mut found: Vec<Interface> = Vec::new();
        for (name, addresses) in [
            ("addresses.private-ip-address", older),
            ("ipv6-addresses.ipv6-address", newer),
        ] {
            let texts: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
            for texts in texts.chunks(VALUES - usize::from(vpc.is_some())) {
                let mut filters = vec![any_of(name, texts)];
                filters.extend(vpc.map(|vpc| filter("vpc-id", vpc)));
                found.extend(self.interfaces_by(&filters).await?);
            }
        }
        // One with several of the addresses is answered several times.
        found.sort_by(|one, other| one.id.cmp(&other.id));
        found.dedup_by(|one, other| one.id == other.id);
        Ok(found)
    }
}
