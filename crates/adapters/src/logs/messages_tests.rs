//! Messages that come through queries, against a server that has them by the second.

use super::super::{Events, Logs, Seen};
use super::{by_slices, cut};
use crate::aws::{Choice, config_of};
use flowlog::{FlowTable, Layout};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// Rows of a query and of a page: a hundredth of what the service has.
const MOST: usize = 1_000;
const PAGE: usize = 100;
/// All records of the log group.
const FLOWS: Events<'_> = Events {
    log_group: "flows",
    word: None,
};

/// A log group: how many records each second has.
struct Group {
    seconds: BTreeMap<u64, usize>,
    /// It says how many events a query found.
    has_statistics: bool,
    /// Each query, by the seconds that it asks for, both ends included.
    queries: Mutex<Vec<(u64, u64, usize)>>,
}

impl Group {
    fn start(seconds: &[(u64, usize)], has_statistics: bool) -> (Arc<Group>, String) {
        let group = Arc::new(Group {
            seconds: seconds.iter().copied().collect(),
            has_statistics,
            queries: Mutex::new(Vec::new()),
        });
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let served = Arc::clone(&group);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let group = Arc::clone(&served);
                std::thread::spawn(move || serve(stream, &group));
            }
        });
        (group, url)
    }

    fn answer(&self, operation: &str, body: &Value) -> Value {
        let mut queries = self.queries.lock().unwrap();
        let number = |name: &str| body[name].as_u64().unwrap();
        if operation == "StartQuery" {
            assert_eq!(body["queryString"], "fields @message | limit 1000");
            let limit = usize::try_from(number("limit")).unwrap();
            queries.push((number("startTime"), number("endTime"), limit));
            return json!({"queryId": (queries.len() - 1).to_string()});
        }
        let id: usize = body["queryId"].as_str().unwrap().parse().unwrap();
        let (from, to, limit) = queries[id];
        let token = body["nextToken"].as_str().unwrap_or("0");
        let first: usize = token.parse().unwrap();
        let found = self.seconds.range(from..=to);
        let found: Vec<u64> = found.flat_map(|(at, count)| vec![*at; *count]).collect();
        let given = &found[..found.len().min(limit)];
        let last = given.len().min(first + PAGE);
        let rows = given[first..last].iter().map(|at| {
            let message = format!("10.0.1.5 203.0.113.5 443 100 {at}");
            json!([{"field": "@message", "value": message}, {"field": "@ptr", "value": "p"}])
        });
        let rows: Vec<Value> = rows.collect();
        let mut answer = json!({"status": "Complete", "results": rows});
        if last < given.len() {
            answer["nextToken"] = last.to_string().into();
        }
        if self.has_statistics {
            answer["statistics"] = json!({"recordsMatched": found.len() as f64});
        }
        answer
    }

    fn queries(&self) -> Vec<Range<u64>> {
        let queries = self.queries.lock().unwrap();
        queries.iter().map(|(from, to, _)| *from..to + 1).collect()
    }
}

fn serve(mut stream: TcpStream, group: &Group) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let (mut length, mut operation) = (0, String::new());
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            let line = line.trim_end();
            match line.split_once(": ") {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.parse().unwrap();
                }
                Some((name, value)) if name.eq_ignore_ascii_case("x-amz-target") => {
                    operation = value.rsplit('.').next().unwrap().to_owned();
                }
                Some(_) => {}
                None if line.is_empty() => break,
                None => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let body = serde_json::from_slice(&body).unwrap();
        let content = group.answer(&operation, &body).to_string();
        let head = format!(
            "HTTP/1.1 200 X\r\ncontent-length: {}\r\n\r\n",
            content.len()
        );
        if stream.write_all((head + &content).as_bytes()).is_err() {
            return;
        }
    }
}

struct Outcome {
    records: u64,
    bytes: u128,
    seen: u64,
    missing: Vec<Range<u64>>,
    why: String,
}

