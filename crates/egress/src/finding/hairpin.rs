//! Workloads reach something of this VPC by its public address: out through the
//! gateway and in again, billed as processing and as transfer.

use super::{Case, Confidence, Finding};
use crate::owner::Owner;
use crate::report::text::{grouped, percent};
use rust_decimal::{Decimal, dec};
use std::collections::BTreeMap;
use std::net::IpAddr;

pub(super) const NAME: &str = "own-public-address";

/// What is not worth a word.
const LEAST: Decimal = dec!(0.01);
/// How many of them are named.
const NAMED: usize = 5;

pub(super) fn find(case: &Case<'_>) -> Option<Finding> {
    let snapshot = case.facts.snapshot.as_ref()?;
    let own: BTreeMap<IpAddr, Owner> = snapshot
        .interfaces
        .iter()
        .flat_map(|interface| {
            let public = interface.public_addresses.iter();
            public.map(|address| (*address, Owner::of(interface)))
        })
        .collect();
    let found: Vec<_> = case
        .report
        .destinations
        .iter()
        .filter_map(|row| Some((row, own.get(&row.address)?)))
        .collect();
    let share = case.report.together(found.iter().map(|(row, _)| row.share));
    if share.share < LEAST {
        return None;
    }
    Some(Finding {
        name: NAME,
        sentence: format!(
            "{} of the bytes go out through the gateway to public addresses of the same VPC; its \
             private addresses cost no processing.",
            percent(share.share)
        ),
        evidence: found
            .iter()
            .take(NAMED)
            .map(|(row, owner)| {
                format!(
                    "{} is {owner}: {} bytes.",
                    row.address,
                    grouped(row.share.bytes)
                )
            })
            .collect(),
        confidence: Confidence::High,
        saving: case.saving(share),
        actions: Vec::new(),
    })
}
