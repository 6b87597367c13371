//! Other AWS services of another region: transfer between regions is charged
//! beside the processing.

use super::{Case, Confidence, Finding, gateway_endpoint};
use crate::report::text::{grouped, percent};
use rust_decimal::{Decimal, dec};

pub(super) const NAME: &str = "inter-region";

/// What is not worth a word.
const LEAST: Decimal = dec!(0.01);
/// How many regions are named.
const NAMED: usize = 3;

pub(super) fn find(case: &Case<'_>) -> Option<Finding> {
    let has_endpoint = [&gateway_endpoint::S3, &gateway_endpoint::DYNAMODB];
    let is_it = |name: Option<&str>| {
        let is_other = |service: &&gateway_endpoint::Service| Some(service.in_records) != name;
        name.is_some() && has_endpoint.iter().all(is_other)
    };
    let found = case.elsewhere(is_it);
    let all = case.report.together(found.iter().map(|(_, share)| *share));
    if all.share < LEAST {
        return None;
    }
    let named: Vec<&str> = found.iter().map(|(region, _)| region.as_str()).collect();
    let more = match named.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Some(Finding {
        name: NAME,
        sentence: format!(
            "{} of the bytes go to AWS in {}{more}: transfer between regions is charged beside the \
             processing; a peering between the VPCs carries it without the gateway, if the other \
             side is yours.",
            percent(all.share),
            named[..named.len().min(NAMED)].join(", "),
        ),
        evidence: found
            .iter()
            .map(|(region, share)| {
                format!(
                    "{} bytes to and from {region} (AWS's prefixes of {}).",
                    grouped(share.bytes),
                    case.facts.ranges().created()
                )
            })
            .collect(),
        // Whose addresses they are is not known.
        confidence: Confidence::Medium,
        saving: None,
        actions: Vec::new(),
    })
}
