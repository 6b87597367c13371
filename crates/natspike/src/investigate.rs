//! `natspike investigate`: who talks to whom, on which ports, and what is strange.

#[cfg(feature = "aws")]
use crate::cloud;
#[cfg(feature = "aws")]
use crate::dotenv::Settings;
use crate::history::Form;
use crate::history::record::Keeping;
use crate::inputs::{Inputs, More, NONE_YET};
use crate::names::{Askers, Known, Naming, text};
use crate::progress::Shown;
use crate::thresholds;
use adapters::bundle::is_bundle_file;
use anyhow::{Context, Result, bail};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Arg, Args, ValueEnum, ValueHint};
use egress::Names;
use egress::investigate::{Analysis, Asked, By, CidrLists, Inquiry, Investigation, SensitivePorts};
use flowlog::FlowTable;
use ipnet::IpNet;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::net::IpAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// What is read of a log group where no time is named, in seconds.
#[cfg(feature = "aws")]
const DAY: u64 = 86_400;
/// What stands for all analyses.
pub(crate) const ALL: &str = "all";

/// Investigate traffic: who talks to whom, on which ports, and what is strange
///
/// Reads whatever analyze reads, once for all analyses. The subject are addresses
/// that are investigated (--instance-ip, --instance-id), or else those of --vpc-cidr, or
/// else every private one. External is what lies outside of --vpc-cidr, or else what is
/// not private. docs/detectors.md has the rules from port-scan on.
#[derive(Args)]
pub(crate) struct Investigate {
    /// The analysis; may be left out before a PATH
    #[arg(value_name = "ANALYSIS", value_parser = AnalysisOrPath, default_value = ALL)]
    named: PathBuf,

    /// More analyses, by the names above
    #[arg(
        long,
        value_name = "ANALYSIS",
        value_delimiter = ',',
        value_parser = analyses(),
        hide_possible_values = true
    )]
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

    /// Also sensitive-ports
    #[arg(long)]
    sensitive_ports: bool,

    /// Sensitive ports in a file (TOML), beside those that are known
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    ports_file: Vec<PathBuf>,

    /// Prefixes for cidr-connections, beside AWS's: JSON with subnets, CSV or text; of a
    /// folder every file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::AnyPath)]
    cidrs: Vec<PathBuf>,

    /// Look for addresses of these prefixes in a log group; as cidr-connections logs://NAME
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "LOG_GROUP")]
    scan_cidrs: Option<String>,

    /// A file to read, as PATH
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    log_file: Vec<PathBuf>,

    /// Say on standard error what is asked and how long it takes
    #[arg(long)]
    debug: bool,

    /// Form of the tables
    #[arg(long, value_enum, default_value_t = Form::Console)]
    output: Form,

    #[cfg(feature = "aws")]
    #[command(flatten)]
    subject: crate::cloud::subject::Subject,

    #[cfg(not(feature = "aws"))]
    #[command(flatten)]
    whom: crate::whom::Whom,

    #[command(flatten)]
    inputs: Inputs,

    #[command(flatten)]
    naming: Naming,

    #[command(flatten)]
    thresholds: thresholds::Options,

    #[command(flatten)]
    keeping: Keeping,
}

/// What rows are ranked by.
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

/// The names of all analyses, and what each answers.
pub(crate) fn analyses() -> PossibleValuesParser {
    let all = PossibleValue::new(ALL).help("every one; port-specific where --port names a port");
    let analysis = |it: Analysis| PossibleValue::new(it.name()).help(it.summary());
    PossibleValuesParser::new(std::iter::once(all).chain(Analysis::ALL.map(analysis)))
}

/// The name of an analysis, or something to read, of which all is asked then.
#[derive(Clone)]
struct AnalysisOrPath;

impl TypedValueParser for AnalysisOrPath {
    type Value = PathBuf;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<PathBuf, clap::Error> {
        // No analysis has such letters in its name, so a path that is not there is
        // said to be missing, and not to be no analysis.
        let is_path = |text: &str| text == "-" || text.contains(['/', '.', '*', ':']);
        if is_path(&value.to_string_lossy()) {
            return Ok(value.into());
        }
        match analyses().parse_ref(command, argument, value) {
            Err(_) if Path::new(value).exists() => Ok(value.into()),
            parsed => parsed.map(PathBuf::from),
        }
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let values: Vec<PossibleValue> = analyses().possible_values()?.collect();
        Some(Box::new(values.into_iter()))
    }
}

/// What is read of whom, found out before anything is read.
#[derive(Default)]
struct Found {
    subject: Vec<IpNet>,
    inside: Vec<IpNet>,
    more: More,
    from: Option<u64>,
    until: Option<u64>,
    /// Where there are several.
    times: Vec<Range<u64>>,
    sentences: Vec<String>,
}

