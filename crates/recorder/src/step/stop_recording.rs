//! stop-recording: the flow log goes off, the gateway is free.

use super::{insist, owner};
use crate::error::During;
use crate::payload::{Claim, Stop, StopRecording};
use crate::port::{Claims, FlowLogs};
use crate::{EpochSeconds, FlowLogId, StepError};

/// Deletes the flow log of the execution and gives the claim up. A flow log of
/// somebody else, whose records were used, is left alone. Where it is not known
/// whether there is one, those with the execution's tags are deleted.
///
/// A claim that cannot be given up spoils nothing of the recording: a sweep does
/// that once the execution has ended.
///
/// Errors: what the services answer; a flow log may still be there then.
pub async fn stop_recording(
    flow_logs: &impl FlowLogs,
    claims: &impl Claims,
    payload: &StopRecording,
    stack: &str,
    now: impl Fn() -> EpochSeconds,
) -> Result<Stop, StepError> {
    let claim = &payload.claim;
    let flow_log_ids: Vec<FlowLogId> = match &payload.recording {
        Some(recording) if recording.is_ours => vec![recording.flow_log_id.clone()],
        Some(_) => Vec::new(),
        None => left_by(flow_logs, claims, claim, stack).await?,
    };
    if !flow_log_ids.is_empty() {
        flow_logs
            .delete(&flow_log_ids)
            .await
            .during("switch the flow log off")?;
    }
    // The flow log was on until now.
    let stopped = now();
    let release = || claims.release(&claim.gateway, &claim.execution, stopped);
    let released = insist(release).await.ok();
    let known = released.flatten();
    Ok(Stop {
        // An earlier attempt may have done it all and never been heard.
        stopped: known.map_or(stopped, |known| known.stopped),
        flow_log_ids,
        // Whoever stops a recording as its time is over wants no other.
        alarm_is_on: known.is_some_and(|known| known.alarm.is_on() && !known.was_stopped),
        released: released.is_some(),
    })
}

/// The flow logs of an execution of which no more is known than its claim.
async fn left_by(
    flow_logs: &impl FlowLogs,
    claims: &impl Claims,
    claim: &Claim,
    stack: &str,
) -> Result<Vec<FlowLogId>, StepError> {
    let owned = flow_logs.owned(&owner(stack, claim)).await;
    let error = match owned {
        Ok(ids) => return Ok(ids),
        Err(error) => error,
    };
    // The table knows the flow log as soon as the recording was counted.
    let counted = claims.flow_log_of(&claim.gateway, &claim.execution).await;
    match counted {
        Ok(Some(id)) => Ok(vec![id]),
        _ => Err(error).during("find the flow logs of this recording"),
    }
}
