//! A bundle: everything that a report is made of, to be kept or passed on.
//!
//! The same report comes out of it years later and without AWS: the partial
//! table, the facts, the part of AWS's prefixes that the addresses need, and
//! what the manifest says of its making. A bundle is a handful of named
//! members; how they lie in a file is not known here.
//!
//! **Invariants.** The form is versioned ([`VERSION`]); fields are added and
//! never renamed. The same content has the same bytes: no clock, no path, no
//! order of reading. Every member's length and SHA-256 stand in the manifest,
//! and what does not agree with it is not read. A fact that [`Facts`] has and a
//! bundle has not does not compile.

use crate::coverage::FLOOR;
use crate::facts::Facts;
use crate::last::Summary;
use crate::name::{Name, Names};
use crate::networks::Networks;
use crate::owners::Owners;
use crate::part::{Gateways, report_of};
use crate::price::{Currency, PriceError, Prices, Rate};
use crate::ranges::{AwsRanges, RangesError, RangesSource};
use crate::redact::{self, RedactError};
use crate::report::text::one_line;
use crate::report::{RecordCounts, Report, report};
use crate::snapshot::{Metric, Snapshot, is_id};
use flowlog::{Cube, FlowTable, PartialError};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

/// The version of the form.
pub const VERSION: u32 = 1;
/// The name of the first member.
pub const MANIFEST: &str = "manifest.json";

const FORMAT: &str = "natspike.bundle";
const FACTS: &str = "facts.json";
const TABLE: &str = "table.nspt";
const RANGES: &str = "aws-ranges.txt";

/// Members by name, in order.
pub type Members = Vec<(String, Vec<u8>)>;

/// What a report is made of.
#[derive(Clone)]
pub struct Bundle {
    /// The sums of the flows.
    pub table: FlowTable,
    /// What the records do not say; how many pairs are listed is the reader's
    /// own affair and not kept.
    pub facts: Facts,
    /// Counts of records, where the table has counts of flows.
    pub records: Option<RecordCounts>,
    /// What look-ups found of the names of addresses; `None` where nobody was asked.
    pub names: Option<Names>,
    /// What the report is of.
    pub title: String,
    /// What was read.
    pub sources: Vec<SourceFile>,
    /// Whether names and addresses were replaced.
    pub is_redacted: bool,
}

/// Something that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    /// As it was named.
    pub name: String,
    /// Its bytes as they were stored, where that is known.
    pub bytes: Option<u64>,
    /// Of these, in hexadecimal digits, where that is known.
    pub sha256: Option<String>,
}

/// Why members are no bundle.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// There is no manifest of ours in the first place.
    #[error("it is no bundle of natspike; make one with natspike bundle")]
    NoBundle,
    /// A later natspike wrote it.
    #[error(
        "it is a bundle of version {0} and this natspike knows {VERSION} and older ones; \
         use the natspike that made it, or a newer one"
    )]
    Newer(u32),
    /// The manifest names a member that is not there.
    #[error("its member {0} is missing; fetch the bundle again")]
    Missing(String),
    /// A member is not as the manifest says.
    #[error("its member {0} is not as it was written; fetch the bundle again")]
    Changed(String),
    /// A member is there that the manifest does not name.
    #[error("its manifest does not name the member {0}, so it is not as natspike wrote it")]
    Unnamed(String),
    /// A member cannot be understood.
    #[error("its member {0} cannot be understood ({1})")]
    Member(&'static str, String),
    /// The table is of another version.
    #[error("its table cannot be read: {0}")]
    Table(#[from] PartialError),
}

impl BundleError {
    /// The stable name of the error.
    pub fn name(&self) -> &'static str {
        match self {
            BundleError::NoBundle => "NoBundle",
            BundleError::Newer(_) => "NewerBundle",
            BundleError::Missing(_) => "MissingMember",
            BundleError::Changed(_) => "ChangedMember",
            BundleError::Unnamed(_) => "UnnamedMember",
            BundleError::Member(..) => "BrokenMember",
            BundleError::Table(error) => error.name(),
        }
    }
}

/// The first member.
#[derive(Serialize, Deserialize)]
struct Manifest {
    format: String,
    version: u32,
    /// The version of the program.
    natspike: String,
    is_redacted: bool,
    members: Vec<Listed>,
    sources: Vec<SourceFile>,
}

