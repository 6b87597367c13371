//! A gateway that costs more for being there than for what it does.

use super::{Action, Case, Confidence, Finding, Saving};
use crate::charge::Quantity;
use crate::price::Money;
use crate::report::text::{amount, grouped, round_money};
use crate::spend::HOURS_OF_MONTH;
use rust_decimal::{Decimal, dec};

pub(super) const NAME: &str = "idle-gateway";

/// The part of its hours' price that processing of a typical month stays below.
const LITTLE: Decimal = dec!(0.10);

pub(super) fn find(case: &Case<'_>) -> Option<Finding> {
    let report = case.report;
    let month = report.spend.month?;
    let line = report.charges.priced("nat-hours")?;
    let Quantity::Time { gateways, .. } = line.quantity else {
        return None;
    };
    let (hour, count) = (line.price.as_ref()?.amount, gateways?);
    let hours: Money = hour * Money::from(HOURS_OF_MONTH) * Money::from(count);
    let (bytes, cost) = month.typical;
    if cost >= hours * LITTLE {
        return None;
    }
    let currency = report.rate.currency;
    let gateway = case.facts.snapshot.as_ref().map(|it| it.gateway.as_str());
    let gateway = gateway.unwrap_or("NAT_GATEWAY_ID");
    Some(Finding {
        name: NAME,
        sentence: format!(
            "On a typical day the gateway is all but idle: {} a month for being there, {} for what it \
             processes. Another gateway of the VPC or a shared one can carry that.",
            round_money(hours, currency),
            round_money(cost, currency)
        ),
        evidence: vec![
            format!(
                "{} x {HOURS_OF_MONTH} hours x {count}; the median of {} days before the recording has {} bytes.",
                amount(hour, currency),
                month.days,
                grouped(bytes)
            ),
            "What was recorded is not of a typical day, and would need a way out all the same."
                .to_owned(),
        ],
        confidence: Confidence::Medium,
        saving: Some(Saving {
            hourly: None,
            monthly: Some(hours),
        }),
        actions: vec![Action {
            language: "aws",
            text: format!(
                "aws ec2 describe-route-tables --region {} --filters \
                 Name=route.nat-gateway-id,Values={gateway}",
                case.region()
            ),
        }],
    })
}
