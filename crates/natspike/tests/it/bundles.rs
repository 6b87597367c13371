//! `natspike bundle` and what comes out of a bundle: the same report in every
//! form, other names with the same figures, and hostile files refused.

use super::text;
use super::truth::{START, differences, scenarios};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use traffic::Layout;

/// The frame before the archive.
const SIGNATURE: usize = 24;
const FORMS: [&str; 7] = [
    "console",
    "json",
    "result-json",
    "html",
    "markdown",
    "csv",
    "parquet",
];

fn natspike(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_natspike"))
        .args(arguments)
        .env_clear()
        .output()
        .unwrap()
}

fn done(arguments: &[&str]) -> Vec<u8> {
    let output = natspike(arguments);
    let said = text(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    output.stdout
}

fn path(folder: &tempfile::TempDir, name: &str) -> String {
    folder.path().join(name).to_string_lossy().into_owned()
}

/// Recordings of every scenario in the layout that natspike records.
fn recordings(folder: &tempfile::TempDir) -> Vec<String> {
    let layout = Layout::parse("natspike").unwrap();
    scenarios()
        .into_iter()
        .map(|(file, scenario)| {
            let name = file.file_stem().unwrap().to_string_lossy().into_owned();
            let lines = scenario.recording(&layout, START).lines.join("\n");
            let path = path(folder, &format!("{name}.log"));
            fs::write(&path, lines + "\nthis line cannot be read\n").unwrap();
            path
        })
        .collect()
}

fn golden(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("../egress/tests/golden/spike-s3").join(name);
    path.to_string_lossy().into_owned()
}

#[test]
fn every_form_of_the_report_comes_out_of_a_bundle() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = path(&folder, "one.natspike");
    let (recording, snapshot) = (golden("recording.log"), golden("snapshot.json"));
    let office = path(&folder, "office.csv");
    fs::write(&office, "10.0.0.0/8,the office\n0.0.0.0/0,everybody\n").unwrap();
    let ways: [&[&str]; 4] = [
        &[&recording, "--region", "us-east-1", "--snapshot", &snapshot],
        &[&recording, "--nat-rate", "0.05", "--interface", "eni-0a1"],
        &[
            &recording,
            "--region",
            "eu-west-1",
            "--networks",
            &office,
            "--rate",
            "internet-gb=0.08",
        ],
        &[
            &recording,
            "--nat-address",
            "10.0.0.220",
            "--region",
            "us-east-1,us-east-2",
        ],
    ];
    for facts in ways {
        done(&[&["bundle", "--output", &bundle], facts].concat());
        for form in FORMS {
            for top in ["0", "2"] {
                let form = ["--output", form, "--top", top];
                let of_files = done(&[&["analyze"], facts, &form].concat());
                let of_bundle = done(&[&["analyze", &bundle], &form[..]].concat());
                assert!(of_files == of_bundle, "{facts:?} {form:?}");
            }
        }
    }
    let met = natspike(&["analyze", &bundle, "--fail-on", "gb>1"]);
    assert_eq!(met.status.code(), Some(1), "{}", text(&met.stderr));
}

