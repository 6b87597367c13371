//! `natspike investigate` of what is in AWS: whom EC2 says it is about, of which time,
//! and which records count.

use super::stand_in::{StandIn, World};
use super::subject::{self, ASKED, BUCKET, GROUP, WEB, flow_log};
use super::{FLOWS, delivered, key, natspike, recording, report, text};
use chrono::DateTime;
use serde_json::Value;
use std::process::Output;
use std::time::{SystemTime, UNIX_EPOCH};
use traffic::Layout;

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;
/// Some day in 2023, before everything.
const LONG_AGO: u64 = 1_700_000_000;

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
}

fn investigate(stand_in: &StandIn, arguments: &[&str]) -> Output {
    let mut natspike = natspike(stand_in, &[]);
    natspike
        .arg("investigate")
        .args(arguments)
        .output()
        .unwrap()
}

fn found(stand_in: &StandIn, arguments: &[&str]) -> Value {
    report(&investigate(
        stand_in,
        &[arguments, &["--output", "json"]].concat(),
    ))
}

/// Rows of a table as `cell cell … = flows packets bytes`.
fn rows(found: &Value, analysis: &str, view: Option<&str>) -> Vec<String> {
    let tables = found["tables"].as_array().unwrap();
    let is_it = |table: &&Value| table["analysis"] == analysis && table["view"].as_str() == view;
    let table = tables.iter().find(is_it).expect(analysis);
    let word = |value: &Value| match value {
        Value::Null => "-".to_owned(),
        value => value.as_str().map_or(value.to_string(), str::to_owned),
    };
    let row = |row: &Value| {
        let cells: Vec<String> = row["cells"].as_array().unwrap().iter().map(word).collect();
        let sums = ["flows", "packets", "bytes"].map(|name| word(&row["sums"][name]));
        format!("{} = {}", cells.join(" "), sums.join(" "))
    };
    table["rows"].as_array().unwrap().iter().map(row).collect()
}

/// Records of the instance's traffic, in the format of its flow log: one an hour old,
/// one of almost a day, one of more than a day.
fn events() -> Vec<(u64, String)> {
    let now = now();
    let record = |ago: u64, ends: &str, rest: &str| {
        let start = now - ago;
        let line = format!("{ends} {rest} {start} {} ACCEPT", start + 59);
        (start * 1_000, line)
    };
    vec![
        record(HOUR, "10.0.1.5 203.0.113.9", "40000 443 6 3 300"),
        record(HOUR, "203.0.113.9 10.0.1.5", "443 40000 6 5 5000"),
        record(HOUR, "2001:db8::5 2001:db8:ff::7", "40000 443 6 1 80"),
        // Its own network, a peer's, and another instance's.
        record(HOUR, "10.0.1.6 10.0.9.9", "40000 5432 6 7 700"),
        record(HOUR, "10.0.1.6 10.8.0.7", "40000 22 6 2 200"),
        record(HOUR, "10.0.3.3 203.0.113.9", "40000 443 6 9 900"),
        record(DAY - 600, "10.0.1.5 198.51.100.7", "40000 22 6 4 400"),
        record(DAY + HOUR, "10.0.1.5 192.0.2.66", "40000 443 6 6 600"),
    ]
}

/// A world in which the instance's flow log delivers to a log group.
fn group(class: &'static str, events: &[(u64, String)]) -> World {
    let flow_logs = flow_log("fl-i", "eni-0a1", "ALL", GROUP);
    let mut world = subject::world(&flow_logs);
    world
        .ec2
        .push((&["FlowLogs", "log-group-name", "flows"], flow_logs));
    World {
        class,
        created: Some(LONG_AGO),
        events: events.to_vec(),
        ..world
    }
}

