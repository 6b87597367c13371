//! Recordings of a stack as a list: what was recorded when, why it ended, what it
//! showed, or why nothing was recorded.
//!
//! **Invariants.** Plain data, the newest first; a figure is that of the recording's
//! own report, and what it does not say is not known. Fields of the JSON, schema
//! `natspike.recordings/1`, are added and never renamed.

use crate::columns::{Align, Columns, Line};
use crate::price::Money;
use crate::report::text::{grouped, one_line, percent, round_money, time};
use anstyle::Style;
use rust_decimal::prelude::ToPrimitive;
use serde::{Serialize, Serializer};
use serde_json::Value;
use std::io::{self, Write};

const DIM: Style = Style::new().dimmed();
/// The schema's name and version.
const SCHEMA: &str = "natspike.recordings/1";
const KEYS: [(&str, Align); 4] = [
    // It begins with the gateway.
    ("execution", Align::Left),
    ("when", Align::Left),
    ("by", Align::Left),
    ("what", Align::Left),
];
const FIGURES: [&str; 4] = ["seconds", "bytes", "cost/h", "coverage"];
/// What stands where nothing is known.
const UNKNOWN: &str = "-";

/// What became of an execution, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Became {
    /// It is under way.
    Running,
    /// It has a report.
    Recorded,
    /// Another execution had the gateway.
    Held,
    /// NumOfRecordings was used up.
    Spent,
    /// It broke off, or was not analyzed.
    Failed,
}

/// A recording, or why there was none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Recording {
    /// The execution's name.
    pub execution: String,
    /// The gateway, where the execution says it.
    pub gateway: Option<String>,
    /// When the execution began, in Unix seconds.
    pub started: u64,
    /// When the execution ended, in Unix seconds.
    pub ended: Option<u64>,
    /// `RUNNING`, `SUCCEEDED`, `FAILED`, `TIMED_OUT` or `ABORTED`, as Step Functions
    /// has it.
    pub status: String,
    /// What became of it.
    pub became: Became,
    /// What it began by: `alarm` or `hand`.
    pub started_by: Option<String>,
    /// Why its recording ended: `cleared`, `time`, `limit` or `stopped`.
    pub end_reason: Option<String>,
    /// Why there is no report, as a sentence.
    pub why_not: Option<String>,
    /// How long the flow log was on, where that is known.
    pub seconds: Option<u64>,
    /// What its report says.
    #[serde(flatten)]
    pub figures: Figures,
    /// What reports on it; none where nothing was recorded.
    pub source: Option<String>,
}

/// What the report of a recording says in few figures.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// Bytes that were billed.
    #[serde(serialize_with = "bytes")]
    pub bytes: Option<u128>,
    /// The full cost of an hour.
    #[serde(serialize_with = "money")]
    pub cost_per_hour: Option<Money>,
    /// Whether some charges have no price, so that it is at least that.
    pub cost_is_at_least: bool,
    /// Of what the metrics counted, the part that was recorded: 0 to 1.
    #[serde(serialize_with = "money")]
    pub coverage: Option<Money>,
    /// Of the cost.
    pub currency: Option<String>,
}

impl Figures {
    /// Of a report.json; what cannot be read is not known.
    pub fn read(report: &[u8]) -> Figures {
        let report: Value = serde_json::from_slice(report).unwrap_or_default();
        let cost = &report["cost"];
        let without = cost["full_is_without"].as_array();
        Figures {
            bytes: integer(&report["bytes"]["processed"]),
            cost_per_hour: decimal(&cost["full_per_hour"]),
            cost_is_at_least: without.is_some_and(|names| !names.is_empty()),
            coverage: decimal(&report["coverage"]["share"]),
            currency: cost["currency"].as_str().map(str::to_owned),
        }
    }
}

fn integer(value: &Value) -> Option<u128> {
    match value {
        Value::String(text) => text.parse().ok(),
        value => value.as_u64().map(u128::from),
    }
}

/// A number as the report has written it.
fn decimal(value: &Value) -> Option<Money> {
    let text = value.as_number()?.to_string();
    let exact = text.parse().ok();
    exact.or_else(|| Money::from_scientific(&text).ok())
}

fn bytes<S: Serializer>(bytes: &Option<u128>, to: S) -> Result<S::Ok, S::Error> {
    match bytes.map(u64::try_from) {
        None => to.serialize_none(),
        Some(Ok(bytes)) => to.serialize_u64(bytes),
        Some(Err(_)) => to.serialize_str(&bytes.unwrap_or_default().to_string()),
    }
}

fn money<S: Serializer>(money: &Option<Money>, to: S) -> Result<S::Ok, S::Error> {
    money.and_then(|money| money.to_f64()).serialize(to)
}

/// A list of recordings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recordings {
    /// The stack.
    pub stack: String,
    /// Its region.
    pub region: String,
    /// Those that are shown, the newest first.
    pub recordings: Vec<Recording>,
    /// Whether there are older ones.
    pub older: bool,
}

impl Recordings {
    /// Writes it for a terminal.
    pub fn console(&self, out: &mut dyn Write) -> io::Result<()> {
        let rows: Vec<Line> = self.recordings.iter().map(line).collect();
        if rows.is_empty() {
            let (stack, region) = (one_line(&self.stack), one_line(&self.region));
            return writeln!(
                out,
                "Stack {stack} in {region} has not recorded yet, or not in the last 90 days."
            );
        }
        let columns = Columns::new(&KEYS, &FIGURES, rows.iter());
        for head in columns.head() {
            writeln!(out, "{DIM}{head}{DIM:#}")?;
        }
        for line in rows.iter().flat_map(|row| columns.lines(row)) {
            writeln!(out, "{line}")?;
        }
        if self.older {
            writeln!(out, "{DIM}and older ones (--limit shows more){DIM:#}")?;
        }
        Ok(())
    }

