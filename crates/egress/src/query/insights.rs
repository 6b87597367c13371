//! A query in the language of Logs Insights.
//!
//! Fields are parsed from the message by the layout, as the class
//! INFREQUENT_ACCESS discovers none. A word of a record is a text; compared with a
//! number it is one, which `-` never is, so it is asked for first. Whether IPv4's or
//! IPv6's function is right for an address, the function knows: it is false of what
//! is no such address.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-operations-functions.html>

use super::condition::{Condition, Place};
use super::rule::Language;
use super::sides::Sides;
use super::{Key, MOST_CHARACTERS, Query, QueryError, Rule, Sum, column};
use crate::investigate::Dimension;
use flowlog::filter::{Compare, NumberSet, Pattern};
use flowlog::{Field, Layout};
use ipnet::IpNet;
use std::ops::RangeInclusive;

/// Numbers of a range up to which it is a list.
const LISTED: u64 = 4;

pub(super) fn write(query: &Query, layout: &Layout) -> Result<String, QueryError> {
    query.rule.refuse(layout, Language::Insights)?;
    let conditions = query.conditions(layout);
    let upload = query.upload(layout);
    let asked = query.rule.conditions(query, layout, Language::Insights);
    let sides = Sides::new(conditions.iter().chain(&upload).chain(&asked), &query.lists);
    let words = Words(&sides);
    let mut lines = comments(query, layout);
    lines.push(parse(layout));
    if !query.has_empty {
        // NODATA and SKIPDATA have no addresses.
        lines.push("| filter srcaddr != \"-\"".to_owned());
    }
    lines.extend(ends(query, layout, &conditions, &sides));
    lines.extend(
        conditions
            .iter()
            .map(|one| format!("| filter {}", words.top(one))),
    );
    lines.extend(
        upload
            .iter()
            .flat_map(|upload| workload(layout, &words.top(upload))),
    );
    lines.extend(match &query.rule {
        Rule::Sums => sums(query, layout, &[]),
        rule => rule.insights(query, layout, &words),
    });
    if query.limit > 0 {
        lines.push(format!("| limit {}", query.limit));
    }
    let text = lines.join("\n");
    match (text.chars().count(), &query.rule) {
        (..=MOST_CHARACTERS, _) => Ok(text),
        (count, Rule::Cidrs(cidrs)) => Err(cidrs.too_long(count)),
        (count, _) => Err(QueryError::TooLong(count)),
    }
}

