//! Traffic that crosses availability zones on its way to the gateway.
//!
//! A zonal gateway stands in one zone; what comes from another is charged on both
//! sides, in either direction. A second gateway has an hourly price of its own, so
//! it pays only from some traffic on.

use super::{Action, Case, Confidence, Finding, Saving};
use crate::charge::Quantity;
use crate::price::{BYTES_PER_GB, COST_PLACES, Money, gigabytes};
use crate::report::text::{amount, grouped, percent};
use crate::spend::HOURS_OF_MONTH;
use rust_decimal::{Decimal, dec};

pub(super) const NAME: &str = "cross-zone";

/// What is not worth a word.
const LEAST: Decimal = dec!(0.01);

pub(super) fn find(case: &Case<'_>) -> Option<Finding> {
    let report = case.report;
    let crossing = report.charges.priced(NAME)?;
    let Quantity::Bytes { bytes, sides } = crossing.quantity else {
        return None;
    };
    let share = case.share_of(bytes);
    let per_gb = crossing.price.as_ref()?.amount * Decimal::from(sides);
    let hour = report.charges.priced("nat-hours")?.price.as_ref()?.amount;
    let hours = hour * Money::from(HOURS_OF_MONTH);
    if share < LEAST || per_gb.is_zero() {
        return None;
    }
    let saving = Saving {
        hourly: crossing.hourly.map(|cost| cost - hour),
        monthly: report.spend.month.map(|month| {
            let gigabytes = gigabytes(month.typical_bytes()) * share;
            (gigabytes * per_gb - hours).round_dp(COST_PLACES)
        }),
    };
    // Of a typical month, if that is known, else of an hour like the recorded one.
    if saving.monthly.or(saving.hourly)? <= Money::ZERO {
        return None;
    }
    let currency = report.rate.currency;
    let least = (hours / per_gb).round_dp(0);
    let region = case.region();
    Some(Finding {
        name: NAME,
        sentence: format!(
            "{} of the bytes cross availability zones between workload and gateway, which is charged \
             on both sides; a gateway in the workloads' zone, or a regional one, ends that.",
            percent(share)
        ),
        evidence: vec![
            format!(
                "{} bytes cross: {} / {} x {} on each of {sides} sides.",
                grouped(bytes),
                grouped(bytes),
                grouped(BYTES_PER_GB.into()),
                amount(per_gb / Decimal::from(sides), currency),
            ),
            format!(
                "A second gateway costs {} x {HOURS_OF_MONTH} hours a month: it pays from {least} GB \
                 on that cross in a month.",
                amount(hour, currency),
            ),
        ],
        confidence: Confidence::High,
        saving: case.is_trusted().then_some(saving),
        actions: vec![
            Action {
                language: "aws",
                text: format!(
                    "aws ec2 create-nat-gateway --region {region} --subnet-id \
                     PUBLIC_SUBNET_OF_THE_ZONE --allocation-id ALLOCATION_ID"
                ),
            },
            Action {
                language: "aws",
                text: format!(
                    "aws ec2 replace-route --region {region} --route-table-id \
                     ROUTE_TABLE_OF_THE_ZONE --destination-cidr-block 0.0.0.0/0 --nat-gateway-id \
                     NEW_NAT_GATEWAY_ID"
                ),
            },
            Action {
                language: "cloudformation",
                text: "ZoneNatGateway:\n  Type: AWS::EC2::NatGateway\n  Properties:\n    \
                       SubnetId: PUBLIC_SUBNET_OF_THE_ZONE\n    AllocationId: ALLOCATION_ID\n\
                       ZoneRoute:\n  Type: AWS::EC2::Route\n  Properties:\n    \
                       RouteTableId: ROUTE_TABLE_OF_THE_ZONE\n    \
                       DestinationCidrBlock: 0.0.0.0/0\n    NatGatewayId: !Ref ZoneNatGateway"
                    .to_owned(),
            },
            Action {
                language: "terraform",
                text: "resource \"aws_nat_gateway\" \"zone\" {\n  \
                       subnet_id     = \"PUBLIC_SUBNET_OF_THE_ZONE\"\n  \
                       allocation_id = \"ALLOCATION_ID\"\n}\n\n\
                       resource \"aws_route\" \"zone\" {\n  \
                       route_table_id         = \"ROUTE_TABLE_OF_THE_ZONE\"\n  \
                       destination_cidr_block = \"0.0.0.0/0\"\n  \
                       nat_gateway_id         = aws_nat_gateway.zone.id\n}"
                    .to_owned(),
            },
        ],
    })
}
