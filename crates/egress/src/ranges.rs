//! Which AWS service and region an address belongs to.
//!
//! AWS publishes its prefixes as ip-ranges.json
//! (<https://docs.aws.amazon.com/vpc/latest/userguide/aws-ip-ranges.html>); a copy
//! ships with this crate and says its date ([`AwsRanges::shipped`]), a newer one
//! can be read ([`AwsRanges::read`]). Unlike the service fields of flow logs it
//! tells the region, on which it depends whether a gateway endpoint helps.
//!
//! **Invariants.** Every prefix is also AMAZON's, and those of S3 and other
//! services may be EC2's too: the most telling service counts
//! (<https://docs.aws.amazon.com/vpc/latest/userguide/aws-ip-syntax.html>).

use crate::address::translated;
use chrono::NaiveDate;
use ipnet::IpNet;
use prefix_trie::joint::JointPrefixMap;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

/// The copy that ships, as `data/aws-ranges.py` makes it.
const SHIPPED: &str = include_str!("../data/aws-ranges.txt");
/// How the first line of a packed copy begins.
const HEAD: &str = "# ip-ranges.json of ";

/// AWS's prefixes as of a day.
#[derive(Debug)]
pub struct AwsRanges {
    created: String,
    source: RangesSource,
    prefixes: JointPrefixMap<IpNet, Vec<Arc<AwsRange>>>,
    /// What has an IPv6 prefix.
    v6: HashSet<Arc<AwsRange>>,
}

/// Where a copy of AWS's prefixes is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RangesSource {
    /// It ships with this version.
    Shipped,
    /// `natspike update` fetched it.
    Updated,
    /// The user named a file.
    File,
}

impl RangesSource {
    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            RangesSource::Shipped => "shipped",
            RangesSource::Updated => "updated",
            RangesSource::File => "file",
        }
    }
}

/// What a prefix belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AwsRange {
    /// The service as flow logs name it too: S3, DYNAMODB, EC2, AMAZON, …
    pub service: String,
    /// The region's code, or GLOBAL.
    pub region: String,
}

/// Why a text is no list of AWS's prefixes.
#[derive(Debug, thiserror::Error)]
pub enum RangesError {
    /// It is no JSON of that form.
    #[error("this is no ip-ranges.json as AWS publishes it ({0}); fetch it with natspike update")]
    NotRanges(#[from] serde_json::Error),
    /// It has a line that is no prefix, region and services.
    #[error("line {0} is no prefix of AWS")]
    Line(usize),
    /// It does not say of which day it is.
    #[error("{0:?} is no date that AWS gives its prefixes; fetch them again with natspike update")]
    Date(String),
    /// It has no prefix at all.
    #[error("there is no prefix in it; fetch it again with natspike update")]
    Empty,
}

impl RangesError {
    /// The stable name of the error.
    pub fn name(&self) -> &'static str {
        match self {
            RangesError::NotRanges(_) => "NotRanges",
            RangesError::Line(_) => "UnreadableRange",
            RangesError::Date(_) => "NoDateOfRanges",
            RangesError::Empty => "NoRanges",
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    create_date: String,
    prefixes: Vec<Row>,
    #[serde(rename = "ipv6_prefixes", default)]
    v6: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    #[serde(alias = "ip_prefix", alias = "ipv6_prefix")]
    prefix: IpNet,
    region: String,
    service: String,
}

impl AwsRanges {
    /// The copy that ships with this version.
    pub fn shipped() -> &'static AwsRanges {
        static RANGES: LazyLock<AwsRanges> = LazyLock::new(|| {
            let shipped = AwsRanges::read(SHIPPED, RangesSource::Shipped);
            shipped.unwrap_or_else(|_| AwsRanges {
                created: "never".to_owned(),
                source: RangesSource::Shipped,
                prefixes: JointPrefixMap::new(),
                v6: HashSet::new(),
            })
        });
        &RANGES
    }

    /// Every region that has prefixes.
    pub fn regions(&self) -> BTreeSet<&str> {
        let ranges = self.prefixes.iter().flat_map(|(_, ranges)| ranges);
        let regions = ranges.map(|range| range.region.as_str());
        regions.filter(|region| *region != "GLOBAL").collect()
    }

    /// Reads ip-ranges.json, or a packed copy.
    pub fn read(text: &str, source: RangesSource) -> Result<AwsRanges, RangesError> {
        let ranges = AwsRanges::parse(text, source)?;
        match ranges.prefixes.is_empty() {
            true => Err(RangesError::Empty),
            false => ranges.dated(),
        }
    }

    /// The same of a copy that [`AwsRanges::part`] made, which may be empty.
    pub(crate) fn read_part(text: &str, source: RangesSource) -> Result<AwsRanges, RangesError> {
        AwsRanges::parse(text, source)?.dated()
    }

    fn dated(self) -> Result<AwsRanges, RangesError> {
        match self.created().parse::<NaiveDate>() {
            Ok(_) => Ok(self),
            Err(_) => Err(RangesError::Date(self.created)),
        }
    }

