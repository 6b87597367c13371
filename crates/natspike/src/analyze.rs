//! `natspike analyze`: flow-log files in, a report out.

use crate::names::Sources;
use crate::progress::{self, Total};
use adapters::files::{self, Input, Meter};
use anyhow::{Context, Result, anyhow};
use clap::{Args, ValueEnum, ValueHint};
use egress::snapshot::{self, Snapshot};
use egress::{Condition, Facts, Prices, Rate, Report, Verdict};
use flowlog::{FlowTable, Layout};
use std::io::{self, BufWriter, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// The region that is priced where none is given.
const DEFAULT_REGION: &str = "us-east-1";

/// Pairs that the page's picture is made of.
const PICTURE_PAIRS: usize = 500;

/// Analyze flow logs: bytes and cost by source, destination and AWS service
///
/// The layout of each file is found by its header or its content, the NAT
/// gateway's addresses by the records. Billed are the bytes that come from and
/// go to the workloads; the other side of the gateway serves as a check.
#[derive(Args)]
pub(crate) struct Analyze {
    /// Files, folders or patterns, s3://bucket/prefix, logs://GROUP; - is standard input
    ///
    /// Text, gzip, zstd, Parquet, exports of a log group, JSON of aws logs
    /// filter-log-events and subscription envelopes are told by their content.
    /// Folders are read with all below them.
    #[arg(
        required = cfg!(not(feature = "aws")),
        value_name = "PATH",
        value_hint = ValueHint::AnyPath
    )]
    files: Vec<PathBuf>,

    /// Log format of files without a header, as CreateFlowLogs takes it
    #[arg(long, value_name = "LOG_FORMAT")]
    format: Option<String>,

    /// Private address of the NAT gateway; found in the records if not given
    #[arg(long, value_name = "ADDRESS")]
    nat_address: Vec<IpAddr>,

    /// Only this interface (eni-…) or regional gateway (nat-…)
    #[arg(long, value_name = "ID")]
    interface: Option<String>,

    /// Region whose data-processing rate applies; of flow logs in AWS, only these
    /// [env: AWS_REGION] [default: that of the flow logs, else us-east-1, and said]
    #[arg(long, value_delimiter = ',')]
    region: Vec<String>,

    /// USD for a gigabyte processed, instead of the region's list rate; as --rate nat-gb=USD
    #[arg(long, value_name = "USD", env = "NATSPIKE_NAT_RATE")]
    nat_rate: Option<String>,

    #[command(flatten)]
    given: crate::prices::Given,

    /// Rows of each list; 0 shows all. Totals are always of everything
    #[arg(long, value_name = "N", default_value_t = 20)]
    top: usize,

    /// Pairs of addresses that are told apart, 0 for all: bounds the memory. What
    /// is beyond is the row "other" of each list; totals are always exact
    #[arg(long, value_name = "N", default_value_t = 4_000_000)]
    max_keys: usize,

    /// Form of the report
    #[arg(long, value_enum, default_value_t = Output::Console)]
    output: Output,

    /// What a recorder kept at the alarm (snapshot.json): owners, routes, metrics
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    snapshot: Option<PathBuf>,

    /// Exit with 1 if the report meets this, such as cost_per_hour>5; of cost,
    /// cost_per_hour, cost_per_month, full_cost, full_cost_per_hour, gb, coverage,
    /// findings, malformed
    #[arg(long, value_name = "CONDITION", value_parser = Condition::parse)]
    fail_on: Vec<Condition>,

    /// Show no progress
    #[arg(long, short)]
    quiet: bool,

    #[command(flatten)]
    naming: crate::names::Naming,

    #[cfg(feature = "aws")]
    #[command(flatten)]
    cloud: crate::cloud::Cloud,
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
    pub(crate) fn run(self) -> Result<Outcome> {
        let sources = self.naming.open()?;
        let mut facts = self.facts(&self.named_regions()?)?;
        let layout = match &self.format {
            Some(format) => Some(Layout::from_log_format(format).context("read --format")?),
            None => None,
        };
        let new_table = |layout: Option<&Layout>| {
            let mut table = match layout {
                Some(layout) => FlowTable::with_layout(layout.clone()),
                None => FlowTable::new(),
            };
            if self.max_keys > 0 {
                table.limit_keys(self.max_keys);
            }
            table
        };
        let (in_aws, files) = self.split();
        #[cfg(feature = "aws")]
        let outcome = self.read_aws(in_aws, &files, layout.as_ref(), &new_table, &mut facts)?;
        #[cfg(not(feature = "aws"))]
        if let Some(url) = in_aws.first() {
            return Err(anyhow!(
                "read {url}: this natspike was built without the feature aws; \
                 fetch the files with the AWS CLI and name them"
            ));
        }
        let table = match files.as_slice() {
            [] => new_table(layout.as_ref()),
            files => self.read_files(files, &|| new_table(layout.as_ref()), &mut facts)?,
        };
        #[cfg(feature = "aws")]
        let (table, outcome) = match outcome {
            Some((part, outcome)) => {
                let mut whole = table;
                whole.merge(part);
                (whole, Some(outcome))
            }
            None => (table, None),
        };
        let analyzed = |facts: &Facts| {
            let report = egress::report(&table, facts);
            #[cfg(feature = "aws")]
            let report = match &outcome {
                Some(outcome) => outcome.correct(report),
                None => report,
            };
            report
        };
        sources.inform(&mut facts);
        let report = analyzed(&facts);
        #[cfg(feature = "aws")]
        let report = {
            let region = self.region.first().map(String::as_str);
            match self
                .cloud
                .add_owners(&report, region, self.top, &mut facts)?
            {
                true => analyzed(&facts),
                false => report,
            }
        };
        if let Verdict::NoRecords | Verdict::NothingReadable = report.verdict {
            let sentence = report.verdict.sentence().unwrap_or_default();
            return Err(anyhow!("find a flow record. {sentence}"));
        }
        let report = self.named(report, &sources, &facts);
        let mut out = BufWriter::new(anstream::AutoStream::auto(io::stdout().lock()));
        match self.output {
            Output::Console => egress::console::write(&report, self.top, &mut out),
            Output::Json => egress::json::write(&report, self.top, &mut out),
            Output::ResultJson => egress::result_json::write(&report, self.top, &mut out),
            Output::Html => egress::html::write(&report, &facts, &self.title(), self.top, &mut out),
            Output::Markdown => egress::markdown::write(&report, self.top, &mut out),
            Output::Csv => egress::csv::write(&report, self.top, &mut out),
        }
        .and_then(|()| out.flush())
        .context("write the report")?;
        for condition in &self.fail_on {
            if let Some(value) = condition.met(&report).context("check --fail-on")? {
                return Ok(Outcome::Met(format!(
                    "{condition}: it is {}",
                    value.normalize()
                )));
            }
        }
        Ok(Outcome::Done)
    }

    /// The report with what look-ups say of the rows that are shown.
    fn named(&self, mut report: Report, sources: &Sources, facts: &Facts) -> Report {
        #[cfg(feature = "aws")]
        let answers = self.cloud.answers();
        #[cfg(not(feature = "aws"))]
        let answers = crate::names::answers(
            std::env::var_os("NATSPIKE_CACHE_DIR")
                .map(PathBuf::from)
                .as_deref(),
        );
        let rows = report.askable(self.top);
        if let Some(names) = self.naming.ask(sources, &rows, answers.as_deref()) {
            report.name(&names, facts);
        }
        report
    }

    /// What was analyzed, as it was named.
    fn title(&self) -> String {
        let names: Vec<_> = self
            .files
            .iter()
            .map(|file| file.to_string_lossy())
            .collect();
        format!("NAT traffic in {}", names.join(", "))
    }

    /// What is in AWS, and what is not.
    fn split(&self) -> (Vec<String>, Vec<PathBuf>) {
        let is_url = |path: &str| path.starts_with("s3://") || path.starts_with("logs://");
        let (urls, files): (Vec<&PathBuf>, Vec<&PathBuf>) = self
            .files
            .iter()
            .partition(|path| path.to_str().is_some_and(is_url));
        let text = |url: &PathBuf| url.to_string_lossy().into_owned();
        (
            urls.into_iter().map(text).collect(),
            files.into_iter().cloned().collect(),
        )
    }

    #[cfg(feature = "aws")]
    fn read_aws(
        &self,
        urls: Vec<String>,
        files: &[PathBuf],
        layout: Option<&Layout>,
        new_table: &(dyn Fn(Option<&Layout>) -> FlowTable + Sync),
        facts: &mut Facts,
    ) -> Result<Option<(FlowTable, crate::cloud::Corrections)>> {
        let meter = std::sync::Arc::new(Meter::default());
        let request = crate::cloud::Request {
            urls,
            nothing_else: files.is_empty(),
            regions: &self.region,
            layout: layout.cloned(),
            nat_addresses: &self.nat_address,
            new_table,
            meter: std::sync::Arc::clone(&meter),
        };
        let Some(plan) = self.cloud.plan(&request)? else {
            return Ok(None);
        };
        let read = || self.cloud.read(&plan, &request);
        let outcome = progress::during(&meter, Total::default(), self.quiet, read)?;
        if self.region.is_empty() && !outcome.regions.is_empty() {
            let regions: Vec<String> = outcome.regions.into_iter().collect();
            *facts = self.facts(&regions)?;
        }
        facts.nat_addresses.extend(outcome.nat_addresses);
        facts.warnings.extend(outcome.warnings);
        Ok(Some((outcome.table, outcome.corrections)))
    }

    fn read_files(
        &self,
        files: &[PathBuf],
        new_table: &(dyn Fn() -> FlowTable + Sync),
        facts: &mut Facts,
    ) -> Result<FlowTable> {
        let found = files::find(files)?;
        for repeated in &found.repeated {
            facts.warnings.push(format!(
                "{} was read once: it was given again as {}.",
                repeated.same_as, repeated.name
            ));
        }
        let total = Total {
            files: found.inputs.len() as u64,
            bytes: match found.inputs.iter().map(Input::size).min() {
                // The size of what comes from a pipe is not known.
                Some(0) | None => 0,
                Some(_) => found.inputs.iter().map(Input::size).sum(),
            },
        };
        let meter = Meter::default();
        let read = || files::read(&found.inputs, new_table, &meter);
        Ok(progress::during(&meter, total, self.quiet, read)?)
    }

    /// The regions that the user names, once for all runs or for this one, or else
    /// that of the price book.
    fn named_regions(&self) -> Result<Vec<String>> {
        if !self.region.is_empty() {
            return Ok(self.region.clone());
        }
        let setting = std::env::var("AWS_REGION").ok();
        match setting.filter(|region| !region.is_empty()) {
            Some(region) => Ok(vec![region]),
            None => Ok(self.given.region()?.into_iter().collect()),
        }
    }

    /// What is charged in the regions, as far as they have it in common.
    fn prices(&self, regions: &[String], nat_rate: Option<&Rate>) -> Result<Prices> {
        let default = [DEFAULT_REGION.to_owned()];
        let regions = match regions {
            [] => &default[..],
            regions => regions,
        };
        #[cfg(feature = "aws")]
        let ask = |region: &str| {
            let settings = crate::dotenv::Settings::load()?;
            let place = egress::list_region(region);
            crate::prices::ask(self.cloud.choice(&settings, Some(place)), region)
        };
        #[cfg(not(feature = "aws"))]
        let ask = |_: &str| Err(crate::prices::not_built());
        self.given.prices(regions, nat_rate, &ask)
    }

    fn facts(&self, regions: &[String]) -> Result<Facts> {
        let label = match regions {
            [] => DEFAULT_REGION.to_owned(),
            regions => regions.join(","),
        };
        let given = self.nat_rate.as_deref().map(Rate::given).transpose();
        let given = given.context("read --nat-rate")?;
        let prices = self.prices(regions, given.as_ref())?;
        let rate = prices.rate().ok_or_else(|| lacking(regions, &prices));
        let mut facts = Facts::new(&label, rate?);
        facts.prices = prices;
        facts.nat_addresses.clone_from(&self.nat_address);
        facts.interface.clone_from(&self.interface);
        facts.pairs = match self.output {
            Output::Html if self.top > 0 => self.top.max(PICTURE_PAIRS),
            _ => self.top,
        };
        facts.snapshot = self.snapshot.as_deref().map(snapshot).transpose()?;
        if regions.is_empty() {
            let what = match self.nat_rate.is_some() || self.given.has_rate() {
                true => "what is charged beside processing is as in",
                false => "the rate is that of",
            };
            facts.warnings.push(format!(
                "No region was given, so {what} {DEFAULT_REGION}; name yours with --region."
            ));
        }
        Ok(facts)
    }
}

