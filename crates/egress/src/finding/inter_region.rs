//! Other AWS services of another region: transfer between regions is charged
//! beside the processing.

use super::{Case, Confidence, Finding};
use crate::report::text::{grouped, percent};
use crate::service::has_gateway_endpoint;
use rust_decimal::{Decimal, dec};

pub(super) const NAME: &str = "inter-region";

/// What is not worth a word.
const LEAST: Decimal = dec!(0.01);
/// How many regions are named.
const NAMED: usize = 3;

pub(super) fn find(case: &Case<'_>) -> Option<Finding> {
    let is_it = |name: Option<&str>| name.is_some_and(|name| !has_gateway_endpoint(name));
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