#[test]
fn an_instance_is_investigated_by_what_ec2_says_of_it() {
    let events = events();
    let mut answers = Vec::new();
    for class in ["STANDARD", "INFREQUENT_ACCESS"] {
        let stand_in = StandIn::start(group(class, &events));
        let mut found = found(&stand_in, &[&["all"], &ASKED[..]].concat());
        let question = &mut found["question"];
        let subject = ["10.0.1.5", "10.0.1.6", "2001:db8::5"];
        assert_eq!(question["subject"].as_array().unwrap(), &subject);
        let inside = ["10.0.0.0/16", "10.8.0.0/16", "100.64.0.0/16"];
        assert_eq!(question["inside"].as_array().unwrap(), &inside);
        assert_eq!(question["sources"][0], "logs://flows");
        let (from, until) = (question["from"].take(), question["until"].take());
        assert_eq!(until.as_u64().unwrap() - from.as_u64().unwrap(), DAY);
        assert!(now() - until.as_u64().unwrap() < HOUR);
        answers.push(found);
        let calls = stand_in.calls();
        let has_events = calls.contains(&"FilterLogEvents".to_owned());
        assert_eq!(has_events, class == "STANDARD", "{calls:?}");
    }
    assert_eq!(answers[0], answers[1]);
    let found = &answers[0];
    assert_eq!(
        rows(found, "external-outbound", None),
        [
            "198.51.100.7 ACCEPT - = 1 4 400",
            "203.0.113.9 ACCEPT - = 1 3 300",
            "2001:db8:ff::7 ACCEPT - = 1 1 80",
        ]
    );
    assert_eq!(
        rows(found, "external-inbound", None),
        ["203.0.113.9 ACCEPT - = 1 5 5000"]
    );
    assert_eq!(
        rows(found, "ssh-outbound", None),
        ["198.51.100.7 ACCEPT = 1 4 400", "10.8.0.7 ACCEPT = 1 2 200"]
    );
    assert_eq!(
        rows(found, "traffic-summary", None),
        ["6 ACCEPT = 6 22 6680"]
    );
    let warnings: Vec<&str> = found["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let is_said = |beginning: &str| warnings.iter().any(|it| it.starts_with(beginning));
    for beginning in [
        "i-0123456789abcdef0 is running: eni-0a1 has 10.0.1.5, 10.0.1.6, 2001:db8::5.",
        "Not external: vpc-0a1 has 10.0.0.0/16, 100.64.0.0/16; vpc-0b2 in eu-west-1, peered",
        "Read is the flow log fl-i, which records all traffic of eni-0a1 every 60 seconds and \
         delivers to logs://flows.",
        "Records of the last 24 hours are read; --since and --until name another time.",
    ] {
        assert!(is_said(beginning), "{beginning}: {warnings:?}");
    }
}

#[test]
fn what_is_found_out_is_said_while_it_is_asked() {
    let stand_in = StandIn::start(group("STANDARD", &events()));
    let asked = [
        "ssh-outbound",
        "--debug",
        "--instance-id",
        WEB,
        "--region",
        "us-east-1",
    ];
    let output = investigate(&stand_in, &asked);
    let said = text(&output.stderr);
    for words in [
        "eni-0a1 has 10.0.1.5",
        "Read is the flow log fl-i",
        "natspike: query ",
    ] {
        assert!(said.contains(words), "{said}");
    }
    let tables = text(&output.stdout);
    for words in [
        "198.51.100.7",
        "Read is the flow log fl-i",
        "Records of the last 24 hours",
    ] {
        let one_line = tables.replace('\n', " ");
        assert!(one_line.contains(words), "{tables}");
    }
}

#[test]
fn an_instance_whose_flow_log_delivers_to_a_bucket_is_investigated_there() {
    let mut world = subject::world(&flow_log("fl-s", "subnet-0a1", "ALL", BUCKET));
    let header = "srcaddr dstaddr srcport dstport protocol packets bytes start end action";
    for (at, (_, line)) in events().into_iter().enumerate() {
        let start: u64 = line.split(' ').nth(7).unwrap().parse().unwrap();
        // Objects are called after the time in which records end.
        let slot = (start + 59) / 300 * 300;
        let time = |form: &str| {
            DateTime::from_timestamp(slot as i64, 0)
                .unwrap()
                .format(form)
                .to_string()
        };
        let folder = format!("{FLOWS}/{}", time("%Y/%m/%d"));
        for (id, line) in [("fl-s", line.as_str()), ("fl-other", "not to be read")] {
            let name = format!(
                "123456789012_vpcflowlogs_us-east-1_{id}_{}_{at}.log.gz",
                time("%Y%m%dT%H%MZ")
            );
            let content = format!("{header}\n{line}\n").into_bytes();
            let place = ("logs".to_owned(), format!("{folder}/{name}"));
            world.objects.insert(place, content);
        }
    }
    let stand_in = StandIn::start(world);
    let found = found(&stand_in, &[&["all"], &ASKED[..]].concat());
    assert_eq!(
        rows(&found, "traffic-summary", None),
        ["6 ACCEPT = 6 22 6680"]
    );
    assert!(stand_in.fetched().iter().all(|call| call.contains("fl-s_")));
    let warnings = found["warnings"].to_string();
    assert!(!warnings.contains("lie outside"), "{warnings}");
}

#[test]
fn prefixes_are_looked_for_in_a_log_group_of_the_last_day() {
    let stand_in = StandIn::start(group("STANDARD", &events()));
    let file = stand_in.cache.path().join("Acme.json");
    let list = r#"{"description": "theirs", "subnets": [
        {"ip_prefix": "203.0.113.0/24", "region": "US-CA", "city": "Los Angeles"},
        {"ip_prefix": "192.0.2.0/24", "region": "DE-BE", "city": "Berlin"}]}"#;
    std::fs::write(&file, list).unwrap();
    let file = file.to_string_lossy();
    let asked = [
        "--scan-cidrs",
        "flows",
        "--cidrs",
        &file,
        "--region",
        "us-east-1",
    ];
    let found = found(&stand_in, &asked);
    assert_eq!(found["tables"].as_array().unwrap().len(), 1);
    assert_eq!(
        rows(&found, "cidr-connections", None),
        ["Acme 203.0.113.9 203.0.113.0/24 Los Angeles US-CA - ACCEPT = 3 17 6200"]
    );
    assert_eq!(found["question"]["sources"][0], "logs://flows");
    assert_eq!(found["question"]["analysis"], "cidr-connections");
    let calls = stand_in.calls();
    assert!(
        !calls.contains(&"DescribeInstances".to_owned()),
        "{calls:?}"
    );
}

