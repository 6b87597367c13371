//! A simulated AWS around the recorder: clock, queue, executions, deliveries.
//!
//! Things happen in the order of their time, except where their time leaves it
//! open: whatever may happen later than it could (a delivery, an invocation, a
//! timer to the second) can be overtaken. Which of them is next, and which call
//! goes wrong, is asked of [`Choices`].
//!
//! **Invariants.** Everything that can happen next is offered, as far as
//! [`Bounds`] allow. Nothing here knows what the recorder should do.

mod flight;
mod ledger;
mod traffic;

pub use ledger::{Kind, Ledger, SeenExecution, SeenFlowLog, SeenMail, Struck};

use crate::asl::{Ended, Execution, Machine, Need};
use crate::choice::{Choices, Sequence};
use crate::lambdas::{Clock, LOG_GROUP, Lambdas, START, STOP, SWEEP, TARGETS};
use crate::scenario::{Event, Foreign, Gateway, Operator, Scenario};
use chrono::DateTime;
use flight::{Caller, Flight};
use recorder::memory::Memory;
use recorder::port::{ExecutionState, NatGateway, NewFlowLog, Watched};
use recorder::{GatewayId, InterfaceId, alarm};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::rc::Rc;
use traffic::Traffic;

/// The gateway of every scenario.
pub const GATEWAY: &str = "nat-0a1b2c3d4e5f60718";
/// Its interface.
pub const INTERFACE: &str = "eni-0a1b2c3d4e5f60718";
/// When every scenario begins, in Unix milliseconds.
pub const BEGINNING: u64 = 1_795_218_245_000;

const SECOND: u64 = 1_000;
/// How long an invocation may take to begin.
const INVOCATION: u64 = 20 * SECOND;
/// How inexact a timer is.
const TIMER: u64 = SECOND;
/// The waits before Lambda's second and third attempt of an asynchronous call.
const ASYNC_RETRIES: [u64; 2] = [60 * SECOND, 120 * SECOND];
/// How often the sweep strikes in the end, while there is something to sweep.
const LAST_SWEEPS: usize = 4;
/// The time between two of them.
const SWEEP_PERIOD: u64 = 300 * SECOND;
/// More steps than any run needs.
const MOST_STEPS: usize = 4_000;

/// How much is varied.
#[derive(Debug, Clone, Default)]
pub struct Bounds {
    /// How late a delivery may be, in milliseconds.
    pub late: u64,
    /// Whether one delivery may come twice.
    pub twice: bool,
    /// How often one that could go on may be interrupted.
    pub interruptions: usize,
    /// How often another goes next than the one whose time has come first; no
    /// number for every order there is.
    pub turns: Option<usize>,
    /// Whether one call may go wrong.
    pub fault: bool,
    /// The Lambdas that can be interrupted before every call, without counting.
    pub calls_of: Vec<String>,
}

/// What a run is made of besides its scenario.
#[derive(Clone)]
pub struct Kit {
    /// The workflow.
    pub machine: Rc<Machine>,
    /// The Lambdas.
    pub lambdas: Lambdas,
}

/// Who goes on when one thing follows another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Thread {
    Execution(usize),
    Event(usize),
    Sweep,
    Desk(usize),
    Stray(u64),
}

enum Act {
    Deliver(usize),
    Operate(Operator),
    Grow(u64),
    Invoke {
        caller: Caller,
        name: String,
        payload: Value,
    },
    Fly(u64),
    Report(Caller, crate::lambdas::Answer),
    Begin(String, Value),
    Delayed(usize, u64),
    TimedOut(usize, u64),
    OutOfTime(usize),
}

struct Entry {
    id: u64,
    due: u64,
    latest: u64,
    thread: Thread,
    act: Act,
}

