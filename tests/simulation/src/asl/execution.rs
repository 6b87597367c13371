//! One run of a workflow.
//!
//! **Invariants.** Holds no queue and no clock: [`Execution::need`] says what
//! it waits for, and an answer counts only with the ticket of that need, so a
//! late answer to an older one changes nothing.

use super::{Amount, Failure, Kind, Machine, State, Until};
use chrono::{DateTime, SecondsFormat};
use serde_json::{Value, json};
use std::rc::Rc;

/// How many states may follow each other without a task or a wait.
const MOST_IN_A_ROW: usize = 1_000;

/// What an execution waits for.
#[derive(Debug, Clone, PartialEq)]
pub enum Need {
    /// A task is to be done.
    Task(Request),
    /// Time has to pass: a Wait state, or a pause before another attempt.
    Delay {
        /// How much.
        millis: u64,
    },
    /// Nothing: it has ended.
    Nothing(Ended),
}

/// A task to be done.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The state.
    pub state: String,
    /// The resource's ARN.
    pub resource: String,
    /// What it is given.
    pub parameters: Value,
    /// After how long it counts as failed.
    pub timeout_millis: Option<u64>,
    /// What the task can be answered with from outside.
    pub token: String,
}

/// How an execution ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ended {
    /// With an output.
    Succeeded(Value),
    /// With an error.
    Failed(Failure),
    /// Somebody stopped it.
    Aborted,
    /// It took longer than the workflow allows.
    TimedOut,
}

/// One run of a workflow.
#[derive(Debug)]
pub struct Execution {
    machine: Rc<Machine>,
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub id: String,
    document: Value,
    context: Value,
    current: String,
    attempts: Vec<u64>,
    retrying: bool,
    ticket: u64,
    need: Need,
}

fn timestamp(millis: u64) -> String {
    i64::try_from(millis)
        .ok()
        .and_then(DateTime::from_timestamp_millis)
        .map_or_else(String::new, |time| {
            time.to_rfc3339_opts(SecondsFormat::Millis, true)
        })
}

impl Execution {
    /// Starts it.
    pub fn start(machine: &Rc<Machine>, name: &str, input: Value, now: u64) -> Execution {
        let account = "us-east-1:123456789012";
        let id = format!("arn:aws:states:{account}:execution:recorder:{name}");
        let context = json!({
            "Execution": {
                "Id": id,
                "Input": input,
                "Name": name,
                "RoleArn": "arn:aws:iam::123456789012:role/recorder",
                "StartTime": timestamp(now),
            },
            "State": {},
            "StateMachine": {
                "Id": format!("arn:aws:states:{account}:stateMachine:recorder"),
                "Name": "recorder",
            },
            "Task": {},
        });
        let mut execution = Execution {
            machine: Rc::clone(machine),
            name: name.to_owned(),
            id,
            document: input,
            context,
            current: machine.start_at.clone(),
            attempts: Vec::new(),
            retrying: false,
            ticket: 0,
            need: Need::Delay { millis: 0 },
        };
        execution.enter(machine.start_at.clone(), now);
        execution
    }

    /// What it waits for, and the ticket that an answer must carry.
    pub fn need(&self) -> (u64, &Need) {
        (self.ticket, &self.need)
    }

    /// How it ended, if it has.
    pub fn ended(&self) -> Option<&Ended> {
        match &self.need {
            Need::Nothing(ended) => Some(ended),
            _ => None,
        }
    }

    /// The document as it is now.
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// The state that it is in.
    pub fn state(&self) -> &str {
        &self.current
    }

    /// The token that wakes it, if it waits with one.
    pub fn token(&self) -> Option<&str> {
        match &self.need {
            Need::Task(request) => Some(&request.token),
            _ => None,
        }
    }

    /// A task was done, or failed. Whether that mattered.
    pub fn answer(&mut self, ticket: u64, result: Result<Value, Failure>, now: u64) -> bool {
        if ticket != self.ticket || !matches!(self.need, Need::Task(_)) {
            return false;
        }
        let machine = Rc::clone(&self.machine);
        let state = &machine.states[&self.current];
        let outcome = result.and_then(|value| self.conclude(state, value));
        self.follow(state, outcome, now);
        true
    }

