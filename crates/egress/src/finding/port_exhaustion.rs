//! The gateway ran out of ports: connections failed.
//!
//! An address of a gateway has 55,000 connections to each destination:
//! <https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html>.

use super::{Action, Case, Confidence, Finding};
use crate::report::text::{grouped, time};
use crate::snapshot::by_period;

pub(super) const NAME: &str = "port-exhaustion";

pub(super) fn find(case: &Case<'_>) -> Option<Finding> {
    let errors = by_period(case.facts.metrics(), &["ErrorPortAllocation"]);
    let (first, _) = errors.iter().find(|(_, count)| **count > 0)?;
    let failed: u128 = errors.values().sum();
    let minutes = errors.values().filter(|count| **count > 0).count();
    let gateway = case
        .facts
        .snapshot
        .as_ref()
        .map(|taken| taken.gateway.as_str());
    let gateway = gateway.unwrap_or("NAT_GATEWAY_ID");
    Some(Finding {
        name: NAME,
        sentence: "The gateway ran out of ports: new connections to busy destinations failed."
            .to_owned(),
        evidence: vec![format!(
            "{} errors in {minutes} minutes (metric ErrorPortAllocation), the first in the minute \
             of {}.",
            grouped(failed),
            time(*first)
        )],
        confidence: Confidence::High,
        saving: None,
        actions: vec![Action {
            language: "aws",
            text: format!(
                "aws ec2 associate-nat-gateway-address --region {} --nat-gateway-id {gateway} \
                 --allocation-ids ALLOCATION_ID",
                case.region()
            ),
        }],
    })
}
