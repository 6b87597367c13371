//! Forms of the report, conditions for scripts, and what a recorder kept.

use super::text;
use super::truth::{START, scenarios};
use std::path::Path;
use std::process::{Command, Output};
use traffic::Layout;

pub(super) fn recording(folder: &Path) -> String {
    let (_, scenario) = scenarios()
        .into_iter()
        .find(|(path, _)| path.ends_with("zonal-plain.toml"))
        .unwrap();
    let layout = Layout::parse("natspike").unwrap();
    let lines = scenario.recording(&layout, START).lines.join("\n");
    let path = folder.join("recording.log");
    std::fs::write(&path, lines + "\n").unwrap();
    path.to_string_lossy().into_owned()
}

fn analyze(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_natspike"))
        .args(["analyze", "--region", "us-east-1"])
        .args(arguments)
        .env_clear()
        .output()
        .unwrap()
}

#[test]
fn every_form_begins_as_it_should() {
    let folder = tempfile::tempdir().unwrap();
    let file = recording(folder.path());
    for (form, beginning) in [
        ("console", "How much"),
        ("json", "{"),
        ("result-json", "{"),
        ("html", "<!DOCTYPE html>"),
        ("markdown", "* **How much:** "),
        ("csv", "source,owner_kind,"),
    ] {
        let output = analyze(&["--output", form, &file]);
        assert!(output.status.success(), "{form}: {}", text(&output.stderr));
        let said = text(&output.stdout);
        assert!(said.starts_with(beginning), "{form}: {said}");
    }
}

#[test]
fn a_condition_that_is_met_is_exit_code_1() {
    let folder = tempfile::tempdir().unwrap();
    let file = recording(folder.path());
    let met = analyze(&["--fail-on", "malformed>0", "--fail-on", "gb>=0", &file]);
    assert_eq!(met.status.code(), Some(1));
    let said = text(&met.stderr);
    assert!(said.starts_with("natspike: gb>=0: it is "), "{said}");
    assert!(text(&met.stdout).starts_with("How much"));
    let unmet = analyze(&["--fail-on", "malformed>0", &file]);
    assert_eq!(unmet.status.code(), Some(0));
    for wrong in ["cost", "coverage<0.8"] {
        let refused = analyze(&["--fail-on", wrong, &file]);
        assert_eq!(refused.status.code(), Some(2), "{wrong}");
    }
}

#[test]
fn a_snapshot_names_owners_and_one_of_the_future_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = recording(folder.path());
    let sources = analyze(&["--output", "csv", "--top", "1", &file]);
    let first = text(&sources.stdout);
    let address = first.lines().nth(1).unwrap().split(',').next().unwrap();
    let mut snapshot = serde_json::json!({
        "version": 1, "taken": 0, "gateway": "nat-0a1", "region": "us-east-1", "vpc": "vpc-0a1",
        "metrics": [], "route_tables": [], "endpoints": [], "missing": [],
        "interfaces": [{
            "id": "eni-0a1", "interface_type": "interface", "description": "", "subnet": null,
            "zone": null, "instance": "i-0c1d2e3f405162738", "requester": null,
            "security_groups": [], "tags": {}, "addresses": [address],
        }],
    });
    let path = folder.path().join("snapshot.json");
    let with = |snapshot: &serde_json::Value| {
        std::fs::write(&path, snapshot.to_string()).unwrap();
        analyze(&["--snapshot", &path.to_string_lossy(), &file])
    };
    let said = text(&with(&snapshot).stdout);
    assert!(said.contains("instance i-0c1d2e3f405162738"), "{said}");
    snapshot["version"] = 2.into();
    let refused = with(&snapshot);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("it is of version 2"));
    std::fs::write(&path, "{").unwrap();
    let broken = analyze(&["--snapshot", &path.to_string_lossy(), &file]);
    assert!(text(&broken.stderr).contains("it is no snapshot.json"));
}

#[test]
fn two_reports_are_compared_by_the_hour() {
    let folder = tempfile::tempdir().unwrap();
    let file = recording(folder.path());
    let report = |name: &str, rate: &str| {
        let output = analyze(&["--output", "json", "--top", "0", "--nat-rate", rate, &file]);
        let path = folder.path().join(name);
        std::fs::write(&path, output.stdout).unwrap();
        path.to_string_lossy().into_owned()
    };
    let (before, after) = (report("before.json", "0.045"), report("after.json", "0.09"));
    let compare = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_natspike"))
            .arg("compare")
            .args(arguments)
            .env_clear()
            .output()
            .unwrap()
    };
    let same = compare(&[&before, &before]);
    assert!(same.status.success(), "{}", text(&same.stderr));
    let said = text(&same.stdout);
    assert!(
        said.contains("$0.00 less") && !said.contains("Sources"),
        "{said}"
    );
    let dearer = compare(&["--fail-above", "50", "--output", "json", &before, &after]);
    assert_eq!(dearer.status.code(), Some(1));
    assert!(text(&dearer.stderr).contains("an hour changed by 100"));
    let json: serde_json::Value = serde_json::from_slice(&dearer.stdout).unwrap();
    assert_eq!(json["schema"], "natspike.comparison/1");
    assert_eq!(
        compare(&["--fail-above", "150", &before, &after])
            .status
            .code(),
        Some(0)
    );
    let refused = compare(&[&before, &file]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("no report of natspike"));
}