fn comments(query: &Query, layout: &Layout) -> Vec<String> {
    let mut comments = vec![format!("# {}", one_line(&query.about))];
    let note = query.rule.note(Language::Insights);
    comments.extend(note.map(|note| format!("# {note}")));
    if !query.has_empty {
        comments.push(format!("# {}", query.legs.sentence(layout)));
    }
    let lacking = query.lacking(layout);
    if !lacking.is_empty() {
        let lacking = lacking.join(", ");
        comments.push(format!(
            "# The log format lacks {lacking}: no test of it is true, and no row or sum is of it."
        ));
    }
    comments
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn parse(layout: &Layout) -> String {
    let names = layout
        .columns()
        .iter()
        .map(|column| column.name().replace('-', "_"));
    let names: Vec<String> = names.collect();
    let stars = vec!["*"; names.len()].join(" ");
    format!("parse @message \"{stars}\" as {}", names.join(", "))
}

/// The ends of packets, and which lists they are in.
fn ends(query: &Query, layout: &Layout, conditions: &[Condition], sides: &Sides) -> Vec<String> {
    let end = |place: &Place| {
        let [packet, seen] = place.both()?.map(column);
        let name = place.column();
        Some(format!("if({packet} = \"-\", {seen}, {packet}) as {name}"))
    };
    let places = query.places(layout, conditions);
    let ends: Vec<String> = places.iter().filter_map(end).collect();
    let sides = sides.iter().map(|side| {
        let networks = within(&side.place.column(), &side.networks);
        format!("if({networks}, 1, 0) as {}", side.name)
    });
    let sides: Vec<String> = sides.collect();
    let command = |fields: Vec<String>| {
        (!fields.is_empty()).then(|| format!("| fields {}", fields.join(", ")))
    };
    command(ends).into_iter().chain(command(sides)).collect()
}

fn workload(layout: &Layout, upload: &str) -> [String; 2] {
    let services = [Field::PktDstAwsService, Field::PktSrcAwsService];
    let mut ends =
        "| fields if(is_upload = 1, src, dst) as workload, if(is_upload = 1, dst, src) as remote"
            .to_owned();
    if services.iter().all(|field| layout.has(*field)) {
        let [up, down] = services.map(column);
        ends += &format!(", if(is_upload = 1, {up}, {down}) as aws_service");
    }
    [format!("| fields if({upload}, 1, 0) as is_upload"), ends]
}

/// Sums by these and by the query's keys, the largest first.
pub(super) fn sums(query: &Query, layout: &Layout, by: &[&str]) -> Vec<String> {
    let (sums, rank) = query.sums(layout);
    let words: Vec<String> = sums.iter().map(|one| sum(*one)).collect();
    let keys = query.keys(layout).into_iter().map(|one| key(one, layout));
    let keys: Vec<String> = by
        .iter()
        .map(|name| (*name).to_owned())
        .chain(keys)
        .collect();
    let mut stats = format!("| stats {}", words.join(", "));
    if !keys.is_empty() {
        stats += &format!(" by {}", keys.join(", "));
    }
    let mut lines = vec![stats];
    for (place, least) in &query.least {
        if let Some(sum) = query.sums.get(*place) {
            lines.push(format!("| filter {} >= {least}", sum.name()));
        }
    }
    lines.extend(rank.map(|rank| format!("| sort {} desc", rank.name())));
    lines
}

fn sum(sum: Sum) -> String {
    let name = sum.name();
    match sum {
        Sum::Bytes(_) => format!("sum(bytes) as {name}"),
        Sum::Gb(_) => format!("sum(bytes) / 1073741824 as {name}"),
        Sum::Packets(_) => format!("sum(packets) as {name}"),
        Sum::Records(_) => format!("count(*) as {name}"),
        Sum::Distinct(by, _) => {
            let field = Key::Dimension(by)
                .field()
                .map_or_else(|| end(by).to_owned(), column);
            format!("countDistinct({field}) as {name}")
        }
        Sum::First(_) => format!("min(start) as {name}"),
        Sum::Last(_) => format!("max(end) as {name}"),
    }
}

/// An end of the packet that is counted; it is never in the layout.
fn end(by: Dimension) -> &'static str {
    match by {
        Dimension::Source => "src",
        _ => "dst",
    }
}

fn key(key: Key, layout: &Layout) -> String {
    match key {
        Key::Dimension(Dimension::Source) => Place::source(layout).column(),
        Key::Dimension(Dimension::Destination) => Place::destination(layout).column(),
        Key::Minute => "bin(1m)".to_owned(),
        Key::Workload => "workload".to_owned(),
        Key::Remote => "remote".to_owned(),
        Key::RemoteService => "aws_service".to_owned(),
        key => key.field().map(column).unwrap_or_default(),
    }
}

/// Conditions, with the lists that have a name.
pub(super) struct Words<'a>(&'a Sides);

impl Words<'_> {
    /// Without parentheses around it.
    pub(super) fn top(&self, condition: &Condition) -> String {
        match condition {
            Condition::All(parts) if parts.is_empty() => "1 = 1".to_owned(),
            Condition::Any(parts) if parts.is_empty() => "1 = 0".to_owned(),
            Condition::All(parts) => self.join(parts, " and "),
            Condition::Any(parts) => self.join(parts, " or "),
            Condition::Not(part) => self.not(part),
            Condition::Networks(place, networks) => match self.0.name(*place, networks) {
                Some(name) => format!("{name} = 1"),
                None => within(&place.column(), networks),
            },
            Condition::Number(field, set) => number(&column(*field), set),
            Condition::Text(field, patterns) => text(&column(*field), patterns),
            Condition::Missing(field) => format!("{} = \"-\"", column(*field)),
            Condition::Same(one, other) => format!("{} = {}", column(*one), column(*other)),
        }
    }

    fn not(&self, part: &Condition) -> String {
        match part {
            Condition::Networks(place, networks) => match self.0.name(*place, networks) {
                Some(name) => format!("{name} = 0"),
                None => format!("not ({})", self.top(part)),
            },
            Condition::Missing(field) => format!("{} != \"-\"", column(*field)),
            Condition::Same(one, other) => format!("{} != {}", column(*one), column(*other)),
            part => format!("not ({})", self.top(part)),
        }
    }

    fn join(&self, parts: &[Condition], word: &str) -> String {
        let part = |part: &Condition| {
            let text = self.top(part);
            // A test is written as several where its values are of several kinds.
            let is_test = !matches!(part, Condition::Not(_));
            match is_test && [" and ", " or "].iter().any(|join| text.contains(join)) {
                true => format!("({text})"),
                false => text,
            }
        };
        parts.iter().map(part).collect::<Vec<_>>().join(word)
    }
}

