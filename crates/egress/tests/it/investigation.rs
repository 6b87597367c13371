//! Investigations made by hand in every form.

use super::golden::{compare, written};
use egress::investigate::{self, Investigation, InvestigationError};
use std::fs;
use std::path::{Path, PathBuf};

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/investigations");
    let entries = fs::read_dir(folder).unwrap();
    let mut cases: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() >= 5, "cases are missing");
    cases
}

fn found(case: &Path) -> Investigation {
    investigate::json::read(&fs::read(case.join("found.json")).unwrap()).unwrap()
}

#[test]
fn every_investigation_reads_as_agreed() {
    let check = |case: &PathBuf| {
        let found = found(case);
        let console = written(|out| investigate::console::write(&found, out));
        let console = anstream::adapter::strip_str(&console).to_string();
        let forms = [
            ("console.txt", console),
            (
                "found.md",
                written(|out| investigate::markdown::write(&found, out)),
            ),
            (
                "rows.csv",
                written(|out| investigate::csv::write(&found, out)),
            ),
            (
                "found.json",
                written(|out| investigate::json::write(&found, out)),
            ),
        ];
        forms.map(|(name, actual)| compare(&case.join(name), &actual))
    };
    let differences: Vec<String> = cases().iter().flat_map(check).flatten().collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn the_rows_of_the_csv_add_up_to_the_totals() {
    for case in cases() {
        let found = found(&case);
        let text = written(|out| investigate::csv::write(&found, out));
        let mut rows = csv::Reader::from_reader(text.as_bytes());
        let head = rows.headers().unwrap().clone();
        let column = |name: &str| head.iter().position(|column| column == name).unwrap();
        let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
        for table in &found.tables {
            let is_of_it = |row: &&csv::StringRecord| {
                row[column("analysis")] == *table.analysis
                    && row[column("view")] == *table.view.as_deref().unwrap_or_default()
            };
            let of_it = rows.iter().filter(is_of_it);
            let bytes = of_it.map(|row| row[column("bytes")].parse::<u128>().unwrap());
            assert_eq!(bytes.sum::<u128>(), table.total.bytes, "{}", case.display());
        }
    }
}

#[test]
fn what_is_no_investigation_is_refused() {
    let known = fs::read_to_string(cases()[0].join("found.json")).unwrap();
    for (text, expected) in [
        (String::new(), "NotAnInvestigation"),
        ("{}".to_owned(), "NotAnInvestigation"),
        (known[..known.len() / 2].to_owned(), "NotAnInvestigation"),
        (
            known.replace("natspike.investigation/1", "natspike.investigation/2"),
            "Schema",
        ),
        (
            known.replace("natspike.investigation/1", "natspike.report/1"),
            "Schema",
        ),
    ] {
        let refused = investigate::json::read(text.as_bytes());
        let error: InvestigationError = refused.unwrap_err();
        assert_eq!(error.name(), expected, "{error}");
    }
    // A field that a later version adds is no hindrance.
    let more = known.replacen('{', "{\"added\": [1],", 1);
    assert!(investigate::json::read(more.as_bytes()).is_ok());
}
