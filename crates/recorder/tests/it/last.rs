//! What stays of a recording for the next one, and what the chat is told.

use super::{NOW, World};
use recorder::memory::Fault;
use recorder::payload::{Claim, Recording, Stop};
use recorder::{EpochSeconds, FaultKind};

const KEY: &str = "gateways/nat-0a1b2c3d4e5f60718/last.json";
const LATER: EpochSeconds = EpochSeconds(NOW.0 + 3_600);
const ALARMED_LATER: &str = "2026-11-21T00:44:05.123+0000";

fn words(world: &World, place: usize) -> String {
    let (_, body) = world.memory.mails().remove(place);
    body.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A recording with one remote end, mailed.
fn first(world: &World) -> (Claim, Recording, Stop) {
    let claim = world.claim("execution-1", NOW).expect("claimed");
    let recording = world.start(&claim).expect("done");
    world.deliver("eni-0a1", 1_000, 2_000);
    let stop = world.stop(&claim, Some(&recording)).expect("done");
    world.analyze(&claim, &recording, &stop).expect("done");
    (claim, recording, stop)
}

/// One an hour later with another, not mailed yet.
fn second(world: &World) -> (Claim, Recording, Stop) {
    let claim = world
        .claim_at(ALARMED_LATER, "execution-2", LATER)
        .expect("done");
    let recording = world.start(&claim).expect("done");
    world.deliver_at(LATER, "203.0.113.5", "eni-0a1", 4_000, 5_000);
    world.deliver_at(LATER, "198.51.100.7", "eni-0a1", 500, 500);
    let stop = world
        .stop_at(&claim, Some(&recording), LATER.plus(360))
        .expect("done");
    (claim, recording, stop)
}

const NEW: &str = "New since the recording of 2026-11-20 23:45 UTC, where it had less than 0.1 % if \
                   anything: destination 198.51.100.7 with 10.0 %.";
const GROWN: &str = "At least twice as much a minute as then: source 10.0.1.5 with 10,000 bytes \
                     after 3,000; destination 203.0.113.5 with 9,000 bytes after 3,000; service S3 \
                     with 9,000 bytes after 3,000.";

#[test]
fn a_recording_is_compared_with_the_last_one_and_never_with_itself() {
    let world = World::new();
    let (claim, recording, stop) = first(&world);
    assert!(world.memory.object(KEY).is_some());
    // Analyzed again, there is still nothing before it.
    world.analyze(&claim, &recording, &stop).unwrap();
    for place in [0, 1] {
        let said = words(&world, place);
        assert!(!said.contains("since the recording of"), "{said}");
    }
    let (claim, recording, stop) = second(&world);
    for place in [2, 3] {
        world.analyze(&claim, &recording, &stop).unwrap();
        let said = words(&world, place);
        assert!(said.contains(NEW), "{said}");
        assert!(said.contains(GROWN), "{said}");
    }
}

#[test]
fn what_is_left_of_the_last_recording_costs_no_report() {
    for (fault, times, note) in [
        (Fault::Fails(FaultKind::NotFound), 1, false),
        (Fault::Fails(FaultKind::Denied), 1, false),
        (Fault::Fails(FaultKind::Throttled), 3, false),
        (Fault::Fails(FaultKind::Throttled), 4, true),
    ] {
        let world = World::new();
        first(&world);
        let (claim, recording, stop) = second(&world);
        for _ in 0..times {
            world.memory.fail("GetObject", fault);
        }
        world.analyze(&claim, &recording, &stop).unwrap();
        let said = words(&world, 1);
        let told = said.contains("What is new since the last recording is not known");
        assert_eq!(told, note, "{fault:?}: {said}");
    }
    let world = World::new();
    first(&world);
    world.memory.set_object(KEY, b"{");
    let (claim, recording, stop) = second(&world);
    world.analyze(&claim, &recording, &stop).unwrap();
    let said = words(&world, 1);
    assert!(
        said.contains("What is new since the last recording is not known"),
        "{said}"
    );
}

#[test]
fn it_is_kept_only_when_the_mail_is_out() {
    let world = World::new();
    let claim = world.claim("execution-1", NOW).unwrap();
    let recording = world.start(&claim).unwrap();
    world.deliver("eni-0a1", 1_000, 2_000);
    let stop = world.stop(&claim, Some(&recording)).unwrap();
    world
        .memory
        .fail("Publish", Fault::Fails(FaultKind::Throttled));
    world.analyze(&claim, &recording, &stop).unwrap_err();
    assert_eq!(world.memory.object(KEY), None);
    // Three tries for the page, three for this.
    for _ in 0..6 {
        world
            .memory
            .fail("PutObject", Fault::Fails(FaultKind::Denied));
    }
    world.analyze(&claim, &recording, &stop).unwrap();
    assert_eq!(world.memory.object(KEY), None);
    assert_eq!(world.memory.mails().len(), 1);
    world.analyze(&claim, &recording, &stop).unwrap();
    assert!(world.memory.object(KEY).is_some());
}

#[test]
fn the_chat_is_told_and_never_costs_the_mail() {
    let mut world = World::new();
    first(&world);
    assert_eq!(world.memory.chats(), [""; 0]);

    world.has_chat = true;
    let (claim, recording, stop) = second(&world);
    world.analyze(&claim, &recording, &stop).unwrap();
    let told: serde_json::Value = serde_json::from_str(&world.memory.chats()[0]).unwrap();
    assert_eq!(told["source"], "custom");
    assert_eq!(told["metadata"]["threadId"], "execution-2");
    assert_eq!(told["content"]["title"], world.memory.mails()[1].0);

    for _ in 0..3 {
        world
            .memory
            .fail("Publish", Fault::Fails(FaultKind::Denied));
    }
    world.analyze(&claim, &recording, &stop).unwrap();
    let said = words(&world, 2);
    assert!(
        said.contains("Note: The chat was not told: sns:Publish"),
        "{said}"
    );
}
