//! The user's own networks: lists of prefixes with names.
//!
//! A list is JSON (`{"description": …, "subnets": [{"ip_prefix", "region",
//! "city", …}]}`), CSV (with a header, or prefix and name) or plain text (a prefix
//! a line, a name after it); which of them, its content tells. A network without
//! a name of its own has the list's.
//!
//! **Invariants.** The longest prefix counts, of equal ones the one that was read
//! last. An address is a prefix of its whole length, bits beyond a prefix's
//! length are left out. Files are the caller's affair: here a list is a text.

use crate::address::translated;
use crate::name::{Name, NameSource, printable};
use ipnet::IpNet;
use prefix_trie::joint::JointPrefixMap;
use serde::{Deserialize, Deserializer, de};
use std::net::IpAddr;
use std::sync::Arc;

/// Networks with their names.
#[derive(Debug, Default)]
pub struct Networks {
    prefixes: JointPrefixMap<IpNet, Arc<Name>>,
}

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
struct Row {
    prefix: IpNet,
    name: Option<String>,
    place: Option<String>,
}

impl Networks {
    /// Adds a list; `list` is its name, of a file the name without its ending.
    /// Says how many networks it has.
    pub fn add(&mut self, list: &str, text: &str) -> Result<usize, NetworksError> {
        let text = text.trim_start_matches('\u{feff}');
        let rows = match text.trim_start().chars().next() {
            Some('{' | '[') => json(text)?,
            _ => lines(text)?,
        };
        if rows.is_empty() {
            return Err(NetworksError::Empty);
        }
        let list = printable(list).unwrap_or_else(|| "networks".to_owned());
        let count = rows.len();
        let mut last: Option<Arc<Name>> = None;
        for row in rows {
            let name = row.name.as_deref().and_then(printable);
            let name = name.unwrap_or_else(|| list.clone());
            // Neighbours are mostly called the same.
            let same = last.filter(|last| last.name == name && last.place == row.place);
            let name = match same {
                Some(name) => name,
                None => match Name::new(NameSource::Networks, &name) {
                    Some(new) => Arc::new(Name {
                        list: Some(list.clone()),
                        place: row.place,
                        ..new
                    }),
                    None => return Err(NetworksError::Empty),
                },
            };
            self.prefixes.insert(row.prefix, Arc::clone(&name));
            last = Some(name);
        }
        Ok(count)
    }

    /// Names of single addresses, as a list has them.
    pub(crate) fn of(names: impl IntoIterator<Item = (IpAddr, Name)>) -> Networks {
        let mut networks = Networks::default();
        for (address, name) in names {
            let whole = IpNet::from(translated(address));
            networks.prefixes.insert(whole, Arc::new(name));
        }
        networks
    }

    /// How many networks there are.
    pub fn len(&self) -> usize {
        self.prefixes.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.prefixes.is_empty()
    }

    /// The name of the smallest network that the address is in.
    pub fn get(&self, address: IpAddr) -> Option<&Arc<Name>> {
        if address.is_unspecified() {
            return None;
        }
        let whole = IpNet::from(translated(address));
        self.prefixes.get_lpm(&whole).map(|(_, name)| name)
    }
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
}

fn prefix_in_json<'de, D: Deserializer<'de>>(from: D) -> Result<IpNet, D::Error> {
    let text = String::deserialize(from)?;
    let refused = || de::Error::custom(format!("{text:?} is no prefix such as 192.0.2.0/24"));
    prefix(&text).ok_or_else(refused)
}

fn json(text: &str) -> Result<Vec<Row>, NetworksError> {
    let document: Document = serde_json::from_str(text)?;
    let row = |subnet: Subnet| Row {
        prefix: subnet.ip_prefix,
        name: subnet.name,
        place: place(subnet.city.as_deref(), subnet.region.as_deref()),
    };
    Ok(document.subnets.into_iter().map(row).collect())
}

