//! The user's own networks: lists of prefixes with names.
//!
//! What a list is, `rows` says. A network without a name of its own has the list's.
//!
//! **Invariants.** The longest prefix counts, of equal ones the one that was read
//! last. An address is a prefix of its whole length, bits beyond a prefix's
//! length are left out. Files are the caller's affair: here a list is a text.

pub(crate) mod rows;

use crate::address::translated;
use crate::name::{Name, NameSource, printable};
use ipnet::IpNet;
use prefix_trie::joint::JointPrefixMap;
pub use rows::NetworksError;
use std::net::IpAddr;
use std::sync::Arc;

/// Networks with their names.
#[derive(Debug, Default)]
pub struct Networks {
    prefixes: JointPrefixMap<IpNet, Arc<Name>>,
}

impl Networks {
    /// Adds a list; `list` is its name, of a file the name without its ending.
    /// Says how many networks it has.
    pub fn add(&mut self, list: &str, text: &str) -> Result<usize, NetworksError> {
        let rows = rows::read(text)?;
        let list = printable(list).unwrap_or_else(|| "networks".to_owned());
        let count = rows.len();
        let mut last: Option<Arc<Name>> = None;
        for row in rows {
            let place = place(row.city.as_deref(), row.region.as_deref());
            let name = row.name.unwrap_or_else(|| list.clone());
            // Neighbours are mostly called the same.
            let same = last.filter(|last| last.name == name && last.place == place);
            let name = match same {
                Some(name) => name,
                None => match Name::new(NameSource::Networks, &name) {
                    Some(new) => Arc::new(Name {
                        list: Some(list.clone()),
                        place,
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

/// City and region, as far as they are said and differ.
fn place(city: Option<&str>, region: Option<&str>) -> Option<String> {
    let region = region.filter(|region| city != Some(*region));
    match (city, region) {
        (Some(city), Some(region)) => Some(format!("{city}, {region}")),
        (city, region) => city.or(region).map(str::to_owned),
    }
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
