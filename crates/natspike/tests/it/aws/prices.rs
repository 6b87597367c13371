//! Prices of a region: the real binary against the price list, and what an
//! analysis makes of them.

use super::stand_in::{StandIn, World};
use super::{failure, natspike, text};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Output;

/// A product as the Price List has it, with an invented SKU.
fn product(sku: &str, family: &str, attributes: Value, unit: &str, tiers: &[[&str; 3]]) -> Value {
    let term = format!("{sku}.JRTCKXETXF");
    let mut dimensions = json!({});
    for (at, [begin, end, amount]) in tiers.iter().enumerate() {
        let code = format!("{term}.6YS6EN2C{at}");
        dimensions[&code] = json!({
            "unit": unit, "beginRange": begin, "endRange": end, "rateCode": code,
            "description": format!("${amount} per {unit}"), "appliesTo": [],
            "pricePerUnit": {"USD": amount},
        });
    }
    let mut on_demand = json!({});
    on_demand[&term] = json!({
        "sku": sku, "offerTermCode": "JRTCKXETXF", "effectiveDate": "2026-11-01T00:00:00Z",
        "termAttributes": {}, "priceDimensions": dimensions,
    });
    json!({
        "product": {"sku": sku, "productFamily": family, "attributes": attributes},
        "serviceCode": "x", "version": "20261118010203", "publicationDate": "2026-11-18T01:02:03Z",
        "terms": {"OnDemand": on_demand},
    })
}

fn nat(sku: &str, usage: &str, described: &str, unit: &str, amount: &str) -> (&'static str, Value) {
    let attributes = json!({"regionCode": "eu-south-2", "usagetype": usage,
        "groupDescription": described, "operation": "NatGateway"});
    let document = product(
        sku,
        "NAT Gateway",
        attributes,
        unit,
        &[["0", "Inf", amount]],
    );
    ("AmazonEC2", document)
}

fn transfer(
    (sku, kind, usage): (&str, &str, &str),
    (location, region): (&str, &str),
    tiers: &[[&str; 3]],
) -> (&'static str, Value) {
    let attributes = json!({"fromRegionCode": "eu-south-2", "usagetype": usage,
        "transferType": kind, "toLocation": location, "toRegionCode": region});
    let document = product(sku, "Data Transfer", attributes, "GB", tiers);
    ("AWSDataTransfer", document)
}

fn world() -> World {
    let hourly = "Hourly charge for NAT Gateways";
    let processed = "Charge for per GB data processed by NAT Gateways";
    let regional = "Hourly charge for Regional NAT Gateways";
    let endpoint = |sku, usage, unit| {
        let attributes = json!({"regionCode": "eu-south-2", "usagetype": usage});
        let tiers = [["0", "Inf", "0.0110000000"]];
        (
            "AmazonVPC",
            product(sku, "VpcEndpoint", attributes, unit, &tiers),
        )
    };
    let logs = json!({"regionCode": "eu-south-2", "usagetype": "EUS2-VendedLog-Bytes"});
    World {
        products: vec![
            nat(
                "SKU0000000000001",
                "EUS2-NatGateway-Hours",
                hourly,
                "Hrs",
                "0.0480000000",
            ),
            nat(
                "SKU0000000000002",
                "EUS2-NatGateway-Bytes",
                processed,
                "GB",
                "0.0470000000",
            ),
            nat(
                "SKU0000000000003",
                "EUS2-NatGateway-Prvd-Bytes",
                processed,
                "GB",
                "0.0000000000",
            ),
            nat(
                "SKU0000000000004",
                "EUS2-RegionalNatGateway-Hours",
                regional,
                "Hrs",
                "0.0490000000",
            ),
            transfer(
                (
                    "SKU0000000000005",
                    "AWS Outbound",
                    "EUS2-DataTransfer-Out-Bytes",
                ),
                ("External", ""),
                &[
                    ["0", "10240", "0.0900000000"],
                    ["10240", "Inf", "0.0850000000"],
                ],
            ),
            // Two that say different things.
            transfer(
                (
                    "SKU0000000000006",
                    "IntraRegion",
                    "EUS2-DataTransfer-Regional-Bytes",
                ),
                ("EU (Spain)", "eu-south-2"),
                &[["0", "Inf", "0.0100000000"]],
            ),
            transfer(
                (
                    "SKU0000000000007",
                    "IntraRegion",
                    "EUS2-DataTransfer-Regional-Bytes",
                ),
                ("EU (Spain)", "eu-south-2"),
                &[["0", "Inf", "0.0200000000"]],
            ),
            transfer(
                (
                    "SKU0000000000008",
                    "InterRegion Outbound",
                    "EUS2-USE1-AWS-Out-Bytes",
                ),
                ("US East (N. Virginia)", "us-east-1"),
                &[["0", "Inf", "0.0200000000"]],
            ),
            transfer(
                (
                    "SKU0000000000009",
                    "InterRegion Outbound",
                    "EUS2-EU-AWS-Out-Bytes",
                ),
                ("EU (Ireland)", "eu-west-1"),
                &[["0", "Inf", "0.0210000000"]],
            ),
            endpoint("SKU0000000000010", "EUS2-VpcEndpoint-Hours", "Hrs"),
            (
                "AmazonCloudWatch",
                product(
                    "SKU0000000000011",
                    "Data Payload",
                    logs,
                    "GB",
                    &[["0", "10240", "0.5700000000"]],
                ),
            ),
        ],
        ..World::default()
    }
}

