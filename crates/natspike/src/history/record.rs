//! A query as it is made: kept when it begins and when it ends.
//!
//! **Invariants.** No query fails because its history cannot be written: that is one
//! warning. Secrets of the command line are in no file.

use super::StateFolder;
use super::arguments::Arguments;
use adapters::history::{self, History, HistoryError, Words};
use anyhow::Result;
use clap::Args;
use clap::builder::FalseyValueParser;
use egress::investigate::{self, Investigation};
use serde_json::{Value, json};
use std::io::{self, Write};

/// Whether and where queries are kept.
#[derive(Args)]
#[command(next_help_heading = "History")]
pub(crate) struct Keeping {
    /// Keep neither the result nor a line in the audit log
    #[arg(long, env = "NATSPIKE_NO_HISTORY", value_parser = FalseyValueParser::new())]
    no_history: bool,

    #[command(flatten)]
    place: StateFolder,

    /// Bytes of a file of the audit log; the last five full ones stay
    #[arg(
        long,
        value_name = "BYTES",
        env = "NATSPIKE_AUDIT_BYTES",
        default_value_t = history::AUDIT_BYTES,
        hide_env_values = true
    )]
    audit_bytes: u64,
}

/// A query that was begun; one that is dropped did not end.
pub(crate) struct Query {
    kept: Option<history::Query>,
    arguments: Arguments,
}

impl Keeping {
    /// These options as arguments.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let mut arguments = vec![format!("--audit-bytes={}", self.audit_bytes)];
        arguments.extend(self.no_history.then(|| "--no-history".to_owned()));
        let folder = self.place.folder.iter();
        arguments.extend(folder.map(|folder| format!("--state-dir={}", folder.display())));
        arguments
    }

    /// The history, if queries are kept.
    pub(crate) fn history(&self) -> Option<History> {
        match self.no_history {
            true => None,
            false => self.place.open(),
        }
    }

    /// Where it is.
    pub(crate) fn folder(&self) -> Option<std::path::PathBuf> {
        self.history().map(|history| history.folder().to_owned())
    }

    /// Does the work and keeps what was asked, with which arguments, of which sources,
    /// and how it ended. The work gets the query's id, if it has one.
    pub(crate) fn during(
        &self,
        arguments: &[String],
        analysis: &str,
        sources: &[String],
        work: impl FnOnce(Option<&str>) -> Result<Investigation>,
    ) -> Result<Investigation> {
        let query = self.begin(arguments, analysis, sources);
        let done = work(query.id());
        match &done {
            Ok(found) => query.finish(found),
            Err(error) => query.fail(error),
        }
        done
    }

    /// Begins a query.
    fn begin(&self, arguments: &[String], analysis: &str, sources: &[String]) -> Query {
        let arguments = Arguments::of(arguments.iter().cloned());
        let kept = match self.no_history {
            true => None,
            false => self.start(analysis, sources, &arguments),
        };
        Query { kept, arguments }
    }

    fn start(
        &self,
        analysis: &str,
        sources: &[String],
        arguments: &Arguments,
    ) -> Option<history::Query> {
        let Some(history) = self.place.open() else {
            warn("this user has no state folder");
            return None;
        };
        let history: History = history.with_audit_bytes(self.audit_bytes);
        let asked = words(json!({
            "version": env!("CARGO_PKG_VERSION"),
            "analysis": analysis,
            "sources": arguments.list(sources),
            "arguments": arguments.shown,
        }));
        let begun = history.begin(asked);
        begun.map_err(|error| warn(&error.to_string())).ok()
    }
}

impl Query {
    /// Its id, if it is kept.
    pub(crate) fn id(&self) -> Option<&str> {
        self.kept.as_ref().map(history::Query::id)
    }

    /// Keeps the result.
    pub(crate) fn finish(self, found: &Investigation) {
        let Some(query) = self.kept else {
            return;
        };
        let mut result = Vec::new();
        let written = investigate::json::write(found, &mut result);
        let kept = match written {
            Ok(()) => query.finish(&result, outcome(found)),
            Err(error) => query.fail(&format!("write the result: {error}")),
        };
        check(kept);
    }

