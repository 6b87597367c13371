//! Parts of a report: times, rows of lists, the diagram, what is saved.

use super::server::Server;
use super::{natspike, recording};
use serde_json::{Value, json};
use std::fs;

fn sum(rows: &Value) -> u64 {
    let rows = rows.as_array().expect("rows");
    rows.iter().filter_map(|row| row["bytes"].as_u64()).sum()
}

#[test]
fn a_part_is_what_analyze_says_of_its_records() {
    let (folder, path) = recording();
    let server = Server::start(folder.path(), &[]);
    let id = server.open(&json!({"sources": [path]}));
    for (query, filter, bytes) in [
        (
            "from=1800000000&until=1800000060",
            "start >= 1800000000 and start < 1800000060",
            1_000,
        ),
        ("from=1800000060", "start >= 1800000060", 9_500),
        ("until=1800000120", "start < 1800000120", 10_000),
        // Within a minute: the whole of it.
        (
            "from=1800000070&until=1800000071",
            "start >= 1800000060 and start < 1800000120",
            9_000,
        ),
    ] {
        let part = server.get(&format!("/reports/{id}?{query}&top=0")).json();
        let arguments = [
            "analyze", &path, "--where", filter, "--output", "json", "--top", "0",
        ];
        let printed: Value = serde_json::from_slice(&natspike(folder.path(), &arguments)).unwrap();
        assert_eq!(part["bytes"]["processed"], bytes, "{query}");
        for field in [
            "bytes",
            "sources",
            "destinations",
            "services",
            "pairs",
            "timeline",
        ] {
            assert_eq!(part[field], printed[field], "{query} {field}");
        }
        assert_eq!(
            part["cost"]["processing"], printed["cost"]["processing"],
            "{query}"
        );
        assert_eq!(sum(&part["ports"]), bytes, "{query}");
    }
    // An hour costs what the part would cost for an hour.
    let minute = server
        .get(&format!("/reports/{id}?from=1800000060&until=1800000120"))
        .json();
    assert_eq!(minute["spend"]["hourly"]["seconds"], 60);
    assert_eq!(
        minute["part"],
        json!({"from": 1_800_000_060, "until": 1_800_000_120})
    );
    assert_eq!(
        server.get(&format!("/reports/{id}")).json()["part"],
        Value::Null
    );
    for (query, name) in [
        ("from=2&until=1", "EmptyTime"),
        ("from=x", "BadQuery"),
        ("since=1", "BadQuery"),
    ] {
        assert_eq!(
            server.get(&format!("/reports/{id}?{query}")).name(),
            name,
            "{query}"
        );
    }
    let nothing = server.get(&format!("/reports/{id}?from=1900000000")).json();
    assert_eq!(nothing["bytes"]["processed"], 0);
    assert!(
        nothing["warnings"]
            .to_string()
            .contains("No record begins in this part")
    );
}

