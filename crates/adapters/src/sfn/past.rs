//! Executions that there are, running and past, for whoever looks at them.

use super::{SERVICE, StepFunctions, unless};
use crate::aws::port_error;
use aws_sdk_sfn::operation::describe_execution::DescribeExecutionError;
use aws_sdk_sfn::operation::get_execution_history::GetExecutionHistoryError;
use aws_sdk_sfn::primitives::DateTime;
use aws_sdk_sfn::types::ExecutionStatus;
use recorder::PortError;

/// Executions of a page of a listing, at the most that there may be.
const PAGE: usize = 1_000;
/// Events of a history that are looked at, from its end: retries have several each.
const EVENTS: i32 = 100;

/// An execution of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// `RUNNING`, `SUCCEEDED`, `FAILED`, `TIMED_OUT`, `ABORTED`.
    pub status: String,
    /// When it began, in Unix seconds.
    pub started: u64,
    /// When it ended, in Unix seconds.
    pub ended: Option<u64>,
}

/// An execution with what it was given and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// Its name, status and times.
    pub listed: Listed,
    /// What it was given, as JSON.
    pub input: String,
    /// What it gave, as JSON, if it succeeded.
    pub output: Option<String>,
    /// The name of its error, if it failed.
    pub error: Option<String>,
    /// What is said of the error.
    pub cause: Option<String>,
}

impl StepFunctions {
    /// The latest executions, at most so many, the newest first, and whether there
    /// are older ones.
    pub async fn latest(&self, limit: usize) -> Result<(Vec<Listed>, bool), PortError> {
        let mut found = Vec::new();
        let mut next = None;
        loop {
            // One more tells whether there are older ones.
            let wanted = (limit + 1).saturating_sub(found.len()).clamp(1, PAGE);
            let answer = self
                .client
                .list_executions()
                .state_machine_arn(&self.machine)
                .max_results(i32::try_from(wanted).unwrap_or(i32::MAX))
                .set_next_token(next)
                .send()
                .await
                .map_err(|error| port_error(SERVICE, "ListExecutions", error))?;
            let executions = answer.executions.into_iter();
            found.extend(executions.map(|execution| Listed {
                name: execution.name,
                status: execution.status.as_str().to_owned(),
                started: seconds(&execution.start_date),
                ended: execution.stop_date.as_ref().map(seconds),
            }));
            next = answer.next_token.filter(|token| !token.is_empty());
            if next.is_none() || found.len() > limit {
                break;
            }
        }
        let is_more = next.is_some() || found.len() > limit;
        found.sort_by(|one, other| {
            let key = |it: &Listed| (it.started, it.name.clone());
            key(other).cmp(&key(one))
        });
        found.truncate(limit);
        Ok((found, is_more))
    }

    /// The execution; `None` where there is none of that name, or none any more:
    /// 90 days after its end it is forgotten.
    pub async fn described(&self, name: &str) -> Result<Option<Described>, PortError> {
        let answer = self
            .client
            .describe_execution()
            .execution_arn(self.arn(name))
            .send()
            .await;
        let is_none = |error: &DescribeExecutionError| {
            error.is_execution_does_not_exist() || error.is_invalid_arn()
        };
        let answer = unless(answer, "DescribeExecution", is_none)?;
        Ok(answer.map(|answer| Described {
            listed: Listed {
                name: name.to_owned(),
                status: answer.status.as_str().to_owned(),
                started: seconds(&answer.start_date),
                ended: answer.stop_date.as_ref().map(seconds),
            },
            input: answer.input.unwrap_or_default(),
            output: answer
                .output
                .filter(|_| answer.status == ExecutionStatus::Succeeded),
            error: answer.error,
            cause: answer.cause,
        }))
    }

    /// The document of an execution that has not succeeded: as its last state got it
    /// or gave it. `None` where there is none yet, or no such execution.
    pub async fn document(&self, name: &str) -> Result<Option<String>, PortError> {
        let answer = self
            .client
            .get_execution_history()
            .execution_arn(self.arn(name))
            .reverse_order(true)
            .max_results(EVENTS)
            .send()
            .await;
        let is_none = GetExecutionHistoryError::is_execution_does_not_exist;
        let answer = unless(answer, "GetExecutionHistory", is_none)?;
        let mut events = answer.into_iter().flat_map(|answer| answer.events);
        Ok(events.find_map(|event| {
            let given = event.state_entered_event_details.and_then(|it| it.input);
            let gave = event.state_exited_event_details.and_then(|it| it.output);
            given.or(gave)
        }))
    }
}

fn seconds(time: &DateTime) -> u64 {
    u64::try_from(time.secs()).unwrap_or(0)
}
