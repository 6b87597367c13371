//! A run can be told, written down and had again.

use super::scenario;
use simulation::choice::{Choices, Sequence};
use simulation::explore::replay;
use simulation::lambdas::Letter;
use simulation::world::{Bounds, Kit, World};

#[test]
fn a_sequence_of_choices_is_a_run() {
    let scenario = scenario("two-alarms");
    let kit = Kit::recorder(&scenario.stack).unwrap();
    let bounds = Bounds::from(&scenario.explore);
    for seed in 0..20 {
        let run = World::new(&scenario, &kit, &bounds, Choices::seeded(seed), true).run();
        let written = run.sequence().to_string();
        let sequence: Sequence = written.parse().unwrap();
        let again = replay(&scenario, &kit, &bounds, sequence);
        assert_eq!(run.story, again.story, "choices {written}");
    }
}

#[test]
fn a_story_says_when_who_and_what() {
    let scenario = scenario("one-alarm");
    let kit = Kit::recorder(&scenario.stack).unwrap();
    let run = replay(&scenario, &kit, &Bounds::default(), Sequence::default());
    let story = run.story.join("\n");
    for line in [
        "  0:00:00.000  EventBridge delivers event 1 (ALARM)",
        "  0:00:00.000      StartRecording: CreateFlowLogs",
        "  0:06:00.000      flow log fl-00000000000000001 is off",
        "  0:16:00.000      MAIL: NAT spike nat-0a1b2c3d4e5f60718: ",
    ] {
        assert!(story.contains(line), "{line:?} is not in\n{story}");
    }
}

#[test]
fn a_sequence_that_is_no_numbers_is_refused() {
    assert!("0 1 two".parse::<Sequence>().is_err());
    assert_eq!("0 1 2".parse::<Sequence>(), Ok(Sequence(vec![0, 1, 2])));
}

#[test]
fn the_next_run_repeats_all_but_the_last_choice() {
    let mut seen = Vec::new();
    let mut choices = Some(Choices::default());
    while let Some(mut made) = choices {
        let first = made.pick(2);
        let second = made.pick(if first == 0 { 3 } else { 1 });
        seen.push((first, second));
        choices = made.next();
    }
    assert_eq!(seen, [(0, 0), (0, 1), (0, 2), (1, 0)]);
}

#[test]
fn every_mail_of_the_recorder_is_known_by_its_subject() {
    assert_eq!(
        Letter::of("NAT spike nat-1: $0.38/h, 96 % S3 from 10.0.1.5"),
        Some(Letter::Report)
    );
    assert_eq!(
        Letter::of("NAT spike nat-1: the recording failed"),
        Some(Letter::Failure)
    );
    assert_eq!(Letter::of("good news"), None);
}
