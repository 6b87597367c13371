//! What is read, and what is known of it: flow logs in files and in AWS, or a
//! bundle that was made of them.
//!
//! **Invariants.** Every command that reads flow logs has these options and reads
//! them here, so that all say the same of the same. A bundle holds its facts and
//! what look-ups found: options that would change them are refused, but for --rate;
//! others are asked again only if an option says so, and never about the addresses
//! of a redacted bundle, which are nobody's.

use crate::names::{Askers, first};
use crate::progress::{self, Total};
use adapters::bundle as packed;
use adapters::files::{self, Input, Meter};
use anyhow::{Context, Result, anyhow, bail};
use clap::{Args, ValueHint};
use egress::bundle::{Bundle, SourceFile};
use egress::snapshot::Snapshot;
use egress::{Facts, Prices, Rate, Report, Verdict};
use flowlog::{FlowTable, Layout};
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// The region that is priced where none is given.
const DEFAULT_REGION: &str = "us-east-1";
/// Where a rate may be said once for all runs.
const RATE_VARIABLE: &str = "NATSPIKE_NAT_RATE";
/// The name that stands for standard input.
const STDIN: &str = "-";

/// What to read, and what is known of it.
#[derive(Args)]
pub(crate) struct Sources {
    /// Files, folders or patterns, s3://bucket/prefix, logs://GROUP; - is standard input
    ///
    /// Text, gzip, zstd, Parquet, exports of a log group, JSON of aws logs
    /// filter-log-events and subscription envelopes are told by their content,
    /// and so is a bundle of natspike, which is read alone.
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

    /// Pairs of addresses that are told apart, 0 for all: bounds the memory. What
    /// is beyond is the row "other" of each list; totals are always exact
    #[arg(long, value_name = "N", default_value_t = 4_000_000)]
    max_keys: usize,

    /// What a recorder kept at the alarm (snapshot.json): owners, routes, metrics
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    snapshot: Option<PathBuf>,

    /// Show no progress
    #[arg(long, short)]
    quiet: bool,

    #[command(flatten)]
    naming: crate::names::Naming,

    #[cfg(feature = "aws")]
    #[command(flatten)]
    cloud: crate::cloud::Cloud,
}

impl Sources {
    /// Reads it all, and asks who was to be asked about the first `top` rows of each
    /// list (0 = all); `fingerprints` has files hashed, too.
    pub(crate) fn gather(&self, fingerprints: bool, top: usize) -> Result<Bundle> {
        let askers = self.naming.askers()?;
        let (mut bundle, region) = match self.bundle()? {
            Some(bundle) => {
                let region = bundle.facts.region.split(',').next().map(str::to_owned);
                (bundle, region)
            }
            None => (self.read(fingerprints)?, self.region.first().cloned()),
        };
        self.look_up(&mut bundle, &askers, region.as_deref(), top)?;
        Ok(bundle)
    }

