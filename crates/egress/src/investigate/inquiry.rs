//! What is asked, from the user's words to the tables.
//!
//! **Invariants.** Pure: records come through the watch, everything else is an
//! argument. One pass answers all that is asked.

use super::answer::{Answers, Asking};
use super::chosen::{Chosen, question};
use super::counted::Counted;
use super::definition::{Analysis, Definition};
use super::detect::Thresholds;
use super::fold::{Fold, Plan, SSH};
use super::rank::By;
use super::{CidrLists, Investigation, Question, SCHEMA, SensitivePorts, Sums, Table, rules};
use crate::gateway;
use crate::report::quality;
use crate::report::text::grouped;
use flowlog::filter::{
    AddressOf, AddressSet, Compare, Expr, Filter, Named, NumberOf, NumberSet, PRIVATE, Sets, Test,
    TooMuch,
};
use flowlog::{Counts, Field, FlowTable, Watch};
use ipnet::IpNet;
use std::any::Any;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::ops::Range;
use std::sync::Arc;

/// What the user asks.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// The analyses; none: all of them.
    pub analyses: Vec<Analysis>,
    /// Addresses and networks that are investigated; none: those of `inside`.
    pub subject: Vec<IpNet>,
    /// Networks that are not external; none: every private address.
    pub inside: Vec<IpNet>,
    /// Which records count, and the words of it.
    pub filter: Option<(Expr, String)>,
    /// Records that begin from then on, in Unix seconds.
    pub from: Option<u64>,
    /// Records that begin before then.
    pub until: Option<u64>,
    /// Times between these two in which alone records begin, where there are several.
    pub times: Vec<Range<u64>>,
    /// The port of port-specific.
    pub port: Option<u16>,
    /// What rows are ranked by.
    pub by: By,
    /// Rows of a table at the most; 0 for all.
    pub limit: usize,
    /// Flows that are told apart at the most; 0 for all.
    pub most: usize,
    /// The ports that are sensitive; none: those that ship.
    pub sensitive: Option<SensitivePorts>,
    /// Lists of prefixes for cidr-connections; none: AWS's that ship.
    pub lists: Option<Arc<CidrLists>>,
    /// Gateway addresses that the user names; none: those that are found.
    pub nat_addresses: Vec<IpAddr>,
    /// From where on rules find something strange.
    pub thresholds: Thresholds,
    /// What is read, as it was named.
    pub sources: Vec<String>,
}

/// Why it cannot be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InquiryError {
    /// The filter is too large.
    #[error(transparent)]
    Filter(#[from] TooMuch),
}

impl InquiryError {
    /// The stable name of the error.
    pub fn name(&self) -> &'static str {
        match self {
            InquiryError::Filter(error) => error.name(),
        }
    }
}

/// What is asked, made ready.
pub struct Inquiry {
    asked: Asked,
    sensitive: SensitivePorts,
    plan: Arc<Plan>,
    filter: Option<Filter>,
}

