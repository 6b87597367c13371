//! `natspike simulate`: the bill with other endpoints, of flow logs and bundles.

use super::text;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn recording() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../egress/tests/golden/spike-s3/recording.log")
}

fn natspike(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_natspike"))
        .args(arguments)
        .env_clear()
        .output()
        .unwrap()
}

fn simulate(arguments: &[&str]) -> Output {
    let file = recording().to_string_lossy().into_owned();
    natspike(&[&["simulate", &file], arguments].concat())
}

const HERE: [&str; 2] = ["--region", "us-east-1"];

#[test]
fn an_endpoint_changes_the_bill_by_the_arithmetic_that_is_shown() {
    let arguments = [
        "--add-endpoint",
        "s3",
        "--add-endpoint",
        "logs",
        "--zones",
        "2",
    ];
    let output = simulate(&[&HERE[..], &arguments].concat());
    let said = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(said.starts_with("An hour "), "{said}");
    for part in [
        "9,007,200,033 bytes of S3 are of a region that is not known, and in no figure",
        "Which bytes are of logs cannot be told by address",
        "from 418 GB a month on: 730 h x 2 zones x $0.01 / ($0.045 - $0.01)",
        "9,423,300,070 bytes recorded x 3,600 / 180 s",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let output = simulate(&[&HERE[..], &arguments, &["--output", "json"]].concat());
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["schema"], "natspike.simulation/1");
    assert_eq!(json["hourly"]["endpoint_hours_after"], 0.02);
    assert_eq!(
        json["endpoints"][0]["bytes"]["unknown_region"],
        9_007_200_033_u64
    );
    assert_eq!(json["month"], Value::Null);
}

#[test]
fn a_bundle_says_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spike.natspike");
    let path = path.to_string_lossy();
    let file = recording().to_string_lossy().into_owned();
    let made = natspike(&[&["bundle", &file, "--output", &path], &HERE[..]].concat());
    assert!(made.status.success(), "{}", text(&made.stderr));
    let arguments = ["--add-endpoint", "s3", "--remove-endpoint", "ecr.api"];
    let of_bundle = natspike(&[&["simulate", &path], &arguments[..]].concat());
    let of_file = simulate(&[&HERE[..], &arguments].concat());
    assert_eq!(text(&of_bundle.stderr), "");
    assert_eq!(text(&of_bundle.stdout), text(&of_file.stdout));
    // What the user pays counts for a bundle, too.
    let dearer = ["--add-endpoint", "sqs", "--rate", "endpoint-hour=0.5"];
    let of_bundle = natspike(&[&["simulate", &path], &dearer[..]].concat());
    let said = text(&of_bundle.stdout);
    assert!(said.contains("1 zone x $0.5 = $0.5 an hour"), "{said}");
}

#[test]
fn what_cannot_be_simulated_is_one_sentence() {
    for (arguments, expected) in [
        (
            &["--region", "us-east-1"][..],
            "name an endpoint with --add-endpoint",
        ),
        (
            &["--add-endpoint", "S3"],
            "write the last part of its service's name",
        ),
        (
            &["--add-endpoint", "sqs:gateway"],
            "only s3 and dynamodb have one",
        ),
        (
            &["--add-endpoint", "s3", "--remove-endpoint", "s3"],
            "s3 is named twice",
        ),
        (
            &["--add-endpoint", "sqs", "--zones", "0"],
            "in one zone at least",
        ),
        (
            &["--add-endpoint", "sqs", "--region", "eu-west-1"],
            "what an interface endpoint costs in eu-west-1 is not known; say it with --rate \
             endpoint-hour=USD",
        ),
        (
            &["--add-endpoint", "sqs", "--rate", "endpoint-hour=x"],
            "\"endpoint-hour=x\" is no price",
        ),
        (
            &[
                "--add-endpoint",
                "sqs",
                "--region",
                "eu-west-1",
                "--rate",
                "endpoint-hour=1",
            ],
            "--rate endpoint-gb=USD",
        ),
        (
            &["--add-endpoint", "s3", "--ptr"],
            "use --ptr: a simulation names nobody",
        ),
        (
            &["--add-endpoint", "s3", "--region", "us-east-1,us-east-2"],
            "are several regions",
        ),
    ] {
        let output = simulate(arguments);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(expected), "{arguments:?}: {said}");
        assert_eq!(text(&output.stdout), "", "{arguments:?}");
    }
    let prices = [
        "--rate",
        "endpoint-hour=0.011",
        "--rate",
        "endpoint-gb=0.01",
    ];
    let given = ["--add-endpoint", "sqs", "--region", "eu-west-1"];
    let output = simulate(&[&given[..], &prices].concat());
    let said = text(&output.stdout);
    assert!(said.contains("1 zone x $0.011 = $0.011 an hour"), "{said}");
}