    /// An option that asks somebody about the rows that are shown.
    pub(crate) fn asked_by(&self) -> Option<&'static str> {
        let asked = self.naming.asked_by();
        #[cfg(feature = "aws")]
        let asked = asked.or_else(|| self.cloud.asks().then_some("--owners"));
        asked
    }

    /// Adds what others say to the bundle.
    fn look_up(
        &self,
        bundle: &mut Bundle,
        askers: &Askers,
        region: Option<&str>,
        top: usize,
    ) -> Result<()> {
        #[cfg(feature = "aws")]
        if self.cloud.asks() {
            let report = bundle.report(1);
            let facts = &mut bundle.facts;
            self.cloud.add_owners(&report, region, top, facts)?;
        }
        #[cfg(feature = "aws")]
        let answers = self.cloud.answers();
        #[cfg(not(feature = "aws"))]
        let _ = region;
        #[cfg(not(feature = "aws"))]
        let answers = crate::names::answers(
            std::env::var_os("NATSPIKE_CACHE_DIR")
                .map(PathBuf::from)
                .as_deref(),
        );
        if self.naming.asked_by().is_none() {
            return Ok(());
        }
        let rows = report(bundle, 1)?.askable(top);
        let found = self.naming.ask(askers, &rows, answers.as_deref());
        if let Some(found) = found {
            bundle.names.get_or_insert_default().extend(found);
        }
        Ok(())
    }

    /// Reads flow logs.
    fn read(&self, fingerprints: bool) -> Result<Bundle> {
        let known = self.naming.known()?;
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
        let mut sources: Vec<SourceFile> = in_aws.iter().map(|url| named(url)).collect();
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
            files => {
                let (table, inputs) =
                    self.read_files(files, &|| new_table(layout.as_ref()), &mut facts)?;
                for input in &inputs {
                    sources.push(source(input, fingerprints)?);
                }
                table
            }
        };
        #[cfg(feature = "aws")]
        let (table, records) = match outcome {
            Some((part, bucket, corrections)) => {
                let mut whole = table;
                whole.merge(part);
                sources.extend(bucket.iter().map(|bucket| named(bucket)));
                let records = corrections.of(whole.counts());
                (whole, records)
            }
            None => (table, None),
        };
        #[cfg(not(feature = "aws"))]
        let records = None;
        known.inform(&mut facts);
        Ok(Bundle {
            table,
            facts,
            records,
            names: None,
            title: self.title(),
            sources,
            is_redacted: false,
        })
    }

    /// The bundle, if it is one that is named.
    fn bundle(&self) -> Result<Option<Bundle>> {
        let is_bundle = |path: &&PathBuf| match path.as_path() == Path::new(STDIN) {
            // What is looked at here is read again by whoever reads it.
            true => io::stdin().lock().fill_buf().is_ok_and(packed::is_bundle),
            false => packed::is_bundle_file(path),
        };
        let Some(path) = self.files.iter().find(is_bundle) else {
            return Ok(None);
        };
        let name = path.display();
        if self.files.len() > 1 {
            bail!(
                "read {name}: it is a bundle of natspike, which is read alone; name nothing else"
            );
        }
        if let Some(option) = self.fact_that_is_named() {
            bail!(
                "use {option} with {name}: a bundle holds what is known of its flow logs; leave \
                 the option out, or make the bundle again with it"
            );
        }
        let members = match path.as_path() == Path::new(STDIN) {
            true => packed::unpack(io::stdin().lock()),
            false => packed::unpack(BufReader::new(
                File::open(path).with_context(|| format!("open {name}"))?,
            )),
        };
        let members = members.map_err(|error| anyhow!("read {name}: {error}"))?;
        let bundle = Bundle::of_members(&members);
        let mut bundle = bundle.map_err(|error| anyhow!("read {name}: {error}"))?;
        if let Some(option) = self.asked_by().filter(|_| bundle.is_redacted) {
            bail!(
                "use {option} with {name}: it is redacted, so its addresses are not those of \
                 the traffic; leave the option out"
            );
        }
        let facts = &mut bundle.facts;
        self.given.set(&mut facts.prices);
        if let Some(rate) = facts.prices.rate().filter(|_| self.given.has_rate()) {
            facts.rate = rate;
        }
        Ok(Some(bundle))
    }

    /// An option that says something which a bundle says, too.
    fn fact_that_is_named(&self) -> Option<&'static str> {
        // A rate in the environment is for flow logs that are read then.
        let is_rate_named =
            self.nat_rate.is_some() && self.nat_rate != std::env::var(RATE_VARIABLE).ok();
        let named = first([
            ("--format", self.format.is_some()),
            ("--nat-address", !self.nat_address.is_empty()),
            ("--interface", self.interface.is_some()),
            ("--region", !self.region.is_empty()),
            ("--nat-rate", is_rate_named),
            ("--prices", self.given.has_book()),
            ("--snapshot", self.snapshot.is_some()),
        ]);
        let named = named.or_else(|| self.naming.known_by());
        #[cfg(feature = "aws")]
        let named = named.or_else(|| self.cloud.named());
        named
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
    ) -> Result<Option<(FlowTable, Option<String>, crate::cloud::Corrections)>> {
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
        Ok(Some((outcome.table, plan.bucket(), outcome.corrections)))
    }

    fn read_files(
        &self,
        files: &[PathBuf],
        new_table: &(dyn Fn() -> FlowTable + Sync),
        facts: &mut Facts,
    ) -> Result<(FlowTable, Vec<Input>)> {
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
        let table = progress::during(&meter, total, self.quiet, read)?;
        Ok((table, found.inputs))
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
    Snapshot::read(&text).with_context(|| format!("read {name}"))
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

/// Something that is known by its name alone.
fn named(name: &str) -> SourceFile {
    SourceFile {
        name: name.to_owned(),
        bytes: None,
        sha256: None,
    }
}

/// A file, and of what it is hashed after it was read.
fn source(input: &Input, fingerprint: bool) -> Result<SourceFile> {
    let mut source = named(input.name());
    if let Some(path) = input.path().filter(|path| fingerprint && path.is_file()) {
        let hashed = packed::fingerprint(path);
        let (bytes, sha256) = hashed.with_context(|| format!("hash {}", input.name()))?;
        (source.bytes, source.sha256) = (Some(bytes), Some(sha256));
    }
    Ok(source)
}

/// The report with so many pairs (0 = all).
///
/// Errors: there is not a single record to report on.
pub(crate) fn report(bundle: &Bundle, pairs: usize) -> Result<Report> {
    let report = bundle.report(pairs);
    match report.verdict {
        Verdict::NoRecords | Verdict::NothingReadable => {
            let sentence = report.verdict.sentence().unwrap_or_default();
            Err(anyhow!("find a flow record. {sentence}"))
        }
        _ => Ok(report),
    }
}