impl Inquiry {
    /// Makes it ready.
    ///
    /// Errors: the filter is too large.
    pub fn new(asked: Asked) -> Result<Inquiry, InquiryError> {
        let sensitive = asked.sensitive.clone();
        let sensitive = sensitive.unwrap_or_else(SensitivePorts::shipped);
        let sets = sets(&asked, &sensitive);
        let filter = match condition(&asked) {
            Some(expr) => Some(Filter::new(&expr, &sets)?),
            None => None,
        };
        let analyses = analyses(&asked);
        let definitions = analyses.iter().flat_map(|analysis| analysis.definitions());
        let questions: Result<Vec<(&'static Definition, Filter)>, TooMuch> = definitions
            .map(|definition| {
                Ok((
                    definition,
                    Filter::new(&question(definition, asked.port), &sets)?,
                ))
            })
            .collect();
        let is_selective = |analysis: &Analysis| match analysis {
            Analysis::SshInbound
            | Analysis::SshResponse
            | Analysis::SshOutbound
            | Analysis::SensitivePorts
            | Analysis::Rejected
            | Analysis::BruteForce
            | Analysis::RejectStorms => true,
            Analysis::PortSpecific => asked.port.is_some(),
            _ => false,
        };
        let has = |analysis| analyses.contains(&analysis);
        let mut ports = Box::new([0; 1024]);
        let mut look_at = |port: u16| ports[usize::from(port) / 64] |= 1 << (port % 64);
        let ssh = [
            Analysis::SshInbound,
            Analysis::SshResponse,
            Analysis::SshOutbound,
        ];
        if ssh.into_iter().any(has) {
            look_at(SSH);
        }
        if has(Analysis::SensitivePorts) {
            sensitive.iter().for_each(|(port, _)| look_at(port));
        }
        if has(Analysis::PortSpecific) {
            asked.port.into_iter().for_each(&mut look_at);
        }
        let plan = Plan {
            sets: Arc::new(sets),
            questions: questions?,
            rules: analyses
                .iter()
                .copied()
                .filter(|analysis| analysis.definitions().next().is_none())
                .collect(),
            sensitive: sensitive.clone(),
            thresholds: asked.thresholds.clone(),
            ports,
            all_src_ports: has(Analysis::PortSpecific),
            is_selective: analyses.iter().all(is_selective),
            most: match asked.most {
                0 => usize::MAX / 2,
                most => most,
            },
            own: asked.nat_addresses.clone(),
        };
        Ok(Inquiry {
            asked,
            sensitive,
            plan: Arc::new(plan),
            filter,
        })
    }

    /// Has the table's records watched.
    pub fn watch(&self, table: &mut FlowTable) {
        let fold = Fold::new(Arc::clone(&self.plan));
        table.watch(Box::new(fold), self.filter.as_ref());
    }

    /// What was found in the table, whose sources have ended.
    pub fn answer(&self, table: &mut FlowTable) -> Investigation {
        let mut fold = self.fold(table.take_watch());
        fold.flows.settle();
        let found = std::mem::take(&mut fold.rules);
        let (gateways, warnings) = gateway::find(table, &self.asked.nat_addresses);
        let mut warnings = [quality(table.counts()), warnings].concat();
        let names_subject = !self.asked.subject.is_empty();
        let counted = Counted::new(
            &gateways,
            &fold.ends,
            &fold.flows,
            fold.has_packet,
            names_subject,
        );
        let asking: Vec<Asking<'_>> = self
            .plan
            .questions
            .iter()
            .map(|(definition, _)| Asking {
                definition,
                expr: question(definition, self.asked.port),
            })
            .collect();
        let exprs = asking.iter().map(|asking| asking.expr.clone()).collect();
        let chosen = Chosen::new(exprs, bits(&self.sensitive), self.asked.port);
        let answers = Answers::new(&fold, &counted, chosen, self.asked.by, self.asked.limit);
        let port_name = |port| {
            let known = self.sensitive.get(port);
            known.map(|known| known.service.clone())
        };
        let mut tables = answers.tables(&asking, &port_name);
        if self.plan.rules.contains(&Analysis::CidrConnections) {
            tables.push(match &self.asked.lists {
                Some(lists) => answers.in_lists(lists, names_subject),
                None => {
                    let mut lists = CidrLists::default();
                    lists.add_aws(None);
                    answers.in_lists(&lists, names_subject)
                }
            });
        }
        let thresholds = &self.asked.thresholds;
        tables.extend(rules::of_flows(&self.plan.rules, thresholds, &answers));
        tables.extend(found.finish(&self.sensitive, thresholds, &counted, &answers));
        let (left_out, untold) = (answers.left_out, answers.untold);
        warnings.extend(self.warnings(&fold, untold, answers.public));
        for table in &mut tables {
            table.cut(self.asked.limit);
        }
        let order = |table: &Table| {
            let place = |analysis: &Analysis| analysis.name() == table.analysis;
            Analysis::ALL.iter().position(place)
        };
        tables.sort_by_key(order);
        Investigation {
            schema: SCHEMA.to_owned(),
            question: self.question(),
            records: records(table.counts()),
            legs: match table.counts() {
                counts if counts.parsed == counts.left_out => "No record counts.".to_owned(),
                _ => counted.sentence(&gateways, (left_out.bytes, left_out.flows)),
            },
            warnings,
            tables,
        }
    }

    /// Whether the address is not external.
    pub(crate) fn is_inside(&self, address: IpAddr) -> bool {
        self.plan.sets.inside.has(address)
    }

    fn fold(&self, watch: Option<Box<dyn Watch>>) -> Fold {
        let watch: Option<Box<dyn Any>> = watch.map(|watch| watch as Box<dyn Any>);
        let fold = watch.and_then(|watch| watch.downcast::<Fold>().ok());
        fold.map_or_else(|| Fold::new(Arc::clone(&self.plan)), |fold| *fold)
    }

    fn question(&self) -> Question {
        let texts = |nets: &[IpNet]| nets.iter().map(text).collect();
        let asked = &self.asked;
        let names: Vec<&str> = asked
            .analyses
            .iter()
            .map(|analysis| analysis.name())
            .collect();
        Question {
            analysis: match names.as_slice() {
                [] => "all".to_owned(),
                names => names.join(", "),
            },
            sources: asked.sources.clone(),
            subject: texts(match asked.subject.as_slice() {
                [] => &asked.inside,
                subject => subject,
            }),
            inside: texts(&asked.inside),
            filter: asked.filter.as_ref().map(|(_, text)| text.clone()),
            from: asked.from,
            until: asked.until,
            times: asked.times.iter().map(|it| (it.start, it.end)).collect(),
            by: asked.by.name().to_owned(),
            limit: asked.limit,
        }
    }

    fn warnings(&self, fold: &Fold, untold: Sums, public: Sums) -> Vec<String> {
        let mut warnings = Vec::new();
        if public.flows > 0 && self.asked.subject.is_empty() {
            let ends = match self.asked.inside.is_empty() {
                true => "neither of whose ends has a private address, as IPv6 workloads have none",
                false => "neither of whose ends is in the networks of --vpc-cidr",
            };
            warnings.push(format!(
                "{} records with {} bytes, {ends}, are not of the subject; name all networks that \
                 are yours with --vpc-cidr.",
                grouped(public.flows.into()),
                grouped(public.bytes)
            ));
        }
        if fold.were_more {
            warnings.push(format!(
                "There are more than {} flows, which is how many are told apart: beyond them ports \
                 and then external ends are given up, and 0.0.0.0 stands for those. Totals are \
                 exact, but for analyses by port; raise --max-keys, or ask for less with --where.",
                self.plan.most
            ));
        }
        if untold.flows > 0 {
            warnings.push(format!(
                "{} records with {} bytes between inside ends are in no table for the same reason.",
                untold.flows, untold.bytes
            ));
        }
        let is_asked = |asked: Option<u64>| asked.is_some();
        let has_records = fold.flows.len() > 0;
        if has_records && !fold.has_ports && self.plan.asks_for_ports() {
            warnings.push(
                "The records have no ports, so what asks for ports finds nothing; record with \
                 srcport and dstport."
                    .to_owned(),
            );
        }
        if !has_records && (is_asked(self.asked.from) || is_asked(self.asked.until)) {
            warnings.push(
                "No record is of that time; what begins before --since or without a start is left \
                 out."
                    .to_owned(),
            );
        }
        warnings
    }
}

/// The analyses that are asked, each once. Of all of them port-specific needs a port.
pub(crate) fn analyses(asked: &Asked) -> Vec<Analysis> {
    if asked.analyses.is_empty() {
        let is_asked =
            |analysis: &Analysis| *analysis != Analysis::PortSpecific || asked.port.is_some();
        return Analysis::ALL.into_iter().filter(is_asked).collect();
    }
    let is_asked = |analysis: &Analysis| asked.analyses.contains(analysis);
    Analysis::ALL.into_iter().filter(is_asked).collect()
}

/// What named sets mean. Inside are always those, too, that no router passes on.
pub(crate) fn sets(asked: &Asked, sensitive: &SensitivePorts) -> Sets {
    const LOCAL: [&str; 7] = [
        "169.254.0.0/16",
        "127.0.0.0/8",
        "224.0.0.0/4",
        "255.255.255.255/32",
        "fe80::/10",
        "ff00::/8",
        "::1/128",
    ];
    let local = LOCAL.iter().filter_map(|net| net.parse::<IpNet>().ok());
    let inside: Vec<IpNet> = match asked.inside.as_slice() {
        [] => PRIVATE.to_vec(),
        inside => inside.to_vec(),
    };
    let ports = sensitive.iter().map(|(port, _)| u64::from(port));
    Sets {
        subject: match (asked.subject.as_slice(), asked.inside.as_slice()) {
            ([], []) => AddressSet::Private,
            ([], inside) => AddressSet::Networks(inside.to_vec()),
            (subject, _) => AddressSet::Networks(subject.to_vec()),
        },
        inside: AddressSet::Networks(inside.into_iter().chain(local).collect()),
        sensitive: NumberSet::Ranges(ports.map(|port| port..=port).collect()),
    }
}

/// Which records count: those of the filter, of the time, and of the subject, where
/// one is named.
pub(crate) fn condition(asked: &Asked) -> Option<Expr> {
    let mut parts = Vec::new();
    if !asked.subject.is_empty() {
        let subject = AddressSet::Named(Named::Subject);
        parts.push(Expr::Test(Test::Address(AddressOf::Either, subject)));
    }
    let start = |compare, time| {
        let of = NumberOf::Field(Field::Start);
        Expr::Test(Test::Number(of, NumberSet::Compare(compare, time)))
    };
    parts.extend(asked.from.map(|from| start(Compare::AtLeast, from)));
    parts.extend(asked.until.map(|until| start(Compare::Less, until)));
    let within = |time: &Range<u64>| {
        let from = start(Compare::AtLeast, time.start);
        Expr::All(vec![from, start(Compare::Less, time.end)])
    };
    if !asked.times.is_empty() {
        parts.push(Expr::Any(asked.times.iter().map(within).collect()));
    }
    parts.extend(asked.filter.iter().map(|(expr, _)| expr.clone()));
    (!parts.is_empty()).then_some(Expr::All(parts))
}

fn bits(sensitive: &SensitivePorts) -> Box<[u64; 1024]> {
    let mut bits = Box::new([0; 1024]);
    for (port, _) in sensitive.iter() {
        bits[usize::from(port) / 64] |= 1 << (port % 64);
    }
    bits
}

/// An address as one, a network with its length.
fn text(net: &IpNet) -> String {
    match net.prefix_len() == net.max_prefix_len() {
        true => net.addr().to_string(),
        false => net.to_string(),
    }
}

fn records(counts: &Counts) -> BTreeMap<String, u64> {
    let counts = [
        ("read", counts.read),
        ("parsed", counts.parsed),
        ("nodata", counts.nodata),
        ("skipdata", counts.skipdata),
        ("malformed", counts.malformed()),
        ("rejected", counts.rejected),
        ("left_out", counts.left_out),
    ];
    let counts = counts.into_iter();
    counts
        .map(|(name, count)| (name.to_owned(), count))
        .collect()
}
