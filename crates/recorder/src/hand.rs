//! What somebody at a desk does to recordings: begins one, stops one.
//!
//! Not a step: no Lambda does it, but the same claims and executions, so the
//! same races. A recording that began by hand records for RecordingTime or until
//! it is stopped; no alarm ends it, and none follows it. Stopping is for any
//! recording, whatever it began by.
//!
//! **Invariants.** A stop that was told to be under way is not lost: it is noted
//! in the claim, or the execution was woken. It touches nothing else, so the flow
//! log goes off on the one way that all recordings end.

use crate::alarm::AlarmEvent;
use crate::error::During;
use crate::payload::Raised;
use crate::port::{Claims, ExecutionState, Executions, Stopping};
use crate::step::{raise_alarm, stopped, wake};
use crate::{EpochMillis, EpochSeconds, GatewayId, StepError};

/// What became of the wish that a recording stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// It stops now, or as soon as it has begun.
    UnderWay,
    /// Its recording was over before.
    Over,
}

/// Begins an execution that records the gateway.
///
/// Errors: what Step Functions answers.
pub async fn start(
    executions: &impl Executions,
    gateway: &GatewayId,
    region: &str,
    now: EpochMillis,
) -> Result<Raised, StepError> {
    let event = AlarmEvent::by_hand(gateway, region, now);
    raise_alarm(executions, &event).await
}

/// Stops the recording of the execution, which is then analyzed and mailed. One
/// whose alarm cleared and that goes on for RecordAfterClear ends with that.
///
/// Errors: NotFound where there is no such execution; Conflict where it has not
/// claimed the gateway yet, which it does within seconds: worth another try; what
/// the services answer.
pub async fn stop(
    claims: &impl Claims,
    executions: &impl Executions,
    gateway: &GatewayId,
    execution: &str,
    now: EpochSeconds,
) -> Result<Stopped, StepError> {
    let stopping = claims
        .store_stop(gateway, execution, now)
        .await
        .during("remember that the recording stops")?;
    match stopping {
        Stopping::Waits(token) => {
            wake(executions, &token, stopped(now)).await?;
            Ok(Stopped::UnderWay)
        }
        Stopping::Noted => Ok(Stopped::UnderWay),
        Stopping::Over => Ok(Stopped::Over),
        Stopping::NotHeld => not_held(executions, execution).await,
    }
}

/// What it means that the execution does not have the gateway.
async fn not_held(executions: &impl Executions, execution: &str) -> Result<Stopped, StepError> {
    let state = executions
        .state_of(execution)
        .await
        .during("ask what became of the execution")?;
    match state {
        ExecutionState::Running => Err(StepError::Conflict(format!(
            "{execution} has not claimed its gateway yet; stop it again in a few seconds"
        ))),
        ExecutionState::Unknown => Err(StepError::NotFound(format!(
            "there is no execution {execution}; natspike record list shows those that there are"
        ))),
        ExecutionState::Ended | ExecutionState::Aborted | ExecutionState::TimedOut => {
            Ok(Stopped::Over)
        }
    }
}
