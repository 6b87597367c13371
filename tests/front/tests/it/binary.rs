//! The program as the rehearsal runs it.

use crate::wire::{Upstream, send};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Command, Stdio};

fn front(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_front"));
    command
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

#[test]
fn runs_until_sigterm_and_ends_with_0() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, rules) = (
        folder.path().join("calls.jsonl"),
        folder.path().join("rules.json"),
    );
    std::fs::write(&rules, r#"[{"operation":"GET /x","kind":"denied"}]"#).unwrap();
    let upstream = Upstream::echo();
    let mut program = front(&["--listen", "127.0.0.1:0", "--upstream", &upstream.url()])
        .arg("--journal")
        .arg(&journal)
        .arg("--rules")
        .arg(&rules)
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(program.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let address: SocketAddr = line.trim().rsplit('/').next().unwrap().parse().unwrap();
    assert_eq!(send(address, "GET /x", &[], b"").unwrap().status(), 403);
    assert_eq!(send(address, "GET /x", &[], b"").unwrap().status(), 200);
    let stopped = Command::new("kill")
        .args(["-TERM", &program.id().to_string()])
        .status()
        .unwrap();
    assert!(stopped.success());
    assert_eq!(program.wait().unwrap().code(), Some(0));
    assert_eq!(std::fs::read_to_string(journal).unwrap().lines().count(), 2);
}

#[test]
fn refuses_everything_that_is_not_loopback() {
    let cases = [
        (
            ["--listen", "0.0.0.0:0", "--upstream", "http://127.0.0.1:1"],
            "loopback addresses only",
        ),
        (
            [
                "--listen",
                "127.0.0.1:0",
                "--upstream",
                "http://192.0.2.1:80",
            ],
            "must be a local AWS",
        ),
        (
            [
                "--listen",
                "127.0.0.1:0",
                "--upstream",
                "https://ec2.us-east-1.amazonaws.com",
            ],
            "must be a local AWS",
        ),
        (
            [
                "--listen",
                "127.0.0.1:9",
                "--upstream",
                "http://localhost:9",
            ],
            "the front's own address",
        ),
    ];
    for (arguments, expected) in cases {
        let output = front(&arguments).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(
            error.starts_with("front: failed to ") && error.contains(expected),
            "{error}"
        );
    }
}

#[test]
fn says_what_is_wrong_with_rules_and_journal() {
    let here = [
        "--listen",
        "127.0.0.1:0",
        "--upstream",
        "http://127.0.0.1:1",
    ];
    for (option, expected) in [
        ("--rules", "read the rules /nowhere/file"),
        ("--journal", "write the journal /nowhere/file"),
    ] {
        let output = front(&here)
            .args([option, "/nowhere/file"])
            .output()
            .unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(error.contains(expected), "{error}");
    }
}