/// City and region, as far as they are said and differ.
fn place(city: Option<&str>, region: Option<&str>) -> Option<String> {
    let city = city.and_then(printable);
    let region = region
        .and_then(printable)
        .filter(|region| city.as_ref() != Some(region));
    match (city, region) {
        (Some(city), Some(region)) => Some(format!("{city}, {region}")),
        (city, region) => city.or(region),
    }
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
            name: Some(name.to_owned()),
            place: None,
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
    city: Option<usize>,
    region: Option<usize>,
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
            city: place(&["city"]),
            region: place(&["region"]),
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
                    city: None,
                    region: None,
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
            name: at(columns.name).map(str::to_owned),
            place: place(at(columns.city), at(columns.region)),
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

#[cfg(test)]
mod tests {
    use super::{Networks, NetworksError};

    fn networks(text: &str) -> Networks {
        let mut networks = Networks::default();
        networks.add("office", text).expect("a list");
        networks
    }

    fn said(networks: &Networks, address: &str) -> Option<String> {
        let name = networks.get(address.parse().expect("an address"))?;
        Some(name.to_string())
    }

    #[test]
    fn every_form_of_a_list_is_read() {
        for (text, expected) in [
            ("192.0.2.0/24", "office"),
            (
                "# ours\n\n  192.0.2.0/24\tBerlin, second floor\r\n",
                "Berlin, second floor",
            ),
            ("\u{feff}192.0.2.5", "office"),
            // Bits beyond the length are left out.
            ("192.0.2.77/24 Berlin", "Berlin"),
            ("192.0.2.0/24,Berlin\n", "Berlin"),
            (
                "192.0.2.0/24,\"Berlin, \"\"Mitte\"\"\"\n",
                "Berlin, \"Mitte\"",
            ),
            ("192.0.2.0/24,\n", "office"),
            (
                "region,CIDR,Name,city\neu,192.0.2.0/24,Example,Berlin\n",
                "Example, Berlin, eu",
            ),
            ("prefix\n192.0.2.0/24\n", "office"),
            ("# ours\nprefix,name\n192.0.2.0/24,Berlin\n", "Berlin"),
            (
                r#"{"description": "ours", "subnets": [
                    {"ip_prefix": "192.0.2.0/24", "region": "eu", "city": "Berlin", "other": 1}]}"#,
                "office, Berlin, eu",
            ),
            (
                r#"{"subnets": [{"ip_prefix": "192.0.2.5", "region": "eu", "city": "eu"}]}"#,
                "office, eu",
            ),
            (
                r#"{"subnets": [{"ip_prefix": "192.0.2.5/32", "name": "Berlin", "city": null}]}"#,
                "Berlin",
            ),
        ] {
            let networks = networks(text);
            assert_eq!(
                said(&networks, "192.0.2.5").as_deref(),
                Some(expected),
                "{text}"
            );
            assert_eq!(said(&networks, "198.51.100.5"), None, "{text}");
        }
    }

    #[test]
    fn the_longest_prefix_counts_and_of_equal_ones_the_last() {
        let mut networks =
            networks("10.0.0.0/8 all\n10.1.0.0/16 first\n10.1.0.0/16 second\n2001:db8::/32 six\n");
        networks
            .add("more", "10.1.2.0/24 small\n0.0.0.0/0 world")
            .expect("a list");
        assert_eq!(networks.len(), 5);
        for (address, expected) in [
            ("10.9.0.1", Some("all")),
            ("10.1.0.1", Some("second")),
            ("10.1.2.3", Some("small")),
            ("198.51.100.1", Some("world")),
            ("2001:db8::5", Some("six")),
            ("2001:db9::5", None),
            // Behind NAT64 it is the IPv4 address that counts.
            ("64:ff9b::a01:203", Some("small")),
            // That is no address but what is beyond the limit of keys.
            ("0.0.0.0", None),
        ] {
            assert_eq!(said(&networks, address).as_deref(), expected, "{address}");
        }
        let name = networks.get("10.1.2.3".parse().expect("an address"));
        assert_eq!(name.and_then(|name| name.list.as_deref()), Some("more"));
    }

    #[test]
    fn what_is_no_list_is_refused_with_its_line() {
        let check = |text: &str| {
            let refused = Networks::default().add("office", text);
            refused.map_err(|error| (error.name(), error.to_string()))
        };
        for (text, name, said) in [
            ("", "NoNetworks", "there is no prefix in it"),
            ("# nothing\n", "NoNetworks", "there is no prefix in it"),
            ("prefix,name\n", "NoNetworks", "there is no prefix in it"),
            (
                r#"{"subnets": []}"#,
                "NoNetworks",
                "there is no prefix in it",
            ),
            (
                "192.0.2.0/24\n192.0.2.0/33 x",
                "NoPrefix",
                "line 2: \"192.0.2.0/33\" is no prefix",
            ),
            (
                "192.0.2.0/24,a\n\nhost,b",
                "NoPrefix",
                "line 3: \"host\" is no prefix",
            ),
            ("<html>", "NoPrefix", "line 1: \"<html>\" is no prefix"),
            (
                "{\"prefixes\": []}",
                "NotNetworksJson",
                "missing field `subnets` at line 1",
            ),
            (
                "{\"subnets\": [\n{\"ip_prefix\": \"10.0.0.0/8\"},\n{\"ip_prefix\": \"x\"}]}",
                "NotNetworksJson",
                "\"x\" is no prefix such as 192.0.2.0/24 at line 3",
            ),
        ] {
            let (found, message) = check(text).expect_err("no list");
            assert_eq!(found, name, "{text}");
            assert!(message.starts_with(said), "{text}: {message}");
        }
        assert!(matches!(
            Networks::default().add("office", "[1]"),
            Err(NetworksError::NotJson(_))
        ));
    }

    #[test]
    fn a_hundred_thousand_prefixes_are_no_cost() {
        let mut text = String::new();
        for number in 0..100_000_u32 {
            let [_, a, b, c] = (number << 4).to_be_bytes();
            text += &format!("10.{a}.{b}.{c}/28 network {number}\n");
        }
        let networks = networks(&text);
        assert_eq!(networks.len(), 100_000);
        assert_eq!(
            said(&networks, "10.24.105.0").as_deref(),
            Some("network 99984")
        );
        for number in 0..1_000_000_u32 {
            let address = std::net::Ipv4Addr::from(0x0a00_0000 | number);
            assert!(networks.get(address.into()).is_some());
        }
    }
}