/// A run of a scenario.
pub struct World {
    scenario: Rc<Scenario>,
    kit: Kit,
    bounds: Bounds,
    choices: Choices,
    memory: Rc<Memory>,
    now: u64,
    clock: Clock,
    agenda: Vec<Entry>,
    flights: BTreeMap<u64, Flight>,
    executions: Vec<Execution>,
    last_id: u64,
    last_thread: Option<Thread>,
    interruptions: usize,
    turns: usize,
    may_repeat: bool,
    may_fail: bool,
    is_retired: bool,
    traffic: Traffic,
    ledger: Ledger,
    story: Option<Vec<String>>,
}

/// What came of a run.
pub struct Run {
    /// What was seen.
    pub ledger: Ledger,
    /// What was chosen.
    pub choices: Choices,
    /// What happened, line by line, if it was to be told.
    pub story: Vec<String>,
}

impl Run {
    /// The choices, to have the same run again.
    pub fn sequence(&self) -> Sequence {
        self.choices.sequence()
    }
}

impl World {
    /// A run that has not begun; `tell` for a story.
    pub fn new(
        scenario: &Rc<Scenario>,
        kit: &Kit,
        bounds: &Bounds,
        choices: Choices,
        tell: bool,
    ) -> World {
        let memory = Rc::new(Memory::new());
        memory.pause_before_calls();
        let mut world = World {
            scenario: Rc::clone(scenario),
            kit: kit.clone(),
            bounds: bounds.clone(),
            choices,
            traffic: Traffic::new(scenario),
            memory,
            now: BEGINNING,
            clock: Clock::default(),
            agenda: Vec::new(),
            flights: BTreeMap::new(),
            executions: Vec::new(),
            last_id: 0,
            last_thread: None,
            interruptions: bounds.interruptions,
            turns: bounds.turns.unwrap_or(usize::MAX),
            may_repeat: bounds.twice,
            may_fail: bounds.fault,
            is_retired: false,
            ledger: Ledger::default(),
            story: tell.then(Vec::new),
        };
        world.furnish();
        world
    }

    fn furnish(&mut self) {
        let kind = self.scenario.gateway;
        let addresses =
            |texts: &[&str]| texts.iter().filter_map(|text| text.parse().ok()).collect();
        let watched = if kind == Gateway::Regional {
            Watched::RegionalGateway(GatewayId::from(GATEWAY))
        } else {
            Watched::Interface(InterfaceId::from(INTERFACE))
        };
        if kind != Gateway::Absent {
            self.memory.add_gateway(NatGateway {
                id: GatewayId::from(GATEWAY),
                state: "available".to_owned(),
                regional: kind == Gateway::Regional,
                interface_id: (kind != Gateway::Regional).then(|| InterfaceId::from(INTERFACE)),
                private_addresses: match kind {
                    Gateway::SecondaryAddresses => {
                        addresses(&["10.0.0.220", "10.0.0.221", "10.0.0.222"])
                    }
                    Gateway::Regional => Vec::new(),
                    _ => addresses(&["10.0.0.220"]),
                },
                public_addresses: match kind {
                    Gateway::Private => Vec::new(),
                    _ => addresses(&["198.51.100.9"]),
                },
                vpc: Some("vpc-0a1".to_owned()),
                subnet: Some("subnet-0a1".to_owned()),
                zones: Vec::new(),
            });
        }
        let log_group = match self.scenario.foreign {
            Foreign::Elsewhere => "/somebody/else",
            Foreign::InTheWay => LOG_GROUP,
        };
        let foreign = NewFlowLog {
            watched,
            log_group: log_group.to_owned(),
            role_arn: "arn:aws:iam::123456789012:role/somebody".to_owned(),
            log_format: flow_log_format(),
            aggregation_seconds: 600,
            client_token: "somebody".to_owned(),
            tags: vec![("Name", "somebody's".to_owned())],
        };
        self.memory.add_flow_log(FOREIGN, foreign);
        if self.scenario.foreign == Foreign::InTheWay {
            self.traffic.switched_on(FOREIGN, self.now);
        }
        for trouble in &self.scenario.fault {
            for _ in 0..trouble.times.unwrap_or(ledger::FOR_EVER) {
                self.memory.fail(trouble.operation.0, trouble.kind);
            }
            self.ledger.struck.push(Struck {
                operation: trouble.operation.0,
                kind: Kind::Answer(trouble.kind),
                is_lasting: trouble.times.is_none(),
                lambda: None,
            });
        }
        for index in 0..self.scenario.event.len() {
            let event = self.scenario.event[index].clone();
            let at = BEGINNING + event.at.0;
            if event.delivered > 0 {
                let act = Act::Grow(event.delivered);
                self.plan(at, at + TIMER, Thread::Sweep, act);
                continue;
            }
            match event.operator {
                Some(operator @ (Operator::StartsRecording | Operator::StopsRecording)) => {
                    let latest = at + self.bounds.late + TIMER;
                    let thread = Thread::Desk(index);
                    self.plan(at, latest, thread, Act::Operate(operator));
                }
                Some(operator) => {
                    self.plan(at, at + TIMER, Thread::Sweep, Act::Operate(operator));
                }
                None => self.plan_delivery(index, &event, at + event.delayed.0),
            }
            if let Some(after) = event.again_after {
                self.plan_delivery(index, &event, at + after.0);
            }
        }
    }

