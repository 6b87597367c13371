//! What a report needs to know beside the records.
//!
//! **Invariants.** Facts are given, never looked up here, and unknown ones are said
//! as unknown. Whoever adds one decides in `bundle` what is kept of it and in
//! `redact` what becomes of it: neither compiles before.

use crate::coverage::FLOOR;
use crate::last::Summary;
use crate::name::Name;
use crate::networks::Networks;
use crate::owners::Owners;
use crate::price::{Money, Prices, Rate};
use crate::ranges::AwsRanges;
use crate::snapshot::{Metric, Snapshot};
use std::net::IpAddr;
use std::ops::Range;
use std::sync::Arc;

/// What the records do not say themselves.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The region whose rate it is, for the record.
    pub region: String,
    /// The data-processing rate.
    pub rate: Rate,
    /// What else AWS charges there, as far as it is known.
    pub prices: Prices,
    /// Gateway addresses that are known from elsewhere; none is fine.
    pub nat_addresses: Vec<IpAddr>,
    /// Only this interface (or regional gateway) counts, where it is known.
    pub interface: Option<String>,
    /// What there was as the alarm went off.
    pub snapshot: Option<Snapshot>,
    /// Who has which address, where that was looked up; else the snapshot says it.
    pub owners: Option<Owners>,
    /// What the last recording of the gateway was.
    pub last: Option<Summary>,
    /// AWS's prefixes, where newer ones are known than those that ship.
    pub ranges: Option<Arc<AwsRanges>>,
    /// The user's own networks.
    pub networks: Option<Arc<Networks>>,
    /// The gateway's metrics by the minute, the time of the records included.
    pub metrics: Vec<Metric>,
    /// From the alarm to the end of the recording, in Unix seconds.
    pub alarmed: Option<Range<u64>>,
    /// The share of the metrics that the records have to explain before a saving
    /// is said.
    pub floor: Money,
    /// How many pairs the report lists, 0 = all. There are far more pairs than
    /// anything else, so those that nobody will see are not even kept.
    pub pairs: usize,
    /// What the user should know about these facts.
    pub warnings: Vec<String>,
}

impl Facts {
    /// Facts with a rate, the region's shipped prices and nothing else known.
    pub fn new(region: &str, rate: Rate) -> Facts {
        Facts {
            region: region.to_owned(),
            rate,
            prices: Prices::shipped(region),
            nat_addresses: Vec::new(),
            interface: None,
            snapshot: None,
            owners: None,
            last: None,
            ranges: None,
            networks: None,
            metrics: Vec::new(),
            alarmed: None,
            pairs: 0,
            floor: FLOOR,
            warnings: Vec::new(),
        }
    }

    /// AWS's prefixes.
    pub(crate) fn ranges(&self) -> &AwsRanges {
        match &self.ranges {
            Some(ranges) => ranges,
            None => AwsRanges::shipped(),
        }
    }

    /// What the user's networks call the address.
    pub(crate) fn own_names(&self, address: IpAddr) -> Vec<Arc<Name>> {
        let networks = self.networks.as_deref();
        let name = networks.and_then(|networks| networks.get(address));
        name.into_iter().cloned().collect()
    }

    /// The gateway's metrics by the minute, as far as they are known.
    pub(crate) fn metrics(&self) -> &[Metric] {
        match &self.snapshot {
            Some(snapshot) if self.metrics.is_empty() => &snapshot.metrics,
            _ => &self.metrics,
        }
    }
}
