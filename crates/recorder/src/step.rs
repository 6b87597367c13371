//! The steps of a recording, one for each Lambda.
//!
//! **Invariants.** A step may run again after any failure, also one that came
//! after its work was done: everything it does is conditional, idempotent or
//! found again by its tags.

use crate::alarm::AlarmEvent;
use crate::error::During;
use crate::payload::{
    AnalyzeRecording, AwaitClearance, Claim, Cleared, EndReason, Ending, Outcome, Recording,
    Reported, Settings, Stop, StopRecording, UNTIL_CLEARED_SECONDS,
};
use crate::port::{
    Bid, Bidding, Claims, Executions, FlowLogs, Gateways, NatGateway, NewFlowLog, Owner, Records,
    Topic, Watched,
};
use crate::{EpochMillis, EpochSeconds, FaultKind, StepError};
use egress::mail::Occasion;
use egress::{Facts, Rate};
use flowlog::{FlowTable, Layout, NATSPIKE_LOG_FORMAT};

/// How long a claim outlives its recording at the most: the time that settling
/// and a retried clean-up take.
const LEASE_MARGIN_SECONDS: u64 = 3_600;
/// Over how many seconds flows are added up; 60 is the least there is.
const AGGREGATION_SECONDS: u16 = 60;
/// ClientToken's longest.
const CLIENT_TOKEN: usize = 64;
/// Rows of each table in the mail.
const MAIL_ROWS: usize = 20;
/// Pairs of addresses that are told apart, so that any recording fits into the
/// memory of a Lambda: each takes about 100 bytes until the mail is written.
const MAIL_KEYS: usize = 4_000_000;

/// Claims the alarm's gateway for the execution, if no other has it and its
/// recordings are not used up.
///
/// Errors: Invalid where the event names no single gateway or a setting is no
/// number; what the table answers.
pub async fn claim_gateway(
    claims: &impl Claims,
    event: &AlarmEvent,
    execution: &str,
    settings: &Settings,
    now: EpochSeconds,
) -> Result<Claim, StepError> {
    let gateway = event.gateway()?;
    let recording_time = number("RecordingTime", &settings.recording_time)?;
    let limit = number("NumOfRecordings", &settings.recordings_limit)?;
    let settle_seconds = number("SettleDelay", &settings.settle_delay)?;
    let await_seconds = match recording_time {
        0 => UNTIL_CLEARED_SECONDS,
        seconds => seconds,
    };
    let bidding = claims
        .bid(&Bid {
            gateway: gateway.clone(),
            execution: execution.to_owned(),
            alarmed: event.entered()?,
            lease_expires: now.plus(await_seconds).plus(LEASE_MARGIN_SECONDS),
            limit,
            now,
        })
        .await
        .during("claim the gateway")?;
    let (outcome, generation, recording) = match bidding {
        Bidding::Won {
            generation,
            recording,
        } => (Outcome::Claimed, generation, recording),
        Bidding::Held => (Outcome::Held, 0, 0),
        Bidding::Spent => (Outcome::Spent, 0, 0),
    };
    Ok(Claim {
        outcome,
        gateway,
        alarm: event.detail.alarm_name.clone(),
        region: event.region.clone(),
        execution: execution.to_owned(),
        generation,
        recording,
        limit,
        threshold: event.threshold(),
        await_seconds,
        settle_seconds,
        nat_rate: settings.nat_rate.clone(),
    })
}

/// Where recordings of a stack go and under whose name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// The stack's name.
    pub stack: String,
    /// The log group.
    pub log_group: String,
    /// The role that delivers records to it.
    pub role_arn: String,
}

