//! Generated recordings whose truth is known: every figure to the byte, in
//! every layout, with and without the gateway's address.

use super::{analyze, text};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use traffic::{Layout, Scenario};

pub(super) const START: u64 = 1_800_000_000;
const LAYOUTS: [&str; 4] = ["default-14", "recorder-14", "egress-18", "natspike"];

pub(super) fn scenarios() -> Vec<(PathBuf, Scenario)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/scenarios/desk");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(files.len() >= 8);
    files
        .into_iter()
        .map(|file| {
            let scenario = Scenario::parse(&fs::read_to_string(&file).unwrap()).unwrap();
            (file, scenario)
        })
        .collect()
}

fn gateway_addresses(scenario: &Scenario) -> Vec<String> {
    std::iter::once(&scenario.gateway)
        .chain(&scenario.extra_gateway)
        .flat_map(|gateway| gateway.effective_addresses())
        .map(|address| address.to_string())
        .collect()
}

/// The report by the records alone: AWS's prefixes are nobody's.
pub(super) fn report(recording: &Path, addresses: &[String]) -> Value {
    let ranges = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/data/nobodys-ranges.json"
    );
    report_with(&["--ip-ranges", ranges], recording, addresses)
}

fn report_with(options: &[&str], recording: &Path, addresses: &[String]) -> Value {
    let mut arguments = vec!["--output", "json", "--top", "0", "--region", "us-east-1"];
    arguments.extend(options);
    for address in addresses {
        arguments.extend(["--nat-address", address]);
    }
    let output = analyze(&arguments, &[recording]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("the report is JSON")
}

/// Everything that the truth has, the report must have with the same value.
pub(super) fn differences(path: &str, truth: &Value, report: &Value, into: &mut Vec<String>) {
    match (truth, report) {
        (Value::Object(truth), _) => {
            for (name, value) in truth {
                differences(&format!("{path}.{name}"), value, &report[name], into);
            }
        }
        (Value::Array(truth), Value::Array(report)) if truth.len() == report.len() => {
            for (index, (truth, report)) in truth.iter().zip(report).enumerate() {
                differences(&format!("{path}[{index}]"), truth, report, into);
            }
        }
        _ if truth == report => {}
        _ => into.push(format!("{path}: truth {truth}, report {report}")),
    }
}

#[test]
fn every_figure_equals_the_truth_to_the_byte() {
    let folder = tempfile::tempdir().unwrap();
    let (mut wrong, mut compared) = (Vec::new(), 0);
    for (file, scenario) in scenarios() {
        for name in LAYOUTS {
            let layout = Layout::parse(name).unwrap();
            if scenario.ambiguity(&layout).is_some() {
                continue;
            }
            let recording = scenario.recording(&layout, START);
            let mut truth = serde_json::to_value(&recording.truth).unwrap();
            if truth["window"].is_null() {
                truth["window"] = serde_json::json!({"start": null, "end": null});
            }
            for with_header in [false, true] {
                let path = folder.path().join("recording.log");
                let header = if with_header {
                    layout.header() + "\n"
                } else {
                    String::new()
                };
                fs::write(&path, header + &recording.text()).unwrap();
                for addresses in [Vec::new(), gateway_addresses(&scenario)] {
                    let case = format!(
                        "{} as {name}, header {with_header}, addresses {addresses:?}",
                        file.file_stem().unwrap_or_default().display()
                    );
                    differences(&case, &truth, &report(&path, &addresses), &mut wrong);
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 100, "only {compared} reports were compared");
    assert!(
        wrong.is_empty(),
        "{} figures are wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// Scenarios have S3 at addresses that are really its.
#[test]
fn services_that_records_do_not_name_are_told_by_aws_s_prefixes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recording.log");
    let mut found = 0;
    for (file, scenario) in scenarios() {
        let layout = Layout::parse("default-14").unwrap();
        if scenario.ambiguity(&layout).is_some() {
            continue;
        }
        fs::write(&path, scenario.recording(&layout, START).text()).unwrap();
        let bytes_of = |report: &Value| {
            let mut services = report["services"].as_array().unwrap().iter();
            let s3 = services.find(|row| row["aws_service"] == "S3");
            s3.and_then(|row| row["bytes"].as_u64())
        };
        let layout = Layout::parse("natspike").unwrap();
        let truth = serde_json::to_value(&scenario.recording(&layout, START).truth).unwrap();
        let told = bytes_of(&report_with(&[], &path, &gateway_addresses(&scenario)));
        assert_eq!(told, bytes_of(&truth), "{}", file.display());
        found += u32::from(told.is_some());
    }
    assert!(found > 2, "{found} scenarios have S3");
}

#[test]
fn an_elastic_ip_given_by_mistake_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recording.log");
    for (file, scenario) in scenarios().iter().filter(|(_, s)| !s.gateway.regional) {
        let layout = Layout::parse("natspike").unwrap();
        fs::write(&path, scenario.recording(&layout, START).text()).unwrap();
        let plain = report(&path, &[]);
        let elastic = report(
            &path,
            &["198.51.100.200".to_owned(), "192.0.2.10".to_owned()],
        );
        for part in [
            "bytes",
            "sources",
            "destinations",
            "services",
            "pairs",
            "nat_addresses",
        ] {
            assert_eq!(plain[part], elastic[part], "{part} of {}", file.display());
        }
        assert!(
            elastic["warnings"].to_string().contains("elastic IP"),
            "{}",
            file.display()
        );
    }
}

#[test]
fn costs_and_shares_follow_from_the_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recording.log");
    let (_, scenario) = scenarios().pop().unwrap();
    fs::write(
        &path,
        scenario
            .recording(&Layout::parse("natspike").unwrap(), START)
            .text(),
    )
    .unwrap();
    let report = report(&path, &[]);
    let near = |one: f64, other: f64| (one - other).abs() < 1e-6;
    let cost = |bytes: &Value| bytes.as_f64().unwrap() / 1_073_741_824.0 * 0.045;
    let processed = &report["bytes"]["processed"];
    assert!(near(
        report["cost"]["processing"].as_f64().unwrap(),
        cost(processed)
    ));
    for list in ["sources", "destinations", "services"] {
        let rows = report[list].as_array().unwrap();
        for row in rows {
            assert!(
                near(row["cost"].as_f64().unwrap(), cost(&row["bytes"])),
                "{row}"
            );
            let share = row["bytes"].as_f64().unwrap() / processed.as_f64().unwrap();
            assert!(near(row["share"].as_f64().unwrap(), share), "{row}");
        }
        let sum: u64 = rows.iter().map(|row| row["bytes"].as_u64().unwrap()).sum();
        assert_eq!(Some(sum), processed.as_u64(), "{list}");
    }
}
