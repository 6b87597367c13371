//! AWS Step Functions: executions of the workflow, started, woken and stopped.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/apireference/API_Operations.html>

use crate::aws::port_error;
use aws_config::SdkConfig;
use aws_sdk_sfn::Client;
use aws_sdk_sfn::operation::describe_execution::DescribeExecutionError;
use aws_sdk_sfn::operation::send_task_success::SendTaskSuccessError;
use aws_sdk_sfn::operation::start_execution::StartExecutionError;
use aws_sdk_sfn::operation::stop_execution::StopExecutionError;
use aws_sdk_sfn::types::ExecutionStatus;
use recorder::PortError;
use recorder::port::{ExecutionState, Executions};

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
        match answer {
            Ok(_) => Ok(()),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(StartExecutionError::is_execution_already_exists) =>
            {
                Ok(())
            }
            Err(error) => Err(port_error(SERVICE, "StartExecution", error)),
        }
    }

    async fn state_of(&self, name: &str) -> Result<ExecutionState, PortError> {
        let answer = self
            .client
            .describe_execution()
            .execution_arn(self.arn(name))
            .send()
            .await;
        match answer {
            Ok(answer) => Ok(match answer.status {
                ExecutionStatus::Succeeded | ExecutionStatus::Failed => ExecutionState::Ended,
                ExecutionStatus::Aborted => ExecutionState::Aborted,
                ExecutionStatus::TimedOut => ExecutionState::TimedOut,
                _ => ExecutionState::Running,
            }),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(DescribeExecutionError::is_execution_does_not_exist) =>
            {
                Ok(ExecutionState::Unknown)
            }
            Err(error) => Err(port_error(SERVICE, "DescribeExecution", error)),
        }
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
        match answer {
            Ok(_) => Ok(()),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(StopExecutionError::is_execution_does_not_exist) =>
            {
                Ok(())
            }
            Err(error) => Err(port_error(SERVICE, "StopExecution", error)),
        }
    }

    async fn wake(&self, token: &str, output: &str) -> Result<(), PortError> {
        let answer = self
            .client
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
            Err(error) => Err(port_error(SERVICE, "SendTaskSuccess", error)),
        }
    }
}
