//! Prices from AWS's Price List API: what to ask for, and what the answers mean.
//!
//! GetProducts gives a JSON document for each product, with attributes and terms:
//! <https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_pricing_GetProducts.html>.
//! Which product it is stands in its usage type, whose prefix is the region's
//! (`EUC1-NatGateway-Bytes`; none in us-east-1 in the classic form).
//!
//! **Invariants.** A price that two products disagree on, or whose terms are not
//! one amount by quantity, is left out and said. A product at 0 is no price: the
//! list has provisioned bandwidth of NAT gateways at 0 for a gigabyte.

use super::Money;
use super::book::{Currency, LeftOut, Price, PriceError, PriceName, Prices, Tier, Unit, is_amount};
use rust_decimal::Decimal;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A question to the Price List API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListQuery {
    /// The service's code.
    pub service: &'static str,
    /// Attributes and the values that they must have.
    pub filters: Vec<(&'static str, String)>,
}

/// What to ask for a region's prices.
pub fn list_queries(region: &str) -> Vec<ListQuery> {
    let query = |service, place, attribute, value: &str| ListQuery {
        service,
        filters: vec![(place, region.to_owned()), (attribute, value.to_owned())],
    };
    let transfer = |kind| query("AWSDataTransfer", "fromRegionCode", "transferType", kind);
    vec![
        query("AmazonEC2", "regionCode", "productFamily", "NAT Gateway"),
        transfer("AWS Outbound"),
        transfer("IntraRegion"),
        transfer("InterRegion Outbound"),
        query("AmazonVPC", "regionCode", "productFamily", "VpcEndpoint"),
        query(
            "AmazonCloudWatch",
            "regionCode",
            "productFamily",
            "Data Payload",
        ),
    ]
}

/// The region whose Price List API answers for that region: the API is in a few
/// only, and each partition has its own.
pub fn list_region(region: &str) -> &'static str {
    match region.split('-').next() {
        Some("cn") => "cn-northwest-1",
        Some("eusc") => "eusc-de-east-1",
        Some("eu" | "il" | "me" | "af") => "eu-central-1",
        Some("ap") => "ap-south-1",
        _ => "us-east-1",
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    product: Product,
    #[serde(default)]
    terms: Terms,
    publication_date: Option<String>,
}

#[derive(Deserialize)]
struct Product {
    sku: String,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
}

#[derive(Deserialize, Default)]
struct Terms {
    #[serde(rename = "OnDemand", default)]
    on_demand: BTreeMap<String, Offer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Offer {
    #[serde(default)]
    price_dimensions: BTreeMap<String, Dimension>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Dimension {
    unit: String,
    #[serde(default)]
    begin_range: String,
    #[serde(default)]
    end_range: String,
    #[serde(default)]
    price_per_unit: BTreeMap<String, String>,
}

/// What a product is the price of, by name and by where to.
type Meaning = (PriceName, Option<String>);

impl Prices {
    /// What the products of [`list_queries`] say about a region. Products of
    /// something else are passed over.
    ///
    /// Errors: a document is no product.
    pub fn of_list(region: &str, documents: &[String]) -> Result<Prices, PriceError> {
        let mut found: BTreeMap<Meaning, Vec<Result<Price, String>>> = BTreeMap::new();
        for text in documents {
            let document: Document = serde_json::from_str(text)
                .map_err(|error| PriceError::NoProduct(error.to_string()))?;
            let Some(meaning) = document.product.meaning(region) else {
                continue;
            };
            match document.price(&meaning) {
                Ok(price) if price.first_paid().0.is_zero() => {}
                price => found.entry(meaning).or_default().push(price),
            }
        }
        let mut prices = Prices::none(region);
        prices.prices.push(super::shipped::gateway_endpoint(region));
        for ((name, to), candidates) in found {
            match settled(candidates) {
                Ok(price) => prices.prices.push(price),
                Err(why) => prices.left_out.push(LeftOut {
                    name,
                    why: match to {
                        Some(to) => format!("to {to}: {why}"),
                        None => why,
                    },
                }),
            }
        }
        prices.sort();
        Ok(prices)
    }
}

/// The one price that all of these say, or why there is none.
fn settled(candidates: Vec<Result<Price, String>>) -> Result<Price, String> {
    let mut prices = Vec::new();
    for candidate in candidates {
        prices.push(candidate?);
    }
    let differ = prices
        .windows(2)
        .any(|two| (&two[0].tiers, two[0].currency) != (&two[1].tiers, two[1].currency));
    let sources: Vec<&str> = prices.iter().map(|price| price.source.as_str()).collect();
    let disagree = format!("{} say different prices", sources.join(" and "));
    match prices.into_iter().next() {
        Some(price) if !differ => Ok(price),
        _ => Err(disagree),
    }
}

impl Product {
    fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }

    /// Whether the usage type is that one behind the region's prefix.
    fn is_usage(&self, usage: &str) -> bool {
        let before = self.attribute("usagetype").strip_suffix(usage);
        before.is_some_and(|prefix| prefix.is_empty() || prefix.ends_with('-'))
    }

    fn meaning(&self, region: &str) -> Option<Meaning> {
        const USAGES: [(&str, &str, PriceName); 9] = [
            ("regionCode", "NatGateway-Bytes", PriceName::NatGb),
            ("regionCode", "NatGateway-Hours", PriceName::NatHour),
            (
                "regionCode",
                "RegionalNatGateway-Hours",
                PriceName::NatRegionalHour,
            ),
            (
                "fromRegionCode",
                "DataTransfer-Out-Bytes",
                PriceName::InternetGb,
            ),
            (
                "fromRegionCode",
                "DataTransfer-Regional-Bytes",
                PriceName::CrossZoneGb,
            ),
            ("fromRegionCode", "AWS-Out-Bytes", PriceName::InterRegionGb),
            ("regionCode", "VpcEndpoint-Hours", PriceName::EndpointHour),
            ("regionCode", "VpcEndpoint-Bytes", PriceName::EndpointGb),
            ("regionCode", "VendedLog-Bytes", PriceName::LogsGb),
        ];
        let (place, _, name) = USAGES
            .into_iter()
            .find(|(_, usage, _)| self.is_usage(usage))?;
        if self.attribute(place) != region {
            return None;
        }
        let to = self.attribute("toRegionCode");
        match name {
            PriceName::InterRegionGb if to.is_empty() => None,
            PriceName::InterRegionGb => Some((name, Some(to.to_owned()))),
            PriceName::InternetGb if self.attribute("toLocation") != "External" => None,
            name => Some((name, None)),
        }
    }
}

impl Document {
    /// The price, or why it cannot be told.
    fn price(&self, (name, to): &Meaning) -> Result<Price, String> {
        let sku = &self.product.sku;
        let mut offers = self.terms.on_demand.values();
        let (Some(offer), None) = (offers.next(), offers.next()) else {
            return Err(format!("SKU {sku} has not one on-demand offer"));
        };
        let dimensions: Vec<&Dimension> = offer.price_dimensions.values().collect();
        let read = tiers(&dimensions, name.unit());
        let (currency, tiers) =
            read.ok_or_else(|| format!("SKU {sku} has not one amount by quantity"))?;
        let day = self.publication_date.as_deref();
        Ok(Price {
            name: *name,
            to: to.clone(),
            unit: name.unit(),
            currency,
            tiers,
            as_of: day.map(|day| day.get(..10).unwrap_or(day).to_owned()),
            source: format!("Price List API, SKU {sku}"),
        })
    }
}

/// The dimensions as tiers that follow on each other from 0 to infinity.
fn tiers(dimensions: &[&Dimension], unit: Unit) -> Option<(Currency, Vec<Tier>)> {
    let mut rows = Vec::new();
    for dimension in dimensions {
        let mut amounts = dimension.price_per_unit.iter();
        let (Some((code, amount)), None) = (amounts.next(), amounts.next()) else {
            return None;
        };
        let is_unit = match unit {
            Unit::Gb => dimension.unit == "GB",
            Unit::Hour => ["Hrs", "Hour", "Hours"].contains(&dimension.unit.as_str()),
        };
        if !is_unit {
            return None;
        }
        let from: u64 = dimension.begin_range.parse().ok()?;
        let to = match dimension.end_range.as_str() {
            "Inf" => None,
            end => Some(end.parse::<u64>().ok()?),
        };
        let amount: Money = Decimal::from_str_exact(amount).ok()?;
        rows.push((from, to, Currency::of(code)?, amount.normalize()));
    }
    rows.sort_by_key(|(from, ..)| *from);
    let currency = rows.first().filter(|(from, ..)| *from == 0)?.2;
    let follow = rows
        .windows(2)
        .all(|two| two[0].1 == Some(two[1].0) && two[0].0 < two[1].0);
    let is_endless = rows.last().is_some_and(|(_, to, ..)| to.is_none());
    let is_one_money = rows.iter().all(|row| row.2 == currency);
    let is_price = |row: &(u64, Option<u64>, Currency, Money)| is_amount(row.3);
    if !(follow && is_endless && is_one_money && rows.iter().all(is_price)) {
        return None;
    }
    let tier = |(from, _, _, amount)| Tier { from, amount };
    Some((currency, rows.into_iter().map(tier).collect()))
}

#[cfg(test)]
mod tests {
    use super::{Prices, list_queries, list_region};
    use crate::price::PriceName;
    use rust_decimal::dec;
    use serde_json::{Value, json};

    /// A product with one offer of these tiers: from, to, money.
    fn product(sku: &str, attributes: Value, unit: &str, tiers: &[(&str, &str, &str)]) -> String {
        let dimensions: serde_json::Map<String, Value> = tiers
            .iter()
            .enumerate()
            .map(|(at, (begin, end, amount))| {
                let dimension = json!({"unit": unit, "beginRange": begin, "endRange": end,
                    "pricePerUnit": {"USD": amount}, "appliesTo": []});
                (format!("{sku}.TERM.{at}"), dimension)
            })
            .collect();
        let offer = json!({"sku": sku, "offerTermCode": "TERM", "priceDimensions": dimensions});
        let mut terms = serde_json::Map::new();
        terms.insert(format!("{sku}.TERM"), offer);
        json!({"product": {"sku": sku, "productFamily": "x", "attributes": attributes},
            "terms": {"OnDemand": terms}, "publicationDate": "2026-11-18T01:02:03Z"})
        .to_string()
    }

    fn nat(sku: &str, usage: &str, amount: &str) -> String {
        let attributes = json!({"regionCode": "eu-west-1", "usagetype": usage});
        let unit = if usage.ends_with("Hours") {
            "Hrs"
        } else {
            "GB"
        };
        product(sku, attributes, unit, &[("0", "Inf", amount)])
    }

    fn transfer(sku: &str, usage: &str, to: (&str, &str), tiers: &[(&str, &str, &str)]) -> String {
        let attributes = json!({"fromRegionCode": "eu-west-1", "usagetype": usage,
            "toLocation": to.0, "toRegionCode": to.1});
        product(sku, attributes, "GB", tiers)
    }

    /// Each price as `name to amount@from …`.
    fn said(documents: &[String]) -> Vec<String> {
        let book = Prices::of_list("eu-west-1", documents).expect("products");
        let rows = book.prices.iter().map(|price| {
            let tier = |tier: &super::Tier| format!(" {}@{}", tier.amount, tier.from);
            let to = price.to.as_deref().unwrap_or("-");
            let tiers: String = price.tiers.iter().map(tier).collect();
            format!("{} {to}{tiers}", price.name)
        });
        let left = book.left_out.iter();
        let rows = rows.chain(left.map(|left| format!("{}: {}", left.name, left.why)));
        rows.filter(|row| !row.starts_with("gateway-endpoint"))
            .collect()
    }

    #[test]
    fn tells_products_apart_by_their_usage_types() {
        let documents = [
            nat("A1", "EU-NatGateway-Bytes", "0.0480000000"),
            nat("A2", "EU-NatGateway-Hours", "0.0480000000"),
            nat("A3", "EU-RegionalNatGateway-Hours", "0.0490000000"),
            nat("A4", "EU-NatGateway-Prvd-Bytes", "0.0000000000"),
            transfer(
                "B1",
                "EU-DataTransfer-Out-Bytes",
                ("External", ""),
                &[
                    ("10240", "51200", "0.085"),
                    ("51200", "Inf", "0.07"),
                    ("0", "10240", "0.09"),
                ],
            ),
            transfer(
                "B2",
                "EU-DataTransfer-Regional-Bytes",
                ("", ""),
                &[("0", "Inf", "0.01")],
            ),
            transfer(
                "B3",
                "EU-USE1-AWS-Out-Bytes",
                ("US East (N. Virginia)", "us-east-1"),
                &[("0", "Inf", "0.02")],
            ),
            transfer(
                "B4",
                "EU-MRAP-AWS-Out-Bytes",
                ("External", ""),
                &[("0", "Inf", "0.9")],
            ),
            nat("C1", "EU-VpcEndpoint-Hours", "0.011"),
            nat("C2", "EU-VpcEndpoint-Bytes", "0.01"),
            nat("D1", "EU-VendedLog-Bytes", "0.57"),
            nat("D2", "EU-VendedLog-Bytes-WAFLogs", "0.4"),
            nat("D3", "EU-VendedLogIA-Bytes", "0.285"),
        ];
        assert_eq!(
            said(&documents),
            [
                "nat-gb - 0.048@0",
                "nat-hour - 0.048@0",
                "nat-regional-hour - 0.049@0",
                "internet-gb - 0.09@0 0.085@10240 0.07@51200",
                "cross-zone-gb - 0.01@0",
                "inter-region-gb us-east-1 0.02@0",
                "endpoint-hour - 0.011@0",
                "endpoint-gb - 0.01@0",
                "logs-gb - 0.57@0",
            ]
        );
        let book = Prices::of_list("eu-west-1", &documents).expect("products");
        let price = book.of(PriceName::NatGb).expect("known");
        assert_eq!(price.source, "Price List API, SKU A1");
        assert_eq!(price.as_of.as_deref(), Some("2026-11-18"));
        let to = |region: &str| book.to_region(region).map(|price| price.first_paid().0);
        assert_eq!(to("us-east-1"), Some(dec!(0.02)));
        assert_eq!(to("ap-south-1"), None);
    }

    #[test]
    fn a_price_that_cannot_be_told_is_left_out_and_said() {
        let check = |documents: &[String], expected: &[&str]| {
            assert_eq!(said(documents), expected);
        };
        let usage = "EU-NatGateway-Bytes";
        check(&[], &[]);
        // At 0 it is not what one pays by the gigabyte.
        check(&[nat("Z", usage, "0.0000000000")], &[]);
        let zero_and_price = [nat("Z", usage, "0"), nat("A", usage, "0.048")];
        check(&zero_and_price, &["nat-gb - 0.048@0"]);
        let same = [nat("A", usage, "0.048"), nat("B", usage, "0.0480000000")];
        check(&same, &["nat-gb - 0.048@0"]);
        check(
            &[nat("A", usage, "0.048"), nat("B", usage, "0.05")],
            &["nat-gb: Price List API, SKU A and Price List API, SKU B say different prices"],
        );
        let attributes = || json!({"regionCode": "eu-west-1", "usagetype": usage});
        let no_amounts = "nat-gb: SKU A has not one amount by quantity";
        for (unit, tiers) in [
            ("Hrs", &[("0", "Inf", "1")][..]),
            ("GB", &[("1", "Inf", "1")]),
            ("GB", &[("0", "10", "1")]),
            ("GB", &[("0", "10", "1"), ("20", "Inf", "2")]),
            ("GB", &[("0", "Inf", "a lot")]),
            ("GB", &[("0", "Inf", "-1")]),
            ("GB", &[]),
        ] {
            check(&[product("A", attributes(), unit, tiers)], &[no_amounts]);
        }
        let offerless = json!({"product": {"sku": "A", "attributes": attributes()}}).to_string();
        check(&[offerless], &["nat-gb: SKU A has not one on-demand offer"]);
        // What is of another region, or of something else, is passed over.
        let elsewhere = json!({"regionCode": "us-east-1", "usagetype": "NatGateway-Bytes"});
        check(&[product("A", elsewhere, "GB", &[("0", "Inf", "1")])], &[]);
        check(&[nat("A", "EU-BoxUsage:t3.nano", "0.0059")], &[]);
        let broken = Prices::of_list("eu-west-1", &["{".to_owned()]).expect_err("no product");
        assert_eq!(broken.name(), "NoProduct");
    }

    #[test]
    fn asks_where_the_api_is() {
        for (region, expected) in [
            ("us-west-2", "us-east-1"),
            ("sa-east-1", "us-east-1"),
            ("eu-south-2", "eu-central-1"),
            ("me-central-1", "eu-central-1"),
            ("ap-northeast-1", "ap-south-1"),
            ("cn-north-1", "cn-northwest-1"),
        ] {
            assert_eq!(list_region(region), expected, "{region}");
        }
        assert_eq!(list_queries("eu-west-1").len(), 6);
    }
}
