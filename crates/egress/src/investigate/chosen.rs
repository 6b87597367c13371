//! Which questions a flow belongs to.
//!
//! What definitions ask is which end is investigated, which is inside, whether ports
//! are 22, sensitive or the one that is looked for, and the action. So there are few
//! kinds of flows, and what a question says of a kind is worked out once.
//!
//! **Invariants.** The same that the filter language says of the definition; a test
//! holds that definitions ask for nothing else.

use super::definition::Definition;
use super::flows::Key;
use super::fold::SSH;
use super::seen::Side;
use flowlog::Field;
use flowlog::filter::{AddressOf, AddressSet, Expr, Named, NumberOf, NumberSet, Test, TextOf};

/// Kinds of flows.
const KINDS: usize = 1 << 11;

/// What a kind is made of, a bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trait {
    Subject(usize),
    Inside(usize),
    Ssh(usize),
    Sensitive(usize),
    Wanted(usize),
    Reject,
}

impl Trait {
    fn bit(self) -> usize {
        match self {
            Trait::Subject(side) => side,
            Trait::Inside(side) => 2 + side,
            Trait::Ssh(side) => 4 + side,
            Trait::Sensitive(side) => 6 + side,
            Trait::Wanted(side) => 8 + side,
            Trait::Reject => 10,
        }
    }
}

/// The questions, and what they say of each kind.
pub(crate) struct Chosen {
    questions: Vec<Expr>,
    sensitive: Box<[u64; 1024]>,
    /// The port of port-specific.
    pub(crate) wanted: Option<u16>,
    known: Vec<Option<u32>>,
}

impl Chosen {
    /// For these questions, whose named sets are not yet resolved.
    pub(crate) fn new(
        questions: Vec<Expr>,
        sensitive: Box<[u64; 1024]>,
        wanted: Option<u16>,
    ) -> Chosen {
        Chosen {
            questions,
            sensitive,
            wanted,
            known: vec![None; KINDS],
        }
    }

    /// A bit for each question that the flow belongs to.
    #[inline]
    pub(crate) fn which(&mut self, key: &Key, sides: [Side; 2]) -> u32 {
        let kind = self.kind(key, sides);
        match self.known[kind] {
            Some(known) => known,
            None => self.learn(kind),
        }
    }

    #[inline]
    fn kind(&self, key: &Key, sides: [Side; 2]) -> usize {
        let mut kind = usize::from(key.flags & Key::REJECT > 0) << Trait::Reject.bit();
        for (at, side) in sides.into_iter().enumerate() {
            kind |= usize::from(side.is_subject) << Trait::Subject(at).bit();
            kind |= usize::from(side.is_inside) << Trait::Inside(at).bit();
            if key.flags & [Key::SRC_PORT, Key::DST_PORT][at] == 0 {
                continue;
            }
            let port = key.ports[at];
            let is_sensitive = self.sensitive[usize::from(port) / 64] >> (port % 64) & 1 == 1;
            kind |= usize::from(port == SSH) << Trait::Ssh(at).bit();
            kind |= usize::from(is_sensitive) << Trait::Sensitive(at).bit();
            kind |= usize::from(self.wanted == Some(port)) << Trait::Wanted(at).bit();
        }
        kind
    }

    #[cold]
    fn learn(&mut self, kind: usize) -> u32 {
        let holds = |(place, question)| u32::from(self.is(question, kind)) << place;
        let known = self.questions.iter().enumerate().map(holds).sum();
        self.known[kind] = Some(known);
        known
    }

    fn is(&self, expr: &Expr, kind: usize) -> bool {
        match expr {
            Expr::All(parts) => parts.iter().all(|part| self.is(part, kind)),
            Expr::Any(parts) => parts.iter().any(|part| self.is(part, kind)),
            Expr::Not(inner) => !self.is(inner, kind),
            Expr::Test(test) => {
                let traits = self.traits(test).unwrap_or_default();
                traits.iter().any(|one| kind >> one.bit() & 1 == 1)
            }
        }
    }

    /// What makes the test true; `None` where it asks for something else.
    fn traits(&self, test: &Test) -> Option<Vec<Trait>> {
        match test {
            Test::Address(of, AddressSet::Named(named)) => {
                let sides: &[usize] = match of {
                    AddressOf::Src => &[0],
                    AddressOf::Dst => &[1],
                    AddressOf::Either => &[0, 1],
                    AddressOf::Field(_) => return None,
                };
                let of = match named {
                    Named::Subject => Trait::Subject,
                    Named::Inside => Trait::Inside,
                    Named::Sensitive => return None,
                };
                Some(sides.iter().map(|side| of(*side)).collect())
            }
            Test::Number(of, set) => {
                let sides: &[usize] = match of {
                    NumberOf::Field(Field::Srcport) => &[0],
                    NumberOf::Field(Field::Dstport) => &[1],
                    NumberOf::EitherPort => &[0, 1],
                    NumberOf::Field(_) => return None,
                };
                let one = |port: u16| u64::from(port)..=u64::from(port);
                let is_one = |port| *set == NumberSet::Ranges(vec![one(port)]);
                let of = match set {
                    NumberSet::Named(Named::Sensitive) => Trait::Sensitive,
                    _ if is_one(SSH) => Trait::Ssh,
                    _ if self.wanted.is_some_and(is_one) => Trait::Wanted,
                    _ => return None,
                };
                Some(sides.iter().map(|side| of(*side)).collect())
            }
            Test::Text(TextOf::Field(Field::Action), patterns) => {
                let is_reject = matches!(patterns.as_slice(), [one] if &*one.0 == "REJECT");
                is_reject.then(|| vec![Trait::Reject])
            }
            _ => None,
        }
    }

    /// Whether it can be said of a flow.
    #[cfg(test)]
    fn is_known(&self, expr: &Expr) -> bool {
        match expr {
            Expr::All(parts) | Expr::Any(parts) => parts.iter().all(|part| self.is_known(part)),
            Expr::Not(inner) => self.is_known(inner),
            Expr::Test(test) => self.traits(test).is_some(),
        }
    }
}

/// The expression of a definition; `port` is what port-specific looks for.
pub(crate) fn question(definition: &Definition, port: Option<u16>) -> Expr {
    use super::definition::Analysis;
    if let (Analysis::PortSpecific, Some(port)) = (definition.analysis, port) {
        let ports = vec![u64::from(port)..=u64::from(port)];
        return Expr::Test(Test::Number(NumberOf::EitherPort, NumberSet::Ranges(ports)));
    }
    // Definitions are constants, and a test reads them all.
    Expr::parse(definition.select).unwrap_or(Expr::All(Vec::new()))
}

#[cfg(test)]
mod tests {
    use super::{Chosen, question};
    use crate::investigate::definition::DEFINITIONS;
    use flowlog::filter::Expr;

    #[test]
    fn definitions_ask_for_what_a_flow_says() {
        for port in [None, Some(443)] {
            let chosen = Chosen::new(Vec::new(), Box::new([0; 1024]), port);
            for definition in DEFINITIONS {
                if !definition.select.is_empty() {
                    Expr::parse(definition.select).expect(definition.select);
                }
                let expr = question(definition, port);
                assert!(chosen.is_known(&expr), "{}", definition.select);
            }
        }
    }
}
