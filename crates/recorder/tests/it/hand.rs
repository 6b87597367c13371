//! Recordings that somebody begins and stops, whatever alarms do meanwhile.

use super::{CLEARED, GATEWAY, NOW, World};
use recorder::alarm::AlarmEvent;
use recorder::hand::{self, Stopped};
use recorder::memory::Fault;
use recorder::payload::{
    AnalyzeRecording, Claim, ClaimGateway, EndReason, Ending, ExecutionInput, Origin, Outcome,
    Recording, SnapshotTaken, Stop,
};
use recorder::port::ExecutionState;
use recorder::step::{self, AnalysisPorts};
use recorder::{EpochMillis, EpochSeconds, FaultKind, GatewayId, StepError};

fn gateway() -> GatewayId {
    GatewayId::from(GATEWAY)
}

/// Somebody begins; gives the execution and its claim.
fn begun(world: &World) -> (String, Claim) {
    let at = EpochMillis(NOW.0 * 1_000);
    let raised = pollster::block_on(hand::start(&world.memory, &gateway(), "us-east-1", at));
    let execution = raised.expect("started").execution;
    let (name, input) = world.memory.started().pop().expect("an execution");
    assert_eq!(name, execution);
    let input: ExecutionInput = serde_json::from_str(&input).expect("an input");
    let claim = claim(world, &execution, input.event);
    world
        .memory
        .set_execution(&execution, ExecutionState::Running);
    (execution, claim)
}

fn claim(world: &World, execution: &str, event: AlarmEvent) -> Claim {
    let payload = ClaimGateway {
        event,
        round: 1,
        execution: execution.to_owned(),
        settings: world.settings.clone(),
    };
    pollster::block_on(step::claim_gateway(&world.memory, &payload, NOW)).expect("an answer")
}

fn stop(world: &World, execution: &str, at: u64) -> Result<Stopped, StepError> {
    let memory = &world.memory;
    pollster::block_on(hand::stop(
        memory,
        memory,
        &gateway(),
        execution,
        EpochSeconds(at),
    ))
}

fn woken(world: &World) -> Vec<String> {
    let woken = world.memory.woken();
    woken.into_iter().map(|(_, ending)| ending).collect()
}

#[test]
fn an_alarm_that_cleared_before_does_not_end_it() {
    let world = World::new();
    world.clear(CLEARED).unwrap();
    let (_, claim) = begun(&world);
    assert_eq!(
        (claim.outcome, claim.origin),
        (Outcome::Claimed, Origin::Hand)
    );
    world.wait(&claim, "token-1").unwrap();
    assert_eq!(woken(&world), [""; 0]);
}

#[test]
fn an_alarm_that_goes_off_and_clears_meanwhile_does_not_end_it() {
    let world = World::new();
    let (_, claim) = begun(&world);
    world.wait(&claim, "token-1").unwrap();
    let alarmed = world.claim("alarm-1", NOW.plus(60)).unwrap();
    assert_eq!(alarmed.outcome, Outcome::Held);
    assert!(!world.clear(CLEARED).unwrap());
    assert_eq!(woken(&world), [""; 0]);
}

#[test]
fn none_follows_it_in_a_row() {
    let mut world = World::new();
    world.settings.recordings_in_a_row = "3".to_owned();
    let (_, claim) = begun(&world);
    assert_eq!((claim.round, claim.rounds), (1, 1));
}

#[test]
fn it_counts_as_a_recording_of_the_gateway() {
    let mut world = World::new();
    world.settings.recordings_limit = "1".to_owned();
    let (_, claim) = begun(&world);
    let recording = world.start(&claim).unwrap();
    world.stop(&claim, Some(&recording)).unwrap();
    let event = AlarmEvent::by_hand(&gateway(), "us-east-1", EpochMillis(NOW.0 * 1_000 + 1));
    let second = self::claim(&world, "execution-2", event);
    assert_eq!(second.outcome, Outcome::Spent);
}

#[test]
fn an_alarm_after_it_ends_as_ever() {
    let world = World::new();
    let (_, claim) = begun(&world);
    world.stop(&claim, None).unwrap();
    let claim = world.claim("alarm-1", NOW.plus(600)).unwrap();
    world.wait(&claim, "token-2").unwrap();
    assert!(world.clear(CLEARED).unwrap());
}