/// Switches a flow log on for the gateway.
///
/// Errors: NotFound where there is no such gateway, Conflict where somebody
/// else's flow log is in the way; what EC2 answers.
pub async fn start_recording(
    ec2: &(impl Gateways + FlowLogs),
    claim: &Claim,
    destination: &Destination,
    now: EpochSeconds,
) -> Result<Recording, StepError> {
    let gateway = ec2
        .gateway(&claim.gateway)
        .await
        .during("look the gateway up")?
        .filter(|gateway| gateway.state != "deleted")
        .ok_or_else(|| {
            StepError::NotFound(format!(
                "there is no NAT gateway {} in {}; correct the stack parameter NatGatewayIDs",
                claim.gateway, claim.region
            ))
        })?;
    let new = NewFlowLog {
        watched: watched(&gateway)?,
        log_group: destination.log_group.clone(),
        role_arn: destination.role_arn.clone(),
        log_format: NATSPIKE_LOG_FORMAT,
        aggregation_seconds: AGGREGATION_SECONDS,
        client_token: tail(&claim.execution, CLIENT_TOKEN).to_owned(),
        tags: tags(claim, destination, now),
    };
    let flow_log_id = match ec2.create(&new).await {
        Err(error) if error.kind == FaultKind::Conflict => {
            // An earlier attempt may have created it and never got the answer.
            let own = ec2
                .owned(&owner(&destination.stack, claim))
                .await
                .during("look for the flow log of an earlier attempt")?;
            own.into_iter().next().ok_or_else(|| {
                StepError::Conflict(format!(
                    "another flow log already records {} into {}, and it is not ours; delete it or \
                     wait until it is gone: {error}",
                    claim.gateway, destination.log_group
                ))
            })?
        }
        created => created.during("switch the flow log on")?,
    };
    Ok(Recording {
        flow_log_id,
        log_group: destination.log_group.clone(),
        nat_addresses: if gateway.regional {
            gateway.public_addresses
        } else {
            gateway.private_addresses
        },
        interface_id: gateway.interface_id.filter(|_| !gateway.regional),
        regional: gateway.regional,
        started: now,
    })
}

fn watched(gateway: &NatGateway) -> Result<Watched, StepError> {
    if gateway.regional {
        return Ok(Watched::RegionalGateway(gateway.id.clone()));
    }
    gateway
        .interface_id
        .clone()
        .map(Watched::Interface)
        .ok_or_else(|| {
            StepError::NotFound(format!(
                "NAT gateway {} (state {}) has no network interface to record; wait until it is available",
                gateway.id, gateway.state
            ))
        })
}

/// The tag that names the stack.
pub const TAG_STACK: &str = "natspike:stack";
/// The tag that names the execution.
pub const TAG_EXECUTION: &str = "natspike:execution";

fn tags(
    claim: &Claim,
    destination: &Destination,
    now: EpochSeconds,
) -> Vec<(&'static str, String)> {
    let expires = now.plus(claim.await_seconds).plus(LEASE_MARGIN_SECONDS);
    vec![
        ("Name", format!("natspike {}", claim.gateway)),
        (TAG_STACK, destination.stack.clone()),
        (TAG_EXECUTION, claim.execution.clone()),
        ("natspike:gateway", claim.gateway.0.clone()),
        ("natspike:created", now.0.to_string()),
        ("natspike:expires-at", expires.0.to_string()),
    ]
}

fn owner(stack: &str, claim: &Claim) -> Owner {
    Owner {
        stack: stack.to_owned(),
        execution: claim.execution.clone(),
    }
}

/// Stores the execution's token. Where the alarm has cleared in the meantime,
/// nobody else would use it: then the execution is woken at once.
///
/// Errors: Conflict where the claim is no longer the execution's; what the
/// services answer.
pub async fn await_clearance(
    claims: &impl Claims,
    executions: &impl Executions,
    payload: &AwaitClearance,
) -> Result<(), StepError> {
    let claim = &payload.claim;
    let cleared = claims
        .store_token(
            &claim.gateway,
            &claim.execution,
            claim.generation,
            &payload.task_token,
        )
        .await
        .during("store the task token")?;
    match cleared {
        Some(cleared) => wake(executions, &payload.task_token, cleared).await,
        None => Ok(()),
    }
}

/// Remembers that the alarm cleared, and wakes the execution that waits for it.
///
/// Errors: Invalid where the event names no single gateway; what the services
/// answer.
pub async fn clear_alarm(
    claims: &impl Claims,
    executions: &impl Executions,
    event: &AlarmEvent,
) -> Result<Cleared, StepError> {
    let cleared = event.entered()?;
    let token = claims
        .store_clearance(&event.gateway()?, cleared)
        .await
        .during("remember that the alarm cleared")?;
    if let Some(token) = &token {
        wake(executions, token, cleared).await?;
    }
    Ok(Cleared {
        woken: token.is_some(),
    })
}

async fn wake(
    executions: &impl Executions,
    token: &str,
    cleared: EpochMillis,
) -> Result<(), StepError> {
    let ending = Ending {
        reason: EndReason::Cleared,
        at: Some(EpochSeconds(cleared.0 / 1_000)),
    };
    let output = serde_json::to_string(&ending)
        .map_err(|error| StepError::Invalid(format!("cannot write the ending: {error}")))?;
    executions
        .wake(token, &output)
        .await
        .during("wake the execution")
}

