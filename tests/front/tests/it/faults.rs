//! Each fault, in each protocol, and the interface that sets them.

use crate::wire::{request, send};
use crate::{Stage, eventually};
use front::{Fault, Pattern, Rule};
use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

fn signed(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=AKID/20261120/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
    )
}

#[test]
fn throttles_in_the_protocol_of_the_call_and_does_nothing() {
    let stage = Stage::new(vec![Rule {
        times: 99,
        ..Rule::new(Fault::Throttled)
    }]);
    let address = stage.front().address();

    let ec2 = send(
        address,
        "POST /",
        &[FORM, ("authorization", &signed("ec2"))],
        b"Action=CreateFlowLogs",
    )
    .unwrap();
    assert_eq!(ec2.status(), 503);
    assert!(
        ec2.text()
            .contains("<Errors><Error><Code>RequestLimitExceeded</Code>"),
        "{}",
        ec2.text()
    );

    let sns = send(
        address,
        "POST /",
        &[FORM, ("authorization", &signed("sns"))],
        b"Action=Publish",
    )
    .unwrap();
    assert_eq!(sns.status(), 400);
    assert!(
        sns.text().starts_with(
            "<ErrorResponse><Error><Type>Sender</Type><Code>ThrottlingException</Code>"
        )
    );

    let json = [
        ("content-type", "application/x-amz-json-1.0"),
        ("x-amz-target", "DynamoDB_20120810.GetItem"),
        ("authorization", &signed("dynamodb")),
    ];
    let dynamodb = send(address, "POST /", &json, b"{}").unwrap();
    assert_eq!(
        (dynamodb.status(), dynamodb.header("content-type")),
        (400, Some("application/x-amz-json-1.0"))
    );
    assert_eq!(
        dynamodb.json()["__type"],
        "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"
    );

    let json = [
        ("x-amz-target", "Logs_20140328.FilterLogEvents"),
        ("authorization", &signed("logs")),
    ];
    assert_eq!(
        send(address, "POST /", &json, b"{}").unwrap().json()["__type"],
        "ThrottlingException"
    );

    let cbor = send(
        address,
        "POST /service/S/operation/PutMetricAlarm",
        &[],
        b"\xa0",
    )
    .unwrap();
    assert_eq!(
        (cbor.status(), cbor.header("smithy-protocol")),
        (400, Some("rpc-v2-cbor"))
    );
    assert!(
        cbor.body
            .starts_with(b"\xa2\x66__type\x73ThrottlingException\x67message")
    );

    let lambda = send(
        address,
        "GET /2015-03-31/functions",
        &[("authorization", &signed("lambda"))],
        b"",
    )
    .unwrap();
    assert_eq!(
        (lambda.status(), lambda.header("x-amzn-errortype")),
        (429, Some("TooManyRequestsException"))
    );

    assert_eq!(stage.upstream.seen(), []);
    let calls = stage.front().calls();
    assert!(
        calls
            .iter()
            .all(|call| call.fault == Some(Fault::Throttled) && call.status.is_some())
    );
    assert_eq!(calls.len(), 6);
}

#[test]
fn denies_in_the_words_of_the_service() {
    let stage = Stage::new(vec![Rule {
        times: 99,
        ..Rule::new(Fault::Denied)
    }]);
    let address = stage.front().address();
    let ec2 = send(
        address,
        "POST /",
        &[FORM, ("authorization", &signed("ec2"))],
        b"Action=CreateFlowLogs",
    )
    .unwrap();
    assert_eq!(ec2.status(), 403);
    assert!(ec2.text().contains("<Code>UnauthorizedOperation</Code>"));
    assert!(
        ec2.text()
            .contains("Not authorized to perform ec2:CreateFlowLogs")
    );
    let json = [
        ("x-amz-target", "AWSStepFunctions.SendTaskSuccess"),
        ("authorization", &signed("states")),
    ];
    let states = send(address, "POST /", &json, b"{}").unwrap();
    assert_eq!(
        (states.status(), &states.json()["__type"]),
        (400, &"AccessDeniedException".into())
    );
    assert_eq!(stage.upstream.seen(), []);
}

