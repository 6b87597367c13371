//! Every scenario file: its usual outcome, and every run that it allows.

use super::{folder, scenario};
use simulation::choice::Sequence;
use simulation::explore::{Explored, explore, replay, sample};
use simulation::invariant::{Rule, check, expectation};
use simulation::scenario::Scenario;
use simulation::world::{Bounds, Kit};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Instant;

/// Rules that the recorder is known to break: scenario, rule, why. A pair that
/// holds after all fails the test.
const KNOWN: &[(&str, Rule, &str)] = &[];

/// Defects of the old recorder that no run can show, and what shows them.
const ELSEWHERE: [(u8, &str); 1] = [(10, "roles and names are the template's: tests/contracts")];

/// More runs than any scenario may need: bounds are to be chosen, not cut.
const MOST: u64 = 8_000;
/// All explored runs together, so that exploration cannot shrink unnoticed.
const AT_LEAST: u64 = 25_000;
/// Runs by chance of every scenario that is explored, beyond its bounds.
const SAMPLES: u64 = 60;
/// Where chance begins.
const SEED: u64 = 20_261_121;

fn names() -> Vec<String> {
    let entries = std::fs::read_dir(folder()).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort();
    // SIMULATION_ONLY=alarm runs the scenarios with that in their name.
    let only = std::env::var("SIMULATION_ONLY").unwrap_or_default();
    names.retain(|name| name.contains(&only));
    names
}

#[test]
fn ends_as_expected_when_nothing_is_varied() {
    for name in names() {
        let scenario = scenario(&name);
        let kit = Kit::recorder(&scenario.stack).unwrap();
        let run = replay(&scenario, &kit, &Bounds::default(), Sequence::default());
        let differences = expectation(&scenario, &run.ledger);
        let story = run.story.join("\n");
        assert!(differences.is_empty(), "{name}: {differences:#?}\n{story}");
        for violation in check(&scenario, &run.ledger) {
            assert!(
                is_known(&name, violation.rule),
                "{name}: {violation:?}\n{story}"
            );
        }
    }
}

#[test]
fn keeps_the_rules_in_every_run() {
    let begin = Instant::now();
    let (mut runs, mut samples) = (0, 0);
    let mut met = BTreeSet::new();
    let mut complaints = Vec::new();
    for name in names() {
        let scenario = scenario(&name);
        let kit = Kit::recorder(&scenario.stack).unwrap();
        let start = Instant::now();
        let explored = explore(&scenario, &kit, &Bounds::from(&scenario.explore), MOST);
        println!("{name}: {} runs in {:.1?}", explored.runs, start.elapsed());
        if explored.is_cut {
            complaints.push(format!("{name}: more than {MOST} runs; set closer bounds"));
        }
        let at_least = u64::try_from(scenario.explore.at_least).unwrap_or(u64::MAX);
        if explored.runs < at_least {
            complaints.push(format!("{name}: only {} runs of {at_least}", explored.runs));
        }
        runs += explored.runs;
        judge(&name, &explored, &mut met, &mut complaints);
        if explored.runs > 1 {
            let sampled = sampled(&scenario, &kit);
            samples += sampled.runs;
            judge(&name, &sampled, &mut met, &mut complaints);
        }
    }
    println!(
        "{runs} runs in every order, {samples} by chance, in {:.1?}",
        begin.elapsed()
    );
    let unmet = KNOWN.iter().filter(|(name, rule, _)| {
        names().contains(&(*name).to_owned()) && !met.contains(&((*name).to_owned(), *rule))
    });
    complaints
        .extend(unmet.map(|known| format!("{known:?} holds after all: take it off the list")));
    assert!(complaints.is_empty(), "{}", complaints.join("\n\n"));
    assert!(runs >= AT_LEAST || names().len() < 20, "only {runs} runs");
}

/// Two interruptions, any order, twice, late and a fault, but only some of it.
/// SIMULATION_SAMPLES=100000 takes more of it.
fn sampled(scenario: &Rc<Scenario>, kit: &Kit) -> Explored {
    let more = std::env::var("SIMULATION_SAMPLES").ok();
    let runs = more.map_or(SAMPLES, |text| text.parse().unwrap());
    let bounds = Bounds {
        late: scenario.explore.late.0.max(120_000),
        twice: true,
        interruptions: 2,
        turns: None,
        fault: true,
        calls_of: scenario.explore.calls_of.clone(),
    };
    sample(scenario, kit, &bounds, SEED, runs)
}

fn judge(
    name: &str,
    explored: &Explored,
    met: &mut BTreeSet<(String, Rule)>,
    complaints: &mut Vec<String>,
) {
    for (rule, finding) in &explored.findings {
        if is_known(name, *rule) {
            met.insert((name.to_owned(), *rule));
        } else {
            complaints.push(format!("{name}: {finding}"));
        }
    }
}

fn is_known(name: &str, rule: Rule) -> bool {
    KNOWN.iter().any(|known| known.0 == name && known.1 == rule)
}

#[test]
fn shows_every_defect_of_the_old_recorder_that_can_be_shown() {
    let shown: BTreeSet<u8> = names()
        .iter()
        .filter_map(|name| scenario(name).defect)
        .collect();
    let elsewhere = ELSEWHERE.iter().map(|(defect, _)| *defect);
    let all: BTreeSet<u8> = shown.iter().copied().chain(elsewhere).collect();
    assert_eq!(all, (1..=10).collect(), "shown here: {shown:?}");
}