/// A member as the manifest has it.
#[derive(Serialize, Deserialize)]
struct Listed {
    name: String,
    bytes: u64,
    sha256: String,
}

/// The member [`FACTS`].
#[derive(Serialize, Deserialize)]
struct Document {
    title: String,
    region: String,
    /// Money for a gigabyte, as a decimal text.
    rate_per_gb: String,
    currency: String,
    /// The price book, in its own form.
    prices: Value,
    #[serde(default)]
    nat_addresses: Vec<IpAddr>,
    #[serde(default)]
    interface: Option<String>,
    #[serde(default)]
    snapshot: Option<Snapshot>,
    #[serde(default)]
    owners: Option<Owners>,
    /// What the last recording was.
    #[serde(default)]
    last: Option<Summary>,
    /// Where AWS's prefixes are from.
    ranges_source: RangesSource,
    /// What the user's networks call the addresses that occur.
    #[serde(default)]
    networks: BTreeMap<IpAddr, Name>,
    /// What look-ups found.
    #[serde(default)]
    names: Option<Found>,
    #[serde(default)]
    metrics: Vec<Metric>,
    /// From and to, in Unix seconds.
    #[serde(default)]
    alarmed: Option<(u64, u64)>,
    /// As a decimal text.
    #[serde(default)]
    floor: Option<String>,
    #[serde(default)]
    warnings: Vec<String>,
    #[serde(default)]
    records: Option<RecordCounts>,
}

/// What look-ups found, and what is said of that.
#[derive(Serialize, Deserialize)]
struct Found {
    answers: BTreeMap<IpAddr, Vec<Name>>,
    #[serde(default)]
    warnings: Vec<String>,
}

impl Found {
    fn of(names: &Names) -> Found {
        let all = |names: &[Arc<Name>]| names.iter().map(|name| Name::clone(name)).collect();
        let answers = names.iter().map(|(address, names)| (address, all(names)));
        Found {
            answers: answers.collect(),
            warnings: names.warnings.clone(),
        }
    }

    fn names(self) -> Names {
        let mut names = Names::default();
        for (address, answers) in self.answers {
            for name in answers.into_iter().filter_map(Name::cleaned) {
                names.add(address, name);
            }
        }
        names.warnings = self.warnings;
        names
    }
}

impl Bundle {
    /// The report, with the `pairs` largest pairs (0 = all).
    pub fn report(&self, pairs: usize) -> Report {
        let facts = self.facts_of(pairs);
        let mut report = report(&self.table, &facts);
        if let Some(records) = self.records {
            report.records = records;
        }
        self.named(report, &facts)
    }

    /// The report on what begins in `from <= t < until` of the cube that its table was
    /// made to, as [`report_of`] has it.
    pub fn part(
        &self,
        cube: &Cube,
        gateways: &Gateways,
        time: (Option<u64>, Option<u64>),
        pairs: usize,
    ) -> Report {
        let facts = self.facts_of(pairs);
        let report = report_of(cube, gateways, &facts, time.0, time.1);
        self.named(report, &facts)
    }

    fn facts_of(&self, pairs: usize) -> Facts {
        Facts {
            pairs,
            ..self.facts.clone()
        }
    }

    fn named(&self, mut report: Report, facts: &Facts) -> Report {
        if let Some(names) = &self.names {
            report.name(names, facts);
        }
        report
    }

    /// The same with other names and addresses, and the same figures.
    ///
    /// Who has the key and an address can tell what it became; without it, see
    /// the README for what a redacted bundle still says.
    pub fn redacted(&self, key: &[u8]) -> Result<Bundle, RedactError> {
        redact::redacted(self, key)
    }

