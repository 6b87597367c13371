//! `natspike investigate logs://…`: records one by one, whatever class the group has.

use super::stand_in::StandIn;
use super::{START, natspike, recorded, report};
use serde_json::Value;

fn investigated(class: &'static str) -> (Value, Vec<String>) {
    let (mut world, _) = recorded("natspike");
    world.class = class;
    let stand_in = StandIn::start(world);
    let (from, to) = (START.to_string(), (START + 300).to_string());
    let output = natspike(&stand_in, &[])
        .args(["investigate", "all", "logs://flows", "--output", "json"])
        .args(["--region", "us-east-1", "--since", &from, "--until", &to])
        .output()
        .unwrap();
    (report(&output), stand_in.calls())
}

#[test]
fn a_group_that_answers_queries_alone_gives_the_same_records() {
    let (events, _) = investigated("STANDARD");
    let (messages, calls) = investigated("INFREQUENT_ACCESS");
    assert!(events["records"]["parsed"].as_u64() > Some(100), "{events}");
    assert_eq!(messages, events);
    assert!(!calls.contains(&"FilterLogEvents".to_owned()), "{calls:?}");
    let query = "StartQuery fields @message | limit 100000".to_owned();
    assert_eq!(calls.iter().filter(|call| **call == query).count(), 1);
}
