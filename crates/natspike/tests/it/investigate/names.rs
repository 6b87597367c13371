//! Whose external addresses are: of shown rows, offline first, and nobody is asked
//! without an option.

use super::super::names::mmdb::{self, Field};
use super::super::names::server::{Answer, Server};
use super::{Desk, shown, table};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const LOG: &str = "srcaddr dstaddr bytes\n\
    10.0.1.5 203.0.113.5 500\n\
    198.51.100.7 10.0.1.5 400\n\
    10.0.1.5 192.0.2.9 300\n\
    10.0.1.5 52.216.1.1 200\n\
    10.0.1.5 10.9.0.1 100\n";

fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("flows.log", LOG);
    desk
}

/// The organization of each row of top-external, by its external end.
fn organizations(found: &Value) -> BTreeMap<String, Value> {
    let table = table(found, "top-external").unwrap();
    let rows = table["rows"].as_array().unwrap().iter();
    let ends = shown(table).into_iter().map(|(cells, _)| {
        let is_own = |end: &&String| !end.starts_with("10.");
        cells[..2].iter().find(is_own).unwrap().clone()
    });
    let said = rows.map(|row| row.get("organization").cloned().unwrap_or_default());
    ends.zip(said).collect()
}

fn found(desk: &Desk, options: &[&str]) -> Value {
    desk.found(&[&["top-external", "flows.log"], options].concat())
}

/// IPinfo, which calls every address Somebody.
fn ipinfo() -> Server {
    Server::start(|_| Answer::of(200, json!({"asn": "AS64500", "as_name": "Somebody"})))
}

#[test]
fn own_networks_and_prefixes_of_aws_name_rows_and_nobody_is_asked() {
    let desk = desk();
    let server = ipinfo();
    let urls = ["--ipinfo-url", &server.url, "--rdap-url", &server.url];
    let plain = organizations(&found(&desk, &urls));
    assert_eq!(plain["52.216.1.1"], "AWS S3 us-east-1 (aws)");
    assert_eq!(plain["203.0.113.5"], Value::Null);
    desk.write(
        "offices.csv",
        "prefix,name\n198.51.100.0/24,Berlin\n52.216.0.0/15,Ours\n",
    );
    desk.write(
        "ranges.json",
        r#"{"createDate": "2026-11-20-01-02-03", "prefixes": [{"ip_prefix": "192.0.2.0/24",
            "region": "eu-west-1", "service": "DYNAMODB"}], "ipv6_prefixes": []}"#,
    );
    let named = ["--networks", "offices.csv", "--ip-ranges", "ranges.json"];
    let named = organizations(&found(&desk, &[&named[..], &urls].concat()));
    let expected = [
        ("192.0.2.9", json!("AWS DYNAMODB eu-west-1 (aws)")),
        ("198.51.100.7", json!("Berlin (network list offices)")),
        ("203.0.113.5", Value::Null),
        ("52.216.1.1", json!("Ours (network list offices)")),
    ];
    let expected = expected.map(|(end, said)| (end.to_owned(), said));
    assert_eq!(named, BTreeMap::from(expected));
    assert_eq!(server.asked(), Vec::<String>::new());
    assert!(!desk.path("cache").exists() && !desk.path("data").exists());
}

#[test]
fn a_database_names_the_rest() {
    let desk = desk();
    let fields: &[_] = &[
        ("autonomous_system_number", Field::Number(64_501)),
        ("autonomous_system_organization", Field::Text("EXAMPLE-AS")),
    ];
    let rows = [
        ([203, 0, 113], fields),
        ([198, 51, 100], fields),
        ([52, 216, 1], fields),
    ];
    desk.write("geolite.mmdb", mmdb::database("GeoLite2-ASN", &rows));
    let found = found(&desk, &["--asn-db", "geolite.mmdb"]);
    let said = organizations(&found);
    assert_eq!(said["203.0.113.5"], said["198.51.100.7"]);
    assert_eq!(said["203.0.113.5"], "EXAMPLE-AS (ASN database)");
    // What AWS says of its own is more.
    assert_eq!(said["52.216.1.1"], "AWS S3 us-east-1 (aws)");
    assert_eq!(said["192.0.2.9"], Value::Null);
}

#[test]
fn others_are_asked_about_shown_rows_and_public_addresses_alone() {
    let desk = desk();
    let server = ipinfo();
    let asked = [
        "top-external",
        "flows.log",
        "--vpc-cidr",
        "10.0.0.0/16",
        "--ipinfo",
    ];
    let with = |options: &[&str]| {
        let mut investigate = desk.command("investigate");
        let arguments = [&asked[..], &["--ipinfo-url", &server.url], options].concat();
        let output = investigate
            .args(arguments)
            .env("IP_INFO_API_KEY", "the-key");
        let output = output
            .args(["--output", "json", "--no-cache"])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", super::text(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let found = with(&["--limit", "2"]);
    assert_eq!(server.asked(), ["/lite/198.51.100.7", "/lite/203.0.113.5"]);
    let said = organizations(&found);
    assert_eq!(said["203.0.113.5"], "Somebody (IPinfo)");
    // 10.9.0.1 is external and private.
    let all = ["192.0.2.9", "198.51.100.7", "203.0.113.5", "52.216.1.1"];
    with(&[]);
    assert_eq!(
        server.asked(),
        all.map(|address| format!("/lite/{address}"))
    );
}
