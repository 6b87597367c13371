//! Parameters and ResultSelector: documents with paths and functions in them.

use super::intrinsic::Call;
use super::path::Path;
use super::{Failure, Refusal};
use serde_json::{Map, Value};

/// A text that stands for a value.
#[derive(Debug)]
pub(crate) enum Expression {
    Constant(Value),
    Path(Path),
    Call(Call),
}

impl Expression {
    pub(crate) fn parse(place: &str, text: &str) -> Result<Expression, Refusal> {
        if text.starts_with('$') {
            return Path::parse(place, text).map(Expression::Path);
        }
        Call::parse(place, text).map(Expression::Call)
    }

    pub(crate) fn value(&self, document: &Value, context: &Value) -> Result<Value, Failure> {
        match self {
            Expression::Constant(value) => Ok(value.clone()),
            Expression::Path(path) => path.get(document, context),
            Expression::Call(call) => call.value(document, context),
        }
    }
}

/// A document to be filled in.
#[derive(Debug)]
pub(crate) enum Template {
    Expression(Expression),
    Object(Vec<(String, Template)>),
    Array(Vec<Template>),
}

impl Template {
    pub(crate) fn parse(place: &str, value: &Value) -> Result<Template, Refusal> {
        Ok(match value {
            Value::Object(object) => Template::Object(
                object
                    .iter()
                    .map(|(name, value)| Template::field(place, name, value))
                    .collect::<Result<_, _>>()?,
            ),
            Value::Array(array) => Template::Array(
                array
                    .iter()
                    .map(|value| Template::parse(place, value))
                    .collect::<Result<_, _>>()?,
            ),
            constant => Template::Expression(Expression::Constant(constant.clone())),
        })
    }

    fn field(place: &str, name: &str, value: &Value) -> Result<(String, Template), Refusal> {
        let Some(name) = name.strip_suffix(".$") else {
            return Ok((name.to_owned(), Template::parse(place, value)?));
        };
        let text = value
            .as_str()
            .ok_or_else(|| Refusal::new(place, format!("{name}.$ is no text")))?;
        let expression = Expression::parse(place, text)?;
        Ok((name.to_owned(), Template::Expression(expression)))
    }

    pub(crate) fn value(&self, document: &Value, context: &Value) -> Result<Value, Failure> {
        match self {
            Template::Expression(expression) => expression.value(document, context),
            Template::Object(fields) => {
                let mut object = Map::with_capacity(fields.len());
                for (name, template) in fields {
                    object.insert(name.clone(), template.value(document, context)?);
                }
                Ok(Value::Object(object))
            }
            Template::Array(items) => items
                .iter()
                .map(|item| item.value(document, context))
                .collect::<Result<_, _>>()
                .map(Value::Array),
        }
    }
}
