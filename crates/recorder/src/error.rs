//! Errors of ports and steps, with the names that the state machine matches.
//!
//! **Invariants.** [`StepError::name`] is an interface: `ErrorEquals` in
//! statemachine/recorder.asl.json lists these names.

use std::error::Error;
use std::fmt;

/// What kind of failure a service call met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// The thing does not exist.
    NotFound,
    /// The role may not do that.
    Denied,
    /// Too many calls; worth another try.
    Throttled,
    /// Something else is already there, or a condition did not hold.
    Conflict,
    /// The request itself is wrong.
    Invalid,
    /// No answer, or the service failed; worth another try.
    Unavailable,
}

impl FaultKind {
    /// The stable name, as the state machine matches it.
    pub fn name(self) -> &'static str {
        match self {
            FaultKind::NotFound => "NotFound",
            FaultKind::Denied => "Denied",
            FaultKind::Throttled => "Throttled",
            FaultKind::Conflict => "Conflict",
            FaultKind::Invalid => "Invalid",
            FaultKind::Unavailable => "Unavailable",
        }
    }
}

/// A service call that failed.
#[derive(Debug)]
pub struct PortError {
    /// The service, as IAM spells it (`ec2`).
    pub service: &'static str,
    /// The operation, as the API spells it (`CreateFlowLogs`).
    pub operation: &'static str,
    /// What kind of failure.
    pub kind: FaultKind,
    /// What the service or the SDK said.
    pub source: Box<dyn Error + Send + Sync>,
}

impl fmt::Display for PortError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let advice = match self.kind {
            FaultKind::NotFound => "what it needs does not exist",
            FaultKind::Denied => "the function's role may not do that",
            FaultKind::Throttled => "too many calls at once",
            FaultKind::Conflict => "something else is already there",
            FaultKind::Invalid => "the request is not accepted",
            FaultKind::Unavailable => "no usable answer",
        };
        write!(
            f,
            "{}:{}: {advice}: {}",
            self.service, self.operation, self.source
        )
    }
}

impl Error for PortError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}

/// Why a step did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// A service call failed.
    #[error("failed to {task}: {error}")]
    Port {
        /// What the step was about to do, after "failed to".
        task: &'static str,
        /// The failure.
        error: PortError,
    },
    /// The payload or what a service answered cannot be worked with.
    #[error("{0}")]
    Invalid(String),
    /// Something that should be there is not.
    #[error("{0}")]
    NotFound(String),
    /// Somebody else holds what this step needs.
    #[error("{0}")]
    Conflict(String),
}

impl StepError {
    /// The stable name: `errorType` of the Lambda, matched by the state machine.
    pub fn name(&self) -> &'static str {
        match self {
            StepError::Port { error, .. } => error.kind.name(),
            StepError::Invalid(_) => FaultKind::Invalid.name(),
            StepError::NotFound(_) => FaultKind::NotFound.name(),
            StepError::Conflict(_) => FaultKind::Conflict.name(),
        }
    }
}

impl StepError {
    /// Whether it is worth another try.
    pub fn may_pass(&self) -> bool {
        let passing = [FaultKind::Throttled, FaultKind::Unavailable];
        passing.iter().any(|kind| kind.name() == self.name())
    }
}

/// Says what a failed call was for.
pub(crate) trait During<T> {
    /// `task` fits after "failed to".
    fn during(self, task: &'static str) -> Result<T, StepError>;
}

impl<T> During<T> for Result<T, PortError> {
    fn during(self, task: &'static str) -> Result<T, StepError> {
        self.map_err(|error| StepError::Port { task, error })
    }
}
