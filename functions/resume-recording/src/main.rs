//! Lambda resume-recording: tells whether a recording goes on whose alarm cleared a while ago.

use adapters::{aws, dynamodb::Table, lambda};
use recorder::{payload::ResumeRecording, step};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    let table = &Table::new(&aws::config().await, lambda::setting("NATSPIKE_TABLE")?);
    lambda::serve(|payload: ResumeRecording| async move {
        step::resume_recording(table, &payload, lambda::now()).await
    })
    .await
}
