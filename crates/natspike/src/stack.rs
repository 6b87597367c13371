//! A deployed recorder, as somebody at a desk sees it: its gateways and recordings.
//!
//! **Invariants.** Everything is asked of AWS as the one who signed in; no role of
//! the stack is used. What the stack does not say is not guessed: no output, no stack.

mod document;
mod hand;
mod source;

pub(crate) use source::Recorded;

use crate::cloud::plain;
use crate::dotenv::Settings;
use crate::sign_in::SignIn;
use adapters::aws;
use adapters::cloudformation::{CloudFormation, Deployed};
use adapters::cloudwatch::CloudWatch;
use adapters::dynamodb::Table;
use adapters::s3::Shelf;
use adapters::sfn::{Listed, StepFunctions};
use anyhow::{Result, anyhow, bail};
use document::Document;
use egress::recordings::{Became, Figures, Recording, Recordings};
use recorder::port::{Claims, Held, Shelf as _};
use recorder::step::kept;
use recorder::{FaultKind, PortError, StepError};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::task::JoinSet;

/// How many executions are asked for at once.
const AT_ONCE: usize = 8;

/// A deployed recorder.
pub(crate) struct Stack {
    /// Its name.
    pub(crate) name: String,
    /// Its region.
    pub(crate) region: String,
    /// The log group that its recordings are delivered to.
    pub(crate) log_group: String,
    /// The bucket that keeps their reports.
    pub(crate) bucket: String,
    parameters: BTreeMap<String, String>,
    executions: StepFunctions,
    table: Table,
    shelf: Shelf,
    metrics: CloudWatch,
}

/// A gateway of a stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Gateway {
    /// Its id.
    pub(crate) id: String,
    /// The name of its alarm.
    pub(crate) alarm: String,
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub(crate) alarm_state: String,
    /// The execution that records it.
    pub(crate) recording: Option<String>,
}

impl Stack {
    /// Finds the stack of that name.
    ///
    /// Errors: there is none, it is none of natspike's, or AWS does not say.
    pub(crate) async fn open(sign_in: &SignIn, region: Option<&str>, name: &str) -> Result<Stack> {
        let config = aws::config_of(sign_in.choice(&Settings::default(), region)).await;
        let Some(region) = config.region().map(ToString::to_string) else {
            bail!("find stack {name}: no region is known; name one with --region");
        };
        let deployed = CloudFormation::new(&config).stack(name).await;
        let deployed = deployed
            .map_err(|error| anyhow!("find stack {name} in {region}: {}", plain(&error)))?
            .ok_or_else(|| {
                anyhow!(
                    "find stack {name} in {region}: there is no such stack; check its name, \
                     --region and --profile"
                )
            })?;
        let [machine, table, log_group, bucket] = outputs(&deployed, name, &region)?;
        Ok(Stack {
            name: name.to_owned(),
            region,
            executions: StepFunctions::of(&config, machine),
            table: Table::new(&config, table),
            shelf: Shelf::new(&config, bucket.clone()),
            log_group,
            bucket,
            metrics: CloudWatch::new(&config),
            parameters: deployed.parameters,
        })
    }

    /// Its gateways, by their ids.
    pub(crate) async fn gateways(&self) -> Result<Vec<Gateway>> {
        let prefix = format!("{}/", self.name);
        let alarms = self.metrics.alarms(&format!("{prefix}nat-")).await;
        let alarms =
            alarms.map_err(|error| anyhow!("find the gateways' alarms: {}", plain(&error)))?;
        let held = self.held().await?;
        let gateways = alarms.into_iter().map(|alarm| {
            let id = alarm.name.trim_start_matches(&prefix).to_owned();
            let holder = held.iter().find(|held| held.gateway.0 == id);
            Gateway {
                recording: holder.map(|held| held.execution.clone()),
                alarm_state: alarm.state,
                alarm: alarm.name,
                id,
            }
        });
        Ok(gateways.collect())
    }

    /// The gateways that are recorded now.
    async fn held(&self) -> Result<Vec<Held>> {
        let held = self.table.held().await;
        held.map_err(|error| anyhow!("ask which gateways are recorded: {}", plain(&error)))
    }

    /// Its last recordings, at most so many, the newest first.
    pub(crate) async fn recordings(self: &Arc<Self>, limit: usize) -> Result<Recordings> {
        let latest = self.executions.latest(limit).await;
        let (listed, older) =
            latest.map_err(|error| anyhow!("list the recordings: {}", plain(&error)))?;
        let mut recordings = Vec::with_capacity(listed.len());
        for some in listed.chunks(AT_ONCE) {
            let mut asked = JoinSet::new();
            for (place, listed) in some.iter().cloned().enumerate() {
                let stack = Arc::clone(self);
                asked.spawn(async move { (place, stack.recording(listed).await) });
            }
            let mut rows = asked.join_all().await;
            rows.sort_by_key(|(place, _)| *place);
            for (_, row) in rows {
                recordings.push(row?);
            }
        }
        Ok(Recordings {
            stack: self.name.clone(),
            region: self.region.clone(),
            recordings,
            older,
        })
    }

