//! Every case under tests/golden: recording + facts -> console, mail, JSON.

use egress::mail::Occasion;
use egress::{Facts, Rate, Report};
use flowlog::FlowTable;
use std::fs;
use std::path::{Path, PathBuf};

/// Rows of each list, few enough that a case can have hidden ones.
const TOP: usize = 5;

#[test]
fn every_case_reads_as_agreed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut cases: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    assert!(
        cases.len() >= 9,
        "cases are missing in {}",
        folder.display()
    );
    let differences: Vec<String> = cases.iter().flat_map(|case| check(case)).collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

fn check(case: &Path) -> Vec<String> {
    let report = report(case);
    let mut console = Vec::new();
    egress::console::write(&report, TOP, &mut console).unwrap();
    let console = String::from_utf8(console).unwrap();
    let mut json = Vec::new();
    egress::json::write(&report, TOP, &mut json).unwrap();
    let mail = egress::mail::mail(&report, &occasion(), TOP);
    [
        (
            "console.txt",
            anstream::adapter::strip_str(&console).to_string(),
        ),
        ("report.json", String::from_utf8(json).unwrap()),
        (
            "mail.txt",
            format!("Subject: {}\n\n{}", mail.subject, mail.body),
        ),
    ]
    .into_iter()
    .filter_map(|(name, actual)| compare(&case.join(name), &actual))
    .collect()
}

fn report(case: &Path) -> Report {
    let mut table = FlowTable::new();
    table
        .push(&fs::read(case.join("recording.log")).unwrap())
        .and_then(|()| table.end_source())
        .unwrap();
    let facts: serde_json::Value =
        serde_json::from_slice(&fs::read(case.join("facts.json")).unwrap()).unwrap();
    let region = facts["region"].as_str().unwrap();
    let mut given = Facts::new(region, Rate::of_region(region).unwrap());
    if let Some(addresses) = facts["nat_addresses"].as_array() {
        given.nat_addresses = addresses
            .iter()
            .map(|address| address.as_str().unwrap().parse().unwrap())
            .collect();
    }
    given.interface = facts["interface"].as_str().map(str::to_owned);
    egress::report(&table, &given)
}

pub(crate) fn occasion() -> Occasion {
    Occasion {
        gateway: "nat-0a1b2c3d4e5f60718".to_owned(),
        alarm: "natspike/nat-0a1b2c3d4e5f60718".to_owned(),
        stack: "natspike".to_owned(),
        ending: "Recording ended because the alarm cleared.".to_owned(),
        started: 1_700_000_000,
        stopped: 1_700_000_360,
        log_group: "/natspike/natspike/11111111-2222-3333-4444-555555555555".to_owned(),
        recording: 1,
        limit: 0,
    }
}

fn compare(path: &Path, actual: &str) -> Option<String> {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(path, actual).unwrap();
        return None;
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    if expected == actual {
        return None;
    }
    let line = expected
        .lines()
        .zip(actual.lines())
        .position(|(expected, actual)| expected != actual)
        .unwrap_or_else(|| expected.lines().count().min(actual.lines().count()));
    Some(format!(
        "{} differs from line {}:\n- {}\n+ {}",
        path.display(),
        line + 1,
        expected.lines().nth(line).unwrap_or("(ends)"),
        actual.lines().nth(line).unwrap_or("(ends)"),
    ))
}
