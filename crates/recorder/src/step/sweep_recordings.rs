//! sweep-recordings: nothing of ours is left behind, whatever became of the
//! execution that made it.
//!
//! Runs on a schedule, when an execution ends badly, and once more before the
//! stack is deleted. An orphan is a flow log or a claim whose execution is not
//! under way, or whose lease has lapsed. A recording under way that has become
//! larger than it may be is ended as if its time were over.
//!
//! **Invariants.** Only what carries the stack's tag is deleted. One failure
//! does not keep the sweep from the rest; the first is returned in the end. A
//! claim is closed by one sweep at a time, and given up last: whoever comes
//! later finds what an earlier sweep did not finish.

use super::await_clearance::wake;
use super::{TAG_CREATED, TAG_EXECUTION, TAG_EXPIRES, TAG_STACK, insist, number_of};
use crate::error::During;
use crate::payload::{EndReason, Ending, StackRequest, SweepRequest, Swept};
use crate::port::{
    Claims, ExecutionState, Executions, FlowLogs, FoundFlowLog, Held, Metrics, Responses, Topic,
};
use crate::{EpochSeconds, FlowLogId, StepError};
use std::collections::BTreeMap;

/// For how long a claim is one sweep's to close: longer than a Lambda runs.
const SEIZE_SECONDS: u64 = 120;
/// What executions are stopped with before the stack goes.
const CAUSE: &str = "the stack is being deleted";
/// The custom resource's physical id: there is one for a stack.
const PHYSICAL_ID: &str = "recordings";

/// Whose recordings are swept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sweeping {
    /// The stack's name.
    pub stack: String,
    /// Where its recordings are.
    pub log_group: String,
    /// The region.
    pub region: String,
}

/// What a sweep needs of the world.
pub struct SweepPorts<'a, F, C, E, T, R, M> {
    /// Flow logs.
    pub ec2: &'a F,
    /// Claims.
    pub claims: &'a C,
    /// Executions.
    pub executions: &'a E,
    /// The mailing list.
    pub topic: &'a T,
    /// Answers to CloudFormation.
    pub responses: &'a R,
    /// How much was delivered.
    pub metrics: &'a M,
}

/// Does what the request asks for: sweeps, or ends everything because the stack
/// is being deleted, and tells CloudFormation how that went.
///
/// Errors: what the services answer.
pub async fn sweep_recordings(
    ports: &SweepPorts<
        '_,
        impl FlowLogs,
        impl Claims,
        impl Executions,
        impl Topic,
        impl Responses,
        impl Metrics,
    >,
    request: &SweepRequest,
    sweeping: &Sweeping,
    now: EpochSeconds,
) -> Result<Swept, StepError> {
    match request {
        SweepRequest::Stack(request) => {
            let done = match request.request_type.as_str() {
                "Delete" => retire_stack(ports, &sweeping.stack, now).await,
                // A role that is seconds old may not do it yet: without an answer
                // Lambda tries again, and CloudFormation waits.
                _ => Ok(welcome_stack(ports).await?),
            };
            let answer = answer(request, done.as_ref().err());
            ports
                .responses
                .respond(&request.response_url, &answer)
                .await
                .during("tell CloudFormation")?;
            // It was told of a failure and says so to whoever deletes the stack.
            Ok(done.unwrap_or_default())
        }
        SweepRequest::Schedule(_) | SweepRequest::Other(_) => {
            let mut sweep = Sweep {
                limit_bytes: limit_bytes(request)?,
                ports,
                sweeping,
                now,
                states: BTreeMap::new(),
                swept: Swept::default(),
                failure: None,
            };
            sweep.run().await;
            match sweep.failure {
                Some(error) => Err(error),
                None => Ok(sweep.swept),
            }
        }
    }
}

/// How many bytes of records may be delivered during a recording, if the request
/// says so.
fn limit_bytes(request: &SweepRequest) -> Result<Option<u64>, StepError> {
    let SweepRequest::Schedule(schedule) = request else {
        return Ok(None);
    };
    let gigabytes = number_of("RecordingLimit", &schedule.recording_limit)?;
    let bytes = gigabytes.saturating_mul(egress::BYTES_PER_GB);
    Ok(Some(bytes).filter(|bytes| *bytes > 0))
}

