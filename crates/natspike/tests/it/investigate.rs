//! `natspike investigate` over files: the real binary against a slow reader of the
//! same lines.

mod filters;
mod history;
mod names;
mod refusals;
mod slow;
mod times;

use super::text;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use slow::{FIFTEEN, Rows, SEVENTEEN, SUBJECT, Sums, World, lines, read};
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output};
use tempfile::TempDir;

/// The analyses of the earlier tool, as the tables of natspike are called.
const ANALYSES: [&str; 13] = [
    "traffic-summary",
    "ssh-inbound",
    "ssh-response",
    "ssh-outbound",
    "external-inbound",
    "external-outbound",
    "external-summary",
    "top-external",
    "port-specific",
    "sensitive-ports inbound",
    "sensitive-ports outbound",
    "sensitive-ports reply",
    "rejected",
];

/// A folder with files and a history of its own.
struct Desk(TempDir);

impl Desk {
    fn new() -> Desk {
        Desk(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    fn command(&self, command: &str) -> Command {
        let mut natspike = Command::new(env!("CARGO_BIN_EXE_natspike"));
        natspike
            .arg(command)
            .env_clear()
            .env("NATSPIKE_CACHE_DIR", self.path("cache"))
            .env("NATSPIKE_DATA_DIR", self.path("data"))
            .env("NATSPIKE_STATE_DIR", self.path("state"))
            .current_dir(self.0.path());
        natspike
    }

    fn investigate(&self, arguments: &[&str]) -> Output {
        let mut investigate = self.command("investigate");
        investigate.args(arguments).output().unwrap()
    }

    /// What is found, as JSON.
    fn found(&self, arguments: &[&str]) -> Value {
        let json = ["--output", "json", "--no-history"];
        let output = self.investigate(&[arguments, &json].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

/// The table of an analysis, with its view behind a space.
fn table<'a>(found: &'a Value, name: &str) -> Option<&'a Value> {
    let tables = found["tables"].as_array().unwrap();
    tables.iter().find(|table| {
        let view = table["view"].as_str().map(|view| format!(" {view}"));
        format!(
            "{}{}",
            table["analysis"].as_str().unwrap(),
            view.unwrap_or_default()
        ) == name
    })
}

fn sums(value: &Value) -> Sums {
    ["flows", "packets", "bytes"].map(|figure| value[figure].as_u64().unwrap().into())
}

/// The rows of a table, in their order.
fn shown(table: &Value) -> Vec<(Vec<String>, Sums)> {
    let cell = |cell: &Value| match cell {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        number => number.to_string(),
    };
    let row = |row: &Value| {
        let cells = row["cells"].as_array().unwrap().iter().map(cell).collect();
        (cells, sums(&row["sums"]))
    };
    table["rows"].as_array().unwrap().iter().map(row).collect()
}

fn total<'a>(rows: impl Iterator<Item = &'a Sums>) -> Sums {
    rows.fold([0; 3], |sum, more| [0, 1, 2].map(|at| sum[at] + more[at]))
}

/// What is shown is what there is: all rows, or the largest, and the totals.
fn check(name: &str, table: &Value, expected: &Rows, by: &str, limit: usize) {
    let rows = shown(table);
    let all = total(expected.values());
    assert_eq!(sums(&table["total"]), all, "{name}");
    let figure = ["flows", "packets", "bytes"]
        .iter()
        .position(|it| *it == by)
        .unwrap();
    let order: Vec<u128> = rows.iter().map(|(_, sums)| sums[figure]).collect();
    assert!(
        order.is_sorted_by(|one, next| one >= next),
        "{name} {order:?}"
    );
    let shown: Rows = rows.iter().cloned().collect();
    assert_eq!(shown.len(), rows.len(), "{name}: every row once");
    if limit == 0 || expected.len() <= limit {
        assert_eq!(&shown, expected, "{name}");
        assert_eq!(table["rest"], Value::Null, "{name}");
        return;
    }
    assert_eq!(rows.len(), limit, "{name}");
    for (cells, sums) in &rows {
        assert_eq!(expected.get(cells), Some(sums), "{name} {cells:?}");
    }
    let hidden = expected
        .iter()
        .filter(|(cells, _)| !shown.contains_key(*cells));
    let hidden: Vec<&Sums> = hidden.map(|(_, sums)| sums).collect();
    assert_eq!(
        sums(&table["rest"]),
        total(hidden.iter().copied()),
        "{name}"
    );
    let largest = hidden.iter().map(|sums| sums[figure]).max();
    assert!(largest <= order.last().copied(), "{name}");
}

fn gzip(lines: &[String]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(lines.join("\n").as_bytes()).unwrap();
    packed.finish().unwrap()
}

const INSTANCE: [&str; 6] = [
    "--instance-ip",
    "10.0.1.5",
    "--instance-ip",
    "10.0.1.6,10.0.200.9",
    "--instance-ip",
    "2001:db8:1::5",
];
/// IPv4 addresses that begin so are of the VPC; no other is.
const OLD: World<'_> = World {
    subject: &SUBJECT,
    inside: &["10.0."],
};
const BOTH: World<'_> = World {
    subject: &SUBJECT,
    inside: &["10.0.", "2001:db8:1:"],
};

