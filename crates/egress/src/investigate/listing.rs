//! Queries that were made before, as a list.
//!
//! **Invariants.** Plain data, the newest first; what the log does not say is not
//! known. Fields of the JSON, schema `natspike.history/1`, are added and never renamed.

use super::csv::iso;
use super::text::UNKNOWN;
use crate::columns::{Align, Columns, Line};
use crate::report::text::{grouped, harmless, one_line, time};
use anstyle::Style;
use csv::Writer;
use serde::Serialize;
use std::io::{self, Write};

const DIM: Style = Style::new().dimmed();
/// The schema's name and version.
const SCHEMA: &str = "natspike.history/1";
const KEYS: [(&str, Align); 4] = [
    ("id", Align::Left),
    ("when", Align::Left),
    ("analysis", Align::Left),
    ("outcome", Align::Left),
];
const FIGURES: [&str; 2] = ["rows", "duration"];
/// How many sources are named.
const NAMED: usize = 3;

/// How a query ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It has a result.
    Done,
    /// It has an error.
    Failed,
    /// It is under way.
    Running,
    /// It was killed.
    DidNotEnd,
}

impl Outcome {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Outcome::Done => "done",
            Outcome::Failed => "failed",
            Outcome::Running => "running",
            Outcome::DidNotEnd => "did not end",
        }
    }
}

/// A query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// Its id.
    pub id: String,
    /// When it began, in Unix seconds.
    pub at: Option<u64>,
    /// The analysis.
    pub analysis: Option<String>,
    /// What was read.
    pub sources: Vec<String>,
    /// As it was typed, without secrets.
    pub arguments: Vec<String>,
    /// The version of natspike.
    pub version: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it failed.
    pub error: Option<String>,
    /// Rows of all tables.
    pub rows: Option<u64>,
    /// Records that were read.
    pub records: Option<u64>,
    /// What it took.
    pub milliseconds: Option<u64>,
}

/// A list of queries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// The folder that they are in.
    pub folder: String,
    /// Those that are shown.
    pub queries: Vec<Listed>,
    /// How many there are beyond those.
    pub hidden: usize,
    /// Lines of the log that say nothing.
    pub unreadable: u64,
}

impl Listing {
    /// Writes it for a terminal.
    pub fn console(&self, out: &mut dyn Write) -> io::Result<()> {
        let rows: Vec<Line> = self.queries.iter().map(line).collect();
        let columns = Columns::new(&KEYS, &FIGURES, rows.iter());
        match rows.is_empty() {
            true => writeln!(out, "No query is kept in {}.", one_line(&self.folder))?,
            false => {
                for head in columns.head() {
                    writeln!(out, "{DIM}{head}{DIM:#}")?;
                }
            }
        }
        for line in rows.iter().flat_map(|row| columns.lines(row)) {
            writeln!(out, "{line}")?;
        }
        if self.hidden > 0 {
            let hidden = grouped(self.hidden as u128);
            writeln!(
                out,
                "{DIM}and {hidden} older ones (--limit 0 shows all){DIM:#}"
            )?;
        }
        if self.unreadable > 0 {
            let lines = grouped(self.unreadable.into());
            writeln!(
                out,
                "{lines} lines of the log are not whole or not of natspike."
            )?;
        }
        Ok(())
    }

    /// Writes it as JSON.
    pub fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        let value = serde_json::json!({
            "schema": SCHEMA,
            "folder": self.folder,
            "queries": self.queries,
            "older": self.hidden,
            "unreadable_lines": self.unreadable,
        });
        serde_json::to_writer_pretty(&mut *out, &value)?;
        out.write_all(b"\n")
    }

    /// Writes it as CSV.
    pub fn csv(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut rows = Writer::from_writer(out);
        rows.write_record([
            "id",
            "at",
            "analysis",
            "sources",
            "outcome",
            "error",
            "rows",
            "records",
            "milliseconds",
            "version",
        ])?;
        for query in &self.queries {
            let number = |number: Option<u64>| number.map_or(String::new(), |it| it.to_string());
            let text = |text: &Option<String>| harmless(text.as_deref().unwrap_or_default());
            rows.write_record([
                query.id.clone(),
                query.at.map_or(String::new(), iso),
                text(&query.analysis),
                harmless(&query.sources.join(" ")),
                query.outcome.words().to_owned(),
                text(&query.error),
                number(query.rows),
                number(query.records),
                number(query.milliseconds),
                text(&query.version),
            ])?;
        }
        rows.flush()
    }
}

