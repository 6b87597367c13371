//! Pairs as Parquet: the rows of the CSV with integers as such, to a file or a
//! pipe and never to a terminal.

use super::outputs::recording;
use super::{analyze, text};
use parquet::basic::{Compression, Type};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::RowAccessor;
use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

/// More pairs than any list shows where nothing is said.
fn many_pairs(folder: &Path) -> String {
    let lines: String = (1..=60)
        .map(|number| {
            format!("eni-0a1 10.0.1.{number} 10.0.0.220 10.0.1.{number} 203.0.113.7 {number}\n")
        })
        .collect();
    let path = folder.join("many.log");
    let header = "interface-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr bytes\n";
    std::fs::write(&path, header.to_owned() + &lines).unwrap();
    path.to_string_lossy().into_owned()
}

const REGION: [&str; 2] = ["--region", "us-east-1"];

/// The rows of the CSV, without its head.
fn csv(file: &Path) -> (Vec<String>, Vec<Vec<String>>) {
    let output = analyze(
        &[&REGION[..], &["--output", "csv", "--top", "0"]].concat(),
        &[file],
    );
    let said = text(&output.stdout);
    let mut lines = said
        .lines()
        .map(|line| line.split(',').map(str::to_owned).collect());
    (lines.next().unwrap(), lines.collect())
}

#[test]
fn every_pair_is_a_row_and_the_rows_are_those_of_the_csv() {
    let folder = tempfile::tempdir().unwrap();
    let file = many_pairs(folder.path());
    let path = folder.path().join("pairs.parquet");
    let arguments = [
        "analyze",
        "--region",
        "us-east-1",
        "--output",
        "parquet",
        &file,
    ];
    let status = Command::new(env!("CARGO_BIN_EXE_natspike"))
        .args(arguments)
        .env_clear()
        .stdout(File::create(&path).unwrap())
        .status()
        .unwrap();
    assert!(status.success());
    let reader = SerializedFileReader::new(File::open(&path).unwrap()).unwrap();
    let (names, rows) = csv(Path::new(&file));
    assert_eq!(rows.len(), 60);
    let metadata = reader.metadata();
    let columns = metadata.file_metadata().schema_descr();
    let found: Vec<&str> = columns
        .columns()
        .iter()
        .map(|column| column.name())
        .collect();
    assert_eq!(found, names);
    for (at, name) in names.iter().enumerate() {
        let is_integer = columns.column(at).physical_type() == Type::INT64;
        let is_sum = ["bytes", "in_from_source", "out_to_source"].contains(&name.as_str());
        assert_eq!(is_integer, is_sum, "{name}");
        let column = metadata.row_group(0).column(at);
        assert!(
            matches!(column.compression(), Compression::ZSTD(_)),
            "{name}"
        );
    }
    let found: Vec<Vec<String>> = reader
        .get_row_iter(None)
        .unwrap()
        .map(|row| {
            let row = row.unwrap();
            let cell = |at| match row.get_long(at) {
                Ok(number) => number.to_string(),
                Err(_) => row.get_string(at).cloned().unwrap_or_default(),
            };
            (0..row.len()).map(cell).collect()
        })
        .collect();
    assert_eq!(found, rows);
}

#[test]
fn rows_can_be_fewer_and_a_pipe_will_do() {
    let folder = tempfile::tempdir().unwrap();
    let file = recording(folder.path());
    let few = [&REGION[..], &["--output", "parquet", "--top", "3"]].concat();
    let output = analyze(&few, &[Path::new(&file)]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let path = folder.path().join("pairs.parquet");
    std::fs::write(&path, output.stdout).unwrap();
    let reader = SerializedFileReader::new(File::open(&path).unwrap()).unwrap();
    assert_eq!(reader.metadata().file_metadata().num_rows(), 3);
    let met = analyze(
        &[&few[..], &["--fail-on", "gb>=0"]].concat(),
        &[Path::new(&file)],
    );
    assert_eq!(met.status.code(), Some(1));
    assert!(met.stdout.starts_with(b"PAR1"));
}

#[test]
fn a_reader_that_leaves_early_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    let file = recording(folder.path());
    let mut child = Command::new(env!("CARGO_BIN_EXE_natspike"))
        .args([
            "analyze",
            "--region",
            "us-east-1",
            "--output",
            "parquet",
            &file,
        ])
        .env_clear()
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), text(&output.stderr)),
        (Some(0), String::new())
    );
}

/// With a terminal as `script` of util-linux makes one.
#[test]
#[cfg(target_os = "linux")]
fn a_terminal_gets_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let file = recording(folder.path());
    let program = env!("CARGO_BIN_EXE_natspike");
    for (command, what) in [
        (
            format!("{program} analyze --output parquet {file}"),
            "write Parquet to a terminal",
        ),
        (
            format!("{program} bundle --output - {file}"),
            "write a bundle to a terminal",
        ),
    ] {
        let done = Command::new("script")
            .args(["--quiet", "--return", "--command", &command, "/dev/null"])
            .stdin(Stdio::null())
            .output();
        let Ok(output) = done else {
            return; // there is no such program here
        };
        assert_eq!(output.status.code(), Some(2), "{command}");
        let said = text(&output.stdout);
        assert!(said.contains(what) && said.lines().count() == 1, "{said}");
    }
}
