//! Lambda stop-recording: switches the flow log off and gives the gateway free.

use adapters::{aws, dynamodb::Table, ec2::Ec2, lambda};
use recorder::{payload::StopRecording, step};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    let config = aws::config().await;
    let ec2 = &Ec2::new(&config);
    let table = &Table::new(&config, lambda::setting("NATSPIKE_TABLE")?);
    let stack = &lambda::setting("NATSPIKE_STACK")?;
    lambda::serve(|payload: StopRecording| async move {
        step::stop_recording(ec2, table, &payload, stack, lambda::now).await
    })
    .await
}