    /// The time of a delay has passed. Whether that mattered.
    pub fn delayed(&mut self, ticket: u64, now: u64) -> bool {
        if ticket != self.ticket || !matches!(self.need, Need::Delay { .. }) {
            return false;
        }
        let machine = Rc::clone(&self.machine);
        let state = &machine.states[&self.current];
        if std::mem::take(&mut self.retrying) {
            self.perform(now);
        } else {
            let outcome = self.conclude(state, self.document.clone());
            self.follow(state, outcome, now);
        }
        true
    }

    /// Somebody stops it.
    pub fn abort(&mut self) {
        self.end(Ended::Aborted);
    }

    /// It took too long.
    pub fn time_out(&mut self) {
        self.end(Ended::TimedOut);
    }

    fn end(&mut self, ended: Ended) {
        if self.ended().is_none() {
            self.wait_for(Need::Nothing(ended));
        }
    }

    fn wait_for(&mut self, need: Need) {
        self.ticket += 1;
        self.need = need;
    }

    fn enter(&mut self, name: String, now: u64) {
        self.current = name;
        let state = &self.machine.states[&self.current];
        self.attempts = vec![0; state.retry.len()];
        self.context["State"] = json!({
            "EnteredTime": timestamp(now),
            "Name": self.current,
            "RetryCount": 0,
        });
        self.perform(now);
    }

    /// Does what the current state is for, up to the next need.
    fn perform(&mut self, now: u64) {
        let machine = Rc::clone(&self.machine);
        for _ in 0..MOST_IN_A_ROW {
            let state = &machine.states[&self.current];
            self.context["Task"] = json!({
                "Token": format!("token-{}-{}", self.name, self.ticket + 1),
            });
            let step = self.step(state, now);
            match step {
                Ok(Step::Need(need)) => return self.wait_for(need),
                Ok(Step::Next(next)) => {
                    self.current = next;
                    let state = &machine.states[&self.current];
                    self.attempts = vec![0; state.retry.len()];
                    self.context["State"] = json!({
                        "EnteredTime": timestamp(now),
                        "Name": self.current,
                        "RetryCount": 0,
                    });
                }
                Err(failure) => return self.follow(state, Err(failure), now),
            }
        }
        let failure = Failure::new("States.Runtime", "the workflow goes round in circles");
        self.end(Ended::Failed(failure));
    }

    fn step(&mut self, state: &State, now: u64) -> Result<Step, Failure> {
        let none = json!({});
        let input = match &state.input_path {
            Some(path) => path.get(&self.document, &self.context)?,
            None => none,
        };
        let given = match &state.parameters {
            Some(template) => template.value(&input, &self.context)?,
            None => input.clone(),
        };
        match &state.kind {
            Kind::Pass { result } => {
                let result = result.clone().unwrap_or(given);
                self.conclude(state, result)?;
                Ok(self.leave(state))
            }
            Kind::Task { resource, timeout } => Ok(Step::Need(Need::Task(Request {
                state: self.current.clone(),
                resource: resource.clone(),
                parameters: given,
                timeout_millis: match timeout {
                    Some(amount) => Some(self.seconds(amount, &input)?.saturating_mul(1_000)),
                    None => None,
                },
                token: format!("token-{}-{}", self.name, self.ticket + 1),
            }))),
            Kind::Choice { choices, default } => {
                let mut next = None;
                for (rule, to) in choices {
                    if rule.holds(&input, &self.context)? {
                        next = Some(to);
                        break;
                    }
                }
                let next = next.or(default.as_ref()).ok_or_else(|| {
                    Failure::new("States.NoChoiceMatched", format!("in {}", self.current))
                })?;
                self.give(state, input)?;
                Ok(Step::Next(next.clone()))
            }
            Kind::Wait(until) => {
                let millis = match until {
                    Until::Passed(amount) => self.seconds(amount, &input)?.saturating_mul(1_000),
                    Until::Moment(moment) => {
                        let text = moment.value(&input, &self.context)?;
                        let time = text
                            .as_str()
                            .and_then(|text| DateTime::parse_from_rfc3339(text).ok())
                            .and_then(|time| u64::try_from(time.timestamp_millis()).ok())
                            .ok_or_else(|| {
                                Failure::new("States.Runtime", format!("{text} is no timestamp"))
                            })?;
                        time.saturating_sub(now)
                    }
                };
                Ok(Step::Need(Need::Delay { millis }))
            }
            Kind::Succeed => {
                self.give(state, input)?;
                Ok(Step::Need(Need::Nothing(Ended::Succeeded(
                    self.document.clone(),
                ))))
            }
            Kind::Fail { error, cause } => {
                let text = |expression: &Option<super::Expression>| match expression {
                    Some(expression) => {
                        let value = expression.value(&self.document, &self.context)?;
                        let text = value.as_str().map(str::to_owned);
                        text.map(Some).ok_or_else(|| {
                            Failure::new("States.Runtime", format!("{value} is no text"))
                        })
                    }
                    None => Ok(None),
                };
                let failure = Failure {
                    error: text(error)?.unwrap_or_default(),
                    cause: text(cause)?,
                };
                Ok(Step::Need(Need::Nothing(Ended::Failed(failure))))
            }
        }
    }

