//! What else is known of a pair of ends than the ends themselves.
//!
//! The interface, the addresses that the interface saw in the packets' place,
//! the AWS services and the action are the same for very many pairs (a NAT
//! gateway's interface has one address, a log a few dozen services), so each
//! combination gets a code and a pair carries that.
//!
//! **Invariants.** Ends are ordered, so that both directions of a conversation
//! have the same context.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

/// Places of the cache before the map; a power of two.
const RECENT: usize = 64;

/// What the records of a pair have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Context {
    /// Code of the interface or regional gateway.
    pub(crate) interface: u32,
    /// The low end's side.
    pub(crate) low: Side,
    /// The high end's side.
    pub(crate) high: Side,
    /// Whether the packets were dropped.
    pub(crate) is_reject: bool,
    /// Whether ends and outer addresses are codes of the table's dictionary
    /// and not IPv4 addresses as numbers.
    pub(crate) is_coded: bool,
}

/// What is known at one end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Side {
    /// Code of the AWS service.
    pub(crate) service: u32,
    /// The address that the interface saw, where it is not the end's.
    pub(crate) outer: Option<u32>,
    /// Whether the record had a packet address; without one the end is what
    /// the interface saw.
    pub(crate) has_packet: bool,
}

/// Codes of contexts, from 0.
#[derive(Clone)]
pub(crate) struct Contexts {
    codes: HashMap<Context, u32, RandomState>,
    contexts: Vec<Context>,
    recent: [(Packed, u32); RECENT],
}

/// A context in three machine words, to compare it fast.
type Packed = [u64; 3];

/// No context's: what is packed never has all bits set.
const NO_CONTEXT: Packed = [u64::MAX; 3];

impl Context {
    #[inline(always)]
    fn packed(self) -> Packed {
        let flags = u64::from(self.is_reject)
            | u64::from(self.is_coded) << 1
            | u64::from(self.low.has_packet) << 2
            | u64::from(self.high.has_packet) << 3
            | u64::from(self.low.outer.is_some()) << 4
            | u64::from(self.high.outer.is_some()) << 5;
        let side =
            |side: Side| u64::from(side.service) << 32 | u64::from(side.outer.unwrap_or_default());
        [
            flags << 32 | u64::from(self.interface),
            side(self.low),
            side(self.high),
        ]
    }
}

impl Default for Contexts {
    fn default() -> Contexts {
        Contexts {
            codes: HashMap::default(),
            contexts: Vec::new(),
            recent: [(NO_CONTEXT, 0); RECENT],
        }
    }
}

impl Contexts {
    /// The code of the context; a new one gets the next.
    #[inline(always)]
    pub(crate) fn code(&mut self, context: Context) -> u32 {
        let packed = context.packed();
        let [common, low, high] = packed;
        let mixed = (common ^ low.rotate_left(17) ^ high.rotate_left(40))
            .wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let place = (mixed >> 58) as usize % RECENT;
        let (recent, code) = self.recent[place];
        if recent == packed {
            return code;
        }
        let code = self.look_up(context);
        self.recent[place] = (packed, code);
        code
    }

    #[cold]
    fn look_up(&mut self, context: Context) -> u32 {
        *self.codes.entry(context).or_insert_with(|| {
            self.contexts.push(context);
            self.contexts.len() as u32 - 1
        })
    }

    /// The context of a code.
    pub(crate) fn context(&self, code: u32) -> Context {
        self.contexts[code as usize]
    }

    /// Every context, in the order of codes.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Context> {
        self.contexts.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::{Context, Contexts, Side};

    #[test]
    fn a_context_has_one_code() {
        let mut contexts = Contexts::default();
        let context = |service, outer| Context {
            high: Side {
                service,
                outer,
                has_packet: true,
            },
            ..Context::default()
        };
        for round in 0..2 {
            for number in 0..500 {
                let code = contexts.code(context(number, Some(number / 2)));
                assert_eq!(code, number, "round {round}");
                assert_eq!(contexts.context(code), context(number, Some(number / 2)));
            }
        }
        assert_eq!(contexts.code(context(0, None)), 500);
        assert_eq!(contexts.iter().count(), 501);
    }
}