fn answer(request: &StackRequest, failure: Option<&StepError>) -> String {
    serde_json::json!({
        "Status": if failure.is_some() { "FAILED" } else { "SUCCESS" },
        "Reason": failure.map_or_else(String::new, |error| format!(
            "flow logs may be left behind, so the stack is kept: {error}; delete it again"
        )),
        "PhysicalResourceId": PHYSICAL_ID,
        "StackId": request.stack_id,
        "RequestId": request.request_id,
        "LogicalResourceId": request.logical_resource_id,
    })
    .to_string()
}

/// The stack is made, or stays although its deletion had begun.
async fn welcome_stack<F, C: Claims, E, T, R, M>(
    ports: &SweepPorts<'_, F, C, E, T, R, M>,
) -> Result<Swept, StepError> {
    ports
        .claims
        .retire(false)
        .await
        .during("remember that the stack is there")?;
    Ok(Swept::default())
}

/// Ends every recording of the stack, and bars those that are about to begin:
/// an alarm may still be on its way to a function. Claims go first, so that a
/// step that is about to switch a flow log on cannot confirm it and switches it
/// off again.
///
/// Errors: what the services answer; something may be left then.
async fn retire_stack<F: FlowLogs, C: Claims, E: Executions, T, R, M>(
    ports: &SweepPorts<'_, F, C, E, T, R, M>,
    stack: &str,
    now: EpochSeconds,
) -> Result<Swept, StepError> {
    let SweepPorts {
        ec2,
        claims,
        executions,
        ..
    } = ports;
    claims
        .retire(true)
        .await
        .during("remember that the stack is being deleted")?;
    let running = executions
        .running()
        .await
        .during("find the executions under way")?;
    for execution in running {
        executions
            .stop(&execution, CAUSE)
            .await
            .during("stop an execution")?;
    }
    let mut swept = Swept::default();
    for held in claims.held().await.during("find the claims")? {
        claims
            .release(&held.gateway, &held.execution, now)
            .await
            .during("give a gateway free")?;
        swept.closed.push(held.gateway);
    }
    let left = ec2.of_stack(stack).await.during("find the flow logs")?;
    swept.deleted = left.into_iter().map(|flow_log| flow_log.id).collect();
    if !swept.deleted.is_empty() {
        ec2.delete(&swept.deleted)
            .await
            .during("switch flow logs off")?;
    }
    Ok(swept)
}

/// Subject and body.
type Mail = (String, String);

/// Why it is not known which flow logs there are, and whether that may pass.
struct Unknown {
    why: String,
    passes: bool,
}

struct Sweep<'a, F, C, E, T, R, M> {
    ports: &'a SweepPorts<'a, F, C, E, T, R, M>,
    sweeping: &'a Sweeping,
    now: EpochSeconds,
    /// How many bytes of records may be delivered during a recording.
    limit_bytes: Option<u64>,
    states: BTreeMap<String, ExecutionState>,
    swept: Swept,
    failure: Option<StepError>,
}