/// Deletes every flow log of the execution and gives the claim up. A recording
/// that never existed does not count.
///
/// Errors: what the services answer; the claim is kept where a flow log may
/// still be there.
pub async fn stop_recording(
    flow_logs: &impl FlowLogs,
    claims: &impl Claims,
    payload: &StopRecording,
    stack: &str,
    now: EpochSeconds,
) -> Result<Stop, StepError> {
    let claim = &payload.claim;
    let mut flow_log_ids = flow_logs
        .owned(&owner(stack, claim))
        .await
        .during("find the flow logs of this recording")?;
    let known = payload.recording.as_ref().map(|r| r.flow_log_id.clone());
    flow_log_ids.extend(known);
    flow_log_ids.sort();
    flow_log_ids.dedup();
    if !flow_log_ids.is_empty() {
        flow_logs
            .delete(&flow_log_ids)
            .await
            .during("switch the flow log off")?;
    }
    claims
        .release(&claim.gateway, &claim.execution, flow_log_ids.is_empty())
        .await
        .during("give the gateway free")?;
    Ok(Stop {
        stopped: now,
        flow_log_ids,
    })
}

/// Reads the recording, analyzes it and mails the report.
///
/// Errors: Invalid where the log group holds something else than our records
/// or the region's rate is not known; what the services answer.
pub async fn analyze_recording(
    records: &impl Records,
    topic: &impl Topic,
    payload: &AnalyzeRecording,
    stack: &str,
) -> Result<Reported, StepError> {
    let AnalyzeRecording {
        claim,
        recording,
        ending,
        stop,
    } = payload;
    let layout = Layout::from_log_format(NATSPIKE_LOG_FORMAT)
        .map_err(|error| StepError::Invalid(error.to_string()))?;
    let mut table = FlowTable::with_layout(layout);
    table.limit_keys(MAIL_KEYS);
    // An event's time is its record's start, which may lie one aggregation
    // interval before the moment that the flow log was switched on.
    let from = recording.started.minus(u64::from(AGGREGATION_SECONDS));
    let to = stop.stopped.plus(u64::from(AGGREGATION_SECONDS));
    records
        .read(&recording.log_group, from, to, &mut table)
        .await
        .during("read the recording")?;
    table
        .end_source()
        .map_err(|error| StepError::Invalid(format!("failed to read the recording: {error}")))?;

    let mut facts = Facts::new(&claim.region, rate(claim)?);
    facts.pairs = MAIL_ROWS;
    facts.nat_addresses.clone_from(&recording.nat_addresses);
    facts.interface = Some(match &recording.interface_id {
        Some(interface) => interface.0.clone(),
        None => claim.gateway.0.clone(),
    });
    let report = egress::report(&table, &facts);
    let occasion = Occasion {
        gateway: claim.gateway.0.clone(),
        alarm: claim.alarm.clone(),
        stack: stack.to_owned(),
        ending: match ending.reason {
            EndReason::Cleared => "Recording ended because the alarm cleared.".to_owned(),
            EndReason::Time => format!(
                "Recording ended because its time of {} s was over; the alarm was still on.",
                claim.await_seconds
            ),
        },
        started: recording.started.0,
        stopped: stop.stopped.0,
        log_group: recording.log_group.clone(),
        recording: claim.recording,
        limit: claim.limit,
    };
    let mail = egress::mail::mail(&report, &occasion, MAIL_ROWS);
    let message_id = topic
        .publish(&mail.subject, &mail.body)
        .await
        .during("mail the report")?;
    Ok(Reported {
        message_id,
        processed_bytes: u64::try_from(report.bytes.processed).unwrap_or(u64::MAX),
        records_read: report.records.read,
    })
}

fn rate(claim: &Claim) -> Result<Rate, StepError> {
    match claim.nat_rate.trim() {
        "" => Rate::of_region(&claim.region),
        given => Rate::given(given),
    }
    .map_err(|error| {
        StepError::Invalid(format!(
            "failed to price the recording: {error} (in the stack: parameter NatRate)"
        ))
    })
}

fn number(parameter: &str, text: &str) -> Result<u64, StepError> {
    text.trim().parse().map_err(|_| {
        StepError::Invalid(format!(
            "the stack parameter {parameter} is {text:?}; it must be a whole number, 0 or more"
        ))
    })
}

/// The last bytes of a text that is ASCII wherever it is cut.
fn tail(text: &str, most: usize) -> &str {
    text.get(text.len().saturating_sub(most)..).unwrap_or(text)
}
