//! start-recording: the flow log goes on.

use super::{TAG_CREATED, TAG_EXECUTION, TAG_EXPIRES, TAG_GATEWAY, TAG_STACK};
use crate::error::During;
use crate::payload::{Claim, Recording};
use crate::port::{Claims, FlowLogs, FoundFlowLog, Gateways, NatGateway, NewFlowLog, Watched};
use crate::{EpochSeconds, FaultKind, FlowLogId, StepError};
use egress::LogClass;
use flowlog::{Field, Layout, NATSPIKE_LOG_FORMAT};

/// Over how many seconds flows are added up; 60 is the least there is.
const AGGREGATION_SECONDS: u16 = 60;
/// How long before the alarm a report begins where there are records of it.
const BEFORE_SECONDS: u64 = 15 * 60;
/// ClientToken's longest.
const CLIENT_TOKEN: usize = 64;

/// Where recordings of a stack go and under whose name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// The stack's name.
    pub stack: String,
    /// The log group.
    pub log_group: String,
    /// The role that delivers records to it.
    pub role_arn: String,
    /// A log group that other flow logs deliver to, which may cover the gateway.
    pub source_log_group: Option<String>,
}

/// Switches a flow log on for the gateway.
///
/// Errors: NotFound where there is no such gateway, Conflict where somebody
/// else's flow log is in the way; what EC2 answers.
pub async fn start_recording(
    ec2: &(impl Gateways + FlowLogs),
    claims: &impl Claims,
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
    let watched = watched(&gateway)?;
    let covering = covering(ec2, &gateway, destination).await?;
    let new = NewFlowLog {
        watched,
        log_group: destination.log_group.clone(),
        role_arn: destination.role_arn.clone(),
        log_format: NATSPIKE_LOG_FORMAT,
        aggregation_seconds: AGGREGATION_SECONDS,
        client_token: tail(&claim.execution, CLIENT_TOKEN).to_owned(),
        tags: tags(claim, destination, now),
    };
    let source = match covering {
        Some(there) => there,
        None => switch_on(ec2, &new, claim, destination).await?,
    };
    let confirmed = claims
        .confirm(
            &claim.gateway,
            &claim.execution,
            claim.generation,
            source.is_ours.then_some(&source.id),
        )
        .await;
    // Read after the flow log was made: whoever retires the stack either finds
    // the flow log or is found here.
    let confirmed = match confirmed {
        Ok(()) => match claims.is_retired().await {
            Ok(true) => Err(StepError::Conflict(
                "the stack is being deleted, so nothing is recorded any more".to_owned(),
            )),
            Ok(false) => Ok(()),
            Err(error) => Err(error).during("ask whether the stack is being deleted"),
        },
        Err(error) => Err(error).during("count the recording"),
    };
    if let Err(error) = confirmed {
        // Nobody may be left who would switch it off: the claim was closed in the
        // meantime, or the table is gone. What may pass is tried again.
        if source.is_ours && !error.may_pass() {
            ec2.delete(std::slice::from_ref(&source.id))
                .await
                .during("switch the flow log off again, which nobody would")?;
        }
        return Err(error);
    }
    Ok(Recording {
        flow_log_id: source.id,
        is_ours: source.is_ours,
        log_format: source.log_format,
        // Whether others can be read one by one is for whoever names them to know.
        log_class: match source.log_group == destination.log_group {
            true => claim.log_class,
            false => LogClass::Standard,
        },
        log_group: source.log_group,
        nat_addresses: if gateway.regional {
            gateway.public_addresses
        } else {
            gateway.private_addresses
        },
        interface_id: gateway.interface_id.filter(|_| !gateway.regional),
        regional: gateway.regional,
        zones: gateway.zones,
        started: now,
        // An event's time is its record's start, which may lie one aggregation
        // interval before the moment that the flow log was switched on; that was
        // at the claim at the earliest.
        since: claim.claimed.min(now).minus(match source.is_ours {
            true => u64::from(AGGREGATION_SECONDS),
            false => BEFORE_SECONDS,
        }),
    })
}

/// The flow log whose records are the recording.
struct Source {
    id: FlowLogId,
    is_ours: bool,
    log_format: String,
    log_group: String,
}

