//! Flow logs in AWS: the real binary against a stand-in over HTTP.

mod cache;
mod investigate;
mod owners;
mod prices;
mod quota;
mod records;
mod roles;
mod stand_in;
mod subject;

use super::text;
use super::truth::{START, differences, scenarios};
use serde_json::{Value, json};
use stand_in::{StandIn, World};
use std::path::Path;
use std::process::{Command, Output};
use traffic::{Layout, Recording};

const FLOWS: &str = "team/AWSLogs/123456789012/vpcflowlogs/us-east-1";
/// The UTC day of START.
const DAY: &str = "2027-01-15";

fn recording(layout: &str) -> (Vec<String>, Recording) {
    let (_, scenario) = scenarios()
        .into_iter()
        .find(|(path, _)| path.ends_with("zonal-plain.toml"))
        .unwrap();
    let layout = Layout::parse(layout).unwrap();
    let recording = scenario.recording(&layout, START);
    (recording.lines.clone(), recording)
}

fn run(stand_in: &StandIn, arguments: &[&str], settings: &[(&str, &str)]) -> Output {
    run_in(Path::new("."), stand_in, arguments, settings)
}

fn run_in(
    folder: &Path,
    stand_in: &StandIn,
    arguments: &[&str],
    settings: &[(&str, &str)],
) -> Output {
    natspike(stand_in, settings)
        .arg("analyze")
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

fn natspike(stand_in: &StandIn, settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_natspike"));
    command
        .env_clear()
        .env("AWS_ENDPOINT_URL", &stand_in.url)
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("NATSPIKE_CACHE_DIR", stand_in.cache.path())
        .env("NATSPIKE_STATE_DIR", stand_in.cache.path().join("state"))
        .envs(settings.iter().copied());
    command
}

fn report(output: &Output) -> Value {
    assert!(output.status.success(), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn failure(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stdout));
    text(&output.stderr)
}

/// Everything but the warnings, which speak of where it was read from.
fn check(recording: &Recording, report: &Value) {
    let mut truth = serde_json::to_value(&recording.truth).unwrap();
    let fields = truth.as_object_mut().unwrap();
    fields.remove("warnings");
    // A layout without times has no window, however that is written.
    fields.retain(|_, value| !value.is_null());
    let mut found = Vec::new();
    differences("", &truth, report, &mut found);
    assert_eq!(found, Vec::<String>::new());
}

fn key(folder: &str, slot: &str, part: usize) -> String {
    format!("{folder}/123456789012_vpcflowlogs_us-east-1_fl-0ab_{slot}_{part}.log.gz")
}

/// The recording in pieces: plain, hourly and Hive folders, seven objects.
fn delivered(lines: &[String], header: &str) -> World {
    let folders = [
        format!("{FLOWS}/2027/01/15"),
        format!("{FLOWS}/2027/01/15/08"),
        "team/AWSLogs/aws-account-id=123456789012/aws-service=vpcflowlogs/aws-region=us-east-1/\
         year=2027/month=01/day=15/hour=08"
            .to_owned(),
    ];
    let mut world = World::default();
    for (part, piece) in lines.chunks(lines.len().div_ceil(7)).enumerate() {
        let content = format!("{header}\n{}\n", piece.join("\n"));
        let key = key(&folders[part % 3], "20270115T0800Z", part);
        world
            .objects
            .insert(("logs".to_owned(), key), content.into_bytes());
    }
    world
}

const JSON: [&str; 4] = ["--output", "json", "--top", "0"];

#[test]
fn every_way_to_name_objects_gives_the_truth() {
    let layout = "egress-18";
    let (lines, recording) = recording(layout);
    let header = Layout::parse(layout).unwrap().header();
    let mut world = delivered(&lines, &header);
    let mut other = |key: &str| {
        world
            .objects
            .insert(("logs".to_owned(), key.to_owned()), b"nothing".to_vec());
    };
    // Folders that are made by hand, other services, days and accounts.
    other("team/AWSLogs/123456789012/CloudTrail/us-east-1/2027/01/15/a.json.gz");
    other(&key(&format!("{FLOWS}/2027/01/14"), "20270114T2355Z", 0));
    other(&key(&format!("{FLOWS}/2027/01/16"), "20270116T0000Z", 0));
    other("team/AWSLogs/210987654321/vpcflowlogs/us-east-1/2027/01/15/b.log.gz");
    let stand_in = StandIn::start(world);
    let account = ["--account", "123456789012"];
    let since = [
        "--since",
        "2027-01-15 08:00",
        "--until",
        "2027-01-15T08:05Z",
    ];
    type Way<'a> = (Vec<&'a str>, Vec<(&'a str, &'a str)>);
    let ways: [Way<'_>; 4] = [
        (
            [&["s3://logs/team", "--date", DAY], &account[..]].concat(),
            vec![],
        ),
        (
            [&["s3://logs/team/AWSLogs/"], &account[..], &since[..]].concat(),
            vec![],
        ),
        (
            [
                &["--bucket", "logs", "--prefix", "/team/", "--date", DAY],
                &account[..],
                &["--region", "us-east-1"],
            ]
            .concat(),
            vec![],
        ),
        (
            vec![],
            vec![
                ("S3_BUCKET_NAME", "logs"),
                ("S3_PREFIX", "team"),
                ("AWS_ACCOUNT_ID", "123456789012"),
                ("AWS_REGION", "us-east-1"),
                ("YEAR", "2027"),
                ("MONTH", "1"),
                ("DAY", "15"),
                ("IP_INFO_API_KEY", "not asked for"),
            ],
        ),
    ];
    for (way, settings) in ways {
        let output = run(&stand_in, &[&way[..], &JSON].concat(), &settings);
        let report = report(&output);
        check(&recording, &report);
        assert_eq!(report["warnings"], json!([]), "{way:?}");
        assert_eq!(report["cost"]["region"], "us-east-1");
    }
}