    fn parse(text: &str, source: RangesSource) -> Result<AwsRanges, RangesError> {
        let mut ranges = AwsRanges {
            created: String::new(),
            source,
            prefixes: JointPrefixMap::new(),
            v6: HashSet::new(),
        };
        let mut known = HashMap::new();
        if let Some(packed) = text.strip_prefix(HEAD) {
            let mut lines = packed.lines().enumerate();
            if let Some((_, first)) = lines.next() {
                let (created, _) = first.split_once(',').unwrap_or((first, ""));
                created.clone_into(&mut ranges.created);
            }
            for (at, line) in lines {
                let mut words = line.split(' ');
                let read = (|| {
                    let prefix: IpNet = words.next()?.parse().ok()?;
                    Some((prefix, words.next()?, words.next()?))
                })();
                let (prefix, region, services) = read.ok_or(RangesError::Line(at + 1))?;
                for service in services.split(',') {
                    ranges.add(prefix, region, service, &mut known);
                }
            }
        } else {
            let document: Document = serde_json::from_str(text)?;
            for row in document.prefixes.iter().chain(&document.v6) {
                ranges.add(row.prefix, &row.region, &row.service, &mut known);
            }
            ranges.created = document.create_date;
        }
        Ok(ranges)
    }

    /// A packed copy that answers as this list does for these addresses: the
    /// prefixes that cover them, and one IPv6 prefix of each service and region.
    pub(crate) fn part(&self, addresses: impl IntoIterator<Item = IpAddr>) -> String {
        let mut prefixes: BTreeMap<IpNet, &Vec<Arc<AwsRange>>> = BTreeMap::new();
        for address in addresses {
            prefixes.extend(self.prefixes.cover(&translated(address).into()));
        }
        let mut seen = HashSet::new();
        for (prefix, ranges) in &self.prefixes {
            let is_v6 = matches!(prefix, IpNet::V6(_));
            for range in ranges.iter().filter(|_| is_v6) {
                if seen.insert(Arc::clone(range)) {
                    prefixes.insert(prefix, ranges);
                }
            }
        }
        let mut text = format!("{HEAD}{}, a part of it\n", self.created);
        for (prefix, ranges) in prefixes {
            for range in ranges {
                text += &format!("{prefix} {} {}\n", range.region, range.service);
            }
        }
        text
    }

    /// The longest prefix of AWS's that covers the address: all addresses of
    /// which it is the longest have the same answer.
    pub(crate) fn longest(&self, address: IpAddr) -> Option<IpNet> {
        let (prefix, _) = self.prefixes.get_lpm(&address.into())?;
        Some(prefix)
    }

    fn add(
        &mut self,
        prefix: IpNet,
        region: &str,
        service: &str,
        known: &mut HashMap<AwsRange, Arc<AwsRange>>,
    ) {
        let range = AwsRange {
            service: service.to_owned(),
            region: region.to_owned(),
        };
        // A few hundred of them stand for all prefixes.
        let range = known
            .entry(range)
            .or_insert_with_key(|range| Arc::new(range.clone()));
        if matches!(prefix, IpNet::V6(_)) {
            self.v6.insert(Arc::clone(range));
        }
        let ranges = self.prefixes.entry(prefix).or_default();
        ranges.push(Arc::clone(range));
    }

    /// When AWS made it: the day, YYYY-MM-DD.
    pub fn created(&self) -> &str {
        self.created.get(..10).unwrap_or(&self.created)
    }

    /// Where it is from.
    pub fn source(&self) -> RangesSource {
        self.source
    }

    /// Whether AWS made it later than the other.
    pub fn is_newer_than(&self, other: &AwsRanges) -> bool {
        self.created > other.created
    }

    /// What the address belongs to; `None` where it is not AWS's.
    pub fn get(&self, address: IpAddr) -> Option<&AwsRange> {
        let mut best: Option<(u8, &AwsRange)> = None;
        // Shorter prefixes come first, so that the longest of equals stays.
        for range in self
            .prefixes
            .cover_values(&translated(address).into())
            .flatten()
        {
            let telling = match range.service.as_str() {
                "AMAZON" => 0,
                "EC2" => 1,
                _ => 2,
            };
            if best.is_none_or(|(most, _)| telling >= most) {
                best = Some((telling, range));
            }
        }
        best.map(|(_, range)| range)
    }

