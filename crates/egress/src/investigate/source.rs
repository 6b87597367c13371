//! Which flow logs an instance is investigated by, of those that see it.
//!
//! A flow log may be on an interface, its subnet or its VPC, so one interface may be
//! seen by several. One is taken for each interface: first one whose delivery works,
//! then one that records all traffic, then one that lacks the fewest fields, then the
//! narrowest.
//!
//! **Invariants.** Two flow logs that see the same interface are never taken both:
//! their records say the same bytes twice. What was not taken is named with its
//! reason.

use super::discovery::{FlowLog, Instance, Interface};
use flowlog::{Field, Layout};
use std::collections::{BTreeMap, BTreeSet};

/// The status of a flow log that is on.
const ACTIVE: &str = "ACTIVE";
/// The status of a delivery that does not work.
const FAILED: &str = "FAILED";
/// What an investigation asks of records, beside addresses and bytes, without which
/// there is no layout.
const WANTED: [Field; 7] = [
    Field::Srcport,
    Field::Dstport,
    Field::Protocol,
    Field::Packets,
    Field::Start,
    Field::End,
    Field::Action,
];

/// Why there is nothing to read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// No flow log is on.
    #[error(
        "find a flow log that sees {instances}: none is on; switch one on (aws ec2 \
         create-flow-logs --resource-type NetworkInterface --resource-ids {interfaces} \
         --traffic-type ALL --max-aggregation-interval 60 --log-group-name NAME \
         --deliver-logs-permission-arn ROLE --log-format \"…\") and wait ten minutes, or name \
         what to read: --log-group NAME, s3://bucket/prefix or a file"
    )]
    None {
        /// The instances.
        instances: String,
        /// Their interfaces.
        interfaces: String,
    },
    /// There are some, and none can be read.
    #[error(
        "find a flow log that sees {instances} and can be read: {why}; name what to read: \
         --log-group NAME, s3://bucket/prefix or a file"
    )]
    Unreadable {
        /// The instances.
        instances: String,
        /// What is the matter with each.
        why: String,
    },
}

impl SourceError {
    /// The stable name of the error.
    pub fn name(&self) -> &'static str {
        match self {
            SourceError::None { .. } => "NoFlowLog",
            SourceError::Unreadable { .. } => "NoReadableFlowLog",
        }
    }
}

/// What is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// `logs://GROUP` or `s3://bucket/prefix`, each once.
    pub sources: Vec<String>,
    /// The flow logs that were taken; in a bucket objects carry these ids.
    pub flow_logs: Vec<String>,
    /// The layout that all of them have, if they have one in common.
    pub layout: Option<Layout>,
    /// What was taken and why, what was not, and what the reader should know.
    pub sentences: Vec<String>,
}

/// The resources whose flow logs see an interface of the instances: interfaces,
/// subnets, VPCs.
pub fn resources(instances: &[Instance]) -> Vec<String> {
    let interfaces = instances.iter().flat_map(|it| &it.interfaces);
    let all: BTreeSet<&String> = interfaces
        .flat_map(|it| [Some(&it.id), it.subnet.as_ref(), it.vpc.as_ref()])
        .flatten()
        .collect();
    all.into_iter().cloned().collect()
}

/// Chooses among the flow logs of the [`resources`] in that region.
pub fn choose(
    instances: &[Instance],
    flow_logs: &[FlowLog],
    region: &str,
) -> Result<Choice, SourceError> {
    let seen: Vec<(&Instance, &Interface)> = instances
        .iter()
        .flat_map(|one| one.interfaces.iter().map(move |it| (one, it)))
        .collect();
    let mut candidates = Vec::new();
    let mut others = Vec::new();
    for flow_log in flow_logs {
        match Candidate::of(flow_log, &seen, region) {
            Ok(candidate) if candidate.sees.is_empty() => {}
            Ok(candidate) => candidates.push(candidate),
            Err(why) => others.push(format!("{} {why}", flow_log.id)),
        }
    }
    if candidates.is_empty() {
        return Err(nothing(&seen, &others));
    }
    candidates.sort_by(|one, other| one.rank().cmp(&other.rank()));
    let taken = taken(&candidates, seen.len());
    Ok(Choice::of(&candidates, &taken, &seen, others))
}