#[test]
fn every_form_of_a_time_cuts_a_log_group_by_when_records_begin() {
    let now = now();
    let ago = [
        1,
        200,
        2 * HOUR,
        2 * DAY,
        10 * DAY,
        20 * DAY,
        45 * DAY,
        400 * DAY,
    ];
    let events = ago.iter().enumerate().map(|(at, ago)| {
        let start = now - ago;
        let bytes = 1 << at;
        let line = format!(
            "2 123456789012 eni-0a1 10.0.1.5 203.0.113.9 40000 443 6 1 {bytes} {start} {} ACCEPT OK",
            start + 59
        );
        (start * 1_000, line)
    });
    let world = |class| World {
        class,
        created: Some(LONG_AGO),
        events: events.clone().collect(),
        ..World::default()
    };
    let stand_ins = ["STANDARD", "INFREQUENT_ACCESS"].map(|class| StandIn::start(world(class)));
    let hour = DateTime::from_timestamp((now - HOUR) as i64, 0).unwrap();
    let iso = ["%Y-%m-%d %H:%M:%SZ", "%s"].map(|form| hour.format(form).to_string());
    // The shortest first, before the records are older than that.
    let mut forms = vec![("30s", 1), ("5m", 2)];
    forms.extend(iso.iter().map(|form| (form.as_str(), 2)));
    forms.extend([("1h", 2), ("3d", 4), ("2w", 5), ("1M", 6), ("1y", 7)]);
    for (at, (form, most)) in forms.into_iter().enumerate() {
        let since = (1_u64 << most) - 1;
        let [from, to] = [["--start-time", "--end-time"], ["--since", "--until"]][at % 2];
        for (side, (option, expected)) in [(from, since), (to, 255 - since)].into_iter().enumerate()
        {
            let asked = ["traffic-summary", "logs://flows", "--region", "us-east-1"];
            let stand_in = &stand_ins[(at / 2 + side) % 2];
            let found = found(stand_in, &[&asked[..], &[option, form]].concat());
            let total = &found["tables"][0]["total"]["bytes"];
            assert_eq!(*total, expected, "{option} {form}");
        }
    }
}

