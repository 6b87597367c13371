//! Names of the ends of the traffic: whom to ask about, and what is called how.
//!
//! The user's own networks are known as the report is made. What look-ups find
//! comes after it, because only the rows that are shown are asked about.
//!
//! **Invariants.** The label of a remote end is its name in the user's networks;
//! else its AWS service, whose addresses others only know as Amazon's; else the
//! first name in the order of [`NameSource`]. Naming changes no figure.

use super::region::has_region;
use super::{Destination, Report, Share, Source, Verdict, fraction, named};
use crate::facts::Facts;
use crate::finding;
use crate::name::{Name, NameSource, Names, askable, in_order};
use crate::price::Money;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};
use std::net::IpAddr;

/// All remote ends of one label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedDestinations {
    /// The label; `None` for what has no name.
    pub name: Option<String>,
    /// Who says so: a source of names, or `aws` for a service.
    pub source: Option<&'static str>,
    /// How many addresses they are.
    pub addresses: usize,
    /// The figures.
    pub share: Share,
}

/// A remote end that is no AWS service.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outside {
    /// It has a name.
    Name(String),
    /// It has none.
    Address(String),
}

impl Source {
    /// What it is called, where that is known.
    pub fn name(&self) -> Option<&Name> {
        self.names.first().map(AsRef::as_ref)
    }

    /// The owner in those words and the name, as far as they are known.
    pub(crate) fn note(&self, owner: Option<String>) -> Option<String> {
        let name = self.name().map(ToString::to_string);
        match (owner, name) {
            (Some(owner), Some(name)) => Some(format!("{owner}, {name}")),
            (owner, name) => owner.or(name),
        }
    }
}

impl Destination {
    /// What it is called beside its AWS service, where that is known. Of an
    /// address of AWS others than the user know at best its host.
    pub fn name(&self) -> Option<&Name> {
        let is_telling = |name: &&Name| {
            let source = name.source;
            self.aws_service.is_none() || matches!(source, NameSource::Networks | NameSource::Ptr)
        };
        self.names.iter().map(AsRef::as_ref).find(is_telling)
    }

    /// The name that counts for more than the AWS service.
    fn first_name(&self) -> Option<&Name> {
        let name = self.name();
        name.filter(|name| self.aws_service.is_none() || name.source == NameSource::Networks)
    }

    /// The label and who says so.
    fn label(&self) -> Option<(&str, &'static str)> {
        match (self.first_name(), &self.aws_service) {
            (Some(name), _) => Some((&name.name, name.source.name())),
            (None, Some(service)) => Some((service, "aws")),
            (None, None) => None,
        }
    }

    /// Its label, or its address where that is no more than the AWS service that
    /// stands beside it anyway.
    pub(crate) fn short_name(&self) -> String {
        let name = self.first_name().map(|name| name.name.clone());
        name.unwrap_or_else(|| named(self.address))
    }

    /// AWS service, its region where that is not the own one, and name, as far as
    /// they are known.
    pub(crate) fn note(&self, own_region: &str) -> Option<String> {
        let name = self.name().map(ToString::to_string);
        let is_other = |region: &&String| !has_region(own_region, region);
        let service = match (&self.aws_service, self.aws_region.as_ref().filter(is_other)) {
            (Some(service), Some(region)) => Some(format!("{service} {region}")),
            (service, _) => service.clone(),
        };
        match (service, name) {
            (Some(service), Some(name)) => Some(format!("{service}, {name}")),
            (Some(service), None) => Some(service),
            (None, name) => name,
        }
    }
}

impl Report {
    /// The public addresses among the first `top` remote ends (0 = all), by bytes
    /// descending: those that others can be asked about. Of an address behind
    /// NAT64 it is the IPv4 address. With each is said whether it is AWS's.
    pub fn askable(&self, top: usize) -> Vec<(IpAddr, bool)> {
        let limit = if top == 0 { usize::MAX } else { top };
        let mut addresses: Vec<(IpAddr, bool)> = Vec::new();
        for row in self.destinations.iter().take(limit) {
            let is_aws = row.aws_service.is_some() || row.aws_region.is_some();
            if let Some(address) = askable(row.address) {
                addresses.push((address, is_aws));
            }
        }
        let mut seen = HashSet::new();
        addresses.retain(|(address, _)| seen.insert(*address));
        addresses
    }

