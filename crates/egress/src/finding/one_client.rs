//! One workload moves most of the bytes.

use super::{Action, Case, Confidence, Finding};
use crate::owner::OwnerKind;
use crate::report::text::{grouped, percent};
use rust_decimal::{Decimal, dec};

pub(super) const NAME: &str = "one-client";

/// The share from which it is said.
const MOST: Decimal = dec!(0.50);

pub(super) fn find(case: &Case<'_>) -> Option<Finding> {
    let report = case.report;
    let first = report.sources.first()?;
    if report.sources.len() < 2 || first.share.share < MOST || first.address.is_unspecified() {
        return None;
    }
    let region = case.region();
    let by_address = || {
        format!(
            "aws ec2 describe-network-interfaces --region {region} \
             --filters Name=addresses.private-ip-address,Values={}",
            first.address
        )
    };
    let (who, command) = match &first.owner {
        None => (first.address.to_string(), by_address()),
        Some(owner) => {
            let command = match (owner.kind, &owner.id) {
                (OwnerKind::Instance, Some(id)) => {
                    format!("aws ec2 describe-instances --region {region} --instance-ids {id}")
                }
                _ => format!(
                    "aws ec2 describe-network-interfaces --region {region} \
                     --network-interface-ids {}",
                    owner.interface
                ),
            };
            (format!("{} ({})", first.address, owner.identity()), command)
        }
    };
    Some(Finding {
        name: NAME,
        sentence: format!(
            "{who} moved {} of the bytes: look there first.",
            percent(first.share.share)
        ),
        evidence: vec![format!(
            "{} bytes of {} among {} sources.",
            grouped(first.share.bytes),
            grouped(report.bytes.processed),
            report.sources.len()
        )],
        confidence: Confidence::High,
        saving: None,
        actions: vec![Action {
            language: "aws",
            text: command,
        }],
    })
}