fn nothing(seen: &[(&Instance, &Interface)], others: &[String]) -> SourceError {
    let instances: BTreeSet<&str> = seen.iter().map(|(one, _)| one.id.as_str()).collect();
    let instances = Vec::from_iter(instances).join(", ");
    let interfaces: Vec<&str> = seen.iter().map(|(_, it)| it.id.as_str()).collect();
    match others {
        [] => SourceError::None {
            instances,
            interfaces: interfaces.join(" "),
        },
        others => SourceError::Unreadable {
            instances,
            why: others.join("; "),
        },
    }
}

/// How good the records are; less is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Quality {
    is_failing: bool,
    traffic: Traffic,
    lacking: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Traffic {
    All,
    Accept,
    Reject,
}

/// How much a flow log sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Interface,
    Subnet,
    Vpc,
}

struct Candidate<'a> {
    flow_log: &'a FlowLog,
    url: String,
    layout: Layout,
    quality: Quality,
    level: Level,
    /// Numbers of interfaces.
    sees: BTreeSet<usize>,
}

impl<'a> Candidate<'a> {
    /// Errors: why it cannot be read, after its id.
    fn of(
        flow_log: &'a FlowLog,
        seen: &[(&Instance, &Interface)],
        region: &str,
    ) -> Result<Candidate<'a>, String> {
        if flow_log.status != ACTIVE {
            return Err(format!("is {}", flow_log.status));
        }
        let layout = Layout::from_log_format(&flow_log.log_format)
            .map_err(|error| format!("cannot be used ({error})"))?;
        let mut level = Level::Vpc;
        let mut sees = BTreeSet::new();
        let mut account = None;
        for (number, (instance, interface)) in seen.iter().enumerate() {
            if let Some(found) = level_of(flow_log, interface) {
                level = found;
                sees.insert(number);
                account = account.or(instance.account.as_deref());
            }
        }
        Ok(Candidate {
            url: url(flow_log, account, region)?,
            quality: Quality {
                is_failing: flow_log.delivery.as_deref() == Some(FAILED),
                traffic: match flow_log.traffic.as_str() {
                    "ACCEPT" => Traffic::Accept,
                    "REJECT" => Traffic::Reject,
                    _ => Traffic::All,
                },
                lacking: lacking(&layout).len(),
            },
            flow_log,
            layout,
            level,
            sees,
        })
    }

    /// Records of a minute are better than those of ten, and a log group is there
    /// sooner than objects.
    fn rank(&self) -> (Quality, Level, u64, bool, &str) {
        let interval = self.flow_log.aggregation_seconds.unwrap_or(u64::MAX);
        let is_object = self.url.starts_with("s3://");
        let id = self.flow_log.id.as_str();
        (self.quality, self.level, interval, is_object, id)
    }

    /// What it is, after "the flow log".
    fn described(&self) -> String {
        let traffic = match self.quality.traffic {
            Traffic::All => "all traffic",
            Traffic::Accept => "accepted traffic",
            Traffic::Reject => "rejected traffic",
        };
        let (id, resource) = (&self.flow_log.id, &self.flow_log.resource);
        let interval = self.flow_log.aggregation_seconds;
        let interval = interval.map_or_else(String::new, |it| format!(" every {it} seconds"));
        let url = &self.url;
        format!("{id}, which records {traffic} of {resource}{interval} and delivers to {url}")
    }

    /// What is the matter with it, though it was taken.
    fn flaws(&self) -> Vec<String> {
        let mut flaws = Vec::new();
        if self.quality.is_failing {
            let why = self
                .flow_log
                .error
                .as_deref()
                .unwrap_or("no reason is said");
            flaws.push(format!("its delivery fails ({why})"));
        }
        match self.quality.traffic {
            Traffic::All => {}
            Traffic::Accept => flaws.push("rejected traffic is not in it".to_owned()),
            Traffic::Reject => flaws.push("accepted traffic is not in it".to_owned()),
        }
        let lacking = lacking(&self.layout);
        if !lacking.is_empty() {
            flaws.push(format!("its records have no {}", lacking.join(", ")));
        }
        flaws
    }

    /// Why the other one was taken instead.
    fn behind(&self, other: &Candidate<'_>) -> String {
        if self.quality != other.quality {
            return self.flaws().join(" and ");
        }
        if self.level != other.level {
            return match self.level > other.level {
                true => "it sees more than is asked for".to_owned(),
                // Resolved so that no interface is read twice.
                false => format!("{} sees its interface, too", other.flow_log.id),
            };
        }
        let intervals = [self, other].map(|it| it.flow_log.aggregation_seconds);
        match intervals {
            [Some(own), Some(theirs)] if own > theirs => {
                format!("it adds up over {own} seconds")
            }
            _ => "it is no better".to_owned(),
        }
    }
}

