//! IPinfo's Lite API: organisation and country of an address.
//!
//! <https://ipinfo.io/developers/lite-api>
//!
//! **Invariants.** The key goes into a header. A wrong key ends the asking.

use super::shelf::Shelf;
use super::{Answer, Client, Found, LookupError, ask};
use serde::Deserialize;
use std::net::IpAddr;

/// Where the API is.
pub const URL: &str = "https://api.ipinfo.io";
/// Questions at a time.
const AT_ONCE: usize = 8;

#[derive(Deserialize)]
struct Lite {
    asn: Option<String>,
    as_name: Option<String>,
    as_domain: Option<String>,
    country_code: Option<String>,
    country: Option<String>,
    continent_code: Option<String>,
    continent: Option<String>,
}

/// Asks about the addresses.
pub fn ask(addresses: &[IpAddr], url: &str, key: &str, client: &Client, shelf: &Shelf) -> Found {
    let base = url.trim_end_matches('/');
    ask::all(addresses, AT_ONCE, shelf, |address| {
        let url = format!("{base}/lite/{address}");
        let text = client.get(&url, "application/json", Some(key))?;
        text.as_deref().map_or(Ok(None), read)
    })
}

fn read(text: &str) -> Result<Option<Answer>, LookupError> {
    let lite: Lite = serde_json::from_str(text).map_err(|error| LookupError::NotReadable {
        what: "JSON of IPinfo",
        why: error.to_string(),
    })?;
    let known = |text: Option<String>| text.filter(|text| !text.is_empty());
    Ok(known(lite.as_name).map(|name| Answer {
        name,
        asn: known(lite.asn),
        domain: known(lite.as_domain),
        country_code: known(lite.country_code),
        country: known(lite.country),
        continent_code: known(lite.continent_code),
        continent: known(lite.continent),
    }))
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn reads_what_is_known() {
        let answer = read(
            r#"{"ip": "192.0.2.1", "asn": "AS64500", "as_name": "Example Inc", "as_domain": "",
                "country_code": "US", "more": {}}"#,
        );
        let answer = answer.unwrap().unwrap();
        assert_eq!(answer.name, "Example Inc");
        assert_eq!(answer.asn.as_deref(), Some("AS64500"));
        assert_eq!((answer.domain, answer.country), (None, None));
        assert_eq!(answer.country_code.as_deref(), Some("US"));
        let nobody = read(r#"{"ip": "192.0.2.1", "bogon": true}"#);
        assert_eq!(nobody, Ok(None));
        let html = read("<!DOCTYPE html>").unwrap_err();
        assert_eq!(html.name(), "UnreadableAnswer");
    }
}
