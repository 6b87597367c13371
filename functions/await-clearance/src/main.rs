//! Lambda await-clearance: stores the task token that wakes the execution when the alarm clears.

use adapters::{aws, dynamodb::Table, lambda, sfn::StepFunctions};
use recorder::{payload::AwaitClearance, step};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    let config = aws::config().await;
    let table = &Table::new(&config, lambda::setting("NATSPIKE_TABLE")?);
    let executions = &StepFunctions::new(&config);
    lambda::serve(|payload: AwaitClearance| async move {
        step::await_clearance(table, executions, &payload).await
    })
    .await
}