fn prices(stand_in: &StandIn, arguments: &[&str]) -> Output {
    natspike(stand_in, &[])
        .args(["prices", "--region", "eu-south-2"])
        .args(arguments)
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn the_price_list_is_asked_page_by_page_and_again_where_it_throttles() {
    let stand_in = StandIn::start(World {
        throttled: 2,
        ..world()
    });
    let shown = said(&prices(&stand_in, &["--aws"]));
    let lines: Vec<&str> = shown.lines().collect();
    for (name, what) in [
        ("nat-gb", "$0.047/GB "),
        ("nat-hour", "$0.048/hour "),
        ("nat-regional-hour", "$0.049/hour "),
        ("internet-gb", "$0.09/GB from 0 "),
        // What is ambiguous is not said, and why.
        ("cross-zone-gb", "not known "),
        ("inter-region-gb", "$0.021/GB "),
        ("endpoint-hour", "$0.011/hour "),
        ("endpoint-gb", "not known "),
        ("gateway-endpoint-gb", "$0/GB "),
        ("logs-gb", "not known "),
    ] {
        let row = lines
            .iter()
            .find(|line| line.split(' ').next() == Some(name));
        let row = row.unwrap_or_else(|| panic!("{name}: {shown}"));
        assert!(row[name.len()..].trim_start().starts_with(what), "{row}");
    }
    assert!(
        shown.contains("SKU0000000000006 and Price List API, SKU SKU0000000000007 say different")
    );
    assert!(shown.contains("SKU0000000000011 has not one amount by quantity"));
    assert!(shown.contains("2026-11-18, Price List API, SKU SKU0000000000002"));
    let calls = stand_in.calls();
    let nat = calls.iter().filter(|call| call.contains("\"NAT Gateway\""));
    // Two that were throttled, and two pages of two.
    assert_eq!(nat.count(), 4, "{calls:?}");
    let is_signed_for = |call: &&String| call.contains("eu-south-2");
    assert!(calls.iter().filter(is_signed_for).count() >= 6);
}

#[test]
fn a_region_without_products_has_no_prices() {
    let stand_in = StandIn::start(World::default());
    let shown = said(&prices(&stand_in, &["--aws", "--output", "json"]));
    let book: Value = serde_json::from_str(&shown).unwrap();
    let names: Vec<&Value> = book["prices"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["name"])
        .collect();
    assert_eq!(names, ["gateway-endpoint-gb"]);
    let denied = StandIn::start(World {
        throttled: 99,
        ..world()
    });
    let message = failure(&prices(&denied, &["--aws"]));
    assert!(
        message.contains("ask for the prices of eu-south-2: pricing:GetProducts is throttled"),
        "{message}"
    );
}

fn analyzed(stand_in: &StandIn, file: &Path, arguments: &[&str]) -> Output {
    natspike(stand_in, &[])
        .args(["analyze", "--output", "json"])
        .args(arguments)
        .arg(file)
        .output()
        .unwrap()
}

#[test]
fn an_analysis_takes_the_list_a_file_of_it_and_what_is_paid() {
    let stand_in = StandIn::start(world());
    let folder = tempfile::tempdir().unwrap();
    let recording = folder.path().join("recording.log");
    std::fs::write(
        &recording,
        "srcaddr dstaddr pkt-srcaddr pkt-dstaddr bytes start end\n\
         10.0.1.5 10.0.0.220 10.0.1.5 203.0.113.5 1073741824 1700000000 1700000360\n",
    )
    .unwrap();
    let report = |arguments: &[&str]| -> Value {
        serde_json::from_str(&said(&analyzed(&stand_in, &recording, arguments))).unwrap()
    };
    let amounts = |report: &Value| -> Vec<(String, Value)> {
        let lines = report["charges"].as_array().unwrap().iter();
        let named = lines.map(|line| {
            (
                line["name"].as_str().unwrap().to_owned(),
                line["amount"].clone(),
            )
        });
        named.collect()
    };
    let line = |name: &str, amount: f64| (name.to_owned(), json!(amount));
    let unknown = ("cross-zone".to_owned(), Value::Null);
    // The table that ships does not have the region.
    let message = failure(&analyzed(
        &stand_in,
        &recording,
        &["--region", "eu-south-2"],
    ));
    assert!(message.contains("eu-south-2"), "{message}");
    let of_list = report(&["--region", "eu-south-2", "--prices", "aws"]);
    let expected = [
        line("nat-processing", 0.047),
        line("nat-hours", 0.0048),
        line("internet-upload", 0.09),
        unknown.clone(),
    ];
    assert_eq!(amounts(&of_list), expected);
    assert_eq!(of_list["cost"]["full"], 0.1418);
    assert_eq!(of_list["cost"]["full_per_hour"], 1.418);
    assert_eq!(of_list["cost"]["full_is_without"], json!(["cross-zone"]));

    let file = folder.path().join("prices.json");
    let file = file.to_str().unwrap();
    said(&prices(&stand_in, &["--aws", "--save", file]));
    let before = stand_in.calls().len();
    let of_file = report(&["--prices", file]);
    assert_eq!(of_file["cost"]["region"], "eu-south-2");
    assert_eq!(of_file["charges"], of_list["charges"]);
    assert_eq!(of_file["warnings"], of_list["warnings"]);
    let paid = report(&[
        "--prices",
        file,
        "--rate",
        "internet-gb=0.05",
        "--nat-rate",
        "0.04",
    ]);
    let expected = [
        line("nat-processing", 0.04),
        line("nat-hours", 0.0048),
        line("internet-upload", 0.05),
        unknown,
    ];
    assert_eq!(amounts(&paid), expected);
    let other = analyzed(
        &stand_in,
        &recording,
        &["--prices", file, "--region", "us-east-1"],
    );
    assert!(failure(&other).contains("its prices are of eu-south-2, and us-east-1 is analyzed"));
    // Nothing was asked over the network for that.
    assert_eq!(stand_in.calls().len(), before);
}
