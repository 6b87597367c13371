//! Lists of prefixes that the ends of traffic are looked up in.
//!
//! A list is in one of the forms that lists of networks have (`networks::rows`);
//! its name is the provider's. AWS's own prefixes can be one of them, as
//! [`AWS`].
//!
//! **Invariants.** The longest prefix counts, whatever list it is of. Of equal
//! ones that of the list that was added last counts, and in one list the later
//! row; AWS's own are before all others. An address behind NAT64 is looked up as
//! the IPv4 address that it stands for. Files are the caller's affair.

use crate::address::translated;
use crate::name::printable;
use crate::networks::NetworksError;
use crate::networks::rows::{Row, read};
use crate::ranges::AwsRanges;
use ipnet::IpNet;
use prefix_trie::joint::JointPrefixMap;
use std::net::IpAddr;
use std::sync::Arc;

/// What the list of AWS's own prefixes is called.
pub const AWS: &str = "aws";

/// Lists of prefixes.
#[derive(Debug, Default)]
pub struct CidrLists {
    /// By number.
    lists: Vec<CidrList>,
    prefixes: JointPrefixMap<IpNet, Entry>,
    aws: Option<Aws>,
}

/// A list, as the reader is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CidrList {
    /// Its name, of a file the name without its ending.
    pub name: String,
    /// How many rows it has.
    pub prefixes: usize,
}

#[derive(Debug)]
enum Aws {
    Shipped,
    Given(Arc<AwsRanges>),
}

/// What is kept of a row.
#[derive(Debug)]
struct Entry {
    list: u32,
    /// Most rows say as much as the row before.
    said: Option<Arc<Said>>,
}

#[derive(Debug, PartialEq, Eq)]
struct Said {
    name: Option<String>,
    region: Option<String>,
    city: Option<String>,
    country_code: Option<String>,
    postal_code: Option<String>,
    service: Option<String>,
}

/// What an address is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Match<'a> {
    /// The list.
    pub list: &'a str,
    /// The prefix.
    pub prefix: IpNet,
    /// What the list calls it.
    pub name: Option<&'a str>,
    /// The region.
    pub region: Option<&'a str>,
    /// The city.
    pub city: Option<&'a str>,
    /// The country's code of two letters.
    pub country_code: Option<&'a str>,
    /// The postal code.
    pub postal_code: Option<&'a str>,
    /// The service.
    pub service: Option<&'a str>,
}

impl CidrLists {
    /// Adds a list; `name` is that of its file without the ending.
    pub fn add(&mut self, name: &str, text: &str) -> Result<(), NetworksError> {
        let rows = read(text)?;
        let number = u32::try_from(self.lists.len()).unwrap_or(u32::MAX);
        self.lists.push(CidrList {
            name: printable(name).unwrap_or_else(|| "list".to_owned()),
            prefixes: rows.len(),
        });
        let mut last: Option<Arc<Said>> = None;
        for row in rows {
            let prefix = row.prefix;
            let said = Said::of(row);
            let same = last.take().filter(|last| **last == said);
            let said = same.unwrap_or_else(|| Arc::new(said));
            let entry = Entry {
                list: number,
                said: (!said.is_empty()).then(|| Arc::clone(&said)),
            };
            self.prefixes.insert(prefix, entry);
            last = Some(said);
        }
        Ok(())
    }

    /// Adds AWS's own prefixes as the list [`AWS`]; `None` for the copy that ships.
    pub fn add_aws(&mut self, ranges: Option<Arc<AwsRanges>>) {
        self.aws = Some(ranges.map_or(Aws::Shipped, Aws::Given));
    }

    /// The lists of the user, in the order in which they were added.
    pub fn lists(&self) -> &[CidrList] {
        &self.lists
    }

    /// AWS's prefixes, where they are one of the lists.
    pub fn aws(&self) -> Option<&AwsRanges> {
        self.aws.as_ref().map(|aws| match aws {
            Aws::Shipped => AwsRanges::shipped(),
            Aws::Given(ranges) => ranges,
        })
    }

    /// Whether there is no list.
    pub fn is_empty(&self) -> bool {
        self.lists.is_empty() && self.aws.is_none()
    }