    /// Adds what look-ups found, and says again what there is to do.
    pub fn name(&mut self, names: &Names, facts: &Facts) {
        for row in &mut self.destinations {
            let found = names.of(row.address);
            if !found.is_empty() {
                row.names.extend(found.iter().cloned());
                in_order(&mut row.names);
            }
        }
        self.warnings.extend(names.warnings.iter().cloned());
        self.sum_up_names();
        if self.verdict == Verdict::Traffic {
            self.findings = finding::find(self, facts);
        }
    }

    /// The figures of rows together.
    pub(crate) fn together(&self, rows: impl IntoIterator<Item = Share>) -> Share {
        let mut sums = [0; 3];
        for row in rows {
            let parts = [row.bytes, row.in_from_source, row.out_to_source];
            sums.iter_mut()
                .zip(parts)
                .for_each(|(sum, part)| *sum += part);
        }
        let [bytes, in_from_source, out_to_source] = sums;
        Share {
            bytes,
            in_from_source,
            out_to_source,
            cost: self.rate.cost(bytes),
            share: fraction(bytes, self.bytes.processed),
            increase: None,
        }
    }

    /// The sums by label; none where nothing has a name.
    pub(super) fn sum_up_names(&mut self) {
        self.named_destinations.clear();
        if self.destinations.iter().all(|row| row.names.is_empty()) {
            return;
        }
        let mut sums: BTreeMap<Option<(&str, &'static str)>, NamedDestinations> = BTreeMap::new();
        for row in &self.destinations {
            let label = row.label();
            let sum = sums.entry(label).or_insert_with(|| NamedDestinations {
                name: label.map(|(name, _)| name.to_owned()),
                source: label.map(|(_, source)| source),
                addresses: 0,
                share: self.together([]),
            });
            sum.addresses += 1;
            sum.share = self.together([sum.share, row.share]);
        }
        let mut rows: Vec<NamedDestinations> = sums.into_values().collect();
        rows.sort_by_key(|row| Reverse(row.share.bytes));
        self.named_destinations = rows;
    }

    /// The largest of the remote ends that are no AWS service: what it is called
    /// and its share, all addresses of one name together; its address where it has
    /// no name.
    pub(crate) fn largest_outside(&self) -> Option<(Outside, Money)> {
        let mut rows = self.destinations.iter();
        let first = rows.find(|row| row.aws_service.is_none())?;
        let mut names = self.named_destinations.iter();
        let name = names.find(|row| row.source.is_some_and(|source| source != "aws"));
        let name = name.and_then(|row| Some((row.name.clone()?, row.share.share)));
        Some(match name {
            Some((name, share)) if share >= first.share.share => (Outside::Name(name), share),
            _ => (Outside::Address(named(first.address)), first.share.share),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Outside;
    use crate::{Facts, Name, NameSource, Names, Networks, Rate, Report, report};
    use flowlog::FlowTable;
    use std::sync::Arc;

    const LOG: &[u8] = b"srcaddr dstaddr pkt-srcaddr pkt-dstaddr pkt-dst-aws-service bytes\n\
        10.0.1.5 10.0.0.220 10.0.1.5 203.0.113.5 - 30\n\
        10.0.1.5 10.0.0.220 10.0.1.5 203.0.113.6 - 30\n\
        10.0.1.5 10.0.0.220 10.0.1.5 198.51.100.7 - 25\n\
        10.0.1.6 10.0.0.220 10.0.1.6 192.0.2.9 S3 10\n\
        10.0.1.6 10.0.0.220 10.0.1.6 10.9.0.1 - 5\n";

    fn facts(networks: &str) -> Facts {
        let mut facts = Facts::new("us-east-1", Rate::of_region("us-east-1").expect("a rate"));
        if !networks.is_empty() {
            let mut own = Networks::default();
            own.add("ours", networks).expect("a list");
            facts.networks = Some(Arc::new(own));
        }
        facts
    }

    fn of(facts: &Facts) -> Report {
        let mut table = FlowTable::new();
        table.push(LOG).expect("a flow log");
        table.end_source().expect("a flow log");
        report(&table, facts)
    }

    fn found(rows: &[(&str, NameSource, &str)]) -> Names {
        let mut names = Names::default();
        for (address, source, name) in rows {
            let name = Name::new(*source, name).expect("a name");
            names.add(address.parse().expect("an address"), name);
        }
        names
    }

    fn sums(report: &Report) -> Vec<String> {
        let rows = report.named_destinations.iter();
        rows.map(|row| {
            let name = row.name.as_deref().unwrap_or("-");
            let source = row.source.unwrap_or("-");
            format!(
                "{name} by {source}: {} at {}",
                row.share.bytes, row.addresses
            )
        })
        .collect()
    }

    #[test]
    fn the_source_that_counts_most_gives_the_label() {
        use NameSource::{AsnDatabase, Ipinfo, Ptr, Rdap};
        let check = |networks: &str, rows: &[(&str, NameSource, &str)], expected: &[&str]| {
            let facts = facts(networks);
            let mut report = of(&facts);
            report.name(&found(rows), &facts);
            assert_eq!(sums(&report), expected);
        };
        check("", &[], &[]);
        check(
            "",
            &[
                ("203.0.113.5", Ptr, "a.example.com"),
                ("203.0.113.5", AsnDatabase, "EXAMPLE-AS"),
                ("203.0.113.5", Rdap, "EXAMPLE-NET"),
                ("203.0.113.6", AsnDatabase, "EXAMPLE-AS"),
                ("198.51.100.7", Rdap, "Other"),
                ("198.51.100.7", Ipinfo, "Other Inc"),
                ("192.0.2.9", AsnDatabase, "Amazon.com, Inc."),
            ],
            &[
                "EXAMPLE-AS by asn-database: 60 at 2",
                "Other Inc by ipinfo: 25 at 1",
                "S3 by aws: 10 at 1",
                "- by -: 5 at 1",
            ],
        );
        check(
            "203.0.113.0/24 Example\n192.0.2.0/24 mirror\n10.0.0.0/8\n",
            &[("203.0.113.5", Ipinfo, "Somebody")],
            &[
                "Example by networks: 60 at 2",
                "- by -: 25 at 1",
                "mirror by networks: 10 at 1",
                "ours by networks: 5 at 1",
            ],
        );
    }

    #[test]
    fn the_largest_is_a_name_with_all_its_addresses() {
        let facts = facts("");
        let mut report = of(&facts);
        let address = || Outside::Address("203.0.113.5".to_owned());
        let said = |report: &Report| report.largest_outside().map(|(name, _)| name);
        assert_eq!(said(&report), Some(address()));
        let other = [("198.51.100.7", NameSource::Rdap, "Other")];
        report.name(&found(&other), &facts);
        // It has less than the largest without a name.
        assert_eq!(said(&report), Some(address()));
        let example = ["203.0.113.5", "203.0.113.6"].map(|at| (at, NameSource::Rdap, "Example"));
        report.name(&found(&example), &facts);
        let (name, share) = report.largest_outside().expect("a name");
        assert_eq!(name, Outside::Name("Example".to_owned()));
        assert_eq!(share.to_string(), "0.600000");
    }

    #[test]
    fn others_are_asked_about_public_addresses_that_are_shown() {
        let report = of(&facts(""));
        let asked = |top| {
            let rows = report.askable(top).into_iter();
            rows.map(|(address, is_aws)| format!("{address} {is_aws}"))
                .collect::<Vec<_>>()
        };
        let all = [
            "203.0.113.5 false",
            "203.0.113.6 false",
            "198.51.100.7 false",
            "192.0.2.9 true",
        ];
        assert_eq!(asked(0), all);
        assert_eq!(asked(2), all[..2]);
    }

    #[test]
    fn own_networks_name_sources_too_and_no_figure_changes() {
        let (plain, named) = (of(&facts("")), of(&facts("10.0.1.0/28 builders\n")));
        assert_eq!(
            named.sources[0].name().map(|name| name.name.as_str()),
            Some("builders")
        );
        assert_eq!(named.destinations, plain.destinations);
        assert_eq!(
            (named.bytes, named.processing_cost),
            (plain.bytes, plain.processing_cost)
        );
    }
}