fn line(query: &Listed) -> Line {
    let analysis = query.analysis.as_deref().map(one_line);
    Line {
        keys: vec![
            query.id.clone(),
            query.at.map_or(UNKNOWN.to_owned(), time),
            analysis.unwrap_or(UNKNOWN.to_owned()),
            query.outcome.words().to_owned(),
        ],
        figures: vec![
            query
                .rows
                .map_or(UNKNOWN.to_owned(), |rows| grouped(rows.into())),
            query.milliseconds.map_or(UNKNOWN.to_owned(), seconds),
        ],
        note: note(query),
    }
}

fn note(query: &Listed) -> String {
    let mut note = query
        .sources
        .iter()
        .take(NAMED)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    if query.sources.len() > NAMED {
        note += &format!(", {} more", query.sources.len() - NAMED);
    }
    match (&query.error, note.is_empty()) {
        (Some(error), true) => format!("failed to {error}"),
        (Some(error), false) => format!("{note}: failed to {error}"),
        (None, _) => note,
    }
}

/// To the thousandth.
fn seconds(milliseconds: u64) -> String {
    let whole = grouped(u128::from(milliseconds / 1_000));
    format!("{whole}.{:03} s", milliseconds % 1_000)
}

#[cfg(test)]
mod tests {
    use super::{Listed, Listing, Outcome};
    use std::io::{self, Write};

    fn written(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        write(&mut out).expect("memory can be written");
        let text = String::from_utf8(out).expect("text");
        anstream::adapter::strip_str(&text).to_string()
    }

    fn listing() -> Listing {
        let query = |id: &str, outcome| Listed {
            id: id.to_owned(),
            at: Some(1_700_000_000),
            analysis: Some("top-external".to_owned()),
            sources: vec!["recording.log".to_owned()],
            arguments: vec!["investigate".to_owned()],
            version: Some("0.1.0".to_owned()),
            outcome,
            error: None,
            rows: None,
            records: None,
            milliseconds: None,
        };
        let sources = ["a", "=b", "c\n", "d", "e"].map(str::to_owned).to_vec();
        Listing {
            folder: "state".to_owned(),
            queries: vec![
                Listed {
                    rows: Some(1_234),
                    records: Some(5_000_000),
                    milliseconds: Some(61_007),
                    ..query("3k2m9x7q", Outcome::Done)
                },
                Listed {
                    error: Some("read recording.log: it is not there".to_owned()),
                    milliseconds: Some(12),
                    ..query("3k2m9x70", Outcome::Failed)
                },
                Listed {
                    at: None,
                    analysis: None,
                    sources,
                    ..query("3k2m9x6z", Outcome::DidNotEnd)
                },
            ],
            hidden: 4_000,
            unreadable: 2,
        }
    }

    #[test]
    fn a_list_is_aligned_and_says_what_is_missing() {
        assert_eq!(
            written(|out| listing().console(out)),
            "\
id        when                     analysis      outcome       rows  duration
3k2m9x7q  2023-11-14 22:13:20 UTC  top-external  done         1,234  61.007 s  recording.log
3k2m9x70  2023-11-14 22:13:20 UTC  top-external  failed           -   0.012 s
  recording.log: failed to read recording.log: it is not there
3k2m9x6z  -                        -             did not end      -         -  a, =b, c , 2 more
and 4,000 older ones (--limit 0 shows all)
2 lines of the log are not whole or not of natspike.
"
        );
        let none = Listing {
            folder: "state".to_owned(),
            ..Listing::default()
        };
        assert_eq!(
            written(|out| none.console(out)),
            "No query is kept in state.\n"
        );
    }

    #[test]
    fn a_list_is_read_by_programs() {
        assert_eq!(
            written(|out| listing().csv(out)),
            "\
id,at,analysis,sources,outcome,error,rows,records,milliseconds,version
3k2m9x7q,2023-11-14T22:13:20Z,top-external,recording.log,done,,1234,5000000,61007,0.1.0
3k2m9x70,2023-11-14T22:13:20Z,top-external,recording.log,failed,read recording.log: it is not there,,,12,0.1.0
3k2m9x6z,,,a =b c  d e,did not end,,,,,0.1.0
"
        );
        let json: serde_json::Value =
            serde_json::from_str(&written(|out| listing().json(out))).expect("JSON");
        assert_eq!(json["schema"], "natspike.history/1");
        assert_eq!(json["queries"][0]["outcome"], "done");
        assert_eq!(json["queries"][2]["outcome"], "did-not-end");
        assert_eq!(
            (&json["older"], &json["unreadable_lines"]),
            (&4_000.into(), &2.into())
        );
    }
}