    fn plan_delivery(&mut self, index: usize, event: &Event, due: u64) {
        let latest = due.max(BEGINNING + event.at.0 + self.bounds.late);
        self.plan(
            due,
            latest + TIMER,
            Thread::Event(index),
            Act::Deliver(index),
        );
    }

    fn plan(&mut self, due: u64, latest: u64, thread: Thread, act: Act) {
        self.last_id += 1;
        self.agenda.push(Entry {
            id: self.last_id,
            due,
            latest,
            thread,
            act,
        });
    }

    fn tell(&mut self, line: impl FnOnce() -> String) {
        if let Some(story) = &mut self.story {
            let since = self.now - BEGINNING;
            let (seconds, millis) = (since / 1_000, since % 1_000);
            let (hours, minutes, rest) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
            let line = line();
            story.push(format!(
                "{hours:3}:{minutes:02}:{rest:02}.{millis:03}  {line}"
            ));
        }
    }

    /// Runs it to the end.
    pub fn run(mut self) -> Run {
        let mut steps = 0;
        let mut sweeps = 0;
        loop {
            while let Some(entry) = self.take_next() {
                self.advance(entry.due);
                self.last_thread = Some(entry.thread);
                self.perform(entry.thread, entry.act);
                steps += 1;
                if steps > MOST_STEPS {
                    self.ledger.broken.push("it goes on for ever".to_owned());
                    return self.finish();
                }
            }
            if self.is_retired || sweeps == LAST_SWEEPS || !self.something_is_left() {
                return self.finish();
            }
            let due = if sweeps + 1 == LAST_SWEEPS {
                self.when_all_lapsed().max(self.now) + SWEEP_PERIOD
            } else {
                self.now + SWEEP_PERIOD
            };
            sweeps += 1;
            self.plan(due, due, Thread::Sweep, Act::Operate(Operator::Sweeps));
        }
    }

    fn finish(mut self) -> Run {
        self.traffic.catch_up(self.now, &self.memory);
        for (seen, execution) in self.ledger.executions.iter_mut().zip(&self.executions) {
            seen.ended = execution.ended().cloned();
        }
        self.ledger.finish(&self.memory, self.now, &self.traffic);
        Run {
            ledger: self.ledger,
            choices: self.choices,
            story: self.story.unwrap_or_default(),
        }
    }

    fn something_is_left(&self) -> bool {
        let item = self.memory.item(&GatewayId::from(GATEWAY));
        item.is_some_and(|item| item.execution.is_some())
            || self
                .ledger
                .flow_logs
                .iter()
                .any(|seen| seen.deleted.is_none())
    }

