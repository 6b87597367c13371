//! The registries by RDAP: in whose name an address is registered.
//!
//! IANA says which registry has a prefix (RFC 9224); a registry answers itself,
//! redirects to another one (RFC 7480), or links to the one below it (RFC 9083).
//!
//! **Invariants.** A handful of questions at a time: registries limit them. Which
//! registry has what is kept like an answer. At most [`HOPS`] links are followed.

use super::shelf::Shelf;
use super::{Answer, Client, Found, LookupError, ask};
use serde::Deserialize;
use serde_json::Value;
use std::net::IpAddr;

/// Where IANA's lists are.
pub const URL: &str = "https://data.iana.org/rdap";
/// Questions at a time.
const AT_ONCE: usize = 4;
/// Links that are followed from one registry to the next.
const HOPS: usize = 3;
/// The form of answers.
const RDAP: &str = "application/rdap+json, application/json";

/// Prefixes and the registry that has them.
type Registries = Vec<(Vec<String>, String)>;

/// Asks about the addresses.
pub fn ask(addresses: &[IpAddr], url: &str, client: &Client, shelf: &Shelf) -> Found {
    let list = |file: &str, is_needed: bool| match is_needed {
        true => registries(url, file, client, shelf),
        false => Ok(Registries::new()),
    };
    let is_unknown = |address: &&IpAddr| {
        let kept: Option<Option<Answer>> = shelf.recall(&address.to_string());
        kept.is_none()
    };
    let unknown: Vec<&IpAddr> = addresses.iter().filter(is_unknown).collect();
    let v4 = list("ipv4", unknown.iter().any(|address| address.is_ipv4()));
    let v6 = list("ipv6", unknown.iter().any(|address| address.is_ipv6()));
    ask::all(addresses, AT_ONCE, shelf, |address| {
        let registries = if address.is_ipv4() { &v4 } else { &v6 };
        let registries = registries.as_ref().map_err(Clone::clone)?;
        let registry = registry_of(address, registries);
        one(
            address,
            registry.ok_or(LookupError::NoRegistry(address))?,
            client,
        )
    })
}

#[derive(Deserialize)]
struct Bootstrap {
    /// Prefixes, then where their registry answers.
    services: Vec<(Vec<String>, Vec<String>)>,
}

fn not_readable(error: &serde_json::Error) -> LookupError {
    LookupError::NotReadable {
        what: "JSON of RDAP",
        why: error.to_string(),
    }
}

fn registries(
    url: &str,
    file: &str,
    client: &Client,
    shelf: &Shelf,
) -> Result<Registries, LookupError> {
    if let Some(registries) = shelf.recall(file) {
        return Ok(registries);
    }
    let url = format!("{}/{file}.json", url.trim_end_matches('/'));
    let text = client.get(&url, "application/json", None)?;
    let text = text.ok_or(LookupError::Status(404))?;
    let list: Bootstrap = serde_json::from_str(&text).map_err(|error| not_readable(&error))?;
    let registry = |(prefixes, mut urls): (Vec<String>, Vec<String>)| {
        urls.sort_by_key(|url| !url.starts_with("https:"));
        Some((prefixes, urls.into_iter().next()?))
    };
    let registries: Registries = list.services.into_iter().filter_map(registry).collect();
    shelf.keep(file, &registries);
    Ok(registries)
}

/// The registry with the longest prefix that the address is in.
fn registry_of(address: IpAddr, registries: &Registries) -> Option<&str> {
    let prefixes = registries.iter().flat_map(|(prefixes, url)| {
        let lengths = prefixes.iter().filter_map(|prefix| covers(prefix, address));
        lengths.map(move |length| (length, url.as_str()))
    });
    prefixes
        .max_by_key(|(length, _)| *length)
        .map(|(_, url)| url)
}

/// The prefix's length, if the address is in it.
fn covers(prefix: &str, address: IpAddr) -> Option<u32> {
    let (network, length) = prefix.split_once('/')?;
    let length: u32 = length.parse().ok()?;
    let (network, address, width) = match (network.parse().ok()?, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            (network.to_bits().into(), address.to_bits().into(), 32)
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => (network.to_bits(), address.to_bits(), 128),
        _ => return None,
    };
    let beyond = u32::checked_sub(width, length)?;
    let cut = |bits: u128| bits.checked_shr(beyond).unwrap_or(0);
    (cut(network) == cut(address)).then_some(length)
}

