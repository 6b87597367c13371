//! Interface endpoints that cost more than they save.
//!
//! What they carry would cost more by the gigabyte through the gateway, but an
//! endpoint has an hourly price in each zone. What there is for other reasons than
//! its price (no way out at all, a policy) only its owner knows.

use super::{Action, Case, Confidence, Finding, HOURS_OF_MONTH, Saving, gigabytes};
use crate::price::{COST_PLACES, Money, PriceName};
use crate::report::text::{amount, gb, grouped, round_money};
use crate::snapshot::{Endpoint, Snapshot};
use rust_decimal::Decimal;

pub(super) const NAME: &str = "idle-endpoint";

/// Days without which nothing is said.
const LEAST_DAYS: usize = 3;
/// Days of a year and months.
const DAYS_OF_YEAR: u128 = 365;
const MONTHS: u128 = 12;

/// An endpoint with what it costs and saves in a month.
struct Costly<'a> {
    endpoint: &'a Endpoint,
    zones: usize,
    /// Bytes of a month of days like those that were looked at.
    bytes: u128,
    days: usize,
    hours: Money,
    saved: Money,
}

pub(super) fn find(case: &Case<'_>) -> Option<Finding> {
    let snapshot = case.facts.snapshot.as_ref()?;
    let prices = &case.facts.prices;
    let hour = prices.of(PriceName::EndpointHour)?.first_paid().0;
    let per_gb = prices.of(PriceName::EndpointGb)?.first_paid().0;
    let less = case.report.rate.per_gb - per_gb;
    let mut found: Vec<Costly<'_>> = snapshot
        .endpoints
        .iter()
        .filter_map(|endpoint| of(snapshot, endpoint, hour, less))
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
                    grouped(carried(snapshot, costly.endpoint)),
                    costly.days,
                    gb(costly.bytes),
                    amount(hour, currency),
                    zones(costly.zones),
                    round_money(costly.hours, currency),
                    gb(costly.bytes),
                    amount(case.report.rate.per_gb, currency),
                    amount(per_gb, currency),
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
    snapshot: &Snapshot,
    endpoint: &'a Endpoint,
    hour: Money,
    less: Money,
) -> Option<Costly<'a>> {
    let is_aws = ["com.amazonaws.", "cn.com.amazonaws."]
        .iter()
        .any(|start| endpoint.service.starts_with(start));
    let is_private = endpoint.service.contains(".vpce.");
    if endpoint.endpoint_type != "Interface" || !is_aws || is_private {
        return None;
    }
    let days = snapshot
        .carried
        .iter()
        .find(|it| it.endpoint == endpoint.id)?;
    let count = days.days.len();
    if count < LEAST_DAYS {
        return None;
    }
    let bytes = carried(snapshot, endpoint) * DAYS_OF_YEAR / MONTHS / count as u128;
    let zones = endpoint.subnets.len().max(1);
    Some(Costly {
        endpoint,
        zones,
        bytes,
        days: count,
        hours: hour * HOURS_OF_MONTH * Decimal::from(zones),
        saved: gigabytes(bytes) * less,
    })
}

fn carried(snapshot: &Snapshot, endpoint: &Endpoint) -> u128 {
    let found = snapshot
        .carried
        .iter()
        .find(|it| it.endpoint == endpoint.id);
    let days = found.map_or(&[][..], |it| it.days.as_slice());
    days.iter().map(|(_, bytes)| u128::from(*bytes)).sum()
}

fn zones(count: usize) -> String {
    match count {
        1 => "1 zone".to_owned(),
        count => format!("{count} zones"),
    }
}
