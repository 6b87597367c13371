//! A filter as text again, in one spelling.

use super::lexer::{is_keyword, is_word_letter};
use super::{
    AddressOf, AddressSet, Compare, Expr, Named, NumberOf, NumberSet, Pattern, Test, TextOf,
};
use std::fmt::{self, Display, Formatter};

/// Writes what parses to the same again. What the parser never makes is written as
/// what means the same: `all` or `any` of one part as that part, a test of an empty
/// set as `none`.
impl Display for Expr {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        write(self, Within::Nothing, to)
    }
}

/// What an expression is written inside of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Nothing,
    All,
    Any,
    Not,
}

fn write(expr: &Expr, within: Within, to: &mut Formatter<'_>) -> fmt::Result {
    match expr {
        Expr::All(parts) if parts.is_empty() => to.write_str("all"),
        Expr::Any(parts) if parts.is_empty() => to.write_str("none"),
        Expr::All(parts) | Expr::Any(parts) if parts.len() == 1 => write(&parts[0], within, to),
        Expr::All(parts) => join(parts, " and ", Within::All, within, to),
        Expr::Any(parts) => join(parts, " or ", Within::Any, within, to),
        Expr::Not(part) => {
            to.write_str("not ")?;
            write(part, Within::Not, to)
        }
        Expr::Test(test) => test.fmt(to),
    }
}

fn join(
    parts: &[Expr],
    word: &str,
    inside: Within,
    within: Within,
    to: &mut Formatter<'_>,
) -> fmt::Result {
    // Of the same kind inside one another, too, so that it parses as it is.
    let is_bare = within == Within::Nothing || (within, inside) == (Within::Any, Within::All);
    let [open, close] = if is_bare { ["", ""] } else { ["(", ")"] };
    to.write_str(open)?;
    for (index, part) in parts.iter().enumerate() {
        to.write_str(if index == 0 { "" } else { word })?;
        write(part, inside, to)?;
    }
    to.write_str(close)
}

impl Display for Test {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Test::Address(of, AddressSet::Private) => write!(to, "{of} is private"),
            Test::Address(of, AddressSet::Named(set)) => write!(to, "{of} in {set}"),
            Test::Number(of, NumberSet::Named(set)) => write!(to, "{of} in {set}"),
            Test::Number(of, NumberSet::Compare(compare, number)) => {
                write!(to, "{of} {compare} {number}")
            }
            Test::Missing(field) => write!(to, "{} is missing", field.name()),
            Test::Address(of, AddressSet::Networks(networks)) => {
                let one = |net: &ipnet::IpNet| match net.prefix_len() == net.max_prefix_len() {
                    true => (true, net.addr().to_string()),
                    false => (false, net.to_string()),
                };
                list(of, networks.iter().map(one).collect(), to)
            }
            Test::Number(of, NumberSet::Ranges(ranges)) => {
                let ranges = ranges.iter().filter(|range| !range.is_empty());
                let one = |range: &std::ops::RangeInclusive<u64>| {
                    let (from, until) = (range.start(), range.end());
                    match from == until {
                        true => (true, from.to_string()),
                        false => (false, format!("{from}-{until}")),
                    }
                };
                list(of, ranges.map(one).collect(), to)
            }
            Test::Text(of, patterns) => {
                let one = |pattern: &Pattern| (true, pattern.to_string());
                list(of, patterns.iter().map(one).collect(), to)
            }
        }
    }
}

/// The values, each with whether it is a single one.
fn list(of: &dyn Display, values: Vec<(bool, String)>, to: &mut Formatter<'_>) -> fmt::Result {
    match &values[..] {
        [] => to.write_str("none"),
        [(true, value)] => write!(to, "{of} = {value}"),
        [(false, value)] => write!(to, "{of} in {value}"),
        values => {
            let values: Vec<&str> = values.iter().map(|(_, value)| value.as_str()).collect();
            write!(to, "{of} in ({})", values.join(", "))
        }
    }
}

impl Named {
    /// How it is written, with its `@`.
    pub fn name(self) -> &'static str {
        match self {
            Named::Subject => "@subject",
            Named::Inside => "@inside",
            Named::Sensitive => "@sensitive",
        }
    }
}

impl Display for Named {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        to.write_str(self.name())
    }
}

impl Display for AddressOf {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        to.write_str(match self {
            AddressOf::Src => "src",
            AddressOf::Dst => "dst",
            AddressOf::Either => "ip",
            AddressOf::Field(field) => field.name(),
        })
    }
}

impl Display for NumberOf {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        to.write_str(match self {
            NumberOf::EitherPort => "port",
            NumberOf::Field(field) => field.name(),
        })
    }
}

impl Display for TextOf {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        to.write_str(match self {
            TextOf::EitherService => "service",
            TextOf::Field(field) => field.name(),
        })
    }
}

impl Display for Compare {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        to.write_str(match self {
            Compare::Less => "<",
            Compare::AtMost => "<=",
            Compare::More => ">",
            Compare::AtLeast => ">=",
        })
    }
}

/// In quotes where it would not be one word.
impl Display for Pattern {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        let text = &self.0;
        let is_word = !text.is_empty() && text.chars().all(is_word_letter);
        match is_word && !is_keyword(text) {
            true => to.write_str(text),
            false => write!(to, "\"{}\"", text.replace('"', "\"\"")),
        }
    }
}
