//! What a report of a recording reads, and what is known of it.
//!
//! **Invariants.** The window, the layout and the gateway are those of
//! analyze-recording, so a report at the desk has the same records as the mail.

use super::{Stack, plain};
use crate::cloud::{Own, now};
use anyhow::{Result, anyhow, bail};
use egress::Facts;
use egress::snapshot::{Metric, Snapshot};
use flowlog::{Field, Layout};
use recorder::EpochSeconds;
use recorder::port::{Metrics, Shelf as _};
use std::net::IpAddr;
use std::ops::Range;

/// A recording that can be reported on.
#[derive(Debug, Clone)]
pub(crate) struct Recorded {
    /// Its execution.
    pub(crate) execution: String,
    /// The log group that it is in.
    pub(crate) log_group: String,
    /// Its region.
    pub(crate) region: String,
    /// When its records begin and end, in Unix seconds; up to now while it goes on.
    pub(crate) window: Range<u64>,
    /// The fields of a record.
    pub(crate) log_format: String,
    /// The gateway's addresses.
    pub(crate) nat_addresses: Vec<IpAddr>,
    /// The gateway's interface, or its id where it is regional.
    pub(crate) interface: String,
    /// USD for a gigabyte, if the stack says it.
    pub(crate) nat_rate: Option<String>,
    /// What was there as it began (snapshot.json), if it was kept.
    pub(crate) snapshot: Option<Vec<u8>>,
    /// Whether records are still coming.
    pub(crate) is_live: bool,
    metrics: Vec<Metric>,
    /// From the alarm to the end, where there was one.
    alarmed: Option<Range<u64>>,
    warnings: Vec<String>,
}

impl Stack {
    /// What a report of the recording of that execution reads.
    ///
    /// Errors: there is no such execution, it recorded nothing, or not yet; what AWS
    /// answers.
    pub(crate) async fn source(&self, execution: &str) -> Result<Recorded> {
        let described = self.executions.described(execution).await;
        let described = described
            .map_err(|error| anyhow!("look {execution} up: {}", plain(&error)))?
            .ok_or_else(|| {
                anyhow!(
                    "find recording {execution}: stack {} has none of that name, or not any more; \
                     natspike record list shows those that there are",
                    self.name
                )
            })?;
        let status = described.listed.status;
        let (document, failure) = self.document(execution, &status).await?;
        let (Some(claim), Some(recording)) = (&document.claim, &document.recording) else {
            match status.as_str() {
                "RUNNING" => bail!(
                    "read recording {execution}: its flow log is not on yet; try again in a moment"
                ),
                _ => bail!(
                    "read recording {execution}: nothing was recorded. {}",
                    failure.unwrap_or_else(|| "natspike record list says why.".to_owned())
                ),
            }
        };
        let since = recording.since;
        let from = claim.previous_stop.map_or(since, |stop| since.max(stop));
        let is_live = document.report.is_none() && status == "RUNNING";
        let until = match (&document.stop, described.listed.ended) {
            (Some(stop), _) => stop.stopped,
            (None, Some(ended)) => EpochSeconds(ended),
            (None, None) => EpochSeconds(now()?),
        };
        let mut warnings = Vec::new();
        let key = document.snapshot.as_ref().and_then(|it| it.key.as_ref());
        let snapshot = match key {
            Some(key) => match self.shelf.get(key).await {
                Ok(snapshot) => Some(snapshot),
                Err(error) => {
                    warnings.push(format!(
                        "What was there as the recording began is not known: {}.",
                        plain(&error)
                    ));
                    None
                }
            },
            None => None,
        };
        let minutes = EpochSeconds(claim.alarmed.min(from).0 / 60 * 60);
        let metrics = self
            .metrics
            .of_gateway(&claim.gateway, &recording.zones, minutes, until);
        let metrics = metrics.await.unwrap_or_else(|error| {
            warnings.push(format!(
                "It is not known what the gateway counted while it was recorded: {}.",
                plain(&error)
            ));
            Vec::new()
        });
        let by_alarm = claim.origin == recorder::payload::Origin::Alarm;
        Ok(Recorded {
            execution: execution.to_owned(),
            log_group: recording.log_group.clone(),
            region: claim.region.clone(),
            window: from.0..until.0,
            log_format: recording.log_format.clone(),
            nat_addresses: recording.nat_addresses.clone(),
            interface: match &recording.interface_id {
                Some(interface) => interface.0.clone(),
                None => claim.gateway.0.clone(),
            },
            nat_rate: Some(claim.nat_rate.clone()).filter(|rate| !rate.is_empty()),
            snapshot,
            is_live,
            metrics,
            alarmed: by_alarm.then_some(claim.alarmed.0..until.0),
            warnings,
        })
    }
}

impl Recorded {
    /// Which records of its log group are the gateway's: others of the stack record
    /// into the same one.
    pub(crate) fn own(&self) -> Option<Own> {
        let word = word(&self.interface, &self.log_format)?;
        let log_group = self.log_group.clone();
        Some(Own { log_group, word })
    }

    /// Adds what the recorder knew; what the user says counts for more.
    pub(crate) fn inform(&self, facts: &mut Facts) {
        if facts.snapshot.is_none()
            && let Some(text) = &self.snapshot
        {
            match Snapshot::read(text) {
                Ok(snapshot) => facts.snapshot = Some(snapshot),
                Err(error) => facts.warnings.push(format!(
                    "What was there as the recording began is not known: {error}."
                )),
            }
        }
        facts.metrics.clone_from(&self.metrics);
        facts.alarmed.clone_from(&self.alarmed);
        facts.warnings.extend(self.warnings.iter().cloned());
        if self.is_live {
            facts.warnings.push(
                "The recording is under way or its last records are still on their way; they \
                 come minutes after the traffic."
                    .to_owned(),
            );
        }
    }
}

/// What stands in every record of that interface or regional gateway, where the
/// records say of whom they are.
fn word(interface: &str, log_format: &str) -> Option<String> {
    let field = match interface.starts_with("nat-") {
        true => Field::ResourceId,
        false => Field::InterfaceId,
    };
    let layout = Layout::from_log_format(log_format).ok()?;
    layout.has(field).then(|| interface.to_owned())
}

#[cfg(test)]
mod tests {
    use super::word;

    #[test]
    fn records_are_told_by_whom_they_name() {
        let zonal = "${srcaddr} ${dstaddr} ${bytes} ${interface-id}";
        let regional = "${srcaddr} ${dstaddr} ${bytes} ${resource-id}";
        for (interface, log_format, expected) in [
            ("eni-0a1", zonal, Some("eni-0a1")),
            ("nat-0a1", regional, Some("nat-0a1")),
            ("eni-0a1", regional, None),
            ("nat-0a1", zonal, None),
            ("eni-0a1", "no log format", None),
        ] {
            let found = word(interface, log_format);
            assert_eq!(found.as_deref(), expected, "{interface} in {log_format}");
        }
    }
}