impl Investigate {
    /// Reads, investigates, writes to standard output.
    pub(crate) fn run(self) -> Result<()> {
        let arguments = std::env::args_os().skip(1);
        let arguments = arguments.map(|argument| argument.to_string_lossy().into_owned());
        let arguments: Vec<String> = arguments.collect();
        let output = self.output;
        let (_, found) = self.found(&arguments, Shown::Terminal)?;
        output.print(&found)
    }

    /// Reads and investigates; gives the query's id, too, if it is kept.
    pub(crate) fn found(
        mut self,
        arguments: &[String],
        shown: Shown,
    ) -> Result<(Option<String>, Investigation)> {
        if !is_analysis(&self.named) {
            let path = std::mem::replace(&mut self.named, ALL.into());
            self.inputs.files.insert(0, path);
        }
        let files = std::mem::take(&mut self.log_file);
        self.inputs.files.extend(files);
        let files = self.inputs.files.iter();
        let sources = files.map(|file| file.display().to_string());
        #[cfg(feature = "aws")]
        let sources = sources.chain(
            self.scan_cidrs
                .iter()
                .map(|group| format!("logs://{group}")),
        );
        let sources: Vec<String> = sources.collect();
        #[cfg(feature = "aws")]
        if let Some(recorded) = self.inputs.recorded()? {
            self.inputs.read_recording(&recorded);
        }
        let asked = match self.analyses().as_slice() {
            [] => ALL.to_owned(),
            some => some
                .iter()
                .map(|it| it.name())
                .collect::<Vec<_>>()
                .join(", "),
        };
        let mut kept_as = None;
        let found = self.keeping.during(arguments, &asked, &sources, |id| {
            kept_as = id.map(str::to_owned);
            self.investigate(id, shown)
        })?;
        Ok((kept_as, found))
    }

    fn investigate(&self, id: Option<&str>, shown: Shown) -> Result<Investigation> {
        let begun = Instant::now();
        self.refuse_bundles()?;
        let known = self.naming.known()?;
        let askers = self.naming.askers()?;
        let mut found = self.find_out()?;
        found.more.shown = shown;
        for sentence in &found.sentences {
            self.debug(&begun, sentence);
        }
        let asked = self.asked(&found, &known)?;
        let inquiry = Inquiry::new(asked).context("use --where")?;
        let watch = |table: &mut FlowTable| inquiry.watch(table);
        let mut gathered = self.inputs.gather(&found.more, &watch)?;
        self.debug(&begun, &format!("{:?}", gathered.table.counts()));
        let mut answer = inquiry.answer(&mut gathered.table);
        self.debug(&begun, "answered");
        let read = answer.records.get("read");
        if read.is_none_or(|read| *read == 0) {
            if self.inputs.is_live {
                bail!(NONE_YET);
            }
            bail!(
                "find a flow record: there is none in what was read; check the source and its time"
            );
        }
        let warnings = known.warnings().iter().cloned();
        let warnings = warnings.chain(found.sentences).chain(gathered.warnings);
        answer.warnings.splice(..0, warnings);
        let names = self.names(&askers, &inquiry.askable(&answer, known.offline()));
        inquiry.name(&mut answer, &names, known.offline());
        if let Some(id) = id.filter(|_| !self.inputs.quiet) {
            note(&format!("query {id}; natspike show {id} prints it again"));
        }
        Ok(answer)
    }

    /// A bundle has sums by pair and neither ports nor times.
    fn refuse_bundles(&self) -> Result<()> {
        let bundle = self.inputs.files.iter().find(|it| is_bundle_file(it));
        if let Some(path) = bundle {
            bail!(
                "investigate {}: a bundle of natspike holds what flows add up to and no records; \
                 name the flow logs that it was made of, or use natspike analyze",
                path.display()
            );
        }
        Ok(())
    }

    fn debug(&self, begun: &Instant, sentence: &str) {
        if self.debug {
            note(&format!(
                "{:.3} s  {sentence}",
                begun.elapsed().as_secs_f64()
            ));
        }
    }

    fn names(&self, askers: &Askers, rows: &[(IpAddr, bool)]) -> Names {
        if self.naming.asked_by().is_none() || rows.is_empty() {
            return Names::default();
        }
        #[cfg(feature = "aws")]
        let answers = self.inputs.cloud.answers();
        #[cfg(not(feature = "aws"))]
        let answers = crate::names::answers(None);
        let names = self.naming.ask(askers, rows, answers.as_deref());
        names.unwrap_or_default()
    }

    #[cfg(not(feature = "aws"))]
    fn find_out(&self) -> Result<Found> {
        Ok(Found {
            subject: self.whom.subject(),
            inside: self.whom.inside(),
            ..Found::default()
        })
    }

