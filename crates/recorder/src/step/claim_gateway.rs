//! claim-gateway: whether this alarm, or whoever begins by hand, may record.

use super::{LEASE_MARGIN_SECONDS, execution_name, number_of};
use crate::error::During;
use crate::payload::{Claim, ClaimGateway, Origin, Outcome, UNTIL_CLEARED_SECONDS};
use crate::port::{Bid, Bidding, Claims};
use crate::{EpochSeconds, StepError};

/// Claims the event's gateway for the execution, if no other has it and its
/// recordings are not used up.
///
/// Errors: Invalid where the event names no single gateway or a setting is no
/// number; what the table answers.
pub async fn claim_gateway(
    claims: &impl Claims,
    payload: &ClaimGateway,
    now: EpochSeconds,
) -> Result<Claim, StepError> {
    let ClaimGateway {
        event,
        round,
        execution,
        settings,
    } = payload;
    let gateway = event.gateway()?;
    let (origin, entered) = (event.origin(), event.entered()?);
    let recording_time = number_of("RecordingTime", &settings.recording_time)?;
    let limit = number_of("NumOfRecordings", &settings.recordings_limit)?;
    let settle_seconds = number_of("SettleDelay", &settings.settle_delay)?;
    let linger_seconds = number_of("RecordAfterClear", &settings.record_after_clear)?;
    let rounds = match origin {
        Origin::Alarm => number_of("RecordingsInARow", &settings.recordings_in_a_row)?,
        // Whoever wants another one begins it.
        Origin::Hand => 1,
    };
    let await_seconds = match recording_time {
        0 => UNTIL_CLEARED_SECONDS,
        seconds => seconds,
    };
    let lease = await_seconds
        .saturating_add(linger_seconds)
        .saturating_add(LEASE_MARGIN_SECONDS);
    let bidding = claims
        .bid(&Bid {
            gateway: gateway.clone(),
            execution: execution.to_owned(),
            alarmed: (origin == Origin::Alarm).then_some(entered),
            lease_expires: now.plus(lease),
            limit,
            now,
        })
        .await
        .during("claim the gateway")?;
    let (outcome, generation, recording, previous_stop) = match bidding {
        Bidding::Won {
            generation,
            recording,
            previous_stop,
        } => (Outcome::Claimed, generation, recording, previous_stop),
        Bidding::Held => (Outcome::Held, 0, 0, None),
        Bidding::Spent => (Outcome::Spent, 0, 0, None),
    };
    Ok(Claim {
        outcome,
        next_execution: execution_name(event, round + 1)?,
        gateway,
        origin,
        alarm: event.detail.alarm_name.clone(),
        region: event.region.clone(),
        execution: execution.to_owned(),
        generation,
        // Somebody's own clock is not what metrics go by.
        alarmed: match origin {
            Origin::Alarm => EpochSeconds(entered.0 / 1_000),
            Origin::Hand => now,
        },
        claimed: now,
        previous_stop,
        recording,
        limit,
        round: *round,
        next_round: round + 1,
        rounds,
        threshold: event.threshold(),
        lease_seconds: lease,
        await_seconds,
        linger_seconds,
        settle_seconds,
        nat_rate: settings.nat_rate.clone(),
        log_class: settings.log_class,
        log_rate: settings.log_rate.clone(),
        coverage_floor: settings.coverage_floor.clone(),
    })
}
