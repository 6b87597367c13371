//! Recordings that are begun and stopped by hand.

use super::document::gateway_of;
use super::{Stack, plain, said};
use crate::cloud::now;
use anyhow::{Context, Result, anyhow, bail};
use recorder::hand::{self, Stopped};
use recorder::port::Metrics;
use recorder::step::estimate;
use recorder::{EpochMillis, EpochSeconds, FaultKind, GatewayId, LogClass};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long an execution that has just been started may take to claim its gateway.
const CLAIM_SECONDS: u32 = 30;
/// How far back the gateway's metrics are looked at for what a recording will cost.
const RECENT_SECONDS: u64 = 20 * 60;

impl Stack {
    /// Begins a recording of the gateway; gives its execution.
    ///
    /// Errors: it is none of the stack's, is being recorded, or has had all its
    /// recordings; what AWS answers.
    pub(crate) async fn start(&self, gateway: &str) -> Result<String> {
        self.startable(gateway).await?;
        let millis = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
        let at = EpochMillis(u64::try_from(millis).context("read the clock")?);
        let gateway = GatewayId::from(gateway);
        let raised = hand::start(&self.executions, &gateway, &self.region, at).await;
        let raised = raised.map_err(|error| anyhow!("record {gateway}: {}", said(&error)))?;
        Ok(raised.execution)
    }

    /// Whether the gateway can be recorded now.
    pub(crate) async fn startable(&self, gateway: &str) -> Result<()> {
        let gateways = self.gateways().await?;
        let Some(found) = gateways.iter().find(|it| it.id == gateway) else {
            let ids: Vec<&str> = gateways.iter().map(|it| it.id.as_str()).collect();
            bail!(
                "record {gateway}: stack {} does not watch it, but {}",
                self.name,
                match ids.is_empty() {
                    true => "none".to_owned(),
                    false => ids.join(", "),
                }
            );
        };
        if let Some(execution) = &found.recording {
            bail!("record {gateway}: {execution} is recording it already");
        }
        let most = self.parameter("NumOfRecordings").parse().unwrap_or(0);
        let quotas = self.table.quotas().await;
        let quotas = quotas.map_err(|error| anyhow!("ask for its quota: {}", plain(&error)))?;
        let had = quotas.iter().find(|quota| quota.gateway.0 == gateway);
        if most > 0 && had.is_some_and(|quota| quota.recordings >= most) {
            bail!(
                "record {gateway}: it has had {most} recordings, as many as the stack parameter \
                 NumOfRecordings allows; natspike quota reset {gateway} allows more"
            );
        }
        Ok(())
    }

    /// How long a recording that begins now goes on, and what it is expected to cost,
    /// a sentence each.
    pub(crate) async fn expected(&self, gateway: &str) -> Result<Vec<String>> {
        let seconds: u64 = self.parameter("RecordingTime").parse().unwrap_or(0);
        let most = match self.parameter("RecordingLimit") {
            "" | "0" => String::new(),
            gigabytes => format!(", or has {gigabytes} GB of records (RecordingLimit)"),
        };
        let time = match seconds {
            0 => format!("It records until it is stopped by hand{most}."),
            seconds => format!(
                "It records for {seconds} s (RecordingTime), until it is stopped by hand{most}."
            ),
        };
        Ok(vec![time, self.cost(gateway, seconds).await])
    }

    /// What delivering the records is expected to cost.
    async fn cost(&self, gateway: &str, seconds: u64) -> String {
        let Ok(now) = now().map(EpochSeconds) else {
            return "What it will cost is not known: the clock cannot be read.".to_owned();
        };
        let class = match self.parameter("RecordingLogClass") {
            "INFREQUENT_ACCESS" => LogClass::InfrequentAccess,
            _ => LogClass::Standard,
        };
        let id = GatewayId::from(gateway);
        let zones = zones(self.parameter("NatGatewayIDs"), gateway);
        let from = EpochSeconds(now.minus(RECENT_SECONDS).0 / 60 * 60);
        let metrics = match self.metrics.of_gateway(&id, &zones, from, now).await {
            Ok(metrics) => metrics,
            Err(error) => return format!("What it will cost is not known: {}.", plain(&error)),
        };
        // An open end is estimated for as long as an estimate is made at the most.
        let seconds = if seconds == 0 { u64::MAX } else { seconds };
        let rate = class.rate(&self.region, self.parameter("LogRate"));
        let rate = rate.ok().flatten();
        match estimate(&metrics, seconds, now) {
            Some(estimate) => format!("Expected are {}", estimate.sentence(rate.as_ref())),
            None => "What it will cost is not known: the gateway has no metrics of the last \
                     minutes."
                .to_owned(),
        }
    }

    /// Stops the recording of that execution, or of that gateway; gives the execution
    /// and what became of it.
    ///
    /// Errors: nothing of that name is recorded; what AWS answers.
    pub(crate) async fn stop(&self, named: &str) -> Result<(String, Stopped)> {
        let (gateway, execution) = match gateway_of(named) {
            Some(gateway) => (gateway, named.to_owned()),
            None => {
                let held = self.held().await?;
                let holder = held.into_iter().find(|held| held.gateway.0 == named);
                let Some(holder) = holder else {
                    bail!(
                        "stop {named}: it is no recording and no gateway that is being recorded; \
                         natspike record list --stack {} shows those that there are",
                        self.name
                    );
                };
                (named.to_owned(), holder.execution)
            }
        };
        let gateway = GatewayId(gateway);
        let mut left = CLAIM_SECONDS;
        loop {
            let at = EpochSeconds(now()?);
            let stopped = hand::stop(&self.table, &self.executions, &gateway, &execution, at).await;
            match stopped {
                Ok(stopped) => return Ok((execution, stopped)),
                // It has not claimed its gateway yet.
                Err(error) if error.name() == FaultKind::Conflict.name() && left > 0 => {
                    left -= 1;
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                Err(error) => bail!("stop {execution}: {}", said(&error)),
            }
        }
    }
}

/// The zones that the parameter NatGatewayIDs names for a regional gateway.
fn zones(parameter: &str, gateway: &str) -> Vec<String> {
    let named = parameter.split(',').map(str::trim);
    let mut zoned = named.filter_map(|entry| entry.split_once('@'));
    let zones = zoned.find(|(id, _)| *id == gateway);
    let zones = zones.map(|(_, zones)| zones.split('+').map(str::to_owned).collect());
    zones.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::zones;

    #[test]
    fn reads_the_zones_of_a_regional_gateway() {
        let parameter = "nat-0a1, nat-0b2@eu-west-1a+eu-west-1b,nat-0c3@eu-west-1c";
        for (gateway, expected) in [
            ("nat-0a1", &[][..]),
            ("nat-0b2", &["eu-west-1a", "eu-west-1b"]),
            ("nat-0c3", &["eu-west-1c"]),
            ("nat-0d4", &[]),
        ] {
            assert_eq!(zones(parameter, gateway), expected, "{gateway}");
        }
    }
}