/// Asks a registry, and those that it points to as long as no name is known.
fn one(address: IpAddr, registry: &str, client: &Client) -> Result<Option<Answer>, LookupError> {
    let mut url = format!("{}/ip/{address}", registry.trim_end_matches('/'));
    let mut known = None;
    for _ in 0..=HOPS {
        let Some(text) = client.get(&url, RDAP, None)? else {
            break;
        };
        let network: Network = serde_json::from_str(&text).map_err(|error| not_readable(&error))?;
        let organisation = network.organisation();
        let next = network.next(&url).filter(|_| organisation.is_none());
        known = network.answer(organisation).or(known);
        match next {
            Some(next) => url = next,
            None => break,
        }
    }
    Ok(known)
}

/// What a registry says of a network.
#[derive(Deserialize)]
struct Network {
    name: Option<String>,
    country: Option<String>,
    #[serde(default)]
    entities: Vec<Entity>,
    #[serde(default)]
    links: Vec<Link>,
    #[serde(default)]
    remarks: Vec<Remark>,
}

#[derive(Deserialize)]
struct Entity {
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default, rename = "vcardArray")]
    card: Value,
}

#[derive(Deserialize)]
struct Link {
    #[serde(default)]
    rel: String,
    #[serde(default)]
    href: String,
    #[serde(default, rename = "type")]
    media: String,
}

#[derive(Deserialize)]
struct Remark {
    #[serde(default)]
    title: String,
    #[serde(default)]
    description: Vec<String>,
}

impl Entity {
    /// A property of the jCard (RFC 7095): [name, parameters, type, value].
    fn property(&self, name: &str) -> Option<&Value> {
        let properties = self.card.get(1)?.as_array()?;
        properties.iter().find(|property| property[0] == name)
    }

    fn text(&self, name: &str) -> Option<&str> {
        let text = self.property(name)?.get(3)?.as_str()?;
        Some(text).filter(|text| !text.trim().is_empty())
    }

    fn is_organisation(&self) -> bool {
        self.text("kind") == Some("org")
    }

    fn country(&self) -> Option<&str> {
        // The last of an address's parts, or the last line of its label.
        let address = self.property("adr")?;
        let part = address.get(3)?.as_array()?.last()?.as_str();
        let label = || address[1]["label"].as_str()?.lines().last();
        part.filter(|part| !part.is_empty()).or_else(label)
    }
}

impl Network {
    /// In whose name it is registered: organisations before persons and handles.
    fn organisation(&self) -> Option<&Entity> {
        let is_registrant = |entity: &&Entity| {
            let is_it = |role: &String| role == "registrant";
            entity.roles.iter().any(is_it) && entity.text("fn").is_some()
        };
        let mut registrants = self.entities.iter().filter(is_registrant);
        registrants
            .clone()
            .find(|entity| entity.is_organisation())
            .or_else(|| registrants.next())
    }

    /// Where the registry points to for more.
    fn next(&self, asked: &str) -> Option<String> {
        let is_more = |link: &&Link| {
            link.rel == "related"
                && link.media.starts_with("application/rdap+json")
                && link.href != asked
                && (link.href.starts_with("https://")
                    || link.href.starts_with("http://") && asked.starts_with("http://"))
        };
        self.links
            .iter()
            .find(is_more)
            .map(|link| link.href.clone())
    }

