//! The rules that look at single records, as far as they are asked for.

use super::SensitivePorts;
use super::definition::Analysis;
use super::detect::brute_force::BruteForce;
use super::detect::reject_storms::RejectStorms;
use super::detect::{self, Thresholds};
use super::ends::Ends;
use super::seen::Seen;
use super::{Table, counted::Counted};

/// Rules under way.
#[derive(Clone)]
pub(crate) struct Rules {
    brute_force: Option<BruteForce>,
    reject_storms: Option<RejectStorms>,
}

impl Rules {
    /// Those that are asked for.
    pub(crate) fn new(asked: &[Analysis], ports: &SensitivePorts) -> Rules {
        let is_asked = |analysis| asked.contains(&analysis);
        Rules {
            brute_force: is_asked(Analysis::BruteForce).then(|| BruteForce::new(ports)),
            reject_storms: is_asked(Analysis::RejectStorms).then(RejectStorms::new),
        }
    }

    /// Looks at a record.
    #[inline]
    pub(crate) fn add(&mut self, seen: &Seen, ends: &Ends) {
        let address = |end| ends.address(end);
        if let Some(rule) = &mut self.brute_force {
            rule.add(seen, &address);
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
        if let (Some(own), Some(other)) = (&mut self.brute_force, other.brute_force) {
            own.merge(other, &end, &address);
        }
        if let (Some(own), Some(other)) = (&mut self.reject_storms, other.reject_storms) {
            own.merge(other, &end, &address);
        }
    }

    /// What they have found, each by its analysis.
    pub(crate) fn finish(
        self,
        ports: &SensitivePorts,
        thresholds: &Thresholds,
        counted: &Counted,
        ends: &Ends,
    ) -> Vec<Table> {
        let address = |end| ends.address(end);
        let known = detect::Ends {
            address: &address,
            counts: &|pair| counted.counts(pair, false, ends),
        };
        let rejected = detect::Ends {
            counts: &|pair| counted.counts(pair, true, ends),
            ..known
        };
        let brute_force = self.brute_force;
        let mut tables: Vec<Table> = brute_force
            .map(|rule| rule.finish(ports, thresholds, known))
            .into_iter()
            .collect();
        tables.extend(
            self.reject_storms
                .into_iter()
                .flat_map(|rule| rule.finish(thresholds, rejected)),
        );
        tables
    }
}
