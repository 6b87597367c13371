//! The interpreter of the workflow, against what the language's page says.

use serde_json::{Value, json};
use simulation::asl::{Ended, Execution, Failure, Machine, Need};
use simulation::lambdas::Lambdas;
use simulation::scenario::Stack;
use simulation::stack::{WORKFLOW, substitutions};
use std::collections::BTreeMap;
use std::rc::Rc;

fn load(start: &str, states: Value) -> Result<Machine, simulation::asl::Refusal> {
    let definition = json!({"StartAt": start, "States": states});
    Machine::load(&definition.to_string(), &BTreeMap::new())
}

/// Runs the states from `Start` or `A`; tasks are answered in order, an answer that is a
/// text is the name of an error; what happens is told word by word.
fn check(states: Value, input: Value, answers: &[Value], expected: &[&str]) {
    let start = if states.get("Start").is_some() {
        "Start"
    } else {
        "A"
    };
    let machine = Rc::new(load(start, states).unwrap());
    let mut now = 1_000_000;
    let mut execution = Execution::start(&machine, "test", input, now);
    let mut answers = answers.iter();
    let mut told = Vec::new();
    loop {
        let (ticket, need) = execution.need();
        match need.clone() {
            Need::Task(request) => {
                told.push(format!("{} {}", request.state, request.parameters));
                let answer = match answers.next().expect("an answer for every task") {
                    Value::String(name) => Err(Failure::new(name, "because")),
                    value => Ok(value.clone()),
                };
                execution.answer(ticket, answer, now);
            }
            Need::Delay { millis } => {
                told.push(format!("wait {millis}"));
                now += millis;
                execution.delayed(ticket, now);
            }
            Need::Nothing(ended) => {
                told.push(match ended {
                    Ended::Succeeded(output) => format!("succeeded {output}"),
                    Ended::Failed(failure) => {
                        format!(
                            "failed {} {}",
                            failure.error,
                            failure.cause.unwrap_or_default()
                        )
                    }
                    other => format!("{other:?}"),
                });
                break;
            }
        }
    }
    assert_eq!(told, expected);
    assert_eq!(answers.count(), 0, "answers that nobody asked for");
}

fn pass(fields: Value) -> Value {
    let mut state = json!({"Type": "Pass", "End": true});
    for (name, value) in fields.as_object().unwrap() {
        state[name] = value.clone();
    }
    json!({"A": state})
}

fn task(fields: Value) -> Value {
    let mut state = json!({"Type": "Task", "Resource": "r", "End": true});
    for (name, value) in fields.as_object().unwrap() {
        state[name] = value.clone();
    }
    json!({
        "A": state,
        "Caught": {"Type": "Pass", "End": true},
        "Other": {"Type": "Succeed"},
        "B": {"Type": "Choice", "Choices": [
            {"Variable": "$", "IsPresent": true, "Next": "A"},
            {"Variable": "$", "IsPresent": true, "Next": "Caught"},
            {"Variable": "$", "IsPresent": true, "Next": "Other"},
        ]},
    })
}

/// A task with these fields, from which `Caught` and `Other` can be reached.
fn check_task(fields: Value, answers: &[Value], expected: &[&str]) {
    let mut states = task(fields);
    states["Start"] = json!({"Type": "Pass", "Next": "B"});
    let word = |word: &&str| {
        if *word == "task" {
            r#"A {"x":1}"#.to_owned()
        } else {
            (*word).to_owned()
        }
    };
    let expected: Vec<String> = expected.iter().map(word).collect();
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    check(states, json!({"x": 1}), answers, &expected);
}

