//! `natspike history` and `natspike show` over queries that were kept as `natspike
//! investigate` keeps them.

use super::text;
use adapters::history::{History, Words};
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output};

const FOUND: &str = include_str!("../../../egress/tests/investigations/all/found.json");
const CONSOLE: &str = include_str!("../../../egress/tests/investigations/all/console.txt");
const ROWS: &str = include_str!("../../../egress/tests/investigations/all/rows.csv");
const MARKDOWN: &str = include_str!("../../../egress/tests/investigations/all/found.md");
/// Where another process of these tests writes.
const STATE: &str = "NATSPIKE_TEST_STATE";
/// Queries that each process writes.
const EACH: usize = 100;

struct Desk {
    folder: tempfile::TempDir,
    history: History,
}

impl Desk {
    fn new() -> Desk {
        let folder = tempfile::tempdir().unwrap();
        let history = History::open(Some(folder.path())).unwrap();
        Desk { folder, history }
    }

    fn natspike(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_natspike"))
            .args(arguments)
            .env_clear()
            .env("NATSPIKE_STATE_DIR", self.folder.path())
            .output()
            .unwrap()
    }

    fn done(&self, arguments: &[&str]) -> String {
        let output = self.natspike(arguments);
        let said = text(&output.stderr);
        assert_eq!((output.status.code(), said.as_str()), (Some(0), ""));
        text(&output.stdout)
    }

