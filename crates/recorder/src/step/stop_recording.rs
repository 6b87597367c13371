//! stop-recording: the flow log goes off, the gateway is free.

use super::owner;
use crate::error::During;
use crate::payload::{Stop, StopRecording};
use crate::port::{AlarmState, Claims, FlowLogs};
use crate::{EpochSeconds, StepError};

/// Deletes every flow log of the execution and gives the claim up. A flow log
/// of somebody else, whose records were used, is left alone.
///
/// Errors: what the services answer; the claim is kept where a flow log may
/// still be there.
pub async fn stop_recording(
    flow_logs: &impl FlowLogs,
    claims: &impl Claims,
    payload: &StopRecording,
    stack: &str,
    now: EpochSeconds,
) -> Result<Stop, StepError> {
    let claim = &payload.claim;
    let mut flow_log_ids = flow_logs
        .owned(&owner(stack, claim))
        .await
        .during("find the flow logs of this recording")?;
    let known = payload.recording.as_ref().filter(|r| r.is_ours);
    flow_log_ids.extend(known.map(|r| r.flow_log_id.clone()));
    flow_log_ids.sort();
    flow_log_ids.dedup();
    if !flow_log_ids.is_empty() {
        flow_logs
            .delete(&flow_log_ids)
            .await
            .during("switch the flow log off")?;
    }
    let alarm = claims
        .release(&claim.gateway, &claim.execution)
        .await
        .during("give the gateway free")?;
    Ok(Stop {
        stopped: now,
        flow_log_ids,
        alarm_is_on: alarm.is_some_and(AlarmState::is_on),
    })
}
