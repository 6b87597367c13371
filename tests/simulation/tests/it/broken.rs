//! Recorders that are wrong on purpose: each must break a rule, or the
//! simulation proves nothing.

use super::scenario;
use recorder::alarm::AlarmEvent;
use recorder::payload::{AwaitClearance, SweepRequest};
use recorder::port::{Claims, Executions, FlowLogs, Topic};
use recorder::{FlowLogId, StepError};
use serde_json::{Value, json};
use simulation::explore::{Explored, explore};
use simulation::invariant::Rule;
use simulation::lambdas::{Lambdas, Work, run};
use simulation::world::{Bounds, FOREIGN, Kit};

fn ready(answer: Value) -> Work {
    Box::pin(async move { Ok(answer) })
}

fn failed(_: recorder::PortError) -> StepError {
    StepError::Invalid("broken".to_owned())
}

/// What the explorer says of that recorder in that scenario, without faults.
fn explored(name: &str, lambdas: Lambdas) -> Explored {
    let scenario = scenario(name);
    let kit = Kit::with(&scenario.stack, lambdas).unwrap();
    let bounds = Bounds {
        fault: false,
        ..Bounds::from(&scenario.explore)
    };
    explore(&scenario, &kit, &bounds, 500)
}

fn check(name: &str, lambdas: Lambdas, rule: Rule) {
    let explored = explored(name, lambdas);
    let broken: Vec<&Rule> = explored.findings.keys().collect();
    assert!(
        broken.contains(&&rule),
        "{name}: {rule:?} is not among {broken:?}"
    );
}

#[test]
fn notices_a_flow_log_that_only_the_sweep_switches_off() {
    let lambdas = Lambdas::recorder().with("StopRecording", |_, clock, _| {
        ready(json!({"stopped": clock.now(), "flow_log_ids": [], "alarm_is_on": false, "released": true}))
    });
    check("one-alarm", lambdas, Rule::InTime);
}

#[test]
fn notices_a_report_that_is_never_mailed() {
    let lambdas = Lambdas::recorder().with("AnalyzeRecording", |_, _, _| {
        ready(json!({"message_id": "", "processed_bytes": 0, "records_read": 0}))
    });
    check("one-alarm", lambdas, Rule::OneMail);
}

#[test]
fn notices_a_clearance_that_is_forgotten() {
    let lambdas = Lambdas::recorder().with("AwaitClearance", |world, _, payload| {
        run(payload, async move |payload: AwaitClearance| {
            let claim = &payload.claim;
            let token = &payload.task_token;
            world
                .store_token(&claim.gateway, &claim.execution, claim.generation, token)
                .await
                .map(|_| ())
                .map_err(failed)
        })
    });
    check("defect-4-clears-before-the-token", lambdas, Rule::InTime);
}

#[test]
fn notices_a_stop_by_hand_that_is_forgotten() {
    let lambdas = Lambdas::recorder().with("StopByHand", |_, _, _| ready(json!(true)));
    check("by-hand-is-stopped", lambdas, Rule::Stopped);
}

#[test]
fn notices_an_alarm_that_ends_what_was_begun_by_hand() {
    let lambdas = Lambdas::recorder().with("AwaitClearance", |world, _, payload| {
        run(payload, async move |payload: AwaitClearance| {
            let ending = r#"{"reason":"cleared","at":0}"#;
            let woken = Executions::wake(&*world, &payload.task_token, ending).await;
            woken.map_err(failed)
        })
    });
    check("by-hand", lambdas, Rule::Undisturbed);
}

#[test]
fn notices_an_alarm_that_nobody_records() {
    let lambdas = Lambdas::recorder().with("RaiseAlarm", |_, _, payload| {
        run(payload, async move |_: AlarmEvent| Ok(()))
    });
    check("one-alarm", lambdas, Rule::Recorded);
}

#[test]
fn notices_a_sweep_that_deletes_what_is_not_ours() {
    let lambdas = Lambdas::recorder().with("SweepRecordings", |world, _, payload| {
        run(payload, async move |_: SweepRequest| {
            world
                .delete(&[FlowLogId::from(FOREIGN)])
                .await
                .map_err(failed)
        })
    });
    check("two-sweeps-after-a-stop", lambdas, Rule::ForeignKept);
}

#[test]
fn notices_an_orphan_that_no_sweep_finds() {
    let lambdas = Lambdas::recorder().with("SweepRecordings", |_, _, _| ready(json!({})));
    check(
        "two-sweeps-after-a-stop",
        lambdas.clone(),
        Rule::NothingLeft,
    );
    check("two-sweeps-after-a-stop", lambdas, Rule::Free);
}

#[test]
fn notices_a_mail_that_nobody_expects() {
    let lambdas = Lambdas::recorder().with("ClearAlarm", |world, _, payload| {
        run(payload, async move |_: AlarmEvent| {
            world
                .publish("NAT spike: good news", "")
                .await
                .map_err(failed)
        })
    });
    check("one-alarm", lambdas, Rule::RightMail);
}