#[test]
fn a_stop_wakes_the_execution_that_waits() {
    let world = World::new();
    let (execution, claim) = begun(&world);
    world.wait(&claim, "token-1").unwrap();
    let at = NOW.0 + 60;
    assert_eq!(stop(&world, &execution, at).unwrap(), Stopped::UnderWay);
    let ending = format!(r#"{{"reason":"stopped","at":{at}}}"#);
    assert_eq!(woken(&world), [ending]);
}

#[test]
fn a_stop_before_the_token_is_noted_and_found() {
    let world = World::new();
    let (execution, claim) = begun(&world);
    let at = NOW.0 + 1;
    assert_eq!(stop(&world, &execution, at).unwrap(), Stopped::UnderWay);
    assert_eq!(woken(&world), [""; 0]);
    // Again changes nothing.
    stop(&world, &execution, at + 9).unwrap();
    world.wait(&claim, "token-1").unwrap();
    let ending = format!(r#"{{"reason":"stopped","at":{at}}}"#);
    assert_eq!(woken(&world), [ending]);
}

#[test]
fn an_alarms_recording_is_stopped_by_hand_too_and_none_follows() {
    let world = World::new();
    let claim = world.claim("execution-1", NOW).unwrap();
    let recording = world.start(&claim).unwrap();
    world.wait(&claim, "token-1").unwrap();
    stop(&world, "execution-1", NOW.0 + 60).unwrap();
    assert_eq!(woken(&world).len(), 1);
    let stop = world.stop(&claim, Some(&recording)).unwrap();
    assert!(!stop.alarm_is_on, "another one would follow");
    // The next alarm knows nothing of it.
    let next = world
        .claim_at("2026-11-21T01:00:00.000+0000", "execution-2", NOW.plus(600))
        .unwrap();
    world.wait(&next, "token-2").unwrap();
    assert_eq!(woken(&world).len(), 1);
    assert!(world.stop(&next, None).unwrap().alarm_is_on);
}

#[test]
fn a_stop_that_was_not_heard_is_tried_again() {
    let world = World::new();
    let (execution, claim) = begun(&world);
    world.wait(&claim, "token-1").unwrap();
    for (operation, fault) in [
        ("UpdateItem", Fault::AnswerLost),
        ("SendTaskSuccess", Fault::Fails(FaultKind::Throttled)),
    ] {
        world.memory.fail(operation, fault);
        assert!(stop(&world, &execution, NOW.0).unwrap_err().may_pass());
    }
    stop(&world, &execution, NOW.0).unwrap();
    assert_eq!(woken(&world).len(), 1);
}

#[test]
fn a_stop_of_what_does_not_record_says_why() {
    let check = |state: Option<ExecutionState>, expected: Result<Stopped, &str>| {
        let world = World::new();
        if let Some(state) = state {
            world.memory.set_execution("execution-1", state);
        }
        let stopped = stop(&world, "execution-1", NOW.0);
        let stopped = stopped.map_err(|error| error.name());
        assert_eq!(stopped, expected, "{state:?}");
    };
    check(None, Err("NotFound"));
    check(Some(ExecutionState::Running), Err("Conflict"));
    check(Some(ExecutionState::Ended), Ok(Stopped::Over));
    check(Some(ExecutionState::Aborted), Ok(Stopped::Over));
}

#[test]
fn a_stop_while_the_recording_is_analyzed_is_too_late() {
    let world = World::new();
    let (execution, claim) = begun(&world);
    world.stop(&claim, None).unwrap();
    assert_eq!(stop(&world, &execution, NOW.0).unwrap(), Stopped::Over);
}

fn analyze(world: &World, claim: &Claim, recording: &Recording, stop: &Stop, why: EndReason) {
    let payload = AnalyzeRecording {
        claim: claim.clone(),
        recording: recording.clone(),
        ending: Ending {
            reason: why,
            at: None,
        },
        stop: stop.clone(),
        snapshot: SnapshotTaken::default(),
    };
    let memory = &world.memory;
    let ports = AnalysisPorts {
        logs: memory,
        metrics: memory,
        prices: memory,
        shelf: memory,
        topic: memory,
        chat: Some(&recorder::memory::Chat(memory)),
    };
    pollster::block_on(step::analyze_recording(&ports, &payload, "natspike")).expect("a report");
}

#[test]
fn mail_chat_and_json_say_by_whose_hand() {
    for (why, sentence) in [
        (EndReason::Stopped, "it was stopped by hand."),
        (EndReason::Time, "its time of 900 s was over."),
    ] {
        let world = World::new();
        let (execution, claim) = begun(&world);
        let recording = world.start(&claim).unwrap();
        world.deliver("eni-0a1", 1_000, 9_000);
        let stop = world.stop(&claim, Some(&recording)).unwrap();
        analyze(&world, &claim, &recording, &stop, why);
        let (_, body) = world.memory.mails().remove(0);
        let prose = body.split_whitespace().collect::<Vec<_>>().join(" ");
        let ending = format!("Recording ended because {sentence}");
        for said in ["A recording was started by hand for NAT", &ending] {
            assert!(prose.contains(said), "{said:?} is not in\n{body}");
        }
        assert!(!body.to_lowercase().contains("alarm"), "{body}");
        let chat = world.memory.chats().remove(0);
        assert!(chat.contains("Recording started by hand."), "{chat}");
        assert!(chat.contains(sentence), "{chat}");
        let key = step::kept(&execution, "report.json");
        let json = world.memory.object(&key).expect("a report");
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        let expected = serde_json::json!({
            "gateway": GATEWAY,
            "execution": execution,
            "started": recording.started,
            "stopped": stop.stopped,
            "started_by": "hand",
            "end_reason": why.name(),
        });
        assert_eq!(json["recording"], expected);
    }
}