fn level_of(flow_log: &FlowLog, interface: &Interface) -> Option<Level> {
    let resource = Some(flow_log.resource.as_str());
    let is = |id: &Option<String>| id.as_deref() == resource;
    if resource == Some(interface.id.as_str()) {
        Some(Level::Interface)
    } else if is(&interface.subnet) {
        Some(Level::Subnet)
    } else if is(&interface.vpc) {
        Some(Level::Vpc)
    } else {
        None
    }
}

fn lacking(layout: &Layout) -> Vec<&'static str> {
    let lacking = WANTED.into_iter().filter(|field| !layout.has(*field));
    lacking.map(Field::name).collect()
}

/// Where the records lie. Errors: why they cannot be read, after the flow log's id.
fn url(flow_log: &FlowLog, account: Option<&str>, region: &str) -> Result<String, String> {
    let arn = flow_log.destination.as_deref().unwrap_or_default();
    match flow_log.destination_type.as_str() {
        // What is no destination of another kind is the first kind that there was.
        "cloud-watch-logs" | "" => log_group(flow_log, arn, account),
        "s3" => bucket(flow_log, arn, account, region)
            .ok_or_else(|| format!("delivers to {arn:?}, which is no bucket")),
        other => Err(format!(
            "delivers to {other} ({arn}), which cannot be read here; name files that come of it"
        )),
    }
}

fn log_group(flow_log: &FlowLog, arn: &str, account: Option<&str>) -> Result<String, String> {
    // arn:aws:logs:REGION:ACCOUNT:log-group:NAME[:*]
    let parts: Vec<&str> = arn.split(':').collect();
    let (owner, named) = match parts.as_slice() {
        ["arn", _, "logs", _, owner, "log-group", name, ..] => (Some(*owner), Some(*name)),
        _ => (None, None),
    };
    if let (Some(owner), Some(account)) = (owner, account)
        && owner != account
    {
        return Err(format!(
            "delivers to a log group of account {owner}; read it there (--role-arn, --log-group)"
        ));
    }
    let name = flow_log.log_group.as_deref().or(named);
    let name = name.ok_or("names no log group")?;
    Ok(format!("logs://{name}"))
}

fn bucket(flow_log: &FlowLog, arn: &str, account: Option<&str>, region: &str) -> Option<String> {
    // arn:aws:s3:::bucket[/folder[/]]
    let place = arn.splitn(6, ':').nth(5)?;
    let (bucket, folder) = place.split_once('/').unwrap_or((place, ""));
    let folder = match folder.trim_matches('/') {
        "" => String::new(),
        folder => format!("{folder}/"),
    };
    let below = match (account, flow_log.is_hive) {
        (None, _) => String::new(),
        (Some(account), false) => format!("{account}/vpcflowlogs/{region}/"),
        (Some(account), true) => {
            format!("aws-account-id={account}/aws-service=vpcflowlogs/aws-region={region}/")
        }
    };
    (!bucket.is_empty()).then(|| format!("s3://{bucket}/{folder}AWSLogs/{below}"))
}

