//! What `natspike record` refuses: before it asks anybody, and about a stack that is
//! not there or somebody else's. The rest is rehearsed (tests/scenarios/meanwhile/by-hand.toml).

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::thread;

fn refused(arguments: &[&str], url: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_natspike"))
        .args(arguments)
        .env_clear()
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_ENDPOINT_URL", url)
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .stdin(Stdio::null())
        .output()
        .expect("natspike");
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
    String::from_utf8(output.stderr).expect("UTF-8")
}

#[test]
fn says_what_is_missing() {
    for (arguments, said) in [
        (&["record", "list"][..], "name it with --stack"),
        (&["record", "list", "--stack", "natspike"], "--region"),
        (&["record", "list", "--limit", "0"], "1..=1000"),
        (&["analyze", "recording:nat-0a1-1"], "--stack"),
        (
            &[
                "analyze",
                "recording:nat-0a1-1",
                "other.log",
                "--stack",
                "natspike",
            ],
            "read alone",
        ),
    ] {
        let message = refused(arguments, "http://127.0.0.1:1");
        assert!(message.contains(said), "{arguments:?}: {message}");
    }
}

/// There is no stack of that name.
pub(crate) const ABSENT: &str = "<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code>\
     <Message>Stack with id shop does not exist</Message></Error></ErrorResponse>";
/// Nobody may ask.
pub(crate) const DENIED: &str = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>\
     <Message>no</Message></Error></ErrorResponse>";
/// There is one, which is somebody else's.
pub(crate) const OTHER: &str = "<DescribeStacksResponse><DescribeStacksResult><Stacks><member>\
     <StackName>shop</StackName><StackStatus>CREATE_COMPLETE</StackStatus>\
     <CreationTime>2026-11-20T23:44:05Z</CreationTime><Outputs><member>\
     <OutputKey>TableName</OutputKey><OutputValue>carts</OutputValue>\
     </member></Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>";

/// A CloudFormation that answers every question so.
pub(crate) fn cloudformation(status: u16, body: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut asked = [0; 65_536];
            let _ = stream.read(&mut asked);
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
            );
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    url
}

#[test]
fn says_which_stack_is_none_of_natspikes() {
    for (status, body, said) in [
        (400, ABSENT, "there is no such stack"),
        (403, DENIED, "may not do cloudformation:DescribeStacks"),
        (200, OTHER, "it has no output StateMachineArn"),
    ] {
        let url = cloudformation(status, body);
        let list = ["record", "list", "--stack", "shop", "--region", "us-east-1"];
        let message = refused(&list, &url);
        assert!(message.contains(said), "{message}");
        assert!(message.contains("shop in us-east-1"), "{message}");
    }
}