#[test]
fn passes_results_and_parameters_on() {
    check(
        pass(json!({})),
        json!({"a": 1}),
        &[],
        &[r#"succeeded {"a":1}"#],
    );
    check(
        pass(json!({"Result": {"b": 2}, "ResultPath": "$.r.s"})),
        json!({"a": 1}),
        &[],
        &[r#"succeeded {"a":1,"r":{"s":{"b":2}}}"#],
    );
    check(
        pass(json!({"InputPath": "$.a.b", "ResultPath": "$.a"})),
        json!({"a": {"b": "up"}}),
        &[],
        &[r#"succeeded {"a":"up"}"#],
    );
    check(
        pass(
            json!({"Parameters": {"n.$": "$$.Execution.Name", "l": [{"v.$": "$.a[1]"}]}, "OutputPath": "$.l"}),
        ),
        json!({"a": [1, 2]}),
        &[],
        &[r#"succeeded [{"v":2}]"#],
    );
    check(
        pass(json!({"ResultPath": null, "Result": 3})),
        json!({"a": 1}),
        &[],
        &[r#"succeeded {"a":1}"#],
    );
}

#[test]
fn computes_with_intrinsic_functions() {
    let call = |call: &str| pass(json!({"Parameters": {"v.$": call}}));
    let input =
        json!({"text": "{\"k\": [1, null]}", "n": 4, "t": true, "template": "line\n{} of {}"});
    for (text, expected) in [
        (
            "States.Format('{} is {}, {}', $.n, $.t, null)",
            r#""4 is true, null""#,
        ),
        ("States.Format($.template, $.n, 'it')", r#""line\n4 of it""#),
        (r"States.Format('\{{}\} it\'s', $.n)", r#""{4} it's""#),
        ("States.StringToJson($.text)", r#"{"k":[1,null]}"#),
        (
            "States.JsonToString(States.Array($.n, 'a'))",
            r#""[4,\"a\"]""#,
        ),
        ("States.MathAdd($.n, -1)", "3"),
        (
            "States.ArrayGetItem(States.StringSplit('a,b;c', ',;'), 2)",
            r#""c""#,
        ),
        ("States.ArrayLength(States.Array())", "0"),
    ] {
        let expected = format!("succeeded {{\"v\":{expected}}}");
        check(call(text), input.clone(), &[], &[&expected]);
    }
}

#[test]
fn an_error_of_the_workflow_ends_it() {
    for (fields, error) in [
        (
            json!({"Parameters": {"v.$": "$.none"}}),
            "States.ParameterPathFailure",
        ),
        (
            json!({"Parameters": {"v.$": "States.StringToJson('x')"}}),
            "States.IntrinsicFailure",
        ),
        (
            json!({"Parameters": {"v.$": "States.Format('{} {}', 1)"}}),
            "States.IntrinsicFailure",
        ),
        (
            json!({"Parameters": {"v.$": "States.Format('{}', $.object)"}}),
            "States.IntrinsicFailure",
        ),
        (
            json!({"ResultPath": "$.text.x"}),
            "States.ResultPathMatchFailure",
        ),
    ] {
        let machine = Rc::new(load("A", pass(fields)).unwrap());
        let execution = Execution::start(&machine, "test", json!({"text": "t", "object": {}}), 0);
        match execution.ended() {
            Some(Ended::Failed(failure)) => {
                assert_eq!(failure.error, error);
                assert!(failure.is_of_the_workflow());
            }
            other => panic!("{error}: {other:?}"),
        }
    }
}

#[test]
fn chooses_the_first_rule_that_holds() {
    for (rule, input, holds) in [
        (
            json!({"Variable": "$.s", "StringEquals": "a"}),
            json!({"s": "a"}),
            true,
        ),
        (
            json!({"Variable": "$.s", "StringEquals": "a"}),
            json!({"s": 1}),
            false,
        ),
        (
            json!({"Variable": "$.s", "StringMatches": "{*\"e\":*}"}),
            json!({"s": "{\"e\":1}"}),
            true,
        ),
        (
            json!({"Variable": "$.s", "StringMatches": "a*c"}),
            json!({"s": "abd"}),
            false,
        ),
        (
            json!({"Variable": "$.s", "StringMatches": "a\\*"}),
            json!({"s": "a*"}),
            true,
        ),
        (
            json!({"Variable": "$.n", "NumericLessThanPath": "$.m"}),
            json!({"n": 1, "m": 2}),
            true,
        ),
        (
            json!({"Variable": "$.n", "NumericGreaterThan": 0}),
            json!({"n": 0}),
            false,
        ),
        (
            json!({"Variable": "$.n", "NumericGreaterThanEquals": 0}),
            json!({"n": 0}),
            true,
        ),
        (
            json!({"Variable": "$.b", "BooleanEquals": true}),
            json!({"b": true}),
            true,
        ),
        (
            json!({"Variable": "$.x", "IsPresent": false}),
            json!({}),
            true,
        ),
        (
            json!({"Variable": "$.x", "IsNull": true}),
            json!({"x": null}),
            true,
        ),
        (
            json!({"Variable": "$.x", "IsString": true}),
            json!({"x": 1}),
            false,
        ),
        (
            json!({"Variable": "$.t", "TimestampLessThan": "2026-01-01T00:00:00Z"}),
            json!({"t": "2025-12-31T23:59:59Z"}),
            true,
        ),
        (
            json!({"And": [
                {"Variable": "$.x", "IsPresent": true},
                {"Not": {"Or": [{"Variable": "$.x", "NumericEquals": 1}, {"Variable": "$.x", "IsNull": true}]}},
            ]}),
            json!({"x": 2}),
            true,
        ),
        // The second rule is not asked, or its path would be missing.
        (
            json!({"And": [{"Variable": "$.x", "IsPresent": true}, {"Variable": "$.x", "NumericEquals": 1}]}),
            json!({}),
            false,
        ),
    ] {
        let mut entry = rule.clone();
        entry["Next"] = json!("Yes");
        let states = json!({
            "A": {"Type": "Choice", "Choices": [entry], "Default": "No"},
            "Yes": {"Type": "Pass", "Result": true, "End": true},
            "No": {"Type": "Pass", "Result": false, "End": true},
        });
        check(states, input, &[], &[&format!("succeeded {holds}")]);
    }
}

#[test]
fn a_choice_that_fits_nothing_or_asks_for_nothing_fails() {
    for (input, error) in [
        (json!({"x": 2}), "States.NoChoiceMatched"),
        (json!({}), "States.Runtime"),
    ] {
        let states = json!({
            "A": {"Type": "Choice", "Choices": [{"Variable": "$.x", "NumericEquals": 1, "Next": "B"}]},
            "B": {"Type": "Succeed"},
        });
        let machine = Rc::new(load("A", states).unwrap());
        let execution = Execution::start(&machine, "test", input, 0);
        let ended = execution.ended();
        assert!(
            matches!(ended, Some(Ended::Failed(failure)) if failure.error == error),
            "{ended:?}"
        );
    }
}

#[test]
fn waits_and_fails_by_path() {
    let states = json!({
        "A": {"Type": "Wait", "SecondsPath": "$.s", "Next": "B"},
        "B": {"Type": "Wait", "Timestamp": "1970-01-01T00:16:43Z", "Next": "C"},
        "C": {"Type": "Fail", "ErrorPath": "$.e", "CausePath": "States.Format('{}!', $.s)"},
    });
    check(
        states,
        json!({"s": 2, "e": "Bad"}),
        &[],
        &["wait 2000", "wait 1000", "failed Bad 2!"],
    );
}

#[test]
fn selects_and_places_the_result_of_a_task() {
    let states = json!({
        "A": {
            "Type": "Task", "Resource": "r", "End": true,
            "Parameters": {"a.$": "$.in", "token.$": "$$.Task.Token", "in": "A"},
            "ResultSelector": {"p.$": "$.Payload.x"}, "ResultPath": "$.out",
        },
    });
    check(
        states,
        json!({"in": 1}),
        &[json!({"Payload": {"x": 5}})],
        &[
            r#"A {"a":1,"token":"token-test-1","in":"A"}"#,
            r#"succeeded {"in":1,"out":{"p":5}}"#,
        ],
    );
}

#[test]
fn retries_with_growing_waits_and_then_catches() {
    let retry = json!([{
        "ErrorEquals": ["Throttled", "Slow"], "IntervalSeconds": 2, "BackoffRate": 3,
        "MaxAttempts": 3, "MaxDelaySeconds": 10, "JitterStrategy": "FULL",
    }]);
    let catch = json!([
        {"ErrorEquals": ["Never"], "Next": "Other"},
        {"ErrorEquals": ["States.ALL"], "ResultPath": "$.f", "Next": "Caught"},
    ]);
    let fields = json!({"Retry": retry, "Catch": catch});
    let caught =
        |error: &str| format!(r#"succeeded {{"x":1,"f":{{"Error":"{error}","Cause":"because"}}}}"#);
    check_task(
        fields.clone(),
        &[
            json!("Throttled"),
            json!("Slow"),
            json!("Throttled"),
            json!("Slow"),
        ],
        &[
            "task",
            "wait 2000",
            "task",
            "wait 6000",
            "task",
            "wait 10000",
            "task",
            &caught("Slow"),
        ],
    );
    check_task(
        fields.clone(),
        &[json!("Denied")],
        &["task", &caught("Denied")],
    );
    check_task(
        fields.clone(),
        &[json!("Throttled"), json!(7)],
        &["task", "wait 2000", "task", "succeeded 7"],
    );
    check_task(
        fields,
        &[json!("Never")],
        &["task", r#"succeeded {"Error":"Never","Cause":"because"}"#],
    );
}

#[test]
fn task_failed_is_everything_but_a_timeout() {
    let catch =
        json!([{"ErrorEquals": ["States.TaskFailed"], "ResultPath": null, "Next": "Caught"}]);
    check_task(
        json!({"Catch": catch.clone()}),
        &[json!("Denied")],
        &["task", r#"succeeded {"x":1}"#],
    );
    let states = task(json!({"Catch": catch}));
    let machine = Rc::new(load("B", states).unwrap());
    let mut execution = Execution::start(&machine, "test", json!({}), 0);
    let (ticket, _) = execution.need();
    execution.answer(ticket, Err(Failure::new("States.Timeout", "")), 0);
    assert!(matches!(execution.ended(), Some(Ended::Failed(_))));
}

#[test]
fn an_answer_to_an_older_need_changes_nothing() {
    let machine = Rc::new(
        load(
            "A",
            json!({"A": {
                "Type": "Task", "Resource": "r", "End": true,
                "Retry": [{"ErrorEquals": ["States.ALL"]}],
            }}),
        )
        .unwrap(),
    );
    let mut execution = Execution::start(&machine, "test", json!({}), 0);
    let (first, _) = execution.need();
    assert!(execution.answer(first, Err(Failure::new("Slow", "")), 0));
    assert!(!execution.answer(first, Ok(json!(1)), 0));
    let (second, _) = execution.need();
    assert!(execution.delayed(second, 0));
    assert!(!execution.delayed(second, 0));
    assert_eq!(execution.ended(), None);
}

#[test]
fn refuses_what_it_does_not_implement() {
    let succeed = json!({"Type": "Succeed"});
    for (states, words) in [
        (
            json!({"A": {"Type": "Map", "End": true}}),
            "a state of type Map",
        ),
        (
            json!({"A": {"Type": "Pass", "End": true, "Assign": {}}}),
            "the field Assign",
        ),
        (
            json!({"A": {"Type": "Task", "Resource": "r", "End": true, "HeartbeatSeconds": 3}}),
            "HeartbeatSeconds",
        ),
        (json!({"A": {"Type": "Pass"}}), "either Next or End"),
        (json!({"A": {"Type": "Pass", "Next": "B"}}), "leads to B"),
        (
            json!({"A": succeed.clone(), "B": succeed}),
            "cannot be reached",
        ),
        (
            pass(json!({"Parameters": {"v.$": "$.a[*]"}})),
            "only an index",
        ),
        (
            pass(json!({"Parameters": {"v.$": "$..a"}})),
            "only plain names",
        ),
        (
            pass(json!({"Parameters": {"v.$": "$$.Map.Item"}})),
            "not in the context object",
        ),
        (
            pass(json!({"Parameters": {"v.$": "States.UUID()"}})),
            "not implemented",
        ),
        (
            pass(json!({"Parameters": {"v.$": "States.JsonToString()"}})),
            "another number of arguments",
        ),
        (pass(json!({"ResultPath": "$$.Task"})), "context"),
        (
            json!({"A": {"Type": "Choice", "Choices": [{"Variable": "$.a", "StringIs": "x", "Next": "A"}]}}),
            "StringIs",
        ),
        (
            json!({"A": {"Type": "Task", "Resource": "r", "End": true,
                "Retry": [{"ErrorEquals": ["States.ALL", "B"]}]}}),
            "must stand alone",
        ),
    ] {
        let refusal = load("A", states.clone())
            .err()
            .unwrap_or_else(|| panic!("{states} was accepted"));
        assert!(refusal.to_string().contains(words), "{words:?}: {refusal}");
    }
}

#[test]
fn the_recorders_workflow_is_understood_and_calls_what_is_known() {
    let values = substitutions(&Stack::default(), &Lambdas::recorder());
    let machine = Machine::load(WORKFLOW, &values).unwrap();
    for resource in machine.resources() {
        assert!(
            [
                "arn:aws:states:::lambda:invoke",
                "arn:aws:states:::lambda:invoke.waitForTaskToken",
                "arn:aws:states:::sns:publish",
                "arn:aws:states:::states:startExecution",
            ]
            .contains(&resource),
            "{resource}"
        );
    }
    let refusal = Machine::load(WORKFLOW, &BTreeMap::new()).unwrap_err();
    assert!(refusal.reason.contains("no value for ${"), "{refusal}");
}
