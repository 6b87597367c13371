//! What executions leave behind, and how it goes away.

use super::{GATEWAY, NOW, STACK, World};
use recorder::memory::Fault;
use recorder::payload::{Claim, SweepRequest, Swept};
use recorder::port::{ExecutionState, NewFlowLog, Watched};
use recorder::{EpochSeconds, FaultKind, FlowLogId, GatewayId, InterfaceId};
use serde_json::json;

fn schedule() -> SweepRequest {
    scheduled("0")
}

fn scheduled(recording_limit: &str) -> SweepRequest {
    serde_json::from_value(json!({"recording_limit": recording_limit})).expect("legal")
}

fn deletion() -> SweepRequest {
    let request = json!({
        "RequestType": "Delete",
        "ResponseURL": "https://answers.example/1",
        "StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/natspike/1",
        "RequestId": "request-1",
        "LogicalResourceId": "Recordings",
        "ResourceType": "Custom::Recordings",
    });
    serde_json::from_value(request).expect("legal")
}

/// A recording under way.
fn recording(world: &World) -> Claim {
    let claim = world.claim("execution-1", NOW).expect("legal");
    world
        .memory
        .set_execution("execution-1", ExecutionState::Running);
    world.start(&claim).expect("legal");
    claim
}

fn other(tags: Vec<(&'static str, String)>) -> NewFlowLog {
    NewFlowLog {
        watched: Watched::Interface(InterfaceId::from("eni-0b2")),
        log_group: "/other".to_owned(),
        role_arn: String::new(),
        log_format: "",
        aggregation_seconds: 600,
        client_token: String::new(),
        tags,
    }
}

#[test]
fn a_recording_under_way_is_left_alone() {
    let world = World::new();
    recording(&world);
    assert_eq!(
        world.sweep(&schedule(), NOW.plus(60)).unwrap(),
        Swept::default()
    );
    assert_eq!(world.memory.flow_logs().len(), 1);
}

#[test]
fn what_a_stopped_execution_left_is_deleted_freed_and_told_once() {
    for (state, words) in [
        (ExecutionState::Aborted, "was stopped by hand"),
        (
            ExecutionState::TimedOut,
            "took longer than an execution may",
        ),
        (ExecutionState::Unknown, "was lost"),
    ] {
        let world = World::new();
        recording(&world);
        world.memory.set_execution("execution-1", state);
        let swept = world.sweep(&schedule(), NOW.plus(60)).unwrap();
        assert_eq!(swept.closed, [GatewayId::from(GATEWAY)]);
        assert_eq!(swept.deleted.len(), 1);
        assert_eq!(world.memory.flow_logs(), []);
        let item = world.memory.item(&GatewayId::from(GATEWAY)).unwrap();
        assert_eq!((item.execution, item.recordings), (None, 1));
        assert_eq!(
            world.sweep(&schedule(), NOW.plus(360)).unwrap(),
            Swept::default()
        );
        let mails = world.memory.mails();
        assert_eq!(mails.len(), 1);
        assert_eq!(
            mails[0].0,
            format!("NAT spike {GATEWAY}: the recording {words}")
        );
        let command = format!(
            "natspike analyze logs:///natspike/test --region us-east-1 --since {}",
            NOW.0
        );
        assert!(mails[0].1.contains(&command), "{}", mails[0].1);
    }
}

#[test]
fn an_execution_that_failed_has_told_it_itself() {
    let world = World::new();
    recording(&world);
    world
        .memory
        .set_execution("execution-1", ExecutionState::Ended);
    world.sweep(&schedule(), NOW.plus(60)).unwrap();
    assert_eq!(world.memory.flow_logs(), []);
    assert_eq!(world.memory.mails(), []);
}

#[test]
fn a_claim_without_a_recording_is_freed_and_costs_nothing() {
    let mut world = World::new();
    world.settings.recordings_limit = "1".to_owned();
    world.claim("execution-1", NOW).unwrap();
    world
        .memory
        .set_execution("execution-1", ExecutionState::Aborted);
    world.sweep(&schedule(), NOW).unwrap();
    assert!(
        world.memory.mails()[0]
            .1
            .contains("none had been switched on")
    );
    let again = world.claim("execution-2", NOW).unwrap();
    assert_eq!((again.generation, again.recording), (2, 1));
}

#[test]
fn a_lapsed_lease_ends_what_still_runs() {
    let world = World::new();
    let claim = recording(&world);
    let lapsed = NOW.plus(claim.lease_seconds).plus(1);
    assert_eq!(world.sweep(&schedule(), lapsed).unwrap().deleted.len(), 1);
    assert_eq!(world.memory.flow_logs(), []);
}

#[test]
fn flow_logs_of_others_are_never_touched() {
    let world = World::new();
    let stack = |name: &str| ("natspike:stack", name.to_owned());
    world.memory.add_flow_log("fl-foreign", other(vec![]));
    world
        .memory
        .add_flow_log("fl-other-stack", other(vec![stack("natspike2")]));
    world
        .memory
        .add_flow_log("fl-orphan", other(vec![stack(STACK)]));
    for request in [schedule(), deletion()] {
        world
            .memory
            .add_flow_log("fl-orphan", other(vec![stack(STACK)]));
        let swept = world.sweep(&request, NOW).unwrap();
        assert_eq!(swept.deleted, [FlowLogId::from("fl-orphan")]);
        assert_eq!(world.memory.flow_logs().len(), 2);
    }
}

#[test]
fn one_failure_does_not_keep_a_sweep_from_the_rest() {
    let world = World::new();
    recording(&world);
    let orphan = other(vec![
        ("natspike:stack", STACK.to_owned()),
        ("natspike:execution", "execution-0".to_owned()),
    ]);
    world.memory.add_flow_log("fl-orphan", orphan);
    world
        .memory
        .set_execution("execution-1", ExecutionState::Aborted);
    for _ in 0..3 {
        world
            .memory
            .fail("DeleteFlowLogs", Fault::Fails(FaultKind::Throttled));
    }
    let error = world.sweep(&schedule(), NOW).unwrap_err();
    assert_eq!(error.name(), "Throttled");
    assert_eq!(world.memory.flow_logs().len(), 1);
    assert_eq!(world.memory.mails(), []);
    // Any sweep deletes; the claim is the first one's to close for two minutes.
    world.sweep(&schedule(), NOW.plus(30)).unwrap();
    assert_eq!(world.memory.flow_logs(), []);
    assert_eq!(world.memory.mails(), []);
    world.sweep(&schedule(), NOW.plus(300)).unwrap();
    assert_eq!(world.memory.mails().len(), 1);
}

#[test]
fn what_cannot_be_deleted_is_told_once_and_tried_again() {
    for operation in ["DeleteFlowLogs", "DescribeFlowLogs"] {
        let world = World::new();
        let claim = world.claim("execution-1", NOW).unwrap();
        if operation == "DeleteFlowLogs" {
            world.start(&claim).unwrap();
        }
        world
            .memory
            .set_execution("execution-1", ExecutionState::Aborted);
        for round in 1..4 {
            for _ in 0..3 {
                world
                    .memory
                    .fail(operation, Fault::Fails(FaultKind::Denied));
            }
            let error = world.sweep(&schedule(), NOW.plus(round * 300)).unwrap_err();
            assert_eq!(error.name(), "Denied");
        }
        world.memory.fail_no_more();
        let mails = world.memory.mails();
        assert_eq!(mails.len(), 1, "{operation}");
        assert!(
            mails[0].0.ends_with("a flow log may be left behind"),
            "{}",
            mails[0].0
        );
        assert!(
            mails[0].1.contains("aws ec2 delete-flow-logs"),
            "{}",
            mails[0].1
        );
        world.sweep(&schedule(), NOW.plus(1_500)).unwrap();
        assert_eq!(world.memory.flow_logs(), []);
        assert_eq!(world.memory.item(&claim.gateway).unwrap().execution, None);
        assert_eq!(world.memory.mails().len(), 1);
    }
}

#[test]
fn a_flow_log_goes_even_where_the_table_does_not_answer() {
    for operation in ["Scan", "UpdateItem"] {
        let world = World::new();
        recording(&world);
        world
            .memory
            .set_execution("execution-1", ExecutionState::Aborted);
        world
            .memory
            .fail(operation, Fault::Fails(FaultKind::Unavailable));
        world.sweep(&schedule(), NOW).unwrap_err();
        assert_eq!(world.memory.flow_logs(), [], "{operation}");
        assert_eq!(world.memory.mails(), []);
        world.sweep(&schedule(), NOW.plus(300)).unwrap();
        assert_eq!(world.memory.mails().len(), 1, "{operation}");
    }
}

#[test]
fn a_mail_whose_answer_was_lost_comes_twice_and_no_other() {
    let world = World::new();
    recording(&world);
    world
        .memory
        .set_execution("execution-1", ExecutionState::Aborted);
    world.memory.fail("Publish", Fault::AnswerLost);
    world.sweep(&schedule(), NOW).unwrap_err();
    world.sweep(&schedule(), NOW.plus(300)).unwrap();
    // An answer that was lost is all that can make it two.
    assert_eq!(world.memory.mails().len(), 2);
}

#[test]
fn a_step_that_comes_too_late_undoes_what_it_did() {
    let world = World::new();
    let claim = world.claim("execution-1", NOW).unwrap();
    world
        .memory
        .set_execution("execution-1", ExecutionState::Aborted);
    world.sweep(&schedule(), NOW).unwrap();
    assert_eq!(world.start(&claim).unwrap_err().name(), "Conflict");
    assert_eq!(world.memory.flow_logs(), []);
}

#[test]
fn before_the_stack_goes_everything_ends_and_cloudformation_is_told() {
    let world = World::new();
    let claim = recording(&world);
    let swept = world.sweep(&deletion(), NOW).unwrap();
    assert_eq!(swept.deleted.len(), 1);
    assert_eq!(world.memory.flow_logs(), []);
    assert_eq!(world.start(&claim).unwrap_err().name(), "Conflict");
    assert_eq!(world.memory.flow_logs(), []);
    let (url, answer) = world.memory.responses().remove(0);
    assert_eq!(url, "https://answers.example/1");
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["Status"], "SUCCESS");
    assert_eq!(answer["RequestId"], "request-1");
    // Nobody reads a mail of a stack that is going.
    assert_eq!(world.memory.mails(), []);
}