#[test]
fn an_unavailable_service_does_nothing() {
    let stage = Stage::new(vec![Rule::new(Fault::Unavailable)]);
    let ec2 = [FORM, ("authorization", &*signed("ec2"))];
    let answer = send(
        stage.front().address(),
        "POST /",
        &ec2,
        b"Action=DeleteFlowLogs",
    )
    .unwrap();
    assert_eq!(answer.status(), 503);
    assert!(answer.text().contains("<Code>Unavailable</Code>"));
    assert_eq!(stage.upstream.seen(), []);
}

fn held_until(operation: &str) -> Rule {
    Rule {
        calls: Pattern {
            operation: Some("GET /second".into()),
            ..Pattern::default()
        },
        until: Some(Pattern {
            operation: Some(operation.into()),
            ..Pattern::default()
        }),
        ..Rule::new(Fault::Held)
    }
}

#[test]
fn a_held_call_is_done_after_the_one_that_it_waits_for() {
    let stage = Stage::new(vec![held_until("GET /first")]);
    let address = stage.front().address();
    let second =
        std::thread::spawn(move || send(address, "GET /second", &[], b"").unwrap().status());
    eventually("the call is held", || stage.front().rules()[0].hits == 1);
    send(address, "GET /other", &[], b"").unwrap();
    send(address, "GET /first", &[], b"").unwrap();
    assert_eq!(second.join().unwrap(), 200);
    let paths: Vec<_> = stage
        .upstream
        .seen()
        .iter()
        .map(|message| message.first.clone())
        .collect();
    assert_eq!(
        paths,
        [
            "GET /other HTTP/1.1",
            "GET /first HTTP/1.1",
            "GET /second HTTP/1.1"
        ]
    );
}

#[test]
fn a_held_call_is_never_done_when_the_other_does_not_come() {
    let stage = Stage::with(vec![held_until("GET /never")], |config| {
        config.hold = Duration::from_millis(50)
    });
    assert_eq!(send(stage.front().address(), "GET /second", &[], b""), None);
    assert_eq!(stage.upstream.seen(), []);
}

#[test]
fn a_timed_out_call_waits_until_the_caller_gives_up_and_is_never_done() {
    let stage = Stage::new(vec![Rule::new(Fault::TimedOut)]);
    let mut stream = TcpStream::connect(stage.front().address()).unwrap();
    stream.write_all(&request("POST /", &[], b"x")).unwrap();
    eventually("the call is held", || stage.front().rules()[0].hits == 1);
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(stage.front().calls(), []);
    drop(stream);
    eventually("the call is written down", || {
        stage.front().calls().len() == 1
    });
    let call = stage.front().calls().remove(0);
    assert_eq!((call.fault, call.status), (Some(Fault::TimedOut), None));
    assert!(call.duration_ms >= 150, "{call:?}");
    assert_eq!(stage.upstream.seen(), []);
}

#[test]
fn a_timed_out_call_is_not_held_for_ever() {
    let stage = Stage::with(vec![Rule::new(Fault::TimedOut)], |config| {
        config.hold = Duration::from_millis(50)
    });
    assert_eq!(send(stage.front().address(), "POST /", &[], b"x"), None);
    assert_eq!(stage.upstream.seen(), []);
}

#[test]
fn stopping_does_not_wait_for_held_calls() {
    let mut stage = Stage::new(vec![Rule::new(Fault::TimedOut)]);
    let address = stage.front().address();
    let call = std::thread::spawn(move || send(address, "POST /", &[], b"x"));
    eventually("the call is held", || stage.front().rules()[0].hits == 1);
    let begun = Instant::now();
    let front = stage.front.take().unwrap();
    stage.runtime.block_on(front.stop());
    assert!(begun.elapsed() < Duration::from_secs(3));
    assert_eq!(call.join().unwrap(), None);
}

