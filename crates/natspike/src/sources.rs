//! What is read, and what is known of it: flow logs in files and in AWS, or a
//! bundle that was made of them.
//!
//! **Invariants.** Every command that reads flow logs has these options and reads
//! them here, so that all say the same of the same. A bundle holds its facts and
//! what look-ups found: options that would change them are refused, but for --rate;
//! others are asked again only if an option says so, and never about the addresses
//! of a redacted bundle, which are nobody's.

use crate::inputs::{Inputs, More, NONE_YET};
use crate::names::{Askers, first};
use crate::progress::Shown;
use adapters::bundle as packed;
use adapters::files::Input;
use anyhow::{Context, Result, anyhow, bail};
use clap::{Args, ValueHint};
use egress::bundle::{Bundle, SourceFile};
use egress::snapshot::Snapshot;
use egress::{Facts, Prices, Rate, Report, Verdict};
use flowlog::{Counts, FlowTable};
use std::fs::File;
use std::io::{self, BufRead, BufReader};
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
    /// Only this interface (eni-…) or regional gateway (nat-…)
    #[arg(long, value_name = "ID")]
    interface: Option<String>,

    /// USD for a gigabyte processed, instead of the region's list rate; as --rate nat-gb=USD
    #[arg(long, value_name = "USD", env = "NATSPIKE_NAT_RATE")]
    nat_rate: Option<String>,

    #[command(flatten)]
    given: crate::prices::Given,

    /// What a recorder kept at the alarm (snapshot.json): owners, routes, metrics
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    snapshot: Option<PathBuf>,

    #[command(flatten)]
    inputs: Inputs,

    #[cfg(feature = "aws")]
    #[arg(skip)]
    recorded: Option<crate::stack::Recorded>,

    #[command(flatten)]
    naming: crate::names::Naming,
}

/// How it is read.
#[derive(Debug, Default)]
pub(crate) struct How {
    /// Files are hashed, too.
    pub(crate) fingerprints: bool,
    /// Rows of each list that look-ups are asked about; 0 is all.
    pub(crate) top: usize,
    /// The table keeps when its flows were, too.
    pub(crate) by_time: bool,
    /// Who is told how far reading has come.
    pub(crate) shown: Shown,
}

impl How {
    /// For a report with so many rows.
    pub(crate) fn of(top: usize) -> How {
        How {
            top,
            ..How::default()
        }
    }
}

impl Sources {
    /// Finds the recording that is named, if one is.
    #[cfg(feature = "aws")]
    pub(crate) fn resolve(&mut self) -> Result<()> {
        if let Some(recorded) = self.inputs.recorded()? {
            self.read_recording(recorded);
        }
        Ok(())
    }

    #[cfg(not(feature = "aws"))]
    pub(crate) fn resolve(&mut self) -> Result<()> {
        Ok(())
    }

    /// Reads that recording, and knows what its recorder knew.
    #[cfg(feature = "aws")]
    pub(crate) fn read_recording(&mut self, recorded: crate::stack::Recorded) {
        self.inputs.read_recording(&recorded);
        let interface = || recorded.interface.clone();
        self.interface.get_or_insert_with(interface);
        if self.nat_rate.is_none() {
            self.nat_rate.clone_from(&recorded.nat_rate);
        }
        self.recorded = Some(recorded);
    }

    /// Whether more records may come.
    pub(crate) fn is_live(&self) -> bool {
        self.inputs.is_live
    }

    /// The report on what was read, with so many pairs (0 = all).
    ///
    /// Errors: there is not a single record to report on, or not yet.
    pub(crate) fn report(&self, bundle: &Bundle, pairs: usize) -> Result<Report> {
        if self.is_live() && bundle.table.counts().read == 0 {
            bail!(NONE_YET);
        }
        report(bundle, pairs)
    }

    /// Reads it all, and asks who was to be asked about the first rows of each list.
    pub(crate) fn gather(&self, how: &How) -> Result<Bundle> {
        let askers = self.naming.askers()?;
        let (mut bundle, region) = match self.bundle()? {
            Some(bundle) => {
                let region = bundle.facts.region.split(',').next().map(str::to_owned);
                (bundle, region)
            }
            None => (self.read(how)?, self.inputs.region.first().cloned()),
        };
        self.look_up(&mut bundle, &askers, region.as_deref(), how.top)?;
        Ok(bundle)
    }

