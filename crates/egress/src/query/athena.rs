//! A query as SQL of Athena, engine version 3 (Trino).
//!
//! SQL has a third truth, so a test that stands inside a `NOT` is made false where it
//! is unknown. `contains(network, address)` is Trino's; it asks for the type
//! IPADDRESS (<https://trino.io/docs/current/functions/ipaddress.html>). That Athena
//! has both, and what IPv4 addresses are in networks of IPv6, is not confirmed; the
//! latter are asked of IPv6 addresses only. Columns have the types of AWS's example:
//! numbers are NULL where a record has none, texts `-` or NULL.
//!
//! <https://docs.aws.amazon.com/athena/latest/ug/vpc-flow-logs-create-table-statement.html>

use super::condition::{Condition, Place};
use super::rule::Language;
use super::sides::{Side, Sides};
use super::{Key, MOST_BYTES, Query, QueryError, Rule, Sum};
use crate::investigate::Dimension;
use flowlog::filter::{Compare, Kind, NumberSet, Pattern};
use flowlog::{Field, Layout};
use ipnet::IpNet;
use std::ops::RangeInclusive;

/// The largest number of a column.
const MOST: u64 = i64::MAX as u64;

/// A statement under way: comments, and steps that each read one before it.
pub(super) struct Sql {
    comments: Vec<String>,
    steps: Vec<String>,
    /// What the last step is called, or the table.
    pub(super) from: String,
}

impl Sql {
    /// Adds a step.
    pub(super) fn step(&mut self, name: &str, lines: &[String]) {
        let with = if self.steps.is_empty() { "WITH " } else { "" };
        let lines = lines.join("\n  ");
        self.steps.push(format!("{with}{name} AS (\n  {lines}\n)"));
        name.split(' ')
            .next()
            .unwrap_or_default()
            .clone_into(&mut self.from);
    }

    /// Adds a step that has columns beside those of the last one.
    fn columns(&mut self, name: &str, columns: &[String]) {
        let columns = columns.join(",\n    ");
        let from = format!("FROM {}", self.from);
        self.step(
            name,
            &["SELECT *,".to_owned(), format!("  {columns}"), from],
        );
    }

    fn text(self, select: Vec<String>) -> String {
        let steps = (!self.steps.is_empty()).then(|| self.steps.join(",\n"));
        let lines = self.comments.into_iter().chain(steps).chain(select);
        lines.collect::<Vec<_>>().join("\n")
    }
}

pub(super) fn write(query: &Query, layout: &Layout, table: &str) -> Result<String, QueryError> {
    let table = name_of_table(table)?;
    query.rule.refuse(layout, Language::Athena)?;
    let conditions = query.conditions(layout);
    let upload = query.upload(layout);
    let asked = query.rule.conditions(query, layout, Language::Athena);
    let all = || conditions.iter().chain(&upload).chain(&asked);
    let sides = Sides::new(all(), &query.lists);
    let words = Words(&sides);
    let mut sql = Sql {
        comments: comments(query, layout),
        steps: Vec::new(),
        from: table,
    };
    for (name, columns) in steps(query, layout, &conditions, &sides) {
        sql.columns(name, &columns);
    }
    if let Some(upload) = upload {
        let upload = words.inner(&upload, false);
        let upload = format!("CASE WHEN {upload} THEN 1 ELSE 0 END AS is_upload");
        sql.columns("legs", &[upload]);
    }
    // NODATA and SKIPDATA have no addresses.
    let is_record = (!query.has_empty).then(|| "srcaddr <> '-'".to_owned());
    let tests = conditions.iter().map(|one| words.inner(one, false));
    let tests: Vec<String> = is_record.into_iter().chain(tests).collect();
    let tests = (!tests.is_empty()).then(|| format!("WHERE {}", tests.join("\n  AND ")));
    let mut select = match &query.rule {
        Rule::Sums => select(query, layout, &sql.from, tests),
        rule => {
            let tests = tests.map(|tests| tests.replace('\n', "\n  "));
            let from = format!("FROM {}", sql.from);
            let counted = ["SELECT *".to_owned(), from].into_iter().chain(tests);
            sql.step("counted", &counted.collect::<Vec<_>>());
            rule.athena(query, layout, &words, &mut sql)
        }
    };
    if query.limit > 0 {
        select.push(format!("LIMIT {}", query.limit));
    }
    let text = sql.text(select);
    match (text.len(), &query.rule) {
        (..=MOST_BYTES, _) => Ok(text),
        (bytes, Rule::Cidrs(_)) => Err(QueryError::ListsTooLarge(bytes)),
        (bytes, _) => Err(QueryError::TooLarge(bytes)),
    }
}

