//! Names of addresses: which are wanted, where they are, and who is asked.
//!
//! **Invariants.** Without an option nobody is asked. Files and keys are checked
//! before anything is read; what fails later is a warning of the report.

use crate::dotenv::Settings;
use adapters::lookup::asn_db::AsnDb;
use adapters::lookup::shelf::{self, Shelf};
use adapters::lookup::{Answer, Client, Found, LookupError, ipinfo, ptr, ranges, rdap};
use anyhow::{Context, Result, anyhow};
use clap::{Args, ValueHint};
use egress::investigate::Offline;
use egress::{AwsRanges, Facts, Name, NameSource, Names, Networks, RangesSource, printable};
use std::io::ErrorKind;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Addresses that IPinfo is asked about at the most.
const MOST_IPINFO: usize = 50;
/// Addresses that registries are asked about: they limit questions.
const MOST_RDAP: usize = 20;
/// Addresses whose host names are asked for.
const MOST_PTR: usize = 100;

/// What addresses are called.
#[derive(Args)]
#[command(next_help_heading = "Names of addresses")]
pub(crate) struct Naming {
    /// Own networks: a prefix and a name on each line, CSV, or JSON with subnets
    ///
    /// The longest prefix counts, of equal ones the last; a network without a name
    /// has the file's. Sources have such names too.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    networks: Vec<PathBuf>,

    /// AWS's prefixes (ip-ranges.json) [default: what natspike update has fetched, if it is newer than what ships]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    ip_ranges: Option<PathBuf>,

    /// Database of organisations in a file: IPinfo Lite or GeoLite2-ASN (.mmdb)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    asn_db: Option<PathBuf>,

    /// Ask IPinfo about the 50 largest addresses, with the key of IP_INFO_API_KEY
    #[arg(long)]
    ipinfo: bool,

    /// Ask the registries (RDAP) about the 20 largest addresses that are not AWS's
    #[arg(long)]
    rdap: bool,

    /// Ask reverse DNS for the host names of the 100 largest addresses
    #[arg(long)]
    ptr: bool,

    /// Seconds after which look-ups of a kind that are not answered are given up
    #[arg(long, value_name = "SECONDS", default_value_t = 20)]
    lookup_timeout: u64,

    #[command(flatten)]
    data: Data,

    #[arg(long, hide = true, default_value = ipinfo::URL)]
    ipinfo_url: String,

    #[arg(long, hide = true, default_value = rdap::URL)]
    rdap_url: String,
}

/// Where data is that was fetched.
#[derive(Args)]
pub(crate) struct Data {
    /// Folder that holds what natspike update has fetched [default: the user's data folder]
    #[arg(
        long = "data-dir",
        value_name = "FOLDER",
        env = "NATSPIKE_DATA_DIR",
        value_hint = ValueHint::DirPath,
        hide_env_values = true
    )]
    data_folder: Option<PathBuf>,
}

impl Data {
    /// Where AWS's prefixes are; `None` where the user has no folder for them.
    pub(crate) fn ranges(&self) -> Option<PathBuf> {
        ranges::path(self.data_folder.as_deref())
    }

    /// AWS's prefixes that were fetched, if there are any.
    pub(crate) fn fetched(&self) -> Result<Option<AwsRanges>> {
        let Some(path) = self.ranges() else {
            return Ok(None);
        };
        let name = path.display();
        let text = ranges::kept(&path).with_context(|| format!("read {name}"))?;
        let read = |text: String| AwsRanges::read(&text, RangesSource::Updated);
        let ranges = text.map(read).transpose();
        ranges.with_context(|| format!("read {name}"))
    }
}

/// The folder of answers that were given before.
pub(crate) fn answers(cache: Option<&Path>) -> Option<PathBuf> {
    shelf::folder(cache)
}

/// What is known of addresses without asking.
pub(crate) struct Known {
    ranges: Option<Arc<AwsRanges>>,
    networks: Option<Arc<Networks>>,
    warnings: Vec<String>,
}

