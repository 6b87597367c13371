//! What an address is called, and who says so.
//!
//! An address can have several names: of a list of the user's own networks, of
//! IPinfo, of an ASN database, of RDAP, of reverse DNS. All of them are kept; the
//! label that tables show is the first of these in the order of [`NameSource`].
//!
//! **Invariants.** Names are other people's texts: they are one line of printable
//! characters of a bounded length before anything else sees them. Who was asked,
//! and how, is not known here.

use crate::address::{is_private, translated};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

/// The characters of a name, at the most.
const LONGEST: usize = 100;

/// Who gives an address its name, the one that counts most first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NameSource {
    /// A list of networks that the user gave.
    Networks,
    /// IPinfo's API.
    Ipinfo,
    /// An ASN database in a file.
    AsnDatabase,
    /// The registry of the address, by RDAP.
    Rdap,
    /// Reverse DNS; whoever has the address writes there what he likes.
    Ptr,
}

impl NameSource {
    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            NameSource::Networks => "networks",
            NameSource::Ipinfo => "ipinfo",
            NameSource::AsnDatabase => "asn-database",
            NameSource::Rdap => "rdap",
            NameSource::Ptr => "ptr",
        }
    }
}

/// A name of an address with what its source says beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Name {
    /// Who says so.
    pub source: NameSource,
    /// The name: of an organisation, of a network, or of a host.
    pub name: String,
    /// The list of networks that it is from, for [`NameSource::Networks`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<String>,
    /// Where the network is, as the list says: city and region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The autonomous system, such as AS64500.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asn: Option<String>,
    /// The organisation's domain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// The country's code of two letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country_code: Option<String>,
    /// The country.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// The continent's code of two letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continent_code: Option<String>,
    /// The continent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continent: Option<String>,
}

impl Name {
    /// A name and nothing else; `None` where no printable character is left of it.
    pub fn new(source: NameSource, name: &str) -> Option<Name> {
        Some(Name {
            source,
            name: printable(name)?,
            list: None,
            place: None,
            asn: None,
            domain: None,
            country_code: None,
            country: None,
            continent_code: None,
            continent: None,
        })
    }

    /// The same in printable words, where a file of somebody else's says it;
    /// `None` where no name is left.
    pub(crate) fn cleaned(self) -> Option<Name> {
        let clean = |text: Option<String>| text.as_deref().and_then(printable);
        Some(Name {
            source: self.source,
            name: printable(&self.name)?,
            list: clean(self.list),
            place: clean(self.place),
            asn: clean(self.asn),
            domain: clean(self.domain),
            country_code: clean(self.country_code),
            country: clean(self.country),
            continent_code: clean(self.continent_code),
            continent: clean(self.continent),
        })
    }

    /// Who says so, in words.
    pub(crate) fn said_by(&self) -> String {
        match (self.source, &self.list) {
            (NameSource::Networks, Some(list)) => format!("network list {list}"),
            (NameSource::Networks, None) => "network list".to_owned(),
            (NameSource::Ipinfo, _) => "IPinfo".to_owned(),
            (NameSource::AsnDatabase, _) => "ASN database".to_owned(),
            (NameSource::Rdap, _) => "RDAP".to_owned(),
            (NameSource::Ptr, _) => "PTR".to_owned(),
        }
    }

    /// As JSON: what is not known is left out.
    pub(crate) fn value(&self) -> Value {
        let mut value = Map::new();
        value.insert("source".to_owned(), self.source.name().into());
        value.insert("name".to_owned(), self.name.clone().into());
        for (field, known) in [
            ("list", &self.list),
            ("place", &self.place),
            ("asn", &self.asn),
            ("domain", &self.domain),
            ("country_code", &self.country_code),
            ("country", &self.country),
            ("continent_code", &self.continent_code),
            ("continent", &self.continent),
        ] {
            if let Some(known) = known {
                value.insert(field.to_owned(), known.clone().into());
            }
        }
        value.into()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        match &self.place {
            Some(place) => write!(f, ", {place}"),
            None => Ok(()),
        }
    }
}

/// One line of printable characters without spaces at its ends, cut to the
/// longest that a name may be; `None` for nothing.
pub fn printable(text: &str) -> Option<String> {
    let line: String = text
        .chars()
        .map(|letter| if is_hidden(letter) { ' ' } else { letter })
        .collect();
    let words: Vec<&str> = line.split_whitespace().collect();
    let line: String = words.join(" ").chars().take(LONGEST).collect();
    (!line.is_empty()).then_some(line)
}

