//! The rules of a Choice state.

use super::fields::Fields;
use super::path::Path;
use super::{Failure, Refusal};
use chrono::DateTime;
use serde_json::Value;
use std::cmp::Ordering;

/// A condition.
#[derive(Debug)]
pub(crate) enum Rule {
    And(Vec<Rule>),
    Or(Vec<Rule>),
    Not(Box<Rule>),
    Test(Path, Test),
}

#[derive(Debug)]
pub(crate) enum Test {
    Present(bool),
    Null(bool),
    OfType(Type, bool),
    Matches(String),
    Compares(Type, Operator, Operand),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Text,
    Number,
    Truth,
    Timestamp,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Operator {
    Equals,
    Less,
    Greater,
    LessOrEqual,
    GreaterOrEqual,
}

#[derive(Debug)]
pub(crate) enum Operand {
    Constant(Value),
    Path(Path),
}

const TYPES: [(&str, Type); 4] = [
    ("String", Type::Text),
    ("Numeric", Type::Number),
    ("Boolean", Type::Truth),
    ("Timestamp", Type::Timestamp),
];

const OPERATORS: [(&str, Operator); 5] = [
    ("LessThanEquals", Operator::LessOrEqual),
    ("GreaterThanEquals", Operator::GreaterOrEqual),
    ("LessThan", Operator::Less),
    ("GreaterThan", Operator::Greater),
    ("Equals", Operator::Equals),
];

/// The `Choices` of a state: rules and where they lead.
pub(crate) fn choices(fields: &mut Fields) -> Result<Vec<(Rule, String)>, Refusal> {
    let list = fields.need("Choices")?.as_array();
    let list = list.ok_or_else(|| fields.refuse("Choices is no list"))?;
    list.iter()
        .map(|value| {
            let mut entry = Fields::of(fields.place(), value)?;
            entry.skip("Comment");
            let next = entry.need_text("Next")?;
            Ok((rule(entry)?, next))
        })
        .collect()
}

fn rule(mut fields: Fields) -> Result<Rule, Refusal> {
    let names = fields.unread();
    let rule = if names.contains(&"Variable") {
        let variable = fields.need_text("Variable")?;
        let path = Path::parse(fields.place(), &variable)?;
        let [name] = fields.unread()[..] else {
            return Err(fields.refuse("a rule needs one comparison"));
        };
        let value = fields.need(name)?;
        let test = test(fields.place(), name, value)?;
        Rule::Test(path, test)
    } else {
        let [name] = names[..] else {
            return Err(fields.refuse("a rule needs one of And, Or, Not, Variable"));
        };
        let value = fields.need(name)?;
        match name {
            "Not" => Rule::Not(Box::new(rule_of(fields.place(), value)?)),
            "And" => Rule::And(rules_of(fields.place(), value)?),
            "Or" => Rule::Or(rules_of(fields.place(), value)?),
            _ => return Err(fields.refuse(format!("the rule {name} is not implemented"))),
        }
    };
    fields.finish()?;
    Ok(rule)
}

fn rule_of(place: &str, value: &Value) -> Result<Rule, Refusal> {
    rule(Fields::of(place, value)?)
}

fn rules_of(place: &str, value: &Value) -> Result<Vec<Rule>, Refusal> {
    let list = value.as_array().filter(|list| !list.is_empty());
    let list = list.ok_or_else(|| Refusal::new(place, "no list of rules"))?;
    list.iter().map(|value| rule_of(place, value)).collect()
}

fn test(place: &str, name: &str, value: &Value) -> Result<Test, Refusal> {
    let refuse = |reason: &str| Refusal::new(place, format!("{name}: {reason}"));
    let truth = || {
        value
            .as_bool()
            .ok_or_else(|| refuse("neither true nor false"))
    };
    match name {
        "IsPresent" => return truth().map(Test::Present),
        "IsNull" => return truth().map(Test::Null),
        "StringMatches" => {
            let pattern = value.as_str().ok_or_else(|| refuse("no text"))?;
            return Ok(Test::Matches(pattern.to_owned()));
        }
        _ => {}
    }
    if let Some(kind) = name.strip_prefix("Is") {
        let found = TYPES.iter().find(|(name, _)| *name == kind);
        let (_, kind) = found.ok_or_else(|| refuse("not implemented"))?;
        return Ok(Test::OfType(*kind, truth()?));
    }
    let (comparison, is_path) = match name.strip_suffix("Path") {
        Some(comparison) => (comparison, true),
        None => (name, false),
    };
    for (kind_name, kind) in TYPES {
        for (operator_name, operator) in OPERATORS {
            if comparison.strip_prefix(kind_name) == Some(operator_name) {
                let operand = if is_path {
                    let path = value.as_str().ok_or_else(|| refuse("no path"))?;
                    Operand::Path(Path::parse(place, path)?)
                } else if is_of(kind, value) {
                    Operand::Constant(value.clone())
                } else {
                    return Err(refuse("a value of another type"));
                };
                return Ok(Test::Compares(kind, operator, operand));
            }
        }
    }
    Err(refuse("not implemented"))
}

fn is_of(kind: Type, value: &Value) -> bool {
    match kind {
        Type::Text => value.is_string(),
        Type::Number => value.is_number(),
        Type::Truth => value.is_boolean(),
        Type::Timestamp => moment(value).is_some(),
    }
}

fn moment(value: &Value) -> Option<i64> {
    let time = DateTime::parse_from_rfc3339(value.as_str()?).ok()?;
    Some(time.timestamp_millis())
}

fn compare(kind: Type, left: &Value, right: &Value) -> Option<Ordering> {
    match kind {
        Type::Text => Some(left.as_str()?.cmp(right.as_str()?)),
        Type::Number => left.as_f64()?.partial_cmp(&right.as_f64()?),
        Type::Truth => Some(left.as_bool()?.cmp(&right.as_bool()?)),
        Type::Timestamp => Some(moment(left)?.cmp(&moment(right)?)),
    }
}

/// Whether the text is the pattern; `*` is any run of letters, `\*` a star.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    match pattern {
        [] => text.is_empty(),
        [b'*', rest @ ..] => (0..=text.len()).any(|at| matches(rest, &text[at..])),
        [b'\\', letter, rest @ ..] | [letter, rest @ ..] => {
            text.first() == Some(letter) && matches(rest, &text[1..])
        }
    }
}

