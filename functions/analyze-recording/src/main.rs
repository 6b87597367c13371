//! Lambda analyze-recording: analyzes the recording and mails the report.

use adapters::{aws, lambda, logs::Logs, sns::Topic};
use recorder::{payload::AnalyzeRecording, step};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    let config = aws::config().await;
    let logs = &Logs::new(&config);
    let topic = &Topic::new(&config, lambda::setting("NATSPIKE_TOPIC_ARN")?);
    let stack = &lambda::setting("NATSPIKE_STACK")?;
    lambda::serve(|payload: AnalyzeRecording| async move {
        step::analyze_recording(logs, topic, &payload, stack).await
    })
    .await
}
