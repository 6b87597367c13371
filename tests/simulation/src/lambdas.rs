//! The one table of what belongs to the recorder: its Lambdas, the rules that
//! call them, the operations that can fail, the words of its mails.
//!
//! A Lambda is added with a line in [`Lambdas::recorder`] and its function; an
//! EventBridge target with a line in [`TARGETS`].

use crate::asl::Failure;
use recorder::alarm::AlarmEvent;
use recorder::hand;
use recorder::memory::Memory;
use recorder::payload::{
    AnalyzeRecording, AwaitClearance, ClaimGateway, ResumeRecording, StartRecording, StopRecording,
    SweepRequest, TakeSnapshot,
};
use recorder::step::{self, AnalysisPorts, Destination, SnapshotPorts, SweepPorts, Sweeping};
use recorder::{EpochMillis, EpochSeconds, GatewayId, StepError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

/// The stack's name.
pub const STACK: &str = "natspike";
/// Where recordings go.
pub const LOG_GROUP: &str = "/natspike/simulated";

/// What a Lambda answers, when it does.
pub type Answer = Result<Value, Failure>;
/// A Lambda at work.
pub type Work = Pin<Box<dyn Future<Output = Answer>>>;
/// A Lambda: the world, the clock, its payload.
pub type Lambda = Rc<dyn Fn(Rc<Memory>, Clock, Value) -> Work>;

/// The clock of a run: it goes on while a Lambda waits for its next call.
#[derive(Debug, Clone, Default)]
pub struct Clock(Rc<Cell<u64>>);

impl Clock {
    /// Sets it, in Unix milliseconds.
    pub fn set(&self, millis: u64) {
        self.0.set(millis);
    }

    /// The time.
    pub fn now(&self) -> EpochSeconds {
        EpochSeconds(self.0.get() / 1_000)
    }
}

/// Lambdas by name; `${NameArn}` is theirs in the workflow.
#[derive(Clone)]
pub struct Lambdas(BTreeMap<&'static str, Lambda>);

impl Default for Lambdas {
    fn default() -> Lambdas {
        Lambdas::recorder()
    }
}

impl Lambdas {
    /// The recorder's own.
    pub fn recorder() -> Lambdas {
        Lambdas(BTreeMap::new())
            .with("ClaimGateway", |world, clock, payload| {
                run(payload, async move |payload: ClaimGateway| {
                    step::claim_gateway(&*world, &payload, clock.now()).await
                })
            })
            .with("TakeSnapshot", |world, clock, payload| {
                run(payload, async move |payload: TakeSnapshot| {
                    let ports = SnapshotPorts {
                        ec2: &*world,
                        metrics: &*world,
                        shelf: &*world,
                    };
                    step::take_snapshot(&ports, &payload.claim, clock.now()).await
                })
            })
            .with("StartRecording", |world, clock, payload| {
                run(payload, async move |payload: StartRecording| {
                    step::start_recording(
                        &*world,
                        &*world,
                        &payload.claim,
                        &destination(),
                        clock.now(),
                    )
                    .await
                })
            })
            .with("AwaitClearance", |world, _, payload| {
                run(payload, async move |payload: AwaitClearance| {
                    step::await_clearance(&*world, &*world, &payload).await
                })
            })
            .with("ClearAlarm", |world, _, payload| {
                run(payload, async move |event: AlarmEvent| {
                    step::clear_alarm(&*world, &*world, &event).await
                })
            })
            .with("StopRecording", |world, clock, payload| {
                run(payload, async move |payload: StopRecording| {
                    step::stop_recording(&*world, &*world, &payload, STACK, || clock.now()).await
                })
            })
            .with("AnalyzeRecording", |world, _, payload| {
                run(payload, async move |payload: AnalyzeRecording| {
                    let ports = AnalysisPorts {
                        logs: &*world,
                        metrics: &*world,
                        shelf: &*world,
                        prices: &*world,
                        topic: &*world,
                        chat: None::<&Memory>,
                    };
                    step::analyze_recording(&ports, &payload, STACK).await
                })
            })
            .with("RaiseAlarm", |world, _, payload| {
                run(payload, async move |event: AlarmEvent| {
                    step::raise_alarm(&*world, &event).await
                })
            })
            .with("ResumeRecording", |world, clock, payload| {
                run(payload, async move |payload: ResumeRecording| {
                    step::resume_recording(&*world, &payload, clock.now()).await
                })
            })
            .with("SweepRecordings", |world, clock, payload| {
                run(payload, async move |request: SweepRequest| {
                    let ports = SweepPorts {
                        ec2: &*world,
                        claims: &*world,
                        executions: &*world,
                        topic: &*world,
                        responses: &*world,
                        metrics: &*world,
                    };
                    let sweeping = Sweeping {
                        stack: STACK.to_owned(),
                        log_group: LOG_GROUP.to_owned(),
                        region: "us-east-1".to_owned(),
                    };
                    step::sweep_recordings(&ports, &request, &sweeping, clock.now()).await
                })
            })
            .with(START, |world, _, payload| {
                run(payload, async move |ByHand { gateway, at, .. }: ByHand| {
                    hand::start(&*world, &gateway, "us-east-1", at).await
                })
            })
            .with(STOP, |world, clock, payload| {
                run(payload, async move |by_hand: ByHand| {
                    let ByHand {
                        gateway, execution, ..
                    } = by_hand;
                    let stop = hand::stop(&*world, &*world, &gateway, &execution, clock.now());
                    stop.await.map(|stopped| stopped == hand::Stopped::UnderWay)
                })
            })
    }

    /// With one more Lambda, or another in its place.
    #[must_use]
    pub fn with(
        mut self,
        name: &'static str,
        lambda: impl Fn(Rc<Memory>, Clock, Value) -> Work + 'static,
    ) -> Lambdas {
        self.0.insert(name, Rc::new(lambda));
        self
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.keys().copied()
    }

    /// The Lambda of that name, with the name.
    pub fn find(&self, name: &str) -> Option<(&'static str, Lambda)> {
        let (name, lambda) = self.0.get_key_value(name)?;
        Some((name, Rc::clone(lambda)))
    }
}

fn destination() -> Destination {
    Destination {
        stack: STACK.to_owned(),
        log_group: LOG_GROUP.to_owned(),
        role_arn: "arn:aws:iam::123456789012:role/delivery".to_owned(),
        source_log_group: None,
    }
}

/// What somebody at a desk wants, who tries three times as a queue does.
#[derive(serde::Deserialize)]
struct ByHand {
    gateway: GatewayId,
    execution: String,
    at: EpochMillis,
}

/// What the Lambda runtime does around a step: payload in, named errors out.
pub fn run<P, R, F>(payload: Value, step: impl FnOnce(P) -> F + 'static) -> Work
where
    P: DeserializeOwned,
    R: Serialize,
    F: Future<Output = Result<R, StepError>> + 'static,
{
    let payload: P = match serde_json::from_value(payload) {
        Ok(payload) => payload,
        Err(error) => {
            let reason = format!("failed to read the payload: {error}");
            return Box::pin(async move { Err(lambda_failure("Invalid", &reason)) });
        }
    };
    let work = step(payload);
    Box::pin(async move {
        match work.await {
            Ok(answer) => Ok(serde_json::to_value(answer).unwrap_or(Value::Null)),
            Err(error) => Err(lambda_failure(error.name(), &error.to_string())),
        }
    })
}

/// A function's error as Step Functions sees it.
pub fn lambda_failure(name: &str, message: &str) -> Failure {
    let cause = serde_json::json!({"errorType": name, "errorMessage": message});
    Failure::new(name, cause.to_string())
}

/// The states of an alarm, and the Lambda that the stack's rules call.
pub const TARGETS: [(&str, &str); 3] = [
    ("ALARM", "RaiseAlarm"),
    ("OK", "ClearAlarm"),
    ("INSUFFICIENT_DATA", "ClearAlarm"),
];

/// The Lambda that looks for what was left, called on a schedule, when an
/// execution ends badly and when the stack is deleted.
pub const SWEEP: &str = "SweepRecordings";

/// Somebody begins a recording by hand.
pub const START: &str = "StartByHand";
/// Somebody stops one; true where the stop is under way.
pub const STOP: &str = "StopByHand";

/// Every operation that can be made to fail, as [`Memory`] names it.
pub const OPERATIONS: [&str; 26] = [
    "CreateFlowLogs",
    "DeleteFlowLogs",
    "DescribeExecution",
    "DescribeFlowLogs",
    "DescribeInstances",
    "DescribeNatGateways",
    "DescribeNetworkInterfaces",
    "DescribeRouteTables",
    "DescribeSubnets",
    "DescribeVpcEndpoints",
    "DescribeVpcs",
    "FilterLogEvents",
    "GetItem",
    "GetMetricData",
    "GetObject",
    "GetProducts",
    "ListExecutions",
    "Publish",
    "PutObject",
    "Respond",
    "Scan",
    "SendTaskSuccess",
    "StartExecution",
    "StartQuery",
    "StopExecution",
    "UpdateItem",
];

/// What a mail is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Letter {
    /// The report of a recording.
    Report,
    /// The recording was never begun.
    NotBegun,
    /// The recording broke off.
    Failure,
    /// A flow log may be left behind.
    Leftover,
    /// Recorded, but not analyzed.
    NotAnalyzed,
    /// The execution was stopped or lost; the sweep says so.
    Stopped,
}

impl Letter {
    /// Every one, with its word in the scenarios.
    pub const ALL: [(&'static str, Letter); 6] = [
        ("report", Letter::Report),
        ("not begun", Letter::NotBegun),
        ("failure", Letter::Failure),
        ("leftover", Letter::Leftover),
        ("not analyzed", Letter::NotAnalyzed),
        ("stopped", Letter::Stopped),
    ];

    /// What the mail of that subject is; `None` for a subject nobody knows.
    pub fn of(subject: &str) -> Option<Letter> {
        let endings = [
            ("the recording could not begin", Letter::NotBegun),
            ("the recording failed", Letter::Failure),
            ("a flow log may be left behind", Letter::Leftover),
            ("recorded, but not analyzed", Letter::NotAnalyzed),
            ("nothing recorded", Letter::Report),
            ("was stopped by hand", Letter::Stopped),
            ("took longer than an execution may", Letter::Stopped),
            ("was lost", Letter::Stopped),
        ];
        let found = endings.iter().find(|(end, _)| subject.ends_with(end));
        let is_report = subject.contains("/h, ").then_some(Letter::Report);
        found.map(|(_, letter)| *letter).or(is_report)
    }
}

/// The bytes that the mail of a report says were processed.
pub fn processed(body: &str) -> Option<u128> {
    let line = body
        .lines()
        .find_map(|line| line.trim().strip_prefix("Processed "))?;
    let figure = line.split(" bytes").next()?.trim();
    figure.replace(',', "").parse().ok()
}