    fn when_all_lapsed(&self) -> u64 {
        let item = self.memory.item(&GatewayId::from(GATEWAY));
        let lease = item.map_or(0, |item| item.lease_expires.0);
        let tags = self.memory.flow_logs().into_iter().filter_map(|(_, log)| {
            let tag = log
                .tags
                .into_iter()
                .find(|(key, _)| *key == recorder::step::TAG_EXPIRES)?;
            tag.1.parse().ok()
        });
        tags.fold(lease, u64::max).saturating_mul(SECOND)
    }

    fn advance(&mut self, due: u64) {
        self.now = self.now.max(due);
        self.clock.set(self.now);
        self.traffic.catch_up(self.now, &self.memory);
    }

    /// Chooses among what may happen next.
    fn take_next(&mut self) -> Option<Entry> {
        let horizon = self.agenda.iter().map(|entry| entry.latest).min()?;
        let horizon = horizon.max(self.now);
        self.agenda.sort_by_key(|entry| (entry.due, entry.id));
        let runnable = self
            .agenda
            .iter()
            .take_while(|entry| entry.due <= horizon)
            .count();
        let goes_on = self.agenda[..runnable]
            .iter()
            .position(|entry| Some(entry.thread) == self.last_thread && entry.due <= self.now);
        let own = goes_on.unwrap_or(0);
        // Nobody is interrupted where nobody could go on.
        let is_free = goes_on.is_none() || self.is_by_call(&self.agenda[own].act);
        if self.turns == 0 || !is_free && self.interruptions == 0 {
            return Some(self.agenda.remove(own));
        }
        // The first option is to go on; the others keep their order.
        let picked = match self.choices.pick(runnable) {
            0 => own,
            other => {
                self.turns -= 1;
                self.interruptions -= usize::from(!is_free);
                if other <= own { other - 1 } else { other }
            }
        };
        Some(self.agenda.remove(picked))
    }

    /// Whether it can be interrupted before every call.
    fn is_by_call(&self, act: &Act) -> bool {
        match act {
            Act::Fly(id) => self.flights.get(id).is_some_and(|flight| flight.is_by_call),
            Act::Invoke { name, .. } => self.bounds.calls_of.contains(name),
            _ => false,
        }
    }

    fn perform(&mut self, thread: Thread, act: Act) {
        match act {
            Act::Deliver(index) => self.deliver(index),
            Act::Operate(operator) => self.operate(thread, operator),
            Act::Grow(bytes) => {
                self.tell(|| format!("{bytes} bytes of records more are delivered"));
                self.memory.add_delivered(bytes);
            }
            Act::Invoke {
                caller,
                name,
                payload,
            } => self.invoke(thread, caller, &name, payload),
            Act::Fly(id) => self.fly(id),
            Act::Report(caller, answer) => self.report(thread, caller, answer),
            Act::Begin(name, input) => self.begin(name, input),
            Act::Delayed(index, ticket) => {
                if self.executions[index].delayed(ticket, self.now) {
                    self.tell_state(index, "waited long enough");
                    self.settle(index);
                }
            }
            Act::TimedOut(index, ticket) => {
                let failure = crate::asl::Failure {
                    error: "States.Timeout".to_owned(),
                    cause: None,
                };
                if self.executions[index].answer(ticket, Err(failure), self.now) {
                    self.tell_state(index, "ran into its timeout");
                    self.settle(index);
                }
            }
            Act::OutOfTime(index) => {
                self.executions[index].time_out();
                self.tell_state(index, "took longer than it may");
                self.settle(index);
            }
        }
    }

