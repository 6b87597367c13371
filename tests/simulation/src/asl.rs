//! The part of the Amazon States Language that the recorder's workflow uses.
//!
//! Follows <https://states-language.net/spec.html> (JSONPath, no Parallel, no
//! Map). Loading is here; [`Execution`] runs what was loaded.
//!
//! **Invariants.** A state type, field, path or function that is not
//! implemented is refused when the machine is loaded: the file cannot outgrow
//! its interpreter unnoticed. Knows no clock and calls nothing: an execution
//! says what it needs and is told what came of it.

mod choice;
mod execution;
mod fields;
mod intrinsic;
mod path;
mod retry;
mod template;

pub use execution::{Ended, Execution, Need, Request};
pub use path::Path;

use choice::Rule;
use fields::Fields;
use retry::{Catcher, Retrier};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use template::{Expression, Template};

/// Why a machine is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {reason}")]
pub struct Refusal {
    /// Which state or field.
    pub place: String,
    /// What is wrong or not implemented.
    pub reason: String,
}

impl Refusal {
    pub(crate) fn new(place: &str, reason: impl Into<String>) -> Refusal {
        Refusal {
            place: place.to_owned(),
            reason: reason.into(),
        }
    }
}

/// An error of a task or of the workflow itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The name that Retry and Catch match.
    pub error: String,
    /// What more is known; not every error says.
    pub cause: Option<String>,
}

impl Failure {
    /// An error with a cause.
    pub fn new(error: &str, cause: impl Into<String>) -> Failure {
        Failure {
            error: error.to_owned(),
            cause: Some(cause.into()),
        }
    }

    /// Whether the workflow itself is at fault: no such error may ever happen.
    pub fn is_of_the_workflow(&self) -> bool {
        [
            "States.Runtime",
            "States.ParameterPathFailure",
            "States.ResultPathMatchFailure",
            "States.IntrinsicFailure",
            "States.NoChoiceMatched",
        ]
        .contains(&self.error.as_str())
    }
}

/// A loaded workflow.
#[derive(Debug)]
pub struct Machine {
    pub(crate) start_at: String,
    pub(crate) states: BTreeMap<String, State>,
    /// How long an execution may take.
    pub timeout_seconds: Option<u64>,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) kind: Kind,
    pub(crate) input_path: Option<Path>,
    pub(crate) output_path: Option<Path>,
    pub(crate) parameters: Option<Template>,
    pub(crate) result_selector: Option<Template>,
    /// `None` discards the result.
    pub(crate) result_path: Option<Path>,
    pub(crate) retry: Vec<Retrier>,
    pub(crate) catch: Vec<Catcher>,
    /// `None` ends the execution.
    pub(crate) next: Option<String>,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Pass {
        result: Option<Value>,
    },
    Task {
        resource: String,
        timeout: Option<Amount>,
    },
    Choice {
        choices: Vec<(Rule, String)>,
        default: Option<String>,
    },
    Wait(Until),
    Succeed,
    Fail {
        error: Option<Expression>,
        cause: Option<Expression>,
    },
}

#[derive(Debug)]
pub(crate) enum Amount {
    Seconds(u64),
    Path(Path),
}

#[derive(Debug)]
pub(crate) enum Until {
    Passed(Amount),
    Moment(Expression),
}

impl Machine {
    /// Reads a definition after putting the template's values into `${Name}`.
    ///
    /// Errors: no JSON, a name without a value, anything not implemented.
    pub fn load(text: &str, substitutions: &BTreeMap<String, String>) -> Result<Machine, Refusal> {
        let text = substitute(text, substitutions)?;
        let document: Value = serde_json::from_str(&text)
            .map_err(|error| Refusal::new("the definition", error.to_string()))?;
        let mut fields = Fields::of("the definition", &document)?;
        fields.skip("Comment");
        fields.skip("Version");
        if let Some(language) = fields.text("QueryLanguage")?
            && language != "JSONPath"
        {
            return Err(fields.refuse(format!("query language {language}")));
        }
        let start_at = fields.need_text("StartAt")?;
        let timeout_seconds = fields.number("TimeoutSeconds")?;
        let states = fields.need("States")?.clone();
        fields.finish()?;
        let states: BTreeMap<String, State> = states
            .as_object()
            .ok_or_else(|| Refusal::new("States", "no object"))?
            .iter()
            .map(|(name, state)| Ok((name.clone(), state_of(name, state)?)))
            .collect::<Result<_, Refusal>>()?;
        let machine = Machine {
            start_at,
            states,
            timeout_seconds,
        };
        machine.check_transitions()?;
        Ok(machine)
    }

