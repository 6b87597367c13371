//! AWS Step Functions: wakes executions that wait.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html>

use crate::aws::port_error;
use aws_config::SdkConfig;
use aws_sdk_sfn::Client;
use aws_sdk_sfn::operation::send_task_success::SendTaskSuccessError;
use recorder::PortError;
use recorder::port::Executions;

/// The client.
pub struct StepFunctions(Client);

impl StepFunctions {
    /// A client with that configuration.
    pub fn new(config: &SdkConfig) -> StepFunctions {
        StepFunctions(Client::new(config))
    }
}

impl Executions for StepFunctions {
    async fn wake(&self, token: &str, output: &str) -> Result<(), PortError> {
        let answer = self
            .0
            .send_task_success()
            .task_token(token)
            .output(output)
            .send()
            .await;
        match answer {
            Ok(_) => Ok(()),
            // It was woken by somebody else, or its time was over.
            Err(error)
                if error.as_service_error().is_some_and(|error| {
                    matches!(
                        error,
                        SendTaskSuccessError::TaskDoesNotExist(_)
                            | SendTaskSuccessError::TaskTimedOut(_)
                    )
                }) =>
            {
                Ok(())
            }
            Err(error) => Err(port_error("states", "SendTaskSuccess", error)),
        }
    }
}