    fn deliver(&mut self, index: usize) {
        if self.is_retired {
            return;
        }
        let event = self.scenario.event[index].clone();
        let state = event.alarm.clone().unwrap_or_default();
        let at = BEGINNING + event.at.0;
        let Some((_, lambda)) = TARGETS.iter().find(|(name, _)| *name == state) else {
            self.ledger
                .broken
                .push(format!("no rule knows the state {state:?}"));
            return;
        };
        if self.may_repeat && self.choices.pick(2) == 1 {
            self.may_repeat = false;
            let latest = at + self.bounds.late.max(TIMER);
            self.plan(
                self.now,
                latest.max(self.now),
                Thread::Event(index),
                Act::Deliver(index),
            );
        }
        let time =
            DateTime::from_timestamp_millis(i64::try_from(at).unwrap_or(0)).unwrap_or_default();
        let timestamp = time.format("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string();
        let mut alarm = alarm::example(GATEWAY, &state, &timestamp);
        if event.reversed {
            alarm.detail.configuration.metrics.reverse();
        }
        self.tell(|| format!("EventBridge delivers event {} ({state})", index + 1));
        let payload = serde_json::to_value(alarm).unwrap_or_default();
        self.ledger.delivered.push((index, self.now));
        self.call_later(Thread::Event(index), lambda, payload);
    }

    /// An asynchronous call of a Lambda.
    fn call_later(&mut self, thread: Thread, lambda: &str, payload: Value) {
        let caller = Caller::Queue {
            name: lambda.to_owned(),
            payload: payload.clone(),
            attempt: 0,
        };
        let act = Act::Invoke {
            caller,
            name: lambda.to_owned(),
            payload,
        };
        self.plan(self.now, self.now + INVOCATION, thread, act);
    }

    fn operate(&mut self, thread: Thread, operator: Operator) {
        match operator {
            // There is no workflow any more that could be told.
            Operator::StartsRecording | Operator::StopsRecording if self.is_retired => {}
            Operator::StartsRecording => {
                self.tell(|| "somebody begins a recording".to_owned());
                let wish = json!({"gateway": GATEWAY, "execution": "", "at": self.now});
                self.call_later(thread, START, wish);
            }
            Operator::StopsRecording => {
                let holder = self.memory.item(&GatewayId::from(GATEWAY));
                let holder = holder.and_then(|item| item.execution);
                let last = || self.memory.started().pop().map(|(name, _)| name);
                let Some(execution) = holder.or_else(last) else {
                    return self.tell(|| "there is no recording to be stopped".to_owned());
                };
                self.tell(|| format!("somebody stops {execution}"));
                let wish = json!({"gateway": GATEWAY, "execution": execution, "at": self.now});
                self.call_later(thread, STOP, wish);
            }
            Operator::Sweeps => {
                self.tell(|| "the schedule of the sweep strikes".to_owned());
                let limit = self.scenario.stack.recording_limit.to_string();
                let request = json!({"recording_limit": limit});
                self.call_later(Thread::Sweep, SWEEP, request);
            }
            Operator::StopsExecutions => {
                for index in 0..self.executions.len() {
                    if self.executions[index].ended().is_none() {
                        self.abort(index);
                    }
                }
            }
            Operator::DeletesStack => {
                self.tell(|| "somebody deletes the stack".to_owned());
                self.ledger.is_stack_deleted = true;
                // The rules are gone before the custom resource is asked.
                self.agenda
                    .retain(|entry| !matches!(entry.act, Act::Deliver(_)));
                let request = json!({
                    "RequestType": "Delete",
                    "ResponseURL": "https://cloudformation.example/answer",
                    "StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/natspike/1",
                    "RequestId": "request-1",
                    "LogicalResourceId": "Recordings",
                });
                self.call_later(Thread::Sweep, SWEEP, request);
            }
        }
    }

    fn abort(&mut self, index: usize) {
        self.executions[index].abort();
        self.ledger.executions[index].was_stopped = true;
        self.tell_state(index, "is stopped");
        self.settle(index);
    }

    /// CloudFormation was told that everything is closed: the rest goes too.
    fn retire(&mut self) {
        self.is_retired = true;
        self.tell(|| "the stack is gone: no schedule, no rule, no Lambda".to_owned());
        self.agenda.retain(|entry| matches!(entry.act, Act::Fly(_)));
    }

    fn begin(&mut self, name: String, input: Value) {
        let index = self.executions.len();
        self.ledger.executions.push(SeenExecution {
            name: name.clone(),
            is_by_hand: is_by_hand(&input),
            ..SeenExecution::default()
        });
        self.tell(|| format!("execution {name} begins"));
        let execution = Execution::start(&self.kit.machine, &name, input, self.now);
        self.executions.push(execution);
        if let Some(seconds) = self.kit.machine.timeout_seconds {
            let due = self.now + seconds * SECOND;
            self.plan(
                due,
                due + TIMER,
                Thread::Execution(index),
                Act::OutOfTime(index),
            );
        }
        // It was stopped before it came to its first state.
        if self.memory.execution(&name) == Some(ExecutionState::Aborted) {
            self.abort(index);
        } else {
            self.settle(index);
        }
    }

    /// Plans what the execution needs now.
    fn settle(&mut self, index: usize) {
        let execution = &self.executions[index];
        let (ticket, need) = execution.need();
        let need = need.clone();
        let has_ended = execution.ended().is_some();
        let thread = Thread::Execution(index);
        self.agenda.retain(|entry| match &entry.act {
            Act::Delayed(of, _) | Act::TimedOut(of, _) => *of != index,
            Act::OutOfTime(of) => *of != index || !has_ended,
            Act::Invoke { caller, .. } => !caller.is_task_of(index),
            _ => true,
        });
        match need {
            Need::Delay { millis } => {
                let due = self.now + millis;
                self.plan(due, due + TIMER, thread, Act::Delayed(index, ticket));
            }
            Need::Task(request) => {
                let (name, payload, is_waiting) = flight::called(&request);
                let caller = Caller::Task {
                    execution: index,
                    ticket,
                    is_waiting,
                };
                let act = Act::Invoke {
                    caller,
                    name,
                    payload,
                };
                self.plan(self.now, self.now + INVOCATION, thread, act);
                if let Some(millis) = request.timeout_millis {
                    let due = self.now + millis;
                    self.plan(due, due + TIMER, thread, Act::TimedOut(index, ticket));
                }
            }
            Need::Nothing(ended) => self.ended(index, &ended),
        }
    }

    fn ended(&mut self, index: usize, ended: &Ended) {
        let (word, state, is_bad) = match ended {
            Ended::Succeeded(_) => ("succeeds", ExecutionState::Ended, false),
            Ended::Failed(failure) => {
                if failure.is_of_the_workflow() {
                    let cause = failure.cause.clone().unwrap_or_default();
                    self.ledger
                        .broken
                        .push(format!("{}: {cause}", failure.error));
                }
                ("fails", ExecutionState::Ended, true)
            }
            Ended::Aborted => ("is aborted", ExecutionState::Aborted, true),
            Ended::TimedOut => ("times out", ExecutionState::TimedOut, true),
        };
        self.tell_state(index, word);
        let name = self.executions[index].name.clone();
        self.memory.set_execution(&name, state);
        self.ledger.executions[index].ended_at = Some(self.now);
        if is_bad && !self.is_retired {
            let event = json!({"source": "aws.states", "detail": {"name": name}});
            self.call_later(Thread::Sweep, SWEEP, event);
        }
    }

    fn tell_state(&mut self, index: usize, what: &str) {
        if self.story.is_some() {
            let execution = &self.executions[index];
            let line = format!(
                "execution {} {what} (now in {})",
                execution.name,
                execution.state()
            );
            self.tell(|| line);
        }
    }

    /// The execution that waits with the token.
    fn waiting_with(&self, token: &str) -> Option<usize> {
        self.executions
            .iter()
            .position(|execution| execution.token() == Some(token))
    }
}

/// Whether an execution of that input was begun by hand.
fn is_by_hand(input: &Value) -> bool {
    input["event"]["source"] == "natspike"
}

/// Somebody else's flow log.
pub const FOREIGN: &str = "fl-somebody";

fn flow_log_format() -> &'static str {
    traffic::FORMAT
}
