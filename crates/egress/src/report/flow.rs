//! Source, service, destination: who moved how much through what, as data.
//!
//! **Invariants.** Made of the pairs that the report lists. Each column has all of
//! their bytes: whoever is not told apart is in one node together.

use super::json::{bytes, money};
use super::{Report, named};
use crate::price::Money;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// And what is less than this part of all is not told apart.
const LEAST_PART: u128 = 1_000;
/// Stands for everybody who has no node.
const OTHERS: &str = "others";
/// Letters of a filter at the most, as the language has it.
const FILTER_LETTERS: usize = 10_000;

/// Three columns of nodes, and what is between neighbours.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Diagram {
    /// Bytes of each column: of the pairs that the report lists.
    pub total: u128,
    /// All bytes that were billed.
    pub processed: u128,
    /// The nodes, column by column, by bytes descending; the others last.
    pub nodes: Vec<Node>,
    /// What is between two nodes, in their order.
    pub links: Vec<Link>,
}

/// Somebody, or something, with its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// 0 sources, 1 services, 2 destinations.
    pub column: usize,
    /// What it is called.
    pub name: String,
    /// The same with how many addresses it has here, where these are several.
    pub label: String,
    /// Its bytes.
    pub bytes: u128,
    /// What they cost.
    pub cost: Money,
    /// The filter that selects it by its addresses; `None` where that would be too
    /// long, and for all that is not told apart.
    pub filter: Option<String>,
}

/// Bytes between two nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// The place of the node to the left.
    pub source: usize,
    /// The place of the node to the right.
    pub target: usize,
    /// Bytes.
    pub bytes: u128,
    /// What they cost.
    pub cost: Money,
}

impl Diagram {
    /// As a JSON value: nodes have their place as an id, links name both ends by it.
    pub fn value(&self) -> Value {
        let nodes = self.nodes.iter().enumerate().map(|(id, node)| {
            json!({
                "id": id,
                "column": node.column,
                "name": node.name,
                "label": node.label,
                "bytes": bytes(node.bytes),
                "cost": money(node.cost),
                "filter": node.filter,
            })
        });
        let links = self.links.iter().map(|link| {
            json!({
                "source": link.source,
                "target": link.target,
                "bytes": bytes(link.bytes),
                "cost": money(link.cost),
            })
        });
        json!({
            "total": bytes(self.total),
            "processed": bytes(self.processed),
            "nodes": nodes.collect::<Vec<_>>(),
            "links": links.collect::<Vec<_>>(),
        })
    }
}

/// What has a name in a column.
#[derive(Default)]
struct Sum {
    bytes: u128,
    addresses: BTreeSet<IpAddr>,
}

type Column = BTreeMap<String, Sum>;

/// The largest `most` of each column, and one node for the others.
pub fn diagram(report: &Report, most: usize) -> Diagram {
    let names = Names::of(report);
    let mut columns: [Column; 3] = Default::default();
    let mut total = 0;
    for pair in &report.pairs {
        let ends = [pair.source, pair.destination, pair.destination];
        for ((column, name), address) in columns.iter_mut().zip(names.of_pair(pair)).zip(ends) {
            let sum = column.entry(name).or_default();
            sum.bytes += pair.share.bytes;
            sum.addresses.insert(address);
        }
        total += pair.share.bytes;
    }
    if total == 0 {
        return Diagram::default();
    }
    let mut nodes = Vec::new();
    let places = columns.map(|column| shown(column, total, most, report, &mut nodes));
    let mut links: BTreeMap<(usize, usize), u128> = BTreeMap::new();
    for pair in &report.pairs {
        let [source, service, destination] = names.of_pair(pair);
        let source = places[0].place(&source);
        let service = places[1].place(&service);
        let destination = places[2].place(&destination);
        *links.entry((source, service)).or_default() += pair.share.bytes;
        *links.entry((service, destination)).or_default() += pair.share.bytes;
    }
    let links = links.into_iter().map(|((source, target), bytes)| Link {
        source,
        target,
        bytes,
        cost: report.rate.cost(bytes),
    });
    Diagram {
        total,
        processed: report.bytes.processed,
        links: links.collect(),
        nodes,
    }
}

/// Where the names of a column stand among the nodes.
struct Places {
    by_name: BTreeMap<String, usize>,
    last: usize,
}

impl Places {
    fn place(&self, name: &str) -> usize {
        self.by_name.get(name).copied().unwrap_or(self.last)
    }
}

