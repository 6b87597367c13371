//! The Lambda runtime: payloads in, next payloads or named errors out.
//!
//! **Invariants.** A failure's `errorType` is the step's own error name,
//! because Step Functions matches it; its message is one sentence.

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use recorder::{EpochSeconds, StepError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::future::Future;
use std::time::{SystemTime, UNIX_EPOCH};

pub use lambda_runtime::Error;

/// Serves invocations with the step until the environment is shut down.
///
/// Errors: the Runtime API cannot be reached.
pub async fn serve<P, R, F, S>(step: S) -> Result<(), Error>
where
    P: DeserializeOwned,
    R: Serialize,
    F: Future<Output = Result<R, StepError>>,
    S: Fn(P) -> F,
{
    lambda_runtime::tracing::init_default_subscriber();
    let step = &step;
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| async move {
        let payload = serde_json::from_value(event.payload).map_err(|error| {
            Failure(StepError::Invalid(format!(
                "failed to read the payload: {error}"
            )))
        })?;
        // Boxed: the compiler gives up on futures that are nested too deeply.
        Box::pin(step(payload)).await.map_err(Failure)
    }))
    .await
}

/// A setting from the environment: the name of one of the stack's resources.
///
/// Errors: it is not set, which the template should have done.
pub fn setting(name: &str) -> Result<String, Error> {
    optional_setting(name)
        .ok_or_else(|| format!("the environment lacks {name}; deploy the stack again").into())
}

/// A setting that may be empty.
pub fn optional_setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The time.
pub fn now() -> EpochSeconds {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    EpochSeconds(since.map_or(0, |since| since.as_secs()))
}

#[derive(Debug)]
struct Failure(StepError);

impl From<Failure> for Diagnostic {
    fn from(Failure(error): Failure) -> Diagnostic {
        Diagnostic {
            error_type: error.name().to_owned(),
            error_message: error.to_string(),
        }
    }
}
