//! The state machine and the Lambdas speak the same payloads and error names.

use super::repository;
use recorder::LogClass;
use recorder::payload::{
    AnalyzeRecording, AwaitClearance, Claim, ClaimGateway, EndReason, Ending, Origin, Outcome,
    Recording, Reported, Resume, ResumeRecording, Settings, SnapshotTaken, StartRecording, Stop,
    StopRecording, TakeSnapshot,
};
use recorder::{EpochSeconds, FaultKind, FlowLogId, GatewayId, InterfaceId, alarm};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;

fn states() -> serde_json::Map<String, Value> {
    let text =
        fs::read_to_string(repository().join("statemachine/recorder.asl.json")).expect("text");
    let document: Value = serde_json::from_str(&text).expect("JSON");
    document["States"].as_object().expect("states").clone()
}

fn names(value: &Value) -> BTreeSet<String> {
    value
        .as_object()
        .expect("an object")
        .keys()
        .map(|name| name.trim_end_matches(".$").to_owned())
        .collect()
}

fn fields(payload: &impl Serialize) -> BTreeSet<String> {
    names(&serde_json::to_value(payload).expect("JSON"))
}

fn claim() -> Claim {
    Claim {
        outcome: Outcome::Claimed,
        gateway: GatewayId::from("nat-0a1"),
        origin: Origin::Alarm,
        alarm: "natspike/nat-0a1".to_owned(),
        region: "us-east-1".to_owned(),
        execution: "execution-1".to_owned(),
        generation: 1,
        alarmed: EpochSeconds(0),
        claimed: EpochSeconds(0),
        previous_stop: None,
        recording: 1,
        limit: 0,
        round: 1,
        next_round: 2,
        rounds: 1,
        next_execution: "execution-1-2".to_owned(),
        threshold: Some(1e8),
        lease_seconds: 4_500,
        await_seconds: 900,
        linger_seconds: 0,
        settle_seconds: 600,
        nat_rate: String::new(),
        log_class: LogClass::Standard,
        log_rate: String::new(),
        coverage_floor: "80".to_owned(),
    }
}

fn recording() -> Recording {
    Recording {
        flow_log_id: FlowLogId::from("fl-0a1"),
        is_ours: true,
        log_format: String::new(),
        log_group: "/natspike/test".to_owned(),
        log_class: LogClass::Standard,
        interface_id: Some(InterfaceId::from("eni-0a1")),
        nat_addresses: vec![],
        regional: false,
        zones: vec![],
        started: EpochSeconds(1),
        since: EpochSeconds(0),
    }
}

fn ending() -> Ending {
    Ending {
        reason: EndReason::Cleared,
        at: None,
    }
}

fn stop() -> Stop {
    Stop {
        stopped: EpochSeconds(2),
        flow_log_ids: vec![],
        alarm_is_on: false,
        released: true,
    }
}

#[test]
fn each_lambda_gets_the_payload_that_it_reads() {
    let states = states();
    let event = alarm::example("nat-0a1", "ALARM", "2026-11-20T23:44:05.123+0000");
    let claimed = ClaimGateway {
        event,
        round: 1,
        execution: String::new(),
        settings: Settings::default(),
    };
    let stopping = StopRecording {
        claim: claim(),
        recording: Some(recording()),
        ending: Some(ending()),
    };
    let analyzing = AnalyzeRecording {
        claim: claim(),
        recording: recording(),
        ending: ending(),
        stop: stop(),
        snapshot: SnapshotTaken::default(),
    };
    let waiting = AwaitClearance {
        claim: claim(),
        task_token: String::new(),
    };
    let resuming = ResumeRecording {
        claim: claim(),
        recording: recording(),
    };
    for (state, expected) in [
        ("ClaimGateway", fields(&claimed)),
        ("ResumeRecording", fields(&resuming)),
        ("TakeSnapshot", fields(&TakeSnapshot { claim: claim() })),
        ("StartRecording", fields(&StartRecording { claim: claim() })),
        ("AwaitClearance", fields(&waiting)),
        ("StopRecording", fields(&stopping)),
        ("CleanUp", BTreeSet::from(["claim".to_owned()])),
        ("AnalyzeRecording", fields(&analyzing)),
    ] {
        let payload = &states[state]["Parameters"]["Payload"];
        assert_eq!(names(payload), expected, "{state}");
    }
    let settings = &states["ClaimGateway"]["Parameters"]["Payload"]["settings"];
    assert_eq!(names(settings), fields(&Settings::default()));
}

#[test]
fn the_state_machine_selects_every_field_that_a_lambda_gives() {
    let states = states();
    let reported = Reported {
        message_id: String::new(),
        processed_bytes: 0,
        records_read: 0,
    };
    for (selector, expected) in [
        (
            &states["ClaimGateway"]["ResultSelector"]["claim"],
            fields(&claim()),
        ),
        (
            &states["TakeSnapshot"]["ResultSelector"],
            fields(&SnapshotTaken::default()),
        ),
        (
            &states["StartRecording"]["ResultSelector"],
            fields(&recording()),
        ),
        (&states["StopRecording"]["ResultSelector"], fields(&stop())),
        (
            &states["ResumeRecording"]["ResultSelector"],
            fields(&Resume {
                again: false,
                seconds: 0,
            }),
        ),
        (
            &states["AnalyzeRecording"]["ResultSelector"],
            fields(&reported),
        ),
    ] {
        assert_eq!(names(selector), expected);
    }
    let time = &states["RecordingTimeOver"]["Result"];
    let ending: Ending = serde_json::from_value(time.clone()).expect("an ending");
    assert_eq!(ending.reason, EndReason::Time);
}

#[test]
fn only_errors_that_exist_are_retried_and_only_passing_ones() {
    let passing = [FaultKind::Throttled, FaultKind::Unavailable].map(FaultKind::name);
    let lasting = [
        FaultKind::NotFound,
        FaultKind::Denied,
        FaultKind::Conflict,
        FaultKind::Invalid,
    ]
    .map(FaultKind::name);
    for (name, state) in states() {
        let Some(retries) = state["Retry"].as_array() else {
            assert_ne!(state["Type"], "Task", "{name} must retry");
            continue;
        };
        let retried: Vec<&str> = retries
            .iter()
            .flat_map(|retry| retry["ErrorEquals"].as_array().expect("names"))
            .filter_map(Value::as_str)
            .collect();
        if retried.contains(&"States.ALL") {
            continue; // the mails: any failure is worth another try
        }
        assert!(
            passing.iter().all(|kind| retried.contains(kind)),
            "{name}: {retried:?}"
        );
        assert!(
            !lasting.iter().any(|kind| retried.contains(kind)),
            "{name}: {retried:?}"
        );
        for error in retried.iter().filter(|error| !error.contains('.')) {
            assert!(
                passing.contains(error),
                "{name} retries {error}, which nothing raises"
            );
        }
    }
}