/// Somebody else's flow log that sees the gateway's traffic and delivers to the
/// log group that the stack may read, with what the analysis needs.
async fn covering(
    flow_logs: &impl FlowLogs,
    gateway: &NatGateway,
    destination: &Destination,
) -> Result<Option<Source>, StepError> {
    let Some(log_group) = &destination.source_log_group else {
        return Ok(None);
    };
    let interface = gateway.interface_id.as_ref().filter(|_| !gateway.regional);
    // Whether a flow log of a VPC has the records of a regional gateway, AWS does
    // not say.
    let (resources, named_by): (Vec<&String>, Field) = match interface {
        Some(interface) => (
            [
                Some(&interface.0),
                gateway.subnet.as_ref(),
                gateway.vpc.as_ref(),
            ]
            .into_iter()
            .flatten()
            .collect(),
            Field::InterfaceId,
        ),
        None => (vec![&gateway.id.0], Field::ResourceId),
    };
    let resources: Vec<String> = resources.into_iter().cloned().collect();
    let there = flow_logs
        .covering(&resources, log_group)
        .await
        .during("look for a flow log that covers the gateway")?;
    let needed = [
        named_by,
        Field::Srcaddr,
        Field::Dstaddr,
        Field::PktSrcaddr,
        Field::PktDstaddr,
        Field::Bytes,
        Field::Start,
    ];
    let has_all = |format: &str| {
        Layout::from_log_format(format)
            .is_ok_and(|layout| needed.into_iter().all(|field| layout.has(field)))
    };
    Ok(there
        .into_iter()
        .filter(|flow_log| !flow_log.tags.contains_key(TAG_STACK))
        .find(|flow_log| has_all(&flow_log.log_format))
        .map(|flow_log| Source {
            id: flow_log.id,
            is_ours: false,
            log_format: flow_log.log_format,
            log_group: log_group.clone(),
        }))
}

/// Creates the flow log, or finds the one that is there.
async fn switch_on(
    flow_logs: &impl FlowLogs,
    new: &NewFlowLog,
    claim: &Claim,
    destination: &Destination,
) -> Result<Source, StepError> {
    let ours = |id| Source {
        id,
        is_ours: true,
        log_format: new.log_format.to_owned(),
        log_group: new.log_group.clone(),
    };
    let refusal = match flow_logs.create(new).await {
        Ok(id) => return Ok(ours(id)),
        Err(error) if error.kind != FaultKind::Conflict => {
            return Err(error).during("switch the flow log on");
        }
        Err(error) => error,
    };
    let there = flow_logs
        .on(&new.watched, &destination.log_group)
        .await
        .during("look for the flow log that is there already")?;
    let has = |flow_log: &FoundFlowLog, key, value: &str| {
        flow_log.tags.get(key).is_some_and(|tag| tag == value)
    };
    let is_of_stack = |flow_log: &FoundFlowLog| has(flow_log, TAG_STACK, &destination.stack);
    // An earlier attempt created it and never got the answer.
    let own = there
        .iter()
        .find(|flow_log| is_of_stack(flow_log) && has(flow_log, TAG_EXECUTION, &claim.execution));
    if let Some(own) = own {
        return Ok(ours(own.id.clone()));
    }
    // This execution has the gateway, so whoever left it there has not.
    let left: Vec<FlowLogId> = there
        .iter()
        .filter(|flow_log| is_of_stack(flow_log))
        .map(|flow_log| flow_log.id.clone())
        .collect();
    if !left.is_empty() {
        flow_logs
            .delete(&left)
            .await
            .during("remove the flow log that an earlier recording left")?;
        let id = flow_logs
            .create(new)
            .await
            .during("switch the flow log on")?;
        return Ok(ours(id));
    }
    let foreign = there.into_iter().next().ok_or_else(|| StepError::Port {
        task: "switch the flow log on, which is said to be there and is not",
        error: refusal,
    })?;
    Layout::from_log_format(&foreign.log_format).map_err(|error| {
        StepError::Conflict(format!(
            "flow log {} already records {} into {}, it is not ours, and its format cannot be \
             analyzed: {error}; delete it or add the fields",
            foreign.id, claim.gateway, destination.log_group
        ))
    })?;
    Ok(Source {
        id: foreign.id,
        is_ours: false,
        log_format: foreign.log_format,
        log_group: new.log_group.clone(),
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

fn tags(
    claim: &Claim,
    destination: &Destination,
    now: EpochSeconds,
) -> Vec<(&'static str, String)> {
    let expires = now.plus(claim.lease_seconds);
    vec![
        ("Name", format!("natspike {}", claim.gateway)),
        (TAG_STACK, destination.stack.clone()),
        (TAG_EXECUTION, claim.execution.clone()),
        (TAG_GATEWAY, claim.gateway.0.clone()),
        (TAG_CREATED, now.0.to_string()),
        (TAG_EXPIRES, expires.0.to_string()),
    ]
}

/// The last bytes of a text that is ASCII wherever it is cut.
fn tail(text: &str, most: usize) -> &str {
    text.get(text.len().saturating_sub(most)..).unwrap_or(text)
}
