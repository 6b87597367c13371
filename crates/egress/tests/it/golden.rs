//! Every case under tests/golden: recording + facts -> console, mail, JSON.

use egress::mail::{Occasion, Page};
use egress::snapshot::{Metric, Snapshot};
use egress::{
    AwsRanges, Bill, Estimate, Facts, Last, LogClass, Name, NameSource, Names, Networks, Prices,
    RangesSource, Rate, Report, Summary,
};
use flowlog::FlowTable;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
        cases.len() >= 16,
        "cases are missing in {}",
        folder.display()
    );
    let differences: Vec<String> = cases.iter().flat_map(|case| check(case)).collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn every_finding_is_documented_and_has_a_case_with_it_and_one_without() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("../../docs/findings.md")).unwrap();
    let headings: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .collect();
    assert_eq!(headings, egress::FINDINGS);
    let found: Vec<Vec<String>> = fs::read_dir(root.join("tests/golden"))
        .unwrap()
        .map(|entry| {
            let report = fs::read(entry.unwrap().path().join("report.json")).unwrap();
            let report: serde_json::Value = serde_json::from_slice(&report).unwrap();
            let findings = report["findings"].as_array().unwrap();
            let name = |finding: &serde_json::Value| finding["name"].as_str().unwrap().to_owned();
            findings.iter().map(name).collect()
        })
        .collect();
    for name in egress::FINDINGS {
        let cases = found
            .iter()
            .filter(|names| names.iter().any(|it| it == name));
        let count = cases.count();
        assert!(
            0 < count && count < found.len(),
            "{name}: {count} cases have it"
        );
    }
}

#[test]
fn every_charge_is_documented() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("../../docs/charges.md")).unwrap();
    let cell = |line: &str| Some(line.strip_prefix("| `")?.split('`').next()?.to_owned());
    let rows: Vec<String> = page.lines().filter_map(cell).collect();
    assert_eq!(rows, egress::CHARGES.map(|(name, _)| name));
}

fn check(case: &Path) -> Vec<String> {
    let facts = facts(case);
    let report = report(case, &facts);
    let console = written(|out| egress::console::write(&report, TOP, out));
    let mail = egress::mail::mail(&report, &occasion(case), TOP);
    let thread = "nat-0a1b2c3d4e5f60718-1699999990000";
    let chat = |out: &mut dyn Write| egress::chat::write(&report, &occasion(case), thread, out);
    let html = |out: &mut dyn Write| egress::html::write(&report, &facts, &mail.subject, TOP, out);
    [
        (
            "report.md",
            written(|out| egress::markdown::write(&report, TOP, out)),
        ),
        (
            "pairs.csv",
            written(|out| egress::csv::write(&report, TOP, out)),
        ),
        ("report.html", written(html)),
        ("chat.json", written(chat)),
        (
            "console.txt",
            anstream::adapter::strip_str(&console).to_string(),
        ),
        (
            "report.json",
            written(|out| egress::json::write(&report, TOP, out)),
        ),
        (
            "mail.txt",
            format!("Subject: {}\n\n{}", mail.subject, mail.body),
        ),
    ]
    .into_iter()
    .filter_map(|(name, actual)| compare(&case.join(name), &actual))
    .collect()
}

