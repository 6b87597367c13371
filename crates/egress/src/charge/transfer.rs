//! What the transfer of the bytes costs, by where their remote ends are.
//!
//! What comes in from the internet is free; what goes out to it is charged by
//! tiers of the account's month, and what goes to another region by the two of
//! them. Where the remote end is follows from AWS's prefixes.
//!
//! **Invariants.** An address without a region is not taken for one of this
//! region. GLOBAL is no region.

use super::{Bill, Charge};
use crate::address::{is_private, translated};
use crate::price::PriceName;
use crate::report::Destination;
use crate::service::has_gateway_endpoint;
use std::collections::BTreeMap;

/// What AWS's prefixes have in the place of a region.
const GLOBAL: &str = "GLOBAL";

/// Where a remote end is, in the order of the lines.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Internet,
    Region(String),
    FreeService,
    OtherService,
    Global,
    SomeRegion,
    Private,
    Untold,
}

/// Bytes up and down.
#[derive(Debug, Clone, Copy, Default)]
struct Moved {
    up: u128,
    down: u128,
}

impl Moved {
    fn both(self) -> u128 {
        self.up + self.down
    }
}

/// The lines of transfer; none of what was not moved.
pub(super) fn lines(bill: &Bill<'_>) -> Vec<Charge> {
    let by_place = by_place(bill);
    let mut lines = Vec::new();
    let mut from_regions = 0;
    for (place, moved) in &by_place {
        if let Place::Region(_) = place {
            from_regions += moved.down;
        }
        lines.extend(of_place(bill, place, *moved));
    }
    let why = "the side that sends is charged, by the price of its region";
    let down = bill.unpriced("inter-region-download", from_regions, why);
    let after = lines
        .iter()
        .rposition(|line| line.name == "inter-region-upload")
        .or_else(|| {
            lines
                .iter()
                .rposition(|line| line.name.starts_with("internet"))
        });
    lines.insert(after.map_or(0, |at| at + 1), down);
    lines.retain(|line| !matches!(line.quantity, super::Quantity::Bytes { bytes: 0, .. }));
    lines
}

fn by_place(bill: &Bill<'_>) -> BTreeMap<Place, Moved> {
    let regions: Vec<&str> = bill.report.region.split(',').collect();
    let mut by_place: BTreeMap<Place, Moved> = BTreeMap::new();
    let mut told = 0;
    for row in &bill.report.destinations {
        let moved = by_place.entry(place(row, &regions)).or_default();
        moved.up += row.share.in_from_source;
        moved.down += row.share.out_to_source;
        told += row.share.bytes;
    }
    // Where records show no remote end at all.
    let untold = bill.report.bytes.processed.saturating_sub(told);
    by_place.entry(Place::Untold).or_default().down += untold;
    by_place
}

fn place(row: &Destination, regions: &[&str]) -> Place {
    if row.address.is_unspecified() {
        return Place::Untold;
    }
    if is_private(translated(row.address)) {
        return Place::Private;
    }
    match (row.aws_region.as_deref(), row.aws_service.as_deref()) {
        (None, None) => Place::Internet,
        (None, Some(_)) => Place::SomeRegion,
        (Some(GLOBAL), _) => Place::Global,
        (Some(region), _) if !regions.contains(&region) => Place::Region(region.to_owned()),
        // Of several regions it is not known which one sent it.
        (Some(_), _) if regions.len() > 1 => Place::SomeRegion,
        (Some(_), Some(service)) if has_gateway_endpoint(service) => Place::FreeService,
        (Some(_), _) => Place::OtherService,
    }
}

fn of_place(bill: &Bill<'_>, place: &Place, moved: Moved) -> Vec<Charge> {
    let unpriced = |name, why| vec![bill.unpriced(name, moved.both(), why)];
    match place {
        Place::Internet => vec![
            internet_upload(bill, moved.up),
            bill.free(
                "internet-download",
                moved.down,
                "what comes in from the internet is free",
            ),
        ],
        Place::Region(region) => {
            let price = bill.facts.prices.to_region(region);
            let price = (price, PriceName::InterRegionGb);
            let mut line = bill.listed("inter-region-upload", moved.up, 1, price);
            line.label = format!("upload to {region}");
            vec![line]
        }
        Place::FreeService => {
            let source = "transfer within the region is free for them";
            let mut line = bill.free("same-region", moved.both(), source);
            line.label = format!("S3 and DynamoDB in {}", bill.report.region);
            vec![line]
        }
        Place::OtherService => unpriced(
            "aws-in-region",
            "by a public address it depends on the service",
        ),
        Place::Global => unpriced("aws-global", "CloudFront and others: no price is known"),
        Place::SomeRegion => unpriced(
            "aws-unknown",
            "AWS's prefixes do not have these addresses, or several regions are analyzed",
        ),
        Place::Private => unpriced(
            "private",
            "behind peering, a transit gateway or a private line, each with its own price",
        ),
        Place::Untold => unpriced("unknown", "the records do not show them one by one"),
    }
}

fn internet_upload(bill: &Bill<'_>, bytes: u128) -> Charge {
    let name = PriceName::InternetGb;
    let price = bill.facts.prices.of(name);
    let mut line = bill.listed("internet-upload", bytes, 1, (price, name));
    if line.note.is_none() && price.is_some_and(|price| price.first_paid().1) {
        line.note = Some(format!(
            "the first paid tier: the free 100 GB and cheaper tiers depend on the account's month \
             (--rate {name}=USD)"
        ));
    }
    line
}
