//! Amazon CloudWatch Logs: recorded flow-log records.
//!
//! The time of an event is the `start` of its record, so a time selects
//! records by when they began:
//! <https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-cwl.html>
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html>

pub mod insights;
pub mod messages;
mod query;
mod slices;

pub use slices::{Missing, Seen, gather};

use crate::aws::port_error;
use aws_config::SdkConfig;
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::types::LogGroupClass;
use flowlog::{FlowTable, Layout};
use recorder::port::{Queries, Records, Summed};
use recorder::{EpochSeconds, FaultKind, PortError};
use std::net::IpAddr;
use std::ops::Range;

const SERVICE: &str = "logs";
const OPERATION: &str = "FilterLogEvents";

/// The client.
#[derive(Clone)]
pub struct Logs(Client);

/// A log group, as far as reading it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group {
    /// Its events can be had one by one, and not by queries alone.
    pub has_events: bool,
    /// When it was created.
    pub created: EpochSeconds,
}

/// Events of a log group: all, or those that have a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Events<'a> {
    /// The log group's name.
    pub log_group: &'a str,
    /// What stands in each of them, if anything has to.
    pub word: Option<&'a str>,
}

/// What one call gave.
struct Page {
    messages: Vec<String>,
    next: Option<String>,
}

impl Logs {
    /// A client with that configuration.
    pub fn new(config: &SdkConfig) -> Logs {
        Logs(Client::new(config))
    }

    /// The log group of that very name, or `None` where there is none.
    pub async fn group(&self, name: &str) -> Result<Option<Group>, PortError> {
        let mut next = None;
        loop {
            let page = self
                .0
                .describe_log_groups()
                .log_group_name_prefix(name)
                .set_next_token(next)
                .send()
                .await
                .map_err(|error| port_error(SERVICE, "DescribeLogGroups", error))?;
            let mut groups = page.log_groups.unwrap_or_default().into_iter();
            if let Some(group) = groups.find(|group| group.log_group_name() == Some(name)) {
                let created = group.creation_time.unwrap_or(0) / 1_000;
                return Ok(Some(Group {
                    has_events: group.log_group_class != Some(LogGroupClass::InfrequentAccess),
                    created: EpochSeconds(u64::try_from(created).unwrap_or(0)),
                }));
            }
            next = page.next_token;
            if next.is_none() {
                return Ok(None);
            }
        }
    }

    /// Events from `from` to `to` milliseconds, both included, that have the
    /// word.
    async fn page(
        &self,
        log_group: &str,
        from: i64,
        to: i64,
        word: Option<&str>,
        token: Option<String>,
    ) -> Result<Page, PortError> {
        let page = self
            .0
            .filter_log_events()
            .log_group_name(log_group)
            .start_time(from)
            .end_time(to)
            .set_filter_pattern(word.map(|word| format!("\"{word}\"")))
            .set_next_token(token)
            .send()
            .await
            .map_err(|error| port_error(SERVICE, OPERATION, error))?;
        let events = page.events.unwrap_or_default();
        Ok(Page {
            messages: events
                .into_iter()
                .filter_map(|event| event.message)
                .collect(),
            next: page.next_token,
        })
    }
}

impl Records for Logs {
    async fn read(
        &self,
        log_group: &str,
        from: EpochSeconds,
        to: EpochSeconds,
        word: Option<&str>,
        table: &mut FlowTable,
    ) -> Result<u64, PortError> {
        // The end of a call is included.
        let (from, to) = (millis(from), millis(to) - 1);
        let mut bytes = 0;
        let mut next = None;
        // A page may be empty and still have a successor; only the missing
        // token says that there is no more.
        loop {
            let page = self.page(log_group, from, to, word, next).await?;
            push(&page, table)?;
            bytes += page
                .messages
                .iter()
                .map(|message| message.len() as u64)
                .sum::<u64>();
            next = page.next;
            if next.is_none() {
                return Ok(bytes);
            }
        }
    }
}

impl Queries for Logs {
    async fn sum(
        &self,
        log_group: &str,
        window: Range<EpochSeconds>,
        word: Option<&str>,
        layout: &Layout,
        own: &[IpAddr],
    ) -> Result<Summed, PortError> {
        let time = window.start.0..window.end.0;
        let own: Vec<String> = own.iter().map(ToString::to_string).collect();
        let mut sums = self.sums(log_group, &time, layout, word).await?;
        let beyond = self
            .rest(log_group, &time, layout, word, &own, &mut sums)
            .await?;
        Ok(Summed {
            table: sums.table,
            records: sums.records,
            bytes: sums.bytes,
            beyond: beyond.bytes,
        })
    }
}

fn push(page: &Page, table: &mut FlowTable) -> Result<(), PortError> {
    for message in &page.messages {
        table
            .push(message.as_bytes())
            .and_then(|()| table.push(b"\n"))
            .map_err(unreadable)?;
    }
    Ok(())
}

fn unreadable(error: flowlog::ReadError) -> PortError {
    PortError {
        service: SERVICE,
        operation: OPERATION,
        kind: FaultKind::Invalid,
        source: Box::new(error),
    }
}

fn millis(time: EpochSeconds) -> i64 {
    i64::try_from(time.0.saturating_mul(1_000)).unwrap_or(i64::MAX)
}
