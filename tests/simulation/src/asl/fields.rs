//! A JSON object whose fields are all accounted for, or it is refused.

use super::path::Path;
use super::template::{Expression, Template};
use super::{Amount, Refusal};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// The fields of an object, and which of them have been read.
pub(crate) struct Fields<'a> {
    place: String,
    object: &'a Map<String, Value>,
    read: BTreeSet<String>,
}

impl<'a> Fields<'a> {
    pub(crate) fn of(place: &str, value: &'a Value) -> Result<Fields<'a>, Refusal> {
        Ok(Fields {
            place: place.to_owned(),
            object: value
                .as_object()
                .ok_or_else(|| Refusal::new(place, "no object"))?,
            read: BTreeSet::new(),
        })
    }

    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    pub(crate) fn refuse(&self, reason: impl Into<String>) -> Refusal {
        Refusal::new(&self.place, reason)
    }

    pub(crate) fn take(&mut self, name: &str) -> Option<&'a Value> {
        self.read.insert(name.to_owned());
        self.object.get(name)
    }

    /// Reads a field that says nothing.
    pub(crate) fn skip(&mut self, name: &str) {
        self.take(name);
    }

    /// The names that have not been read.
    pub(crate) fn unread(&self) -> Vec<&'a str> {
        let names = self.object.keys().map(String::as_str);
        names.filter(|name| !self.read.contains(*name)).collect()
    }

    /// Errors: a field is left that nobody read.
    pub(crate) fn finish(self) -> Result<(), Refusal> {
        match self.unread().first() {
            Some(name) => Err(self.refuse(format!("the field {name} is not implemented here"))),
            None => Ok(()),
        }
    }

    pub(crate) fn need(&mut self, name: &str) -> Result<&'a Value, Refusal> {
        self.take(name)
            .ok_or_else(|| self.refuse(format!("{name} is missing")))
    }

    pub(crate) fn text(&mut self, name: &str) -> Result<Option<String>, Refusal> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(self.refuse(format!("{name} is no text"))),
        }
    }

    pub(crate) fn need_text(&mut self, name: &str) -> Result<String, Refusal> {
        self.text(name)?
            .ok_or_else(|| self.refuse(format!("{name} is missing")))
    }

    pub(crate) fn number(&mut self, name: &str) -> Result<Option<u64>, Refusal> {
        match self.take(name) {
            None => Ok(None),
            Some(value) => match value.as_u64() {
                Some(number) => Ok(Some(number)),
                None => Err(self.refuse(format!("{name} is no whole number"))),
            },
        }
    }

    /// InputPath, OutputPath: absent is the whole document, null nothing.
    pub(crate) fn path(&mut self, name: &str) -> Result<Option<Path>, Refusal> {
        match self.take(name) {
            None => Ok(Some(Path::root())),
            Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Path::parse(&self.place, text).map(Some),
            Some(_) => Err(self.refuse(format!("{name} is no path"))),
        }
    }

    /// ResultPath: a path into the document that can be written.
    pub(crate) fn reference(&mut self, name: &str) -> Result<Option<Path>, Refusal> {
        let path = self.path(name)?;
        match &path {
            Some(path) if !path.can_be_written() => {
                Err(self.refuse(format!("{name} is no place in the document")))
            }
            _ => Ok(path),
        }
    }

    pub(crate) fn template(&mut self, name: &str) -> Result<Option<Template>, Refusal> {
        self.take(name)
            .map(|value| Template::parse(&self.place, value))
            .transpose()
    }

    /// `Name` as a number or `NamePath` as a path to one.
    pub(crate) fn amount(&mut self, name: &str) -> Result<Option<Amount>, Refusal> {
        let number = self.number(name)?;
        let path = self.text(&format!("{name}Path"))?;
        match (number, path) {
            (Some(_), Some(_)) => Err(self.refuse(format!("both {name} and {name}Path"))),
            (Some(number), None) => Ok(Some(Amount::Seconds(number))),
            (None, Some(path)) => Ok(Some(Amount::Path(Path::parse(&self.place, &path)?))),
            (None, None) => Ok(None),
        }
    }

    /// `Name` as a text or `NamePath` as a path or function that gives one.
    pub(crate) fn expression(&mut self, name: &str) -> Result<Option<Expression>, Refusal> {
        let text = self.text(name)?;
        let path = self.text(&format!("{name}Path"))?;
        match (text, path) {
            (Some(_), Some(_)) => Err(self.refuse(format!("both {name} and {name}Path"))),
            (Some(text), None) => Ok(Some(Expression::Constant(Value::String(text)))),
            (None, Some(path)) => Expression::parse(&self.place, &path).map(Some),
            (None, None) => Ok(None),
        }
    }

    pub(crate) fn moment(&mut self) -> Result<Option<Expression>, Refusal> {
        self.expression("Timestamp")
    }
}
