//! Packets from the internet that nobody behind the gateway had asked for.

use super::{Case, Confidence, Finding};
use crate::report::text::grouped;

pub(super) const NAME: &str = "scanning-noise";

/// How many addresses are worth a word.
const LEAST: u64 = 50;

pub(super) fn find(case: &Case<'_>) -> Option<Finding> {
    let noise = case.report.unsolicited;
    if noise.addresses < LEAST {
        return None;
    }
    Some(Finding {
        name: NAME,
        sentence: format!(
            "{} addresses sent the gateway packets that nobody had asked for, as scanners do: it \
             drops them, and they are in no figure here.",
            grouped(noise.addresses.into())
        ),
        evidence: vec![format!(
            "{} bytes in {} records from addresses that the gateway sent nothing to.",
            grouped(noise.bytes),
            grouped(noise.records.into())
        )],
        // An answer may be in a record from before the recording.
        confidence: Confidence::Medium,
        saving: None,
        actions: Vec::new(),
    })
}
