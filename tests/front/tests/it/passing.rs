//! Calls without a fault.

use crate::wire::{send, send_raw};
use crate::{Stage, eventually};
use std::time::{Duration, Instant};

#[test]
fn passes_bodies_of_any_bytes_and_size_unchanged() {
    let stage = Stage::new(Vec::new());
    let every_byte: Vec<u8> = (0..=255).collect();
    for body in [
        Vec::new(),
        b"{}".to_vec(),
        every_byte.clone(),
        every_byte.repeat(8 * 1_024),
    ] {
        let answer = send(
            stage.front().address(),
            "POST /a%2Fb?x=1&y=%20",
            &[("x-amz-date", "now")],
            &body,
        )
        .unwrap();
        assert_eq!(
            (answer.status(), answer.body == body),
            (200, true),
            "{} bytes",
            body.len()
        );
        let seen = stage.upstream.seen().pop().unwrap();
        assert_eq!(seen.first, "POST /a%2Fb?x=1&y=%20 HTTP/1.1");
        assert_eq!(seen.header("host"), Some("127.0.0.1:9"));
        assert_eq!(seen.header("x-amz-date"), Some("now"));
        assert!(seen.body == body);
    }
}

#[test]
fn passes_a_chunked_body_whole() {
    let stage = Stage::new(Vec::new());
    let raw = b"POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab\0\r\n\r\n3\r\ncde\r\n0\r\n\r\n";
    let answer = send_raw(stage.front().address(), raw, false).unwrap();
    assert_eq!(answer.body, b"ab\0\r\ncde");
    assert_eq!(stage.upstream.seen()[0].header("transfer-encoding"), None);
}

#[test]
fn passes_status_and_headers_but_not_those_of_the_connection() {
    let stage = Stage::new(Vec::new());
    let headers = [
        ("connection", "x-private"),
        ("x-private", "1"),
        ("te", "trailers"),
    ];
    let answer = send(stage.front().address(), "GET /missing", &headers, b"").unwrap();
    assert_eq!(answer.status(), 404);
    let twice: Vec<_> = answer
        .headers
        .iter()
        .filter(|(name, _)| name == "x-twice")
        .collect();
    assert_eq!(twice.len(), 2);
    assert_eq!(answer.header("x-hop"), None);
    let seen = &stage.upstream.seen()[0];
    assert_eq!((seen.header("x-private"), seen.header("te")), (None, None));
}

#[test]
fn tells_the_length_of_a_body_that_head_does_not_send() {
    let stage = Stage::new(Vec::new());
    let answer = send(stage.front().address(), "HEAD /bucket/key", &[], b"seven77").unwrap();
    assert_eq!(
        (answer.header("content-length"), answer.body.len()),
        (Some("7"), 0)
    );
}

#[test]
fn serves_calls_at_the_same_time() {
    let stage = Stage::new(Vec::new());
    let address = stage.front().address();
    let begun = Instant::now();
    let calls: Vec<_> = (0..40)
        .map(|number| {
            std::thread::spawn(move || {
                let body = format!("call {number}").repeat(1_000);
                let answer = send(address, "POST /slow", &[], body.as_bytes()).unwrap();
                assert_eq!(answer.text(), body);
            })
        })
        .collect();
    for call in calls {
        call.join().unwrap();
    }
    // One after the other they would take twelve seconds.
    assert!(
        begun.elapsed() < Duration::from_secs(6),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(stage.front().calls().len(), 40);
}

#[test]
fn writes_down_every_call_and_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    let stage = Stage::with(Vec::new(), |config| config.journal = Some(path.clone()));
    let headers = [
        (
            "authorization",
            "AWS4-HMAC-SHA256 Credential=AKIDSECRET/20261120/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=feed",
        ),
        ("x-amz-security-token", "TOKENSECRET"),
        ("x-amz-target", "DynamoDB_20120810.UpdateItem"),
        (
            "x-amz-user-agent",
            "aws-sdk-rust/1 os/linux app/claim-gateway",
        ),
    ];
    send(
        stage.front().address(),
        "POST /",
        &headers,
        b"{\"secret\":\"BODYSECRET\",\"gateway\":\"nat-0123456789abcdef0\"}",
    )
    .unwrap();
    send(
        stage.front().address(),
        "GET /missing?X-Amz-Signature=QUERYSECRET",
        &[],
        b"",
    )
    .unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(!text.contains("SECRET") && !text.contains("feed"), "{text}");
    let lines: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["function"], "claim-gateway");
    assert_eq!(lines[0]["service"], "dynamodb");
    assert_eq!(lines[0]["operation"], "UpdateItem");
    assert_eq!(
        (&lines[0]["status"], &lines[0]["fault"]),
        (&200.into(), &serde_json::Value::Null)
    );
    assert!(lines[0]["time"].as_f64().unwrap() > 1.7e9 && lines[0]["duration_ms"].is_u64());
    // The upstream answers with what it got.
    assert_eq!(
        (&lines[0]["request_ids"], &lines[0]["answer_ids"]),
        (
            &serde_json::json!(["nat-0123456789abcdef0"]),
            &serde_json::json!(["nat-0123456789abcdef0"])
        )
    );
    assert_eq!(
        (&lines[1]["operation"], &lines[1]["status"]),
        (&"GET /missing".into(), &404.into())
    );
    let calls = send(stage.front().address(), "GET /_front/calls", &[], b"").unwrap();
    assert_eq!(calls.json(), serde_json::Value::from(lines));
}

#[test]
fn an_upstream_that_is_away_is_a_bad_gateway() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let stage = Stage::with(Vec::new(), |config| {
        config.upstream = format!("http://{closed}").parse().unwrap()
    });
    let answer = send(stage.front().address(), "GET /", &[], b"").unwrap();
    assert_eq!(answer.status(), 502);
    assert!(
        answer.text().contains("failed to reach http://127.0.0.1:"),
        "{}",
        answer.text()
    );
    assert_eq!(stage.front().calls()[0].status, Some(502));
}

#[test]
fn a_call_whose_caller_hangs_up_is_written_down_without_status() {
    let stage = Stage::new(Vec::new());
    let address = stage.front().address();
    let bytes = crate::wire::request("POST /slow", &[], b"x");
    {
        use std::io::Write;
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream.write_all(&bytes).unwrap();
        eventually("the call arrives", || stage.upstream.seen().len() == 1);
    }
    eventually("the call is written down", || {
        stage.front().calls().len() == 1
    });
    assert_eq!(stage.front().calls()[0].status, None);
}

#[test]
fn stopping_lets_calls_under_way_end() {
    let mut stage = Stage::new(Vec::new());
    let address = stage.front().address();
    let call = std::thread::spawn(move || send(address, "POST /slow", &[], b"last").unwrap());
    eventually("the call arrives", || stage.upstream.seen().len() == 1);
    let front = stage.front.take().unwrap();
    stage.runtime.block_on(front.stop());
    assert_eq!(call.join().unwrap().body, b"last");
    assert!(std::net::TcpStream::connect(address).is_err());
}