    /// Every transition leads somewhere and every state can be reached.
    fn check_transitions(&self) -> Result<(), Refusal> {
        let mut reached = BTreeSet::new();
        let mut open = vec![("StartAt", self.start_at.as_str())];
        while let Some((from, name)) = open.pop() {
            let Some((name, state)) = self.states.get_key_value(name) else {
                return Err(Refusal::new(
                    from,
                    format!("leads to {name}, which is not there"),
                ));
            };
            if reached.insert(name.as_str()) {
                open.extend(state.leads_to().into_iter().map(|to| (name.as_str(), to)));
            }
        }
        match self
            .states
            .keys()
            .find(|name| !reached.contains(name.as_str()))
        {
            Some(name) => Err(Refusal::new(name, "cannot be reached")),
            None => Ok(()),
        }
    }

    /// The resources of its tasks, each once.
    pub fn resources(&self) -> BTreeSet<&str> {
        self.states
            .values()
            .filter_map(|state| match &state.kind {
                Kind::Task { resource, .. } => Some(resource.as_str()),
                _ => None,
            })
            .collect()
    }
}

impl State {
    fn leads_to(&self) -> Vec<&str> {
        let mut to: Vec<&str> = self.next.iter().map(String::as_str).collect();
        to.extend(self.catch.iter().map(|catcher| catcher.next.as_str()));
        if let Kind::Choice { choices, default } = &self.kind {
            to.extend(choices.iter().map(|(_, next)| next.as_str()));
            to.extend(default.iter().map(String::as_str));
        }
        to
    }
}

fn substitute(text: &str, values: &BTreeMap<String, String>) -> Result<String, Refusal> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after
            .split_once('}')
            .ok_or_else(|| Refusal::new("the definition", "a ${ without its }"))?;
        let value = values
            .get(name)
            .ok_or_else(|| Refusal::new("the definition", format!("no value for ${{{name}}}")))?;
        out.push_str(before);
        out.push_str(value);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

fn state_of(name: &str, value: &Value) -> Result<State, Refusal> {
    let mut fields = Fields::of(name, value)?;
    fields.skip("Comment");
    let kind = fields.need_text("Type")?;
    let flows = !matches!(kind.as_str(), "Choice" | "Succeed" | "Fail");
    let mut state = State {
        kind: Kind::Succeed,
        input_path: Some(Path::root()),
        output_path: Some(Path::root()),
        parameters: None,
        result_selector: None,
        result_path: Some(Path::root()),
        retry: Vec::new(),
        catch: Vec::new(),
        next: None,
    };
    if kind != "Fail" {
        state.input_path = fields.path("InputPath")?;
        state.output_path = fields.path("OutputPath")?;
    }
    if flows {
        state.next = fields.text("Next")?;
        match (&state.next, fields.take("End")) {
            (Some(_), None) | (None, Some(Value::Bool(true))) => {}
            _ => return Err(fields.refuse("needs either Next or End: true")),
        }
    }
    if matches!(kind.as_str(), "Pass" | "Task") {
        state.parameters = fields.template("Parameters")?;
        state.result_path = fields.reference("ResultPath")?;
    }
    state.kind = match kind.as_str() {
        "Pass" => Kind::Pass {
            result: fields.take("Result").cloned(),
        },
        "Task" => {
            state.result_selector = fields.template("ResultSelector")?;
            state.retry = retry::retriers(&mut fields)?;
            state.catch = retry::catchers(&mut fields)?;
            Kind::Task {
                resource: fields.need_text("Resource")?,
                timeout: fields.amount("TimeoutSeconds")?,
            }
        }
        "Choice" => Kind::Choice {
            choices: choice::choices(&mut fields)?,
            default: fields.text("Default")?,
        },
        "Wait" => Kind::Wait(match (fields.amount("Seconds")?, fields.moment()?) {
            (Some(amount), None) => Until::Passed(amount),
            (None, Some(moment)) => Until::Moment(moment),
            _ => {
                return Err(
                    fields.refuse("needs one of Seconds, SecondsPath, Timestamp, TimestampPath")
                );
            }
        }),
        "Succeed" => Kind::Succeed,
        "Fail" => Kind::Fail {
            error: fields.expression("Error")?,
            cause: fields.expression("Cause")?,
        },
        other => return Err(fields.refuse(format!("a state of type {other} is not implemented"))),
    };
    fields.finish()?;
    Ok(state)
}
