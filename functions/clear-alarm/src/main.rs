//! Lambda clear-alarm: wakes the execution that waits for the alarm to clear.

use adapters::{aws, dynamodb::Table, lambda, sfn::StepFunctions};
use recorder::{alarm::AlarmEvent, step};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    let config = aws::config().await;
    let table = &Table::new(&config, lambda::setting("NATSPIKE_TABLE")?);
    let executions = &StepFunctions::new(&config);
    lambda::serve(
        |event: AlarmEvent| async move { step::clear_alarm(table, executions, &event).await },
    )
    .await
}
