//! Queries are kept as they are made: by id, with their result, or with why there is
//! none.

use super::slow::{self, SEVENTEEN};
use super::{Desk, text};
use serde_json::Value;
use std::process::Output;

fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("flows.log", slow::lines(SEVENTEEN, 3, 800).join("\n"));
    desk
}

/// The id that was printed.
fn id(output: &Output) -> String {
    let said = text(&output.stderr);
    let id = said
        .lines()
        .find_map(|line| line.strip_prefix("natspike: query "));
    let (id, rest) = id.expect(&said).split_once(';').unwrap();
    assert_eq!(rest, format!(" natspike show {id} prints it again"));
    id.to_owned()
}

fn listed(desk: &Desk) -> Vec<Value> {
    let output = desk
        .command("history")
        .args(["--output", "json"])
        .output()
        .unwrap();
    let list: Value = serde_json::from_slice(&output.stdout).unwrap();
    list["queries"].as_array().unwrap().clone()
}

#[test]
fn what_was_found_is_printed_again_in_every_form() {
    let desk = desk();
    let mut ids = Vec::new();
    for form in ["console", "json", "csv", "markdown"] {
        let asked = ["all", "flows.log", "--limit", "7", "--by", "flows"];
        let filter = [
            "--where",
            "bytes > 1kB or action = reject",
            "--output",
            form,
        ];
        let output = desk.investigate(&[&asked[..], &filter].concat());
        assert!(output.status.success());
        let id = id(&output);
        for again in [&id, &id[..id.len() - 1]] {
            let show = desk
                .command("show")
                .args([again, "--output", form])
                .output()
                .unwrap();
            if show.status.success() {
                assert_eq!(text(&show.stdout), text(&output.stdout), "{form}");
            } else {
                // A beginning that two ids have.
                assert_ne!(again, id, "{}", text(&show.stderr));
            }
        }
        ids.insert(0, id);
    }
    let queries = listed(&desk);
    let known: Vec<&str> = queries
        .iter()
        .map(|it| it["id"].as_str().unwrap())
        .collect();
    assert_eq!(known, ids);
    for query in &queries {
        assert_eq!(query["outcome"], "done");
        assert_eq!(query["analysis"], "all");
        assert_eq!(query["sources"][0], "flows.log");
        assert_eq!(query["records"], 800);
        assert!(query["rows"].as_u64() > Some(50), "{query}");
        assert!(
            query["arguments"].to_string().contains("bytes > 1kB"),
            "{query}"
        );
    }
}

#[test]
fn nothing_is_kept_where_that_is_asked() {
    let desk = desk();
    let output = desk.investigate(&["rejected", "flows.log", "--no-history"]);
    assert!(output.status.success());
    assert_eq!(text(&output.stderr), "");
    let mut investigate = desk.command("investigate");
    let setting = investigate.env("NATSPIKE_NO_HISTORY", "1");
    let output = setting.args(["rejected", "flows.log"]).output().unwrap();
    assert_eq!(
        (output.status.code(), text(&output.stderr)),
        (Some(0), String::new())
    );
    assert!(!desk.path("state").exists());
    assert_eq!(listed(&desk), Vec::<Value>::new());
}

#[test]
fn quiet_says_no_id_and_keeps_the_result() {
    let desk = desk();
    let output = desk.investigate(&["rejected", "flows.log", "--quiet"]);
    assert_eq!(text(&output.stderr), "");
    let queries = listed(&desk);
    let id = queries[0]["id"].as_str().unwrap();
    let show = desk.command("show").arg(id).output().unwrap();
    assert_eq!(text(&show.stdout), text(&output.stdout));
}

#[test]
fn a_query_that_fails_is_in_the_history_with_its_error() {
    let desk = desk();
    let output = desk.investigate(&["top-external", "gone.log", "--port", "22"]);
    assert_eq!(output.status.code(), Some(2));
    let queries = listed(&desk);
    let [query] = &queries[..] else {
        panic!("{queries:?}");
    };
    let error = "open gone.log: there is no such file; check the path";
    assert_eq!(
        text(&output.stderr),
        format!("natspike: failed to {error}\n")
    );
    assert_eq!(query["outcome"], "failed");
    assert_eq!(query["error"], error);
    assert_eq!(query["analysis"], "top-external");
    let id = query["id"].as_str().unwrap();
    let show = desk.command("show").arg(id).output().unwrap();
    assert_eq!(show.status.code(), Some(2));
    let said = text(&show.stderr);
    assert!(said.contains(error), "{said}");
    let again = "it was natspike investigate top-external gone.log --port 22";
    assert!(said.contains(again), "{said}");
}