#[test]
fn a_call_whose_answer_is_lost_is_done_once() {
    let stage = Stage::new(vec![Rule::new(Fault::AnswerLost)]);
    assert_eq!(
        send(stage.front().address(), "POST /slow", &[], b"done"),
        None
    );
    assert_eq!(stage.upstream.seen().len(), 1);
    assert_eq!(stage.upstream.seen()[0].body, b"done");
    let call = stage.front().calls().remove(0);
    assert_eq!(
        (call.fault, call.status),
        (Some(Fault::AnswerLost), Some(200))
    );
    assert!(call.duration_ms >= 300);
    assert_eq!(
        send(stage.front().address(), "POST /", &[], b"again")
            .unwrap()
            .status(),
        200
    );
}

#[test]
fn each_hit_is_counted_once_however_many_call_at_once() {
    let stage = Stage::new(vec![Rule {
        times: 7,
        after: 5,
        ..Rule::new(Fault::Throttled)
    }]);
    let address = stage.front().address();
    let calls: Vec<_> = (0..30)
        .map(|_| std::thread::spawn(move || send(address, "POST /", &[], b"").unwrap().status()))
        .collect();
    let throttled = calls
        .into_iter()
        .filter_map(|call| call.join().ok())
        .filter(|status| *status == 429)
        .count();
    assert_eq!(throttled, 7);
    let state = &stage.front().rules()[0];
    assert_eq!((state.seen, state.hits), (30, 7));
}

#[test]
fn rules_can_be_read_and_replaced_over_http() {
    let stage = Stage::new(Vec::new());
    let address = stage.front().address();
    let rules =
        br#"[{"service":"ec2","kind":"denied","times":2},{"kind":"answer-lost","after":1}]"#;
    let put = send(address, "PUT /_front/rules", &[], rules).unwrap();
    assert_eq!(put.status(), 200);
    let ec2 = [FORM, ("authorization", &*signed("ec2"))];
    send(address, "POST /", &ec2, b"Action=DeleteFlowLogs").unwrap();
    let state = send(address, "GET /_front/rules", &[], b"").unwrap().json();
    assert_eq!(
        state,
        serde_json::json!([
            {"function": null, "service": "ec2", "operation": null, "kind": "denied", "times": 2, "after": 0, "seen": 1, "hits": 1},
            {"function": null, "service": null, "operation": null, "kind": "answer-lost", "times": 1, "after": 1, "seen": 0, "hits": 0},
        ])
    );
    stage.front().set_rules(Vec::new());
    assert_eq!(
        send(address, "GET /_front/rules", &[], b"").unwrap().json(),
        serde_json::json!([])
    );
}

#[test]
fn the_own_interface_says_what_it_cannot_do() {
    let stage = Stage::new(Vec::new());
    let address = stage.front().address();
    let cases = [
        (
            "PUT /_front/rules",
            &br#"[{"kind":"slow"}]"#[..],
            400,
            "unknown variant `slow`",
        ),
        (
            "DELETE /_front/rules",
            b"",
            405,
            "DELETE is not possible here",
        ),
        ("GET /_front/nothing", b"", 404, "/_front/health"),
    ];
    for (first, body, status, expected) in cases {
        let answer = send(address, first, &[], body).unwrap();
        assert_eq!(answer.status(), status, "{first}");
        assert!(answer.text().contains(expected), "{}", answer.text());
    }
    let health = send(address, "GET /_front/health", &[], b"")
        .unwrap()
        .json();
    assert_eq!(health["status"], "ok");
    assert_eq!(health["upstream"], stage.upstream.url());
    assert_eq!(health["calls"], 0);
    assert_eq!(stage.upstream.seen(), []);
}