#[test]
fn every_scenario_comes_back_and_has_the_same_figures_with_other_names() {
    let folder = tempfile::tempdir().unwrap();
    let (bundle, redacted) = (
        path(&folder, "one.natspike"),
        path(&folder, "other.natspike"),
    );
    let json = ["--output", "json", "--top", "0"];
    for recording in recordings(&folder) {
        let facts = [recording.as_str(), "--region", "eu-west-1"];
        let of_files = done(&[&["analyze"], &facts[..], &json].concat());
        done(&[&["bundle", "-o", &bundle], &facts[..]].concat());
        let of_bundle = done(&[&["analyze", &bundle], &json[..]].concat());
        assert!(of_files == of_bundle, "{recording}");
        done(&["bundle", &bundle, "--redact", "--output", &redacted]);
        let [before, after] = [
            of_bundle,
            done(&[&["analyze", &redacted], &json[..]].concat()),
        ]
        .map(|text| serde_json::from_slice::<Value>(&text).unwrap());
        for field in ["records", "bytes", "cost", "services", "window", "spend"] {
            assert_eq!(after[field], before[field], "{recording}: {field}");
        }
        let rows = |report: &Value, list: &str| {
            let rows = report[list].as_array().unwrap();
            let mut rows: Vec<(u64, u64)> = rows
                .iter()
                .map(|row| ["bytes", "in_from_source"].map(|name| row[name].as_u64().unwrap()))
                .map(|[bytes, from]| (bytes, from))
                .collect();
            rows.sort_unstable();
            rows
        };
        for list in ["sources", "destinations", "pairs"] {
            assert_eq!(
                rows(&after, list),
                rows(&before, list),
                "{recording}: {list}"
            );
        }
        let said = after.to_string();
        for row in before["sources"].as_array().unwrap().iter().take(20) {
            let address = row["address"].to_string();
            assert!(!said.contains(&address), "{recording}: {address}");
        }
        assert!(!said.contains(&recording), "{recording}");
    }
}

#[test]
fn the_same_input_has_the_same_bytes_and_a_secret_the_same_names() {
    let folder = tempfile::tempdir().unwrap();
    let files = recordings(&folder);
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let made = |name: &str, more: &[&str]| {
        let output = path(&folder, name);
        done(
            &[
                &["bundle", "--region", "us-east-1", "--output", &output],
                &files[..],
                more,
            ]
            .concat(),
        );
        fs::read(output).unwrap()
    };
    let first = made("a.natspike", &[]);
    assert!(first == made("b.natspike", &[]), "other bytes");
    let piped = done(&[&["bundle", "--region", "us-east-1", "-o", "-"], &files[..]].concat());
    assert!(first == piped, "other bytes in a pipe");
    let by = |secret| made("c.natspike", &["--redact", "--redact-key", secret]);
    assert!(by("one") == by("one"), "other names by the same secret");
    assert!(by("one") != by("two"), "the same names by another secret");
    assert!(made("d.natspike", &["--redact"]) != made("d.natspike", &["--redact"]));
}

/// Bytes of a bundle through standard input.
fn through_stdin(bundle: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_natspike"))
        .args(["analyze", "-"])
        .env_clear()
        .stdin(Stdio::from(fs::File::open(bundle).unwrap()))
        .output()
        .unwrap()
}

#[test]
fn a_bundle_needs_nothing_and_takes_no_other_facts() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = path(&folder, "one.natspike");
    let recording = golden("recording.log");
    done(&[
        "bundle",
        &recording,
        "--region",
        "us-east-1",
        "--output",
        &bundle,
    ]);
    let plain = done(&["analyze", &bundle]);
    assert!(through_stdin(&bundle).stdout == plain);
    let elsewhere = Command::new(env!("CARGO_BIN_EXE_natspike"))
        .args(["analyze", &bundle])
        .env_clear()
        .envs([("AWS_REGION", "eu-west-1"), ("NATSPIKE_NAT_RATE", "7")])
        .output()
        .unwrap();
    assert!(elsewhere.stdout == plain);
    let options: &[&[&str]] = &[
        &["--region", "us-east-1"],
        &["--nat-rate", "0.045"],
        &["--nat-address", "10.0.0.220"],
        &["--interface", "eni-0a1"],
        &["--format", "${srcaddr}"],
        &["--snapshot", &recording],
        &["--prices", &recording],
        &["--networks", &recording],
        &["--ip-ranges", &recording],
        #[cfg(feature = "aws")]
        &["--since", "2h"],
        #[cfg(feature = "aws")]
        &["--bucket", "logs"],
    ];
    for option in options {
        let output = natspike(&[&["analyze", &bundle], *option].concat());
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{option:?}");
        let expected = format!(
            "natspike: failed to use {} with {bundle}: a bundle holds",
            option[0]
        );
        assert!(said.starts_with(&expected), "{said}");
    }
    let dearer = done(&["analyze", &bundle, "--rate", "nat-gb=0.9"]);
    assert!(text(&dearer).contains(" x $0.9 = "), "{}", text(&dearer));
    let both = natspike(&["analyze", &bundle, &recording]);
    assert_eq!(both.status.code(), Some(2));
    assert!(text(&both.stderr).contains("read alone"));
}

