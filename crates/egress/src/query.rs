//! The same questions in other words: Logs Insights queries and Athena SQL.
//!
//! A [`Query`] is made of a definition, a filter and what is named; one file writes
//! it in each language. What the records have is said by their [`Layout`].
//!
//! **Invariants.** A query is true of the same records as its filter: what a record
//! does not have (`-`, NULL) makes a test false and `not` of it true. Nothing is
//! asked of a field that the layout lacks; the comment names it.

mod athena;
mod beaconing;
mod cidrs;
mod condition;
mod detectors;
mod exfiltration;
mod insights;
mod legs;
mod rule;
mod saved;
mod sides;

pub use beaconing::Beaconing;
pub use cidrs::{Cidrs, Listed};
pub use exfiltration::Exfiltration;
use legs::Ends;
pub use legs::Legs;
pub use rule::Rule;
pub use saved::{Saved, saved};

use self::condition::{Condition, Place};
use crate::investigate::{
    Analysis, Asked, By, Definition, Dimension, SensitivePorts, analyses, condition, question, sets,
};
use flowlog::filter::{AddressOf, AddressSet, Expr, PRIVATE, Sets, Test};
use flowlog::{Field, Layout};
use ipnet::IpNet;
use std::collections::BTreeSet;

/// Characters that Logs Insights takes.
/// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartQuery.html>
pub const MOST_CHARACTERS: usize = 10_000;

/// Bytes of UTF-8 that Athena takes; no quota that AWS raises.
/// <https://docs.aws.amazon.com/athena/latest/ug/service-limits.html>
pub const MOST_BYTES: usize = 262_144;

/// The name of the list of networks that are not external.
const INSIDE: &str = "inside";

/// Why a query cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// It has more than [`MOST_CHARACTERS`].
    #[error(
        "the query has {0} characters and Logs Insights takes {MOST_CHARACTERS}; \
         name fewer networks, or use --language athena"
    )]
    TooLong(usize),
    /// It has more than [`MOST_BYTES`].
    #[error(
        "the query has {0} bytes and Athena takes {MOST_BYTES}; name fewer networks with \
         --instance-ip, --vpc-cidr or --where"
    )]
    TooLarge(usize),
    /// It has more than that because of its lists of prefixes.
    #[error(
        "the query has {0} bytes with its lists of prefixes and Athena takes {MOST_BYTES}; load \
         them as a table: put a CSV of list, prefix, length, city, region and name into a folder \
         of S3, make a table named lists of it (CREATE EXTERNAL TABLE lists (list string, prefix \
         string, length int, city string, region string, name string) ROW FORMAT DELIMITED FIELDS \
         TERMINATED BY ',' LOCATION 's3://BUCKET/FOLDER/'), have this query written with a short \
         list, and take its step lists out"
    )]
    ListsTooLarge(usize),
    /// The language cannot say it, or the records do not have it: a sentence.
    #[error("{0}")]
    Unsayable(String),
    /// The name cannot stand in SQL.
    #[error("{0:?} is no name of a table; write table, database.table or catalog.database.table")]
    NotATable(String),
}

impl QueryError {
    /// The stable name of the error.
    pub fn name(&self) -> &'static str {
        match self {
            QueryError::TooLong(_) => "QueryTooLong",
            QueryError::TooLarge(_) => "QueryTooLarge",
            QueryError::ListsTooLarge(_) => "ListsTooLarge",
            QueryError::Unsayable(_) => "Unsayable",
            QueryError::NotATable(_) => "NotATable",
        }
    }
}

/// A question, in no language yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// What it answers: one sentence.
    pub about: String,
    /// Which records, all of these; without named sets.
    pub select: Vec<Expr>,
    /// Names of lists of networks: an end in one is `src_inside`, `dst_inside`, ….
    pub lists: Vec<(&'static str, Vec<IpNet>)>,
    /// Which legs of a NAT gateway.
    pub legs: Legs,
    /// A subject is named.
    pub names_subject: bool,
    /// NODATA and SKIPDATA, too, which are of no traffic.
    pub has_empty: bool,
    /// What is asked of them.
    pub rule: Rule,
    /// What rows are told apart by.
    pub by: Vec<Key>,
    /// What is added up; nothing where the rule has its own columns.
    pub sums: Vec<Sum>,
    /// Only rows of which the sum of that place is at least so much.
    pub least: Vec<(usize, u64)>,
    /// The place of the sum that rows are ranked by.
    pub rank: usize,
    /// Rows at the most; 0 for all that the service gives.
    pub limit: usize,
}

/// What rows are told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// As in a definition.
    Dimension(Dimension),
    /// The minute in which the record begins.
    Minute,
    /// What stands in the field.
    Field(Field),
    /// The end behind the gateway.
    Workload,
    /// The other end.
    Remote,
    /// The AWS service of the other end.
    RemoteService,
}