#[test]
fn a_stack_that_cannot_be_cleaned_up_is_kept() {
    let world = World::new();
    recording(&world);
    world
        .memory
        .fail("DeleteFlowLogs", Fault::Fails(FaultKind::Denied));
    world.sweep(&deletion(), NOW).unwrap();
    let answer: serde_json::Value = serde_json::from_str(&world.memory.responses()[0].1).unwrap();
    assert_eq!(answer["Status"], "FAILED");
    let reason = answer["Reason"].as_str().unwrap();
    assert!(reason.contains("delete it again"), "{reason}");
}

#[test]
fn creating_the_resource_does_nothing() {
    let world = World::new();
    recording(&world);
    let SweepRequest::Stack(mut request) = deletion() else {
        panic!("a request of CloudFormation");
    };
    request.request_type = "Create".to_owned();
    world
        .sweep(&SweepRequest::Stack(request), EpochSeconds(0))
        .unwrap();
    assert_eq!(world.memory.flow_logs().len(), 1);
    assert!(world.memory.responses()[0].1.contains("SUCCESS"));
}

#[test]
fn a_recording_that_has_become_too_large_is_ended() {
    let world = World::new();
    let claim = recording(&world);
    let sweep = |limit: &str| {
        let swept = world.sweep(&scheduled(limit), NOW.plus(300));
        assert_eq!(swept.expect("a sweep"), Swept::default());
        world.memory.woken()
    };
    world.memory.add_delivered((1 << 30) - 1);
    // Nobody could be woken yet, nobody asked for a limit, it is not reached.
    assert_eq!(sweep("1"), []);
    world.wait(&claim, "token-1").unwrap();
    assert_eq!(sweep("0"), []);
    assert!(!world.memory.calls().contains(&"GetMetricData"));
    assert_eq!(sweep("1"), []);
    world.memory.add_delivered(1);
    let output = format!(r#"{{"reason":"limit","at":{}}}"#, NOW.0 + 300);
    assert_eq!(sweep("1"), [("token-1".to_owned(), output)]);
    // The flow log is for the execution to delete.
    assert_eq!(world.memory.flow_logs().len(), 1);
    let bad = world.sweep(&scheduled("many"), NOW).unwrap_err();
    assert!(bad.to_string().contains("RecordingLimit"), "{bad}");
}
