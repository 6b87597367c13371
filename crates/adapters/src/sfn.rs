//! AWS Step Functions: executions of the workflow, started, woken and stopped.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/apireference/API_Operations.html>

mod past;

pub use past::{Described, Listed};

use crate::aws::port_error;
use aws_config::SdkConfig;
use aws_sdk_sfn::Client;
use aws_sdk_sfn::operation::describe_execution::DescribeExecutionError;
use aws_sdk_sfn::operation::send_task_success::SendTaskSuccessError;
use aws_sdk_sfn::operation::start_execution::StartExecutionError;
use aws_sdk_sfn::operation::stop_execution::StopExecutionError;
use aws_sdk_sfn::types::ExecutionStatus;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use recorder::PortError;
use recorder::port::{ExecutionState, Executions};
use std::error::Error;
use std::fmt;

const SERVICE: &str = "states";

/// The client.
pub struct StepFunctions {
    client: Client,
    machine: String,
}

impl StepFunctions {
    /// A client for whoever only wakes: a token says which execution.
    pub fn new(config: &SdkConfig) -> StepFunctions {
        StepFunctions::of(config, String::new())
    }

    /// A client for the state machine of that ARN.
    pub fn of(config: &SdkConfig, machine: String) -> StepFunctions {
        StepFunctions {
            client: Client::new(config),
            machine,
        }
    }

    /// `arn:…:stateMachine:NAME` and an execution's name make
    /// `arn:…:execution:NAME:EXECUTION`.
    fn arn(&self, execution: &str) -> String {
        let machine = self.machine.replacen(":stateMachine:", ":execution:", 1);
        format!("{machine}:{execution}")
    }
}

impl Executions for StepFunctions {
    async fn start(&self, name: &str, input: &str) -> Result<(), PortError> {
        let answer = self
            .client
            .start_execution()
            .state_machine_arn(&self.machine)
            .name(name)
            .input(input)
            .send()
            .await;
        let is_there = StartExecutionError::is_execution_already_exists;
        unless(answer, "StartExecution", is_there).map(|_| ())
    }

    async fn state_of(&self, name: &str) -> Result<ExecutionState, PortError> {
        let answer = self
            .client
            .describe_execution()
            .execution_arn(self.arn(name))
            .send()
            .await;
        let is_none = DescribeExecutionError::is_execution_does_not_exist;
        let status = unless(answer, "DescribeExecution", is_none)?.map(|answer| answer.status);
        Ok(match status {
            None => ExecutionState::Unknown,
            Some(ExecutionStatus::Succeeded | ExecutionStatus::Failed) => ExecutionState::Ended,
            Some(ExecutionStatus::Aborted) => ExecutionState::Aborted,
            Some(ExecutionStatus::TimedOut) => ExecutionState::TimedOut,
            Some(_) => ExecutionState::Running,
        })
    }

    async fn running(&self) -> Result<Vec<String>, PortError> {
        let mut names = Vec::new();
        let mut next = None;
        loop {
            let answer = self
                .client
                .list_executions()
                .state_machine_arn(&self.machine)
                .status_filter(ExecutionStatus::Running)
                .set_next_token(next)
                .send()
                .await
                .map_err(|error| port_error(SERVICE, "ListExecutions", error))?;
            names.extend(answer.executions.into_iter().map(|found| found.name));
            next = answer.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                return Ok(names);
            }
        }
    }

    async fn stop(&self, name: &str, cause: &str) -> Result<(), PortError> {
        let answer = self
            .client
            .stop_execution()
            .execution_arn(self.arn(name))
            .cause(cause)
            .send()
            .await;
        let is_none = StopExecutionError::is_execution_does_not_exist;
        unless(answer, "StopExecution", is_none).map(|_| ())
    }

    async fn wake(&self, token: &str, output: &str) -> Result<(), PortError> {
        let answer = self
            .client
            .send_task_success()
            .task_token(token)
            .output(output)
            .send()
            .await;
        // It was woken by somebody else, or its time was over.
        let is_over = |error: &SendTaskSuccessError| {
            error.is_task_does_not_exist() || error.is_task_timed_out()
        };
        unless(answer, "SendTaskSuccess", is_over).map(|_| ())
    }
}

/// The answer; `None` where the service refused for a reason that is none here.
fn unless<T, E, R>(
    answer: Result<T, SdkError<E, R>>,
    operation: &'static str,
    is_none: impl FnOnce(&E) -> bool,
) -> Result<Option<T>, PortError>
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    R: fmt::Debug + Send + Sync + 'static,
{
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.as_service_error().is_some_and(is_none) => Ok(None),
        Err(error) => Err(port_error(SERVICE, operation, error)),
    }
}
