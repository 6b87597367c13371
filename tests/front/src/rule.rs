//! Rules that let calls fail, and the count of how often they did.
//!
//! **Invariants**: rules are asked in their order and the first that fires
//! wins; a rule that is not asked does not count the call.

use crate::call::Recognised;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// The service says that there are too many calls; nothing is done.
    Throttled,
    /// The service says that the caller may not do this; nothing is done.
    Denied,
    /// The service says that it cannot serve now; nothing is done.
    Unavailable,
    /// Nothing is done and nothing is answered until the caller gives up.
    TimedOut,
    /// It is done, then the connection closes without an answer.
    AnswerLost,
    /// It is done, but not before the call that `until` describes: the order
    /// of two calls that race.
    Held,
}

impl Fault {
    /// Whether the service has done what it was asked for.
    pub(crate) fn is_done(self) -> bool {
        matches!(self, Fault::AnswerLost | Fault::Held)
    }
}

/// Which calls are meant; what is absent may be anything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pattern {
    /// Calling function, for example `stop-recording`.
    #[serde(default)]
    pub function: Option<String>,
    /// Signing name of the called service, for example `ec2`.
    #[serde(default)]
    pub service: Option<String>,
    /// Called operation, for example `DeleteFlowLogs`.
    #[serde(default)]
    pub operation: Option<String>,
}

impl Pattern {
    pub(crate) fn fits(&self, function: &str, service: &str, operation: &str) -> bool {
        let fits = |wanted: &Option<String>, found: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == found)
        };
        fits(&self.function, function)
            && fits(&self.service, service)
            && fits(&self.operation, operation)
    }
}

/// Which calls fail how. The SDK repeats calls by itself (three attempts in
/// standard mode) and every attempt is a call here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Rule {
    /// Calls that the rule is asked about.
    pub calls: Pattern,
    /// What happens.
    pub kind: Fault,
    /// How many calls it hits.
    pub times: u64,
    /// How many matching calls pass first.
    pub after: u64,
    /// What a [`Fault::Held`] call waits for.
    pub until: Option<Pattern>,
    /// Hits are drawn instead of hitting every matching call.
    pub draw: Option<Draw>,
}

/// Hits by chance, the same ones each time: what is drawn depends on the seed,
/// the caller, the operation and the how-manieth such call it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draw {
    /// Of a thousand calls, so many begin a burst.
    pub per_mille: u16,
    /// Another seed draws other calls.
    pub seed: u64,
    /// A burst hits at most so many calls of the same caller and operation one
    /// after the other; its length is drawn, too.
    pub burst: u64,
}

/// A rule as files and the interface write it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    function: Option<String>,
    #[serde(default)]
    service: Option<String>,
    #[serde(default)]
    operation: Option<String>,
    kind: Fault,
    #[serde(default = "once")]
    times: u64,
    #[serde(default)]
    after: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<Pattern>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    per_mille: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    burst: Option<u64>,
}

fn once() -> u64 {
    1
}

impl TryFrom<Written> for Rule {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Rule, &'static str> {
        if (written.kind == Fault::Held) != written.until.is_some() {
            return Err("kind held and until belong together");
        }
        if written.per_mille.is_none() && (written.seed.is_some() || written.burst.is_some()) {
            return Err("seed and burst need per_mille");
        }
        Ok(Rule {
            calls: Pattern {
                function: written.function,
                service: written.service,
                operation: written.operation,
            },
            kind: written.kind,
            times: written.times,
            after: written.after,
            until: written.until,
            draw: written.per_mille.map(|per_mille| Draw {
                per_mille,
                seed: written.seed.unwrap_or(0),
                burst: written.burst.unwrap_or(1).max(1),
            }),
        })
    }
}

