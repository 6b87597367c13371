//! What a gigabyte through a NAT gateway costs, and what else AWS charges for it.
//!
//! [`Rate`] is what every row is priced by; [`Prices`] is the book of a region:
//! shipped, of the Price List API, or the user's.
//!
//! **Invariants.** A rate is known or it is an error; it is never 0 by default
//! and never another region's. Money is decimal.
//!
//! Billing follows <https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-pricing.html>:
//! per gigabyte processed, in both directions, once for each pass.

mod book;
mod endpoint;
mod list;
mod shipped;

pub use book::{
    Currency, LeftOut, NAMES as PRICE_NAMES, Price, PriceError, PriceName, Prices, Tier, Unit,
    VERSION as PRICES_VERSION,
};
pub use endpoint::EndpointPrices;
pub use list::{ListQuery, list_queries, list_region};

use rust_decimal::{Decimal, RoundingStrategy};

/// Bytes in the gigabyte that AWS bills.
///
/// AWS does not say which gigabyte a `NatGateway-Bytes` line counts; worked
/// examples made with its calculator reproduce with 2^30 only. The other
/// reading (10^9) would make every cost 7.4 % higher.
pub const BYTES_PER_GB: u64 = 1 << 30;

/// An amount of money, in the currency of its [`Rate`].
pub type Money = Decimal;

/// Decimal places of a cost as data.
pub(crate) const COST_PLACES: u32 = 10;

/// The price of a gigabyte processed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rate {
    /// Money for [`BYTES_PER_GB`] bytes.
    pub per_gb: Money,
    /// ISO 4217.
    pub currency: &'static str,
}

/// Why there is no rate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RateError {
    /// The region is not in the table.
    #[error(
        "the NAT data-processing rate of region {0:?} is not known; give it in USD for a \
         gigabyte with --nat-rate, as the VPC pricing page or your bill has it"
    )]
    UnknownRegion(String),
    /// The text is no amount of money above zero.
    #[error("{0:?} is not a rate; give USD for a gigabyte, for example --nat-rate 0.045")]
    NotARate(String),
}

impl RateError {
    /// The stable name of the error.
    pub fn name(&self) -> &'static str {
        match self {
            RateError::UnknownRegion(_) => "UnknownRegion",
            RateError::NotARate(_) => "NotARate",
        }
    }
}

impl Rate {
    /// The rate of a region, from the shipped table.
    pub fn of_region(region: &str) -> Result<Rate, RateError> {
        Prices::shipped(region)
            .rate()
            .ok_or_else(|| RateError::UnknownRegion(region.to_owned()))
    }

    /// A rate that the user gives, in USD.
    pub fn given(text: &str) -> Result<Rate, RateError> {
        Decimal::from_str_exact(text.trim())
            .ok()
            .filter(|rate| book::is_amount(*rate) && !rate.is_zero())
            .map(|per_gb| Rate {
                per_gb,
                currency: "USD",
            })
            .ok_or_else(|| RateError::NotARate(text.to_owned()))
    }

    /// What that many bytes cost: bytes / 2^30 x rate, to ten decimals.
    pub fn cost(&self, bytes: u128) -> Money {
        // Multiplied first: dividing by 2^30 first would round.
        rounded(decimal(bytes) * self.per_gb / Decimal::from(BYTES_PER_GB))
    }
}

/// Money as data: to ten decimals, half to even.
pub(crate) fn rounded(money: Money) -> Money {
    money.round_dp_with_strategy(COST_PLACES, RoundingStrategy::MidpointNearestEven)
}

/// The gigabytes (2^30) of that many bytes.
pub(crate) fn gigabytes(bytes: u128) -> Decimal {
    decimal(bytes) / Decimal::from(BYTES_PER_GB)
}

/// The same to two decimals.
pub fn human_gb(bytes: u128) -> Decimal {
    gigabytes(bytes).round_dp_with_strategy(2, RoundingStrategy::MidpointNearestEven)
}

/// Exact up to 2^96 bytes, which is more than all of a cloud moves in a century.
fn decimal(bytes: u128) -> Decimal {
    i128::try_from(bytes)
        .ok()
        .and_then(|bytes| Decimal::try_from_i128_with_scale(bytes, 0).ok())
        .unwrap_or(Decimal::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Rate, RateError, human_gb};
    use rust_decimal::dec;

    #[test]
    fn prices_a_gigabyte_of_two_to_the_thirty() {
        let rate = Rate::of_region("us-east-1").expect("known");
        for (bytes, cost) in [
            (0, dec!(0)),
            (1, dec!(0.0000000000)),
            (1 << 30, dec!(0.045)),
            (3 << 29, dec!(0.0675)),
            (1 << 40, dec!(46.08)),
            (13_249_876_543, dec!(0.5552959111)),
        ] {
            assert_eq!(rate.cost(bytes), cost, "{bytes}");
        }
    }

    #[test]
    fn an_unknown_region_is_an_error_that_says_what_to_do() {
        let error = Rate::of_region("eu-south-2").expect_err("unknown");
        assert_eq!(error, RateError::UnknownRegion("eu-south-2".into()));
        assert!(error.to_string().contains("--nat-rate"));
    }

    #[test]
    fn reads_a_given_rate() {
        assert_eq!(Rate::given("0.05").map(|rate| rate.per_gb), Ok(dec!(0.05)));
        for text in ["0", "-1", "abc", "", "1e400", "99999999999999999999"] {
            assert_eq!(Rate::given(text), Err(RateError::NotARate(text.into())));
        }
    }

    #[test]
    fn shows_gigabytes_to_two_decimals() {
        assert_eq!(human_gb(13_249_876_543), dec!(12.34));
        assert_eq!(human_gb(0), dec!(0.00));
    }
}
