//! Paths into the document (`$.a.b[0]`) and the context object (`$$.Task.Token`).
//!
//! **Invariants.** Names and indices only; filters, wildcards and slices are
//! refused.

use super::{Failure, Refusal};
use serde_json::{Map, Value};

/// What of the context object there is.
const CONTEXT: [&str; 11] = [
    "$$.Execution.Id",
    "$$.Execution.Input",
    "$$.Execution.Name",
    "$$.Execution.RoleArn",
    "$$.Execution.StartTime",
    "$$.State.EnteredTime",
    "$$.State.Name",
    "$$.State.RetryCount",
    "$$.StateMachine.Id",
    "$$.StateMachine.Name",
    "$$.Task.Token",
];

/// A path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    context: bool,
    steps: Vec<Step>,
    text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Name(String),
    Index(usize),
}

impl Path {
    /// The whole document.
    pub fn root() -> Path {
        Path {
            context: false,
            steps: Vec::new(),
            text: "$".to_owned(),
        }
    }

    /// Reads a path.
    ///
    /// Errors: no path, one that is not implemented, a part of the context
    /// object that is not there.
    pub fn parse(place: &str, text: &str) -> Result<Path, Refusal> {
        let refuse = |reason: &str| Refusal::new(place, format!("the path {text}: {reason}"));
        let context = text.starts_with("$$");
        let mut rest = text
            .strip_prefix(if context { "$$" } else { "$" })
            .ok_or_else(|| refuse("does not begin with $"))?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix("['") {
                let (name, after) = after.split_once("']").ok_or_else(|| refuse("an open ['"))?;
                steps.push(Step::Name(name.to_owned()));
                rest = after;
            } else if let Some(after) = rest.strip_prefix('[') {
                let (index, after) = after.split_once(']').ok_or_else(|| refuse("an open ["))?;
                let index = index
                    .parse()
                    .map_err(|_| refuse("only an index may stand in []"))?;
                steps.push(Step::Index(index));
                rest = after;
            } else if let Some(after) = rest.strip_prefix('.') {
                let end = after.find(['.', '[']).unwrap_or(after.len());
                let (name, after) = after.split_at(end);
                let plain = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
                if name.is_empty() || !name.chars().all(plain) {
                    return Err(refuse("only plain names are implemented"));
                }
                steps.push(Step::Name(name.to_owned()));
                rest = after;
            } else {
                return Err(refuse("is not understood"));
            }
        }
        let is_known = |known: &str| {
            text.strip_prefix(known)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        if context && text != "$$" && !CONTEXT.iter().any(|known| is_known(known)) {
            return Err(refuse("not in the context object"));
        }
        Ok(Path {
            context,
            steps,
            text: text.to_owned(),
        })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn can_be_written(&self) -> bool {
        !self.context && !self.steps.iter().any(|step| matches!(step, Step::Index(_)))
    }

    /// What stands there, if anything.
    pub(crate) fn find<'v>(&self, document: &'v Value, context: &'v Value) -> Option<&'v Value> {
        let root = if self.context { context } else { document };
        self.steps.iter().try_fold(root, |value, step| match step {
            Step::Name(name) => value.get(name),
            Step::Index(index) => value.get(index),
        })
    }

    /// What stands there.
    ///
    /// Errors: nothing does.
    pub(crate) fn get(&self, document: &Value, context: &Value) -> Result<Value, Failure> {
        self.find(document, context).cloned().ok_or_else(|| {
            Failure::new(
                "States.ParameterPathFailure",
                format!("the path {} is not in {document}", self.text),
            )
        })
    }

    /// Puts a value there; objects on the way are made.
    ///
    /// Errors: something else than an object is in the way.
    pub(crate) fn put(&self, document: &mut Value, value: Value) -> Result<(), Failure> {
        let mut at = document;
        for step in &self.steps {
            let Step::Name(name) = step else {
                return Err(self.blocked());
            };
            if at.is_null() {
                *at = Value::Object(Map::new());
            }
            let object = at.as_object_mut().ok_or_else(|| self.blocked())?;
            at = object.entry(name.clone()).or_insert(Value::Null);
        }
        *at = value;
        Ok(())
    }

    fn blocked(&self) -> Failure {
        Failure::new(
            "States.ResultPathMatchFailure",
            format!("{} cannot be written", self.text),
        )
    }
}
