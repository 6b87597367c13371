//! The prices that ship with this version, each with a date and a source.
//!
//! **Invariants.** Only what a source says: a region or a price without one is not
//! here. What differs by destination or is said to be "about" something is not
//! here either: between regions there is no price without both of them.

use super::Money;
use super::book::{Currency, Price, PriceName, Prices, Tier};
use rust_decimal::dec;

/// Units from which on, and money for one.
type Tiers = &'static [(u64, Money)];

/// A row: region, what, tiers, as of when, source. USD unless the region is in China.
type Row = (&'static str, PriceName, Tiers, &'static str, &'static str);

const TB: u64 = 1 << 10;
const PB: u64 = 1 << 20;

const LIST: &str = "Price List API";
const BLOG: &str = "AWS China blog on regional NAT gateways";
const MODEL: &str = "secondary: published cost model";
const TRANSFER: &str = "secondary: three published price overviews";

const NAT: PriceName = PriceName::NatGb;
const HOUR: PriceName = PriceName::NatHour;

const TABLE: [Row; 29] = [
    (
        "us-east-1",
        NAT,
        &[(0, dec!(0.045))],
        "2025-10",
        "Price List API, SKU M2YSHUBETB3JX4M4",
    ),
    (
        "us-east-1",
        HOUR,
        &[(0, dec!(0.045))],
        "2025-10",
        "Price List API, SKU 59S5R83GFPUAGVR5",
    ),
    (
        "us-east-1",
        PriceName::InternetGb,
        &[
            (0, dec!(0)),
            (100, dec!(0.09)),
            (10 * TB, dec!(0.085)),
            (50 * TB, dec!(0.07)),
            (150 * TB, dec!(0.05)),
        ],
        "2026-06",
        TRANSFER,
    ),
    (
        "us-east-1",
        PriceName::CrossZoneGb,
        &[(0, dec!(0.01))],
        "2026-06",
        TRANSFER,
    ),
    (
        "us-east-1",
        PriceName::EndpointHour,
        &[(0, dec!(0.01))],
        "2025-10",
        LIST,
    ),
    (
        "us-east-1",
        PriceName::EndpointGb,
        &[(0, dec!(0.01)), (PB, dec!(0.006)), (5 * PB, dec!(0.004))],
        "2025-10",
        LIST,
    ),
    (
        "us-east-1",
        PriceName::LogsGb,
        &[
            (0, dec!(0.50)),
            (10 * TB, dec!(0.25)),
            (30 * TB, dec!(0.10)),
            (50 * TB, dec!(0.05)),
        ],
        "2026-11",
        "published copy of the price list",
    ),
    ("us-east-2", NAT, &[(0, dec!(0.045))], "2026-07", BLOG),
    ("us-east-2", HOUR, &[(0, dec!(0.045))], "2026-07", BLOG),
    ("us-west-2", NAT, &[(0, dec!(0.045))], "2026-11", MODEL),
    ("us-west-2", HOUR, &[(0, dec!(0.045))], "2026-11", MODEL),
    (
        "eu-west-1",
        NAT,
        &[(0, dec!(0.048))],
        "2026-11",
        "Price List API, SKU KFNSSCHWD43WZK2R, and a cost and usage report",
    ),
    (
        "eu-west-1",
        HOUR,
        &[(0, dec!(0.048))],
        "2026-11",
        "Price List API, SKU DTH8595YVPFXV226, and a cost and usage report",
    ),
    ("eu-central-1", NAT, &[(0, dec!(0.052))], "2026-07", BLOG),
    ("eu-central-1", HOUR, &[(0, dec!(0.052))], "2026-07", BLOG),
    (
        "ap-southeast-1",
        NAT,
        &[(0, dec!(0.059))],
        "2025-05",
        "AWS bill: 301.134 GB for 17.77 USD",
    ),
    (
        "ap-southeast-1",
        HOUR,
        &[(0, dec!(0.059))],
        "2025-05",
        "AWS bill: 106 hours for 6.25 USD",
    ),
    ("ap-northeast-1", NAT, &[(0, dec!(0.062))], "2026-07", BLOG),
    ("ap-northeast-1", HOUR, &[(0, dec!(0.062))], "2026-07", BLOG),
    (
        "ap-northeast-1",
        PriceName::LogsGb,
        &[(0, dec!(0.76))],
        "2026-11",
        "published comparison of both classes",
    ),
    ("ap-northeast-2", NAT, &[(0, dec!(0.059))], "2026-07", BLOG),
    ("ap-northeast-2", HOUR, &[(0, dec!(0.059))], "2026-07", BLOG),
    (
        "ap-southeast-2",
        NAT,
        &[(0, dec!(0.059))],
        "2026-08",
        "AWS China blog; hourly rate seen 2026-08",
    ),
    (
        "ap-southeast-2",
        HOUR,
        &[(0, dec!(0.059))],
        "2026-08",
        "secondary: hourly rate seen 2026-08",
    ),
    (
        "ap-south-1",
        NAT,
        &[(0, dec!(0.056))],
        "2026-11",
        "secondary: two published cost models",
    ),
    (
        "ap-south-1",
        HOUR,
        &[(0, dec!(0.056))],
        "2026-11",
        "secondary: two published cost models",
    ),
    (
        "sa-east-1",
        NAT,
        &[(0, dec!(0.093))],
        "2026-11",
        "secondary: summary of a cost and usage report",
    ),
    ("sa-east-1", HOUR, &[(0, dec!(0.093))], "2026-11", MODEL),
    (
        "cn-northwest-1",
        NAT,
        &[(0, dec!(0.37))],
        "2026-11",
        "AWS solution guides for China",
    ),
];

impl Prices {
    /// What ships with this version for a region.
    pub fn shipped(region: &str) -> Prices {
        let rows = TABLE.iter().filter(|row| row.0 == region);
        let mut prices = Prices::none(region);
        prices.prices = rows.map(price).collect();
        prices.prices.push(gateway_endpoint(region));
        prices.sort();
        prices
    }
}

fn price((region, name, tiers, as_of, source): &Row) -> Price {
    let tier = |&(from, amount): &(u64, Money)| Tier { from, amount };
    Price {
        name: *name,
        to: None,
        unit: name.unit(),
        currency: currency(region),
        tiers: tiers.iter().map(tier).collect(),
        as_of: Some((*as_of).to_owned()),
        source: (*source).to_owned(),
    }
}

fn currency(region: &str) -> Currency {
    match region.starts_with("cn-") {
        true => Currency::Cny,
        false => Currency::Usd,
    }
}

/// There is no charge for one, anywhere:
/// <https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html>.
pub(super) fn gateway_endpoint(region: &str) -> Price {
    const FREE: Row = (
        "",
        PriceName::GatewayEndpointGb,
        &[(0, dec!(0))],
        "2026-11",
        "AWS PrivateLink guide: gateway endpoints have no charge",
    );
    Price {
        currency: currency(region),
        ..price(&FREE)
    }
}

#[cfg(test)]
mod tests {
    use super::{PriceName, Prices, TABLE};
    use rust_decimal::{Decimal, dec};
    use std::collections::BTreeSet;

    #[test]
    fn every_row_has_amounts_a_date_and_a_source_and_stands_once() {
        let mut seen = BTreeSet::new();
        for (region, name, tiers, as_of, source) in &TABLE {
            assert!(seen.insert((*region, *name)), "{region} {name}");
            assert!(as_of.starts_with("202") && !source.is_empty(), "{region}");
            assert!(tiers.windows(2).all(|two| two[0].0 < two[1].0), "{region}");
            assert!(tiers.iter().any(|tier| tier.1 > Decimal::ZERO), "{region}");
        }
    }

    #[test]
    fn a_book_has_what_is_known_and_nothing_else() {
        let names = |region: &str| -> Vec<&str> {
            let book = Prices::shipped(region);
            book.prices.iter().map(|price| price.name.name()).collect()
        };
        assert_eq!(
            names("us-east-1"),
            [
                "nat-gb",
                "nat-hour",
                "internet-gb",
                "cross-zone-gb",
                "endpoint-hour",
                "endpoint-gb",
                "gateway-endpoint-gb",
                "logs-gb"
            ]
        );
        assert_eq!(
            names("eu-west-1"),
            ["nat-gb", "nat-hour", "gateway-endpoint-gb"]
        );
        assert_eq!(names("mars-1"), ["gateway-endpoint-gb"]);
        let china = Prices::shipped("cn-northwest-1").rate().expect("a rate");
        assert_eq!((china.per_gb, china.currency), (dec!(0.37), "CNY"));
        let internet = Prices::shipped("us-east-1");
        let internet = internet.of(PriceName::InternetGb).expect("known");
        assert_eq!(internet.first_paid(), (dec!(0.09), true));
    }
}
