//! Every scenario file: its usual outcome, and every run that it allows.

use super::{folder, scenario};
use simulation::choice::Sequence;
use simulation::explore::{Explored, explore, replay, sample};
use simulation::invariant::{Rule, check, expectation};
use simulation::scenario::Scenario;
use simulation::world::{Bounds, Kit};
use std::collections::BTreeSet;
use std::num::NonZero;
use std::rc::Rc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

/// Rules that the recorder is known to break: scenario, rule, why. A pair that
/// holds after all fails the test.
const KNOWN: &[(&str, Rule, &str)] = &[];

/// Defects of the old recorder that no run can show, and what shows them.
const ELSEWHERE: [(u8, &str); 1] = [(10, "roles and names are the template's: tests/contracts")];

/// More runs than any scenario may need: bounds are to be chosen, not cut.
const MOST: u64 = 30_000;
/// All explored runs together, so that exploration cannot shrink unnoticed.
const AT_LEAST: u64 = 50_000;
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
    let names = names();
    let next = AtomicUsize::new(0);
    let judged = Mutex::new(Judged::default());
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let found = Judged::of(name);
                    judged.lock().unwrap().add(found);
                }
            });
        }
    });
    let Judged {
        runs,
        samples,
        met,
        mut complaints,
    } = judged.into_inner().unwrap();
    println!(
        "{runs} runs in every order, {samples} by chance, in {:.1?}",
        begin.elapsed()
    );
    let unmet = KNOWN.iter().filter(|(name, rule, _)| {
        names.contains(&(*name).to_owned()) && !met.contains(&((*name).to_owned(), *rule))
    });
    complaints
        .extend(unmet.map(|known| format!("{known:?} holds after all: take it off the list")));
    assert!(complaints.is_empty(), "{}", complaints.join("\n\n"));
    assert!(runs >= AT_LEAST || names.len() < 20, "only {runs} runs");
}

/// What was found in the runs of scenarios.
#[derive(Default)]
struct Judged {
    runs: u64,
    samples: u64,
    met: BTreeSet<(String, Rule)>,
    complaints: Vec<String>,
}

impl Judged {
    fn of(name: &str) -> Judged {
        let mut found = Judged::default();
        let scenario = scenario(name);
        let kit = Kit::recorder(&scenario.stack).unwrap();
        let start = Instant::now();
        let (bounds, most) = bounds(&scenario);
        let explored = explore(&scenario, &kit, &bounds, most);
        println!("{name}: {} runs in {:.1?}", explored.runs, start.elapsed());
        if explored.is_cut {
            let what = format!("{name}: more than {most} runs; set closer bounds");
            found.complaints.push(what);
        }
        let at_least = u64::try_from(scenario.explore.at_least).unwrap_or(u64::MAX);
        if explored.runs < at_least {
            let what = format!("{name}: only {} runs of {at_least}", explored.runs);
            found.complaints.push(what);
        }
        found.runs = explored.runs;
        found.judge(name, &explored);
        if explored.runs > 1 {
            let sampled = sampled(&scenario, &kit);
            found.samples = sampled.runs;
            found.judge(name, &sampled);
        }
        found
    }

    fn judge(&mut self, name: &str, explored: &Explored) {
        for (rule, finding) in &explored.findings {
            if is_known(name, *rule) {
                self.met.insert((name.to_owned(), *rule));
            } else {
                self.complaints.push(format!("{name}: {finding}"));
            }
        }
    }

    fn add(&mut self, other: Judged) {
        self.runs += other.runs;
        self.samples += other.samples;
        self.met.extend(other.met);
        self.complaints.extend(other.complaints);
    }
}

/// The scenario's own bounds. SIMULATION_TURNS=2 lets others go first more often
/// where a scenario bounds that, which takes minutes.
fn bounds(scenario: &Scenario) -> (Bounds, u64) {
    let own = Bounds::from(&scenario.explore);
    match std::env::var("SIMULATION_TURNS") {
        Ok(turns) if own.turns.is_some() => {
            let turns = Some(turns.parse().unwrap());
            (Bounds { turns, ..own }, u64::MAX)
        }
        _ => (own, MOST),
    }
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