pub(crate) fn written(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn report(case: &Path, facts: &Facts) -> Report {
    let mut table = FlowTable::new();
    table
        .push(&fs::read(case.join("recording.log")).unwrap())
        .and_then(|()| table.end_source())
        .unwrap();
    let mut report = egress::report(&table, facts);
    if let Some(names) = names(case) {
        report.name(&names, facts);
    }
    report
}

/// What look-ups found, in cases that have it.
pub(crate) fn names(case: &Path) -> Option<Names> {
    let text = fs::read(case.join("names.json")).ok()?;
    let rows: Vec<serde_json::Value> = serde_json::from_slice(&text).unwrap();
    let mut names = Names::default();
    for row in rows {
        let text = |field: &str| row[field].as_str().map(str::to_owned);
        let source = match row["source"].as_str().unwrap() {
            "ipinfo" => NameSource::Ipinfo,
            "asn-database" => NameSource::AsnDatabase,
            "rdap" => NameSource::Rdap,
            "ptr" => NameSource::Ptr,
            other => panic!("{other} is no source of look-ups"),
        };
        let name = Name {
            asn: text("asn"),
            domain: text("domain"),
            country_code: text("country_code"),
            country: text("country"),
            ..Name::new(source, row["name"].as_str().unwrap()).unwrap()
        };
        names.add(row["address"].as_str().unwrap().parse().unwrap(), name);
    }
    Some(names)
}

/// The user's own networks, in cases that have them.
fn networks(case: &Path) -> Option<Arc<Networks>> {
    let text = fs::read_to_string(case.join("office.csv")).ok()?;
    let mut networks = Networks::default();
    networks.add("office", &text).unwrap();
    Some(Arc::new(networks))
}

pub(crate) fn facts(case: &Path) -> Facts {
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
    for rate in facts["rates"].as_array().into_iter().flatten() {
        let (name, amount) = Prices::given(rate.as_str().unwrap()).unwrap();
        given.prices.set(name, amount, "--rate");
    }
    given.interface = facts["interface"].as_str().map(str::to_owned);
    given.networks = networks(case);
    given.snapshot = snapshot(case);
    given.ranges = fs::read_to_string(case.join("ip-ranges.json"))
        .ok()
        .map(|text| Arc::new(AwsRanges::read(&text, RangesSource::File).unwrap()));
    given.last = last(case);
    given.metrics = metrics(case);
    given.alarmed = facts["alarmed"].as_array().map(|time| {
        let second = |place: usize| time[place].as_u64().unwrap();
        second(0)..second(1)
    });
    given
}

/// The metrics of the recording's time, in cases that have them.
fn metrics(case: &Path) -> Vec<Metric> {
    let text = fs::read(case.join("metrics.json"));
    text.map_or_else(
        |_| Vec::new(),
        |text| serde_json::from_slice(&text).unwrap(),
    )
}

/// What the last recording was, in cases that have one.
fn last(case: &Path) -> Option<Summary> {
    let text = fs::read(case.join("last.json")).ok()?;
    let last: Last = serde_json::from_slice(&text).unwrap();
    last.before("this-recording", u64::MAX).cloned()
}

/// What was taken at the alarm, in cases that have it.
fn snapshot(case: &Path) -> Option<Snapshot> {
    let text = fs::read(case.join("snapshot.json")).ok()?;
    Some(serde_json::from_slice(&text).unwrap())
}

fn occasion(case: &Path) -> Occasion {
    let text = fs::read_to_string(case.join("recording.log")).unwrap();
    let snapshot = snapshot(case);
    let metrics = snapshot.as_ref().map(|taken| taken.metrics.as_slice());
    let mut occasion = plain_occasion();
    occasion.page = snapshot.as_ref().map(|taken| Page {
        bucket: "natspike-recordingbucket-0a1b2c".to_owned(),
        key: format!("recordings/{}-1699999990000/report.html", taken.gateway),
        region: taken.region.clone(),
    });
    occasion.before = snapshot.as_ref().and_then(Snapshot::before);
    occasion.bill = Bill {
        records: text.lines().count() as u64,
        bytes: text.lines().map(|line| line.len() as u64).sum(),
        rate: LogClass::Standard.list_rate("us-east-1"),
        is_foreign: false,
        estimate: metrics.and_then(|metrics| Estimate::of(metrics, 15)),
    };
    occasion
}

pub(crate) fn plain_occasion() -> Occasion {
    Occasion {
        page: None,
        before: None,
        bill: Bill {
            records: 0,
            bytes: 0,
            rate: None,
            is_foreign: false,
            estimate: None,
        },
        gateway: "nat-0a1b2c3d4e5f60718".to_owned(),
        alarm: "natspike/nat-0a1b2c3d4e5f60718".to_owned(),
        by_hand: false,
        stack: "natspike".to_owned(),
        ending: "Recording ended because the alarm cleared.".to_owned(),
        started: 1_700_000_000,
        stopped: 1_700_000_360,
        log_group: "/natspike/natspike/11111111-2222-3333-4444-555555555555".to_owned(),
        recording: 1,
        limit: 0,
    }
}

pub(crate) fn compare(path: &Path, actual: &str) -> Option<String> {
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