impl Rule {
    pub(crate) fn holds(&self, document: &Value, context: &Value) -> Result<bool, Failure> {
        match self {
            Rule::And(rules) => {
                for rule in rules {
                    if !rule.holds(document, context)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Rule::Or(rules) => {
                for rule in rules {
                    if rule.holds(document, context)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Rule::Not(rule) => Ok(!rule.holds(document, context)?),
            Rule::Test(path, test) => test.holds(path, document, context),
        }
    }
}

impl Test {
    fn holds(&self, path: &Path, document: &Value, context: &Value) -> Result<bool, Failure> {
        let found = path.find(document, context);
        if let Test::Present(expected) = self {
            return Ok(found.is_some() == *expected);
        }
        let missing = |path: &Path| {
            let cause = format!("the choice's path {} is not in {document}", path.text());
            Failure::new("States.Runtime", cause)
        };
        let value = found.ok_or_else(|| missing(path))?;
        Ok(match self {
            Test::Present(_) => false,
            Test::Null(expected) => value.is_null() == *expected,
            Test::OfType(kind, expected) => is_of(*kind, value) == *expected,
            Test::Matches(pattern) => value
                .as_str()
                .is_some_and(|text| matches(pattern.as_bytes(), text.as_bytes())),
            Test::Compares(kind, operator, operand) => {
                let operand = match operand {
                    Operand::Constant(value) => value,
                    Operand::Path(path) => {
                        path.find(document, context).ok_or_else(|| missing(path))?
                    }
                };
                compare(*kind, value, operand).is_some_and(|ordering| match operator {
                    Operator::Equals => ordering.is_eq(),
                    Operator::Less => ordering.is_lt(),
                    Operator::Greater => ordering.is_gt(),
                    Operator::LessOrEqual => ordering.is_le(),
                    Operator::GreaterOrEqual => ordering.is_ge(),
                })
            }
        })
    }
}