    /// Whom it is about, what there is to read, and of when.
    #[cfg(feature = "aws")]
    fn find_out(&self) -> Result<Found> {
        let cloud = &self.inputs.cloud;
        let scanned = self
            .scan_cidrs
            .iter()
            .map(|group| format!("logs://{group}"));
        let scanned: Vec<String> = scanned.collect();
        let is_named = !self.inputs.files.is_empty() || cloud.names_bucket() || !scanned.is_empty();
        let settings = Settings::load()?;
        let discovered = self
            .subject
            .discover(cloud, &settings, &self.inputs.region, is_named)?;
        let mut urls = discovered.sources;
        urls.extend(scanned);
        let now = cloud::now()?;
        let mut times = cloud.times(now)?;
        let mut sentences = discovered.sentences;
        let is_group = |file: &PathBuf| file.to_string_lossy().starts_with("logs://");
        let is_unbounded = !cloud.names_bucket() && self.inputs.files.iter().all(is_group);
        let reads_aws = !urls.is_empty() || !self.inputs.files.is_empty();
        if times.is_empty() && is_unbounded && reads_aws {
            times.push(now.saturating_sub(DAY)..now);
            sentences.push(
                "Records of the last 24 hours are read; --since and --until name another time."
                    .to_owned(),
            );
        }
        Ok(Found {
            subject: discovered.subject,
            inside: discovered.inside,
            from: times
                .first()
                .map(|first| first.start)
                .filter(|from| *from > 0),
            until: times.last().map(|last| last.end),
            times: if times.len() > 1 {
                times.clone()
            } else {
                Vec::new()
            },
            sentences,
            more: More {
                urls,
                flow_logs: discovered.flow_logs,
                times: Some(times),
                records_needed: true,
                ..More::default()
            },
        })
    }

    /// The analyses that are named; none: all.
    fn analyses(&self) -> Vec<Analysis> {
        let named = self.named.to_str().into_iter();
        let named = named.chain(self.analysis.iter().map(String::as_str));
        let mut named: Vec<&str> = named.filter(|it| *it != ALL).collect();
        #[cfg(feature = "aws")]
        if self.scan_cidrs.is_some() {
            named.push(Analysis::CidrConnections.name());
        }
        if self.sensitive_ports && !named.is_empty() {
            named.push(Analysis::SensitivePorts.name());
        }
        let is_named = |analysis: &Analysis| named.contains(&analysis.name());
        Analysis::ALL.into_iter().filter(is_named).collect()
    }

    fn asked(&self, found: &Found, known: &Known) -> Result<Asked> {
        let filter = self.inputs.filter.as_ref();
        let files = self.inputs.files.iter();
        let files = files.map(|file| file.display().to_string());
        Ok(Asked {
            analyses: self.analyses(),
            subject: found.subject.clone(),
            inside: found.inside.clone(),
            filter: filter.map(|filter| (filter.expr.clone(), filter.text.clone())),
            from: found.from,
            until: found.until,
            times: found.times.clone(),
            port: self.port,
            by: self.by.into(),
            limit: self.limit,
            most: self.inputs.max_keys,
            sensitive: sensitive(&self.ports_file)?,
            lists: Some(Arc::new(lists(&self.cidrs, known)?)),
            nat_addresses: self.inputs.nat_address.clone(),
            thresholds: self.thresholds.thresholds(),
            sources: files.chain(found.more.urls.iter().cloned()).collect(),
        })
    }
}

/// Whether that is the name of an analysis.
fn is_analysis(named: &Path) -> bool {
    let names = Analysis::ALL.map(Analysis::name);
    named == Path::new(ALL) || names.iter().any(|name| named == Path::new(name))
}

/// Says something beside the result.
fn note(sentence: &str) {
    // Nothing is left to tell it to where standard error is closed.
    let _ = writeln!(io::stderr(), "natspike: {sentence}");
}

/// The sensitive ports with what the files change of them.
pub(crate) fn sensitive(files: &[PathBuf]) -> Result<Option<SensitivePorts>> {
    let mut ports = SensitivePorts::shipped();
    for file in files {
        let name = file.display();
        let text = text(file)?;
        let read = ports.extend(&text);
        read.with_context(|| format!("read {name}"))?;
    }
    Ok(Some(ports))
}

/// AWS's prefixes and those of the files.
fn lists(paths: &[PathBuf], known: &Known) -> Result<CidrLists> {
    let mut lists = own_lists(paths)?;
    lists.add_aws(known.ranges());
    Ok(lists)
}

/// The prefixes of the files; a list is called as its file.
pub(crate) fn own_lists(paths: &[PathBuf]) -> Result<CidrLists> {
    let mut lists = CidrLists::default();
    for path in paths {
        for file in files_of(path).with_context(|| format!("read {}", path.display()))? {
            let name = file.display();
            let text = text(&file)?;
            let stem = file.file_stem().unwrap_or_default().to_string_lossy();
            let added = lists.add(&stem, &text);
            added.with_context(|| format!("read {name}"))?;
        }
    }
    Ok(lists)
}

/// The file, or those of the folder in the order of their names.
fn files_of(path: &Path) -> Result<Vec<PathBuf>> {
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
    if files.is_empty() {
        bail!("the folder has no file in it; check the path");
    }
    files.sort();
    Ok(files)
}
