//! await-clearance and clear-alarm: the execution that waits and the alarm that
//! clears, or somebody who stops the recording, whichever comes first.

use crate::alarm::AlarmEvent;
use crate::error::During;
use crate::payload::{AwaitClearance, Cleared, EndReason, Ending};
use crate::port::{Claims, Executions, Over};
use crate::{EpochMillis, EpochSeconds, StepError};

/// Stores the execution's token. Where the alarm has cleared or the recording was
/// stopped in the meantime, nobody else would use it: then the execution is woken
/// at once.
///
/// Errors: Conflict where the claim is no longer the execution's; what the
/// services answer.
pub async fn await_clearance(
    claims: &impl Claims,
    executions: &impl Executions,
    payload: &AwaitClearance,
) -> Result<(), StepError> {
    let claim = &payload.claim;
    let known = claims
        .store_token(
            &claim.gateway,
            &claim.execution,
            claim.generation,
            &payload.task_token,
        )
        .await
        .during("store the task token")?;
    let ending = match known {
        Some(Over::Cleared(at)) => cleared(at),
        Some(Over::Stopped(at)) => stopped(at),
        None => return Ok(()),
    };
    wake(executions, &payload.task_token, ending).await
}

/// Remembers that the alarm cleared, and wakes the execution that waits for it.
///
/// Errors: Invalid where the event names no single gateway; what the services
/// answer.
pub async fn clear_alarm(
    claims: &impl Claims,
    executions: &impl Executions,
    event: &AlarmEvent,
) -> Result<Cleared, StepError> {
    let at = event.entered()?;
    let token = claims
        .store_clearance(&event.gateway()?, at)
        .await
        .during("remember that the alarm cleared")?;
    if let Some(token) = &token {
        wake(executions, token, cleared(at)).await?;
    }
    Ok(Cleared {
        woken: token.is_some(),
    })
}

fn cleared(at: EpochMillis) -> Ending {
    Ending {
        reason: EndReason::Cleared,
        at: Some(EpochSeconds(at.0 / 1_000)),
    }
}

pub(crate) fn stopped(at: EpochSeconds) -> Ending {
    Ending {
        reason: EndReason::Stopped,
        at: Some(at),
    }
}

/// Wakes the execution that waits with the token.
pub(crate) async fn wake(
    executions: &impl Executions,
    token: &str,
    ending: Ending,
) -> Result<(), StepError> {
    let output = serde_json::to_string(&ending)
        .map_err(|error| StepError::Invalid(format!("cannot write the ending: {error}")))?;
    executions
        .wake(token, &output)
        .await
        .during("wake the execution")
}