impl From<Rule> for Written {
    fn from(rule: Rule) -> Written {
        Written {
            function: rule.calls.function,
            service: rule.calls.service,
            operation: rule.calls.operation,
            kind: rule.kind,
            times: rule.times,
            after: rule.after,
            until: rule.until,
            per_mille: rule.draw.map(|draw| draw.per_mille),
            seed: rule.draw.map(|draw| draw.seed),
            burst: rule.draw.map(|draw| draw.burst),
        }
    }
}

impl Rule {
    /// A rule that hits the next call, whatever it is.
    pub fn new(kind: Fault) -> Rule {
        Rule {
            calls: Pattern::default(),
            kind,
            times: 1,
            after: 0,
            until: None,
            draw: None,
        }
    }

    fn matches(&self, call: &Recognised) -> bool {
        self.calls
            .fits(&call.function, &call.service, &call.operation)
    }
}

impl Draw {
    /// How many calls the burst takes that begins here; 0 = none begins.
    fn burst_at(&self, kind: &str, number: u64) -> u64 {
        // FNV-1a over all that counts, then splitmix64 to spread it.
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let words = [self.seed.to_le_bytes(), number.to_le_bytes()].concat();
        for byte in words.iter().chain(kind.as_bytes()) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        let first = spread(hash);
        if first % 1_000 >= u64::from(self.per_mille) {
            return 0;
        }
        1 + spread(first) % self.burst
    }
}

fn spread(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// A rule and what it has done so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleState {
    /// The rule.
    #[serde(flatten)]
    pub rule: Rule,
    /// Matching calls that it was asked about.
    pub seen: u64,
    /// Calls that it let fail.
    pub hits: u64,
    /// For each kind of call: how many there were, how many a burst still takes.
    #[serde(skip)]
    drawn: HashMap<String, (u64, u64)>,
}

impl RuleState {
    fn strikes(&mut self, call: &Recognised) -> bool {
        self.seen += 1;
        if self.seen <= self.rule.after || self.hits >= self.rule.times {
            return false;
        }
        let Some(draw) = self.rule.draw else {
            return true;
        };
        let kind = format!("{} {} {}", call.function, call.service, call.operation);
        let (number, left) = self.drawn.entry(kind.clone()).or_default();
        *number += 1;
        if *left == 0 {
            *left = draw.burst_at(&kind, *number);
        }
        let hit = *left > 0;
        *left = left.saturating_sub(1);
        hit
    }
}

/// All rules, in order.
#[derive(Debug, Default)]
pub(crate) struct Rules(pub(crate) Vec<RuleState>);

impl Rules {
    pub(crate) fn new(rules: Vec<Rule>) -> Rules {
        Rules(
            rules
                .into_iter()
                .map(|rule| RuleState {
                    rule,
                    seen: 0,
                    hits: 0,
                    drawn: HashMap::new(),
                })
                .collect(),
        )
    }