    /// The members, the manifest first.
    pub fn members(&self) -> Members {
        let ranges = self.facts.ranges().part(self.addresses());
        let content = [
            (FACTS, json(&self.document())),
            (TABLE, self.table.canonical().encode()),
            (RANGES, ranges.into_bytes()),
        ];
        let manifest = Manifest {
            format: FORMAT.to_owned(),
            version: VERSION,
            natspike: env!("CARGO_PKG_VERSION").to_owned(),
            is_redacted: self.is_redacted,
            members: content
                .iter()
                .map(|(name, content)| Listed {
                    name: (*name).to_owned(),
                    bytes: content.len() as u64,
                    sha256: sha256(content),
                })
                .collect(),
            sources: self.sources.clone(),
        };
        let content = content
            .into_iter()
            .map(|(name, content)| (name.to_owned(), content));
        std::iter::once((MANIFEST.to_owned(), json(&manifest)))
            .chain(content)
            .collect()
    }

    /// The bundle of these members.
    ///
    /// Errors: they are not what [`Bundle::members`] gave, or a later version.
    pub fn of_members(members: &[(String, Vec<u8>)]) -> Result<Bundle, BundleError> {
        let Manifest {
            is_redacted,
            sources,
            ..
        } = manifest(members)?;
        let mut document: Document = understood(FACTS, member(members, FACTS)?)?;
        let table = FlowTable::decode(member(members, TABLE)?)?;
        let ranges = std::str::from_utf8(member(members, RANGES)?)
            .map_err(|error| BundleError::Member(RANGES, error.to_string()))?;
        let ranges = AwsRanges::read_part(ranges, document.ranges_source)
            .map_err(|error: RangesError| BundleError::Member(RANGES, error.to_string()))?;
        let records = document.records;
        let title = one_line(&document.title);
        let names = document.names.take().map(Found::names);
        Ok(Bundle {
            table,
            facts: document.facts(ranges)?,
            records,
            names,
            title,
            sources,
            is_redacted,
        })
    }

    /// Every address that occurs.
    pub(crate) fn addresses(&self) -> BTreeSet<IpAddr> {
        let rows = self.table.conversations();
        let ends = rows.flat_map(|row| row.ends);
        let seen = ends.flat_map(|end| [Some(end.address), end.outside]);
        let snapshot = self.facts.snapshot.iter();
        let interfaces = snapshot.flat_map(|snapshot| &snapshot.interfaces);
        let owned =
            interfaces.flat_map(|owner| owner.addresses.iter().chain(&owner.public_addresses));
        let owners = self.facts.owners.iter();
        let looked_up = owners.flat_map(|owners| {
            let asked = owners.asked.iter().flatten();
            owners.owners.keys().chain(asked)
        });
        let last = self.facts.last.iter().flat_map(|last| &last.rows);
        let before = last.filter_map(|row| row.name.parse().ok());
        seen.flatten()
            .chain(owned.copied())
            .chain(looked_up.copied())
            .chain(before)
            .chain(self.facts.nat_addresses.iter().copied())
            .collect()
    }

    /// What the user's networks call the addresses that occur.
    pub(crate) fn own_names(&self) -> impl Iterator<Item = (IpAddr, Name)> {
        let named = |address: IpAddr| {
            let name = self.facts.networks.as_ref()?.get(address)?;
            Some((address, Name::clone(name)))
        };
        self.addresses().into_iter().filter_map(named)
    }

    fn document(&self) -> Document {
        // Whoever adds a fact decides here what a bundle keeps of it.
        let Facts {
            region,
            rate: Rate { per_gb, currency },
            prices,
            nat_addresses,
            interface,
            snapshot,
            owners,
            last,
            ranges: _,
            networks: _,
            metrics,
            alarmed,
            floor,
            pairs: _,
            warnings,
        } = &self.facts;
        Document {
            title: self.title.clone(),
            region: region.clone(),
            rate_per_gb: per_gb.to_string(),
            currency: (*currency).to_owned(),
            // A book has string keys and no number that JSON does not know.
            prices: serde_json::to_value(prices).unwrap_or_default(),
            nat_addresses: nat_addresses.clone(),
            interface: interface.clone(),
            snapshot: snapshot.clone(),
            owners: owners.clone(),
            last: last.clone(),
            ranges_source: self.facts.ranges().source(),
            networks: self.own_names().collect(),
            names: self.names.as_ref().map(Found::of),
            metrics: metrics.clone(),
            alarmed: alarmed.as_ref().map(|time| (time.start, time.end)),
            floor: Some(floor.to_string()),
            warnings: warnings.clone(),
            records: self.records,
        }
    }
}

