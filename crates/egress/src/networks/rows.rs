//! Lists of prefixes, as people keep them.
//!
//! A list is JSON (`{"description": …, "subnets": [{"ip_prefix", "region", "city",
//! "alpha2code", "postal_code", …}]}`), CSV (with a header, or prefix and name) or
//! plain text (a prefix a line, a name after it); which of them, its content tells.
//!
//! **Invariants.** A list has a row at least, in the order of the text. Bits beyond
//! a prefix's length are left out. Other people's texts are printable lines, and
//! nothing where nothing is left of them.

use crate::name::printable;
use ipnet::IpNet;
use serde::{Deserialize, Deserializer, de};
use std::net::IpAddr;

/// Why a text is no list of networks.
#[derive(Debug, thiserror::Error)]
pub enum NetworksError {
    /// It begins as JSON and is none of that form.
    #[error("{0}; a list of networks is {{\"subnets\": [{{\"ip_prefix\": \"192.0.2.0/24\"}}]}}")]
    NotJson(#[from] serde_json::Error),
    /// A line has no prefix where one must be.
    #[error("line {line}: {found:?} is no prefix such as 192.0.2.0/24")]
    NoPrefix {
        /// The line, the first is 1.
        line: u64,
        /// What is there.
        found: String,
    },
    /// It is no CSV.
    #[error("{0}")]
    NotCsv(#[from] csv::Error),
    /// There is no prefix in it.
    #[error("there is no prefix in it; give one on each line, with a name after it")]
    Empty,
}

impl NetworksError {
    /// The stable name of the error.
    pub fn name(&self) -> &'static str {
        match self {
            NetworksError::NotJson(_) => "NotNetworksJson",
            NetworksError::NoPrefix { .. } => "NoPrefix",
            NetworksError::NotCsv(_) => "NotNetworksCsv",
            NetworksError::Empty => "NoNetworks",
        }
    }
}

/// What a list says of a prefix.
pub(crate) struct Row {
    pub(crate) prefix: IpNet,
    pub(crate) name: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) city: Option<String>,
    /// The country's code of two letters.
    pub(crate) country_code: Option<String>,
    pub(crate) postal_code: Option<String>,
    pub(crate) service: Option<String>,
}

/// The rows of a list.
pub(crate) fn read(text: &str) -> Result<Vec<Row>, NetworksError> {
    let text = text.trim_start_matches('\u{feff}');
    let rows = match text.trim_start().chars().next() {
        Some('{' | '[') => json(text)?,
        _ => lines(text)?,
    };
    match rows.is_empty() {
        true => Err(NetworksError::Empty),
        false => Ok(rows),
    }
}

fn clean(text: Option<&str>) -> Option<String> {
    text.and_then(printable)
}

/// A prefix, or an address as one of its whole length.
fn prefix(text: &str) -> Option<IpNet> {
    let text = text.trim();
    let prefix = text.parse::<IpNet>();
    let prefix = prefix.or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    prefix.ok().map(|prefix| prefix.trunc())
}

#[derive(Deserialize)]
struct Document {
    subnets: Vec<Subnet>,
}

#[derive(Deserialize)]
struct Subnet {
    #[serde(deserialize_with = "prefix_in_json")]
    ip_prefix: IpNet,
    name: Option<String>,
    region: Option<String>,
    city: Option<String>,
    alpha2code: Option<String>,
    #[serde(default, deserialize_with = "text_or_number")]
    postal_code: Option<String>,
    service: Option<String>,
}

fn prefix_in_json<'de, D: Deserializer<'de>>(from: D) -> Result<IpNet, D::Error> {
    let text = String::deserialize(from)?;
    let refused = || de::Error::custom(format!("{text:?} is no prefix such as 192.0.2.0/24"));
    prefix(&text).ok_or_else(refused)
}