    /// What happens to this call, and what it waits for.
    pub(crate) fn strike(&mut self, call: &Recognised) -> Option<(Fault, Option<Pattern>)> {
        for state in self.0.iter_mut().filter(|state| state.rule.matches(call)) {
            if state.strikes(call) {
                state.hits += 1;
                return Some((state.rule.kind, state.rule.until.clone()));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Protocol;

    fn call(function: &str, service: &str, operation: &str) -> Recognised {
        Recognised {
            function: function.into(),
            service: service.into(),
            operation: operation.into(),
            protocol: Protocol::Query,
        }
    }

    fn strike(rules: &mut Rules, call: &Recognised) -> Option<Fault> {
        rules.strike(call).map(|(fault, _)| fault)
    }

    fn rules(json: &str) -> Rules {
        Rules::new(serde_json::from_str(json).expect(json))
    }

    #[test]
    fn hits_so_many_calls_after_so_many() {
        let mut rules = rules(r#"[{"service":"ec2","kind":"throttled","times":2,"after":1}]"#);
        let ec2 = call("stop-recording", "ec2", "DeleteFlowLogs");
        let struck: Vec<_> = (0..4).map(|_| strike(&mut rules, &ec2)).collect();
        assert_eq!(
            struck,
            [None, Some(Fault::Throttled), Some(Fault::Throttled), None]
        );
        assert_eq!(
            strike(&mut rules, &call("stop-recording", "sns", "Publish")),
            None
        );
        assert_eq!((rules.0[0].seen, rules.0[0].hits), (4, 2));
    }

    #[test]
    fn every_condition_must_fit() {
        let text =
            r#"[{"function":"a","service":"ec2","operation":"X","kind":"denied","times":9}]"#;
        let mut rules = rules(text);
        let cases = [
            ("a", "ec2", "X", true),
            ("b", "ec2", "X", false),
            ("a", "sns", "X", false),
            ("a", "ec2", "Y", false),
        ];
        for (function, service, operation, hit) in cases {
            let struck = strike(&mut rules, &call(function, service, operation)).is_some();
            assert_eq!(struck, hit, "{function} {service} {operation}");
        }
    }

    #[test]
    fn the_next_rule_takes_over_when_the_first_is_spent() {
        let mut rules = rules(r#"[{"kind":"throttled"},{"kind":"answer-lost"}]"#);
        let struck: Vec<_> = (0..3)
            .map(|_| strike(&mut rules, &call("a", "b", "C")))
            .collect();
        assert_eq!(
            struck,
            [Some(Fault::Throttled), Some(Fault::AnswerLost), None]
        );
    }

    #[test]
    fn refuses_rules_with_unknown_words() {
        for json in [
            r#"[{"kind":"slow"}]"#,
            r#"[{"kind":"denied","time":2}]"#,
            r#"[{"times":2}]"#,
            r#"[{"kind":"held"}]"#,
            r#"[{"kind":"denied","until":{}}]"#,
            r#"[{"kind":"held","until":{"functions":"a"}}]"#,
            r#"[{"kind":"denied","burst":2}]"#,
        ] {
            assert!(serde_json::from_str::<Vec<Rule>>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn draws_about_the_share_and_the_same_calls_each_time() {
        let text = r#"[{"kind":"throttled","times":100000,"per_mille":50,"seed":7}]"#;
        let draw = || -> Vec<bool> {
            let mut rules = rules(text);
            let ec2 = call("a", "ec2", "X");
            (0..20_000)
                .map(|_| strike(&mut rules, &ec2).is_some())
                .collect()
        };
        let hits = draw();
        let count = hits.iter().filter(|hit| **hit).count();
        assert!((900..1_100).contains(&count), "{count} of 20,000");
        assert_eq!(hits, draw());
        let mut other = rules(&text.replace('7', "8"));
        let ec2 = call("a", "ec2", "X");
        assert!(
            hits.iter()
                .any(|hit| *hit != strike(&mut other, &ec2).is_some())
        );
    }

    #[test]
    fn what_others_call_does_not_change_what_is_drawn() {
        let text = r#"[{"kind":"throttled","times":100000,"per_mille":100,"burst":4}]"#;
        let (mut alone, mut among) = (rules(text), rules(text));
        let (ec2, sns) = (call("a", "ec2", "X"), call("b", "sns", "Y"));
        for _ in 0..500 {
            strike(&mut among, &sns);
            assert_eq!(strike(&mut alone, &ec2), strike(&mut among, &ec2));
        }
    }

    #[test]
    fn a_burst_hits_calls_one_after_the_other() {
        let mut rules =
            rules(r#"[{"kind":"throttled","times":100000,"per_mille":5,"seed":3,"burst":6}]"#);
        let ec2 = call("a", "ec2", "X");
        let hits: Vec<bool> = (0..20_000)
            .map(|_| strike(&mut rules, &ec2).is_some())
            .collect();
        let bursts: Vec<usize> = hits
            .chunk_by(|a, b| a == b)
            .filter(|run| run[0])
            .map(<[bool]>::len)
            .collect();
        assert!(bursts.contains(&1) && bursts.contains(&6), "{bursts:?}");
    }
}