fn within(name: &str, networks: &[IpNet]) -> String {
    let is_single = |net: &&IpNet| matches!(net, IpNet::V4(v4) if v4.prefix_len() == 32);
    let singles: Vec<String> = networks
        .iter()
        .filter(is_single)
        .map(|net| net.addr().to_string())
        .collect();
    let others = networks
        .iter()
        .filter(|net| !is_single(net))
        .map(|net| match net {
            IpNet::V4(net) => format!("isIpv4InSubnet({name}, \"{net}\")"),
            IpNet::V6(net) => format!("isIpv6InSubnet({name}, \"{net}\")"),
        });
    let singles = among(name, &singles);
    singles
        .into_iter()
        .chain(others)
        .collect::<Vec<_>>()
        .join(" or ")
}

/// The value is one of these.
fn among(name: &str, values: &[String]) -> Option<String> {
    match values {
        [] => None,
        [one] => Some(format!("{name} = \"{one}\"")),
        values => Some(format!("{name} in [\"{}\"]", values.join("\", \""))),
    }
}

fn number(name: &str, set: &NumberSet) -> String {
    let present = |test: String| format!("{name} != \"-\" and {test}");
    match set {
        NumberSet::Compare(compare, than) => {
            let sign = match compare {
                Compare::Less => "<",
                Compare::AtMost => "<=",
                Compare::More => ">",
                Compare::AtLeast => ">=",
            };
            present(format!("{name} {sign} {than}"))
        }
        NumberSet::Ranges(ranges) => {
            let is_listed =
                |range: &&RangeInclusive<u64>| range.end().saturating_sub(*range.start()) < LISTED;
            let singles = ranges.iter().filter(is_listed).cloned().flatten();
            let singles: Vec<String> = singles.map(|number| number.to_string()).collect();
            let others = ranges
                .iter()
                .filter(|range| !is_listed(range) && !range.is_empty());
            let others = others.map(|range| {
                let (from, until) = (range.start(), range.end());
                format!("({name} >= {from} and {name} <= {until})")
            });
            let others: Vec<String> = others.collect();
            let others = match others.len() {
                0 => None,
                1 => Some(present(others.join(""))),
                _ => Some(present(format!("({})", others.join(" or ")))),
            };
            match (among(name, &singles), others) {
                (Some(singles), Some(others)) => format!("{singles} or ({others})"),
                (one, other) => one.or(other).unwrap_or_default(),
            }
        }
        NumberSet::Named(_) => "1 = 0".to_owned(),
    }
}

fn text(name: &str, patterns: &[Pattern]) -> String {
    let is_plain = |pattern: &&Pattern| {
        !pattern
            .0
            .chars()
            .any(|letter| matches!(letter, '*' | '"' | '\\') || letter.is_control())
    };
    let singles: Vec<String> = patterns
        .iter()
        .filter(is_plain)
        .map(|pattern| pattern.0.to_string())
        .collect();
    let others = patterns
        .iter()
        .filter(|pattern| !is_plain(pattern))
        .map(|pattern| {
            let like = format!("{name} like /^{}$/", expression(&pattern.0));
            match (
                pattern.0.chars().all(|letter| letter == '*'),
                pattern.fits("-"),
            ) {
                (true, _) => format!("{name} != \"-\""),
                (false, true) => format!("({name} != \"-\" and {like})"),
                (false, false) => like,
            }
        });
    let singles = among(name, &singles);
    singles
        .into_iter()
        .chain(others)
        .collect::<Vec<_>>()
        .join(" or ")
}