#[test]
fn settings_come_from_a_file_too() {
    let (lines, recording) = recording("natspike");
    let header = Layout::parse("natspike").unwrap().header();
    let stand_in = StandIn::start(delivered(&lines, &header));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join(".env"),
        "S3_BUCKET_NAME=logs\nS3_PREFIX=team\nAWS_ACCOUNT_ID=123456789012\nAWS_REGION=us-east-1\n\
         YEAR=2027\nMONTH=01\nDAY=15\nNAT_EIPS_LIST=\n",
    )
    .unwrap();
    let output = run_in(folder.path(), &stand_in, &JSON, &[]);
    check(&recording, &report(&output));
}

#[test]
fn a_bucket_of_another_region_is_found_there() {
    let (lines, recording) = recording("natspike");
    let header = Layout::parse("natspike").unwrap().header();
    let mut world = delivered(&lines, &header);
    world.home = Some("eu-south-2".to_owned());
    let stand_in = StandIn::start(world);
    let output = run(&stand_in, &[&["s3://logs/team/"], &JSON[..]].concat(), &[]);
    check(&recording, &report(&output));
}

#[test]
fn a_body_that_breaks_off_is_fetched_again() {
    let (lines, recording) = recording("natspike");
    let header = Layout::parse("natspike").unwrap().header();
    let mut world = delivered(&lines, &header);
    world.broken = world
        .objects
        .keys()
        .map(|(_, key)| (key.clone(), 1))
        .collect();
    let stand_in = StandIn::start(world);
    let output = run(&stand_in, &[&["s3://logs/team/"], &JSON[..]].concat(), &[]);
    check(&recording, &report(&output));
}

#[test]
fn an_object_that_fails_is_named_and_can_be_left_out() {
    let (lines, recording) = recording("natspike");
    let header = Layout::parse("natspike").unwrap().header();
    let denied = key(&format!("{FLOWS}/2027/01/15"), "20270115T0800Z", 0);
    let damaged = key(&format!("{FLOWS}/2027/01/15/08"), "20270115T0800Z", 1);
    let mut world = delivered(&lines, &header);
    world.denied.insert(denied.clone());
    let stand_in = StandIn::start(world);
    let arguments = [&["s3://logs/team/"], &JSON[..]].concat();
    let message = failure(&run(&stand_in, &arguments, &[]));
    assert!(
        message.contains(&format!(
            "read s3://logs/{denied}: your credentials may not do s3:GetObject"
        )),
        "{message}"
    );
    assert!(message.contains("--keep-going"), "{message}");

    stand_in
        .world
        .lock()
        .unwrap()
        .objects
        .insert(("logs".to_owned(), damaged.clone()), vec![0x1f, 0x8b, 8, 0]);
    let arguments = [&["--keep-going"], &arguments[..]].concat();
    let report = report(&run(&stand_in, &arguments, &[]));
    let warning = report["warnings"][0].as_str().unwrap();
    assert!(
        warning.starts_with("2 could not be read and is in no figure: "),
        "{warning}"
    );
    for key in [denied, damaged] {
        assert!(warning.contains(&format!("s3://logs/{key} (")), "{warning}");
    }
    let read = report["records"]["read"].as_u64().unwrap();
    assert!(read > 0 && read < recording.truth.records.read, "{read}");
}

