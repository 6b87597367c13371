//! One recording in every form that a flow log takes: every report is the
//! same, and every figure equals the truth to the byte.

use super::truth::{START, differences, report, scenarios};
use super::{analyze, text};
use flate2::{Compression, write::GzEncoder};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use traffic::Layout;

const NUMBERS: [&str; 11] = [
    "version",
    "srcport",
    "dstport",
    "protocol",
    "packets",
    "bytes",
    "start",
    "end",
    "tcp-flags",
    "traffic-path",
    "encryption-status",
];

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn joined(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn events(lines: &[String]) -> Vec<Value> {
    lines
        .iter()
        .map(|line| json!({"id": "1", "timestamp": START * 1_000, "message": line}))
        .collect()
}

/// As AWS writes it: names with underscores, INT_32, INT_64, STRING, gzip.
fn parquet(layout: &Layout, lines: &[String]) -> Vec<u8> {
    let header = layout.header();
    // The columns in the order of their names, to be another one.
    let mut names: Vec<(usize, &str)> = header.split(' ').enumerate().collect();
    names.sort_by_key(|(_, name)| *name);
    let columns: String = names
        .iter()
        .map(|(_, name)| {
            let column = name.replace('-', "_");
            match *name {
                "packets" | "bytes" | "start" | "end" => format!("optional int64 {column};"),
                name if NUMBERS.contains(&name) => format!("optional int32 {column};"),
                _ => format!("optional binary {column} (STRING);"),
            }
        })
        .collect();
    let schema = parse_message_type(&format!("message flow_log {{ {columns} }}")).unwrap();
    let properties = WriterProperties::builder()
        .set_compression(parquet::basic::Compression::GZIP(Default::default()))
        .build();
    let mut content = Vec::new();
    let mut writer =
        SerializedFileWriter::new(&mut content, Arc::new(schema), Arc::new(properties)).unwrap();
    for lines in lines.chunks(300) {
        let mut group = writer.next_row_group().unwrap();
        for (place, _) in &names {
            let values: Vec<&str> = lines
                .iter()
                .map(|line| line.split(' ').nth(*place).unwrap())
                .collect();
            let levels: Vec<i16> = values.iter().map(|v| i16::from(*v != "-")).collect();
            let present = values.iter().filter(|value| **value != "-");
            let mut column = group.next_column().unwrap().unwrap();
            match column.untyped() {
                ColumnWriter::Int32ColumnWriter(writer) => {
                    let values: Vec<i32> = present.map(|v| v.parse().unwrap()).collect();
                    writer.write_batch(&values, Some(&levels), None).unwrap();
                }
                ColumnWriter::Int64ColumnWriter(writer) => {
                    let values: Vec<i64> = present.map(|v| v.parse().unwrap()).collect();
                    writer.write_batch(&values, Some(&levels), None).unwrap();
                }
                ColumnWriter::ByteArrayColumnWriter(writer) => {
                    let values: Vec<ByteArray> = present.map(|v| ByteArray::from(*v)).collect();
                    writer.write_batch(&values, Some(&levels), None).unwrap();
                }
                _ => panic!("a type that flow logs do not have"),
            }
            column.close().unwrap();
        }
        group.close().unwrap();
    }
    writer.close().unwrap();
    content
}

/// Names and contents.
type Files = Vec<(String, Vec<u8>)>;

/// The recording in every form.
fn forms(layout: &Layout, lines: &[String]) -> Vec<(&'static str, Files)> {
    let plain = joined(lines).into_bytes();
    let with_header = |lines: &[String]| format!("{}\n{}", layout.header(), joined(lines));
    let header = with_header(lines).into_bytes();
    let one = |content: &[u8]| vec![("file".to_owned(), content.to_vec())];
    let (left, right) = lines.split_at(lines.len() / 3);
    let stamped: String = lines
        .iter()
        .map(|line| format!("2026-11-20T10:00:00.000Z {line}\n"))
        .collect();
    let filtered = |lines: &[String]| {
        json!({"events": events(lines), "searchedLogStreams": [], "nextToken": "x"}).to_string()
    };
    let envelope = |lines: &[String]| {
        json!({
            "messageType": "DATA_MESSAGE", "owner": "123456789012", "logGroup": "natspike",
            "logStream": "eni-1-all", "subscriptionFilters": ["all"], "logEvents": events(lines),
        })
        .to_string()
    };
    let reversed: Vec<String> = lines.iter().rev().cloned().collect();
    let hive = |hour, lines| {
        (
            format!("year=2026/month=11/day=20/hour={hour}/x.log.parquet"),
            parquet(layout, lines),
        )
    };
    vec![
        ("header", one(&header)),
        ("gzip", one(&gzip(&header))),
        (
            "gzip of several members",
            one(&[gzip(&header), gzip(&plain[..0])].concat()),
        ),
        (
            "zstd",
            one(&zstd::encode_all(header.as_slice(), 3).unwrap()),
        ),
        ("lines backwards", one(joined(&reversed).as_bytes())),
        (
            "lines that end as on Windows",
            one(joined(lines).replace('\n', "\r\n").as_bytes()),
        ),
        (
            "a folder of objects as S3 has them",
            vec![
                (
                    "2026/11/20/a.log.gz".to_owned(),
                    gzip(with_header(left).as_bytes()),
                ),
                (
                    "2026/11/20/b.log.gz".to_owned(),
                    gzip(with_header(right).as_bytes()),
                ),
                (
                    "2026/11/20/c.log.gz".to_owned(),
                    gzip(layout.header().as_bytes()),
                ),
            ],
        ),
        ("Parquet", one(&parquet(layout, lines))),
        (
            "Parquet in a hive layout",
            vec![hive("00", left), hive("01", right)],
        ),
        ("an export to S3", one(&gzip(stamped.as_bytes()))),
        ("filter-log-events", one(filtered(lines).as_bytes())),
        (
            "pages of filter-log-events",
            one((filtered(left) + "\n" + &filtered(right)).as_bytes()),
        ),
        (
            "a subscription's envelopes",
            one(&[
                gzip(envelope(left).as_bytes()),
                gzip(envelope(right).as_bytes()),
            ]
            .concat()),
        ),
        (
            "lines of objects with a message",
            one(lines
                .iter()
                .map(|line| json!({"message": line}).to_string() + "\n")
                .collect::<String>()
                .as_bytes()),
        ),
    ]
}

#[test]
fn every_form_gives_the_same_report() {
    let (mut wrong, mut compared) = (Vec::new(), 0);
    for (file, scenario) in scenarios().iter().step_by(3) {
        for name in ["natspike", "egress-18"] {
            let layout = Layout::parse(name).unwrap();
            if scenario.ambiguity(&layout).is_some() {
                continue;
            }
            let recording = scenario.recording(&layout, START);
            let mut truth = serde_json::to_value(&recording.truth).unwrap();
            if truth["window"].is_null() {
                truth["window"] = json!({"start": null, "end": null});
            }
            let mut first = None;
            for (form, files) in forms(&layout, &recording.lines) {
                let folder = tempfile::tempdir().unwrap();
                for (name, content) in files {
                    let path = folder.path().join(name);
                    fs::create_dir_all(path.parent().unwrap()).unwrap();
                    fs::write(path, content).unwrap();
                }
                let case = format!(
                    "{} as {name} in {form}",
                    file.file_stem().unwrap().display()
                );
                let report = report(folder.path(), &[]);
                differences(&case, &truth, &report, &mut wrong);
                let first = first.get_or_insert_with(|| report.clone());
                differences(&case, first, &report, &mut wrong);
                compared += 1;
            }
        }
    }
    assert!(compared > 40, "only {compared} reports were compared");
    assert!(
        wrong.is_empty(),
        "{} figures are wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn a_pipe_carries_every_form_too() {
    let (_, scenario) = scenarios().swap_remove(0);
    let layout = Layout::parse("natspike").unwrap();
    let lines = scenario.recording(&layout, START).lines;
    let mut first = None;
    for (form, mut files) in forms(&layout, &lines) {
        if files.len() > 1 {
            continue;
        }
        let mut child = Command::new(env!("CARGO_BIN_EXE_natspike"))
            .args(["analyze", "--output", "json", "--region", "us-east-1", "-"])
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(&files.remove(0).1)
            .unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{form}");
        assert_eq!(
            &output.stdout,
            first.get_or_insert_with(|| output.stdout.clone()),
            "{form}"
        );
    }
}

#[test]
fn what_was_given_twice_is_said_and_counted_once() {
    let folder = tempfile::tempdir().unwrap();
    let (_, scenario) = scenarios().swap_remove(0);
    let layout = Layout::parse("natspike").unwrap();
    let content = joined(&scenario.recording(&layout, START).lines);
    let (one, copy) = (
        folder.path().join("one.log"),
        folder.path().join("copy.log"),
    );
    fs::write(&one, &content).unwrap();
    let alone = report(&one, &[]);
    fs::write(&copy, &content).unwrap();
    let both = report(folder.path(), &[]);
    assert_eq!(alone["bytes"], both["bytes"]);
    let expected = format!(
        "{} was read once: it was given again as {}.",
        copy.display(),
        one.display()
    );
    assert!(
        both["warnings"].to_string().contains(&expected),
        "{}",
        both["warnings"]
    );
}

#[test]
fn a_file_that_breaks_off_gives_no_report_at_all() {
    let (_, scenario) = scenarios().swap_remove(0);
    let layout = Layout::parse("natspike").unwrap();
    let lines = scenario.recording(&layout, START).lines;
    let whole = [
        gzip(joined(&lines).as_bytes()),
        zstd::encode_all(joined(&lines).as_bytes(), 3).unwrap(),
        parquet(&layout, &lines),
        json!({"events": events(&lines)}).to_string().into_bytes(),
    ];
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("good.log"), joined(&lines)).unwrap();
    for content in whole {
        let broken = folder.path().join("broken");
        fs::write(&broken, &content[..content.len() * 9 / 10]).unwrap();
        let output = analyze(&[], &[folder.path()]);
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(text(&output.stdout), "");
        let message = text(&output.stderr);
        assert!(message.contains(&broken.display().to_string()), "{message}");
        assert!(message.contains("fetch it again"), "{message}");
    }
}

#[test]
fn progress_is_for_terminals_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slow.log");
    let status = Command::new("mkfifo").arg(&path).status();
    if !status.is_ok_and(|status| status.success()) {
        return;
    }
    let child = Command::new(env!("CARGO_BIN_EXE_natspike"))
        .args(["analyze", "--region", "us-east-1"])
        .arg(&path)
        .env_clear()
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = fs::OpenOptions::new().write(true).open(&path).unwrap();
    let line =
        "2 123456789012 eni-1 10.0.1.5 10.0.0.220 1 443 6 1 40 1700000000 1700000060 ACCEPT OK\n";
    pipe.write_all(line.as_bytes()).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1_500));
    drop(pipe);
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), text(&output.stderr)),
        (Some(0), String::new())
    );
}

#[test]
fn says_what_is_wrong_with_a_path() {
    let folder = tempfile::tempdir().unwrap();
    for (path, expected) in [
        (
            folder.path().to_owned(),
            "the folder has no file in it; check the path",
        ),
        (folder.path().join("*.log"), "find a file that matches"),
        (
            Path::new("no").join("such.log"),
            "there is no such file; check the path",
        ),
    ] {
        let output = analyze(&[], &[&path]);
        assert_eq!(output.status.code(), Some(2));
        let message = text(&output.stderr);
        assert!(message.contains(expected), "{message}");
    }
}
