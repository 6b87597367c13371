//! The rules that look at single records, as far as they are asked for.

use super::SensitivePorts;
use super::answer::Answers;
use super::definition::Analysis;
use super::detect::beaconing::Beaconing;
use super::detect::brute_force::BruteForce;
use super::detect::reject_storms::RejectStorms;
use super::detect::remotes::Remotes;
use super::detect::top_talkers::TopTalkers;
use super::detect::{self, Thresholds, exfiltration, first_seen, port_scan};
use super::ends::Ends;
use super::seen::Seen;
use super::{Table, counted::Counted};

/// Rules under way.
#[derive(Clone, Default)]
pub(crate) struct Rules {
    beaconing: Option<Beaconing>,
    brute_force: Option<BruteForce>,
    reject_storms: Option<RejectStorms>,
    top_talkers: Option<TopTalkers>,
}

impl Rules {
    /// Those that are asked for.
    pub(crate) fn new(
        asked: &[Analysis],
        ports: &SensitivePorts,
        thresholds: &Thresholds,
    ) -> Rules {
        let is_asked = |analysis| asked.contains(&analysis);
        Rules {
            beaconing: is_asked(Analysis::Beaconing).then(|| Beaconing::new(thresholds)),
            brute_force: is_asked(Analysis::BruteForce).then(|| BruteForce::new(ports)),
            reject_storms: is_asked(Analysis::RejectStorms).then(RejectStorms::new),
            top_talkers: is_asked(Analysis::TopTalkers).then(TopTalkers::new),
        }
    }

    /// Looks at a record.
    #[inline]
    pub(crate) fn add(&mut self, seen: &Seen, ends: &Ends) {
        let address = |end| ends.address(end);
        if let Some(rule) = &mut self.beaconing {
            rule.add(seen, &address);
        }
        if let Some(rule) = &mut self.brute_force {
            rule.add(seen, &address);
        }
        if let Some(rule) = &mut self.top_talkers {
            rule.add(seen);
        }
        if seen.is_reject
            && let Some(rule) = &mut self.reject_storms
        {
            rule.add(seen, &address);
        }
    }

    /// Adds what others have looked at; `end` are the numbers that their ends have
    /// among these.
    pub(crate) fn merge(&mut self, other: Rules, end: &[u32], ends: &Ends) {
        let address = |end| ends.address(end);
        let end = |number: u32| end[number as usize];
        if let (Some(own), Some(other)) = (&mut self.beaconing, other.beaconing) {
            own.merge(other, &end, &address);
        }
        if let (Some(own), Some(other)) = (&mut self.brute_force, other.brute_force) {
            own.merge(other, &end, &address);
        }
        if let (Some(own), Some(other)) = (&mut self.reject_storms, other.reject_storms) {
            own.merge(other, &end, &address);
        }
        if let (Some(own), Some(other)) = (&mut self.top_talkers, other.top_talkers) {
            own.merge(other, &end);
        }
    }

    /// What they have found in the flows that count.
    pub(crate) fn finish(
        self,
        ports: &SensitivePorts,
        thresholds: &Thresholds,
        counted: &Counted,
        answers: &Answers<'_>,
    ) -> Vec<Table> {
        let ends = &answers.fold.ends;
        let address = |end| ends.address(end);
        let known = detect::Ends {
            address: &address,
            counts: &|pair| counted.counts(pair, false, ends),
        };
        let rejected = detect::Ends {
            counts: &|pair| counted.counts(pair, true, ends),
            ..known
        };
        let mut tables = Vec::new();
        if let Some(rule) = self.beaconing {
            tables.push(rule.finish(&mut answers.flows(), thresholds, known));
        }
        if let Some(rule) = self.brute_force {
            tables.push(rule.finish(ports, thresholds, known));
        }
        if let Some(rule) = self.reject_storms {
            tables.extend(rule.finish(thresholds, rejected));
        }
        if let Some(rule) = self.top_talkers {
            tables.push(rule.finish(&mut answers.flows(), thresholds, known));
        }
        tables
    }
}

/// What rules find that look at flows alone.
pub(crate) fn of_flows(
    asked: &[Analysis],
    thresholds: &Thresholds,
    answers: &Answers<'_>,
) -> Vec<Table> {
    let is_asked = |analysis| asked.contains(&analysis);
    let fold = answers.fold;
    let address = |end| fold.ends.address(end);
    let known = detect::Ends {
        address: &address,
        // Only those are shown that count.
        counts: &|_| true,
    };
    let mut tables = Vec::new();
    if is_asked(Analysis::PortScan) {
        let flows = &mut answers.flows();
        tables.extend(port_scan::find(flows, fold.has_flags, thresholds, known));
    }
    if is_asked(Analysis::Exfiltration) || is_asked(Analysis::FirstSeen) {
        let remotes = Remotes::of(&mut answers.flows());
        if is_asked(Analysis::Exfiltration) {
            tables.push(exfiltration::find(
                &remotes,
                &mut answers.flows(),
                None,
                thresholds,
                known,
            ));
        }
        if is_asked(Analysis::FirstSeen) {
            tables.push(first_seen::find(&remotes, thresholds, known));
        }
    }
    tables
}
