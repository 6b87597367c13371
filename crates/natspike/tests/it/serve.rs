//! `natspike serve`: the real server over HTTP.

mod asked;
mod guarded;
mod parts;
mod server;
#[cfg(feature = "aws")]
mod stack;

use std::fs;
use std::path::Path;
use std::process::Command;

/// A gateway's four legs, an end that is named in HTML, and SSH from outside.
const LINES: &str = "\
version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status pkt-srcaddr pkt-dstaddr pkt-src-aws-service pkt-dst-aws-service
5 123456789012 eni-0aa 10.0.1.5 10.0.0.220 40000 443 6 9 1000 1800000000 1800000060 ACCEPT OK 10.0.1.5 203.0.113.5 - S3
5 123456789012 eni-0aa 10.0.0.220 203.0.113.5 1024 443 6 9 1000 1800000000 1800000060 ACCEPT OK 10.0.0.220 203.0.113.5 - S3
5 123456789012 eni-0aa 203.0.113.5 10.0.0.220 443 1024 6 9 9000 1800000060 1800000120 ACCEPT OK 203.0.113.5 10.0.0.220 S3 -
5 123456789012 eni-0aa 10.0.0.220 10.0.1.5 443 40000 6 9 9000 1800000060 1800000120 ACCEPT OK 203.0.113.5 10.0.1.5 S3 -
5 123456789012 eni-0aa 10.0.1.6 10.0.0.220 40001 22 6 1 500 1800000120 1800000180 ACCEPT OK 10.0.1.6 198.51.100.7 - -
5 123456789012 eni-0aa 10.0.0.220 198.51.100.7 1025 22 6 1 500 1800000120 1800000180 ACCEPT OK 10.0.0.220 198.51.100.7 - -
";

/// A folder with a recording in it; gives the recording's path, too.
fn recording() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = fs::canonicalize(folder.path()).unwrap().join("nat.log");
    fs::write(&path, LINES).unwrap();
    let path = text(&path);
    (folder, path)
}

fn text(path: &Path) -> String {
    path.to_str().expect("a text").to_owned()
}

/// What a command prints, which must not fail.
fn natspike(folder: &Path, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(env!("CARGO_BIN_EXE_natspike"))
        .args(arguments)
        .env_clear()
        .env("NATSPIKE_STATE_DIR", folder.join(".state"))
        .current_dir(folder)
        .output()
        .expect("natspike runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}