/// A regular expression for the pattern.
fn expression(pattern: &str) -> String {
    let mut text = String::new();
    for letter in pattern.chars() {
        match letter {
            '*' => text += ".*",
            letter if letter.is_ascii_alphanumeric() || "_-:@%".contains(letter) => {
                text.push(letter)
            }
            letter if letter.is_ascii_graphic() && letter != '"' => {
                text.push('\\');
                text.push(letter);
            }
            letter if letter.is_ascii() => text += &format!("\\x{:02x}", u32::from(letter)),
            letter => text.push(letter),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::Words;
    use crate::query::condition::Condition;
    use crate::query::sides::Sides;
    use flowlog::filter::Expr;
    use flowlog::{KnownLayout, Layout};

    fn written(filter: &str, layout: &Layout) -> String {
        let condition = Condition::of(&Expr::parse(filter).unwrap(), layout);
        let sides = Sides::new([&condition], &[]);
        Words(&sides).top(&condition)
    }

    #[test]
    fn writes_each_test() {
        let layout = KnownLayout::Natspike.layout();
        for (filter, expected) in [
            ("all", "1 = 1"),
            ("none or none", "1 = 0"),
            ("port = 1 and all", r#"srcport = "1" or dstport = "1""#),
            ("src = 10.0.1.5", r#"src = "10.0.1.5""#),
            (
                "src != 2001:db8::1",
                r#"not (isIpv6InSubnet(src, "2001:db8::1/128"))"#,
            ),
            (
                "dstaddr in (10.0.0.0/8, 192.0.2.1)",
                r#"dstaddr = "192.0.2.1" or isIpv4InSubnet(dstaddr, "10.0.0.0/8")"#,
            ),
            ("dst is private", "dst_private = 1"),
            ("dst is public", "dst_private = 0"),
            (
                "ip in 10.0.0.0/8, 10.1.0.0/16, 192.0.2.1",
                "(src = \"192.0.2.1\" or isIpv4InSubnet(src, \"10.0.0.0/8\")) or (dst = \"192.0.2.1\" or isIpv4InSubnet(dst, \"10.0.0.0/8\"))",
            ),
            ("bytes > 1MB", r#"bytes != "-" and bytes > 1000000"#),
            (
                "dstport in (22, 80-82)",
                r#"dstport in ["22", "80", "81", "82"]"#,
            ),
            (
                "dstport in (22, 5000-5100)",
                r#"dstport = "22" or (dstport != "-" and (dstport >= 5000 and dstport <= 5100))"#,
            ),
            (
                "action = accept and not (port = 1 and bytes < 5)",
                r#"action = "ACCEPT" and not ((srcport = "1" or dstport = "1") and (bytes != "-" and bytes < 5))"#,
            ),
            ("interface = eni-*", "interface_id like /^eni-.*$/"),
            ("interface = *", r#"interface_id != "-""#),
            (
                "interface = -*",
                r#"(interface_id != "-" and interface_id like /^-.*$/)"#,
            ),
            (
                "interface in (a, 'b.c*')",
                r#"interface_id = "a" or interface_id like /^b\.c.*$/"#,
            ),
            ("interface in ('-', '')", "1 = 0"),
            (
                r#"interface = 'a"\/b'"#,
                r"interface_id like /^a\x22\\\/b$/",
            ),
            ("pkt-srcaddr is missing", r#"pkt_srcaddr = "-""#),
            ("pkt-srcaddr is not missing", r#"pkt_srcaddr != "-""#),
            // Not in the layout.
            ("instance-id = i-1", "1 = 0"),
            ("not instance-id = i-1 and bytes = 1", r#"bytes = "1""#),
            ("instance-id is missing", "1 = 1"),
        ] {
            assert_eq!(written(filter, &layout), expected, "{filter}");
        }
    }

    #[test]
    fn an_end_is_that_of_the_interface_where_there_is_no_other() {
        let layout = KnownLayout::AwsDefault.layout();
        assert_eq!(
            written("src = 10.0.1.5", &layout),
            r#"srcaddr = "10.0.1.5""#
        );
        assert_eq!(written("src is private", &layout), "srcaddr_private = 1");
        assert_eq!(written("pkt-srcaddr = 10.0.1.5", &layout), "1 = 0");
    }
}