/// A letter that is not to be seen and changes what is.
pub(crate) fn is_hidden(letter: char) -> bool {
    letter.is_control()
        // Marks that turn the direction of writing, and spaces of no width.
        || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// What look-ups found, by address.
#[derive(Debug, Clone, Default)]
pub struct Names {
    found: BTreeMap<IpAddr, Vec<Arc<Name>>>,
    /// What the reader should know about the look-ups.
    pub warnings: Vec<String>,
}

impl Names {
    /// Adds a name of the address.
    pub fn add(&mut self, address: IpAddr, name: Name) {
        self.found
            .entry(translated(address))
            .or_default()
            .push(Arc::new(name));
    }

    /// Adds what others found, and what is to be said of that.
    pub fn extend(&mut self, other: Names) {
        for (address, names) in other.found {
            self.found.entry(address).or_default().extend(names);
        }
        self.warnings.extend(other.warnings);
    }

    /// Every address with its names.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (IpAddr, &[Arc<Name>])> {
        let found = self.found.iter();
        found.map(|(address, names)| (*address, names.as_slice()))
    }

    /// The names of the address; of one behind NAT64 those of the IPv4 address.
    pub(crate) fn of(&self, address: IpAddr) -> &[Arc<Name>] {
        self.found
            .get(&translated(address))
            .map_or(&[], Vec::as_slice)
    }
}

/// The address to ask others about, if they can know anything of it: of one
/// behind NAT64 the IPv4 address; `None` for private and special ones.
pub(crate) fn askable(address: IpAddr) -> Option<IpAddr> {
    let address = translated(address);
    let is_special = match address {
        IpAddr::V4(v4) => v4.octets()[0] == 0 || v4.octets()[0] >= 224,
        IpAddr::V6(v6) => v6.is_unspecified() || v6.is_multicast(),
    };
    (!is_special && !is_private(address)).then_some(address)
}

/// Puts the names in their order, one of each source and list.
pub(crate) fn in_order(names: &mut Vec<Arc<Name>>) {
    names.sort_by_key(|name| name.source);
    names.dedup_by(|later, first| later.source == first.source && later.list == first.list);
}

#[cfg(test)]
mod tests {
    use super::{Name, NameSource, Names, askable, printable};

    #[test]
    fn a_name_is_one_printable_line() {
        for (text, expected) in [
            ("Example Inc", Some("Example Inc")),
            ("  Example\r\n\tInc \u{202e}", Some("Example Inc")),
            ("\u{1b}[31mred", Some("[31mred")),
            ("\u{200b} \0", None),
            ("", None),
        ] {
            assert_eq!(printable(text).as_deref(), expected, "{text:?}");
        }
        let long = printable(&"ä".repeat(1_000)).map(|name| name.chars().count());
        assert_eq!(long, Some(100));
    }

    #[test]
    fn nobody_is_asked_about_private_and_special_addresses() {
        for (address, asked) in [
            ("203.0.113.5", Some("203.0.113.5")),
            ("2001:db8::5", Some("2001:db8::5")),
            ("64:ff9b::cb00:7105", Some("203.0.113.5")),
            ("64:ff9b::a00:1", None),
            ("10.0.0.1", None),
            ("100.64.0.1", None),
            ("169.254.169.254", None),
            ("127.0.0.1", None),
            ("0.0.0.0", None),
            ("224.0.0.1", None),
            ("255.255.255.255", None),
            ("fd00::1", None),
            ("fe80::1", None),
            ("ff02::1", None),
            ("::", None),
            ("::1", None),
        ] {
            let address = address.parse().expect("an address");
            let expected = asked.map(|asked| asked.parse().expect("an address"));
            assert_eq!(askable(address), expected, "{address}");
        }
    }

    #[test]
    fn an_address_behind_nat64_has_the_names_of_the_other() {
        let mut names = Names::default();
        let name = Name::new(NameSource::Rdap, "Example Inc").expect("a name");
        names.add("203.0.113.5".parse().expect("an address"), name);
        let behind = "64:ff9b::cb00:7105".parse().expect("an address");
        assert_eq!(names.of(behind).len(), 1);
        assert!(
            names
                .of("203.0.113.6".parse().expect("an address"))
                .is_empty()
        );
    }
}