/// Appends the nodes of the next column.
fn shown(
    column: Column,
    total: u128,
    most: usize,
    report: &Report,
    nodes: &mut Vec<Node>,
) -> Places {
    let at = nodes.last().map_or(0, |node| node.column + 1);
    let mut sums: Vec<(String, Sum)> = column.into_iter().collect();
    sums.sort_by(|(name, sum), (other, other_sum)| {
        other_sum
            .bytes
            .cmp(&sum.bytes)
            .then_with(|| name.cmp(other))
    });
    let least = total / LEAST_PART;
    let large = sums.iter().take_while(|(_, sum)| sum.bytes > least);
    let large = large.count().clamp(1, most.max(1));
    let small: u128 = sums.iter().skip(large).map(|(_, sum)| sum.bytes).sum();
    sums.truncate(large);
    let mut by_name = BTreeMap::new();
    for (name, sum) in sums {
        by_name.insert(name.clone(), nodes.len());
        nodes.push(Node {
            column: at,
            label: label(&name, &sum.addresses),
            cost: report.rate.cost(sum.bytes),
            bytes: sum.bytes,
            filter: filter(&sum.addresses),
            name,
        });
    }
    if small > 0 {
        nodes.push(Node {
            column: at,
            name: OTHERS.to_owned(),
            label: OTHERS.to_owned(),
            bytes: small,
            cost: report.rate.cost(small),
            filter: None,
        });
    }
    Places {
        by_name,
        last: nodes.len() - 1,
    }
}

fn label(name: &str, addresses: &BTreeSet<IpAddr>) -> String {
    match addresses.len() {
        0 | 1 => name.to_owned(),
        many => format!("{name}, {many} addresses"),
    }
}

/// The filter of records with one of these addresses.
fn filter(addresses: &BTreeSet<IpAddr>) -> Option<String> {
    if addresses.iter().any(IpAddr::is_unspecified) {
        return None;
    }
    let texts: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
    let filter = match texts.as_slice() {
        [] => return None,
        [one] => format!("ip = {one}"),
        many => format!("ip in ({})", many.join(", ")),
    };
    (filter.len() <= FILTER_LETTERS).then_some(filter)
}

/// What the ends of pairs are called.
struct Names {
    sources: BTreeMap<IpAddr, String>,
    destinations: BTreeMap<IpAddr, String>,
}

impl Names {
    fn of(report: &Report) -> Names {
        let sources = report.sources.iter();
        let destinations = report.destinations.iter();
        let of_source = |row: &super::Source| {
            let owner = row.owner.as_ref().map(crate::Owner::label);
            // Of a network with a name several workloads may be, which stay apart.
            let own = row.name();
            owner.or_else(|| Some(format!("{} ({})", named(row.address), own?.name)))
        };
        Names {
            sources: sources
                .filter_map(|row| Some((row.address, of_source(row)?)))
                .collect(),
            destinations: destinations
                .filter(|row| !row.names.is_empty())
                .map(|row| (row.address, row.short_name()))
                .collect(),
        }
    }

    fn of_pair(&self, pair: &super::Pair) -> [String; 3] {
        let known = |names: &BTreeMap<IpAddr, String>, address: IpAddr| {
            let name = names.get(&address).cloned();
            name.unwrap_or_else(|| named(address))
        };
        let service = pair.aws_service.clone();
        [
            known(&self.sources, pair.source),
            service.unwrap_or_else(|| "no AWS service".to_owned()),
            known(&self.destinations, pair.destination),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::diagram;
    use crate::{Facts, Rate, report};
    use flowlog::FlowTable;
    use flowlog::filter::Expr;

    #[test]
    fn every_column_has_all_bytes_and_filters_are_of_the_language() {
        let mut text =
            "srcaddr dstaddr pkt-srcaddr pkt-dstaddr pkt-dst-aws-service bytes\n".to_owned();
        for number in 0..30 {
            let (near, far) = (
                format!("10.0.1.{}", number % 5),
                format!("203.0.113.{number}"),
            );
            let service = if number % 2 == 0 { "S3" } else { "-" };
            let bytes = (number + 1) * 1_000;
            text += &format!("{near} 10.0.0.220 {near} {far} {service} {bytes}\n");
        }
        let mut table = FlowTable::new();
        table.push(text.as_bytes()).expect("a flow log");
        table.end_source().expect("a flow log");
        let rate = Rate::of_region("us-east-1").expect("a rate");
        let report = report(&table, &Facts::new("us-east-1", rate));
        let diagram = diagram(&report, 4);
        assert_eq!(diagram.total, report.bytes.processed);
        for column in 0..3 {
            let nodes = diagram.nodes.iter().filter(|node| node.column == column);
            assert_eq!(nodes.map(|node| node.bytes).sum::<u128>(), diagram.total);
            let links = diagram.links.iter();
            let links = links.filter(|link| diagram.nodes[link.source].column == column);
            let expected = if column < 2 { diagram.total } else { 0 };
            assert_eq!(links.map(|link| link.bytes).sum::<u128>(), expected);
        }
        for node in &diagram.nodes {
            assert_eq!(
                node.filter.is_none(),
                node.name == "others",
                "{}",
                node.name
            );
            if let Some(filter) = &node.filter {
                assert!(Expr::parse(filter).is_ok(), "{filter}");
            }
        }
        let first = &diagram.nodes[0];
        assert_eq!(first.filter.as_deref(), Some("ip = 10.0.1.4"));
        let service = diagram
            .nodes
            .iter()
            .find(|node| node.name == "S3")
            .expect("S3");
        assert_eq!(service.label, "S3, 15 addresses");
    }
}
