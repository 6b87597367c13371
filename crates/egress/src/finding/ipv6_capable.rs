//! AWS services that can be reached by IPv6, past the gateway.
//!
//! An egress-only internet gateway has neither an hourly price nor one for a
//! gigabyte: <https://docs.aws.amazon.com/vpc/latest/userguide/egress-only-internet-gateway.html>.
//! Of other destinations it is not known whether they have IPv6 addresses.

use super::{Action, Case, Confidence, Finding};
use crate::report::text::{grouped, percent};
use crate::report::{Destination, Share};
use crate::service::has_gateway_endpoint;
use rust_decimal::{Decimal, dec};
use std::collections::BTreeMap;

pub(super) const NAME: &str = "ipv6-capable";

/// What is not worth a word.
const LEAST: Decimal = dec!(0.05);

pub(super) fn find(case: &Case<'_>) -> Option<Finding> {
    let mut found: BTreeMap<(&str, &str), Vec<Share>> = BTreeMap::new();
    for row in &case.report.destinations {
        if let Some(name) = reachable(case, row) {
            found.entry(name).or_default().push(row.share);
        }
    }
    let mut found: Vec<_> = found
        .into_iter()
        .map(|(name, shares)| (name, case.report.together(shares)))
        .collect();
    found.sort_by_key(|(name, share)| (std::cmp::Reverse(share.bytes), *name));
    let all = case.report.together(found.iter().map(|(_, share)| *share));
    if all.share < LEAST {
        return None;
    }
    let snapshot = case.facts.snapshot.as_ref();
    let vpc = snapshot.and_then(|taken| taken.vpc.as_deref());
    let vpc = vpc.unwrap_or("VPC_ID");
    let region = case.region();
    Some(Finding {
        name: NAME,
        sentence: format!(
            "{} of the bytes are of AWS services that have IPv6 addresses too: by IPv6 and an \
             egress-only internet gateway they cost no processing.",
            percent(all.share)
        ),
        evidence: found
            .iter()
            .map(|((service, region), share)| {
                format!(
                    "{} bytes of {service} in {region}, which has IPv6 prefixes (AWS's prefixes of \
                     {}).",
                    grouped(share.bytes),
                    case.facts.ranges().created()
                )
            })
            .chain([
                "Whether workloads and the names that they use have IPv6 is not known.".to_owned(),
            ])
            .collect(),
        confidence: Confidence::Medium,
        saving: case.saving(all),
        actions: vec![
            Action {
                language: "aws",
                text: format!(
                    "aws ec2 associate-vpc-cidr-block --region {region} --vpc-id {vpc} \
                     --amazon-provided-ipv6-cidr-block"
                ),
            },
            Action {
                language: "aws",
                text: format!(
                    "aws ec2 create-egress-only-internet-gateway --region {region} --vpc-id {vpc}"
                ),
            },
            Action {
                language: "cloudformation",
                text: format!(
                    "Ipv6Block:\n  Type: AWS::EC2::VPCCidrBlock\n  Properties:\n    \
                     VpcId: {vpc}\n    AmazonProvidedIpv6CidrBlock: true\nIpv6WayOut:\n  \
                     Type: AWS::EC2::EgressOnlyInternetGateway\n  Properties:\n    VpcId: {vpc}"
                ),
            },
            Action {
                language: "terraform",
                text: format!(
                    "resource \"aws_vpc_ipv6_cidr_block_association\" \"ipv6\" {{\n  \
                     vpc_id                           = \"{vpc}\"\n  \
                     assign_generated_ipv6_cidr_block = true\n}}\n\n\
                     resource \"aws_egress_only_internet_gateway\" \"ipv6\" {{\n  \
                     vpc_id = \"{vpc}\"\n}}"
                ),
            },
        ],
    })
}

/// Service and region of what has an IPv6 address and no better way: a gateway
/// endpoint costs even less.
fn reachable<'a>(case: &Case<'a>, row: &'a Destination) -> Option<(&'a str, &'a str)> {
    let (service, region) = (row.aws_service.as_deref()?, row.aws_region.as_deref()?);
    let has_endpoint = case.report.is_own_region(region) && has_gateway_endpoint(service);
    let is_v4 = crate::address::translated(row.address).is_ipv4();
    (is_v4 && !has_endpoint && case.facts.ranges().has_ipv6(service, region))
        .then_some((service, region))
}
