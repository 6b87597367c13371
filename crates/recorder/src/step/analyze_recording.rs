//! analyze-recording: the records become a mail.

use super::start_recording::AGGREGATION_SECONDS;
use crate::StepError;
use crate::error::During;
use crate::payload::{AnalyzeRecording, Claim, EndReason, Reported};
use crate::port::{Records, Topic};
use egress::mail::Occasion;
use egress::{Facts, Rate};
use flowlog::{Field, FlowTable, Layout};

/// Rows of each table in the mail.
const MAIL_ROWS: usize = 20;
/// Pairs of addresses that are told apart, so that any recording fits into the
/// memory of a Lambda: each takes about 50 bytes until the mail is written.
const MAIL_KEYS: usize = 4_000_000;

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
    let layout = Layout::from_log_format(&recording.log_format)
        .map_err(|error| StepError::Invalid(error.to_string()))?;
    // An event's time is its record's start, which may lie one aggregation
    // interval before the moment that the flow log was switched on; that was at
    // the claim at the earliest. What began before the last recording ended is
    // in its report.
    let first = claim.claimed.min(recording.started);
    let from = first.minus(u64::from(AGGREGATION_SECONDS));
    let from = claim.previous_stop.map_or(from, |stop| from.max(stop));
    // Whose records these are: other gateways record into the same log group.
    let interface = match &recording.interface_id {
        Some(interface) => interface.0.clone(),
        None => claim.gateway.0.clone(),
    };
    let names_it = layout.has(Field::InterfaceId) && layout.has(Field::ResourceId);
    let mut table = FlowTable::with_layout(layout);
    table.limit_keys(MAIL_KEYS);
    records
        .read(
            &recording.log_group,
            from,
            stop.stopped,
            names_it.then_some(interface.as_str()),
            &mut table,
        )
        .await
        .during("read the recording")?;
    table
        .end_source()
        .map_err(|error| StepError::Invalid(format!("failed to read the recording: {error}")))?;

    let mut facts = Facts::new(&claim.region, rate(claim)?);
    facts.pairs = MAIL_ROWS;
    facts.nat_addresses.clone_from(&recording.nat_addresses);
    facts.interface = Some(interface);
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
