//! Rules that let calls fail, and the count of how often they did.
//!
//! **Invariants**: rules are asked in their order and the first that fires
//! wins; a rule that is not asked does not count the call.

use crate::call::Recognised;
use serde::{Deserialize, Serialize};

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// The service says that there are too many calls; nothing is done.
    Throttled,
    /// The service says that the caller may not do this; nothing is done.
    Denied,
    /// Nothing is done and nothing is answered until the caller gives up.
    TimedOut,
    /// It is done, then the connection closes without an answer.
    AnswerLost,
}

/// Which calls fail how. The SDK repeats calls by itself (three attempts in
/// standard mode) and every attempt is a call here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Calling function, for example `stop-recording`; absent = any.
    #[serde(default)]
    pub function: Option<String>,
    /// Signing name of the called service, for example `ec2`; absent = any.
    #[serde(default)]
    pub service: Option<String>,
    /// Called operation, for example `DeleteFlowLogs`; absent = any.
    #[serde(default)]
    pub operation: Option<String>,
    /// What happens.
    pub kind: Fault,
    /// How many calls it hits.
    #[serde(default = "once")]
    pub times: u64,
    /// How many matching calls pass first.
    #[serde(default)]
    pub after: u64,
}

fn once() -> u64 {
    1
}

impl Rule {
    /// A rule that hits the next call, whatever it is.
    pub fn new(kind: Fault) -> Rule {
        Rule {
            function: None,
            service: None,
            operation: None,
            kind,
            times: 1,
            after: 0,
        }
    }

    fn matches(&self, call: &Recognised) -> bool {
        let fits = |wanted: &Option<String>, found: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == found)
        };
        fits(&self.function, &call.function)
            && fits(&self.service, &call.service)
            && fits(&self.operation, &call.operation)
    }
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
                })
                .collect(),
        )
    }

    /// What happens to this call.
    pub(crate) fn strike(&mut self, call: &Recognised) -> Option<Fault> {
        for state in self.0.iter_mut().filter(|state| state.rule.matches(call)) {
            state.seen += 1;
            if state.seen > state.rule.after && state.hits < state.rule.times {
                state.hits += 1;
                return Some(state.rule.kind);
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

    fn rules(json: &str) -> Rules {
        Rules::new(serde_json::from_str(json).expect(json))
    }

    #[test]
    fn hits_so_many_calls_after_so_many() {
        let mut rules = rules(r#"[{"service":"ec2","kind":"throttled","times":2,"after":1}]"#);
        let ec2 = call("stop-recording", "ec2", "DeleteFlowLogs");
        let struck: Vec<_> = (0..4).map(|_| rules.strike(&ec2)).collect();
        assert_eq!(
            struck,
            [None, Some(Fault::Throttled), Some(Fault::Throttled), None]
        );
        assert_eq!(
            rules.strike(&call("stop-recording", "sns", "Publish")),
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
            let struck = rules.strike(&call(function, service, operation)).is_some();
            assert_eq!(struck, hit, "{function} {service} {operation}");
        }
    }

    #[test]
    fn the_next_rule_takes_over_when_the_first_is_spent() {
        let mut rules = rules(r#"[{"kind":"throttled"},{"kind":"answer-lost"}]"#);
        let struck: Vec<_> = (0..3).map(|_| rules.strike(&call("a", "b", "C"))).collect();
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
        ] {
            assert!(serde_json::from_str::<Vec<Rule>>(json).is_err(), "{json}");
        }
    }
}