#[test]
fn all_analyses_count_what_the_earlier_tool_counted_with_bytes_beside_it() {
    let desk = Desk::new();
    for (at, columns) in [FIFTEEN, SEVENTEEN].into_iter().enumerate() {
        let lines = lines(columns, 6 + at as u64, 4_000);
        let records = read(columns, &lines);
        desk.write("flows.log.gz", gzip(&lines));
        for (by, limit) in [("bytes", 0), ("packets", 9), ("flows", 1_000), ("flows", 3)] {
            let shown = limit.to_string();
            let old = [
                "--log-file",
                "flows.log.gz",
                "--vpc-cidr",
                "10.0.",
                "--analysis",
                "all",
                "--sensitive-ports",
                "--port",
                "443",
                "--limit",
                &shown,
                "--debug",
                "--by",
                by,
            ];
            let found = desk.found(&[&old[..], &INSTANCE].concat());
            for name in ANALYSES {
                let expected = OLD.analysis(name, &records).unwrap();
                assert!(expected.len() > 1, "{name} is tested by {expected:?}");
                check(name, table(&found, name).expect(name), &expected, by, limit);
            }
            assert_eq!(found["records"]["read"], 4_000);
            let legs = found["legs"].as_str().unwrap();
            assert!(legs.starts_with("Every record counts"), "{legs}");
        }
    }
}

#[test]
fn an_analysis_alone_says_the_same_as_all_of_them() {
    let desk = Desk::new();
    let lines = lines(SEVENTEEN, 77, 2_000);
    let records = read(SEVENTEEN, &lines);
    desk.write("flows.log", lines.join("\n"));
    let source = [
        "flows.log",
        "--vpc-cidr",
        "10.0.,2001:db8:1::/56",
        "--port",
        "443",
    ];
    let source = [&source[..], &INSTANCE].concat();
    for name in ANALYSES {
        let analysis = name.split(' ').next().unwrap();
        for asked in [vec![analysis], vec!["--analysis", analysis]] {
            let found = desk.found(&[&asked[..], &source, &["--limit", "0"]].concat());
            let expected = BOTH.analysis(name, &records).unwrap();
            check(
                name,
                table(&found, name).expect(name),
                &expected,
                "bytes",
                0,
            );
            let tables = found["tables"].as_array().unwrap();
            assert!(tables.iter().all(|table| table["analysis"] == analysis));
        }
    }
    let two = ["--analysis", "ssh-inbound", "--sensitive-ports"];
    let found = desk.found(&[&two[..], &source].concat());
    assert_eq!(
        found["question"]["analysis"],
        "ssh-inbound, sensitive-ports"
    );
    assert_eq!(found["tables"].as_array().unwrap().len(), 4);
}

#[test]
fn lists_in_the_old_form_name_the_peers_by_the_longest_prefix() {
    let desk = Desk::new();
    fs::create_dir(desk.path("providers")).unwrap();
    desk.write(
        "providers/Acme.json",
        r#"{"description": "d", "subnets": [
            {"ip_prefix": "203.0.113.0/24", "region": "US-CA", "city": "Los Angeles"},
            {"ip_prefix": "203.0.113.16/28", "region": "JP-13", "city": "Tokyo"},
            {"ip_prefix": "2001:db8:ff::/48", "region": "", "city": "Berlin"},
            {"ip_prefix": "2001:db8:1::/56", "region": "", "city": "Ours"}]}"#,
    );
    desk.write(
        "providers/Other.json",
        r#"{"subnets": [{"ip_prefix": "198.51.0.0/16"}]}"#,
    );
    desk.write(
        "ranges.json",
        r#"{"syncToken": "1", "createDate": "2026-11-20-01-02-03", "prefixes": [
            {"ip_prefix": "198.51.100.0/24", "region": "eu-west-1", "service": "DYNAMODB",
             "network_border_group": "eu-west-1"}], "ipv6_prefixes": []}"#,
    );
    let lists = [
        ["Acme", "203.0.113.0/24", "Los Angeles", "US-CA", "-"],
        ["Acme", "203.0.113.16/28", "Tokyo", "JP-13", "-"],
        ["Acme", "2001:db8:ff::/48", "Berlin", "-", "-"],
        ["Acme", "2001:db8:1::/56", "Ours", "-", "-"],
        ["Other", "198.51.0.0/16", "-", "-", "-"],
        ["aws", "198.51.100.0/24", "-", "eu-west-1", "DYNAMODB"],
    ];
    let lines = lines(FIFTEEN, 9, 3_000);
    let records = read(FIFTEEN, &lines);
    desk.write("flows.log.gz", gzip(&lines));
    let expected = OLD.in_lists(&records, &lists);
    assert!(expected.len() > 8, "{expected:?}");
    for (by, limit) in [("bytes", 0), ("flows", 0), ("packets", 5)] {
        let shown = limit.to_string();
        let asked = [
            "--analysis",
            "cidr-connections",
            "--log-file",
            "flows.log.gz",
            "--cidrs",
            "providers",
            "--ip-ranges",
            "ranges.json",
            "--limit",
            &shown,
            "--by",
            by,
        ];
        let found = desk.found(&[&asked[..], &INSTANCE].concat());
        let table = table(&found, "cidr-connections").unwrap();
        check("cidr-connections", table, &expected, by, limit);
    }
}
