//! The document that travels through the states of an execution, as far as it is
//! there, and what it says of the recording.
//!
//! **Invariants.** Each part is read by itself: one of another version than ours
//! spoils no other.

use adapters::sfn::Listed;
use egress::recordings::{Became, Figures, Recording};
use recorder::payload::{Claim, Ending, Origin, Outcome, Reported, SnapshotTaken, Stop};
use recorder::{alarm::AlarmEvent, payload};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// What is known of an execution.
#[derive(Debug, Default)]
pub(super) struct Document {
    event: Option<AlarmEvent>,
    pub(super) claim: Option<Claim>,
    pub(super) snapshot: Option<SnapshotTaken>,
    pub(super) recording: Option<payload::Recording>,
    pub(super) ending: Option<Ending>,
    pub(super) stop: Option<Stop>,
    pub(super) report: Option<Reported>,
}

impl Document {
    /// Reads what there is.
    pub(super) fn read(text: &str) -> Document {
        let mut value: Value = serde_json::from_str(text).unwrap_or_default();
        Document {
            event: part(&mut value, "event"),
            claim: part(&mut value, "claim"),
            snapshot: part(&mut value, "snapshot"),
            recording: part(&mut value, "recording"),
            ending: part(&mut value, "ending"),
            stop: part(&mut value, "stop"),
            report: part(&mut value, "report"),
        }
    }

    /// The row of the execution in the list of recordings; figures are those that the
    /// document has.
    pub(super) fn recording(&self, listed: &Listed, failure: Option<&str>) -> Recording {
        let became = self.became(&listed.status);
        let is_recorded = matches!(became, Became::Running | Became::Recorded | Became::Failed)
            && (self.recording.is_some() || became != Became::Failed);
        let seconds = self.recording.as_ref().zip(self.stop.as_ref());
        Recording {
            execution: listed.name.clone(),
            gateway: self.gateway().or_else(|| gateway_of(&listed.name)),
            started: listed.started,
            ended: listed.ended,
            status: listed.status.clone(),
            became,
            started_by: self.origin().map(|origin| origin.name().to_owned()),
            end_reason: self.ending.as_ref().map(|it| it.reason.name().to_owned()),
            why_not: self.why_not(became, &listed.status, failure),
            seconds: seconds
                .map(|(recording, stop)| stop.stopped.0.saturating_sub(recording.started.0)),
            figures: Figures {
                bytes: self.report.as_ref().map(|it| it.processed_bytes.into()),
                ..Figures::default()
            },
            source: is_recorded.then(|| format!("recording:{}", listed.name)),
        }
    }

    fn gateway(&self) -> Option<String> {
        let of_event = || self.event.as_ref()?.gateway().ok();
        let gateway = self.claim.as_ref().map(|claim| claim.gateway.clone());
        gateway.or_else(of_event).map(|gateway| gateway.0)
    }

    fn origin(&self) -> Option<Origin> {
        let claim = self.claim.as_ref().map(|claim| claim.origin);
        claim.or_else(|| self.event.as_ref().map(AlarmEvent::origin))
    }

    fn became(&self, status: &str) -> Became {
        let outcome = self.claim.as_ref().map(|claim| claim.outcome);
        match (status, outcome) {
            (_, Some(Outcome::Held)) => Became::Held,
            (_, Some(Outcome::Spent)) => Became::Spent,
            ("RUNNING", _) => Became::Running,
            ("SUCCEEDED", _) => Became::Recorded,
            _ => Became::Failed,
        }
    }

    fn why_not(&self, became: Became, status: &str, failure: Option<&str>) -> Option<String> {
        let sentence = match (became, status, failure) {
            (Became::Running | Became::Recorded, ..) => return None,
            (Became::Held, ..) => "Another execution was recording the gateway.".to_owned(),
            (Became::Spent, ..) => "The gateway has had as many recordings as the stack parameter \
                                    NumOfRecordings allows; natspike quota reset allows more."
                .to_owned(),
            (Became::Failed, "TIMED_OUT", _) => {
                "The execution took longer than an execution may.".to_owned()
            }
            (Became::Failed, "ABORTED", None) => "The execution was aborted.".to_owned(),
            (Became::Failed, "ABORTED", Some(why)) => format!("The execution was aborted: {why}"),
            (Became::Failed, _, why) => why.unwrap_or("It does not say why.").to_owned(),
        };
        Some(sentence)
    }
}

