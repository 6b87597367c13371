//! resume-recording: whether a recording goes on whose alarm cleared a while ago.

use crate::error::During;
use crate::payload::{Resume, ResumeRecording};
use crate::port::Claims;
use crate::{EpochSeconds, StepError};

/// Whether the alarm went off again, and how long the recording may still take.
///
/// Errors: what the table answers.
pub async fn resume_recording(
    claims: &impl Claims,
    payload: &ResumeRecording,
    now: EpochSeconds,
) -> Result<Resume, StepError> {
    let ResumeRecording { claim, recording } = payload;
    let alarm = claims
        .alarm_state(&claim.gateway)
        .await
        .during("ask whether the alarm went off again")?;
    let end = recording.started.plus(claim.await_seconds);
    let seconds = end.0.saturating_sub(now.0);
    Ok(Resume {
        again: alarm.is_on() && seconds > 0,
        seconds,
    })
}
