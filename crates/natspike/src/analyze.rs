//! `natspike analyze`: flow logs in, a report out.

use crate::sources::{How, Sources};
use adapters::files::writer::{self, Cell, Kind};
use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use egress::pairs::{self, Value};
use egress::{Condition, Report};
use std::io::{self, BufWriter, IsTerminal, Write};

/// Rows of each list where nothing else is said.
pub(crate) const ROWS: usize = 20;
/// Pairs that the page's picture is made of.
const PICTURE_PAIRS: usize = 500;

/// Analyze flow logs: bytes and cost by source, destination and AWS service
///
/// The layout of each file is found by its header or its content, the NAT
/// gateway's addresses by the records. Billed are the bytes that come from and
/// go to the workloads; the other side of the gateway serves as a check.
#[derive(Args)]
pub(crate) struct Analyze {
    /// Rows of each list; 0 shows all. Totals are always of everything
    /// [default: 20; of Parquet all]
    #[arg(long, value_name = "N")]
    top: Option<usize>,

    /// Form of the report
    #[arg(long, value_enum, default_value_t = Output::Console)]
    output: Output,

    /// Exit with 1 if the report meets this, such as cost_per_hour>5; of cost,
    /// cost_per_hour, cost_per_month, full_cost, full_cost_per_hour, gb, coverage,
    /// findings, malformed
    #[arg(long, value_name = "CONDITION", value_parser = Condition::parse)]
    fail_on: Vec<Condition>,

    // Last, or what follows would stand under its headings.
    #[command(flatten)]
    sources: Sources,
}

#[derive(Clone, Copy, ValueEnum)]
enum Output {
    /// Aligned tables for a terminal
    Console,
    /// JSON, schema natspike.report/1
    Json,
    /// JSON as result.json of vpc-flowlogs-egress-analyzer
    ResultJson,
    /// A page in one file, with pictures
    Html,
    /// Markdown, for an issue or a wiki
    Markdown,
    /// CSV of workloads and remote ends, for a notebook
    Csv,
    /// The same as Parquet, with integers as such; to a file or a pipe
    Parquet,
}

/// How a run ended that did not fail.
pub(crate) enum Outcome {
    /// The report is written.
    Done,
    /// It is, and meets a condition of `--fail-on`.
    Met(String),
}

impl Analyze {
    /// Reads, analyzes, writes to standard output.
    pub(crate) fn run(mut self) -> Result<Outcome> {
        if matches!(self.output, Output::Parquet) && io::stdout().is_terminal() {
            bail!(
                "write Parquet to a terminal: it is no text; send it to a file with > pairs.parquet"
            );
        }
        self.sources.resolve()?;
        let bundle = self.sources.gather(&How::of(self.top()))?;
        let top = self.top();
        let report = self.sources.report(&bundle, self.pairs())?;
        let mut out = BufWriter::new(anstream::AutoStream::auto(io::stdout().lock()));
        match self.output {
            Output::Console => egress::console::write(&report, top, &mut out),
            Output::Json => egress::json::write(&report, top, &mut out),
            Output::ResultJson => egress::result_json::write(&report, top, &mut out),
            Output::Html => {
                egress::html::write(&report, &bundle.facts, &bundle.title, top, &mut out)
            }
            Output::Markdown => egress::markdown::write(&report, top, &mut out),
            Output::Csv => egress::csv::write(&report, top, &mut out),
            Output::Parquet => {
                // Neither text nor for the eye: nothing may be taken out of it.
                drop(out);
                write_parquet(&report, top)?;
                return self.check(&report);
            }
        }
        .and_then(|()| out.flush())
        .context("write the report")?;
        self.check(&report)
    }

    fn top(&self) -> usize {
        self.top.unwrap_or(match self.output {
            Output::Parquet => 0,
            _ => ROWS,
        })
    }

    /// How many pairs the report needs.
    fn pairs(&self) -> usize {
        match (self.output, self.top()) {
            (Output::Html, top) if top > 0 => top.max(PICTURE_PAIRS),
            (_, top) => top,
        }
    }

    fn check(&self, report: &Report) -> Result<Outcome> {
        for condition in &self.fail_on {
            if let Some(value) = condition.met(report).context("check --fail-on")? {
                return Ok(Outcome::Met(format!(
                    "{condition}: it is {}",
                    value.normalize()
                )));
            }
        }
        Ok(Outcome::Done)
    }
}

fn write_parquet(report: &Report, top: usize) -> Result<()> {
    let columns = pairs::COLUMNS.map(|(name, is_integer)| match is_integer {
        true => (name, Kind::Integer),
        false => (name, Kind::Text),
    });
    let cell = |value| match value {
        Value::Text(text) => Cell::Text(text),
        Value::Integer(number) => Cell::Integer(number),
    };
    let rows = pairs::rows(report, top).map(|row| row.into_iter().map(cell).collect());
    let out = BufWriter::new(io::stdout());
    writer::write(&columns, rows, out).context("write the report")
}