fn comments(query: &Query, layout: &Layout) -> Vec<String> {
    let about: Vec<&str> = query.about.split_whitespace().collect();
    let mut comments = vec![format!("-- {}", about.join(" "))];
    let note = query.rule.note(Language::Athena);
    comments.extend(note.map(|note| format!("-- {note}")));
    if !query.has_empty {
        comments.push(format!("-- {}", query.legs.sentence(layout)));
    }
    let lacking = query.lacking(layout);
    if !lacking.is_empty() {
        let lacking = lacking.join(", ");
        comments.push(format!(
            "-- The table lacks {lacking}: no test of it is true, and no row or sum is of it."
        ));
    }
    comments
}

/// Sums by keys, the largest first.
fn select(query: &Query, layout: &Layout, from: &str, tests: Option<String>) -> Vec<String> {
    let keys = keys(query, layout);
    let (sums, rank) = query.sums(layout);
    let shown = keys.iter().map(|(value, name)| match value == name {
        true => value.clone(),
        false => format!("{value} AS {name}"),
    });
    let shown: Vec<String> = shown.chain(sums.iter().map(|one| sum(*one))).collect();
    let mut lines = vec![
        format!("SELECT {}", shown.join(", ")),
        format!("FROM {from}"),
    ];
    lines.extend(tests);
    if !keys.is_empty() {
        let places: Vec<String> = (1..=keys.len()).map(|place| place.to_string()).collect();
        lines.push(format!("GROUP BY {}", places.join(", ")));
    }
    let least = query.least.iter().filter_map(|(place, least)| {
        Some(format!("{} >= {least}", fold(*query.sums.get(*place)?)))
    });
    let least: Vec<String> = least.collect();
    if !least.is_empty() {
        lines.push(format!("HAVING {}", least.join(" AND ")));
    }
    lines.extend(rank.map(|rank| format!("ORDER BY {} DESC", rank.name())));
    lines
}

/// The values of keys, and their names.
pub(super) fn keys(query: &Query, layout: &Layout) -> Vec<(String, String)> {
    let keys = query.keys(layout).into_iter();
    keys.map(|one| key(one, layout)).collect()
}

/// One to three words with dots between, in quotes where they have to be.
fn name_of_table(table: &str) -> Result<String, QueryError> {
    let words: Vec<&str> = table.split('.').collect();
    let is_word = |word: &&str| {
        !word.is_empty()
            && word
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-'))
    };
    if words.len() > 3 || !words.iter().all(is_word) {
        return Err(QueryError::NotATable(table.to_owned()));
    }
    let quoted = |word: &str| {
        let is_plain = word
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
            && !word.starts_with(|letter: char| letter.is_ascii_digit());
        match is_plain {
            true => word.to_owned(),
            false => format!("\"{word}\""),
        }
    };
    Ok(words.into_iter().map(quoted).collect::<Vec<_>>().join("."))
}

/// What is worked out of each row before it is asked for, one behind the other.
fn steps(
    query: &Query,
    layout: &Layout,
    conditions: &[Condition],
    sides: &Sides,
) -> Vec<(&'static str, Vec<String>)> {
    let end = |place: &Place| {
        let [packet, seen] = place.both()?.map(column);
        Some(format!(
            "coalesce(nullif({packet}, '-'), {seen}) AS {}",
            place.column()
        ))
    };
    let side = |side: &Side| {
        let networks = within(&side.place.column(), &side.networks);
        format!("CASE WHEN {networks} THEN 1 ELSE 0 END AS {}", side.name)
    };
    let places = query.places(layout, conditions);
    let mut steps: Vec<(_, Vec<String>)> = vec![
        ("packets", places.iter().filter_map(end).collect()),
        ("sides", sides.iter().map(side).collect()),
    ];
    steps.retain(|(_, columns)| !columns.is_empty());
    steps
}

/// The value and its name.
fn key(key: Key, layout: &Layout) -> (String, String) {
    let end = |place: Place| (place.column(), place.column());
    let side = |up: &str, down: &str, name: &str| {
        let value = format!("CASE WHEN is_upload = 1 THEN {up} ELSE {down} END");
        (value, name.to_owned())
    };
    match key {
        Key::Dimension(Dimension::Source) => end(Place::source(layout)),
        Key::Dimension(Dimension::Destination) => end(Place::destination(layout)),
        Key::Minute => ("start - start % 60".to_owned(), "minute".to_owned()),
        Key::Workload => side("src", "dst", "workload"),
        Key::Remote => side("dst", "src", "remote"),
        Key::RemoteService => side("pkt_dst_aws_service", "pkt_src_aws_service", "aws_service"),
        key => match key.field() {
            Some(field) if Kind::of(field) == Kind::Text => {
                let name = column(field);
                (format!("coalesce({name}, '-')"), name)
            }
            field => {
                let name = field.map(column).unwrap_or_default();
                (name.clone(), name)
            }
        },
    }
}