#[test]
fn an_object_that_is_named_twice_counts_once() {
    let (lines, recording) = recording("natspike");
    let header = Layout::parse("natspike").unwrap().header();
    let stand_in = StandIn::start(delivered(&lines, &header));
    let object = format!(
        "s3://logs/{}",
        key(&format!("{FLOWS}/2027/01/15"), "20270115T0800Z", 0)
    );
    let arguments = [&["s3://logs/team", &object], &JSON[..]].concat();
    let report = report(&run(&stand_in, &arguments, &[]));
    check(&recording, &report);
    let warning = report["warnings"][0].as_str().unwrap();
    assert!(
        warning.contains(&format!("read once: {object}")),
        "{warning}"
    );
}

#[test]
fn says_what_is_wrong_before_or_instead_of_a_report() {
    let stand_in = StandIn::start(World::default());
    for (arguments, expected) in [
        (
            &["s3://logs/team/"][..],
            "find a flow log at s3://logs/team/",
        ),
        (&["s3:///x"], "no bucket is named"),
        (&["logs://"], "no log group is named"),
        (&[], "S3_BUCKET_NAME"),
        (&["s3://logs/", "--date", "1.1.2027"], "is not a day"),
        (&["s3://logs/", "--since", "monday"], "is not a time"),
        (&["s3://logs/", "--until", "1h"], "give --since"),
        (
            &["s3://logs/", "--since", "1h", "--until", "2h"],
            "is empty",
        ),
        (&["s3://logs/", "--account", "12"], "twelve digits"),
        (&["x.log", "--since", "1h"], "are for s3://"),
        (
            &["logs://nothing", "--region", "us-east-1"],
            "no such log group",
        ),
        (&["logs://flows"], "no region is known"),
        (
            &["s3://logs/", "--region", "us-east-1,eu-west-1"],
            "different rates",
        ),
    ] {
        let message = failure(&run(&stand_in, arguments, &[]));
        assert!(message.contains(expected), "{arguments:?}: {message}");
    }
}

fn recorded(layout: &str) -> (World, Recording) {
    let (lines, recording) = recording(layout);
    let world = World {
        class: "STANDARD",
        // Events of all the time, some at the very edges of slices.
        events: lines
            .iter()
            .enumerate()
            .map(|(index, line)| ((START + 60 * (index as u64 % 5)) * 1_000, line.clone()))
            .collect(),
        ..World::default()
    };
    (world, recording)
}

#[test]
fn a_log_group_is_read_whole_through_empty_pages() {
    for (layout, with_format) in [("natspike", false), ("recorder-14", true)] {
        let (mut world, recording) = recorded(layout);
        if with_format {
            let header = Layout::parse(layout).unwrap().header();
            let names: Vec<String> = header
                .split(' ')
                .map(|name| format!("${{{name}}}"))
                .collect();
            world.formats = vec![names.join(" ")];
        }
        let stand_in = StandIn::start(world);
        let (from, to) = (START.to_string(), (START + 300).to_string());
        let arguments = [
            &[
                "logs://flows",
                "--region",
                "us-east-1",
                "--since",
                &from,
                "--until",
                &to,
            ],
            &JSON[..],
        ]
        .concat();
        let report = report(&run(&stand_in, &arguments, &[]));
        check(&recording, &report);
        let calls = stand_in.calls();
        let slices = calls
            .iter()
            .filter(|call| *call == "FilterLogEvents")
            .count();
        assert!(slices > 5, "{calls:?}");
    }
}

#[test]
fn a_log_group_with_two_formats_wants_one_named() {
    let (mut world, _) = recorded("natspike");
    world.formats = vec!["${srcaddr}".to_owned(), "${dstaddr}".to_owned()];
    let stand_in = StandIn::start(world);
    let message = failure(&run(
        &stand_in,
        &["logs://flows", "--region", "us-east-1"],
        &[],
    ));
    assert!(
        message.contains("name one with --format:\n${dstaddr}\n${srcaddr}"),
        "{message}"
    );
}

const FORMAT: &str = "${srcaddr} ${dstaddr} ${pkt-srcaddr} ${pkt-dstaddr} ${bytes} ${action}";

/// A row of Logs Insights: `names` are the columns of `ends`.
fn flow(ends: [&str; 4], names: [&str; 4], records: &str, bytes: &str) -> String {
    let field = |name, value| format!("{{\"field\":\"{name}\",\"value\":\"{value}\"}}");
    let mut fields = vec![
        field("action", "ACCEPT"),
        field("records", records),
        field("sum_bytes", bytes),
    ];
    fields.extend(
        names
            .into_iter()
            .zip(ends)
            .map(|(name, end)| field(name, end)),
    );
    format!("[{}]", fields.join(","))
}