impl Document {
    fn facts(self, ranges: AwsRanges) -> Result<Facts, BundleError> {
        let refused = |what: String| BundleError::Member(FACTS, what);
        let per_gb = Decimal::from_str_exact(&self.rate_per_gb)
            .map_err(|_| refused(format!("{:?} is no rate", self.rate_per_gb)))?;
        let currency = Currency::of(&self.currency)
            .ok_or_else(|| refused(format!("{:?} is no currency of a rate", self.currency)))?
            .code();
        let floor = self.floor.as_deref().map(Decimal::from_str_exact);
        let floor = floor.transpose();
        let floor = floor.map_err(|error| refused(format!("its floor: {error}")))?;
        let floor = floor.unwrap_or(FLOOR);
        let prices = Prices::read(self.prices.to_string().as_bytes())
            .map_err(|error: PriceError| refused(error.to_string()))?;
        let own = self.networks.into_iter();
        let own: Vec<(IpAddr, Name)> = own
            .filter_map(|(address, name)| Some((address, name.cleaned()?)))
            .collect();
        if let Some(snapshot) = &self.snapshot {
            let checked = snapshot.check();
            checked.map_err(|error| refused(format!("its snapshot: {error}")))?;
        }
        if let Some(region) = self.region.split(',').find(|region| !is_id(region)) {
            return Err(refused(format!("{region:?} is no region")));
        }
        Ok(Facts {
            region: self.region,
            rate: Rate { per_gb, currency },
            prices,
            nat_addresses: self.nat_addresses,
            interface: self.interface,
            snapshot: self.snapshot,
            owners: self.owners,
            last: self.last,
            ranges: Some(Arc::new(ranges)),
            networks: (!own.is_empty()).then(|| Arc::new(Networks::of(own))),
            metrics: self.metrics,
            alarmed: self.alarmed.map(|(from, to)| from..to),
            floor,
            pairs: 0,
            warnings: self.warnings.iter().map(|text| one_line(text)).collect(),
        })
    }
}

/// The manifest, with which all members agree.
fn manifest(members: &[(String, Vec<u8>)]) -> Result<Manifest, BundleError> {
    /// What every version has.
    #[derive(Deserialize)]
    struct Head {
        format: String,
        version: u32,
    }
    let (name, content) = members.first().ok_or(BundleError::NoBundle)?;
    let head: Head = serde_json::from_slice(content).map_err(|_| BundleError::NoBundle)?;
    if name != MANIFEST || head.format != FORMAT {
        return Err(BundleError::NoBundle);
    }
    if head.version > VERSION {
        return Err(BundleError::Newer(head.version));
    }
    let manifest: Manifest = understood(MANIFEST, content)?;
    for listed in &manifest.members {
        let content = member(members, &listed.name)?;
        if content.len() as u64 != listed.bytes || sha256(content) != listed.sha256 {
            return Err(BundleError::Changed(listed.name.clone()));
        }
    }
    for (at, (name, _)) in members.iter().enumerate().skip(1) {
        let is_listed = manifest.members.iter().any(|listed| listed.name == *name);
        let is_again = members[..at].iter().any(|(before, _)| before == name);
        if !is_listed || is_again {
            return Err(BundleError::Unnamed(name.clone()));
        }
    }
    Ok(manifest)
}

fn member<'a>(members: &'a [(String, Vec<u8>)], name: &str) -> Result<&'a [u8], BundleError> {
    let found = members.iter().find(|(known, _)| known == name);
    let (_, content) = found.ok_or_else(|| BundleError::Missing(name.to_owned()))?;
    Ok(content)
}

fn understood<'a, T: Deserialize<'a>>(
    name: &'static str,
    content: &'a [u8],
) -> Result<T, BundleError> {
    serde_json::from_slice(content).map_err(|error| BundleError::Member(name, error.to_string()))
}

/// Of plain data, which always is JSON.
fn json(value: &impl Serialize) -> Vec<u8> {
    let mut text = serde_json::to_vec_pretty(value).unwrap_or_default();
    text.push(b'\n');
    text
}

/// In hexadecimal digits.
pub(crate) fn sha256(content: &[u8]) -> String {
    let digest = Sha256::digest(content);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
