//! Which bytes are of the report's own region.
//!
//! **Invariants.** A report can be of several regions, whose codes stand in its label
//! with commas between them; each of them is its own. An address without a region
//! is in none.

use super::{Report, Share};

/// The bytes of a service, by where its remote ends are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reach {
    /// In a region of the report: a gateway endpoint reaches them.
    pub(crate) here: Share,
    /// In another one: it does not.
    pub(crate) elsewhere: Share,
    /// In a region that is not known: it may.
    pub(crate) unknown: Share,
}

/// Whether the region is one of those in the label.
pub(crate) fn has_region(label: &str, region: &str) -> bool {
    label.split(',').any(|own| own == region)
}

impl Report {
    /// Whether the region is the report's, or one of them.
    pub(crate) fn is_own_region(&self, region: &str) -> bool {
        has_region(&self.region, region)
    }

    /// Where the remote ends of the service are.
    pub(crate) fn reach(&self, service: &str) -> Reach {
        let of = |is_it: &dyn Fn(Option<&str>) -> bool| {
            let rows = self.destinations.iter();
            self.together(
                rows.filter(|row| row.aws_service.as_deref() == Some(service))
                    .filter(|row| is_it(row.aws_region.as_deref()))
                    .map(|row| row.share),
            )
        };
        Reach {
            here: of(&|region| region.is_some_and(|region| self.is_own_region(region))),
            elsewhere: of(&|region| region.is_some_and(|region| !self.is_own_region(region))),
            unknown: of(&|region| region.is_none()),
        }
    }
}