#[test]
fn infrequent_access_is_added_up_by_logs_insights() {
    let plain = ["srcaddr", "dstaddr", "pkt_srcaddr", "pkt_dstaddr"];
    let world = World {
        class: "INFREQUENT_ACCESS",
        formats: vec![FORMAT.to_owned()],
        queries: vec![(
            "by srcaddr, dstaddr",
            vec![
                flow(
                    ["10.0.1.5", "10.0.0.220", "10.0.1.5", "203.0.113.5"],
                    plain,
                    "70",
                    "7000",
                ),
                flow(
                    ["10.0.0.220", "203.0.113.5", "10.0.0.220", "203.0.113.5"],
                    plain,
                    "70",
                    "7E3",
                ),
            ],
        )],
        ..World::default()
    };
    let stand_in = StandIn::start(world);
    let arguments = [&["logs://flows", "--region", "us-east-1"], &JSON[..]].concat();
    let report = report(&run(&stand_in, &arguments, &[]));
    assert_eq!(report["bytes"]["in_from_source"], 7_000);
    assert_eq!(report["bytes"]["out_to_destination"], 7_000);
    assert_eq!(report["records"]["parsed"], 140);
    assert_eq!(report["warnings"], json!([]));
    let calls = stand_in.calls();
    assert!(
        !calls.iter().any(|call| call == "FilterLogEvents"),
        "{calls:?}"
    );
    assert!(calls.iter().any(|call| call.starts_with(
        "StartQuery parse @message \"* * * * * *\" as srcaddr, dstaddr, pkt_srcaddr, "
    )));
}

#[test]
fn what_lies_beyond_a_hundred_thousand_flows_is_in_the_totals() {
    let plain = ["srcaddr", "dstaddr", "pkt_srcaddr", "pkt_dstaddr"];
    let rest = [
        "own_srcaddr",
        "own_dstaddr",
        "own_pkt_srcaddr",
        "own_pkt_dstaddr",
    ];
    let address = |index: usize| format!("203.0.{}.{}", index / 256 % 256, index % 256);
    let source = |index: usize| format!("10.0.{}.5", index / 65_536 + 1);
    let mut flows = vec![flow(
        ["10.0.0.220", "203.0.0.0", "10.0.0.220", "203.0.0.0"],
        plain,
        "1",
        "1000",
    )];
    flows.extend((0..99_999).map(|index| {
        let (source, remote) = (source(index), address(index));
        flow([&source, "10.0.0.220", &source, &remote], plain, "2", "10")
    }));
    let world = World {
        class: "INFREQUENT_ACCESS",
        formats: vec![FORMAT.to_owned()],
        queries: vec![
            ("by srcaddr, dstaddr", flows),
            (
                "own_srcaddr",
                vec![
                    flow(
                        ["0.0.0.0", "10.0.0.220", "0.0.0.0", "0.0.0.0"],
                        rest,
                        "200010",
                        "1000023",
                    ),
                    flow(
                        ["10.0.0.220", "0.0.0.0", "10.0.0.220", "0.0.0.0"],
                        rest,
                        "100",
                        "1000033",
                    ),
                ],
            ),
        ],
        ..World::default()
    };
    let stand_in = StandIn::start(world);
    let arguments = ["logs://flows", "--region", "us-east-1", "--output", "json"];
    let report = report(&run(&stand_in, &arguments, &[]));
    assert_eq!(report["bytes"]["in_from_source"], 1_000_023);
    assert_eq!(report["bytes"]["out_to_destination"], 1_000_033);
    assert_eq!(report["records"]["parsed"], 200_110);
    let warnings = report["warnings"].to_string();
    assert!(
        warnings.contains("999066 bytes in 111 records"),
        "{warnings}"
    );
}

#[test]
fn writes_the_result_json_of_the_other_program() {
    let (lines, recording) = recording("egress-18");
    let header = Layout::parse("egress-18").unwrap().header();
    let stand_in = StandIn::start(delivered(&lines, &header));
    let arguments = ["s3://logs/team/", "--output", "result-json", "--top", "0"];
    let result = report(&run(&stand_in, &arguments, &[]));
    let names: Vec<&String> = result.as_object().unwrap().keys().collect();
    assert_eq!(
        names,
        [
            "year",
            "month",
            "day",
            "region",
            "cost_per_gb_usd",
            "total",
            "egress_by_ip"
        ]
    );
    assert_eq!(result["total"]["bytes"], recording.truth.bytes.processed);
    assert_eq!(
        [&result["year"], &result["month"], &result["day"]],
        ["2027", "01", "15"]
    );
}