async fn read(url: String, time: Range<u64>, keep_going: bool) -> Result<Outcome, String> {
    let choice = Choice {
        region: Some("us-east-1".to_owned()),
        keys: Some(("a".to_owned(), "b".to_owned(), None)),
        ..Choice::default()
    };
    let config = config_of(choice).await.into_builder().endpoint_url(url);
    let logs = Logs::new(&config.build());
    let layout = Layout::from_log_format("${srcaddr} ${dstaddr} ${dstport} ${bytes} ${start}");
    let empty = FlowTable::with_layout(layout.unwrap());
    let records = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&records);
    let seen: Seen = Arc::new(move |_, records| {
        counted.fetch_add(records, Ordering::Relaxed);
    });
    let (table, missing) = by_slices(&logs, FLOWS, time, &empty, keep_going, seen, MOST)
        .await
        .map_err(|missing| format!("{:?} {}", missing.time, missing.error))?;
    let why = missing.iter().map(|missing| missing.error.to_string());
    Ok(Outcome {
        records: table.counts().parsed,
        bytes: table.flows().map(|flow| flow.sum.bytes).sum(),
        seen: records.load(Ordering::Relaxed),
        why: why.collect(),
        missing: missing.into_iter().map(|missing| missing.time).collect(),
    })
}

/// Every second is in exactly one of the slices that were not cut again.
fn covered_once(mut slices: Vec<Range<u64>>, time: &Range<u64>) -> bool {
    let whole = slices.clone();
    slices.retain(|one| {
        let is_within =
            |other: &&Range<u64>| *other != one && one.start <= other.start && other.end <= one.end;
        whole.iter().find(is_within).is_none()
    });
    slices.sort_by_key(|slice| slice.start);
    let mut at = time.start;
    for slice in slices {
        if slice.start != at {
            return false;
        }
        at = slice.end;
    }
    at == time.end
}

#[tokio::test]
async fn a_few_messages_are_one_query() {
    let (group, url) = Group::start(&[(99, 1), (100, 2), (159, 3), (160, 4)], true);
    let outcome = read(url, 100..160, false).await.unwrap();
    assert_eq!((outcome.records, outcome.bytes), (5, 500));
    assert_eq!(group.queries(), std::slice::from_ref(&(100..160)));
}

#[tokio::test]
async fn many_are_cut_into_slices_that_neither_overlap_nor_miss_a_second() {
    let time = 1_000..1_600;
    // Crowded at the edges of slices and at one end.
    let seconds = [
        (1_000, 300),
        (1_149, 400),
        (1_150, 400),
        (1_299, 250),
        (1_300, 250),
        (1_598, 600),
        (1_599, 600),
    ];
    for has_statistics in [true, false] {
        let (group, url) = Group::start(&seconds, has_statistics);
        let outcome = read(url, time.clone(), false).await.unwrap();
        assert_eq!(outcome.records, 2_800);
        assert_eq!(outcome.bytes, 280_000);
        assert_eq!(outcome.seen, 2_800, "what was cut is not counted");
        assert!(
            covered_once(group.queries(), &time),
            "{:?}",
            group.queries()
        );
    }
}

#[tokio::test]
async fn a_second_that_is_too_large_is_named() {
    let seconds = [(1_000, 10), (1_007, 1_000), (1_009, 20)];
    let (_, url) = Group::start(&seconds, true);
    let error = read(url.clone(), 1_000..1_010, false).await.err().unwrap();
    assert!(error.starts_with("1007..1008 "), "{error}");
    assert!(
        error.contains("1000 records or more began in this second"),
        "{error}"
    );
    let outcome = read(url, 1_000..1_010, true).await.unwrap();
    assert_eq!(outcome.records, 30);
    assert_eq!(outcome.missing, std::slice::from_ref(&(1_007..1_008)));
    assert!(outcome.why.contains("gives no more"), "{}", outcome.why);
}

#[test]
fn slices_are_cut_by_whole_seconds() {
    for (slice, parts, expected) in [
        (0..10, 2, vec![0..5, 5..10]),
        (0..10, 3, vec![0..4, 4..8, 8..10]),
        (7..9, 64, vec![7..8, 8..9]),
        (5..8, 2, vec![5..7, 7..8]),
    ] {
        assert_eq!(cut(&slice, parts), expected);
    }
}
