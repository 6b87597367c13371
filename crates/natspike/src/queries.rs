//! `natspike queries`: the analyses as Logs Insights queries and Athena SQL.

#[cfg(feature = "aws")]
use crate::cloud::now;
#[cfg(feature = "aws")]
use crate::dates;
use crate::inputs::{Where, filter};
use crate::investigate::{ALL, Ranking, analyses, own_lists, sensitive};
use crate::thresholds;
use crate::whom::Whom;
use anyhow::{Context, Result};
use clap::{Args, ValueEnum, ValueHint};
use egress::investigate::{Analysis, Asked};
use egress::query::{Legs, Query, QueryError, queries};
use flowlog::{KnownLayout, Layout};
use std::io::{self, Write};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

/// Write an analysis as a Logs Insights query or Athena SQL
///
/// What it prints asks the same as natspike investigate with these options, of a log
/// group or a table; nothing is asked of AWS. The template's saved queries are made
/// so, too.
#[derive(Args)]
pub(crate) struct Queries {
    /// The analysis
    #[arg(value_name = "ANALYSIS", value_parser = analyses(), default_value = ALL)]
    named: String,

    /// What the query is written in
    #[arg(long, value_enum, default_value_t = Language::Insights)]
    language: Language,

    /// Log format of the records, as CreateFlowLogs takes it, or the columns of the
    /// table [default: natspike's own]
    #[arg(long, value_name = "LOG_FORMAT")]
    format: Option<String>,

    /// The table for Athena
    #[arg(long, value_name = "NAME", default_value = "vpc_flow_logs")]
    table: String,

    /// Only these records, as investigate --where; docs/filter.md
    #[arg(long = "where", value_name = "FILTER", value_parser = filter)]
    filter: Option<Where>,

    #[command(flatten)]
    whom: Whom,

    /// Which records count
    #[arg(long, value_enum)]
    records: Option<Records>,

    /// Private addresses of NAT gateways among others: what stands in their place
    /// does not count twice
    #[arg(
        long,
        value_name = "ADDRESS",
        value_delimiter = ',',
        conflicts_with = "records"
    )]
    nat_address: Vec<IpAddr>,

    /// The port of port-specific
    #[arg(long)]
    port: Option<u16>,

    /// Sensitive ports in a file (TOML), beside those that are known
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    ports_file: Vec<PathBuf>,

    /// Prefixes for cidr-connections: JSON with subnets, CSV or text; of a folder
    /// every file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::AnyPath)]
    cidrs: Vec<PathBuf>,

    /// Records that begin from then on, as investigate --since
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "TIME", visible_alias = "start-time")]
    since: Option<String>,

    /// Records that begin before then
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "TIME", visible_alias = "end-time")]
    until: Option<String>,

    /// What rows are ranked by
    #[arg(long, value_enum, default_value_t = Ranking::Bytes)]
    by: Ranking,

    /// Rows of the answer; 0 for what the service gives
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    limit: usize,

    // Last, or what follows would stand under its heading.
    #[command(flatten)]
    thresholds: thresholds::Options,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Language {
    /// CloudWatch Logs Insights, of any class of log group
    Insights,
    /// SQL of Athena, engine version 3
    Athena,
}

#[derive(Clone, Copy, ValueEnum)]
enum Records {
    /// All are of NAT gateways: each byte once (default for formats of NAT recorders)
    NatGateway,
    /// As they stand (default for others)
    All,
}

impl Queries {
    /// Writes the queries to standard output.
    pub(crate) fn run(self) -> Result<()> {
        let layout = match &self.format {
            Some(format) => Layout::from_log_format(format).context("read --format")?,
            None => KnownLayout::Natspike.layout(),
        };
        let asked = self.asked()?;
        let mut texts = Vec::new();
        for query in &queries(&asked, &self.legs(&layout)) {
            texts.push(self.write(query, &layout)?);
        }
        let mut out = io::stdout().lock();
        writeln!(out, "{}", texts.join("\n\n")).context("write the queries")
    }

    fn comment(&self) -> &'static str {
        match self.language {
            Language::Insights => "#",
            Language::Athena => "--",
        }
    }

    /// The query, or a comment that says why there is none.
    fn write(&self, query: &Query, layout: &Layout) -> Result<String> {
        let written = match self.language {
            Language::Insights => query.insights(layout),
            Language::Athena => query.athena(layout, &self.table).map(|sql| sql + ";"),
        };
        match written {
            Err(QueryError::Unsayable(why)) => Ok(format!("{} {why}", self.comment())),
            written => written,
        }
        .with_context(|| format!("write {}", query.about))
    }

    fn asked(&self) -> Result<Asked> {
        let is_named = |analysis: &Analysis| self.named == analysis.name();
        let filter = self.filter.clone();
        let (from, until) = self.times()?;
        Ok(Asked {
            analyses: Analysis::ALL.into_iter().filter(is_named).collect(),
            subject: self.whom.subject(),
            inside: self.whom.inside(),
            thresholds: self.thresholds.thresholds(),
            filter: filter.map(|filter| (filter.expr, filter.text)),
            from,
            until,
            port: self.port,
            by: self.by.into(),
            limit: self.limit,
            sensitive: sensitive(&self.ports_file)?,
            lists: Some(Arc::new(own_lists(&self.cidrs)?)),
            ..Asked::default()
        })
    }

    /// From when on, and up to when, where that is said.
    #[cfg(feature = "aws")]
    fn times(&self) -> Result<(Option<u64>, Option<u64>)> {
        let now = now()?;
        let read = |text: &Option<String>, option: &str| {
            let time = text.as_deref().map(|text| dates::time(text, now));
            time.transpose().with_context(|| format!("read {option}"))
        };
        let (from, until) = (read(&self.since, "--since")?, read(&self.until, "--until")?);
        if let (Some(from), Some(until)) = (from, until) {
            dates::range(from, until).context("read --since and --until")?;
        }
        Ok((from, until))
    }

    #[cfg(not(feature = "aws"))]
    fn times(&self) -> Result<(Option<u64>, Option<u64>)> {
        Ok((None, None))
    }

    fn legs(&self, layout: &Layout) -> Legs {
        if !self.nat_address.is_empty() {
            return Legs::Without(self.nat_address.clone());
        }
        match self.records {
            Some(Records::NatGateway) => Legs::Inner,
            Some(Records::All) => Legs::All,
            None => Legs::of(layout),
        }
    }
}