/// The candidate for each interface that has one, by numbers; no interface is seen
/// by two that were taken.
fn taken(candidates: &[Candidate<'_>], interfaces: usize) -> BTreeMap<usize, usize> {
    let mut taken: BTreeMap<usize, usize> = BTreeMap::new();
    for interface in 0..interfaces {
        let best = candidates
            .iter()
            .position(|it| it.sees.contains(&interface));
        taken.extend(best.map(|best| (interface, best)));
    }
    while let Some((narrow, broad)) = seen_twice(candidates, &taken) {
        if candidates[broad].quality == candidates[narrow].quality {
            for own in taken.values_mut().filter(|own| **own == narrow) {
                *own = broad;
            }
        } else {
            taken.retain(|_, own| *own != broad);
        }
    }
    taken
}

/// One that was taken, and another that sees an interface of it, too.
fn seen_twice(
    candidates: &[Candidate<'_>],
    taken: &BTreeMap<usize, usize>,
) -> Option<(usize, usize)> {
    let others: BTreeSet<usize> = taken.values().copied().collect();
    taken.iter().find_map(|(interface, own)| {
        let sees = |it: &&usize| **it != *own && candidates[**it].sees.contains(interface);
        others.iter().find(sees).map(|broad| (*own, *broad))
    })
}

impl Choice {
    fn of(
        candidates: &[Candidate<'_>],
        taken: &BTreeMap<usize, usize>,
        seen: &[(&Instance, &Interface)],
        unreadable: Vec<String>,
    ) -> Choice {
        let numbers: BTreeSet<usize> = taken.values().copied().collect();
        let chosen: Vec<&Candidate<'_>> = numbers.iter().map(|at| &candidates[*at]).collect();
        let mut sentences: Vec<String> = chosen.iter().map(|it| taken_sentence(it)).collect();
        sentences.extend(left_sentence(candidates, &numbers, &chosen, unreadable));
        sentences.extend(unseen_sentence(taken, seen));
        sentences.extend(doubled_sentence(candidates, &chosen));
        let mut sources: Vec<String> = Vec::new();
        for candidate in &chosen {
            if !sources.contains(&candidate.url) {
                sources.push(candidate.url.clone());
            }
        }
        let first = chosen.first().map(|it| &it.layout);
        let layout = first.filter(|first| chosen.iter().all(|it| it.layout == **first));
        Choice {
            sources,
            flow_logs: chosen.iter().map(|it| it.flow_log.id.clone()).collect(),
            layout: layout.cloned(),
            sentences,
        }
    }
}

fn taken_sentence(candidate: &Candidate<'_>) -> String {
    let flaws = match candidate.flaws() {
        flaws if flaws.is_empty() => String::new(),
        flaws => format!("; {}", flaws.join("; ")),
    };
    format!("Read is the flow log {}{flaws}.", candidate.described())
}

fn left_sentence(
    candidates: &[Candidate<'_>],
    numbers: &BTreeSet<usize>,
    chosen: &[&Candidate<'_>],
    unreadable: Vec<String>,
) -> Option<String> {
    let left = candidates.iter().enumerate();
    let left = left.filter(|(at, _)| !numbers.contains(at));
    let mut left: Vec<String> = left
        .map(|(_, it)| {
            let instead = chosen
                .iter()
                .find(|other| !other.sees.is_disjoint(&it.sees));
            let why = instead.map_or_else(|| "it is no better".to_owned(), |one| it.behind(one));
            format!("{} ({why})", it.described())
        })
        .collect();
    left.extend(unreadable);
    (!left.is_empty()).then(|| format!("Not read: {}.", left.join("; ")))
}

fn unseen_sentence(
    taken: &BTreeMap<usize, usize>,
    seen: &[(&Instance, &Interface)],
) -> Option<String> {
    let unseen: Vec<String> = seen
        .iter()
        .enumerate()
        .filter(|(number, _)| !taken.contains_key(number))
        .map(|(_, (instance, interface))| format!("{} of {}", interface.id, instance.id))
        .collect();
    (!unseen.is_empty()).then(|| {
        format!(
            "No record tells what {} sends and receives: no flow log that is read sees it.",
            unseen.join(", ")
        )
    })
}

/// Where a log group has the records of an interface twice, nothing can part them.
fn doubled_sentence(candidates: &[Candidate<'_>], chosen: &[&Candidate<'_>]) -> Option<String> {
    let overlap =
        |one: Traffic, other: Traffic| one == other || one == Traffic::All || other == Traffic::All;
    let doubled = |own: &&&Candidate<'_>| {
        candidates.iter().any(|other| {
            other.flow_log.id != own.flow_log.id
                && other.url == own.url
                && own.url.starts_with("logs://")
                && !other.sees.is_disjoint(&own.sees)
                && overlap(other.quality.traffic, own.quality.traffic)
        })
    };
    let groups: BTreeSet<&str> = chosen
        .iter()
        .filter(doubled)
        .map(|it| it.url.as_str())
        .collect();
    (!groups.is_empty()).then(|| {
        format!(
            "Several flow logs deliver the same traffic to {}, so its records and bytes stand \
             there more than once; delete all but one of them.",
            Vec::from_iter(groups).join(", ")
        )
    })
}

#[cfg(test)]
#[path = "source_tests.rs"]
mod tests;