pub(super) fn sum(sum: Sum) -> String {
    format!("{} AS {}", fold(sum), sum.name())
}

fn fold(sum: Sum) -> String {
    match sum {
        Sum::Bytes(_) => "coalesce(sum(bytes), 0)".to_owned(),
        Sum::Gb(_) => "coalesce(sum(bytes), 0) / 1073741824.0".to_owned(),
        Sum::Packets(_) => "coalesce(sum(packets), 0)".to_owned(),
        Sum::Records(_) => "count(*)".to_owned(),
        Sum::Distinct(Dimension::Source, _) => "count(DISTINCT src)".to_owned(),
        Sum::Distinct(Dimension::Destination, _) => "count(DISTINCT dst)".to_owned(),
        Sum::Distinct(by, _) => {
            let field = Key::Dimension(by).field().map(column).unwrap_or_default();
            format!("count(DISTINCT {field})")
        }
        Sum::First(_) => "min(start)".to_owned(),
        Sum::Last(_) => "max(\"end\")".to_owned(),
    }
}

/// The field's column; in quotes where SQL has a word like it.
fn column(field: Field) -> String {
    match field {
        Field::End => "\"end\"".to_owned(),
        field => super::column(field),
    }
}

/// Conditions, with the lists that have a name.
pub(super) struct Words<'a>(&'a Sides);

impl Words<'_> {
    /// As a part of something, `is_negated` where an unknown truth would not be false.
    pub(super) fn inner(&self, condition: &Condition, is_negated: bool) -> String {
        match condition {
            Condition::All(parts) if parts.is_empty() => "1 = 1".to_owned(),
            Condition::Any(parts) if parts.is_empty() => "1 = 0".to_owned(),
            Condition::All(parts) => self.join(parts, " AND ", is_negated),
            Condition::Any(parts) => self.join(parts, " OR ", is_negated),
            Condition::Not(part) => format!("NOT {}", self.inner(part, true)),
            Condition::Missing(field) if Kind::of(*field).is_number() => {
                format!("{} IS NULL", column(*field))
            }
            Condition::Missing(field) => format!("coalesce({}, '-') = '-'", column(*field)),
            Condition::Networks(place, networks) => match self.0.name(*place, networks) {
                Some(name) => format!("{name} = 1"),
                None => known(within(&place.column(), networks), is_negated),
            },
            Condition::Number(field, set) => known(number(&column(*field), set), is_negated),
            Condition::Text(field, patterns) => known(text(&column(*field), patterns), is_negated),
            Condition::Same(one, other) => {
                known(format!("{} = {}", column(*one), column(*other)), is_negated)
            }
        }
    }

    fn join(&self, parts: &[Condition], word: &str, is_negated: bool) -> String {
        let parts: Vec<String> = parts
            .iter()
            .map(|part| self.inner(part, is_negated))
            .collect();
        format!("({})", parts.join(word))
    }
}

/// False where it is unknown, if that matters.
fn known(test: String, is_negated: bool) -> String {
    match is_negated {
        true => format!("coalesce({test}, false)"),
        false if test.contains(" OR ") || test.contains(" AND ") => format!("({test})"),
        false => test,
    }
}

fn within(name: &str, networks: &[IpNet]) -> String {
    let is_single = |net: &&IpNet| matches!(net, IpNet::V4(v4) if v4.prefix_len() == 32);
    let singles: Vec<String> = networks
        .iter()
        .filter(is_single)
        .map(|net| quoted(&net.addr().to_string()))
        .collect();
    let others = networks.iter().filter(|net| !is_single(net)).map(|net| {
        let test = format!("contains('{net}', try_cast({name} AS ipaddress))");
        match net {
            IpNet::V4(_) => test,
            IpNet::V6(_) => format!("({name} LIKE '%:%' AND {test})"),
        }
    });
    among(name, &singles)
        .into_iter()
        .chain(others)
        .collect::<Vec<_>>()
        .join(" OR ")
}

fn among(name: &str, values: &[String]) -> Option<String> {
    match values {
        [] => None,
        [one] => Some(format!("{name} = {one}")),
        values => Some(format!("{name} IN ({})", values.join(", "))),
    }
}