    /// Whether the service has IPv6 addresses in that region.
    pub fn has_ipv6(&self, service: &str, region: &str) -> bool {
        self.v6.contains(&AwsRange {
            service: service.to_owned(),
            region: region.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{AwsRanges, RangesError, RangesSource};

    fn read(text: &str) -> Result<AwsRanges, RangesError> {
        AwsRanges::read(text, RangesSource::File)
    }

    const RAW: &str = r#"{"syncToken": "1", "createDate": "2026-11-20-01-02-03",
        "prefixes": [
            {"ip_prefix": "192.0.2.0/24", "region": "us-east-1", "service": "AMAZON", "network_border_group": "us-east-1"},
            {"ip_prefix": "192.0.2.0/24", "region": "us-east-1", "service": "S3", "network_border_group": "us-east-1"},
            {"ip_prefix": "192.0.2.0/24", "region": "us-east-1", "service": "EC2", "network_border_group": "us-east-1"},
            {"ip_prefix": "192.0.2.128/25", "region": "us-east-1", "service": "EC2", "network_border_group": "us-east-1"},
            {"ip_prefix": "198.51.100.0/24", "region": "eu-west-1", "service": "AMAZON", "network_border_group": "eu-west-1"},
            {"ip_prefix": "198.51.100.0/28", "region": "GLOBAL", "service": "CLOUDFRONT", "network_border_group": "GLOBAL"}],
        "ipv6_prefixes": [
            {"ipv6_prefix": "2001:db8::/32", "region": "us-east-1", "service": "S3", "network_border_group": "us-east-1"}]}"#;

    fn said(ranges: &AwsRanges, address: &str) -> Option<String> {
        let range = ranges.get(address.parse().expect("an address"))?;
        Some(format!("{} {}", range.service, range.region))
    }

    #[test]
    fn the_most_telling_service_of_an_address_counts() {
        let ranges = read(RAW).expect("ranges");
        assert_eq!(ranges.created(), "2026-11-20");
        for (address, expected) in [
            ("192.0.2.1", Some("S3 us-east-1")),
            ("192.0.2.200", Some("S3 us-east-1")),
            ("198.51.100.77", Some("AMAZON eu-west-1")),
            ("198.51.100.1", Some("CLOUDFRONT GLOBAL")),
            ("203.0.113.1", None),
            ("2001:db8::5", Some("S3 us-east-1")),
            // Behind NAT64 it is the IPv4 address that counts.
            ("64:ff9b::c000:201", Some("S3 us-east-1")),
        ] {
            assert_eq!(said(&ranges, address).as_deref(), expected, "{address}");
        }
        assert!(ranges.is_newer_than(AwsRanges::shipped()));
        assert_eq!(ranges.source().name(), "file");
        assert!(ranges.has_ipv6("S3", "us-east-1"));
        assert!(!ranges.has_ipv6("S3", "eu-west-1"));
    }

    #[test]
    fn the_copy_that_ships_is_whole() {
        let ranges = AwsRanges::shipped();
        assert!(ranges.created() >= "2025-10-31", "{}", ranges.created());
        for (address, expected) in [
            ("52.216.1.1", Some("S3 us-east-1")),
            ("52.218.0.1", Some("S3 eu-west-1")),
            ("52.94.0.1", Some("DYNAMODB us-east-1")),
            ("1.1.1.1", None),
            ("10.0.0.1", None),
        ] {
            assert_eq!(said(ranges, address).as_deref(), expected, "{address}");
        }
    }

    #[test]
    fn a_part_answers_as_the_whole_does() {
        let shipped = AwsRanges::shipped();
        let addresses = [
            "52.216.1.1",
            "3.0.5.33",
            "1.1.1.1",
            "64:ff9b::345e:1",
            "10.0.0.1",
        ];
        let addresses = addresses.map(|address| address.parse().expect("an address"));
        let text = shipped.part(addresses);
        let part = AwsRanges::read_part(&text, RangesSource::Shipped).expect("a part");
        assert_eq!(part.created(), shipped.created());
        for address in addresses {
            assert_eq!(part.get(address), shipped.get(address), "{address}");
            assert_eq!(part.longest(address), shipped.longest(address));
        }
        for (service, region) in [("S3", "us-east-1"), ("DYNAMODB", "us-east-1"), ("S3", "x")] {
            let has = |ranges: &AwsRanges| ranges.has_ipv6(service, region);
            assert_eq!(has(&part), has(shipped), "{service} {region}");
        }
        assert!(text.lines().count() < 2_000, "{}", text.lines().count());
        let none = read(RAW).expect("ranges").part([]);
        let none = AwsRanges::read_part(&none, RangesSource::File).expect("a part");
        assert_eq!(none.get("192.0.2.1".parse().expect("an address")), None);
    }

    #[test]
    fn what_is_no_list_of_prefixes_is_refused() {
        let name = |text| read(text).map_err(|error| error.name()).err();
        assert_eq!(name("{}"), Some("NotRanges"));
        assert_eq!(
            name("# ip-ranges.json of today\nx y z\n"),
            Some("UnreadableRange")
        );
        assert_eq!(name("# ip-ranges.json of today\n"), Some("NoRanges"));
        assert_eq!(
            name(&RAW.replace("2026-11-20-01-02-03", "9999")),
            Some("NoDateOfRanges")
        );
        assert!(matches!(read("<html>"), Err(RangesError::NotRanges(_))));
    }
}
