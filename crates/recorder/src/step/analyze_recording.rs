//! analyze-recording: the records become a mail.

use super::{insist, kept, last_recording, log_rate, number_of, prices};
use crate::error::During;
use crate::payload::{
    AnalyzeRecording, Claim, EndReason, Ending, Origin, Recording, Reported, SnapshotTaken,
};
use crate::port::{Metrics, PriceList, Queries, Records, Shelf, Summed, Topic};
use crate::snapshot::Snapshot;
use crate::{EpochSeconds, StepError};
use egress::mail::{Occasion, Page};
use egress::{Bill, Facts, LogClass, Recorded, Report};
use flowlog::{Field, FlowTable, Layout};
use std::ops::Range;

/// Rows of each table on the page.
const PAGE_ROWS: usize = 200;
/// Pairs that the page's picture is made of.
const PAGE_PAIRS: usize = 500;
/// Rows of each table in the mail.
const MAIL_ROWS: usize = 20;
/// Pairs of addresses that are told apart, so that any recording fits into the
/// memory of a Lambda: each takes about 50 bytes until the mail is written.
const MAIL_KEYS: usize = 4_000_000;

/// What an analysis needs of the world.
pub struct AnalysisPorts<'a, L, M, P, S, T, C> {
    /// The records.
    pub logs: &'a L,
    /// The gateway's metrics.
    pub metrics: &'a M,
    /// What AWS charges.
    pub prices: &'a P,
    /// What was kept at the alarm.
    pub shelf: &'a S,
    /// The mailing list.
    pub topic: &'a T,
    /// What goes to a chat, where one is wanted.
    pub chat: Option<&'a C>,
}

/// Reads the recording, analyzes it and mails the report.
///
/// Errors: Invalid where the log group holds something else than our records
/// or the region's rate is not known; what the services answer.
pub async fn analyze_recording(
    ports: &AnalysisPorts<
        '_,
        impl Records + Queries,
        impl Metrics,
        impl PriceList,
        impl Shelf,
        impl Topic,
        impl Topic,
    >,
    payload: &AnalyzeRecording,
    stack: &str,
) -> Result<Reported, StepError> {
    let AnalysisPorts {
        logs,
        metrics,
        prices: list,
        shelf,
        topic,
        chat,
    } = ports;
    let AnalyzeRecording {
        claim,
        recording,
        ending,
        stop,
        snapshot,
    } = payload;
    let layout = Layout::from_log_format(&recording.log_format)
        .map_err(|error| StepError::Invalid(error.to_string()))?;
    // What began before the last recording ended is in its report.
    let since = recording.since;
    let from = claim.previous_stop.map_or(since, |stop| since.max(stop));
    // Whose records these are: other gateways record into the same log group.
    let interface = match &recording.interface_id {
        Some(interface) => interface.0.clone(),
        None => claim.gateway.0.clone(),
    };
    let names_it = layout.has(match recording.regional {
        true => Field::ResourceId,
        false => Field::InterfaceId,
    });
    let word = names_it.then_some(interface.as_str());
    let window = from..stop.stopped;
    let read = match recording.log_class {
        LogClass::Standard => one_by_one(*logs, recording, window, word, layout).await?,
        LogClass::InfrequentAccess => logs
            .sum(
                &recording.log_group,
                window,
                word,
                &layout,
                &recording.nat_addresses,
            )
            .await
            .during("add the recording up")?,
    };

    let priced = prices::of(claim, *list).await?;
    let mut facts = Facts::new(&claim.region, priced.rate);
    facts.prices = priced.prices;
    facts.floor = egress::percentage(number_of("CoverageFloor", &claim.coverage_floor)?);
    facts.warnings.extend(priced.warning);
    facts.pairs = PAGE_PAIRS;
    facts.nat_addresses.clone_from(&recording.nat_addresses);
    facts.interface = Some(interface);
    let (taken, warning) = taken(*shelf, snapshot, claim.origin).await;
    facts.warnings.extend(warning);
    let before = taken.as_ref().and_then(Snapshot::before);
    facts.snapshot = taken;
    // By the minute, from the alarm or the first record to the end.
    let first = claim.alarmed.min(from);
    let minutes = EpochSeconds(first.0 / 60 * 60);
    let series =
        insist(|| metrics.of_gateway(&claim.gateway, &recording.zones, minutes, stop.stopped));
    match series.await {
        Ok(series) => facts.metrics = series,
        Err(error) => facts.warnings.push(format!(
            "It is not known what the gateway counted while it was recorded: {error}."
        )),
    }
    let by_hand = claim.origin == Origin::Hand;
    facts.alarmed = (!by_hand).then_some(claim.alarmed.0..stop.stopped.0);
    if read.beyond > 0 {
        facts.warnings.push(format!(
            "There are more flows than Logs Insights gives; {} bytes of the smallest are without \
             their addresses, so lists are not whole.",
            read.beyond
        ));
    }
    let (last, warning) = last_recording::read(*shelf, claim).await;
    facts.warnings.extend(warning);
    let began = read.table.window().map(|window| window.start);
    facts.last = began.and_then(|began| last.before(&claim.execution, began).cloned());
    let mut report = egress::report(&read.table, &facts);
    report.records = read.records;
    let started = match recording.is_ours {
        true => recording.started.0,
        false => from.0,
    };
    report.recorded = Some(Recorded {
        gateway: claim.gateway.0.clone(),
        execution: claim.execution.clone(),
        started,
        stopped: stop.stopped.0,
        started_by: claim.origin.name(),
        end_reason: ending.reason.name(),
    });
    let page = keep(*shelf, claim, &mut report, &facts).await;
    let occasion = Occasion {
        page,
        gateway: claim.gateway.0.clone(),
        alarm: claim.alarm.clone(),
        by_hand,
        stack: stack.to_owned(),
        ending: ended(ending, claim),
        started,
        stopped: stop.stopped.0,
        log_group: recording.log_group.clone(),
        recording: claim.recording,
        limit: claim.limit,
        before,
        bill: Bill {
            records: report.records.read,
            bytes: read.bytes,
            rate: log_rate(claim)?.or_else(|| claim.log_class.rate_of(&facts.prices)),
            is_foreign: !recording.is_ours,
            estimate: snapshot.estimate,
        },
    };
    if let Some(chat) = chat {
        tell(*chat, claim, &mut report, &occasion).await;
    }
    let mail = egress::mail::mail(&report, &occasion, MAIL_ROWS);
    let message_id = topic
        .publish(&mail.subject, &mail.body)
        .await
        .during("mail the report")?;
    last_recording::write(*shelf, claim, &last, &report).await;
    Ok(Reported {
        message_id,
        processed_bytes: u64::try_from(report.bytes.processed).unwrap_or(u64::MAX),
        records_read: report.records.read,
    })
}

