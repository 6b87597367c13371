//! take-snapshot: what is there as the alarm goes off, before it changes.
//!
//! **Invariants.** The recording waits for it, so it is done once and what cannot
//! be had is noted and left out. Without any of it there is still a recording.

use super::kept;
use crate::error::During;
use crate::payload::{Claim, SnapshotTaken};
use crate::port::{Gateways, Metrics, NatGateway, Shelf, Surroundings};
use crate::snapshot::{Endpoint, Metric, Missing, Snapshot, VERSION};
use crate::{EpochSeconds, PortError, StepError};
use egress::Estimate;

/// How far back metrics are fetched.
const BEFORE_SECONDS: u64 = 3 * 60 * 60;
/// How far back the days go that a month is made of.
const HISTORY_SECONDS: u64 = 15 * 24 * 60 * 60;
const DAY_SECONDS: u64 = 24 * 60 * 60;
/// How long before the alarm the traffic is looked at for the estimate.
const RECENT_SECONDS: u64 = 15 * 60;
/// The longest recording that an estimate is made for: a recording that ends
/// with its alarm has no length yet.
const ESTIMATE_MINUTES: u64 = 60;

/// What a snapshot needs of the world.
pub struct SnapshotPorts<'a, E, M, S> {
    /// Gateways and their surroundings.
    pub ec2: &'a E,
    /// Metrics.
    pub metrics: &'a M,
    /// Where it is kept.
    pub shelf: &'a S,
}

/// Takes the snapshot and keeps it, and estimates the recording.
///
/// Errors: it cannot be kept.
pub async fn take_snapshot(
    ports: &SnapshotPorts<'_, impl Gateways + Surroundings, impl Metrics, impl Shelf>,
    claim: &Claim,
    now: EpochSeconds,
) -> Result<SnapshotTaken, StepError> {
    let SnapshotPorts {
        ec2,
        metrics,
        shelf,
    } = ports;
    let mut missing = Missed::default();
    let gateway = ec2.gateway(&claim.gateway).await;
    let gateway = missing.or_default("gateway", gateway).filter(is_there);
    let zones = gateway.as_ref().map_or(&[][..], |gateway| &gateway.zones);
    // Metrics have a value for each whole minute.
    let from = EpochSeconds(now.minus(BEFORE_SECONDS).0 / 60 * 60);
    let series = metrics.of_gateway(&claim.gateway, zones, from, now).await;
    let since = EpochSeconds(now.minus(HISTORY_SECONDS).0 / 3_600 * 3_600);
    let history = metrics.history(&claim.gateway, zones, since, now).await;
    let mut snapshot = Snapshot {
        version: VERSION,
        taken: now.0,
        gateway: claim.gateway.0.clone(),
        region: claim.region.clone(),
        vpc: gateway.and_then(|gateway| gateway.vpc),
        vpc_name: None,
        metrics: missing.or_default("metrics", series),
        history: missing.or_default("history", history),
        interfaces: Vec::new(),
        instances: Vec::new(),
        subnets: Vec::new(),
        route_tables: Vec::new(),
        endpoints: Vec::new(),
        carried: Vec::new(),
        missing: Vec::new(),
    };
    if let Some(vpc) = &snapshot.vpc {
        let interfaces = ec2.interfaces(vpc).await;
        snapshot.interfaces = missing.or_default("interfaces", interfaces);
        let instances = ec2.instances(vpc).await;
        snapshot.instances = missing.or_default("instances", instances);
        let subnets = ec2.subnets(vpc).await;
        snapshot.subnets = missing.or_default("subnets", subnets);
        let name = ec2.vpc_name(vpc).await;
        snapshot.vpc_name = missing.or_default("VPC", name);
        let route_tables = ec2.route_tables(vpc).await;
        snapshot.route_tables = missing.or_default("route tables", route_tables);
        let endpoints = ec2.endpoints(vpc).await;
        snapshot.endpoints = missing.or_default("endpoints", endpoints);
        if snapshot.endpoints.iter().any(Endpoint::is_interface) {
            let first = EpochSeconds(since.0.next_multiple_of(DAY_SECONDS));
            let carried = metrics.carried(vpc, &snapshot.endpoints, first, now).await;
            snapshot.carried = missing.or_default("endpoint metrics", carried);
        }
    }
    snapshot.missing = missing.0;
    let estimate = estimate(&snapshot.metrics, claim.await_seconds, now);
    let body = serde_json::to_vec(&snapshot)
        .map_err(|error| StepError::Invalid(format!("cannot write the snapshot: {error}")))?;
    let key = kept(&claim.execution, "snapshot.json");
    shelf
        .put(&key, "application/json", body)
        .await
        .during("keep the snapshot")?;
    let rate = super::log_rate(claim)?;
    Ok(SnapshotTaken {
        key: Some(key),
        missing: snapshot
            .missing
            .iter()
            .map(|missing| format!("{}: {}", missing.part, missing.why))
            .collect(),
        expected: estimate.map(|estimate| estimate.sentence(rate.as_ref())),
        estimate,
    })
}

fn is_there(gateway: &NatGateway) -> bool {
    gateway.state != "deleted"
}

/// How much a recording of so many seconds that begins now is expected to be, by
/// the gateway's traffic of the last minutes.
pub fn estimate(metrics: &[Metric], seconds: u64, now: EpochSeconds) -> Option<Estimate> {
    let recent = now.minus(RECENT_SECONDS);
    let mut metrics = metrics.to_vec();
    for metric in &mut metrics {
        metric.points.retain(|(start, _)| *start >= recent.0);
    }
    let minutes = seconds.div_ceil(60).min(ESTIMATE_MINUTES);
    Estimate::of(&metrics, minutes)
}

/// What could not be had.
#[derive(Default)]
struct Missed(Vec<Missing>);

impl Missed {
    fn or_default<T: Default>(&mut self, part: &str, had: Result<T, PortError>) -> T {
        had.unwrap_or_else(|error| {
            self.0.push(Missing {
                part: part.to_owned(),
                why: error.to_string(),
            });
            T::default()
        })
    }
}
