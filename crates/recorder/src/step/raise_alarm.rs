//! raise-alarm: an alarm went off.

use super::execution_name;
use crate::StepError;
use crate::alarm::AlarmEvent;
use crate::error::During;
use crate::payload::{ExecutionInput, Raised};
use crate::port::Executions;

/// Starts the execution that records. Its name is that of the gateway and the
/// moment, so an event that is delivered twice is one execution.
///
/// Errors: Invalid where the event names no single gateway; what Step
/// Functions answers.
pub async fn raise_alarm(
    executions: &impl Executions,
    event: &AlarmEvent,
) -> Result<Raised, StepError> {
    let execution = execution_name(event, 1)?;
    let input = ExecutionInput {
        event: event.clone(),
        round: 1,
    };
    let input = serde_json::to_string(&input)
        .map_err(|error| StepError::Invalid(format!("cannot write the input: {error}")))?;
    executions
        .start(&execution, &input)
        .await
        .during("start the execution")?;
    Ok(Raised { execution })
}