impl<F: FlowLogs, C: Claims, E: Executions, T: Topic, R, M: Metrics> Sweep<'_, F, C, E, T, R, M> {
    async fn run(&mut self) {
        // Claims first: one that is taken in between then has no orphan here.
        let held = self.ports.claims.held().await.during("find the claims");
        // Flow logs say themselves whose they are.
        let held = held.unwrap_or_else(|error| {
            self.note(error);
            Vec::new()
        });
        let found = self.ports.ec2.of_stack(&self.sweeping.stack).await;
        let found = found.during("find the flow logs of the stack");
        // The claims know most of them, too.
        let unknown = found.as_ref().err().map(|error| Unknown {
            why: error.to_string(),
            passes: error.may_pass(),
        });
        let found = found.unwrap_or_else(|error| {
            self.note(error);
            Vec::new()
        });
        let mut orphans: BTreeMap<String, Vec<FoundFlowLog>> = BTreeMap::new();
        let mut begun: BTreeMap<String, EpochSeconds> = BTreeMap::new();
        for flow_log in found {
            let execution = flow_log.tags.get(TAG_EXECUTION).cloned();
            let execution = execution.unwrap_or_default();
            match self.is_over(&execution, expires(&flow_log)).await {
                Ok(true) => orphans.entry(execution).or_default().push(flow_log),
                Ok(false) => {
                    let created = number(&flow_log, TAG_CREATED).map(EpochSeconds);
                    begun.extend(created.map(|created| (execution, created)));
                }
                Err(error) => self.note(error),
            }
        }
        for held in held {
            match self.is_over(&held.execution, held.lease_expires).await {
                Ok(true) => {
                    let flow_logs = orphans.remove(&held.execution).unwrap_or_default();
                    let closed = self.close(&held, &flow_logs, unknown.as_ref()).await;
                    self.note_failure(closed);
                }
                Ok(false) => {
                    let limited = self.limit(&held, begun.get(&held.execution)).await;
                    self.note_failure(limited);
                }
                Err(error) => self.note(error),
            }
        }
        for flow_logs in orphans.into_values() {
            let deleted = self.delete(&ids(&flow_logs)).await;
            self.note_failure(deleted);
        }
    }

    /// Ends a recording under way that has had as many bytes as it may have. The
    /// log group is one for all gateways, so what others record meanwhile counts.
    async fn limit(&self, held: &Held, begun: Option<&EpochSeconds>) -> Result<(), StepError> {
        let (Some(most), Some(token), Some(begun)) = (self.limit_bytes, &held.token, begun) else {
            return Ok(());
        };
        let delivered = self
            .ports
            .metrics
            .delivered(&self.sweeping.log_group, *begun, self.now)
            .await
            .during("ask how much was recorded")?;
        if delivered < most {
            return Ok(());
        }
        wake(
            self.ports.executions,
            token,
            Ending {
                reason: EndReason::Limit,
                at: Some(self.now),
            },
        )
        .await
    }

    /// Whether what the execution made is an orphan.
    async fn is_over(&mut self, execution: &str, expires: EpochSeconds) -> Result<bool, StepError> {
        Ok(expires < self.now || self.state(execution).await? != ExecutionState::Running)
    }

    async fn state(&mut self, execution: &str) -> Result<ExecutionState, StepError> {
        if execution.is_empty() {
            return Ok(ExecutionState::Unknown);
        }
        if let Some(state) = self.states.get(execution) {
            return Ok(*state);
        }
        let state = self
            .ports
            .executions
            .state_of(execution)
            .await
            .during("ask what became of an execution")?;
        self.states.insert(execution.to_owned(), state);
        Ok(state)
    }

    /// Ends what is left of a claim; `unknown` says why it is not known which
    /// flow logs there are.
    async fn close(
        &mut self,
        held: &Held,
        flow_logs: &[FoundFlowLog],
        unknown: Option<&Unknown>,
    ) -> Result<(), StepError> {
        // First of all, and by every sweep: it does no harm twice.
        let (deleted, may_pass) = match unknown {
            Some(Unknown { why, passes }) if held.flow_log.is_none() => {
                let why = format!("it is not known whether a flow log is left: {why}");
                (Err(StepError::NotFound(why)), *passes)
            }
            _ => {
                let deleted = self.delete_of(held, flow_logs).await;
                let may_pass = deleted.as_ref().is_err_and(StepError::may_pass);
                (deleted, may_pass)
            }
        };
        let is_ours = self
            .ports
            .claims
            .seize(&held.gateway, &held.execution, self.now, SEIZE_SECONDS)
            .await
            .during("take over the claim of a recording that is over")?;
        if !is_ours {
            return deleted.map(|_| ());
        }
        let has_lapsed = held.lease_expires < self.now;
        let state = match self.state(&held.execution).await {
            Ok(state) => state,
            // It had all its time, and nobody can say what became of it.
            Err(error) if has_lapsed => {
                self.note(error);
                ExecutionState::Unknown
            }
            Err(error) => return Err(error),
        };
        if let Some(what) = untold(state)
            && !held.told
        {
            let mail = match &deleted {
                Ok(ids) => Some(self.mail(held, flow_logs, ids, what)),
                // The next sweep will do it, unless it has not passed for long.
                Err(_) if may_pass && !has_lapsed => None,
                Err(error) => Some(self.leftover_mail(held, error, what)),
            };
            if let Some(mail) = mail {
                self.tell(held, &mail).await?;
            }
        }
        deleted?;
        self.ports
            .claims
            .release(&held.gateway, &held.execution, self.now)
            .await
            .during("give a gateway free")?;
        self.swept.closed.push(held.gateway.clone());
        Ok(())
    }

    /// Mails, and remembers that it did, so that the next sweep does not again.
    async fn tell(&self, held: &Held, (subject, body): &Mail) -> Result<(), StepError> {
        self.ports
            .topic
            .publish(subject, body)
            .await
            .during("mail what became of a recording")?;
        insist(|| self.ports.claims.mark_told(&held.gateway, &held.execution))
            .await
            .during("remember what was mailed")
    }

    /// Deletes what was found of a claim's execution and what the claim knows of;
    /// says what that was.
    async fn delete_of(
        &mut self,
        held: &Held,
        flow_logs: &[FoundFlowLog],
    ) -> Result<Vec<FlowLogId>, StepError> {
        let mut ids = ids(flow_logs);
        ids.extend(held.flow_log.clone());
        ids.sort();
        ids.dedup();
        self.delete(&ids).await?;
        Ok(ids)
    }

    async fn delete(&mut self, ids: &[FlowLogId]) -> Result<(), StepError> {
        if ids.is_empty() {
            return Ok(());
        }
        insist(|| self.ports.ec2.delete(ids))
            .await
            .during("switch an orphaned flow log off")?;
        self.swept.deleted.extend(ids.iter().cloned());
        Ok(())
    }

    fn mail(&self, held: &Held, flow_logs: &[FoundFlowLog], ids: &[FlowLogId], what: &str) -> Mail {
        let Sweeping {
            log_group, region, ..
        } = self.sweeping;
        let gateway = &held.gateway;
        let fate = match ids {
            [] => "none had been switched on".to_owned(),
            ids => format!("{} is deleted", joined(ids)),
        };
        let since = flow_logs
            .iter()
            .filter_map(|found| number(found, TAG_CREATED))
            .min()
            .map_or(String::new(), |created| format!(" --since {created}"));
        let body = format!(
            "The recording of {gateway} {what} before its report was made.\n\n\
             Execution  {}\n\
             Flow log   {fate}\n\n\
             Nothing is being billed for it any longer. Whatever was recorded is kept in\n\
             the log group\n{log_group}\n\
             This reports on it:\n\n\
             natspike analyze logs://{log_group} --region {region}{since}\n",
            held.execution
        );
        (format!("NAT spike {gateway}: the recording {what}"), body)
    }

    fn leftover_mail(&self, held: &Held, error: &StepError, what: &str) -> Mail {
        let Sweeping { stack, region, .. } = self.sweeping;
        let (gateway, execution) = (&held.gateway, &held.execution);
        let body = format!(
            "The recording of {gateway} {what} before its report was made.\n\
             A flow log may still be running and BILLING. natspike tries to delete it\n\
             every few minutes. To be sure, or to do it now:\n\n\
             This prints the ids of what is left:\n\n\
             aws ec2 describe-flow-logs --region {region} --filter \
             Name=tag:{TAG_STACK},Values={stack} Name=tag:{TAG_EXECUTION},Values={execution} \
             --query \"FlowLogs[].FlowLogId\" --output text\n\n\
             This deletes them; put the ids in the place of IDS:\n\n\
             aws ec2 delete-flow-logs --region {region} --flow-log-ids IDS\n\n\
             Error      {}\n\
             Cause      {error}\n\
             Execution  {execution}\n",
            error.name()
        );
        let subject = format!("NAT spike {gateway}: a flow log may be left behind");
        (subject, body)
    }

    fn note(&mut self, error: StepError) {
        self.failure.get_or_insert(error);
    }

    fn note_failure(&mut self, done: Result<(), StepError>) {
        if let Err(error) = done {
            self.note(error);
        }
    }
}

fn ids(flow_logs: &[FoundFlowLog]) -> Vec<FlowLogId> {
    flow_logs.iter().map(|found| found.id.clone()).collect()
}

fn joined(ids: &[FlowLogId]) -> String {
    let ids: Vec<&str> = ids.iter().map(|id| id.0.as_str()).collect();
    ids.join(", ")
}

/// What happened to the execution, if it could not tell itself.
fn untold(state: ExecutionState) -> Option<&'static str> {
    match state {
        ExecutionState::Aborted => Some("was stopped by hand"),
        ExecutionState::TimedOut => Some("took longer than an execution may"),
        ExecutionState::Unknown => Some("was lost"),
        ExecutionState::Running | ExecutionState::Ended => None,
    }
}

/// When the flow log lapses; one that does not say has lapsed.
fn expires(flow_log: &FoundFlowLog) -> EpochSeconds {
    EpochSeconds(number(flow_log, TAG_EXPIRES).unwrap_or(0))
}

fn number(flow_log: &FoundFlowLog, tag: &str) -> Option<u64> {
    flow_log.tags.get(tag)?.parse().ok()
}
