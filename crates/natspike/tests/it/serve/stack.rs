//! What the page is told of a stack that is not there, or somebody else's. The rest is
//! rehearsed (tests/scenarios/meanwhile/by-page.toml).

use super::server::Server;
use crate::record::{ABSENT, DENIED, OTHER, cloudformation};
use serde_json::json;

/// A server of the stack shop, in a region where that answers.
fn server(folder: &tempfile::TempDir, url: &str) -> Server {
    let environment = [
        ("AWS_CONFIG_FILE", "/dev/null"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_ENDPOINT_URL", url),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
    ];
    let arguments = ["--stack", "shop", "--region", "us-east-1"];
    Server::start_with(folder.path(), &arguments, &environment)
}

#[test]
fn says_in_words_which_stack_is_none_of_natspikes() {
    let folder = tempfile::tempdir().unwrap();
    for (status, body, said) in [
        (400, ABSENT, "there is no such stack"),
        (403, DENIED, "may not do cloudformation:DescribeStacks"),
        (200, OTHER, "it has no output StateMachineArn"),
    ] {
        let server = server(&folder, &cloudformation(status, body));
        for path in ["/stack", "/stack/recordings"] {
            let answer = server.get(path);
            let detail = answer.json()["detail"].clone();
            let detail = detail.as_str().expect("a sentence");
            assert_eq!(
                (answer.status, answer.name().as_str()),
                (502, "StackFailed")
            );
            assert!(detail.contains(said), "{detail}");
            assert!(detail.starts_with("Failed to ") && detail.contains("shop in us-east-1"));
            assert!(detail.ends_with('.') && !detail.ends_with(".."), "{detail}");
        }
        let request = json!({"sources": ["recording:nat-0a1-1"]});
        let opened = server.post("/reports", &request).json();
        let job = server.end_of(opened["job"].as_str().expect("a job"));
        let detail = job["error"]["detail"].as_str().expect("a sentence");
        assert!(detail.contains(said), "{detail}");
        let id = opened["id"].as_str().expect("an id");
        let gone = server.get(&format!("/reports/{id}"));
        assert_eq!((gone.status, gone.name().as_str()), (410, "ReadingFailed"));
    }
}

#[test]
fn without_a_stack_there_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &[]);
    let gateway = json!({"gateway": "nat-0a1"});
    for answer in [
        server.get("/stack"),
        server.get("/stack/recordings"),
        server.get("/stack/gateways/nat-0a1/expected"),
        server.post("/stack/recordings", &gateway),
        server.ask("DELETE /api/v1/stack/recordings/nat-0a1-1"),
        server.post(
            "/comparisons",
            &json!({"before": {"recording": "a"}, "after": {"recording": "b"}}),
        ),
    ] {
        assert_eq!((answer.status, answer.name().as_str()), (404, "NoStack"));
    }
}
