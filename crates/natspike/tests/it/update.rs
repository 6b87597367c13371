//! AWS's prefixes: fetched, kept, used, and refused.

use super::names::Desk;
use super::names::server::{Answer, Server};
use super::text;
use serde_json::{Value, json};
use std::fs;

/// A document of that day, in which an address of the recording is of DynamoDB.
fn document(day: &str) -> String {
    json!({"syncToken": "1", "createDate": format!("{day}-01-02-03"), "prefixes": [
        {"ip_prefix": "198.51.100.0/24", "region": "eu-west-1", "service": "AMAZON",
            "network_border_group": "eu-west-1"},
        {"ip_prefix": "198.51.100.0/24", "region": "eu-west-1", "service": "DYNAMODB",
            "network_border_group": "eu-west-1"}], "ipv6_prefixes": []})
    .to_string()
}

fn update(desk: &Desk, url: &str) -> (Option<i32>, String) {
    let output = desk
        .command("update")
        .args(["--url", url])
        .output()
        .unwrap();
    let said = text(&output.stdout) + &text(&output.stderr);
    (output.status.code(), said)
}

fn service(report: &Value) -> (&Value, &Value) {
    let row = &report["destinations"][1];
    (&row["aws_service"], &row["aws_region"])
}

fn serve(body: String) -> Server {
    Server::start(move |_| Answer::of(200, &body))
}

#[test]
fn what_was_fetched_is_used_where_it_is_newer_than_what_ships() {
    let desk = Desk::new();
    assert_eq!(desk.report(&[])["aws_ranges"]["source"], "shipped");
    let server = serve(document("2099-01-02"));
    let (code, said) = update(&desk, &server.url);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.starts_with("AWS's prefixes are of 2099-01-02 now, they were of 20"),
        "{said}"
    );
    assert!(said.contains("natspike/ip-ranges.json"), "{said}");
    let report = desk.report(&[]);
    assert_eq!(
        report["aws_ranges"],
        json!({"created": "2099-01-02", "source": "updated"})
    );
    assert_eq!(service(&report), (&json!("DYNAMODB"), &json!("eu-west-1")));
    // To analyze asks nobody.
    assert_eq!(server.asked(), ["/"]);

    let older = serve(document("2098-01-02"));
    let (code, said) = update(&desk, &older.url);
    assert_eq!(code, Some(0));
    assert_eq!(
        said,
        "AWS's prefixes of 2099-01-02 are kept: those of 2098-01-02 are not newer\n"
    );
    assert_eq!(desk.report(&[])["aws_ranges"]["created"], "2099-01-02");

    let newer = serve(document("2099-01-05"));
    assert!(
        update(&desk, &newer.url)
            .1
            .contains("of 2099-01-05 now, they were of 2099-01-02")
    );
    let said = text(&desk.analyze(&[]).stdout);
    assert!(
        said.contains("AWS's prefixes are of 2099-01-05 (by natspike update)."),
        "{said}"
    );
}

#[test]
fn what_is_older_than_what_ships_is_not_used() {
    let desk = Desk::new();
    fs::create_dir_all(desk.path("data/natspike")).unwrap();
    desk.write("data/natspike/ip-ranges.json", document("2020-01-02"));
    let report = desk.report(&[]);
    assert_eq!(report["aws_ranges"]["source"], "shipped");
    assert_eq!(service(&report), (&Value::Null, &Value::Null));
    assert_eq!(report["warnings"], json!([]));
}

#[test]
fn what_is_no_list_of_prefixes_replaces_nothing() {
    let desk = Desk::new();
    let good = serve(document("2099-01-02"));
    assert_eq!(update(&desk, &good.url).0, Some(0));
    let html = serve("<!DOCTYPE html>".to_owned());
    let half = serve(document("2099-01-09")[..100].to_owned());
    let none = Server::start(|_| Answer::of(404, ""));
    let denied = Server::start(|_| Answer::of(403, ""));
    let broken = Server::start(|_| Answer::of(500, ""));
    for (server, said_of_it) in [
        (&html, "this is no ip-ranges.json as AWS publishes it"),
        (&half, "this is no ip-ranges.json as AWS publishes it"),
        (&none, "the answer was status 404"),
        (&denied, "the answer was status 403"),
        (&broken, "the answer was status 500"),
    ] {
        let (code, said) = update(&desk, &server.url);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.starts_with("natspike: failed to "), "{said}");
        assert!(
            said.contains(&server.url) && said.contains(said_of_it),
            "{said}"
        );
        assert_eq!(desk.report(&[])["aws_ranges"]["created"], "2099-01-02");
    }
    // A server in trouble is asked again, one that says no is not.
    assert_eq!((broken.asked().len(), none.asked().len()), (3, 1));
    let files = fs::read_dir(desk.path("data/natspike")).unwrap();
    assert_eq!(files.count(), 1, "nothing half-written is left");
}

#[test]
fn a_copy_that_was_damaged_is_said_and_replaced() {
    let desk = Desk::new();
    fs::create_dir_all(desk.path("data/natspike")).unwrap();
    desk.write("data/natspike/ip-ranges.json", "{");
    let report = desk.report(&[]);
    assert_eq!(report["aws_ranges"]["source"], "shipped");
    let said = report["warnings"][0].as_str().unwrap();
    assert!(
        said.starts_with("The AWS prefixes that ship are used: failed to read "),
        "{said}"
    );
    assert!(said.contains("natspike update"), "{said}");
    assert_eq!(update(&desk, &serve(document("2099-01-02")).url).0, Some(0));
    assert_eq!(desk.report(&[])["aws_ranges"]["source"], "updated");
}

#[test]
fn a_file_that_is_named_counts_whatever_its_day() {
    let desk = Desk::new();
    desk.write("old.json", document("2020-01-02"));
    let report = desk.report(&["--ip-ranges", "old.json"]);
    assert_eq!(
        report["aws_ranges"],
        json!({"created": "2020-01-02", "source": "file"})
    );
    assert_eq!(service(&report), (&json!("DYNAMODB"), &json!("eu-west-1")));
    desk.write("wrong.json", "[]");
    let refused = desk.analyze(&["--ip-ranges", "wrong.json"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).starts_with("natspike: failed to read wrong.json: "));
}
