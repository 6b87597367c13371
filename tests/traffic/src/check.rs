//! What makes a scenario inconsistent.
//!
//! Separate from the scenario's shape: serde refuses what is misspelt, this
//! refuses what cannot happen.

use crate::scenario::{
    Conversation, Direct, Population, Rejected, Scenario, ScenarioError, nat64_embedded,
};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

impl Scenario {
    /// Says what is inconsistent; call it again after changing a scenario.
    ///
    /// # Errors
    /// [`ScenarioError::Contradiction`] with a sentence.
    pub fn check(&self) -> Result<(), ScenarioError> {
        self.contradiction()
            .map_or(Ok(()), |text| Err(ScenarioError::Contradiction(text)))
    }

    fn contradiction(&self) -> Option<String> {
        if self.delivery.interval.0 == 0 {
            return Some("delivery.interval must be at least 1s".into());
        }
        self.gateway_contradiction()
            .or_else(|| {
                self.conversation
                    .iter()
                    .find_map(|c| self.conversation_contradiction(c))
            })
            .or_else(|| self.service_contradiction())
            .or_else(|| {
                self.rejected
                    .iter()
                    .find_map(|r| self.rejected_contradiction(r))
            })
            .or_else(|| self.direct.iter().find_map(direct_contradiction))
            .or_else(|| self.population.as_ref().and_then(Population::contradiction))
    }

    fn gateway_contradiction(&self) -> Option<String> {
        let mut names = BTreeSet::new();
        for gateway in self.gateways() {
            if !names.insert(&gateway.name) {
                return Some(format!(
                    "two gateways are called `{}`; give each extra_gateway its own name",
                    gateway.name
                ));
            }
            let addresses = gateway.effective_addresses();
            if !addresses.iter().any(IpAddr::is_ipv4) {
                return Some(format!("gateway `{}` needs an IPv4 address", gateway.name));
            }
        }
        None
    }

    fn unknown_gateway(&self, name: Option<&str>) -> Option<String> {
        let name = name?;
        self.gateways().all(|g| g.name != name).then(|| {
            format!(
                "no gateway is called `{name}`; add it as [[extra_gateway]] or correct the name"
            )
        })
    }

    fn rejected_contradiction(&self, rejected: &Rejected) -> Option<String> {
        let name = rejected.gateway.as_deref();
        let towards = self
            .gateways()
            .find(|g| name.is_none_or(|name| g.name == name));
        let reachable = towards.is_none_or(|g| {
            g.effective_addresses()
                .iter()
                .any(|a| a.is_ipv6() == rejected.source.is_ipv6())
        });
        self.unknown_gateway(name).or_else(|| {
            (!reachable).then(|| {
                format!(
                    "rejected {}: its gateway has no address of that IP version",
                    rejected.source
                )
            })
        })
    }

    fn conversation_contradiction(&self, talk: &Conversation) -> Option<String> {
        let label = format!("conversation {} -> {}", talk.source, talk.destination);
        let remote = nat64_embedded(talk.destination).map_or(talk.destination, IpAddr::V4);
        let nat = self.nat_addresses();
        if talk.to <= talk.from {
            Some(format!("{label}: `to` must be later than `from`"))
        } else if talk.connections == 0 || talk.repeat == 0 {
            Some(format!(
                "{label}: `connections` and `repeat` must be at least 1"
            ))
        } else if remote.is_ipv6() {
            Some(format!(
                "{label}: a NAT gateway reaches IPv4 remotes only (NAT64 for IPv6 workloads)"
            ))
        } else if talk.source.is_ipv4() && talk.destination.is_ipv6() {
            Some(format!(
                "{label}: an IPv4 workload cannot reach an IPv6 remote"
            ))
        } else if nat.contains(&talk.source) || nat.contains(&talk.destination) {
            Some(format!(
                "{label}: neither end may be an address of a gateway"
            ))
        } else {
            self.unknown_gateway(talk.gateway.as_deref())
        }
    }

