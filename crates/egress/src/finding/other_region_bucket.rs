//! S3 or DynamoDB of another region, which a gateway endpoint does not reach.
//!
//! Prefix lists of gateway endpoints are of one region:
//! <https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html>.

use super::{Action, Case, Confidence, Finding};
use crate::report::Share;
use crate::report::text::{grouped, percent};
use crate::service::{GATEWAY_ENDPOINTS, S3};
use rust_decimal::{Decimal, dec};

pub(super) const NAME: &str = "other-region-bucket";

/// What is not worth a word.
const LEAST: Decimal = dec!(0.01);

pub(super) fn find(case: &Case<'_>) -> Option<Finding> {
    let found: Vec<(String, String, Share)> = GATEWAY_ENDPOINTS
        .iter()
        .flat_map(|service| {
            let is_it = |name: Option<&str>| name == Some(service.code);
            let regions = case.elsewhere(is_it).into_iter();
            regions.map(|(region, share)| (service.said.to_owned(), region, share))
        })
        .collect();
    let all = case
        .report
        .together(found.iter().map(|(_, _, share)| *share));
    if all.share < LEAST {
        return None;
    }
    let named: Vec<String> = found
        .iter()
        .map(|(service, region, share)| format!("{} {service} in {region}", percent(share.share)))
        .collect();
    let mut buckets: Vec<&str> = found
        .iter()
        .filter(|(service, ..)| service == S3.said)
        .map(|(_, region, _)| region.as_str())
        .collect();
    buckets.dedup();
    Some(Finding {
        name: NAME,
        sentence: format!(
            "{} of the bytes belong to another region ({}): no gateway endpoint reaches them; a copy \
             in {} or work done there does.",
            percent(all.share),
            named.join(", "),
            case.region()
        ),
        evidence: found
            .iter()
            .map(|(service, region, share)| {
                format!(
                    "{} bytes of {service} in {region} (AWS's prefixes of {}).",
                    grouped(share.bytes),
                    case.facts.ranges().created()
                )
            })
            .collect(),
        confidence: Confidence::High,
        saving: None,
        actions: buckets
            .into_iter()
            .map(|region| Action {
                language: "aws",
                text: format!("aws s3api list-buckets --bucket-region {region}"),
            })
            .collect(),
    })
}