    /// Keeps why there is none.
    pub(crate) fn fail(self, error: &anyhow::Error) {
        if let Some(query) = self.kept {
            check(query.fail(&self.arguments.text(&format!("{error:#}"))));
        }
    }
}

/// What came out, for the log.
fn outcome(found: &Investigation) -> Words {
    let tables = found.tables.iter();
    let rows: Vec<Value> = tables
        .map(|table| {
            json!({
                "analysis": table.analysis,
                "view": table.view,
                "rows": table.rows.len(),
            })
        })
        .collect();
    words(json!({
        "records": found.records,
        "tables": rows,
        "schemas": [found.schema],
    }))
}

fn words(value: Value) -> Words {
    match value {
        Value::Object(words) => words,
        _ => Words::new(),
    }
}

fn check(done: Result<(), HistoryError>) {
    if let Err(error) = done {
        warn(&error.to_string());
    }
}

fn warn(why: &str) {
    let _ = writeln!(
        io::stderr(),
        "natspike: this query is not in the history: {why}; name another folder with --state-dir, \
         or go without by --no-history"
    );
}

#[cfg(test)]
mod tests {
    use super::{Keeping, StateFolder};
    use adapters::history::AUDIT_BYTES;
    use anyhow::{anyhow, bail};
    use egress::investigate::{Investigation, json};
    use std::fs;
    use std::path::Path;

    const FOUND: &str = include_str!("../../../egress/tests/investigations/all/found.json");

    fn keeping(folder: &Path) -> Keeping {
        Keeping {
            no_history: false,
            place: StateFolder {
                folder: Some(folder.to_owned()),
            },
            audit_bytes: AUDIT_BYTES,
        }
    }

    fn found() -> Investigation {
        json::read(FOUND.as_bytes()).expect("an investigation")
    }

    #[test]
    fn a_query_is_kept_with_its_outcome() {
        let folder = tempfile::tempdir().unwrap();
        let keeping = keeping(folder.path());
        let history = keeping.place.open().unwrap();
        let sources = ["https://user:pass@example.com/a".to_owned()];
        let mut id = None;
        let done = keeping.during(&[], "all", &sources, |it| {
            id = it.map(str::to_owned);
            Ok(found())
        });
        assert_eq!(done.unwrap(), found());
        let failed = keeping.during(&[], "all", &sources, |_| {
            bail!("read a.log: it is not there")
        });
        assert!(failed.is_err());
        let log = history.read().unwrap();
        let [failed, done] = &log.entries[..] else {
            panic!("{log:?}");
        };
        let error = failed.end.as_ref().unwrap().error.as_deref();
        assert_eq!(error, Some("read a.log: it is not there"));
        assert_eq!(Some(&done.id), id.as_ref());
        assert_eq!(done.asked["sources"][0], "https://***@example.com/a");
        let outcome = &done.end.as_ref().unwrap().outcome;
        assert_eq!(outcome["tables"][0]["rows"], 4);
        assert_eq!(outcome["schemas"][0], "natspike.investigation/1");
        assert_eq!(outcome["records"]["read"], 1_000_027);
        let kept = history.result(&done.id).unwrap().unwrap();
        assert_eq!(json::read(&kept).unwrap(), found());
    }

    #[test]
    fn no_query_fails_because_of_its_history() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("natspike"), "a file").unwrap();
        let mut keeping = keeping(folder.path());
        let work = |id: Option<&str>| match id {
            Some(_) => Err(anyhow!("nothing can be kept there")),
            None => Ok(found()),
        };
        assert!(keeping.during(&[], "all", &[], work).is_ok());
        keeping.no_history = true;
        keeping.place.folder = Some(folder.path().join("other"));
        assert!(keeping.during(&[], "all", &[], work).is_ok());
        assert!(!folder.path().join("other").exists());
    }
}