    /// Every prefix of the user's lists, once, with what counts for it.
    pub(crate) fn own_prefixes(&self) -> impl Iterator<Item = Match<'_>> {
        let prefixes = self.prefixes.iter();
        prefixes.filter_map(|(prefix, entry)| self.own(prefix, entry))
    }

    /// The longest prefix that the address is in.
    pub fn get(&self, address: IpAddr) -> Option<Match<'_>> {
        // That is no address but what is beyond the limit of keys.
        if address.is_unspecified() {
            return None;
        }
        let address = translated(address);
        let own = self.prefixes.get_lpm(&IpNet::from(address));
        let own = own.and_then(|(prefix, entry)| self.own(prefix, entry));
        let aws = self.in_aws(address);
        match (own, aws) {
            (Some(own), Some(aws)) if aws.prefix.prefix_len() > own.prefix.prefix_len() => {
                Some(aws)
            }
            (own, aws) => own.or(aws),
        }
    }

    fn own<'a>(&'a self, prefix: IpNet, entry: &'a Entry) -> Option<Match<'a>> {
        let said = entry.said.as_deref();
        let text = |of: fn(&Said) -> &Option<String>| said.and_then(|said| of(said).as_deref());
        Some(Match {
            list: &self.lists.get(entry.list as usize)?.name,
            prefix,
            name: text(|said| &said.name),
            region: text(|said| &said.region),
            city: text(|said| &said.city),
            country_code: text(|said| &said.country_code),
            postal_code: text(|said| &said.postal_code),
            service: text(|said| &said.service),
        })
    }

    fn in_aws(&self, address: IpAddr) -> Option<Match<'_>> {
        let ranges = self.aws()?;
        let prefix = ranges.longest(address)?;
        let range = ranges.get(address)?;
        Some(Match {
            list: AWS,
            prefix,
            name: None,
            region: Some(&range.region),
            city: None,
            country_code: None,
            postal_code: None,
            service: Some(&range.service),
        })
    }
}

impl Said {
    fn of(row: Row) -> Said {
        Said {
            name: row.name,
            region: row.region,
            city: row.city,
            country_code: row.country_code,
            postal_code: row.postal_code,
            service: row.service,
        }
    }

    fn is_empty(&self) -> bool {
        let all = [
            &self.name,
            &self.region,
            &self.city,
            &self.country_code,
            &self.postal_code,
            &self.service,
        ];
        all.into_iter().all(Option::is_none)
    }
}

#[cfg(test)]
mod tests {
    use super::{AWS, CidrLists};
    use crate::ranges::{AwsRanges, RangesSource};
    use std::net::{IpAddr, Ipv4Addr};
    use std::sync::Arc;

    fn lists(given: &[(&str, &str)]) -> CidrLists {
        let mut lists = CidrLists::default();
        for (name, text) in given {
            lists.add(name, text).expect("a list");
        }
        lists
    }

    /// All that is said of the address, in one line.
    fn said(lists: &CidrLists, address: &str) -> Option<String> {
        let found = lists.get(address.parse().expect("an address"))?;
        let words = [
            found.name,
            found.region,
            found.city,
            found.country_code,
            found.postal_code,
            found.service,
        ];
        let words = words.map(|word| word.unwrap_or("-"));
        Some(format!(
            "{} {} {}",
            found.list,
            found.prefix,
            words.join("|")
        ))
    }