#[test]
fn rows_are_sorted_searched_and_saved() {
    let (folder, path) = recording();
    let networks = "203.0.113.0/24 =HYPERLINK(\"x\")\n198.51.100.0/24 office\n";
    fs::write(folder.path().join("networks.txt"), networks).unwrap();
    let server = Server::start(folder.path(), &["--networks", "networks.txt"]);
    let id = server.open(&json!({"sources": [path]}));
    let rows = |query: &str| server.get(&format!("/reports/{id}/rows/{query}")).json();
    let all = rows("destinations?limit=1");
    assert_eq!((&all["total"], &all["matching"]), (&json!(2), &json!(2)));
    assert_eq!(all["rows"][0]["address"], "203.0.113.5");
    assert_eq!(
        rows("destinations?sort=bytes&order=asc&limit=1")["rows"][0]["bytes"],
        500
    );
    assert_eq!(
        rows("destinations?sort=address&order=desc&offset=1")["rows"][0]["address"],
        "198.51.100.7"
    );
    let office = rows("destinations?search=OFFICE");
    assert_eq!(
        (&office["matching"], &office["rows"][0]["bytes"]),
        (&json!(1), &json!(500))
    );
    let early = rows("sources?until=1800000060");
    assert_eq!(
        (&early["total"], &early["rows"][0]["bytes"]),
        (&json!(1), &json!(1_000))
    );
    for list in [
        "groups",
        "named_destinations",
        "services",
        "ports",
        "zones",
        "pairs",
        "charges",
    ] {
        let some = rows(list);
        let count = some["rows"].as_array().map(Vec::len);
        assert_eq!(some["total"].as_u64(), count.map(|it| it as u64), "{list}");
    }
    assert_eq!(
        server.get(&format!("/reports/{id}/rows/colours")).name(),
        "UnknownList"
    );
    assert_eq!(
        server
            .get(&format!("/reports/{id}/rows/pairs?sort=owner"))
            .name(),
        "UnknownField"
    );
    let saved = server.get(&format!("/reports/{id}/rows/destinations?form=csv&limit=1"));
    assert!(
        saved
            .header("content-disposition")
            .unwrap()
            .contains("destinations.csv")
    );
    let text = String::from_utf8(saved.body).unwrap();
    assert_eq!(text.lines().count(), 3, "{text}");
    let pairs = server.get(&format!("/reports/{id}/export?form=csv")).body;
    let arguments = [
        "analyze",
        &path,
        "--networks",
        "networks.txt",
        "--output",
        "csv",
        "--top",
        "0",
    ];
    assert_eq!(pairs, natspike(folder.path(), &arguments));
    for text in [text, String::from_utf8(pairs).unwrap()] {
        assert!(
            text.contains("'=HYPERLINK") && !text.contains(",=") && !text.contains(",\"="),
            "{text}"
        );
    }
}

#[test]
fn the_diagram_joins_sources_services_and_destinations() {
    let (folder, path) = recording();
    let server = Server::start(folder.path(), &[]);
    let id = server.open(&json!({"sources": [path]}));
    let flow = server.get(&format!("/reports/{id}/flow")).json();
    assert_eq!(
        (&flow["total"], &flow["processed"]),
        (&json!(10_500), &json!(10_500))
    );
    let nodes = flow["nodes"].as_array().unwrap();
    let name = |place: &Value| nodes[place.as_u64().unwrap() as usize]["name"].clone();
    let links: Vec<Value> = flow["links"]
        .as_array()
        .unwrap()
        .iter()
        .map(|link| json!([name(&link["source"]), name(&link["target"]), link["bytes"]]))
        .collect();
    assert!(
        links.contains(&json!(["10.0.1.5", "S3", 10_000])),
        "{links:?}"
    );
    assert!(
        links.contains(&json!(["S3", "203.0.113.5", 10_000])),
        "{links:?}"
    );
    // What a node selects is a filter that opens just that.
    let source = nodes
        .iter()
        .find(|node| node["name"] == "10.0.1.6")
        .unwrap();
    let options = json!({"where": source["filter"]});
    let only = server.open(&json!({"sources": [path], "options": options}));
    let report = server.get(&format!("/reports/{only}")).json();
    assert_eq!(report["bytes"]["processed"], source["bytes"]);
    let one = server
        .get(&format!("/reports/{id}/flow?most=1&until=1800000060"))
        .json();
    assert_eq!(one["total"], 1_000);
}

#[test]
fn a_bundle_has_no_times_to_choose_from() {
    let (folder, path) = recording();
    natspike(
        folder.path(),
        &["bundle", &path, "--output", "kept.natspike"],
    );
    let server = Server::start(folder.path(), &[]);
    let kept = path.replace("nat.log", "kept.natspike");
    let id = server.open(&json!({"sources": [kept]}));
    assert_eq!(
        server.get("/reports").json()["reports"][0]["has_times"],
        false
    );
    let report = server.get(&format!("/reports/{id}")).json();
    assert_eq!(report["bytes"]["processed"], 10_500);
    assert_eq!(
        server.get(&format!("/reports/{id}?from=1800000000")).name(),
        "NoTimes"
    );
    let saved = server.get(&format!("/reports/{id}/export?form=csv"));
    assert_eq!(saved.status, 200);
}