    fn service_contradiction(&self) -> Option<String> {
        let mut services: BTreeMap<IpAddr, Option<&str>> = BTreeMap::new();
        for talk in &self.conversation {
            let remote = nat64_embedded(talk.destination).map_or(talk.destination, IpAddr::V4);
            let service = talk.service.as_deref();
            if *services.entry(remote).or_insert(service) != service {
                return Some(format!("destination {remote} has two different services"));
            }
        }
        None
    }
}

fn direct_contradiction(direct: &Direct) -> Option<String> {
    let label = format!("direct {} -> {}", direct.source, direct.destination);
    if direct.to <= direct.from {
        Some(format!("{label}: `to` must be later than `from`"))
    } else if direct.source.is_ipv4() != direct.destination.is_ipv4() {
        Some(format!("{label}: both ends must be of the same IP version"))
    } else {
        None
    }
}

impl Population {
    const MOST_SOURCES: u32 = 1 << 23;
    const MOST_DESTINATIONS: u32 = 1 << 17;

    fn contradiction(&self) -> Option<String> {
        let (sources, destinations) = (u64::from(self.sources), u64::from(self.destinations));
        if sources == 0 || self.sources > Self::MOST_SOURCES {
            Some(format!(
                "population.sources must be 1 to {}",
                Self::MOST_SOURCES
            ))
        } else if destinations == 0 || self.destinations > Self::MOST_DESTINATIONS {
            Some(format!(
                "population.destinations must be 1 to {}",
                Self::MOST_DESTINATIONS
            ))
        } else if self.pairs < sources.max(destinations) || self.pairs > sources * destinations {
            Some(format!(
                "population.pairs must be {} to {} for these sources and destinations",
                sources.max(destinations),
                sources * destinations
            ))
        } else if !self.records.is_multiple_of(4) || self.records / 4 < self.pairs {
            Some(format!(
                "population.records must be a multiple of 4 and at least {}",
                self.pairs.saturating_mul(4)
            ))
        } else if self.to <= self.from {
            Some("population.to must be later than population.from".into())
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TALK: &str =
        "[[conversation]]\nsource = '10.0.1.5'\ndestination = '203.0.113.5'\nupload = '1 kB'\n";

    fn check(text: &str, expected: &str) {
        let error = Scenario::parse(text).expect_err(text).to_string();
        assert!(error.contains(expected), "{text}\nsays: {error}");
    }

    #[test]
    fn refuses_what_cannot_be_meant() {
        check("title = 't'\nsped = 7", "unknown field `sped`");
        check(
            &format!("title = 't'\n{TALK}sauce = 1"),
            "unknown field `sauce`",
        );
        check(
            "title = 't'\n[stack]\nRecordingTme = 1",
            "unknown field `RecordingTme`",
        );
        check(
            &format!("title = 't'\n{TALK}download = '3 megs'"),
            "not a whole number of bytes",
        );
        check(
            &format!("title = 't'\n{TALK}to = '5 min'"),
            "not a span of time",
        );
        check(
            &format!("title = 't'\n{TALK}from = '5m'"),
            "later than `from`",
        );
        check(
            &format!("title = 't'\n{TALK}gateway = 'b'"),
            "no gateway is called `b`",
        );
        check(
            &format!("title = 't'\n[gateway]\naddresses = ['203.0.113.5']\n{TALK}"),
            "neither end",
        );
        check(
            &format!("title = 't'\n{TALK}{TALK}service = 'S3'"),
            "two different services",
        );
        check(
            &TALK
                .replace("203.0.113.5", "2001:db8::9")
                .replace("[[c", "title = 't'\n[[c"),
            "IPv4 remotes only",
        );
        check(
            "title = 't'\n[population]\nsources = 3\ndestinations = 4\npairs = 13\nrecords = 400",
            "4 to 12",
        );
        check(
            "title = 't'\n[population]\nsources = 3\ndestinations = 4\npairs = 12\nrecords = 44",
            "at least 48",
        );
        check(
            "title = 't'\n[[fault]]\nkind = 'slow'",
            "unknown variant `slow`",
        );
    }
}
