//! A database in a file that tells whose an address is, in the format of MaxMind.
//!
//! Understood are the fields of IPinfo Lite (asn, as_name, as_domain, country_code,
//! country, continent_code, continent) and of GeoLite2-ASN
//! (autonomous_system_number, autonomous_system_organization):
//! <https://ipinfo.io/developers/database-download>,
//! <https://dev.maxmind.com/geoip/docs/databases/asn>.
//!
//! **Invariants.** Nobody is asked: the file is read into memory once.

use super::{Answer, Found, LookupError};
use maxminddb::{MaxMindDbError, Reader};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::net::IpAddr;
use std::path::Path;

/// A database.
#[derive(Debug)]
pub struct AsnDb {
    reader: Reader<Vec<u8>>,
}

/// A field that some databases have as text, some as a number, some as more.
#[derive(Deserialize)]
#[serde(untagged)]
enum Field {
    Text(String),
    Number(u64),
    Other(IgnoredAny),
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Row {
    asn: Option<Field>,
    as_name: Option<Field>,
    as_domain: Option<Field>,
    country_code: Option<Field>,
    country: Option<Field>,
    continent_code: Option<Field>,
    continent: Option<Field>,
    autonomous_system_number: Option<Field>,
    autonomous_system_organization: Option<Field>,
}

fn text(field: Option<Field>) -> Option<String> {
    match field? {
        Field::Text(text) => Some(text).filter(|text| !text.is_empty()),
        Field::Number(number) => Some(number.to_string()),
        Field::Other(_) => None,
    }
}

/// `AS64500`, however it is written.
fn asn(field: Option<Field>) -> Option<String> {
    let number = text(field)?;
    let number = number.trim_start_matches(['A', 'S', 'a', 's']);
    Some(format!("AS{number}"))
}

fn unreadable(error: &MaxMindDbError) -> LookupError {
    LookupError::Database(format!(
        "{error}; name an ASN database such as ipinfo_lite.mmdb or GeoLite2-ASN.mmdb"
    ))
}

impl AsnDb {
    /// Reads the file.
    pub fn open(path: &Path) -> Result<AsnDb, LookupError> {
        let reader = Reader::open_readfile(path).map_err(|error| unreadable(&error))?;
        Ok(AsnDb { reader })
    }

    /// What the database says of the addresses.
    pub fn ask(&self, addresses: &[IpAddr]) -> Found {
        let mut found = Found::default();
        for address in addresses {
            match self.get(*address) {
                Ok(Some(answer)) => found.answers.push((*address, answer)),
                Ok(None) => {}
                Err(error) => {
                    found.failed += 1;
                    found.reason.get_or_insert(error);
                }
            }
        }
        found
    }

    fn get(&self, address: IpAddr) -> Result<Option<Answer>, LookupError> {
        let is_of_version_4 = self.reader.metadata().ip_version == 4;
        if is_of_version_4 && address.is_ipv6() {
            return Ok(None);
        }
        let entry = self
            .reader
            .lookup(address)
            .map_err(|error| unreadable(&error))?;
        let row = entry.decode::<Row>().map_err(|error| unreadable(&error))?;
        let Some(row) = row else {
            return Ok(None);
        };
        let name = text(row.as_name).or_else(|| text(row.autonomous_system_organization));
        let name = name.ok_or_else(|| {
            LookupError::Database(format!(
                "an entry of this {} has neither as_name nor autonomous_system_organization",
                self.reader.metadata().database_type
            ))
        })?;
        Ok(Some(Answer {
            name,
            asn: asn(row.asn.or(row.autonomous_system_number)),
            domain: text(row.as_domain),
            country_code: text(row.country_code),
            country: text(row.country),
            continent_code: text(row.continent_code),
            continent: text(row.continent),
        }))
    }
}
