//! Sources added up by the availability zone of their owners.
//!
//! **Invariants.** The bytes of all zones are those of all sources. Sources whose
//! zone is not known are one row, which says so; where none is known there is no row.

use crate::report::{Share, Source};
use crate::sums::Billed;
use std::collections::BTreeMap;

/// The workloads of an availability zone, and what they moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// The zone, as what says it has it; `None` for workloads whose zone is not known.
    pub zone: Option<String>,
    /// How many addresses it has here.
    pub addresses: usize,
    /// The figures.
    pub share: Share,
}

/// The sources added up by zone, each priced; in no order that matters.
pub(crate) fn zones(sources: &[Source], price: impl Fn(&Billed) -> Share) -> Vec<Zone> {
    let mut zones: BTreeMap<Option<&str>, (usize, Billed)> = BTreeMap::new();
    for source in sources {
        let zone = source.owner.as_ref();
        let zone = zone.and_then(|owner| owner.place.zone.as_deref());
        let (addresses, sum) = zones.entry(zone).or_default();
        *addresses += usize::from(!source.address.is_unspecified());
        sum.in_from_source += source.share.in_from_source;
        sum.out_to_source += source.share.out_to_source;
    }
    if zones.keys().all(Option::is_none) {
        return Vec::new();
    }
    let rows = zones.into_iter();
    rows.map(|(zone, (addresses, sum))| Zone {
        zone: zone.map(str::to_owned),
        addresses,
        share: price(&sum),
    })
    .collect()
}