/// Why the recording ended, as a sentence.
fn ended(ending: &Ending, claim: &Claim) -> String {
    let is_alarm = claim.origin == Origin::Alarm;
    let (over, large) = match is_alarm {
        true => ("; the alarm was still on", "; the alarm may still be on"),
        false => ("", ""),
    };
    match ending.reason {
        EndReason::Cleared => "Recording ended because the alarm cleared.".to_owned(),
        EndReason::Time => format!(
            "Recording ended because its time of {} s was over{over}.",
            claim.await_seconds
        ),
        EndReason::Limit => format!(
            "Recording ended because as much had been recorded as the stack parameter \
             RecordingLimit allows{large}."
        ),
        EndReason::Stopped => "Recording ended because it was stopped by hand.".to_owned(),
    }
}

/// Reads every record.
async fn one_by_one(
    logs: &impl Records,
    recording: &Recording,
    window: Range<EpochSeconds>,
    word: Option<&str>,
    layout: Layout,
) -> Result<Summed, StepError> {
    let mut table = FlowTable::with_layout(layout);
    table.limit_keys(MAIL_KEYS);
    let bytes = logs
        .read(
            &recording.log_group,
            window.start,
            window.end,
            word,
            &mut table,
        )
        .await
        .during("read the recording")?;
    table
        .end_source()
        .map_err(|error| StepError::Invalid(format!("failed to read the recording: {error}")))?;
    Ok(Summed {
        records: table.counts().into(),
        table,
        bytes,
        beyond: 0,
    })
}

/// Keeps the report as a page and as JSON; gives where the page is. What cannot be
/// kept is told in the mail, which has most of it.
async fn keep(
    shelf: &impl Shelf,
    claim: &Claim,
    report: &mut Report,
    facts: &Facts,
) -> Option<Page> {
    let title = egress::mail::subject(report, &claim.gateway.0);
    let (mut html, mut json) = (Vec::new(), Vec::new());
    // Writing into memory does not fail.
    let written = egress::html::write(report, facts, &title, PAGE_ROWS, &mut html)
        .and_then(|()| egress::json::write(report, 0, &mut json));
    let key = kept(&claim.execution, "report.html");
    let beside = kept(&claim.execution, "report.json");
    let bucket = async {
        written.map_err(|error| error.to_string())?;
        let put = |key, form, body: &Vec<u8>| shelf.put(key, form, body.clone());
        insist(|| put(&beside, "application/json", &json))
            .await
            .map_err(|error| error.to_string())?;
        insist(|| put(&key, "text/html; charset=utf-8", &html))
            .await
            .map_err(|error| error.to_string())
    };
    match bucket.await {
        Ok(bucket) => Some(Page {
            bucket,
            key,
            region: claim.region.clone(),
        }),
        Err(why) => {
            let warning = format!("The report could not be kept as a page: {why}.");
            report.warnings.push(warning);
            None
        }
    }
}

/// Tells the chat; that it was not told stands in the mail.
async fn tell(chat: &impl Topic, claim: &Claim, report: &mut Report, occasion: &Occasion) {
    let subject = egress::mail::subject(report, &claim.gateway.0);
    let body = egress::chat::value(report, occasion, &claim.execution).to_string();
    if let Err(error) = insist(|| chat.publish(&subject, &body)).await {
        let warning = format!("The chat was not told: {error}.");
        report.warnings.push(warning);
    }
}

/// The snapshot, or what the reader should know about why there is none.
async fn taken(
    shelf: &impl Shelf,
    taken: &SnapshotTaken,
    origin: Origin,
) -> (Option<Snapshot>, Option<String>) {
    let when = match origin {
        Origin::Alarm => "the alarm went off",
        Origin::Hand => "the recording began",
    };
    let warning = |why: &str| format!("Not everything that was there as {when} is known: {why}.");
    let Some(key) = &taken.key else {
        return (None, Some(warning(&taken.missing.join("; "))));
    };
    let read = insist(|| shelf.get(key))
        .await
        .map_err(|error| error.to_string())
        .and_then(|body| serde_json::from_slice(&body).map_err(|error| error.to_string()));
    match read {
        Ok(snapshot) if taken.missing.is_empty() => (Some(snapshot), None),
        Ok(snapshot) => (Some(snapshot), Some(warning(&taken.missing.join("; ")))),
        Err(why) => (None, Some(warning(&why))),
    }
}
