//! The steps of a recording, one for each Lambda.
//!
//! **Invariants.** A step may run again after any failure, also one that came
//! after its work was done: everything it does is conditional, idempotent or
//! found again by its tags.

mod analyze_recording;
mod await_clearance;
mod claim_gateway;
mod last_recording;
mod prices;
mod raise_alarm;
mod resume_recording;
mod start_recording;
mod stop_recording;
mod sweep_recordings;
mod take_snapshot;

pub use analyze_recording::{AnalysisPorts, analyze_recording};
pub use await_clearance::{await_clearance, clear_alarm};
pub(crate) use await_clearance::{stopped, wake};
pub use claim_gateway::claim_gateway;
pub use raise_alarm::raise_alarm;
pub use resume_recording::resume_recording;
pub use start_recording::{Destination, start_recording};
pub use stop_recording::stop_recording;
pub use sweep_recordings::{SweepPorts, Sweeping, sweep_recordings};
pub use take_snapshot::{SnapshotPorts, estimate, take_snapshot};

use crate::alarm::AlarmEvent;
use crate::payload::Claim;
use crate::port::Owner;
use crate::{PortError, StepError};
use egress::Rate;

/// How long a claim outlives its recording at the most: the time that settling
/// and a retried clean-up take.
const LEASE_MARGIN_SECONDS: u64 = 3_600;

/// The tag that names the stack.
pub const TAG_STACK: &str = "natspike:stack";
/// The tag that names the execution.
pub const TAG_EXECUTION: &str = "natspike:execution";
/// The tag that names the gateway.
pub const TAG_GATEWAY: &str = "natspike:gateway";
/// The tag that says when it was created, in Unix seconds.
pub const TAG_CREATED: &str = "natspike:created";
/// The tag that says when it should be gone by itself, in Unix seconds.
pub const TAG_EXPIRES: &str = "natspike:expires-at";

fn owner(stack: &str, claim: &Claim) -> Owner {
    Owner {
        stack: stack.to_owned(),
        execution: claim.execution.clone(),
    }
}

/// Where something of an execution is kept: report.json, report.html, snapshot.json.
pub fn kept(execution: &str, name: &str) -> String {
    format!("recordings/{execution}/{name}")
}

/// How often a call is tried that is better done now than left to a later sweep.
const TRIES: u32 = 3;

/// Calls until it goes well, a few times at the most; gives the last answer.
async fn insist<T, F>(call: impl Fn() -> F) -> Result<T, PortError>
where
    F: Future<Output = Result<T, PortError>>,
{
    let mut answer = call().await;
    for _ in 1..TRIES {
        if answer.is_ok() {
            break;
        }
        answer = call().await;
    }
    answer
}

/// The name of the execution that records after this event: of the gateway and
/// the moment, and of which recording in a row it is.
fn execution_name(event: &AlarmEvent, round: u64) -> Result<String, StepError> {
    let name = format!("{}-{}", event.gateway()?, event.entered()?.0);
    Ok(match round {
        0 | 1 => name,
        round => format!("{name}-{round}"),
    })
}

/// What a gigabyte of delivered records costs, where that is known.
fn log_rate(claim: &Claim) -> Result<Option<Rate>, StepError> {
    let rate = claim.log_class.rate(&claim.region, &claim.log_rate);
    rate.map_err(|error| {
        StepError::Invalid(format!(
            "failed to price the recording: {error} (in the stack: parameter LogRate)"
        ))
    })
}

/// The number that a parameter of the stack is.
fn number_of(parameter: &str, text: &str) -> Result<u64, StepError> {
    text.trim().parse().map_err(|_| {
        StepError::Invalid(format!(
            "the stack parameter {parameter} is {text:?}; it must be a whole number, 0 or more"
        ))
    })
}
