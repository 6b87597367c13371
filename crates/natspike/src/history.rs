//! `natspike history` and `natspike show`: queries that were made before.

mod arguments;
pub(crate) mod record;

use adapters::history::{Entry, History, HistoryError, Log, MOST_RESULTS, typed};
use anyhow::{Context, Result, anyhow};
use clap::{Args, Subcommand, ValueEnum, ValueHint};
use egress::investigate::listing::{Listed, Listing, Outcome};
use egress::investigate::{self, Investigation};
use serde_json::Value;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

/// How many ids are named where several are meant.
const NAMED: usize = 5;

/// List the queries of natspike investigate that were made before
///
/// A query is kept with what was asked (without secrets), how it ended, and its
/// result, which natspike show prints again. The last 500 results are kept, of at most
/// 1 GiB, and the log of queries has at most six files.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Command {
    #[command(subcommand)]
    action: Option<Action>,

    /// Queries that are listed, the newest first; 0 is all
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,

    /// Form of the list
    #[arg(long, value_enum, default_value_t = ListForm::Console)]
    output: ListForm,

    #[command(flatten)]
    place: StateFolder,
}

#[derive(Subcommand)]
enum Action {
    /// Remove the log and all results
    Clear(Clear),
}

#[derive(Args)]
struct Clear {
    #[command(flatten)]
    place: StateFolder,
}

/// Print the result of a query again, in any form
#[derive(Args)]
pub(crate) struct Show {
    /// Id of the query, or its beginning
    id: String,

    /// Form of the result
    #[arg(long, value_enum, default_value_t = Form::Console)]
    output: Form,

    #[command(flatten)]
    place: StateFolder,
}

/// Where the history is.
#[derive(Args)]
pub(crate) struct StateFolder {
    /// Folder that holds the history [default: the user's state folder]
    #[arg(
        id = "state_folder",
        long = "state-dir",
        value_name = "FOLDER",
        env = "NATSPIKE_STATE_DIR",
        value_hint = ValueHint::DirPath,
        hide_env_values = true
    )]
    folder: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum ListForm {
    /// An aligned table for a terminal
    Console,
    /// JSON, schema natspike.history/1
    Json,
    /// CSV, a row for each query
    Csv,
}

/// A form of an investigation.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// Aligned tables for a terminal
    Console,
    /// JSON, schema natspike.investigation/1
    Json,
    /// CSV, one table of the rows of all tables, for a notebook
    Csv,
    /// Markdown, for an issue or a wiki
    Markdown,
}

impl Form {
    /// Writes the investigation to standard output.
    pub(crate) fn print(self, found: &Investigation) -> Result<()> {
        let mut out = stdout();
        match self {
            Form::Console => investigate::console::write(found, &mut out),
            Form::Json => investigate::json::write(found, &mut out),
            Form::Csv => investigate::csv::write(found, &mut out),
            Form::Markdown => investigate::markdown::write(found, &mut out),
        }
        .and_then(|()| out.flush())
        .context("write the result")
    }
}

impl StateFolder {
    /// The history; `None` where the user has no folder for it.
    fn open(&self) -> Option<History> {
        History::open(self.folder.as_deref())
    }

    fn opened(&self) -> Result<History> {
        self.open().ok_or_else(|| {
            anyhow!("find the history: this user has no state folder; name one with --state-dir")
        })
    }
}

impl Command {
    pub(crate) fn run(self) -> Result<()> {
        if let Some(Action::Clear(clear)) = self.action {
            return clear.run();
        }
        let listing = list(&self.place.opened()?, self.limit)?;
        let mut out = stdout();
        match self.output {
            ListForm::Console => listing.console(&mut out),
            ListForm::Json => listing.json(&mut out),
            ListForm::Csv => listing.csv(&mut out),
        }
        .and_then(|()| out.flush())
        .context("write the list")
    }
}

/// The newest queries, so many at the most (0 = all).
pub(crate) fn list(history: &History, limit: usize) -> Result<Listing> {
    let log = history.read().map_err(failed("read the history"))?;
    let limit = if limit == 0 { usize::MAX } else { limit };
    Ok(Listing {
        folder: history.folder().display().to_string(),
        hidden: log.entries.len().saturating_sub(limit),
        queries: log.entries.iter().take(limit).map(listed).collect(),
        unreadable: log.unreadable,
    })
}

/// Why a query that was made before cannot be shown again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecallError {
    /// No id begins so.
    #[error("{0}")]
    Unknown(String),
    /// Several do.
    #[error("{0}")]
    Several(String),
    /// It failed, or did not end.
    #[error("{0}")]
    NoResult(String),
    /// It was removed.
    #[error("{0}")]
    Gone(String),
    /// The history cannot be read.
    #[error("{0:#}")]
    Unreadable(anyhow::Error),
}

