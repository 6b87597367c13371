//! Lambda raise-alarm: starts the execution that records the spike.

use adapters::{aws, lambda, sfn::StepFunctions};
use recorder::{alarm::AlarmEvent, step};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    let machine = lambda::setting("NATSPIKE_STATE_MACHINE_ARN")?;
    let executions = &StepFunctions::of(&aws::config().await, machine);
    lambda::serve(|event: AlarmEvent| async move { step::raise_alarm(executions, &event).await })
        .await
}
