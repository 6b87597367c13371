//! Orders of events and lost answers that must not matter.

use super::{ALARMED, CLEARED, NOW, World};
use recorder::FaultKind;
use recorder::memory::Fault;
use recorder::payload::Outcome;
use recorder::payload::SweepRequest;
use recorder::port::ExecutionState;

#[test]
fn an_ok_before_the_token_is_stored_is_honoured() {
    let world = World::new();
    let claim = world.claim("execution-1", NOW).unwrap();
    assert!(!world.clear(CLEARED).unwrap());
    world.wait(&claim, "token-1").unwrap();
    assert_eq!(world.memory.woken().len(), 1);
}

#[test]
fn an_ok_before_the_claim_is_honoured() {
    let world = World::new();
    assert!(!world.clear(CLEARED).unwrap());
    let claim = world.claim("execution-1", NOW).unwrap();
    world.wait(&claim, "token-1").unwrap();
    assert_eq!(world.memory.woken().len(), 1);
}

#[test]
fn an_ok_from_before_the_alarm_wakes_nobody() {
    let world = World::new();
    let claim = world.claim("execution-1", NOW).unwrap();
    world.wait(&claim, "token-1").unwrap();
    assert!(!world.clear(ALARMED).unwrap());
    assert_eq!(world.memory.woken(), []);
}

#[test]
fn a_token_of_an_older_claim_is_refused() {
    let world = World::new();
    let old = world.claim("execution-1", NOW).unwrap();
    world.stop(&old, None).unwrap();
    world.claim("execution-2", NOW).unwrap();
    assert_eq!(world.wait(&old, "token-1").unwrap_err().name(), "Conflict");
}

#[test]
fn every_step_can_run_again_after_its_answer_was_lost() {
    let world = World::new();
    world.memory.fail("UpdateItem", Fault::AnswerLost);
    assert_eq!(
        world.claim("execution-1", NOW).unwrap_err().name(),
        "Unavailable"
    );
    let claim = world.claim("execution-1", NOW).unwrap();
    assert_eq!((claim.outcome, claim.recording), (Outcome::Claimed, 1));

    world.memory.fail("CreateFlowLogs", Fault::AnswerLost);
    assert_eq!(world.start(&claim).unwrap_err().name(), "Unavailable");
    let recording = world.start(&claim).unwrap();
    assert_eq!(world.memory.flow_logs().len(), 1);

    world.memory.fail("UpdateItem", Fault::AnswerLost);
    world.wait(&claim, "token-1").unwrap_err();
    world.wait(&claim, "token-1").unwrap();

    world.memory.fail("SendTaskSuccess", Fault::AnswerLost);
    world.clear(CLEARED).unwrap_err();
    world.clear(CLEARED).unwrap();
    assert_eq!(world.memory.woken().len(), 1);

    world.memory.fail("DeleteFlowLogs", Fault::AnswerLost);
    world.stop(&claim, Some(&recording)).unwrap_err();
    world.memory.fail("UpdateItem", Fault::AnswerLost);
    assert!(world.stop(&claim, Some(&recording)).unwrap().released);
    assert_eq!(world.memory.flow_logs(), []);
    let item = world.memory.item(&claim.gateway).unwrap();
    assert_eq!((item.execution, item.recordings), (None, 1));
}

#[test]
fn a_flow_log_whose_creation_was_never_answered_is_found_and_deleted() {
    let world = World::new();
    let claim = world.claim("execution-1", NOW).unwrap();
    world.memory.fail("CreateFlowLogs", Fault::AnswerLost);
    world.start(&claim).unwrap_err();
    assert_eq!(world.stop(&claim, None).unwrap().flow_log_ids.len(), 1);
    assert_eq!(world.memory.flow_logs(), []);
}

#[test]
fn a_stop_that_was_not_heard_is_told_as_it_was() {
    let world = World::new();
    let first = world.claim("execution-1", NOW).unwrap();
    let recording = world.start(&first).unwrap();
    let stop = world.stop(&first, Some(&recording)).unwrap();
    // The next recording has begun before the first stop is tried again.
    world.claim("execution-2", stop.stopped.plus(1)).unwrap();
    let again = world
        .stop_at(&first, Some(&recording), stop.stopped.plus(62))
        .unwrap();
    assert_eq!(again, stop);
    let item = world.memory.item(&first.gateway).unwrap();
    assert_eq!(item.execution.as_deref(), Some("execution-2"));
}

#[test]
fn a_gateway_that_cannot_be_freed_spoils_nothing_and_is_freed_by_a_sweep() {
    let world = World::new();
    let claim = world.claim("execution-1", NOW).unwrap();
    let recording = world.start(&claim).unwrap();
    for _ in 0..3 {
        world
            .memory
            .fail("UpdateItem", Fault::Fails(FaultKind::Denied));
    }
    let stop = world.stop(&claim, Some(&recording)).unwrap();
    assert!(!stop.released && !stop.alarm_is_on);
    assert_eq!(world.memory.flow_logs(), []);
    world
        .memory
        .set_execution("execution-1", ExecutionState::Ended);
    let request = SweepRequest::Other(serde_json::Value::Null);
    world.sweep(&request, NOW.plus(600)).unwrap();
    let item = world.memory.item(&claim.gateway).unwrap();
    assert_eq!((item.execution, item.recordings), (None, 1));
    assert_eq!(world.memory.mails(), []);
}

#[test]
fn a_flow_log_is_deleted_whatever_else_is_known() {
    let world = World::new();
    let claim = world.claim("execution-1", NOW).unwrap();
    let recording = world.start(&claim).unwrap();
    for known in [Some(&recording), None] {
        world
            .memory
            .fail("DescribeFlowLogs", Fault::Fails(FaultKind::Denied));
        assert_eq!(world.stop(&claim, known).unwrap().flow_log_ids.len(), 1);
        assert_eq!(world.memory.flow_logs(), []);
        if known.is_some() {
            // As if it had not been given up: the clean-up knows the claim only.
            world.claim("execution-1", NOW).unwrap();
            let claim = world.claim("execution-1", NOW).unwrap();
            assert!(world.start(&claim).is_ok());
        }
    }
}

#[test]
fn the_claim_is_kept_while_a_flow_log_may_be_left() {
    let world = World::new();
    let claim = world.claim("execution-1", NOW).unwrap();
    let recording = world.start(&claim).unwrap();
    world
        .memory
        .fail("DeleteFlowLogs", Fault::Fails(FaultKind::Throttled));
    let error = world.stop(&claim, Some(&recording)).unwrap_err();
    assert_eq!(error.name(), "Throttled");
    assert_eq!(
        error.to_string(),
        "failed to switch the flow log off: ec2:DeleteFlowLogs: too many calls at once: Throttled in memory"
    );
    assert!(
        world
            .memory
            .item(&claim.gateway)
            .unwrap()
            .execution
            .is_some()
    );
}