    /// The organisation, or else what the network is called or described as.
    fn answer(&self, organisation: Option<&Entity>) -> Option<Answer> {
        let described = || {
            let is_description = |remark: &&Remark| remark.title == "description";
            let remark = self.remarks.iter().find(is_description)?;
            remark.description.first().map(String::as_str)
        };
        let name = organisation.and_then(|entity| entity.text("fn"));
        let name = name.or_else(described).or(self.name.as_deref())?;
        let code = self.country.clone().filter(|code| code.len() == 2);
        let country = organisation.and_then(Entity::country).map(str::to_owned);
        Some(Answer {
            name: name.to_owned(),
            country_code: code.map(|code| code.to_ascii_uppercase()),
            country: country.filter(|country| country.len() > 2),
            ..Answer::default()
        })
        .filter(|answer| !answer.name.trim().is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::{Network, covers, registry_of};
    use serde_json::json;

    #[test]
    fn the_longest_prefix_tells_the_registry() {
        let prefixes =
            |prefixes: &[&str]| prefixes.iter().map(|&prefix| prefix.to_owned()).collect();
        let registries = vec![
            (
                prefixes(&["192.0.0.0/8", "2001:db8::/32"]),
                "one".to_owned(),
            ),
            (
                prefixes(&["192.0.2.0/24", "nonsense", "1.0.0.0/99"]),
                "two".to_owned(),
            ),
        ];
        for (address, expected) in [
            ("192.0.2.1", Some("two")),
            ("192.0.3.1", Some("one")),
            ("198.51.100.1", None),
            ("2001:db8::1", Some("one")),
            ("2001:db9::1", None),
        ] {
            let address = address.parse().unwrap();
            assert_eq!(registry_of(address, &registries), expected, "{address}");
        }
        assert_eq!(covers("0.0.0.0/0", "192.0.2.1".parse().unwrap()), Some(0));
        assert_eq!(covers("::/0", "2001:db8::1".parse().unwrap()), Some(0));
    }

    fn said(network: serde_json::Value) -> Option<String> {
        let network: Network = serde_json::from_value(network).unwrap();
        let answer = network.answer(network.organisation())?;
        let country = answer.country_code.or(answer.country);
        Some(format!(
            "{}, {}",
            answer.name,
            country.as_deref().unwrap_or("-")
        ))
    }

    #[test]
    fn an_organisation_counts_for_more_than_a_network() {
        let entity = |role: &str, kind: &str, name: &str| {
            json!({"roles": [role], "vcardArray": ["vcard", [
                ["version", {}, "text", "4.0"],
                ["fn", {}, "text", name],
                ["kind", {}, "text", kind],
                ["adr", {"label": "1 Example St\nUnited States"}, "text", ["", "", "", "", "", "", ""]],
            ]]})
        };
        let handle = entity("registrant", "individual", "EXAMPLE-MNT");
        let abuse = entity("abuse", "org", "Abuse");
        let organisation = entity("registrant", "org", "Example Inc");
        for (network, expected) in [
            (json!({}), None),
            (
                json!({"name": "EXAMPLE-NET", "country": "de"}),
                Some("EXAMPLE-NET, DE"),
            ),
            (
                json!({"name": "EXAMPLE-NET", "entities": [abuse]}),
                Some("EXAMPLE-NET, -"),
            ),
            (
                json!({"name": "EXAMPLE-NET", "entities": [handle, organisation]}),
                Some("Example Inc, United States"),
            ),
            (
                json!({"name": "EXAMPLE-NET", "entities": [handle], "country": "NL"}),
                Some("EXAMPLE-MNT, NL"),
            ),
            (
                json!({"name": "X", "remarks": [
                    {"title": "other", "description": ["no"]},
                    {"title": "description", "description": ["Example Ltd", "Berlin"]}]}),
                Some("Example Ltd, -"),
            ),
            (
                json!({"name": "X", "entities": [{"roles": ["registrant"], "vcardArray": 1}]}),
                Some("X, -"),
            ),
        ] {
            assert_eq!(said(network.clone()).as_deref(), expected, "{network}");
        }
    }

    #[test]
    fn a_link_leads_on_but_never_out_of_https() {
        let network = |href: &str, media: &str| -> Network {
            serde_json::from_value(json!({"links": [
                {"rel": "self", "href": "https://other.example/ip/1"},
                {"rel": "related", "href": href, "type": media}]}))
            .unwrap()
        };
        let asked = "https://one.example/ip/192.0.2.1";
        let media = "application/rdap+json";
        for (href, media, is_followed) in [
            ("https://two.example/ip/192.0.2.1", media, true),
            ("http://two.example/ip/192.0.2.1", media, false),
            ("https://two.example/ip/192.0.2.1", "text/html", false),
            (asked, media, false),
            ("file:///etc/passwd", media, false),
        ] {
            assert_eq!(
                network(href, media).next(asked).is_some(),
                is_followed,
                "{href}"
            );
        }
    }
}