fn snapshot(path: &Path) -> Result<Snapshot> {
    let name = path.display();
    let text = std::fs::read(path).with_context(|| format!("read {name}"))?;
    let snapshot: Snapshot = serde_json::from_slice(&text)
        .with_context(|| format!("read {name}: it is no snapshot.json of a recording"))?;
    if snapshot.version > snapshot::VERSION {
        return Err(anyhow!(
            "read {name}: it is of version {}; this natspike knows {} and older ones",
            snapshot.version,
            snapshot::VERSION
        ));
    }
    Ok(snapshot)
}

/// Why there is no rate that the regions have in common.
fn lacking(regions: &[String], prices: &Prices) -> anyhow::Error {
    let unknown = |region: &&str| Rate::of_region(region).is_err();
    let named: Vec<&str> = match regions {
        [] => vec![DEFAULT_REGION],
        regions => regions.iter().map(String::as_str).collect(),
    };
    match (
        named.iter().find(|region| unknown(region)),
        named.as_slice(),
    ) {
        (None, [first, .., last]) => anyhow!(
            "price the bytes: {first} and {last} have different rates; analyze one region at a \
             time with --region, or give one rate with --nat-rate"
        ),
        (Some(region), _) => {
            anyhow::Error::new(egress::RateError::UnknownRegion((*region).to_owned()))
                .context("price the bytes")
        }
        (None, _) => anyhow!(
            "price the bytes: the prices of {} have no nat-gb; give it with --nat-rate",
            prices.region
        ),
    }
}
