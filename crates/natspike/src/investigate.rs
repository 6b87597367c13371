//! `natspike investigate`: who talks to whom, on which ports, and what is strange.

use crate::inputs::{Inputs, More};
use anyhow::{Context, Result};
use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum, ValueHint};
use egress::investigate::{
    Analysis, Asked, By, CidrLists, Inquiry, Investigation, SensitivePorts, console, csv, json,
    markdown,
};
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What stands for all analyses.
pub(crate) const ALL: &str = "all";

/// Investigate traffic: who talks to whom, on which ports, and what is strange
///
/// Reads whatever analyze reads, once for all analyses. The subject are addresses
/// that are investigated (--instance-ip, --instance-id), or else every private one.
/// External is what lies outside of --vpc-cidr, or else what is not private.
#[derive(Args)]
pub(crate) struct Investigate {
    /// The analysis
    #[arg(value_name = "ANALYSIS", value_parser = analyses(), default_value = ALL, hide_possible_values = true)]
    named: String,

    /// More analyses
    #[arg(long, value_name = "ANALYSIS", value_delimiter = ',', value_parser = analyses())]
    analysis: Vec<String>,

    /// What rows are ranked by
    #[arg(long, value_enum, default_value_t = Ranking::Bytes)]
    by: Ranking,

    /// Rows of each table; 0 shows all. Totals are always of everything
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    limit: usize,

    /// The port of port-specific
    #[arg(long)]
    port: Option<u16>,

    /// Sensitive ports in a file (TOML), beside those that are known
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    ports_file: Vec<PathBuf>,

    /// Prefixes for cidr-connections, beside AWS's: JSON with subnets, CSV or text; of a
    /// folder every file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::AnyPath)]
    cidrs: Vec<PathBuf>,

    /// Form of the tables
    #[arg(long, value_enum, default_value_t = Output::Console)]
    output: Output,

    // Last, or what follows would stand under its headings.
    #[command(flatten)]
    inputs: Inputs,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Ranking {
    Bytes,
    Packets,
    Flows,
}

impl From<Ranking> for By {
    fn from(ranking: Ranking) -> By {
        match ranking {
            Ranking::Bytes => By::Bytes,
            Ranking::Packets => By::Packets,
            Ranking::Flows => By::Flows,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum Output {
    /// Aligned tables for a terminal
    Console,
    /// JSON, schema natspike.investigation/1
    Json,
    /// CSV: one table of all rows, for a notebook
    Csv,
    /// Markdown, for an issue or a wiki
    Markdown,
}

pub(crate) fn analyses() -> PossibleValuesParser {
    let names = Analysis::ALL.map(Analysis::name);
    PossibleValuesParser::new(std::iter::once(ALL).chain(names))
}

impl Investigate {
    /// Reads, investigates, writes to standard output.
    pub(crate) fn run(self) -> Result<()> {
        let inquiry = Inquiry::new(self.asked()?).context("use --where")?;
        let watch = |table: &mut flowlog::FlowTable| inquiry.watch(table);
        let more = More {
            records_needed: true,
            ..More::default()
        };
        let mut gathered = self.inputs.gather(&more, &watch)?;
        let mut found = inquiry.answer(&mut gathered.table);
        found.warnings.splice(..0, gathered.warnings);
        self.write(&found)
    }

    fn write(&self, found: &Investigation) -> Result<()> {
        let mut out = BufWriter::new(anstream::AutoStream::auto(io::stdout().lock()));
        match self.output {
            Output::Console => console::write(found, &mut out),
            Output::Json => json::write(found, &mut out),
            Output::Csv => csv::write(found, &mut out),
            Output::Markdown => markdown::write(found, &mut out),
        }
        .and_then(|()| out.flush())
        .context("write what was found")
    }

    fn asked(&self) -> Result<Asked> {
        let named = std::iter::once(&self.named).chain(&self.analysis);
        let named: Vec<&String> = named.filter(|name| *name != ALL).collect();
        let is_named = |analysis: &Analysis| named.iter().any(|name| *name == analysis.name());
        Ok(Asked {
            analyses: Analysis::ALL.into_iter().filter(is_named).collect(),
            filter: self
                .inputs
                .filter
                .as_ref()
                .map(|filter| (filter.expr.clone(), filter.text.clone())),
            port: self.port,
            by: self.by.into(),
            limit: self.limit,
            most: self.inputs.max_keys,
            sensitive: sensitive(&self.ports_file)?,
            lists: Some(Arc::new(lists(&self.cidrs)?)),
            nat_addresses: self.inputs.nat_address.clone(),
            sources: self
                .inputs
                .files
                .iter()
                .map(|file| file.display().to_string())
                .collect(),
            ..Asked::default()
        })
    }
}

/// The sensitive ports with what the files change of them.
pub(crate) fn sensitive(files: &[PathBuf]) -> Result<Option<SensitivePorts>> {
    let mut ports = SensitivePorts::shipped();
    for file in files {
        let name = file.display();
        let text = fs::read_to_string(file).with_context(|| format!("read {name}"))?;
        let read = ports.extend(&text);
        read.with_context(|| format!("read {name}"))?;
    }
    Ok(Some(ports))
}

/// AWS's prefixes and those of the files; a list is called as its file.
fn lists(paths: &[PathBuf]) -> Result<CidrLists> {
    let mut lists = CidrLists::default();
    lists.add_aws(None);
    for path in paths {
        for file in files_of(path).with_context(|| format!("read {}", path.display()))? {
            let name = file.display();
            let text = fs::read_to_string(&file).with_context(|| format!("read {name}"))?;
            let stem = file.file_stem().unwrap_or_default().to_string_lossy();
            let added = lists.add(&stem, &text);
            added.with_context(|| format!("read {name}"))?;
        }
    }
    Ok(lists)
}

/// The file, or those of the folder in the order of their names.
fn files_of(path: &Path) -> io::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
        if entry.path().is_file() && !is_hidden {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}
