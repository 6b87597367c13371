//! What the last recording of a gateway was: read before the mail, written after it.
//!
//! **Invariants.** Neither costs a report: what cannot be read is not compared
//! with, and what cannot be written is compared with next time as it was.

use super::insist;
use crate::payload::Claim;
use crate::port::Shelf;
use crate::{FaultKind, GatewayId};
use egress::{Last, Report, Summary};

/// Where it is kept; each recording puts its own in the place of the last.
fn key(gateway: &GatewayId) -> String {
    format!("gateways/{gateway}/last.json")
}

/// The last recordings, and what the reader should know about why not.
pub(super) async fn read(shelf: &impl Shelf, claim: &Claim) -> (Last, Option<String>) {
    if claim.previous_stop.is_none() {
        return (Last::default(), None);
    }
    let key = key(&claim.gateway);
    let answer = match shelf.get(&key).await {
        // S3 denies what is not there to whoever may not list the bucket.
        Err(error) if matches!(error.kind, FaultKind::NotFound | FaultKind::Denied) => {
            return (Last::default(), None);
        }
        Err(_) => insist(|| shelf.get(&key)).await,
        answer => answer,
    };
    let read = answer
        .map_err(|error| error.to_string())
        .and_then(|body| serde_json::from_slice(&body).map_err(|error| error.to_string()));
    match read {
        Ok(last) => (last, None),
        Err(why) => {
            let warning = format!("What is new since the last recording is not known: {why}.");
            (Last::default(), Some(warning))
        }
    }
}

/// Keeps this recording as the last one, if it is that.
pub(super) async fn write(shelf: &impl Shelf, claim: &Claim, last: &Last, report: &Report) {
    let summary = Summary::of(report, &claim.execution);
    let body = summary
        .and_then(|summary| last.with(summary))
        .and_then(|last| serde_json::to_vec(&last).ok());
    if let Some(body) = body {
        let key = key(&claim.gateway);
        // The mail is out: a failure here must not send it again.
        let _ = insist(|| shelf.put(&key, "application/json", body.clone())).await;
    }
}
