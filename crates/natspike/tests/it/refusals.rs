//! Bad input: one clear sentence that says what to do, and exit code 2.

use super::{analyze, text};
use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

const LINE: &str =
    "2 123456789012 eni-0a1 10.0.1.5 10.0.0.220 1 443 6 1 40 1700000000 1700000060 ACCEPT OK";
const NODATA: &str = "2 123456789012 eni-0a1 - - - - - - - 1700000000 1700000060 - NODATA";

/// Exit code and standard error of an analysis of that content.
fn refused(content: &str, arguments: &[&str]) -> (Option<i32>, String) {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), content).unwrap();
    let output = analyze(arguments, &[file.path()]);
    (output.status.code(), text(&output.stderr))
}

#[test]
fn refuses_with_a_sentence_that_says_what_to_do() {
    for (content, arguments, expected) in [
        ("", &[][..], "record for longer"),
        ("hello world\n", &[], "give the log format"),
        (
            "srcaddr dstaddr srcaddr bytes\n",
            &[],
            "names the field srcaddr twice",
        ),
        ("srcaddr bytes\n", &[], "lacks the field dstaddr"),
        (LINE, &["--region", "mars-1"], "--nat-rate"),
        (
            LINE,
            &["--nat-rate", "free"],
            "for example --nat-rate 0.045",
        ),
        (
            LINE,
            &["--format", "${srcaddr} ${dstaddr}"],
            "lacks the field bytes",
        ),
        (
            LINE,
            &["--format", "${srcaddr} ${dstaddr} ${bytes}"],
            "Not one line could be read",
        ),
        (LINE, &["--nat-address", "10.0.0"], "--nat-address"),
        (LINE, &["--output", "yaml"], "console, json"),
    ] {
        let (code, message) = refused(content, arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {message}");
        assert!(message.contains(expected), "{arguments:?}: {message}");
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let output = analyze(&[], &[Path::new("no-such.log")]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        text(&output.stderr),
        "natspike: failed to open no-such.log: there is no such file; check the path\n"
    );
    assert_eq!(text(&output.stdout), "");
}

#[test]
fn a_recording_of_nodata_alone_is_an_answer() {
    let (code, message) = refused(&format!("{NODATA}\n{NODATA}\n"), &["--region", "us-east-1"]);
    assert_eq!((code, message.as_str()), (Some(0), ""));
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), NODATA).unwrap();
    let output = analyze(&[], &[file.path()]);
    assert!(text(&output.stdout).contains("NODATA records only"));
}

#[test]
fn reads_standard_input_and_several_files() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), LINE).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_natspike"))
        .args([
            "analyze",
            "--output",
            "json",
            "--nat-address",
            "10.0.0.220",
            "-",
        ])
        .arg(file.path())
        .env_clear()
        .stdin(Stdio::from(fs::File::open(file.path()).unwrap()))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut json = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut json)
        .unwrap();
    assert!(child.wait().unwrap().success());
    let report: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(report["bytes"]["in_from_source"], 80);
}

#[test]
fn colours_are_for_terminals_only() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), LINE).unwrap();
    let output = analyze(&[], &[file.path()]);
    assert!(!text(&output.stdout).contains('\u{1b}'));
}

#[test]
fn a_reader_that_leaves_early_is_no_failure() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let many: String = (0..20_000)
        .map(|n| LINE.replace("10.0.1.5", &format!("10.{}.{}.5", n / 250, n % 250)) + "\n")
        .collect();
    fs::write(file.path(), many).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_natspike"))
        .args(["analyze", "--top", "0"])
        .arg(file.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 10];
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut first).unwrap();
    drop(stdout);
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), text(&output.stderr)),
        (Some(0), String::new())
    );
}