/// Postal codes are written as numbers, too.
fn text_or_number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(match serde_json::Value::deserialize(from)? {
        serde_json::Value::String(text) => Some(text),
        serde_json::Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

fn json(text: &str) -> Result<Vec<Row>, NetworksError> {
    let document: Document = serde_json::from_str(text)?;
    let row = |subnet: Subnet| Row {
        prefix: subnet.ip_prefix,
        name: clean(subnet.name.as_deref()),
        region: clean(subnet.region.as_deref()),
        city: clean(subnet.city.as_deref()),
        country_code: clean(subnet.alpha2code.as_deref()),
        postal_code: clean(subnet.postal_code.as_deref()),
        service: clean(subnet.service.as_deref()),
    };
    Ok(document.subnets.into_iter().map(row).collect())
}

/// Plain text or CSV, as its first line tells.
fn lines(text: &str) -> Result<Vec<Row>, NetworksError> {
    let said = |line: &&str| !line.trim().is_empty() && !is_comment(line);
    let Some(first) = text.lines().find(said) else {
        return Ok(Vec::new());
    };
    let field = first.split(',').next().unwrap_or_default();
    let is_csv = Columns::of(first.split(',')).is_some()
        || (first.contains(',') && prefix(field.trim().trim_matches('"')).is_some());
    match is_csv {
        true => csv_rows(text),
        false => plain(text),
    }
}

fn is_comment(line: &str) -> bool {
    matches!(line.trim_start().chars().next(), Some('#' | ';'))
}

/// A prefix, then anything as its name.
fn plain(text: &str) -> Result<Vec<Row>, NetworksError> {
    let mut rows = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || is_comment(line) {
            continue;
        }
        let (word, name) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        rows.push(Row {
            prefix: prefix(word).ok_or_else(|| no_prefix(at as u64 + 1, word))?,
            name: clean(Some(name)),
            region: None,
            city: None,
            country_code: None,
            postal_code: None,
            service: None,
        });
    }
    Ok(rows)
}

fn no_prefix(line: u64, found: &str) -> NetworksError {
    NetworksError::NoPrefix {
        line,
        found: printable(found).unwrap_or_default(),
    }
}

/// Where the columns of a CSV are.
struct Columns {
    prefix: usize,
    name: Option<usize>,
    region: Option<usize>,
    city: Option<usize>,
    country_code: Option<usize>,
    postal_code: Option<usize>,
    service: Option<usize>,
}

impl Columns {
    /// Of a header; `None` where it is none.
    fn of<'a>(fields: impl Iterator<Item = &'a str>) -> Option<Columns> {
        let names: Vec<String> = fields
            .map(|field| field.trim().trim_matches('"').to_ascii_lowercase())
            .collect();
        let place = |wanted: &[&str]| {
            let is_it = |name: &String| wanted.contains(&name.as_str());
            names.iter().position(is_it)
        };
        Some(Columns {
            prefix: place(&["ip_prefix", "prefix", "cidr", "network", "subnet"])?,
            name: place(&[
                "name",
                "organisation",
                "organization",
                "owner",
                "description",
            ]),
            region: place(&["region"]),
            city: place(&["city"]),
            country_code: place(&["alpha2code", "country_code", "country"]),
            postal_code: place(&["postal_code", "postcode", "zip"]),
            service: place(&["service"]),
        })
    }
}

fn csv_rows(text: &str) -> Result<Vec<Row>, NetworksError> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let mut columns = None;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record?;
        let first = record.get(0).unwrap_or_default();
        if is_comment(first) || record.iter().all(str::is_empty) {
            continue;
        }
        let columns = match &columns {
            Some(columns) => columns,
            None => {
                let header = Columns::of(record.iter());
                let is_header = header.is_some();
                let columns = columns.insert(header.unwrap_or(Columns {
                    prefix: 0,
                    name: Some(1),
                    region: None,
                    city: None,
                    country_code: None,
                    postal_code: None,
                    service: None,
                }));
                if is_header {
                    continue;
                }
                columns
            }
        };
        let at = |column: Option<usize>| record.get(column?);
        let found = record.get(columns.prefix).unwrap_or_default();
        rows.push(Row {
            prefix: prefix(found).ok_or_else(|| no_prefix(line_of(&record, text), found))?,
            name: clean(at(columns.name)),
            region: clean(at(columns.region)),
            city: clean(at(columns.city)),
            country_code: clean(at(columns.country_code)),
            postal_code: clean(at(columns.postal_code)),
            service: clean(at(columns.service)),
        });
    }
    Ok(rows)
}

/// The line of a record; the reader counts from before empty lines.
fn line_of(record: &csv::StringRecord, text: &str) -> u64 {
    let start = record.position().map_or(0, |position| position.byte());
    let start = usize::try_from(start).unwrap_or(usize::MAX).min(text.len());
    let (before, after) = text.as_bytes().split_at(start);
    let is_end = |byte: &&u8| matches!(byte, b'\n' | b'\r');
    let skipped = after.iter().take_while(is_end);
    let ends = before.iter().chain(skipped).filter(|byte| **byte == b'\n');
    ends.count() as u64 + 1
}
