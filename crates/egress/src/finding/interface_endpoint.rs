//! AWS services without a name of their own in flow logs: whether an interface
//! endpoint pays, and says also where it does not.
//!
//! ECR's API, CloudWatch Logs, STS, SQS, Kinesis and most others appear as AMAZON
//! (<https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html>), so
//! the bytes of one service are not known. An interface endpoint costs by the hour
//! in each zone, and for a gigabyte:
//! <https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html>.

use super::{Action, Case, Confidence, Finding};
use crate::price::{EndpointPrices, gigabytes};
use crate::report::text::{amount, grouped, percent};
use crate::spend::HOURS_OF_MONTH;
use rust_decimal::{Decimal, dec};
use std::collections::BTreeSet;

pub(super) const NAME: &str = "interface-endpoint";

/// What is not worth a word.
const LEAST: Decimal = dec!(0.05);
/// What flow logs call services without a code of their own.
const UNNAMED: &str = "AMAZON";

pub(super) fn find(case: &Case<'_>) -> Option<Finding> {
    let report = case.report;
    let rows = report.destinations.iter().filter(|row| {
        let region = row.aws_region.as_deref();
        row.aws_service.as_deref() == Some(UNNAMED)
            && region.is_none_or(|region| case.report.is_own_region(region))
    });
    let share = report.together(rows.map(|row| row.share));
    let prices = EndpointPrices::of(&case.facts.prices)?;
    if share.share < LEAST {
        return None;
    }
    let zones = zones(case);
    let count = zones.unwrap_or(1);
    let break_even = prices.break_even(&report.rate, count)?;
    let month = report.spend.month;
    let monthly = month.map(|month| (gigabytes(month.typical_bytes()) * share.share).round_dp(0));
    let bytes = percent(share.share);
    let in_zones = match zones {
        Some(1) | None => "one zone".to_owned(),
        Some(zones) => format!("{zones} zones"),
    };
    let sentence = match monthly {
        Some(gigabytes) if gigabytes < break_even => format!(
            "Do not make interface endpoints: {bytes} of the bytes are of AWS services that flow logs \
             do not tell apart, about {gigabytes} GB of a typical month all together, and one in \
             {in_zones} pays from {break_even} GB."
        ),
        Some(gigabytes) => format!(
            "{bytes} of the bytes are of AWS services that flow logs do not tell apart, about \
             {gigabytes} GB of a typical month: an interface endpoint in {in_zones} pays for a service \
             with {break_even} GB or more of them."
        ),
        None => format!(
            "{bytes} of the bytes are of AWS services that flow logs do not tell apart: an interface \
             endpoint in {in_zones} pays for a service with {break_even} GB a month or more."
        ),
    };
    let currency = report.rate.currency;
    Some(Finding {
        name: NAME,
        sentence,
        evidence: vec![
            format!(
                "{} bytes of {UNNAMED} in the recording.",
                grouped(share.bytes)
            ),
            format!(
                "{} x {HOURS_OF_MONTH} hours x {count} / ({} - {}) = {break_even} GB a month, as long \
                 as the gateway stays for other traffic.",
                amount(prices.hour, currency),
                amount(report.rate.per_gb, currency),
                amount(prices.per_gb, currency),
            ),
        ],
        // Which service it is only DNS queries tell.
        confidence: Confidence::Medium,
        saving: None,
        actions: actions(
            case,
            monthly.is_none_or(|gigabytes| gigabytes >= break_even),
        ),
    })
}

/// Zones of workloads that are known.
fn zones(case: &Case<'_>) -> Option<u32> {
    let snapshot = case.facts.snapshot.as_ref()?;
    let sources: BTreeSet<_> = case.report.sources.iter().map(|row| row.address).collect();
    let interfaces = snapshot.interfaces.iter();
    let zones: BTreeSet<&str> = interfaces
        .filter(|interface| interface.addresses.iter().any(|it| sources.contains(it)))
        .filter_map(|interface| interface.zone.as_deref())
        .collect();
    u32::try_from(zones.len()).ok().filter(|count| *count > 0)
}

/// How to find out which services these are.
fn actions(case: &Case<'_>, pays: bool) -> Vec<Action> {
    if !pays {
        return Vec::new();
    }
    let snapshot = case.facts.snapshot.as_ref();
    let vpc = snapshot.and_then(|taken| taken.vpc.as_deref());
    vec![Action {
        language: "aws",
        text: format!(
            "aws route53resolver associate-resolver-query-log-config --region {} \
             --resolver-query-log-config-id QUERY_LOG_CONFIG_ID --resource-id {}",
            case.region(),
            vpc.unwrap_or("VPC_ID")
        ),
    }]
}