impl Known {
    /// What investigations look at.
    pub(crate) fn offline(&self) -> Offline<'_> {
        Offline {
            ranges: self.ranges.as_deref(),
            networks: self.networks.as_deref(),
        }
    }

    /// AWS's prefixes, if others than those that ship are known.
    pub(crate) fn ranges(&self) -> Option<Arc<AwsRanges>> {
        self.ranges.clone()
    }

    /// What the user should know of it.
    pub(crate) fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Tells it.
    pub(crate) fn inform(self, facts: &mut Facts) {
        facts.ranges = self.ranges;
        facts.networks = self.networks;
        facts.warnings.extend(self.warnings);
    }
}

/// What is needed to ask.
pub(crate) struct Askers {
    asn_db: Option<AsnDb>,
    key: Option<String>,
}

impl Naming {
    /// Reads the prefixes and networks that were named.
    pub(crate) fn known(&self) -> Result<Known> {
        let mut warnings = Vec::new();
        Ok(Known {
            ranges: self.ranges(&mut warnings)?,
            networks: self.own_networks()?,
            warnings,
        })
    }

    /// Opens the database that was named, and finds the key.
    pub(crate) fn askers(&self) -> Result<Askers> {
        let asn_db = self
            .asn_db
            .as_deref()
            .map(|path| AsnDb::open(path).with_context(|| format!("read {}", path.display())));
        Ok(Askers {
            asn_db: asn_db.transpose()?,
            key: match self.ipinfo {
                true => Some(key()?),
                false => None,
            },
        })
    }

    /// An option that says something of addresses without asking.
    pub(crate) fn known_by(&self) -> Option<&'static str> {
        first([
            ("--ip-ranges", self.ip_ranges.is_some()),
            ("--networks", !self.networks.is_empty()),
        ])
    }

    /// An option that asks.
    pub(crate) fn asked_by(&self) -> Option<&'static str> {
        first([
            ("--asn-db", self.asn_db.is_some()),
            ("--ipinfo", self.ipinfo),
            ("--rdap", self.rdap),
            ("--ptr", self.ptr),
        ])
    }

    /// AWS's prefixes, where others count than those that ship.
    fn ranges(&self, warnings: &mut Vec<String>) -> Result<Option<Arc<AwsRanges>>> {
        if let Some(path) = &self.ip_ranges {
            let text = text(path)?;
            let ranges = AwsRanges::read(&text, RangesSource::File);
            let ranges = ranges.with_context(|| format!("read {}", path.display()))?;
            return Ok(Some(Arc::new(ranges)));
        }
        Ok(match self.data.fetched() {
            Ok(fetched) => fetched
                .filter(|fetched| fetched.is_newer_than(AwsRanges::shipped()))
                .map(Arc::new),
            Err(error) => {
                warnings.push(format!(
                    "The AWS prefixes that ship are used: failed to {error:#}."
                ));
                None
            }
        })
    }

    fn own_networks(&self) -> Result<Option<Arc<Networks>>> {
        if self.networks.is_empty() {
            return Ok(None);
        }
        let mut networks = Networks::default();
        for path in &self.networks {
            let list = path.file_stem().unwrap_or_default().to_string_lossy();
            let added = networks.add(&list, &text(path)?);
            added.with_context(|| format!("read {}", path.display()))?;
        }
        Ok(Some(Arc::new(networks)))
    }

    /// Asks who was to be asked about these addresses, of which it is said whether
    /// they are AWS's; `None` where nobody was.
    pub(crate) fn ask(
        &self,
        askers: &Askers,
        rows: &[(IpAddr, bool)],
        kept: Option<&Path>,
    ) -> Option<Names> {
        let all: Vec<IpAddr> = rows.iter().map(|(address, _)| *address).collect();
        let outside = rows.iter().filter(|(_, is_aws)| !is_aws);
        let outside: Vec<IpAddr> = outside.map(|(address, _)| *address).collect();
        let within = Duration::from_secs(self.lookup_timeout);
        let mut asked = Asked::default();
        if let Some(database) = &askers.asn_db {
            asked.add(NameSource::AsnDatabase, &all, all.len(), |addresses| {
                database.ask(addresses)
            });
        }
        if let Some(key) = &askers.key {
            asked.with_answers(
                NameSource::Ipinfo,
                &all,
                MOST_IPINFO,
                kept,
                |addresses, shelf| {
                    ipinfo::ask(
                        addresses,
                        &self.ipinfo_url,
                        key,
                        &Client::new(within),
                        shelf,
                    )
                },
            );
        }
        if self.rdap {
            asked.with_answers(
                NameSource::Rdap,
                &outside,
                MOST_RDAP,
                kept,
                |addresses, shelf| {
                    rdap::ask(addresses, &self.rdap_url, &Client::new(within), shelf)
                },
            );
        }
        if self.ptr {
            asked.add(NameSource::Ptr, &all, MOST_PTR, |addresses| {
                ptr::ask(addresses, within)
            });
        }
        asked.0
    }
}

