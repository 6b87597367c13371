//! What to do: findings with evidence, saving and the commands that act on them.
//!
//! A finding is one file under `finding`, one line in [`RULES`], one heading in
//! docs/findings.md and a golden case that has it; another case has it not. Each
//! reads the report and what is known around it and says something or nothing.
//!
//! **Invariants.** No figure that the report does not have. Ids in commands are
//! real ones or words in capitals that say what to put there. Below
//! [`FLOOR`](crate::FLOOR) of coverage no saving is said.

mod cross_zone;
mod gateway_endpoint;
mod hairpin;
mod idle_endpoint;
mod idle_gateway;
mod inter_region;
mod interface_endpoint;
mod ipv6_capable;
mod one_client;
mod one_destination;
mod other_region_bucket;
mod package_registry;
mod port_exhaustion;
mod scanning_noise;
mod telemetry_vendor;
mod vendor;

use crate::facts::Facts;
use crate::price::{COST_PLACES, Money};
use crate::report::{Report, Share, fraction};
use std::collections::BTreeMap;

/// How much to trust a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confidence {
    /// What is said follows from the records and the snapshot.
    High,
    /// It follows if something holds that they do not show.
    Medium,
}

impl Confidence {
    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Confidence::High => "high",
            Confidence::Medium => "medium",
        }
    }
}

/// What acts on a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// In which language: aws, cloudformation, terraform or shell.
    pub language: &'static str,
    /// What to type.
    pub text: String,
}

/// What acting on a finding saves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Saving {
    /// In an hour of the recorded traffic.
    pub hourly: Option<Money>,
    /// In a month of typical days, if their traffic is mixed like the recorded.
    pub monthly: Option<Money>,
}

/// Something to know or to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The stable name, a heading in docs/findings.md.
    pub name: &'static str,
    /// One sentence.
    pub sentence: String,
    /// What it rests on, a sentence each.
    pub evidence: Vec<String>,
    /// How much to trust it.
    pub confidence: Confidence,
    /// What acting on it saves, where that is known.
    pub saving: Option<Saving>,
    /// What to type.
    pub actions: Vec<Action>,
}

/// What a rule looks at.
pub(crate) struct Case<'a> {
    pub(crate) report: &'a Report,
    pub(crate) facts: &'a Facts,
}

type Rule = fn(&Case<'_>) -> Option<Finding>;

/// Every rule, the most important first.
const RULES: [(&str, Rule); 16] = [
    (gateway_endpoint::S3.name, gateway_endpoint::s3),
    (gateway_endpoint::DYNAMODB.name, gateway_endpoint::dynamodb),
    (other_region_bucket::NAME, other_region_bucket::find),
    (hairpin::NAME, hairpin::find),
    (port_exhaustion::NAME, port_exhaustion::find),
    (cross_zone::NAME, cross_zone::find),
    (interface_endpoint::NAME, interface_endpoint::find),
    (inter_region::NAME, inter_region::find),
    (ipv6_capable::NAME, ipv6_capable::find),
    (telemetry_vendor::NAME, telemetry_vendor::find),
    (package_registry::NAME, package_registry::find),
    (one_client::NAME, one_client::find),
    (one_destination::NAME, one_destination::find),
    (idle_endpoint::NAME, idle_endpoint::find),
    (idle_gateway::NAME, idle_gateway::find),
    (scanning_noise::NAME, scanning_noise::find),
];

/// Rules that read no record, so that they say nothing of a part of a recording.
const OF_NO_RECORD: [&str; 3] = [
    port_exhaustion::NAME,
    idle_endpoint::NAME,
    idle_gateway::NAME,
];

/// The names of all findings there are.
pub const NAMES: [&str; RULES.len()] = {
    let mut names = [""; RULES.len()];
    let mut at = 0;
    while at < RULES.len() {
        names[at] = RULES[at].0;
        at += 1;
    }
    names
};

/// What there is to say about a report.
pub(crate) fn find(report: &Report, facts: &Facts) -> Vec<Finding> {
    let case = Case { report, facts };
    let is_told = |name: &str| report.part.is_none() || !OF_NO_RECORD.contains(&name);
    let rules = RULES.iter().filter(|(name, _)| is_told(name));
    rules.filter_map(|(_, rule)| rule(&case)).collect()
}

impl Case<'_> {
    /// What is saved if these bytes no longer pass; nothing is said where the
    /// recording explains too little of the traffic.
    fn saving(&self, share: Share) -> Option<Saving> {
        if !self.is_trusted() {
            return None;
        }
        let spend = &self.report.spend;
        let part = |cost: Money| (cost * share.share).round_dp(COST_PLACES);
        Some(Saving {
            hourly: spend.hourly.map(|hourly| part(hourly.cost)),
            monthly: spend.month.map(|month| part(month.typical.1)),
        })
    }

    /// Whether the recording explains enough of the traffic, as far as is known.
    fn is_trusted(&self) -> bool {
        let coverage = self.report.coverage;
        coverage.is_none_or(|coverage| !coverage.is_little())
    }

    /// Of all processed bytes.
    fn share_of(&self, bytes: u128) -> Money {
        fraction(bytes, self.report.bytes.processed)
    }

    /// What belongs to services that are it and lies in other regions, by region,
    /// the largest first.
    fn elsewhere(&self, is_it: impl Fn(Option<&str>) -> bool) -> Vec<(String, Share)> {
        let mut regions: BTreeMap<&str, Vec<Share>> = BTreeMap::new();
        for row in &self.report.destinations {
            let region = row.aws_region.as_deref();
            // What is everywhere is in this region too.
            let is_other =
                |region: &&str| !self.report.is_own_region(region) && *region != "GLOBAL";
            if let Some(region) = region.filter(is_other)
                && is_it(row.aws_service.as_deref())
            {
                regions.entry(region).or_default().push(row.share);
            }
        }
        let mut regions: Vec<(String, Share)> = regions
            .into_iter()
            .map(|(region, shares)| (region.to_owned(), self.report.together(shares)))
            .collect();
        regions.sort_by(|one, other| {
            let by_bytes = other.1.bytes.cmp(&one.1.bytes);
            by_bytes.then_with(|| one.0.cmp(&other.0))
        });
        regions
    }

    /// The region's id in commands.
    fn region(&self) -> &str {
        &self.report.region
    }
}
