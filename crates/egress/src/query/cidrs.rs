//! Traffic with addresses of lists of prefixes, as a query that has the lists in it.
//!
//! AWS's own list is larger than any query may be, so only the user's are in it.

use super::athena::{self, Sql, quoted};
use super::condition::{Condition, Place};
use super::detectors;
use super::insights;
use super::rule::{Language, Rule, unsayable};
use super::{Key, Legs, MOST_CHARACTERS, Query, QueryError, SUMS, place};
use crate::investigate::{Analysis, Asked, CidrLists, Dimension, Match};
use flowlog::Layout;
use ipnet::IpNet;

/// Lists of prefixes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cidrs {
    /// Each prefix once.
    pub prefixes: Vec<Listed>,
}

/// What a list says of a prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The list.
    pub list: String,
    /// The prefix.
    pub prefix: IpNet,
    /// The city.
    pub city: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// What the list calls it.
    pub name: Option<String>,
}

/// The name of whether an end is in a list.
const LISTED: &str = "listed";

pub(super) fn query(asked: &Asked, legs: &Legs) -> Query {
    let none = CidrLists::default();
    let lists = asked.lists.as_deref().unwrap_or(&none);
    let names = lists.lists().iter();
    let names = names.map(|list| format!("{} ({} prefixes)", list.name, list.prefixes));
    let names: Vec<String> = names.collect();
    let about = format!(
        ": What was sent to or by addresses of {}.",
        names.join(", ")
    );
    let cidrs = Cidrs {
        prefixes: lists.own_prefixes().map(Listed::of).collect(),
    };
    let by = [Key::Dimension(Dimension::Action)];
    let analysis = Analysis::CidrConnections;
    let sums = SUMS.to_vec();
    let mut query = detectors::query(analysis, about, vec![], &by, sums, 0, asked, legs);
    query.lists.push((LISTED, cidrs.networks()));
    query.rank = place(asked.by);
    query.rule = Rule::Cidrs(cidrs);
    query
}

pub(super) fn note(language: Language) -> String {
    let own = "AWS's own prefixes are not among them, and addresses behind NAT64 are looked up as \
               they stand.";
    match language {
        Language::Athena => format!("Of several prefixes the longest counts. {own}"),
        Language::Insights => format!(
            "Which prefix it is, and of which list, is not told; where both ends are of lists, \
             the sender is shown. {own}"
        ),
    }
}

impl Listed {
    fn of(found: Match<'_>) -> Listed {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Listed {
            list: found.list.to_owned(),
            prefix: found.prefix,
            city: owned(found.city),
            region: owned(found.region),
            name: owned(found.service.or(found.name)),
        }
    }

    fn values(&self) -> String {
        let text = |text: &Option<String>| quoted(text.as_deref().unwrap_or("-"));
        format!(
            "({}, '{}', {}, {}, {}, {})",
            quoted(&self.list),
            self.prefix,
            self.prefix.prefix_len(),
            text(&self.city),
            text(&self.region),
            text(&self.name)
        )
    }
}

impl Cidrs {
    fn networks(&self) -> Vec<IpNet> {
        let networks: Vec<IpNet> = self.prefixes.iter().map(|it| it.prefix).collect();
        IpNet::aggregate(&networks)
    }

    pub(super) fn refuse(&self) -> Result<(), QueryError> {
        match self.prefixes.is_empty() {
            false => Ok(()),
            true => Err(unsayable(
                Analysis::CidrConnections,
                "AWS's own list has more prefixes than a query may have; name lists of yours with \
                 --cidrs",
            )),
        }
    }

    /// Why there is no query of Logs Insights, which would have so many characters.
    pub(super) fn too_long(&self, count: usize) -> QueryError {
        unsayable(
            Analysis::CidrConnections,
            &format!(
                "with {} prefixes it has {count} characters and Logs Insights takes \
                 {MOST_CHARACTERS}; make a lookup table of them and use cidrlookup, or use \
                 --language athena",
                self.prefixes.len()
            ),
        )
    }

    /// Whether the sender is in a list, and whether the receiver is.
    pub(super) fn listed(&self, layout: &Layout) -> [Condition; 2] {
        let networks = self.networks();
        let is_listed = |place| Condition::within(place, &networks);
        [Place::source(layout), Place::destination(layout)].map(is_listed)
    }

    pub(super) fn insights(
        &self,
        query: &Query,
        layout: &Layout,
        words: &insights::Words<'_>,
    ) -> Vec<String> {
        let [src, dst] = [Place::source(layout), Place::destination(layout)].map(Place::column);
        let listed = self.listed(layout);
        let address = format!("if({}, {src}, {dst})", words.top(&listed[0]));
        let either = Condition::any(listed.to_vec());
        let mut lines = vec![
            format!("| filter {}", words.top(&either)),
            format!("| fields {address} as address"),
        ];
        lines.extend(insights::sums(query, layout, &["address"]));
        lines
    }

    pub(super) fn athena(&self, query: &Query, layout: &Layout, sql: &mut Sql) -> Vec<String> {
        let (sums, rank) = query.sums(layout);
        let (values, names): (Vec<String>, Vec<String>) =
            athena::keys(query, layout).into_iter().unzip();
        let fields = sums.iter().filter_map(|sum| sum.field()).map(super::column);
        let shown = values.iter().zip(&names);
        let shown = shown.map(|(value, name)| format!("{value} AS {name}"));
        let shown: Vec<String> = shown.chain(fields).collect();
        let from = |place: Place| {
            let columns = [format!("{} AS address", place.column())];
            let columns: Vec<String> = columns.into_iter().chain(shown.clone()).collect();
            format!("SELECT {} FROM counted", columns.join(", "))
        };
        let ends = [Place::source(layout), Place::destination(layout)].map(from);
        let [src, dst] = ends;
        sql.step("ends", &[src, "UNION ALL".to_owned(), dst]);
        let rows: Vec<String> = self.prefixes.iter().map(Listed::values).collect();
        let rows = format!("  {}", rows.join(",\n    "));
        sql.step(
            "lists (list, prefix, length, city, region, name)",
            &["VALUES".to_owned(), rows],
        );
        let longest = [
            "SELECT address, max_by(prefix, length) AS prefix",
            "FROM (SELECT DISTINCT address FROM ends) AS addresses",
            "JOIN lists ON (prefix LIKE '%:%') = (address LIKE '%:%')",
            "  AND contains(prefix, try_cast(address AS ipaddress))",
            "GROUP BY address",
        ];
        sql.step("longest", &longest.map(str::to_owned));
        let mut columns: Vec<String> = ["list", "address", "prefix", "city", "region", "name"]
            .map(str::to_owned)
            .to_vec();
        columns.extend(names);
        let by = columns.join(", ");
        let sums: Vec<String> = sums.iter().map(|one| athena::sum(*one)).collect();
        let mut lines = vec![
            format!("SELECT {by}, {}", sums.join(", ")),
            "FROM ends JOIN longest USING (address) JOIN lists USING (prefix)".to_owned(),
            format!("GROUP BY {by}"),
        ];
        lines.extend(rank.map(|rank| format!("ORDER BY {} DESC", rank.name())));
        lines
    }
}
