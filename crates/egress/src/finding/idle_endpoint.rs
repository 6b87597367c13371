//! Interface endpoints that cost more than they save.
//!
//! What they carry would cost more by the gigabyte through the gateway, but an
//! endpoint has an hourly price in each zone. What there is for other reasons than
//! its price (no way out at all, a policy) only its owner knows.

use super::{Action, Case, Confidence, Finding, Saving};
use crate::price::{COST_PLACES, EndpointPrices, Money, gigabytes};
use crate::report::text::{amount, gb, grouped, round_money};
use crate::snapshot::{Carried, Endpoint, Snapshot};
use crate::spend::{HOURS_OF_MONTH, bytes_of_month};

pub(super) const NAME: &str = "idle-endpoint";

/// Days without which nothing is said.
const LEAST_DAYS: usize = 3;

/// An endpoint with what it costs and saves in a month.
struct Costly<'a> {
    endpoint: &'a Endpoint,
    zones: u32,
    /// What it carried in the days that were looked at.
    carried: u128,
    days: usize,
    /// Bytes of a month of such days.
    bytes: u128,
    hours: Money,
    saved: Money,
}

pub(super) fn find(case: &Case<'_>) -> Option<Finding> {
    let snapshot = case.facts.snapshot.as_ref()?;
    let prices = EndpointPrices::of(&case.facts.prices)?;
    let less = prices.less_than(&case.report.rate)?;
    let mut found: Vec<Costly<'_>> = snapshot
        .carried
        .iter()
        .filter_map(|carried| of(snapshot, carried, &prices, less))
        .filter(|costly| costly.hours > costly.saved)
        .collect();
    found.sort_by_key(|costly| (costly.saved - costly.hours, &costly.endpoint.id));
    if found.is_empty() {
        return None;
    }
    let currency = case.report.rate.currency;
    let sum: Money = found.iter().map(|costly| costly.hours - costly.saved).sum();
    let what = match found.as_slice() {
        [one] => format!("Interface endpoint {} costs", one.endpoint.id),
        many => format!("{} interface endpoints cost", many.len()),
    };
    Some(Finding {
        name: NAME,
        sentence: format!(
            "{what} {} a month more than the gateway would for the same bytes.",
            round_money(sum, currency)
        ),
        evidence: found
            .iter()
            .map(|costly| {
                format!(
                    "{} ({}) carried {} bytes in {} days, {} GB a month: {} x {HOURS_OF_MONTH} hours x \
                     {} = {}, to save {} GB x ({} - {}) = {}.",
                    costly.endpoint.id,
                    costly.endpoint.service,
                    grouped(costly.carried),
                    costly.days,
                    gb(costly.bytes),
                    amount(prices.hour, currency),
                    zones(costly.zones),
                    round_money(costly.hours, currency),
                    gb(costly.bytes),
                    amount(case.report.rate.per_gb, currency),
                    amount(prices.per_gb, currency),
                    round_money(costly.saved, currency),
                )
            })
            .chain(["Whether it is there for something else than its price is not known.".to_owned()])
            .collect(),
        confidence: Confidence::Medium,
        saving: Some(Saving {
            hourly: None,
            monthly: Some(sum.round_dp(COST_PLACES)),
        }),
        actions: found
            .iter()
            .map(|costly| Action {
                language: "aws",
                text: format!(
                    "aws ec2 delete-vpc-endpoints --region {} --vpc-endpoint-ids {}",
                    case.region(),
                    costly.endpoint.id
                ),
            })
            .collect(),
    })
}

/// Of an endpoint to a service of AWS's, which the gateway leads to as well.
fn of<'a>(
    snapshot: &'a Snapshot,
    carried: &Carried,
    prices: &EndpointPrices,
    less: Money,
) -> Option<Costly<'a>> {
    let mut endpoints = snapshot.endpoints.iter();
    let endpoint = endpoints.find(|endpoint| endpoint.id == carried.endpoint)?;
    let is_aws = ["com.amazonaws.", "cn.com.amazonaws."]
        .iter()
        .any(|start| endpoint.service.starts_with(start));
    let is_private = endpoint.service.contains(".vpce.");
    let days = carried.days.len();
    if !endpoint.is_interface() || !is_aws || is_private || days < LEAST_DAYS {
        return None;
    }
    let sum = carried
        .days
        .iter()
        .map(|(_, bytes)| u128::from(*bytes))
        .sum();
    let bytes = bytes_of_month(sum, days);
    let zones = u32::try_from(endpoint.subnets.len().max(1)).ok()?;
    Some(Costly {
        endpoint,
        zones,
        carried: sum,
        days,
        bytes,
        hours: prices.hours(zones),
        saved: gigabytes(bytes) * less,
    })
}

fn zones(count: u32) -> String {
    match count {
        1 => "1 zone".to_owned(),
        count => format!("{count} zones"),
    }
}
