//! Input that is made to hurt: the real binary answers in bounded time and
//! memory, and what it read stays exact.
//!
//! Memory is bounded by the system (`ulimit -v`), so a program that keeps what
//! it should drop does not merely grow: it fails.
#![cfg(target_os = "linux")]

use super::text;
use flate2::{Compression, write::GzEncoder};
use serde_json::Value;
use std::io::{self, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Much more than a slow machine needs for a debug build.
const PATIENCE: Duration = Duration::from_secs(240);
/// Addresses that a program may have mapped, in MiB: half of what it is fed.
const MEMORY: u32 = 512;

const A: &str = "5 123456789012 eni-0a1 10.0.1.5 10.0.0.220 1 443 6 1 40 1700000000 1700000060 \
                 ACCEPT OK 10.0.1.5 203.0.113.5 - -";

/// What became of an analysis of standard input.
struct Done {
    code: Option<i32>,
    out: String,
    error: String,
}

impl Done {
    fn report(&self) -> Value {
        assert_eq!(self.code, Some(0), "{}", self.error);
        serde_json::from_str(&self.out).expect("the report is JSON")
    }
}

/// Analyzes what `write` writes, with little memory.
///
/// A program that stops reading before the end is no failure of the writer.
fn analyze_written<W>(arguments: &[&str], write: W) -> Done
where
    W: FnOnce(&mut ChildStdin) -> io::Result<()> + Send + 'static,
{
    let mut child = Command::new("sh")
        .args([
            "-c",
            &format!("ulimit -v {} && exec \"$@\"", MEMORY * 1024),
            "sh",
        ])
        .args([
            env!("CARGO_BIN_EXE_natspike"),
            "analyze",
            "--output",
            "json",
        ])
        .args(["--region", "us-east-1"])
        .args(arguments)
        .arg("-")
        .env_remove("AWS_REGION")
        // Each thread would otherwise set 64 MiB of addresses aside.
        .env("MALLOC_ARENA_MAX", "2")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let writer = thread::spawn(move || match write(&mut input) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => panic!("{error}"),
        _ => {}
    });
    let out = drain(child.stdout.take().unwrap());
    let error = drain(child.stderr.take().unwrap());
    let code = wait(&mut child);
    writer.join().unwrap();
    Done {
        code,
        out: out.join().unwrap(),
        error: error.join().unwrap(),
    }
}

fn drain(mut from: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).unwrap();
        text(&bytes)
    })
}

fn wait(child: &mut Child) -> Option<i32> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
            panic!("natspike was not done after {PATIENCE:?}");
        }
        thread::sleep(Duration::from_millis(20));
    }
}

fn repeat(to: &mut impl Write, byte: u8, times: u64) -> io::Result<()> {
    io::copy(&mut io::repeat(byte).take(times), to).map(|_| ())
}

#[test]
fn a_line_of_a_gibibyte_is_one_malformed_line() {
    let done = analyze_written(&[], |to| {
        writeln!(to, "{A}")?;
        repeat(to, b'x', 1 << 30)?;
        writeln!(to, "\n{A}")
    });
    let report = done.report();
    assert_eq!(report["bytes"]["in_from_source"], 80);
    assert_eq!(report["records"]["read"], 3);
    assert_eq!(report["records"]["malformed"], 1);
}

#[test]
fn a_gibibyte_without_a_newline_is_no_flow_log() {
    let done = analyze_written(&[], |to| repeat(to, b'x', 1 << 30));
    assert_eq!(done.code, Some(2), "{}", done.error);
    assert!(done.error.len() < 1_000, "{}", done.error);
}

#[test]
fn a_gzip_bomb_is_refused_with_its_limit() {
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    writeln!(bomb, "{A}").unwrap();
    repeat(&mut bomb, b'\n', 1 << 30).unwrap();
    let bomb = bomb.finish().unwrap();
    assert!(bomb.len() < 2_000_000);
    let done = analyze_written(&[], move |to| to.write_all(&bomb));
    assert_eq!(done.code, Some(2), "{}", done.error);
    assert!(done.out.is_empty(), "{}", done.out);
    assert!(done.error.contains("200 times"), "{}", done.error);
}

#[test]
fn nul_bytes_are_lines_that_cannot_be_read() {
    let done = analyze_written(&[], |to| {
        writeln!(to, "{A}\n\0\n\0\0\0 \0\n{}", A.replace("ACCEPT", "ACC\0PT"))?;
        to.write_all(&[0; 100_000])?;
        writeln!(to, "\n{A}")
    });
    let report = done.report();
    assert_eq!(report["bytes"]["in_from_source"], 80);
    assert_eq!(report["records"]["read"], 6);
    assert_eq!(report["records"]["malformed"], 4);
    let done = analyze_written(&[], |to| to.write_all(&[0; 1_000_000]));
    assert_eq!(done.code, Some(2));
    assert!(!done.error.contains('\0'), "{:?}", done.error);
}

/// Ten million records of as many pairs: 100 to 255 in six places.
fn ten_million_pairs(to: &mut impl Write) -> io::Result<()> {
    const LINE: &[u8] = b"5 123456789012 eni-0a1 10.100.100.100 10.0.0.220 1 443 6 1 40 \
        1700000000 1700000060 ACCEPT OK 10.100.100.100 198.18.100.100 - -\n";
    let octets: Vec<[u8; 3]> = (100..256)
        .map(|octet| {
            let digits = [octet / 100, octet / 10 % 10, octet % 10];
            digits.map(|digit| b'0' + u8::try_from(digit).unwrap_or(0))
        })
        .collect();
    let places: Vec<usize> = LINE
        .windows(3)
        .enumerate()
        .filter_map(|(place, part)| (part == b"100").then_some(place))
        .collect();
    let [a, b, c, pkt_a, pkt_b, pkt_c, d, e] = places[..] else {
        panic!("the line has eight octets to change");
    };
    let mut block = Vec::with_capacity(LINE.len() << 10);
    let mut line = LINE.to_vec();
    for number in 0..10_000_000_usize {
        let mut rest = number;
        for places in [&[d][..], &[c, pkt_c], &[b, pkt_b], &[e], &[a, pkt_a]] {
            for place in places {
                line[*place..*place + 3].copy_from_slice(&octets[rest % octets.len()]);
            }
            rest /= octets.len();
        }
        block.extend_from_slice(&line);
        if block.len() + LINE.len() > block.capacity() {
            to.write_all(&block)?;
            block.clear();
        }
    }
    to.write_all(&block)
}

#[test]
fn ten_million_pairs_are_added_up_exactly_in_little_memory() {
    let limits = ["--max-keys", "100000", "--nat-address", "10.0.0.220"];
    let done = analyze_written(&limits, ten_million_pairs);
    let report = done.report();
    assert_eq!(report["records"]["parsed"], 10_000_000);
    assert_eq!(report["bytes"]["in_from_source"], 400_000_000);
    assert_eq!(report["bytes"]["processed"], 400_000_000);
    let warnings = report["warnings"].to_string();
    assert!(warnings.contains("--max-keys"), "{warnings}");
}