    fn refused(&self, arguments: &[&str]) -> String {
        let output = self.natspike(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert_eq!(text(&output.stdout), "");
        text(&output.stderr)
    }

    fn listed(&self) -> Value {
        serde_json::from_str(&self.done(&["history", "--output", "json"])).unwrap()
    }

    fn keep(&self) -> String {
        let query = self.history.begin(asked()).unwrap();
        let id = query.id().to_owned();
        query.finish(FOUND.as_bytes(), outcome()).unwrap();
        id
    }
}

fn words(value: Value) -> Words {
    match value {
        Value::Object(words) => words,
        _ => Words::new(),
    }
}

fn asked() -> Words {
    words(json!({
        "version": "0.1.0",
        "analysis": "all",
        "sources": ["recording.log"],
        "arguments": ["investigate", "all", "recording.log"],
    }))
}

fn outcome() -> Words {
    words(json!({
        "records": {"read": 1_000_027},
        "tables": [
            {"analysis": "traffic-summary", "view": null, "rows": 4},
            {"analysis": "top-external", "view": null, "rows": 3},
        ],
        "schemas": ["natspike.investigation/1"],
    }))
}

#[test]
fn a_result_is_printed_again_in_every_form() {
    let desk = Desk::new();
    let id = desk.keep();
    for (form, expected) in [
        ("console", CONSOLE),
        ("json", FOUND),
        ("csv", ROWS),
        ("markdown", MARKDOWN),
    ] {
        assert_eq!(desk.done(&["show", &id, "--output", form]), expected);
    }
    let upper = id.to_uppercase();
    assert_eq!(desk.done(&["show", &upper]), CONSOLE);
    assert_eq!(desk.done(&["show", &id[..7]]), CONSOLE);
    let folder = desk.folder.path().to_string_lossy().into_owned();
    let elsewhere = Command::new(env!("CARGO_BIN_EXE_natspike"))
        .args(["show", &id, "--state-dir", &folder])
        .env_clear()
        .output()
        .unwrap();
    assert_eq!(text(&elsewhere.stdout), CONSOLE);
}

#[test]
fn every_query_is_listed_with_how_it_ended() {
    let desk = Desk::new();
    assert!(desk.done(&["history"]).starts_with("No query is kept in "));
    let done = desk.keep();
    let begin = || desk.history.begin(asked()).unwrap();
    let (failed, killed, running) = (begin(), begin(), begin());
    let ids = [&running, &killed, &failed].map(|query| query.id().to_owned());
    failed.fail("read recording.log: it is not there").unwrap();
    drop(killed);

    let list = desk.listed();
    let of = |name: &str| -> Vec<&Value> {
        let queries = list["queries"].as_array().unwrap();
        queries.iter().map(|query| &query[name]).collect()
    };
    assert_eq!(list["schema"], "natspike.history/1");
    assert_eq!(of("id")[..3], ids.each_ref());
    assert_eq!(of("id")[3], &done);
    assert_eq!(of("outcome"), ["running", "did-not-end", "failed", "done"]);
    assert_eq!(of("rows")[3], 7);
    assert_eq!(of("records")[3], 1_000_027);
    assert_eq!(list["unreadable_lines"], 0);

    let said = desk.done(&["history"]);
    for words in ["running", "did not end", "failed", "done"] {
        assert!(said.contains(&format!("all       {words}")), "{said}");
    }
    let said = desk.done(&["history", "--limit", "1"]);
    assert!(
        said.contains("and 3 older ones (--limit 0 shows all)"),
        "{said}"
    );
    let rows = desk.done(&["history", "--output", "csv", "--limit", "0"]);
    assert_eq!(rows.lines().count(), 5, "{rows}");

    let why = |id: &str| desk.refused(&["show", id]);
    assert!(why(&ids[0]).contains("it is not at its end; try again later"));
    let said = why(&ids[1]);
    assert!(said.contains("it did not end"), "{said}");
    assert!(said.contains("it was natspike investigate all recording.log"));
    let said = why(&ids[2]);
    let expected = format!(
        "natspike: failed to show {}: that query failed to read recording.log: it is not there;",
        ids[2]
    );
    assert!(said.starts_with(&expected), "{said}");
    drop(running);
}

#[test]
fn an_id_that_is_none_or_several_is_refused() {
    let desk = Desk::new();
    let said = desk.refused(&["show", "zzz"]);
    assert!(said.contains("no query that is kept has an id that begins so"));
    let ids: Vec<String> = (0..7).map(|_| desk.keep()).collect();
    let said = desk.refused(&["show", &ids[0][..2]]);
    assert!(said.contains("7 ids begin so, "), "{said}");
    assert!(said.contains(" and 2 more; type more letters"), "{said}");
    for id in ["", "../../etc/passwd", "%2e%2e"] {
        assert!(
            desk.refused(&["show", id])
                .starts_with("natspike: failed to show")
        );
    }
}

#[test]
fn a_result_that_is_gone_or_damaged_is_said() {
    let desk = Desk::new();
    let [gone, damaged, newer, other] = [(); 4].map(|()| desk.keep());
    let path = |id: &str| desk.history.folder().join(format!("results/{id}.json.zst"));
    fs::remove_file(path(&gone)).unwrap();
    let said = desk.refused(&["show", &gone]);
    assert!(
        said.contains("its result is gone (the last 500 are kept"),
        "{said}"
    );
    assert!(said.contains("natspike investigate all recording.log"));
    fs::write(path(&damaged), "damaged").unwrap();
    assert!(desk.refused(&["show", &damaged]).contains(&damaged));
    let packed = |text: &str| zstd::encode_all(text.as_bytes(), 0).unwrap();
    let text = FOUND.replace("investigation/1", "investigation/9");
    fs::write(path(&newer), packed(&text)).unwrap();
    let said = desk.refused(&["show", &newer]);
    assert!(said.contains("use a natspike that knows it"), "{said}");
    fs::write(path(&other), packed("{}")).unwrap();
    let said = desk.refused(&["show", &other]);
    assert!(
        said.contains("this is no investigation of natspike"),
        "{said}"
    );
    // A result that the log no longer knows is shown all the same.
    let kept = desk.keep();
    fs::remove_file(desk.history.folder().join("audit.jsonl")).unwrap();
    assert_eq!(desk.done(&["show", &kept]), CONSOLE);
}

#[test]
fn lines_of_others_are_counted() {
    let desk = Desk::new();
    let before = desk.keep();
    let path = desk.history.folder().join("audit.jsonl");
    let mut file = fs::File::options().append(true).open(path).unwrap();
    write!(file, "not of natspike\n{{\"schema\":\"natspike.aud").unwrap();
    let after = desk.keep();
    let list = desk.listed();
    assert_eq!(list["unreadable_lines"], 2);
    assert_eq!(list["queries"][0]["id"], *after);
    assert_eq!(list["queries"][1]["id"], *before);
    let said = desk.done(&["history"]);
    assert!(
        said.ends_with("2 lines of the log are not whole or not of natspike.\n"),
        "{said}"
    );
}

#[test]
fn clearing_leaves_nothing_of_natspike() {
    let desk = Desk::new();
    let id = desk.keep();
    let said = desk.done(&["history", "clear"]);
    assert!(
        said.starts_with("1 files of the log and 1 results with "),
        "{said}"
    );
    assert!(desk.done(&["history"]).starts_with("No query is kept in "));
    desk.refused(&["show", &id]);
}

#[test]
fn a_folder_that_cannot_be_read_is_a_failure() {
    let desk = Desk::new();
    fs::write(desk.folder.path().join("natspike"), "a file").unwrap();
    for arguments in [&["history"][..], &["history", "clear"], &["show", "abc"]] {
        let said = desk.refused(arguments);
        assert!(said.starts_with("natspike: failed to "), "{said}");
        assert!(said.contains("natspike/history"), "{said}");
        assert_eq!(said.matches("os error").count(), 1, "{said}");
    }
}

#[test]
#[ignore = "a part of processes_write_at_once, which starts it"]
fn another_process_writes() {
    let Some(folder) = std::env::var_os(STATE) else {
        return;
    };
    let history = History::open(Some(Path::new(&folder))).unwrap();
    let history = history.with_audit_bytes(30_000);
    for _ in 0..EACH {
        let query = history.begin(asked()).unwrap();
        query.finish(b"{}", outcome()).unwrap();
    }
}

#[test]
fn processes_write_at_once() {
    let desk = Desk::new();
    let start = || {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "history::another_process_writes", "--ignored"])
            .env(STATE, desk.folder.path())
            .output()
    };
    let ends = std::thread::scope(|scope| {
        let processes = [(); 3].map(|()| scope.spawn(start));
        processes.map(|process| process.join().unwrap().unwrap())
    });
    for end in ends {
        assert!(end.status.success(), "{}", text(&end.stdout));
        assert!(text(&end.stdout).contains("1 passed"));
    }
    let log = desk.history.read().unwrap();
    assert_eq!((log.entries.len(), log.unreadable), (3 * EACH, 0));
    assert!(log.entries.iter().all(|entry| entry.end.is_some()));
    assert!(desk.history.folder().join("audit.3.jsonl").exists());
    let ids: std::collections::BTreeSet<&String> =
        log.entries.iter().map(|entry| &entry.id).collect();
    assert_eq!(ids.len(), 3 * EACH);
}
