//! Lambda analyze-recording: analyzes the recording and mails the report.

use adapters::pricing::PriceList;
use adapters::{aws, cloudwatch::CloudWatch, lambda, logs::Logs, s3::Shelf, sns::Topic};
use recorder::payload::AnalyzeRecording;
use recorder::step::{self, AnalysisPorts};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    let config = aws::config().await;
    let chat = lambda::optional_setting("NATSPIKE_CHAT_TOPIC_ARN");
    let chat = chat.map(|arn| Topic::new(&config, arn));
    let ports = &AnalysisPorts {
        logs: &Logs::new(&config),
        metrics: &CloudWatch::new(&config),
        prices: &PriceList::near(&config),
        shelf: &Shelf::new(&config, lambda::setting("NATSPIKE_BUCKET")?),
        topic: &Topic::new(&config, lambda::setting("NATSPIKE_TOPIC_ARN")?),
        chat: chat.as_ref(),
    };
    let stack = &lambda::setting("NATSPIKE_STACK")?;
    lambda::serve(|payload: AnalyzeRecording| async move {
        step::analyze_recording(ports, &payload, stack).await
    })
    .await
}
