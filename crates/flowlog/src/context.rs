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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
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
    /// For each context its code, or that of its reverse if it is older.
    unordered: Vec<u32>,
    recent: [(Packed, u32); RECENT],
}

/// A context in three machine words, to make and compare it fast.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Packed {
    common: u64,
    low: u64,
    high: u64,
}

/// A side in a machine word, with two flags.
#[derive(Clone, Copy)]
pub(crate) struct PackedSide {
    word: u64,
    flags: u64,
}

impl Side {
    /// Of an end that the interface saw as `outer`, without a branch.
    #[inline(always)]
    pub(crate) fn packed(service: u32, outer: u32, end: u32, has_packet: bool) -> PackedSide {
        let is_other = outer != end;
        let outer = if is_other { outer } else { 0 };
        PackedSide {
            word: u64::from(service) << 32 | u64::from(outer),
            flags: u64::from(has_packet) | u64::from(is_other) << 2,
        }
    }
}

impl Packed {
    /// No context's: what is packed never has all bits set.
    const NONE: Packed = Packed {
        common: u64::MAX,
        low: u64::MAX,
        high: u64::MAX,
    };

    #[inline(always)]
    pub(crate) fn new(
        interface: u32,
        low: PackedSide,
        high: PackedSide,
        is_reject: bool,
        is_coded: bool,
    ) -> Packed {
        let own = u64::from(is_reject) | u64::from(is_coded) << 1;
        let flags = own | low.flags << 2 | high.flags << 3;
        Packed {
            common: flags << 32 | u64::from(interface),
            low: low.word,
            high: high.word,
        }
    }

    fn context(self) -> Context {
        let flag = |bit: u32| self.common >> (32 + bit) & 1 == 1;
        let side = |word: u64, has_packet, is_other: bool| Side {
            service: (word >> 32) as u32,
            outer: is_other.then_some(word as u32),
            has_packet,
        };
        Context {
            interface: self.common as u32,
            low: side(self.low, flag(2), flag(4)),
            high: side(self.high, flag(3), flag(5)),
            is_reject: flag(0),
            is_coded: flag(1),
        }
    }
}

impl From<Context> for Packed {
    fn from(context: Context) -> Packed {
        let side = |side: Side| PackedSide {
            word: u64::from(side.service) << 32 | u64::from(side.outer.unwrap_or_default()),
            flags: u64::from(side.has_packet) | u64::from(side.outer.is_some()) << 2,
        };
        let (low, high) = (side(context.low), side(context.high));
        Packed::new(
            context.interface,
            low,
            high,
            context.is_reject,
            context.is_coded,
        )
    }
}

impl Default for Contexts {
    fn default() -> Contexts {
        Contexts {
            codes: HashMap::default(),
            contexts: Vec::new(),
            unordered: Vec::new(),
            recent: [(Packed::NONE, 0); RECENT],
        }
    }
}

impl Contexts {
    /// The code of the context; a new one gets the next.
    #[inline(always)]
    pub(crate) fn code(&mut self, packed: impl Into<Packed>) -> u32 {
        let packed = packed.into();
        let Packed { common, low, high } = packed;
        let mixed = (common ^ low.rotate_left(17) ^ high.rotate_left(40))
            .wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let place = (mixed >> 58) as usize % RECENT;
        let (recent, code) = self.recent[place];
        let Packed {
            common: c,
            low: l,
            high: h,
        } = recent;
        if (c ^ common) | (l ^ low) | (h ^ high) == 0 {
            return code;
        }
        let code = self.look_up(packed.context());
        self.recent[place] = (packed, code);
        code
    }

    #[cold]
    fn look_up(&mut self, context: Context) -> u32 {
        if let Some(code) = self.codes.get(&context) {
            return *code;
        }
        let code = self.contexts.len() as u32;
        let reverse = Context {
            low: context.high,
            high: context.low,
            ..context
        };
        let older = self.codes.get(&reverse).copied();
        self.contexts.push(context);
        self.unordered.push(older.unwrap_or(code));
        self.codes.insert(context, code);
        code
    }

    /// One code for a context and for the same with its ends the other way.
    #[inline(always)]
    pub(crate) fn unordered(&self, code: u32) -> u32 {
        self.unordered[code as usize]
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
    use super::{Context, Contexts, Packed, Side};
    use proptest::prelude::*;

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

    /// An end's service, address, what the interface saw and whether in a packet.
    type End = (u32, u32, u32, bool);

    fn side((service, end, outer, has_packet): End) -> Side {
        Side {
            service,
            outer: (outer != end).then_some(outer),
            has_packet,
        }
    }

    proptest! {
        #[test]
        fn packing_loses_nothing(
            interface: u32,
            low: End,
            high: End,
            is_translated: [bool; 2],
            is_reject: bool,
            is_coded: bool,
        ) {
            let [low, high] = [(low, is_translated[0]), (high, is_translated[1])].map(|(end, is)| {
                let (service, address, outer, has_packet) = end;
                (service, address, if is { outer } else { address }, has_packet)
            });
            let context = Context { interface, low: side(low), high: side(high), is_reject, is_coded };
            prop_assert_eq!(Packed::from(context).context(), context);
            let [low, high] = [low, high].map(|(service, end, outer, has_packet)| {
                Side::packed(service, outer, end, has_packet)
            });
            let packed = Packed::new(interface, low, high, is_reject, is_coded);
            prop_assert!(packed == Packed::from(context));
        }
    }
}
