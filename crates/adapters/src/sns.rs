//! Amazon SNS: the mailing list.
//!
//! <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>

use crate::aws::port_error;
use aws_config::SdkConfig;
use aws_sdk_sns::Client;
use recorder::PortError;

/// A topic.
pub struct Topic {
    client: Client,
    arn: String,
}

impl Topic {
    /// The topic of that ARN.
    pub fn new(config: &SdkConfig, arn: String) -> Topic {
        Topic {
            client: Client::new(config),
            arn,
        }
    }
}

impl recorder::port::Topic for Topic {
    async fn publish(&self, subject: &str, body: &str) -> Result<String, PortError> {
        let answer = self
            .client
            .publish()
            .topic_arn(&self.arn)
            .subject(subject)
            .message(body)
            .send()
            .await
            .map_err(|error| port_error("sns", "Publish", error))?;
        Ok(answer.message_id.unwrap_or_default())
    }
}