    /// An option that asks somebody about the rows that are shown.
    pub(crate) fn asked_by(&self) -> Option<&'static str> {
        let asked = self.naming.asked_by();
        #[cfg(feature = "aws")]
        let asked = asked.or_else(|| self.inputs.cloud.asks().then_some("--owners"));
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
        if self.inputs.cloud.asks() {
            let report = bundle.report(1);
            let facts = &mut bundle.facts;
            self.inputs.cloud.add_owners(&report, region, top, facts)?;
        }
        #[cfg(feature = "aws")]
        let answers = self.inputs.cloud.answers();
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
    fn read(&self, how: &How) -> Result<Bundle> {
        let known = self.naming.known()?;
        let mut facts = self.facts(&self.named_regions()?)?;
        let filter = self.inputs.filter.as_ref();
        let filter = filter.map(|filter| Ok::<_, anyhow::Error>((filter.alone()?, &filter.text)));
        let filter = filter.transpose()?;
        let keep_only = |table: &mut FlowTable| {
            if how.by_time {
                table.by_time();
            }
            if let Some((filter, _)) = &filter {
                table.keep_only(filter);
            }
        };
        let more = More {
            fingerprints: how.fingerprints,
            // Sums of flows have neither ports nor times to ask for.
            records_needed: filter.is_some() || how.by_time,
            shown: how.shown.clone(),
            ..More::default()
        };
        let gathered = self.inputs.gather(&more, &keep_only)?;
        if self.inputs.region.is_empty() && !gathered.regions.is_empty() {
            let regions: Vec<String> = gathered.regions.into_iter().collect();
            facts = self.facts(&regions)?;
        }
        facts.nat_addresses.extend(gathered.nat_addresses);
        facts.warnings.extend(gathered.warnings);
        if let Some((_, text)) = &filter {
            filtered(&mut facts, text, gathered.table.counts());
        }
        known.inform(&mut facts);
        Ok(Bundle {
            table: gathered.table,
            facts,
            records: gathered.records,
            names: None,
            title: self.title(),
            sources: gathered.sources,
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
        let Some(path) = self.inputs.files.iter().find(is_bundle) else {
            return Ok(None);
        };
        let name = path.display();
        if self.inputs.files.len() > 1 {
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
            ("--format", self.inputs.format.is_some()),
            ("--nat-address", !self.inputs.nat_address.is_empty()),
            ("--interface", self.interface.is_some()),
            ("--region", !self.inputs.region.is_empty()),
            ("--nat-rate", is_rate_named),
            ("--prices", self.given.has_book()),
            ("--snapshot", self.snapshot.is_some()),
        ]);
        let named = named.or_else(|| self.inputs.filter.as_ref().map(|_| "--where"));
        let named = named.or_else(|| self.naming.known_by());
        #[cfg(feature = "aws")]
        let named = named.or_else(|| self.inputs.cloud.named());
        named
    }

    /// What was analyzed, as it was named.
    fn title(&self) -> String {
        #[cfg(feature = "aws")]
        if let Some(recorded) = &self.recorded {
            return format!("NAT traffic in recording {}", recorded.execution);
        }
        let names: Vec<_> = self
            .inputs
            .files
            .iter()
            .map(|file| file.to_string_lossy())
            .collect();
        format!("NAT traffic in {}", names.join(", "))
    }

    /// The regions that the user names, once for all runs or for this one, or else
    /// that of the price book.
    fn named_regions(&self) -> Result<Vec<String>> {
        if !self.inputs.region.is_empty() {
            return Ok(self.inputs.region.clone());
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
            crate::prices::ask(self.inputs.cloud.choice(&settings, Some(place)), region)
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
        facts.nat_addresses.clone_from(&self.inputs.nat_address);
        facts.interface.clone_from(&self.interface);
        facts.snapshot = self.snapshot.as_deref().map(snapshot).transpose()?;
        #[cfg(feature = "aws")]
        if let Some(recorded) = &self.recorded {
            recorded.inform(&mut facts);
        }
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

/// What the facts say where only some records count.
fn filtered(facts: &mut Facts, filter: &str, counts: &Counts) {
    let kept = counts.parsed - counts.left_out;
    let mut sentence = format!(
        "Only records with {filter} count: {kept} of {} with data (--where).",
        counts.parsed
    );
    if let Some(snapshot) = facts.snapshot.as_mut().filter(|it| !it.metrics.is_empty()) {
        // Metrics are of all bytes.
        snapshot.metrics.clear();
        sentence += " So nothing is said of coverage and of what is more than usual.";
    }
    facts.warnings.push(sentence);
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
pub(crate) fn named(name: &str) -> SourceFile {
    SourceFile {
        name: name.to_owned(),
        bytes: None,
        sha256: None,
    }
}

/// A file, and of what it is hashed after it was read.
pub(crate) fn source(input: &Input, fingerprint: bool) -> Result<SourceFile> {
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