    fn seconds(&self, amount: &Amount, input: &Value) -> Result<u64, Failure> {
        match amount {
            Amount::Seconds(seconds) => Ok(*seconds),
            Amount::Path(path) => {
                let value = path.get(input, &self.context)?;
                value.as_u64().ok_or_else(|| {
                    Failure::new("States.Runtime", format!("{value} is no number of seconds"))
                })
            }
        }
    }

    /// Puts a result where it belongs in the document.
    fn conclude(&mut self, state: &State, result: Value) -> Result<(), Failure> {
        if matches!(state.kind, Kind::Wait(_)) {
            let input = match &state.input_path {
                Some(path) => path.get(&self.document, &self.context)?,
                None => json!({}),
            };
            return self.give(state, input);
        }
        let result = match &state.result_selector {
            Some(template) => template.value(&result, &self.context)?,
            None => result,
        };
        let mut document = self.document.clone();
        if let Some(path) = &state.result_path {
            path.put(&mut document, result)?;
        }
        self.give(state, document)
    }

    fn give(&mut self, state: &State, document: Value) -> Result<(), Failure> {
        self.document = match &state.output_path {
            Some(path) => path.get(&document, &self.context)?,
            None => json!({}),
        };
        Ok(())
    }

    fn leave(&self, state: &State) -> Step {
        match &state.next {
            Some(next) => Step::Next(next.clone()),
            None => Step::Need(Need::Nothing(Ended::Succeeded(self.document.clone()))),
        }
    }

    /// Goes where the outcome of a state leads.
    fn follow(&mut self, state: &State, outcome: Result<(), Failure>, now: u64) {
        let failure = match outcome {
            Ok(()) => {
                return match self.leave(state) {
                    Step::Next(next) => self.enter(next, now),
                    Step::Need(need) => self.wait_for(need),
                };
            }
            Err(failure) => failure,
        };
        for (retrier, attempts) in state.retry.iter().zip(&mut self.attempts) {
            if retrier.retries(&failure.error) {
                if let Some(millis) = retrier.delay_millis(*attempts) {
                    *attempts += 1;
                    let count = self.context["State"]["RetryCount"].as_u64().unwrap_or(0);
                    self.context["State"]["RetryCount"] = (count + 1).into();
                    self.retrying = true;
                    return self.wait_for(Need::Delay { millis });
                }
                break;
            }
        }
        let catcher = state
            .catch
            .iter()
            .find(|catcher| catcher.catches(&failure.error));
        let Some(catcher) = catcher else {
            return self.end(Ended::Failed(failure));
        };
        if let Some(path) = &catcher.result_path {
            let mut output = json!({"Error": failure.error});
            if let Some(cause) = &failure.cause {
                output["Cause"] = Value::String(cause.clone());
            }
            if let Err(failure) = path.put(&mut self.document, output) {
                return self.end(Ended::Failed(failure));
            }
        }
        self.enter(catcher.next.clone(), now);
    }
}

enum Step {
    Need(Need),
    Next(String),
}