/// A part of the document, if it is there and legible.
fn part<T: DeserializeOwned>(document: &mut Value, name: &str) -> Option<T> {
    serde_json::from_value(document.get_mut(name)?.take()).ok()
}

/// The gateway in the name of an execution: `nat-…-MILLISECONDS` and maybe a number.
pub(super) fn gateway_of(execution: &str) -> Option<String> {
    let mut parts = execution.splitn(3, '-');
    let (prefix, id, _) = (parts.next()?, parts.next()?, parts.next()?);
    (prefix == "nat").then(|| format!("nat-{id}"))
}

#[cfg(test)]
mod tests {
    use super::{Document, gateway_of};
    use adapters::sfn::Listed;
    use egress::recordings::Became;
    use serde_json::{Value, json};

    const EXECUTION: &str = "nat-0a1b2c3d4e5f60718-1795218245123";

    fn listed(status: &str) -> Listed {
        Listed {
            name: EXECUTION.to_owned(),
            status: status.to_owned(),
            started: 1_795_218_245,
            ended: None,
        }
    }

    fn claim(outcome: &str, origin: Option<&str>) -> Value {
        let mut claim = json!({
            "outcome": outcome, "gateway": "nat-0a1b2c3d4e5f60718", "alarm": "a",
            "region": "us-east-1", "execution": EXECUTION, "generation": 1, "alarmed": 1,
            "claimed": 1, "previous_stop": null, "recording": 1, "limit": 0, "round": 1,
            "next_round": 2, "rounds": 1, "next_execution": "n", "threshold": null,
            "lease_seconds": 1, "await_seconds": 900, "linger_seconds": 0,
            "settle_seconds": 0, "log_class": "STANDARD",
        });
        if let Some(origin) = origin {
            claim["origin"] = origin.into();
        }
        claim
    }

    #[test]
    fn says_what_became_of_an_execution() {
        let stopped = json!({"reason": "stopped", "at": 5});
        let check = |status: &str, document: Value, became: Became, words: [Option<&str>; 3]| {
            let row = Document::read(&document.to_string()).recording(&listed(status), None);
            assert_eq!(row.became, became, "{document}");
            assert_eq!(row.gateway.as_deref(), Some("nat-0a1b2c3d4e5f60718"));
            let [by, reason, why] = words;
            assert_eq!(
                (row.started_by.as_deref(), row.end_reason.as_deref()),
                (by, reason)
            );
            assert_eq!(row.why_not.is_some(), why.is_some(), "{:?}", row.why_not);
            if let (Some(said), Some(why)) = (row.why_not, why) {
                assert!(said.contains(why), "{said}");
            }
        };
        check("RUNNING", json!({}), Became::Running, [None; 3]);
        check(
            "RUNNING",
            json!({"claim": claim("claimed", Some("hand")), "ending": stopped}),
            Became::Running,
            [Some("hand"), Some("stopped"), None],
        );
        check(
            "SUCCEEDED",
            json!({"claim": claim("claimed", None), "ending": {"reason": "cleared"}}),
            Became::Recorded,
            [Some("alarm"), Some("cleared"), None],
        );
        let held = json!({"claim": claim("held", None)});
        let by_alarm = |why| [Some("alarm"), None, Some(why)];
        check(
            "SUCCEEDED",
            held,
            Became::Held,
            by_alarm("Another execution"),
        );
        let spent = json!({"claim": claim("spent", None)});
        check(
            "SUCCEEDED",
            spent,
            Became::Spent,
            by_alarm("NumOfRecordings"),
        );
        check(
            "ABORTED",
            json!({}),
            Became::Failed,
            [None, None, Some("aborted")],
        );
        check(
            "FAILED",
            json!({}),
            Became::Failed,
            [None, None, Some("does not say")],
        );
    }

    #[test]
    fn finds_the_gateway_in_the_name_of_an_execution() {
        for (name, expected) in [
            (EXECUTION, Some("nat-0a1b2c3d4e5f60718")),
            ("nat-0a1-1795218245123-2", Some("nat-0a1")),
            ("nat-0a1", None),
            ("test-execution-1", None),
        ] {
            assert_eq!(gateway_of(name).as_deref(), expected, "{name}");
        }
    }
}
