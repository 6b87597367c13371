//! The program as the rehearsal calls it.

use flate2::read::GzDecoder;
use serde_json::Value;
use std::io::Read;
use std::process::{Command, Output};

const SPIKE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/spike-s3.toml");

fn traffic(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_traffic"))
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn plays_events_in_order_and_ends_with_the_truth() {
    let format = "${interface-id} ${srcaddr} ${dstaddr} ${bytes} ${pkt-srcaddr} ${pkt-dstaddr}";
    let output = traffic(&[
        "play",
        "--scenario",
        SPIKE,
        "--interface",
        "eni-12345678",
        "--nat-address",
        "10.9.0.7",
        "--log-format",
        format,
        "--start",
        "1800000000",
        "--speed",
        "60",
    ]);
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let (last, events) = lines.split_last().unwrap();
    assert!(events.is_sorted_by(|a, b| a["due"].as_f64() <= b["due"].as_f64()));
    assert!(events.iter().all(|event| {
        event["message"]
            .as_str()
            .unwrap()
            .starts_with("eni-12345678 ")
    }));
    assert!(text.contains("10.9.0.7") && !text.contains("10.0.0.220"));
    assert_eq!(last["truth"]["records"]["read"], events.len());
    let processed = last["truth"]["bytes"]["processed"].as_u64().unwrap();
    assert!(processed > 1_000_000_000, "{processed}");
}

#[test]
fn writes_a_recording_and_its_truth_plain_or_compressed() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    for (records, truth) in [("a.log", "a.json"), ("b.log.gz", "b.json")] {
        let output = traffic(&[
            "write",
            "--scenario",
            SPIKE,
            "--layout",
            "egress-18",
            "--header",
            "--start",
            "1800000000",
            "--records",
            &path(records),
            "--truth",
            &path(truth),
        ]);
        assert!(output.status.success(), "{output:?}");
    }
    let plain = std::fs::read_to_string(path("a.log")).unwrap();
    let mut unpacked = String::new();
    GzDecoder::new(std::fs::File::open(path("b.log.gz")).unwrap())
        .read_to_string(&mut unpacked)
        .unwrap();
    assert_eq!(plain, unpacked);
    assert!(plain.starts_with("version account-id interface-id srcaddr"));
    let truth: Value = serde_json::from_slice(&std::fs::read(path("a.json")).unwrap()).unwrap();
    assert_eq!(truth["records"]["read"], plain.lines().count() - 1);
}

#[test]
fn says_in_one_sentence_what_is_wrong() {
    let cases = [
        (
            vec!["--scenario", "/nowhere.toml", "--layout", "natspike"],
            "failed to read /nowhere.toml",
        ),
        (
            vec!["--scenario", SPIKE, "--layout", "default-15"],
            "neither a layout",
        ),
        (
            vec!["--scenario", SPIKE, "--layout", "${nothing}"],
            "no field of versions 2 to 11 is called `nothing`",
        ),
    ];
    for (arguments, expected) in cases {
        let rest = [
            "--start",
            "0",
            "--records",
            "/nowhere/r",
            "--truth",
            "/nowhere/t",
        ];
        let output = traffic(&[&["write"][..], &arguments, &rest].concat());
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(error.contains(expected), "{error}");
    }
}
