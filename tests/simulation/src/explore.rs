//! Every run of a scenario that the bounds allow, depth first.
//!
//! Stateless: a run is its sequence of choices, the next run repeats all but
//! the last of them. Which thing goes next is free wherever the one that went
//! last cannot go on by itself; to interrupt one that could go on costs one of
//! the bounded interruptions, as does nothing else.

use crate::choice::{Choices, Sequence};
use crate::invariant::{self, Rule, Violation};
use crate::scenario::Scenario;
use crate::world::{Bounds, Kit, Run, World};
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

/// A run in which a rule did not hold.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The scenario's title.
    pub title: String,
    /// The rule and what was there instead.
    pub violation: Violation,
    /// The choices of the run.
    pub sequence: Sequence,
    /// What happened.
    pub story: Vec<String>,
    /// In how many runs the rule did not hold.
    pub runs: u64,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.title)?;
        writeln!(
            f,
            "{:?}: {} ({} runs)",
            self.violation.rule, self.violation.what, self.runs
        )?;
        writeln!(f, "choices: {}", self.sequence)?;
        self.story.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// What came of an exploration.
#[derive(Debug, Default)]
pub struct Explored {
    /// How many runs there were.
    pub runs: u64,
    /// The first and shortest run in which each rule did not hold.
    pub findings: BTreeMap<Rule, Finding>,
    /// Whether there would have been more runs.
    pub is_cut: bool,
}

/// One run, told.
pub fn replay(scenario: &Rc<Scenario>, kit: &Kit, bounds: &Bounds, sequence: Sequence) -> Run {
    World::new(scenario, kit, bounds, Choices::given(sequence), true).run()
}

/// Every run, up to so many.
pub fn explore(scenario: &Rc<Scenario>, kit: &Kit, bounds: &Bounds, most: u64) -> Explored {
    let mut explored = Explored::default();
    let mut choices = Some(Choices::default());
    while let Some(next) = choices {
        if explored.runs >= most {
            explored.is_cut = true;
            break;
        }
        let run = World::new(scenario, kit, bounds, next, false).run();
        explored.runs += 1;
        for violation in invariant::check(scenario, &run.ledger) {
            note(&mut explored, scenario, violation, run.sequence());
        }
        choices = run.choices.next();
    }
    tell(&mut explored, scenario, kit, bounds);
    explored
}

/// Runs chosen by chance, so many; the same for the same seed.
pub fn sample(
    scenario: &Rc<Scenario>,
    kit: &Kit,
    bounds: &Bounds,
    seed: u64,
    runs: u64,
) -> Explored {
    let mut explored = Explored::default();
    for number in 0..runs {
        let choices = Choices::seeded(seed.wrapping_add(number));
        let run = World::new(scenario, kit, bounds, choices, false).run();
        explored.runs += 1;
        for violation in invariant::check(scenario, &run.ledger) {
            note(&mut explored, scenario, violation, run.sequence());
        }
    }
    tell(&mut explored, scenario, kit, bounds);
    explored
}

fn tell(explored: &mut Explored, scenario: &Rc<Scenario>, kit: &Kit, bounds: &Bounds) {
    for finding in explored.findings.values_mut() {
        finding.story = replay(scenario, kit, bounds, finding.sequence.clone()).story;
    }
}

fn note(explored: &mut Explored, scenario: &Scenario, violation: Violation, sequence: Sequence) {
    let weight = |sequence: &Sequence| sequence.0.iter().filter(|choice| **choice > 0).count();
    let finding = Finding {
        title: scenario.title.clone(),
        violation,
        sequence,
        story: Vec::new(),
        runs: 1,
    };
    let rule = finding.violation.rule;
    match explored.findings.get_mut(&rule) {
        None => {
            explored.findings.insert(rule, finding);
        }
        Some(known) => {
            let runs = known.runs + 1;
            if weight(&finding.sequence) < weight(&known.sequence) {
                *known = finding;
            }
            known.runs = runs;
        }
    }
}