    #[test]
    fn every_form_says_what_it_knows() {
        for (text, expected) in [
            (
                r#"{"description": "theirs", "subnets": [{"ip_prefix": "192.0.2.0/24",
                    "region": "DE-BE", "city": "Berlin", "alpha2code": "DE",
                    "postal_code": 10115, "other": [1]}]}"#,
                "x 192.0.2.0/24 -|DE-BE|Berlin|DE|10115|-",
            ),
            (
                r#"{"subnets": [{"ip_prefix": "192.0.2.7/24", "postal_code": "01067",
                    "name": "ours", "service": "API", "city": null, "region": " "}]}"#,
                "x 192.0.2.0/24 ours|-|-|-|01067|API",
            ),
            ("192.0.2.5\n", "x 192.0.2.5/32 -|-|-|-|-|-"),
            (
                "192.0.2.0/25 a b\n192.0.2.128/25 c\n",
                "x 192.0.2.0/25 a b|-|-|-|-|-",
            ),
            (
                "ip_prefix,alpha2code,region,city,postal_code\n192.0.2.0/24,DE,DE-BE,Berlin,10115\n",
                "x 192.0.2.0/24 -|DE-BE|Berlin|DE|10115|-",
            ),
            ("192.0.2.0/24,ours", "x 192.0.2.0/24 ours|-|-|-|-|-"),
        ] {
            let lists = lists(&[("x", text)]);
            let found = said(&lists, "192.0.2.5");
            assert_eq!(found.as_deref(), Some(expected), "{text}");
            assert_eq!(said(&lists, "198.51.100.5"), None, "{text}");
        }
    }

    #[test]
    fn the_longest_prefix_counts_and_of_equal_ones_the_last() {
        let mut lists = lists(&[
            (
                "a",
                "192.0.2.0/24 a\n198.51.100.0/24\n198.51.100.0/28 small",
            ),
            (
                "b",
                "192.0.2.0/24 first\n192.0.2.0/24 second\n198.51.0.0/16",
            ),
            ("c", "52.216.0.0/15 one that is AWS's too\n2001:db8::/32"),
        ]);
        let none = "-|-|-|-|-";
        let check = |lists: &CidrLists, address: &str, expected: Option<&str>| {
            let expected = expected.map(str::to_owned);
            assert_eq!(said(lists, address), expected, "{address}");
        };
        for (address, expected) in [
            ("192.0.2.1", Some(format!("b 192.0.2.0/24 second|{none}"))),
            (
                "198.51.100.1",
                Some(format!("a 198.51.100.0/28 small|{none}")),
            ),
            ("198.51.100.99", Some(format!("a 198.51.100.0/24 -|{none}"))),
            ("198.51.7.7", Some(format!("b 198.51.0.0/16 -|{none}"))),
            ("2001:db8::7", Some(format!("c 2001:db8::/32 -|{none}"))),
            (
                "64:ff9b::c000:201",
                Some(format!("b 192.0.2.0/24 second|{none}")),
            ),
            ("52.94.0.1", None),
            ("0.0.0.0", None),
        ] {
            check(&lists, address, expected.as_deref());
        }
        let ranges = r#"{"createDate": "2026-11-20-01-02-03", "prefixes": [
            {"ip_prefix": "52.216.0.0/15", "region": "us-east-1", "service": "AMAZON"},
            {"ip_prefix": "52.216.0.0/15", "region": "us-east-1", "service": "S3"},
            {"ip_prefix": "52.217.9.0/24", "region": "us-east-1", "service": "EC2"},
            {"ip_prefix": "198.51.0.0/12", "region": "eu-west-1", "service": "AMAZON"}]}"#;
        let ranges = AwsRanges::read(ranges, RangesSource::File).expect("ranges");
        lists.add_aws(Some(Arc::new(ranges)));
        for (address, expected) in [
            // Equal ones: the user's.
            (
                "52.216.1.1",
                Some(format!("c 52.216.0.0/15 one that is AWS's too|{none}")),
            ),
            // A longer one of AWS's, with the most telling service.
            (
                "52.217.9.9",
                Some("aws 52.217.9.0/24 -|us-east-1|-|-|-|S3".to_owned()),
            ),
            ("198.51.7.7", Some(format!("b 198.51.0.0/16 -|{none}"))),
            (
                "198.52.7.7",
                Some("aws 198.48.0.0/12 -|eu-west-1|-|-|-|AMAZON".to_owned()),
            ),
        ] {
            check(&lists, address, expected.as_deref());
        }
        let names: Vec<&str> = lists
            .lists()
            .iter()
            .map(|list| list.name.as_str())
            .collect();
        assert_eq!(names, ["a", "b", "c"]);
        assert_eq!(lists.lists()[0].prefixes, 3);
    }

    #[test]
    fn awss_prefixes_are_a_list_when_they_are_asked_for() {
        let mut lists = CidrLists::default();
        assert!(lists.is_empty() && lists.aws().is_none());
        let s3 = "52.216.1.1".parse().expect("an address");
        assert_eq!(lists.get(s3), None);
        lists.add_aws(None);
        assert!(!lists.is_empty() && lists.lists().is_empty());
        let found = lists.get(s3).expect("AWS has it");
        let said = (found.list, found.region, found.service);
        assert_eq!(said, (AWS, Some("us-east-1"), Some("S3")));
    }

    #[test]
    fn a_list_that_is_none_changes_nothing() {
        let mut lists = CidrLists::default();
        for (text, name) in [
            ("", "NoNetworks"),
            ("nothing", "NoPrefix"),
            ("{}", "NotNetworksJson"),
        ] {
            let error = lists.add("x", text).expect_err("no list");
            assert_eq!(error.name(), name, "{text}");
        }
        assert!(lists.is_empty());
    }

    /// The longest of all prefixes, looked for one after the other, says the same.
    #[test]
    fn the_tree_finds_what_a_search_through_all_rows_finds() {
        let mut state = 7_u64;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 32) as u32
        };
        let prefixes: Vec<ipnet::IpNet> = (0..2_000)
            .map(|_| {
                let length = 4 + (next() % 29) as u8;
                // Few distinct bits, so that prefixes lie in one another.
                let address = Ipv4Addr::from(next() & 0xc3c0_00ff);
                let prefix = ipnet::Ipv4Net::new(address, length).expect("a length");
                prefix.trunc().into()
            })
            .collect();
        let text: Vec<String> = prefixes.iter().map(ToString::to_string).collect();
        let lists = lists(&[("x", &text.join("\n"))]);
        for _ in 0..2_000 {
            let address = IpAddr::from(Ipv4Addr::from(next() & 0xc3c0_00ff));
            let all = prefixes.iter().filter(|prefix| prefix.contains(&address));
            let longest = all.max_by_key(|prefix| prefix.prefix_len());
            let found = lists.get(address).map(|found| found.prefix);
            assert_eq!(found, longest.copied(), "{address}");
        }
    }
}
