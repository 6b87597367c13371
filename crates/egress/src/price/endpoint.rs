//! What interface endpoints cost, and from how much traffic on they pay.
//!
//! They are charged by the hour in each zone and by the gigabyte:
//! <https://aws.amazon.com/privatelink/pricing/>.

use super::{Money, Price, PriceName, Prices, Rate};
use crate::spend::HOURS_OF_MONTH;
use rust_decimal::RoundingStrategy;

/// What interface endpoints of a region cost.
///
/// AWS's price falls beyond a petabyte a month; this is the first step of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointPrices {
    /// For an hour in one zone.
    pub hour: Money,
    /// For a gigabyte.
    pub per_gb: Money,
    /// ISO 4217.
    pub currency: &'static str,
    /// Where the figures are from.
    pub source: String,
}

impl EndpointPrices {
    /// Those of a price book; `None` where it has not both in one currency.
    pub fn of(book: &Prices) -> Option<EndpointPrices> {
        let hour = book.of(PriceName::EndpointHour)?;
        let per_gb = book.of(PriceName::EndpointGb)?;
        let source = match (source(hour), source(per_gb)) {
            (hour, per_gb) if hour == per_gb => hour,
            (hour, per_gb) => format!("hour: {hour}; gigabyte: {per_gb}"),
        };
        (hour.currency == per_gb.currency).then(|| EndpointPrices {
            hour: hour.first_paid().0,
            per_gb: per_gb.first_paid().0,
            currency: hour.currency.code(),
            source,
        })
    }

    /// From how many whole gigabytes a month on one in so many zones is cheaper than
    /// the gateway: hours x zones x price of an hour / (price of a gigabyte through
    /// the gateway - through the endpoint). `None` where it never is, or where the
    /// currencies are not the same.
    pub(crate) fn break_even(&self, rate: &Rate, zones: u32) -> Option<Money> {
        let less = self.less_than(rate).filter(|less| *less > Money::ZERO)?;
        let exact = self.hours(zones).checked_div(less)?;
        Some(exact.round_dp_with_strategy(0, RoundingStrategy::AwayFromZero))
    }

    /// What a gigabyte costs less than through the gateway; below 0 where it costs
    /// more, `None` in another currency.
    pub(crate) fn less_than(&self, rate: &Rate) -> Option<Money> {
        (self.currency == rate.currency).then(|| rate.per_gb - self.per_gb)
    }

    /// A month of one in so many zones.
    pub(crate) fn hours(&self, zones: u32) -> Money {
        Money::from(HOURS_OF_MONTH) * Money::from(zones) * self.hour
    }

    /// The price of a gigabyte.
    pub(crate) fn carriage(&self) -> Rate {
        Rate {
            per_gb: self.per_gb,
            currency: self.currency,
        }
    }
}

fn source(price: &Price) -> String {
    match &price.as_of {
        Some(as_of) => format!("{}, {as_of}", price.source),
        None => price.source.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::EndpointPrices;
    use crate::price::Prices;

    #[test]
    fn a_price_is_known_given_or_none() {
        let check = |region: &str, given: &[&str], expected: Option<(&str, &str, &str)>| {
            let mut book = Prices::shipped(region);
            for text in given {
                let (name, amount) = Prices::given(text).expect("a price");
                book.set(name, amount, "--rate");
            }
            let prices = EndpointPrices::of(&book);
            let said = prices.map(|it| (it.hour.to_string(), it.per_gb.to_string(), it.source));
            let expected = expected.map(|(hour, per_gb, source)| {
                (hour.to_owned(), per_gb.to_owned(), source.to_owned())
            });
            assert_eq!(said, expected, "{region} {given:?}");
        };
        let list = "Price List API, 2025-10";
        check("us-east-1", &[], Some(("0.01", "0.01", list)));
        check("eu-west-1", &[], None);
        check("eu-west-1", &["endpoint-hour=0.011"], None);
        let both = ["endpoint-hour=0.011", "endpoint-gb=0.02"];
        check("eu-west-1", &both, Some(("0.011", "0.02", "--rate")));
        let mixed = "hour: --rate; gigabyte: Price List API, 2025-10";
        check("us-east-1", &both[..1], Some(("0.011", "0.01", mixed)));
    }
}