fn number(name: &str, set: &NumberSet) -> String {
    let nothing = || format!("{name} < 0");
    match set {
        // No column holds a larger number.
        NumberSet::Compare(Compare::Less | Compare::AtMost, than) if *than > MOST => {
            format!("{name} >= 0")
        }
        NumberSet::Compare(_, than) if *than > MOST => nothing(),
        NumberSet::Compare(compare, than) => format!("{name} {compare} {than}"),
        NumberSet::Ranges(ranges) => {
            let is_single = |range: &&RangeInclusive<u64>| range.start() == range.end();
            let possible = || {
                ranges
                    .iter()
                    .filter(|range| !range.is_empty() && *range.start() <= MOST)
            };
            let singles = possible()
                .filter(is_single)
                .map(|range| range.start().to_string());
            let singles: Vec<String> = singles.collect();
            let others = possible().filter(|range| !is_single(range)).map(|range| {
                let until = (*range.end()).min(MOST);
                format!("{name} BETWEEN {} AND {until}", range.start())
            });
            let tests: Vec<String> = among(name, &singles).into_iter().chain(others).collect();
            match tests.is_empty() {
                true => nothing(),
                false => tests.join(" OR "),
            }
        }
        NumberSet::Named(_) => nothing(),
    }
}

fn text(name: &str, patterns: &[Pattern]) -> String {
    let has_star = |pattern: &&Pattern| pattern.0.contains('*');
    let singles = patterns.iter().filter(|pattern| !has_star(pattern));
    let singles: Vec<String> = singles.map(|pattern| quoted(&pattern.0)).collect();
    let others = patterns.iter().filter(has_star).map(|pattern| {
        let like = format!("{name} LIKE {}", like(&pattern.0));
        match (
            pattern.0.chars().all(|letter| letter == '*'),
            pattern.fits("-"),
        ) {
            (true, _) => format!("{name} <> '-'"),
            (false, true) => format!("({name} <> '-' AND {like})"),
            (false, false) => like,
        }
    });
    among(name, &singles)
        .into_iter()
        .chain(others)
        .collect::<Vec<_>>()
        .join(" OR ")
}

fn like(pattern: &str) -> String {
    let mut text = String::new();
    for letter in pattern.chars() {
        match letter {
            '*' => text.push('%'),
            '%' | '_' | '\\' => text.extend(['\\', letter]),
            letter => text.push(letter),
        }
    }
    match text.contains('\\') {
        true => format!("{} ESCAPE '\\'", quoted(&text)),
        false => quoted(&text),
    }
}

pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::{Words, name_of_table};
    use crate::query::QueryError;
    use crate::query::condition::Condition;
    use crate::query::sides::Sides;
    use flowlog::KnownLayout;
    use flowlog::filter::Expr;

    fn written(filter: &str) -> String {
        let layout = KnownLayout::Natspike.layout();
        let condition = Condition::of(&Expr::parse(filter).unwrap(), &layout);
        let sides = Sides::new([&condition], &[]);
        Words(&sides).inner(&condition, false)
    }

    #[test]
    fn writes_each_test() {
        for (filter, expected) in [
            ("all", "1 = 1"),
            ("port = 1", "(srcport = 1 OR dstport = 1)"),
            ("src = 10.0.1.5", "src = '10.0.1.5'"),
            ("src != 10.0.1.5", "NOT coalesce(src = '10.0.1.5', false)"),
            (
                "dst in 10.0.0.0/8",
                "contains('10.0.0.0/8', try_cast(dst AS ipaddress))",
            ),
            ("dst is public", "NOT dst_private = 1"),
            (
                "dstport in (22, 23, 80-82)",
                "(dstport IN (22, 23) OR dstport BETWEEN 80 AND 82)",
            ),
            ("end < 18446744073709551615", "\"end\" >= 0"),
            ("end >= 9223372036854775808", "\"end\" < 0"),
            (
                "end in 5-18446744073709551615",
                "(\"end\" BETWEEN 5 AND 9223372036854775807)",
            ),
            ("interface = eni-*", "interface_id LIKE 'eni-%'"),
            (
                "interface = e_i%*",
                r"interface_id LIKE 'e\_i\%%' ESCAPE '\'",
            ),
            ("interface = \"it's*\"", "interface_id LIKE 'it''s%'"),
            ("interface = *", "interface_id <> '-'"),
            ("interface is missing", "coalesce(interface_id, '-') = '-'"),
            ("packets is not missing", "NOT packets IS NULL"),
            (
                "not (bytes > 5 and action = REJECT)",
                "NOT (coalesce(bytes > 5, false) AND coalesce(action = 'REJECT', false))",
            ),
        ] {
            assert_eq!(written(filter), expected, "{filter}");
        }
    }

    #[test]
    fn a_table_has_a_name_that_is_no_sql() {
        for (table, expected) in [
            ("vpc_flow_logs", Some("vpc_flow_logs")),
            (
                "AwsDataCatalog.logs.2024-flows",
                Some("AwsDataCatalog.logs.\"2024-flows\""),
            ),
            ("", None),
            ("a.b.c.d", None),
            ("a..b", None),
            ("flows; DROP", None),
            ("a\"b", None),
        ] {
            let refused = || QueryError::NotATable(table.to_owned());
            let expected = expected.map(str::to_owned).ok_or_else(refused);
            assert_eq!(name_of_table(table), expected);
        }
    }
}