    /// Writes it as JSON.
    pub fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, &self.value())?;
        out.write_all(b"\n")
    }

    /// The same as a JSON value.
    pub fn value(&self) -> Value {
        serde_json::json!({
            "schema": SCHEMA,
            "stack": self.stack,
            "region": self.region,
            "recordings": self.recordings,
            "older": self.older,
        })
    }
}

fn line(recording: &Recording) -> Line {
    let Recording { figures, .. } = recording;
    let unknown = || UNKNOWN.to_owned();
    let cost = figures.cost_per_hour.zip(figures.currency.as_deref());
    Line {
        keys: vec![
            recording.execution.clone(),
            time(recording.started),
            recording.started_by.clone().unwrap_or_else(unknown),
            what(recording).to_owned(),
        ],
        figures: vec![
            recording
                .seconds
                .map_or_else(unknown, |it| grouped(it.into())),
            figures.bytes.map_or_else(unknown, grouped),
            cost.map_or_else(unknown, |(cost, currency)| {
                let least = if figures.cost_is_at_least { ">=" } else { "" };
                format!("{least}{}", round_money(cost, currency))
            }),
            figures.coverage.map_or_else(unknown, percent),
        ],
        note: recording
            .why_not
            .as_deref()
            .map(one_line)
            .unwrap_or_default(),
    }
}

/// What became of it, and why it ended.
fn what(recording: &Recording) -> &str {
    match (recording.became, recording.end_reason.as_deref()) {
        (Became::Running, None) => "running",
        (Became::Running, Some(_)) => "ended, not analyzed yet",
        (Became::Held, _) => "not recorded: held",
        (Became::Spent, _) => "not recorded: spent",
        (Became::Failed, _) => "failed",
        (Became::Recorded, Some("cleared")) => "alarm cleared",
        (Became::Recorded, Some("time")) => "time over",
        (Became::Recorded, Some("limit")) => "limit reached",
        (Became::Recorded, Some("stopped")) => "stopped by hand",
        (Became::Recorded, _) => "recorded",
    }
}

#[cfg(test)]
mod tests {
    use super::{Became, Figures, Recording, Recordings};

    fn recording(execution: &str, became: Became) -> Recording {
        Recording {
            execution: execution.to_owned(),
            gateway: Some("nat-0a1b2c3d4e5f60718".to_owned()),
            started: 1_795_218_245,
            ended: None,
            status: "RUNNING".to_owned(),
            became,
            started_by: Some("hand".to_owned()),
            end_reason: None,
            why_not: None,
            seconds: None,
            figures: Figures::default(),
            source: Some(format!("recording:{execution}")),
        }
    }

    fn list() -> Recordings {
        Recordings {
            stack: "natspike".to_owned(),
            region: "us-east-1".to_owned(),
            recordings: vec![
                recording("e-2", Became::Running),
                Recording {
                    end_reason: Some("stopped".to_owned()),
                    seconds: Some(1_360),
                    figures: Figures::read(
                        br#"{"bytes": {"processed": 9000001000},
                            "cost": {"currency": "USD", "full_per_hour": 0.3772,
                                     "full_is_without": ["zone"]},
                            "coverage": {"share": 0.985}}"#,
                    ),
                    ..recording("e-1", Became::Recorded)
                },
                Recording {
                    why_not: Some("Another execution had\nthe gateway.".to_owned()),
                    source: None,
                    ..recording("e-0", Became::Held)
                },
            ],
            older: true,
        }
    }

    #[test]
    fn says_what_is_known_and_no_more() {
        let mut out = Vec::new();
        list().console(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        for said in [
            "stopped by hand",
            "1,360",
            "9,000,001,000",
            ">=$0.38",
            "98.5 %",
            "running",
            "not recorded: held",
            "Another execution had the gateway.",
            "--limit",
        ] {
            assert!(text.contains(said), "{said:?} is not in\n{text}");
        }
        let none = Recordings::default();
        let mut out = Vec::new();
        none.console(&mut out).unwrap();
        assert!(String::from_utf8(out).unwrap().contains("not recorded yet"));
    }

    #[test]
    fn figures_are_numbers_in_json_and_what_is_unknown_is_null() {
        let mut out = Vec::new();
        list().json(&mut out).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(json["schema"], "natspike.recordings/1");
        let rows = &json["recordings"];
        assert_eq!(rows[0]["bytes"], serde_json::Value::Null);
        assert_eq!(rows[0]["became"], "running");
        assert_eq!(rows[1]["bytes"], 9_000_001_000_u64);
        assert_eq!(rows[1]["cost_per_hour"], serde_json::json!(0.3772));
        assert_eq!(rows[1]["cost_is_at_least"], true);
        assert_eq!(rows[1]["coverage"], serde_json::json!(0.985));
        assert_eq!(rows[2]["source"], serde_json::Value::Null);
    }

    #[test]
    fn a_report_that_cannot_be_read_has_no_figures() {
        for text in ["", "{", "[]", r#"{"bytes": {"processed": -1}}"#] {
            assert_eq!(Figures::read(text.as_bytes()), Figures::default(), "{text}");
        }
        let large = br#"{"bytes": {"processed": "36893488147419103232"}}"#;
        assert_eq!(Figures::read(large).bytes, Some(1 << 65));
    }
}
