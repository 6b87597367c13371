//! One far end outside of AWS takes or gives most of the bytes.

use super::{Action, Case, Confidence, Finding};
use crate::address::is_private;
use crate::report::text::{grouped, percent};
use rust_decimal::{Decimal, dec};

pub(super) const NAME: &str = "one-destination";

/// The share from which it is said.
const MOST: Decimal = dec!(0.50);

pub(super) fn find(case: &Case<'_>) -> Option<Finding> {
    let report = case.report;
    let first = report.destinations.first()?;
    let is_said = report.destinations.len() > 1
        && first.aws_service.is_none()
        && first.share.share >= MOST
        && !first.address.is_unspecified();
    if !is_said {
        return None;
    }
    let address = first.address;
    let name = first.name();
    // Whose it is need not be asked where it is known.
    let actions = match name.is_some() || is_private(address) {
        true => Vec::new(),
        false => vec![Action {
            language: "shell",
            text: format!("dig +short -x {address}"),
        }],
    };
    Some(Finding {
        name: NAME,
        sentence: format!(
            "{address}{} is the far end of {} of the bytes, and it is no address of an AWS service \
             that flow logs know.",
            name.map_or_else(String::new, |name| format!(
                " ({name}, by {})",
                name.said_by()
            )),
            percent(first.share.share)
        ),
        evidence: vec![format!(
            "{} bytes to it, {} bytes from it, among {} destinations.",
            grouped(first.share.in_from_source),
            grouped(first.share.out_to_source),
            report.destinations.len()
        )],
        confidence: Confidence::High,
        saving: None,
        actions,
    })
}
