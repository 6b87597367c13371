//! Lambdas and integrations at work: call by call, and how a call goes wrong.

use super::ledger::{FOR_EVER, Kind, SeenFlowLog, SeenMail, Struck};
use super::{ASYNC_RETRIES, Act, FOREIGN, GATEWAY, INVOCATION, SECOND, TIMER, Thread, World};
use crate::asl::{Failure, Request};
use crate::lambdas::{Answer, Letter, Work, lambda_failure};
use crate::scenario::FAULTS;
use recorder::memory::{Fault, Memory};
use recorder::port::{ExecutionState, Executions, Topic};
use recorder::step::TAG_EXECUTION;
use recorder::{GatewayId, PortError};
use serde_json::{Value, json};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// After how long a Lambda is stopped.
const LAMBDA_TIMEOUT: u64 = 60 * SECOND;
/// How much longer one may run that Step Functions has lost.
const STRAY: u64 = 60 * SECOND;

/// Integrations of Step Functions, as they are called here.
const PUBLISH: &str = "sns:publish";
const START_EXECUTION: &str = "states:startExecution";

/// Who hears what came of a call.
#[derive(Debug, Clone)]
pub(super) enum Caller {
    /// A task of an execution; one that waits for a token hears failures only.
    Task {
        execution: usize,
        ticket: u64,
        is_waiting: bool,
    },
    /// The queue of asynchronous calls, which tries three times.
    Queue {
        name: String,
        payload: Value,
        attempt: usize,
    },
    /// Nobody any longer.
    Nobody,
}

impl Caller {
    pub(super) fn is_task_of(&self, index: usize) -> bool {
        matches!(self, Caller::Task { execution, .. } if *execution == index)
    }
}

/// A Lambda or an integration at work.
pub(super) struct Flight {
    caller: Caller,
    thread: Thread,
    name: String,
    work: Work,
    /// Whether it has come to its first call.
    is_at_call: bool,
    pub(super) is_by_call: bool,
}

/// What can go wrong at a call.
#[derive(Clone, Copy)]
enum Mishap {
    Fault(Fault),
    Lasting(Fault),
    Hang,
    Stray,
}