/// A file of an archive, as tar has it.
fn entry(name: &str, kind: u8, said: usize, content: &[u8]) -> Vec<u8> {
    let mut header = [0; 512];
    header[..name.len()].copy_from_slice(name.as_bytes());
    header[100..108].copy_from_slice(b"0000644\0");
    header[108..124].copy_from_slice(b"0000000\x000000000\0");
    header[124..136].copy_from_slice(format!("{said:011o}\0").as_bytes());
    header[136..148].copy_from_slice(b"00000000000\0");
    header[148..156].copy_from_slice(b"        ");
    header[156] = kind;
    header[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut entry = header.to_vec();
    entry.extend_from_slice(content);
    entry.resize(entry.len().next_multiple_of(512), 0);
    entry
}

#[test]
fn hostile_bundles_are_one_sentence_and_leave_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let whole = path(&folder, "whole.natspike");
    done(&[
        "bundle",
        &golden("recording.log"),
        "--region",
        "us-east-1",
        "--output",
        &whole,
    ]);
    let whole = fs::read(whole).unwrap();
    let archive = zstd::decode_all(whole.as_slice()).unwrap();
    let around = |archive: &[u8]| {
        let mut bundle = whole[..SIGNATURE].to_vec();
        bundle.extend(zstd::encode_all(archive, 3).unwrap());
        bundle
    };
    let replaced = |from: &[u8], to: &[u8]| {
        let at = archive
            .windows(from.len())
            .position(|part| part == from)
            .unwrap();
        let mut other = archive.clone();
        other[at..at + to.len()].copy_from_slice(to);
        around(&other)
    };
    let mut flipped = whole.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0xff;
    let manifest = |content: &str| {
        around(&entry(
            "manifest.json",
            b'0',
            content.len(),
            content.as_bytes(),
        ))
    };
    let zeros = vec![0; 80 << 20];
    for (content, expected) in [
        (flipped, "damaged"),
        (whole[..whole.len() / 2].to_vec(), "damaged or incomplete"),
        (whole[..SIGNATURE].to_vec(), "damaged or incomplete"),
        (whole[..whole.len() - 1].to_vec(), "damaged or incomplete"),
        (
            [whole.clone(), b"more".to_vec()].concat(),
            "damaged or incomplete",
        ),
        (around(b""), "no bundle of natspike"),
        (
            around(&entry("readme.txt", b'0', 2, b"hi")),
            "no bundle of natspike",
        ),
        (
            around(&entry("../../evil", b'0', 2, b"hi")),
            "has a member \"../../evil\"",
        ),
        (
            around(&entry("/tmp/evil", b'0', 2, b"hi")),
            "has a member \"/tmp/evil\"",
        ),
        (
            around(&entry("evil", b'2', 0, b"")),
            "has a member \"evil\"",
        ),
        (
            around(&entry("folder/", b'5', 0, b"")),
            "has a member \"folder/\"",
        ),
        (
            around(&entry("manifest.json", b'0', 1 << 32, b"{}")),
            "damaged or incomplete",
        ),
        (
            around(&entry("manifest.json", b'0', zeros.len(), &zeros)),
            "200 times",
        ),
        (manifest("{}"), "no bundle of natspike"),
        (
            manifest(r#"{"format":"natspike.bundle","version":9}"#),
            "of version 9",
        ),
        (
            manifest(r#"{"format":"natspike.bundle","version":1}"#),
            "manifest.json cannot be understood",
        ),
        (
            replaced(b"\"us-east-1\"", b"\"us-west-2\""),
            "facts.json is not as it was written",
        ),
        (
            replaced(b"NSPT", b"NSPX"),
            "table.nspt is not as it was written",
        ),
    ] {
        let bundle = path(&folder, "hostile.natspike");
        let output = path(&folder, "output.natspike");
        fs::write(&bundle, &content).unwrap();
        for arguments in [
            vec!["analyze", &bundle],
            vec!["bundle", &bundle, "--redact", "--output", &output],
            vec!["simulate", &bundle, "--add-endpoint", "s3"],
        ] {
            let done = natspike(&arguments);
            let said = text(&done.stderr);
            assert_eq!(done.status.code(), Some(2), "{expected}: {said}");
            assert!(said.contains(expected), "{expected}: {said}");
            assert_eq!(said.lines().count(), 1, "{said}");
            assert!(done.stdout.is_empty());
        }
        let left = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(left, 2, "{expected}: something was written");
    }
    // A tar of others, in zstd, is no flow log either.
    let foreign = path(&folder, "foreign.tar.zst");
    fs::write(&foreign, zstd::encode_all(archive.as_slice(), 3).unwrap()).unwrap();
    let output = natspike(&["analyze", &foreign]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).contains("not a flow log"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn nothing_is_written_where_there_is_nothing_to_say() {
    let folder = tempfile::tempdir().unwrap();
    let (empty, output) = (path(&folder, "empty.log"), path(&folder, "one.natspike"));
    fs::write(&empty, "").unwrap();
    let recording = golden("recording.log");
    let nowhere = path(&folder, "no/such/folder");
    for (arguments, expected) in [
        (
            vec!["bundle", &empty, "--output", &output],
            "find a flow record",
        ),
        (
            vec!["bundle", "no-such.log", "--output", &output],
            "no such file",
        ),
        (
            vec!["bundle", &recording, "--output", &nowhere],
            "failed to write",
        ),
        (vec!["bundle", &recording], "--output"),
        (
            vec!["bundle", &recording, "--redact-key", "x", "-o", &output],
            "--redact",
        ),
        (
            vec![
                "bundle",
                &recording,
                "--redact",
                "--redact-key",
                "",
                "-o",
                &output,
            ],
            "secret is empty",
        ),
    ] {
        let done = natspike(&arguments);
        assert_eq!(done.status.code(), Some(2), "{arguments:?}");
        let said = text(&done.stderr);
        assert!(said.contains(expected), "{said}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

/// Bundles that were made when their version was new, each with its report of
/// then: what it says, today's report must say, and may say more.
///
/// A sample is made by
/// `natspike bundle recording.log --snapshot snapshot.json --region us-east-1`
/// in the folder of a golden case (table-2: auto-scaling-group), and never again.
#[test]
fn bundles_of_every_version_are_read_for_good() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let samples: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "natspike")
        })
        .collect();
    assert!(!samples.is_empty());
    let version = flowlog::PARTIAL_VERSION;
    // Version 1 was never released.
    for table in 2..=version {
        let name = format!("table-{table}.natspike");
        assert!(
            samples.iter().any(|sample| sample.ends_with(&name)),
            "there is no sample {name}: keep one of each version of the table"
        );
    }
    for sample in samples {
        let said = done(&[
            "analyze",
            "--output",
            "json",
            "--top",
            "0",
            &sample.to_string_lossy(),
        ]);
        let report: Value = serde_json::from_slice(&said).unwrap();
        let then = fs::read(sample.with_extension("json")).unwrap();
        let mut then: Value = serde_json::from_slice(&then).unwrap();
        // Sentences may be said better.
        for worded in ["findings", "warnings"] {
            then.as_object_mut().unwrap().remove(worded);
        }
        let mut found = Vec::new();
        differences("", &then, &report, &mut found);
        assert_eq!(found, Vec::<String>::new(), "{}", sample.display());
    }
}
