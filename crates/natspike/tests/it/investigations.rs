//! `natspike investigate` as users type it: what is an analysis, what is a source.

use super::text;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const LINES: &str = "\
2 123456789012 eni-0a1 10.0.1.5 203.0.113.5 40000 443 6 9 900 1700000000 1700000060 ACCEPT OK
2 123456789012 eni-0a1 203.0.113.9 10.0.1.5 50000 22 6 1 40 1700000000 1700000060 REJECT OK
";

fn investigate(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_natspike"))
        .arg("investigate")
        .args(arguments)
        .args(["--no-history", "--quiet"])
        .env_clear()
        .current_dir(folder)
        .output()
        .expect("natspike runs")
}

#[test]
fn what_is_no_analysis_but_can_be_read_is_asked_everything() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["recording.log", "recording"] {
        fs::write(folder.path().join(name), LINES).unwrap();
    }
    for (arguments, analysis, read) in [
        (&["all", "recording.log"][..], "all", "recording.log"),
        (&["recording.log"], "all", "recording.log"),
        (&["recording"], "all", "recording"),
        (&["./recording"], "all", "./recording"),
        (&["record*.log"], "all", "record*.log"),
        (
            &["recording.log", "recording"],
            "all",
            "recording.log, recording",
        ),
        (&["rejected", "recording"], "rejected", "recording"),
        (
            &["--analysis", "rejected", "recording.log"],
            "rejected",
            "recording.log",
        ),
        (
            &[
                "--analysis",
                "rejected,ssh-inbound",
                "--log-file",
                "recording",
            ],
            "ssh-inbound, rejected",
            "recording",
        ),
    ] {
        let output = investigate(folder.path(), arguments);
        let printed = text(&output.stdout);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {error}");
        let head = format!("Analysis  {analysis}\nRead      {read}\n");
        assert!(printed.starts_with(&head), "{arguments:?}: {printed}");
        assert!(!printed.contains('\u{1b}'), "{printed:?}");
    }
}

#[test]
fn what_is_neither_is_refused_with_what_to_write() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, expected) in [
        (
            &["recordin.log"][..],
            "failed to open recordin.log: there is no such file",
        ),
        (&["ssh-in"], "'ssh-inbound'"),
        (&["everything"], "top-talkers]"),
    ] {
        let output = investigate(folder.path(), arguments);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
        assert!(error.contains(expected), "{arguments:?}: {error}");
    }
}

#[test]
fn the_help_says_what_each_analysis_answers() {
    let folder = tempfile::tempdir().unwrap();
    let help = text(&investigate(folder.path(), &["--help"]).stdout);
    let line = help.lines().find(|line| line.contains("- ssh-inbound:"));
    let said = line.expect("a line of ssh-inbound");
    assert!(
        said.ends_with("who sends to port 22 of the subject"),
        "{said}"
    );
}