/// What a task calls: name, payload, and whether it waits for a token.
pub(super) fn called(request: &Request) -> (String, Value, bool) {
    let (service, pattern) = request
        .resource
        .rsplit_once(":::")
        .map_or(("", ""), |(_, service)| {
            service.split_once('.').unwrap_or((service, ""))
        });
    match service {
        "lambda:invoke" => (
            request.parameters["FunctionName"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            request.parameters["Payload"].clone(),
            pattern == "waitForTaskToken",
        ),
        service => (service.to_owned(), request.parameters.clone(), false),
    }
}

fn text(value: &Value, name: &str) -> String {
    match &value[name] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn integration(service: &'static str, done: Result<Value, PortError>) -> Answer {
    done.map_err(|error| {
        Failure::new(
            &format!("{service}.{}", error.kind.name()),
            error.to_string(),
        )
    })
}

fn integrated(memory: Rc<Memory>, name: &str, parameters: &Value) -> Option<Work> {
    match name {
        PUBLISH => {
            let (subject, body) = (text(parameters, "Subject"), text(parameters, "Message"));
            Some(Box::pin(async move {
                let done = Topic::publish(&*memory, &subject, &body).await;
                integration("Sns", done.map(|id| json!({"MessageId": id})))
            }))
        }
        START_EXECUTION => {
            let (execution, input) = (text(parameters, "Name"), text(parameters, "Input"));
            Some(Box::pin(async move {
                let done = Executions::start(&*memory, &execution, &input).await;
                integration(
                    "StepFunctions",
                    done.map(|()| json!({"ExecutionArn": execution})),
                )
            }))
        }
        _ => None,
    }
}

impl World {
    /// Begins a call and, unless it goes call by call, ends it.
    pub(super) fn invoke(&mut self, thread: Thread, caller: Caller, name: &str, payload: Value) {
        let memory = Rc::clone(&self.memory);
        let work = match self.kit.lambdas.find(name) {
            Some((_, lambda)) => Some(lambda(memory, self.clock.clone(), payload)),
            None => integrated(memory, name, &payload),
        };
        let Some(work) = work else {
            let what = format!("nobody knows what {name} is");
            self.ledger.broken.push(what);
            return;
        };
        self.tell(|| format!("{name} begins"));
        self.last_id += 1;
        let id = self.last_id;
        let flight = Flight {
            caller,
            thread,
            name: name.to_owned(),
            work,
            is_at_call: false,
            is_by_call: self.bounds.calls_of.iter().any(|focus| focus == name),
        };
        self.flights.insert(id, flight);
        self.fly(id);
    }

    /// Goes on with a call: to its end, or for one call of a port.
    pub(super) fn fly(&mut self, id: u64) {
        let Some(mut flight) = self.flights.remove(&id) else {
            return;
        };
        loop {
            let mishap = if flight.is_at_call {
                self.mishap(&flight)
            } else {
                None
            };
            let number = self.memory.calls().len();
            let lost = match mishap {
                Some(Mishap::Fault(fault) | Mishap::Lasting(fault)) => Some(fault),
                Some(Mishap::Hang) => Some(Fault::AnswerLost),
                Some(Mishap::Stray) | None => None,
            };
            if let Some(fault) = lost {
                self.memory.fail_call(number, fault);
            }
            let polled = flight
                .work
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()));
            if let Some(operation) = self.memory.calls().get(number).copied() {
                self.note(&flight, operation, mishap);
                self.look(&flight, operation);
            }
            match (polled, mishap) {
                (_, Some(Mishap::Hang)) => {
                    let due = self.now + LAMBDA_TIMEOUT;
                    let answer = Err(lambda_failure(
                        "Sandbox.Timedout",
                        "Task timed out after 60.00 seconds",
                    ));
                    let act = Act::Report(flight.caller.clone(), answer);
                    self.plan(due, due + TIMER, flight.thread, act);
                    return;
                }
                (Poll::Ready(answer), _) => {
                    if let (Thread::Event(index), Ok(_)) = (flight.thread, &answer) {
                        self.ledger.heard.push((index, self.now));
                    }
                    self.look_at_stop(&flight, &answer);
                    let caller = flight.caller;
                    return self.report(flight.thread, caller, answer);
                }
                (Poll::Pending, Some(Mishap::Stray)) => {
                    let caller = std::mem::replace(&mut flight.caller, Caller::Nobody);
                    let thread = flight.thread;
                    self.keep(id, flight, Thread::Stray(id), STRAY);
                    let cause = "The cause could not be determined because Lambda did not return an error type.";
                    return self.report(thread, caller, Err(Failure::new("Lambda.Unknown", cause)));
                }
                (Poll::Pending, _) => {
                    flight.is_at_call = true;
                    if flight.is_by_call {
                        let thread = flight.thread;
                        return self.keep(id, flight, thread, INVOCATION);
                    }
                }
            }
        }
    }

    fn keep(&mut self, id: u64, flight: Flight, thread: Thread, slack: u64) {
        self.flights.insert(id, flight);
        self.plan(self.now, self.now + slack, thread, Act::Fly(id));
    }

    /// Chooses whether the next call goes wrong, and how.
    fn mishap(&mut self, flight: &Flight) -> Option<Mishap> {
        if !self.may_fail || self.is_retired {
            return None;
        }
        let mut options: Vec<Mishap> = FAULTS
            .iter()
            .map(|(_, fault)| Mishap::Fault(*fault))
            .collect();
        options.extend(FAULTS.iter().map(|(_, fault)| Mishap::Lasting(*fault)));
        let is_lambda = self.kit.lambdas.find(&flight.name).is_some();
        match flight.caller {
            Caller::Task { .. } if is_lambda => options.extend([Mishap::Hang, Mishap::Stray]),
            Caller::Queue { .. } => options.push(Mishap::Hang),
            _ => {}
        }
        let picked = self.choices.pick(options.len() + 1).checked_sub(1)?;
        self.may_fail = false;
        options.get(picked).copied()
    }

    /// Notes a call and its mishap.
    fn note(&mut self, flight: &Flight, operation: &'static str, mishap: Option<Mishap>) {
        let (kind, is_lasting) = match mishap {
            None => {
                self.tell(|| format!("    {}: {operation}", flight.name));
                return;
            }
            Some(Mishap::Fault(fault)) => (Kind::Answer(fault), false),
            Some(Mishap::Lasting(fault)) => (Kind::Answer(fault), true),
            Some(Mishap::Hang) => (Kind::Hang, false),
            Some(Mishap::Stray) => (Kind::Stray, false),
        };
        if let (Kind::Answer(fault), true) = (kind, is_lasting) {
            for _ in 0..FOR_EVER {
                self.memory.fail(operation, fault);
            }
        }
        let word = if is_lasting {
            "from now on"
        } else {
            "this once"
        };
        self.tell(|| {
            format!(
                "    {}: {operation} goes wrong, {word}: {kind:?}",
                flight.name
            )
        });
        self.ledger.struck.push(Struck {
            operation,
            kind,
            is_lasting,
            lambda: Some(flight.name.clone()),
        });
    }

    /// Looks what the last call has changed.
    fn look(&mut self, flight: &Flight, operation: &str) {
        match operation {
            "CreateFlowLogs" | "DeleteFlowLogs" => self.look_at_flow_logs(),
            "UpdateItem" => self.look_at_claim(),
            "Publish" => self.look_at_mails(flight),
            "SendTaskSuccess" => self.look_at_tokens(),
            "StartExecution" => self.look_at_starts(flight.thread),
            "StopExecution" => self.look_at_stops(),
            "Respond" => {
                let is_done = |(_, body): &(String, String)| body.contains("SUCCESS");
                if self.memory.responses().last().is_some_and(is_done) && !self.is_retired {
                    self.retire();
                }
            }
            _ => {}
        }
    }

    fn look_at_flow_logs(&mut self) {
        let there = self.memory.flow_logs();
        for (id, flow_log) in &there {
            let is_known = self.ledger.flow_logs.iter().any(|seen| seen.id == id.0);
            if id.0 == FOREIGN || is_known {
                continue;
            }
            let tag = flow_log.tags.iter().find(|(key, _)| *key == TAG_EXECUTION);
            let execution = tag.map_or_else(String::new, |(_, value)| value.clone());
            self.tell(|| format!("    flow log {id} of {execution} is ON"));
            self.traffic.switched_on(&id.0, self.now);
            self.ledger.flow_logs.push(SeenFlowLog {
                id: id.0.clone(),
                execution,
                created: self.now,
                deleted: None,
            });
        }
        for at in 0..self.ledger.flow_logs.len() {
            let seen = &mut self.ledger.flow_logs[at];
            if seen.deleted.is_none() && !there.iter().any(|(id, _)| id.0 == seen.id) {
                seen.deleted = Some(self.now);
                let id = seen.id.clone();
                self.traffic.switched_off(&id, self.now);
                self.tell(|| format!("    flow log {id} is off"));
            }
        }
    }

    fn look_at_claim(&mut self) {
        let item = self.memory.item(&GatewayId::from(GATEWAY));
        let Some(item) = item else { return };
        if self.story.is_some() {
            let line = format!(
                "    claim: execution {:?}, recordings {}, alarmed {}, cleared {:?}, token {}",
                item.execution,
                item.recordings,
                item.alarmed.0.saturating_sub(super::BEGINNING),
                item.cleared
                    .map(|cleared| cleared.0.saturating_sub(super::BEGINNING)),
                item.token.is_some(),
            );
            self.tell(|| line);
        }
        let Some(execution) = item.execution else {
            return;
        };
        for seen in &mut self.ledger.executions {
            let is_it = seen.name == execution;
            seen.held |= is_it;
            seen.confirmed |= is_it && item.confirmed;
        }
    }

    fn look_at_mails(&mut self, flight: &Flight) {
        let mails = self.memory.mails();
        for (subject, body) in mails.into_iter().skip(self.ledger.mails.len()) {
            self.tell(|| format!("    MAIL: {subject}"));
            let own = match flight.thread {
                Thread::Execution(index) => Some(self.executions[index].name.clone()),
                _ => None,
            };
            let named = || {
                let executions = self.ledger.executions.iter().map(|seen| &seen.name);
                let line = body
                    .lines()
                    .find_map(|line| line.strip_prefix("Execution "))?;
                executions
                    .into_iter()
                    .find(|name| line.trim().ends_with(*name))
                    .cloned()
            };
            let execution = own.or_else(named);
            self.ledger.mails.push(SeenMail {
                at: self.now,
                letter: Letter::of(&subject),
                execution,
                subject,
                body,
            });
        }
    }

    /// A token wakes at once: SendTaskSuccess is done when it answers.
    fn look_at_tokens(&mut self) {
        for (token, output) in self.memory.woken() {
            if let Some(index) = self.waiting_with(&token) {
                let (ticket, _) = self.executions[index].need();
                let output = serde_json::from_str(&output).unwrap_or_default();
                if self.executions[index].answer(ticket, Ok(output), self.now) {
                    self.tell_state(index, "is woken");
                    self.settle(index);
                }
            }
        }
    }

    fn look_at_starts(&mut self, thread: Thread) {
        let started = self.memory.started();
        for (name, input) in started {
            let is_known = self
                .executions
                .iter()
                .any(|execution| execution.name == name);
            let is_planned = self.agenda.iter().any(|entry| match &entry.act {
                Act::Begin(other, _) => *other == name,
                _ => false,
            });
            if !is_known && !is_planned {
                let input = serde_json::from_str(&input).unwrap_or_default();
                // What an event starts goes on after it.
                self.plan(
                    self.now,
                    self.now + INVOCATION,
                    thread,
                    Act::Begin(name, input),
                );
            }
        }
    }

    fn look_at_stops(&mut self) {
        for index in 0..self.executions.len() {
            let execution = &self.executions[index];
            let is_stopped =
                self.memory.execution(&execution.name) == Some(ExecutionState::Aborted);
            if execution.ended().is_none() && is_stopped {
                self.abort(index);
            }
        }
    }

    /// Somebody was told that a recording stops.
    fn look_at_stop(&mut self, flight: &Flight, answer: &Answer) {
        let is_under_way = matches!(answer, Ok(Value::Bool(true)));
        if let (Caller::Queue { payload, .. }, true) = (&flight.caller, is_under_way) {
            let execution = text(payload, "execution");
            self.ledger.stops.push((execution, self.now));
        }
    }

    /// Tells the caller what came of a call.
    pub(super) fn report(&mut self, thread: Thread, caller: Caller, answer: Answer) {
        if let Err(failure) = &answer {
            self.tell(|| format!("    it fails: {}", failure.error));
        }
        match caller {
            Caller::Nobody => {}
            Caller::Task {
                execution,
                ticket,
                is_waiting,
            } => {
                let answer = match answer {
                    Ok(_) if is_waiting => return,
                    Ok(value) => Ok(json!({"Payload": value, "StatusCode": 200})),
                    Err(failure) => Err(failure),
                };
                if self.executions[execution].answer(ticket, answer, self.now) {
                    self.settle(execution);
                }
            }
            Caller::Queue {
                name,
                payload,
                attempt,
            } => {
                let (Err(_), Some(wait)) = (answer, ASYNC_RETRIES.get(attempt)) else {
                    return;
                };
                let act = Act::Invoke {
                    caller: Caller::Queue {
                        name: name.clone(),
                        payload: payload.clone(),
                        attempt: attempt + 1,
                    },
                    name,
                    payload,
                };
                let due = self.now + wait;
                self.plan(due, due + INVOCATION, thread, act);
            }
        }
    }
}