/// The result of the one query whose id begins so.
pub(crate) fn recall(history: &History, beginning: &str) -> Result<Investigation, RecallError> {
    let unreadable = |error: anyhow::Error| RecallError::Unreadable(error);
    let log = history.read().map_err(failed("read the history"));
    let log = log.map_err(unreadable)?;
    let id = only(history, &log, beginning)?;
    let failed =
        |error: &dyn std::fmt::Display| RecallError::Unreadable(anyhow!("show {id}: {error}"));
    let result = history.result(&id).map_err(|error| failed(&error))?;
    let Some(result) = result else {
        return Err(missing(&id, &log));
    };
    investigate::json::read(&result).map_err(|error| failed(&error))
}

impl Clear {
    fn run(self) -> Result<()> {
        let history = self.place.opened()?;
        let cleared = history.clear().map_err(failed("clear the history"))?;
        writeln!(
            io::stdout(),
            "{} files of the log and {} results with {} bytes were removed from {}",
            cleared.logs,
            cleared.results,
            cleared.bytes,
            history.folder().display()
        )
        .context("write")
    }
}

impl Show {
    pub(crate) fn run(self) -> Result<()> {
        let found = recall(&self.place.opened()?, &self.id)?;
        self.output.print(&found)
    }
}

/// The one id that is meant.
fn only(history: &History, log: &Log, name: &str) -> Result<String, RecallError> {
    let ids = history.ids(log, &typed(name));
    let ids = ids.map_err(failed("read the history"));
    let mut ids = ids.map_err(RecallError::Unreadable)?.into_iter();
    match (ids.next(), ids.len()) {
        (None, _) => Err(RecallError::Unknown(format!(
            "show {name:?}: no query that is kept has an id that begins so; natspike history \
             --limit 0 lists them all"
        ))),
        (Some(id), 0) => Ok(id),
        (Some(first), others) => {
            let named = std::iter::once(first).chain(ids.take(NAMED - 1));
            let named = named.collect::<Vec<_>>().join(", ");
            let more = match (others + 1).saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            Err(RecallError::Several(format!(
                "show {name:?}: {} ids begin so, {named}{more}; type more letters of one",
                others + 1
            )))
        }
    }
}

/// An error that says its cause itself.
fn failed(what: &str) -> impl Fn(HistoryError) -> anyhow::Error + '_ {
    move |error| anyhow!("{what}: {error}")
}

/// Why there is no result.
fn missing(id: &str, log: &Log) -> RecallError {
    let entry = log.entries.iter().find(|entry| entry.id == id);
    let Some(query) = entry.map(listed) else {
        return RecallError::Gone(format!("show {id}: its result was removed meanwhile"));
    };
    let again = match query.arguments.is_empty() {
        true => String::new(),
        false => format!("; it was natspike {}", query.arguments.join(" ")),
    };
    match (query.outcome, &query.error) {
        (Outcome::Failed, Some(error)) => {
            RecallError::NoResult(format!("show {id}: that query failed to {error}{again}"))
        }
        (Outcome::Running, _) => {
            RecallError::NoResult(format!("show {id}: it is not at its end; try again later"))
        }
        (Outcome::DidNotEnd, _) => RecallError::NoResult(format!(
            "show {id}: it did not end (natspike was killed, or the machine stopped); run it \
             again{again}"
        )),
        (Outcome::Done | Outcome::Failed, _) => RecallError::Gone(format!(
            "show {id}: its result is gone (the last {MOST_RESULTS} are kept, of at most 1 GiB); run \
             it again{again}"
        )),
    }
}

/// What the log says of a query.
fn listed(entry: &Entry) -> Listed {
    let text = |name: &str| Some(entry.asked.get(name)?.as_str()?.to_owned());
    let texts = |name: &str| {
        let texts = entry.asked.get(name).and_then(Value::as_array);
        let texts = texts.into_iter().flatten();
        texts
            .filter_map(|it| Some(it.as_str()?.to_owned()))
            .collect()
    };
    let end = entry.end.as_ref();
    let outcome = match end {
        Some(end) if end.error.is_some() => Outcome::Failed,
        Some(_) => Outcome::Done,
        None if entry.is_running => Outcome::Running,
        None => Outcome::DidNotEnd,
    };
    let came_out = |name: &str| end?.outcome.get(name);
    let rows = came_out("tables").and_then(Value::as_array).map(|tables| {
        let rows = tables.iter().filter_map(|table| table["rows"].as_u64());
        rows.sum()
    });
    Listed {
        id: entry.id.clone(),
        at: entry.began,
        analysis: text("analysis"),
        sources: texts("sources"),
        arguments: texts("arguments"),
        version: text("version"),
        outcome,
        error: end.and_then(|end| end.error.clone()),
        rows,
        records: came_out("records").and_then(|records| records["read"].as_u64()),
        milliseconds: end.map(|end| end.milliseconds),
    }
}

fn stdout() -> BufWriter<anstream::AutoStream<io::StdoutLock<'static>>> {
    BufWriter::new(anstream::AutoStream::auto(io::stdout().lock()))
}
