//! Lambda start-recording: switches a flow log on for the gateway.

use adapters::{aws, dynamodb::Table, ec2::Ec2, lambda};
use recorder::payload::StartRecording;
use recorder::step::{self, Destination};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    let config = aws::config().await;
    let ec2 = &Ec2::new(&config);
    let table = &Table::new(&config, lambda::setting("NATSPIKE_TABLE")?);
    let destination = &Destination {
        stack: lambda::setting("NATSPIKE_STACK")?,
        log_group: lambda::setting("NATSPIKE_LOG_GROUP")?,
        role_arn: lambda::setting("NATSPIKE_FLOW_LOG_ROLE_ARN")?,
        source_log_group: lambda::optional_setting("NATSPIKE_SOURCE_LOG_GROUP"),
    };
    lambda::serve(|payload: StartRecording| async move {
        step::start_recording(ec2, table, &payload.claim, destination, lambda::now()).await
    })
    .await
}