/// What was found; nothing where nobody was asked.
#[derive(Default)]
struct Asked(Option<Names>);

impl Asked {
    fn with_answers(
        &mut self,
        source: NameSource,
        addresses: &[IpAddr],
        most: usize,
        kept: Option<&Path>,
        ask: impl FnOnce(&[IpAddr], &Shelf) -> Found,
    ) {
        let shelf = Shelf::open(kept, source.name());
        self.add(source, addresses, most, |addresses| ask(addresses, &shelf));
        if let (Err(error), Some(names)) = (shelf.close(), &mut self.0) {
            let said = said(source);
            names
                .warnings
                .push(format!("What {said} answered could not be kept: {error}."));
        }
    }

    fn add(
        &mut self,
        source: NameSource,
        addresses: &[IpAddr],
        most: usize,
        ask: impl FnOnce(&[IpAddr]) -> Found,
    ) {
        let names = self.0.get_or_insert_default();
        let first = addresses.get(..most).unwrap_or(addresses);
        let found = ask(first);
        for (address, answer) in found.answers {
            if let Some(name) = named(source, answer) {
                names.add(address, name);
            }
        }
        let said = said(source);
        if first.len() < addresses.len() {
            names.warnings.push(format!(
                "Only the {most} largest of {} addresses were looked up with {said}.",
                addresses.len()
            ));
        }
        let (failed, count) = (found.failed, first.len());
        match found.reason {
            Some(LookupError::KeyRefused(status)) => names.warnings.push(format!(
                "{said} refused the key (status {status}): check IP_INFO_API_KEY."
            )),
            Some(reason) => names.warnings.push(format!(
                "{failed} of {count} look-ups with {said} failed: {reason}."
            )),
            None => {}
        }
    }
}

fn named(source: NameSource, answer: Answer) -> Option<Name> {
    let known = |text: Option<String>| text.as_deref().and_then(printable);
    Some(Name {
        asn: known(answer.asn),
        domain: known(answer.domain),
        country_code: known(answer.country_code),
        country: known(answer.country),
        continent_code: known(answer.continent_code),
        continent: known(answer.continent),
        ..Name::new(source, &answer.name)?
    })
}

fn said(source: NameSource) -> &'static str {
    match source {
        NameSource::Networks => "own networks",
        NameSource::Ipinfo => "IPinfo",
        NameSource::AsnDatabase => "the ASN database",
        NameSource::Rdap => "RDAP",
        NameSource::Ptr => "reverse DNS",
    }
}

/// The first option that is given.
pub(crate) fn first<const N: usize>(options: [(&'static str, bool); N]) -> Option<&'static str> {
    let mut options = options.into_iter();
    options.find_map(|(option, is_given)| is_given.then_some(option))
}

fn key() -> Result<String> {
    let settings = Settings::load()?;
    let key = settings.get("IP_INFO_API_KEY").map(str::to_owned);
    key.ok_or_else(|| {
        anyhow!("ask IPinfo: there is no key; set IP_INFO_API_KEY in the environment or in .env")
    })
}

/// The text of a file.
pub(crate) fn text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|error| {
        let name = path.display();
        match error.kind() {
            ErrorKind::NotFound => anyhow!("read {name}: there is no such file; check the path"),
            _ => anyhow!("read {name}: {error}"),
        }
    })
}