    /// What became of an execution.
    async fn recording(&self, listed: Listed) -> Result<Recording> {
        let (document, failure) = self.document(&listed.name, &listed.status).await?;
        let mut row = document.recording(&listed, failure.as_deref());
        if row.became == Became::Recorded {
            // One that was kept no longer, or never, leaves its figures unknown.
            let report = self.shelf.get(&kept(&listed.name, "report.json")).await;
            let bytes = row.figures.bytes;
            row.figures = report.map_or_else(|_| Figures::default(), |it| Figures::read(&it));
            row.figures.bytes = row.figures.bytes.or(bytes);
        }
        Ok(row)
    }

    /// The report of a recording, as it was kept.
    pub(crate) async fn report(&self, execution: &str) -> Result<Vec<u8>> {
        let report = self.shelf.get(&kept(execution, "report.json")).await;
        report.map_err(|error| match error.kind {
            FaultKind::NotFound => anyhow!(
                "fetch the report of {execution}: it has no report yet, or none any more; natspike \
                 record list says what became of it"
            ),
            _ => anyhow!("fetch the report of {execution}: {}", plain(&error)),
        })
    }

    /// The document of an execution, and why it failed.
    async fn document(&self, name: &str, status: &str) -> Result<(Document, Option<String>)> {
        let failed = |error: PortError| anyhow!("look {name} up: {}", plain(&error));
        let mut failure = None;
        if status != "RUNNING" {
            let described = self.executions.described(name).await.map_err(failed)?;
            if let Some(described) = described {
                if let Some(output) = described.output {
                    return Ok((Document::read(&output), None));
                }
                failure = [described.error, described.cause]
                    .into_iter()
                    .flatten()
                    .reduce(|error, cause| format!("{error}: {cause}"));
            }
        }
        let document = self.executions.document(name).await.map_err(failed)?;
        let document = document.map_or_else(Document::default, |text| Document::read(&text));
        Ok((document, failure))
    }

    /// A parameter of the stack.
    fn parameter(&self, name: &str) -> &str {
        self.parameters.get(name).map_or("", |value| value.trim())
    }
}

/// StateMachineArn, TableName, RecordingLogGroup and RecordingBucket.
fn outputs(deployed: &Deployed, name: &str, region: &str) -> Result<[String; 4]> {
    let [machine, table, group, bucket] = [
        "StateMachineArn",
        "TableName",
        "RecordingLogGroup",
        "RecordingBucket",
    ]
    .map(|output| deployed.outputs.get(output).cloned().ok_or(output));
    let missing = |output: &str| {
        anyhow!(
            "use stack {name} in {region}: it has no output {output} (its status is {}); name a \
             stack that was deployed from natspike's template.yaml",
            deployed.status
        )
    };
    let [machine, table, group, bucket] =
        [machine, table, group, bucket].map(|output| output.map_err(missing));
    Ok([machine?, table?, group?, bucket?])
}

/// An error of the recorder in the words of somebody at a desk.
fn said(error: &StepError) -> String {
    match error {
        StepError::Port { task, error } => format!("{task}: {}", plain(error)),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::outputs;
    use adapters::cloudformation::Deployed;

    #[test]
    fn a_stack_of_others_is_refused_by_the_first_output_that_it_lacks() {
        let check = |names: &[&str], lacking: Option<&str>| {
            let outputs_of = names
                .iter()
                .map(|name| ((*name).to_owned(), name.to_lowercase()));
            let deployed = Deployed {
                status: "CREATE_COMPLETE".to_owned(),
                outputs: outputs_of.collect(),
                ..Deployed::default()
            };
            let found = outputs(&deployed, "shop", "eu-west-1");
            match lacking {
                None => assert_eq!(found.unwrap()[3], "recordingbucket"),
                Some(lacking) => {
                    let said = found.unwrap_err().to_string();
                    assert!(said.contains(&format!("no output {lacking} ")), "{said}");
                }
            }
        };
        let all = [
            "StateMachineArn",
            "TableName",
            "RecordingLogGroup",
            "RecordingBucket",
        ];
        check(&all, None);
        check(&all[..3], Some("RecordingBucket"));
        check(&["TableName"], Some("StateMachineArn"));
        check(&[], Some("StateMachineArn"));
    }
}