/// What is added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sum {
    /// Bytes.
    Bytes(&'static str),
    /// Bytes in units of 2^30.
    Gb(&'static str),
    /// Packets.
    Packets(&'static str),
    /// Records.
    Records(&'static str),
    /// How many different values the key has.
    Distinct(Dimension, &'static str),
    /// The first start.
    First(&'static str),
    /// The last end.
    Last(&'static str),
}

impl Sum {
    /// The name of its column.
    pub fn name(self) -> &'static str {
        match self {
            Sum::Bytes(name)
            | Sum::Gb(name)
            | Sum::Packets(name)
            | Sum::Records(name)
            | Sum::Distinct(_, name)
            | Sum::First(name)
            | Sum::Last(name) => name,
        }
    }

    fn field(self) -> Option<Field> {
        match self {
            Sum::Bytes(_) | Sum::Gb(_) => Some(Field::Bytes),
            Sum::Packets(_) => Some(Field::Packets),
            Sum::First(_) => Some(Field::Start),
            Sum::Last(_) => Some(Field::End),
            Sum::Records(_) => None,
            Sum::Distinct(by, _) => Key::Dimension(by).field(),
        }
    }
}

impl Key {
    /// The field that it stands in; `None` where it is worked out.
    fn field(self) -> Option<Field> {
        match self {
            Key::Field(field) => Some(field),
            Key::Dimension(by) => match by {
                Dimension::Source | Dimension::Destination => None,
                Dimension::SourcePort => Some(Field::Srcport),
                Dimension::DestinationPort => Some(Field::Dstport),
                Dimension::Protocol => Some(Field::Protocol),
                Dimension::Action => Some(Field::Action),
                Dimension::SourceService => Some(Field::PktSrcAwsService),
                Dimension::DestinationService => Some(Field::PktDstAwsService),
            },
            Key::Minute | Key::Workload | Key::Remote | Key::RemoteService => None,
        }
    }
}

/// The queries of all that is asked, in the order in which analyses are shown.
pub fn queries(asked: &Asked, legs: &Legs) -> Vec<Query> {
    let of = |analysis: &Analysis| {
        let definitions = analysis.definitions();
        let defined = definitions.map(|definition| Query::new(definition, asked, legs));
        defined
            .chain(detectors::queries(*analysis, asked, legs))
            .chain(rule::query(*analysis, asked, legs))
            .collect::<Vec<_>>()
    };
    analyses(asked).iter().flat_map(of).collect()
}

impl Query {
    /// The query of a definition.
    pub fn new(definition: &Definition, asked: &Asked, legs: &Legs) -> Query {
        let sensitive = asked.sensitive.clone();
        let sets = sets(asked, &sensitive.unwrap_or_else(SensitivePorts::shipped));
        let question = question(definition, asked.port);
        let select = condition(asked).into_iter().chain([question]);
        let view = definition
            .view
            .map_or(String::new(), |view| format!(" ({view})"));
        Query {
            about: format!(
                "{}{view}: {}",
                definition.analysis.name(),
                definition.says(asked.port)
            ),
            select: select.map(|expr| expr.resolve(&sets)).collect(),
            lists: lists(&sets),
            legs: legs.clone(),
            names_subject: !asked.subject.is_empty(),
            has_empty: false,
            rule: Rule::Sums,
            by: definition.by.iter().copied().map(Key::Dimension).collect(),
            sums: SUMS.to_vec(),
            least: Vec::new(),
            rank: place(asked.by),
            limit: asked.limit,
        }
    }

    /// The query in Logs Insights' language, for records of that layout.
    ///
    /// Errors: it is longer than the service takes; the language cannot say it.
    pub fn insights(&self, layout: &Layout) -> Result<String, QueryError> {
        insights::write(self, layout)
    }

    /// The query as SQL of Athena (engine version 3), for a table whose columns have
    /// the names of that layout's fields, with underscores.
    ///
    /// Errors: the table's name is none; it is larger than the service takes; records
    /// of that layout cannot answer it.
    pub fn athena(&self, layout: &Layout, table: &str) -> Result<String, QueryError> {
        athena::write(self, layout, table)
    }

    /// What the records must be, for that layout; parts that are always true left
    /// out.
    fn conditions(&self, layout: &Layout) -> Vec<Condition> {
        let parts = self.select.iter().map(|expr| Condition::of(expr, layout));
        let parts: Vec<Condition> = parts.collect();
        let ends = Ends {
            inside: self.inside(),
            names_subject: self.names_subject,
        };
        let legs = self.legs.condition(layout, &parts, &ends);
        legs.into_iter()
            .chain(parts)
            .filter(|part| !part.is_always())
            .collect()
    }

    /// What is not external.
    fn inside(&self) -> &[IpNet] {
        let inside = self.lists.iter().find(|(name, _)| *name == INSIDE);
        inside.map_or(&PRIVATE, |(_, networks)| networks)
    }

    /// Fields that it asks for and the layout lacks.
    fn lacking(&self, layout: &Layout) -> Vec<&'static str> {
        let mut fields: BTreeSet<Field> = self.select.iter().flat_map(Expr::fields).collect();
        fields.extend(self.by.iter().filter_map(|key| key.field()));
        fields.extend(self.sums.iter().filter_map(|sum| sum.field()));
        fields.extend(self.rule.fields());
        let ends = [Field::PktSrcaddr, Field::PktDstaddr];
        let is_asked_by_name = |field: &Field| self.select.iter().any(|expr| asks(expr, *field));
        fields.retain(|field| !ends.contains(field) || is_asked_by_name(field));
        let lacks = |field: &Field| !layout.has(*field);
        fields.into_iter().filter(lacks).map(Field::name).collect()
    }

    /// Keys that the layout has.
    fn keys(&self, layout: &Layout) -> Vec<Key> {
        let has = |key: &Key| key.field().is_none_or(|field| layout.has(field));
        self.by.iter().copied().filter(has).collect()
    }

    /// Sums that the layout has, and the place of the one that ranks.
    fn sums(&self, layout: &Layout) -> (Vec<Sum>, Option<Sum>) {
        let has = |sum: &Sum| sum.field().is_none_or(|field| layout.has(field));
        let sums = self.sums.iter().copied().filter(has).collect();
        (sums, self.sums.get(self.rank).copied().filter(has))
    }

    /// Ends that have to be worked out, for conditions and keys.
    fn places(&self, layout: &Layout, conditions: &[Condition]) -> BTreeSet<Place> {
        let mut networks = Vec::new();
        conditions
            .iter()
            .for_each(|one| one.add_networks(&mut networks));
        let mut places: BTreeSet<Place> = networks.into_iter().map(|(place, _)| place).collect();
        if self.rule != Rule::Sums {
            places.extend([Place::source(layout), Place::destination(layout)]);
        }
        let counted = self.sums.iter().filter_map(|sum| match sum {
            Sum::Distinct(by, _) => Some(Key::Dimension(*by)),
            _ => None,
        });
        for key in self.by.iter().copied().chain(counted) {
            match key {
                Key::Dimension(Dimension::Source) => {
                    places.insert(Place::source(layout));
                }
                Key::Dimension(Dimension::Destination) => {
                    places.insert(Place::destination(layout));
                }
                Key::Workload | Key::Remote | Key::RemoteService => {
                    places.insert(Place::source(layout));
                    places.insert(Place::destination(layout));
                }
                _ => {}
            }
        }
        places
    }

    /// What tells the end behind the gateway, where rows are told apart by that.
    fn upload(&self, layout: &Layout) -> Option<Condition> {
        let is_side = |key: &Key| matches!(key, Key::Workload | Key::Remote | Key::RemoteService);
        self.by.iter().any(is_side).then(|| legs::is_upload(layout))
    }
}

/// The lists that have a name in the filter language.
fn lists(sets: &Sets) -> Vec<(&'static str, Vec<IpNet>)> {
    let named = [("subject", &sets.subject), (INSIDE, &sets.inside)];
    let lists = named.into_iter().filter_map(|(name, set)| match set {
        AddressSet::Networks(networks) => Some((name, IpNet::aggregate(networks))),
        AddressSet::Private | AddressSet::Named(_) => None,
    });
    lists.collect()
}

/// What is added up where nothing else is asked.
const SUMS: [Sum; 3] = [
    Sum::Bytes("total_bytes"),
    Sum::Packets("total_packets"),
    Sum::Records("flows"),
];

/// The place of what ranks among [`SUMS`].
fn place(by: By) -> usize {
    match by {
        By::Bytes => 0,
        By::Packets => 1,
        By::Flows => 2,
    }
}

/// Whether the filter asks for the field by its own name.
fn asks(expr: &Expr, field: Field) -> bool {
    match expr {
        Expr::All(parts) | Expr::Any(parts) => parts.iter().any(|part| asks(part, field)),
        Expr::Not(part) => asks(part, field),
        Expr::Test(Test::Address(AddressOf::Field(own), _)) => *own == field,
        Expr::Test(Test::Address(_, AddressSet::Private | AddressSet::Networks(_))) => false,
        Expr::Test(test) => test.fields().contains(&field),
    }
}

/// The field's name as a column, with underscores.
fn column(field: Field) -> String {
    field.name().replace('-', "_")
}