#[test]
fn what_is_filtered_or_investigated_is_neither_taken_from_the_cache_nor_kept_there() {
    let (lines, _) = recording("natspike");
    let header = Layout::parse("natspike").unwrap().header();
    let stand_in = StandIn::start(delivered(&lines, &header));
    let kept = || {
        let output = natspike(&stand_in, &[])
            .args(["cache", "show"])
            .output()
            .unwrap();
        let said = text(&output.stdout);
        said.split(' ').next().unwrap().parse::<usize>().unwrap()
    };
    let filtered = || {
        let asked = ["rejected", "s3://logs/team/", "--where", "bytes > 10"];
        found(&stand_in, &asked)
    };
    let first = filtered();
    assert_eq!((stand_in.fetched().len(), kept()), (7, 0));
    let analyze = |more: &[&str]| {
        let asked = [&["s3://logs/team/", "--output", "json"], more].concat();
        report(&super::run(&stand_in, &asked, &[]))
    };
    let all = analyze(&[]);
    assert_eq!((stand_in.fetched().len(), kept()), (7, 7));
    assert_eq!(filtered(), first);
    assert_eq!((stand_in.fetched().len(), kept()), (7, 7));
    let some = analyze(&["--where", "dstport = 443"]);
    assert_eq!((stand_in.fetched().len(), kept()), (7, 7));
    assert_ne!(some["bytes"], all["bytes"]);
    assert_eq!(analyze(&[]), all);
    assert_eq!(stand_in.fetched(), Vec::<String>::new());
}

#[test]
fn a_record_that_ends_after_the_time_is_found_in_the_next_object() {
    let header = "srcaddr dstaddr bytes start end";
    let slot = 1_800_000_000; // 2027-01-15T08:00:00Z
    let mut world = World::default();
    // Delivered are records by their end; asked for is when they begin.
    for (name, records) in [
        ("20270115T0755Z", vec![(1, slot - 60, slot - 1)]),
        (
            "20270115T0800Z",
            vec![
                (2, slot - 30, slot + 30),
                (4, slot, slot + 59),
                (8, slot + 230, slot + 289),
            ],
        ),
        (
            "20270115T0805Z",
            vec![(16, slot + 299, slot + 358), (32, slot + 300, slot + 359)],
        ),
        ("20270115T0810Z", vec![(64, slot + 299, slot + 898)]),
    ] {
        let lines = records
            .iter()
            .map(|(bytes, start, end)| format!("10.0.1.5 203.0.113.9 {bytes} {start} {end}\n"));
        let content = format!("{header}\n{}", lines.collect::<String>());
        let key = key(&format!("{FLOWS}/2027/01/15"), name, 0);
        world
            .objects
            .insert(("logs".to_owned(), key), content.into_bytes());
    }
    let stand_in = StandIn::start(world);
    let (from, until) = (slot.to_string(), (slot + 300).to_string());
    let asked = [
        "traffic-summary",
        "s3://logs/team/",
        "--since",
        &from,
        "--until",
        &until,
    ];
    let found = found(&stand_in, &asked);
    assert_eq!(found["tables"][0]["total"]["bytes"], 4 + 8 + 16 + 64);
    assert_eq!(found["warnings"].as_array().unwrap().len(), 0, "{found}");
    assert_eq!(stand_in.fetched().len(), 3);
}
