//! What the region charges: by AWS's Price List, else by the table that ships.
//!
//! **Invariants.** A price list that cannot be asked costs no report: it is said.
//! What the stack's parameter NatRate says counts for more than either.

use crate::StepError;
use crate::payload::Claim;
use crate::port::PriceList;
use egress::{PriceName, Prices, Rate};

/// The prices of the claim's region.
pub(super) struct Priced {
    /// All that are known.
    pub(super) prices: Prices,
    /// Of a gigabyte processed.
    pub(super) rate: Rate,
    /// What the reader should know of them.
    pub(super) warning: Option<String>,
}

/// Asks the Price List.
///
/// Errors: Invalid where nobody knows what a gigabyte processed costs there.
pub(super) async fn of(claim: &Claim, list: &impl PriceList) -> Result<Priced, StepError> {
    let region = claim.region.as_str();
    let shipped = Prices::shipped(region);
    let listed = list
        .products(&egress::list_queries(region))
        .await
        .map_err(|error| error.to_string())
        .and_then(|documents| {
            Prices::of_list(region, &documents).map_err(|error| error.to_string())
        });
    let (mut prices, warning) = match listed {
        Ok(listed) => (listed.or(&shipped), None),
        Err(why) => {
            let warning = format!(
                "Prices are those that ship with natspike: the Price List was asked and {why}."
            );
            (shipped, Some(warning))
        }
    };
    let refused = |error: egress::RateError| {
        StepError::Invalid(format!(
            "failed to price the recording: {error} (in the stack: parameter NatRate)"
        ))
    };
    let rate = match claim.nat_rate.trim() {
        "" => match prices.rate() {
            Some(rate) => rate,
            None => Rate::of_region(region).map_err(refused)?,
        },
        given => {
            let rate = Rate::given(given).map_err(refused)?;
            prices.set(PriceName::NatGb, rate.per_gb, "parameter NatRate");
            rate
        }
    };
    Ok(Priced {
        prices,
        rate,
        warning,
    })
}
