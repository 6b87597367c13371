//! Times: records of files are cut by when they begin, whatever form a time has.

use super::{Desk, shown, table};
use chrono::DateTime;
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// How long ago records begin, far from what is asked for: a test may take a while.
const AGO: [u64; 8] = [
    1,
    200,
    2 * HOUR,
    2 * DAY,
    10 * DAY,
    20 * DAY,
    45 * DAY,
    400 * DAY,
];

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
}

/// A record of the default format; its bytes say which it is.
fn record(start: u64, bytes: usize) -> String {
    let end = start + 59;
    format!(
        "2 123456789012 eni-0a1 10.0.1.5 203.0.113.9 40000 443 6 1 {bytes} {start} {end} ACCEPT OK\n"
    )
}

fn text(seconds: u64, form: &str) -> String {
    let time = DateTime::from_timestamp(seconds as i64, 0).unwrap();
    time.format(form).to_string()
}

/// The bytes of what counts, and the whole answer.
fn counted(desk: &Desk, times: &[&str]) -> (u128, Value) {
    let found = desk.found(&[&["traffic-summary", "flows.log"], times].concat());
    let rows = shown(table(&found, "traffic-summary").unwrap());
    (rows.iter().map(|(_, sums)| sums[2]).sum(), found)
}

#[test]
fn every_form_of_a_time_cuts_records_by_their_start() {
    let desk = Desk::new();
    let now = now();
    let records = AGO.iter().enumerate();
    let records = records.map(|(at, ago)| record(now - ago, 1 << at));
    desk.write("flows.log", records.collect::<String>());
    let hour = now - HOUR;
    let iso = [
        "%Y-%m-%dT%H:%M:%S",
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%dT%H:%M:%SZ",
        "%Y-%m-%d %H:%M:%SZ",
        "%Y-%m-%dT%H:%M",
        "%Y-%m-%dT%H:%M:%S+00:00",
        "%s",
    ];
    let iso: Vec<String> = iso.iter().map(|form| text(hour, form)).collect();
    let day = text(now - 3 * DAY, "%Y-%m-%d");
    let ago: [&[&str]; 8] = [
        &["30s"],
        &["5m"],
        &["1h"],
        &["3d"],
        &["2w"],
        &["1M"],
        &["1y"],
        &["10y"],
    ];
    let mut cases: Vec<(Vec<&str>, usize)> = Vec::new();
    for (at, forms) in ago.iter().enumerate() {
        // The hour is between the second and the third record.
        let all: Vec<&str> = match forms[0] {
            "1h" => iso.iter().map(String::as_str).chain(["1h"]).collect(),
            "3d" => vec![forms[0], &day],
            _ => forms.to_vec(),
        };
        let most = [1, 2, 2, 4, 5, 6, 7, 8][at];
        cases.extend(all.into_iter().map(|form| (vec![form], most)));
    }
    for (form, most) in cases {
        let form = form[0];
        // The first so many begin since then; all others before.
        let since = (1 << most) - 1;
        for option in ["--since", "--start-time"] {
            let (bytes, found) = counted(&desk, &[option, form]);
            assert_eq!(bytes, since, "{option} {form}");
            assert_eq!(found["records"]["left_out"], 8 - most, "{option} {form}");
        }
        for option in ["--until", "--end-time"] {
            let (bytes, _) = counted(&desk, &[option, form]);
            assert_eq!(bytes, 255 - since, "{option} {form}");
        }
    }
    let (bytes, _) = counted(&desk, &["--start-time", "3d", "--end-time", "1h"]);
    assert_eq!(bytes, 4 + 8);
    let (bytes, _) = counted(&desk, &["--start-time", "2w", "--end-time", "now"]);
    assert_eq!(bytes, 31);
    // A file is read whole where no time is named.
    let (bytes, found) = counted(&desk, &[]);
    assert_eq!((bytes, &found["question"]["from"]), (255, &Value::Null));
}

#[test]
fn the_end_is_not_in_the_time() {
    let desk = Desk::new();
    let start = 1_790_000_000;
    let records = [start - 1, start, start + 59, start + 60];
    let records = records
        .iter()
        .enumerate()
        .map(|(at, it)| record(*it, 1 << at));
    desk.write("flows.log", records.collect::<String>());
    let (from, until) = (start.to_string(), (start + 60).to_string());
    let (bytes, found) = counted(&desk, &["--since", &from, "--until", &until]);
    assert_eq!(bytes, 2 + 4);
    assert_eq!(found["question"]["from"], start);
    assert_eq!(found["question"]["until"], start + 60);
    let none = ["--since", "1700000000", "--until", "1700000060"];
    let (bytes, found) = counted(&desk, &none);
    assert_eq!(bytes, 0);
    let warning = found["warnings"][0].as_str().unwrap();
    assert!(
        warning.starts_with("No record is of that time"),
        "{warning}"
    );
}

#[test]
fn of_several_days_what_is_between_them_does_not_count() {
    let desk = Desk::new();
    let monday = 1_794_787_200; // 2026-11-16
    let records = (0..5).map(|day| record(monday + day * DAY + HOUR, 1 << day));
    desk.write("flows.log", records.collect::<String>());
    let (bytes, found) = counted(&desk, &["--date", "2026-11-16,2026-11-18..2026-11-19"]);
    assert_eq!(bytes, 1 + 4 + 8);
    let question = &found["question"];
    assert_eq!(question["from"], monday);
    assert_eq!(question["until"], monday + 4 * DAY);
    let times = json!([[monday, monday + DAY], [monday + 2 * DAY, monday + 4 * DAY]]);
    assert_eq!(question["times"], times);
    let asked = [
        "traffic-summary",
        "flows.log",
        "--date",
        "2026-11-16,2026-11-18",
    ];
    let said = super::text(&desk.investigate(&asked).stdout);
    let expected = "Time      records that begin in one of these: 2026-11-16 00:00:00 UTC to before \
                    2026-11-17 00:00:00 UTC, 2026-11-18";
    assert!(said.contains(expected), "{said}");
    // Days side by side are one time.
    let (bytes, found) = counted(&desk, &["--date", "2026-11-17,2026-11-16"]);
    assert_eq!((bytes, found["question"].get("times")), (3, None));
}
