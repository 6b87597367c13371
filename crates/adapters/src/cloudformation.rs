//! AWS CloudFormation: what a stack was deployed with and gave.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html>

use crate::aws::port_error;
use aws_config::SdkConfig;
use aws_sdk_cloudformation::Client;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use recorder::PortError;
use std::collections::BTreeMap;

const SERVICE: &str = "cloudformation";

/// The client.
pub struct CloudFormation(Client);

/// A stack that is there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deployed {
    /// `CREATE_COMPLETE`, `UPDATE_IN_PROGRESS`, ….
    pub status: String,
    /// Its outputs by name.
    pub outputs: BTreeMap<String, String>,
    /// Its parameters by name.
    pub parameters: BTreeMap<String, String>,
}

impl CloudFormation {
    /// A client with that configuration.
    pub fn new(config: &SdkConfig) -> CloudFormation {
        CloudFormation(Client::new(config))
    }

    /// The stack of that name; `None` where there is none, or none any more.
    pub async fn stack(&self, name: &str) -> Result<Option<Deployed>, PortError> {
        let answer = self.0.describe_stacks().stack_name(name).send().await;
        let answer = match answer {
            Ok(answer) => answer,
            // The one error of this call that says so, by its message alone.
            Err(error)
                if error.code() == Some("ValidationError")
                    && error
                        .message()
                        .is_some_and(|said| said.contains("does not exist")) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(port_error(SERVICE, "DescribeStacks", error)),
        };
        let Some(stack) = answer.stacks.unwrap_or_default().into_iter().next() else {
            return Ok(None);
        };
        let status = stack.stack_status.as_ref();
        let status = status.map_or_else(String::new, |status| status.as_str().to_owned());
        let outputs = stack.outputs.unwrap_or_default().into_iter();
        let parameters = stack.parameters.unwrap_or_default().into_iter();
        Ok(Some(Deployed {
            status,
            outputs: outputs
                .filter_map(|it| it.output_key.zip(it.output_value))
                .collect(),
            parameters: parameters
                .filter_map(|it| it.parameter_key.zip(it.parameter_value))
                .collect(),
        }))
    }
}
