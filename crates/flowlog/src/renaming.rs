//! A table with other names in it: addresses, interfaces, names of sources.
//!
//! Also what brings a table into the one order that depends on its content
//! alone: codes are given in the order of what they stand for, so that tables
//! that hold the same have the same bytes, whatever order they were read in.
//!
//! **Invariants.** A renaming that gives different names to different things
//! changes no sum, no count and no window, and if private addresses stay private
//! and others not, no time; the family of an address stays, because the types say
//! so. Names that are given twice make one of two.

use crate::context::{Context, Side};
use crate::counts::{Counts, Example};
use crate::dictionary::Texts;
use crate::fold::Fold;
use crate::pairs::{BothWays, Pair};
use crate::timeline;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// What the new names are.
pub struct Renaming<'a> {
    /// Of an IPv4 address.
    pub v4: &'a mut dyn FnMut(Ipv4Addr) -> Ipv4Addr,
    /// Of an IPv6 address.
    pub v6: &'a mut dyn FnMut(Ipv6Addr) -> Ipv6Addr,
    /// Of an interface or a regional gateway.
    pub interface: &'a mut dyn FnMut(&str) -> String,
    /// Of a source in the examples of malformed lines.
    pub source: &'a mut dyn FnMut(&str) -> String,
}

impl Renaming<'_> {
    fn address(&mut self, address: IpAddr) -> IpAddr {
        match address {
            IpAddr::V4(v4) => (self.v4)(v4).into(),
            IpAddr::V6(v6) => (self.v6)(v6).into(),
        }
    }

    fn counts(&mut self, counts: &Counts) -> Counts {
        let mut renamed = counts.clone();
        for (reason, count, examples) in counts.malformed_by_reason() {
            let mut examples: Vec<Example> = examples
                .iter()
                .map(|example| Example {
                    source: match &*example.source {
                        "" => Arc::clone(&example.source),
                        source => (self.source)(source).into(),
                    },
                    line: example.line,
                })
                .collect();
            examples.sort();
            renamed.set_malformed(reason, count, examples);
        }
        renamed
    }
}

/// The table that says the same of what has other names. Nothing may wait in it.
pub(crate) fn renamed(fold: &Fold, names: &mut Renaming<'_>) -> Fold {
    let mut new = Fold::default();
    new.keys.were_more = fold.keys.were_more;
    new.window = fold.window;
    new.counts = names.counts(&fold.counts);
    let interfaces = texts(&fold.interfaces, &mut new.interfaces, names.interface);
    let services = texts(&fold.services, &mut new.services, &mut str::to_owned);
    let addresses: Vec<IpAddr> = fold.addresses.iter().map(|a| names.address(a)).collect();
    let sorted: BTreeSet<IpAddr> = addresses.iter().copied().collect();
    for address in sorted {
        new.addresses.code(address);
    }
    let addresses = addresses.into_iter().map(|a| new.addresses.code(a));
    let mut codes = Codes {
        interfaces,
        services,
        addresses: addresses.collect(),
        v4: names.v4,
    };
    let old: Vec<Context> = fold.contexts.iter().collect();
    let contexts: Vec<Context> = old.iter().map(|context| codes.context(*context)).collect();
    let mut used = BTreeSet::new();
    for (pair, _) in fold.pairs.iter() {
        let context = contexts[pair.context as usize];
        let (_, _, is_turned) = codes.ends(pair, context);
        used.insert(turned(context, is_turned));
    }
    for context in &used {
        new.contexts.code(*context);
    }
    for (pair, sums) in fold.pairs.iter() {
        let context = contexts[pair.context as usize];
        let (low, high, is_turned) = codes.ends(pair, context);
        let context = new.contexts.code(turned(context, is_turned));
        let pair = Pair { low, high, context };
        new.pairs.add_both(
            pair,
            match is_turned {
                false => sums,
                true => BothWays {
                    up: sums.down,
                    down: sums.up,
                    ..sums
                },
            },
        );
    }
    new.settle();
    let timed: BTreeSet<u32> = fold
        .timeline
        .iter()
        .map(|((_, class), _)| timeline::parts(class).0)
        .collect();
    let kept = |context: Context| {
        let other = turned(context, true);
        match (used.contains(&context), used.contains(&other)) {
            (true, _) => context,
            (false, true) => other,
            // Its rows are in none, as with pairs beyond the limit.
            (false, false) => context.min(other),
        }
    };
    let timed: BTreeMap<u32, Context> = timed
        .into_iter()
        .map(|code| (code, kept(contexts[code as usize])))
        .collect();
    // In their own order, which is not that of the old codes.
    for context in timed.values().collect::<BTreeSet<_>>() {
        new.contexts.code(*context);
    }
    let classes: BTreeMap<u32, u32> = timed
        .into_iter()
        .map(|(code, context)| {
            let new_code = new.contexts.code(context);
            (code, new.contexts.unordered(new_code))
        })
        .collect();
    new.timeline.merge(&fold.timeline, |class| {
        let (context, privates) = timeline::parts(class);
        timeline::class(classes[&context], privates)
    });
    new
}

/// New codes of the new names, by old codes; the new ones in the order of names.
fn texts(old: &Texts, new: &mut Texts, name: &mut dyn FnMut(&str) -> String) -> Vec<u32> {
    let names: Vec<String> = old.iter().map(name).collect();
    let sorted: BTreeSet<&String> = names.iter().collect();
    for name in sorted {
        new.code(name.as_bytes());
    }
    let none = std::iter::once(crate::dictionary::NONE);
    none.chain(names.iter().map(|name| new.code(name.as_bytes())))
        .collect()
}

/// What old codes and numbers are in the new table.
struct Codes<'a> {
    interfaces: Vec<u32>,
    services: Vec<u32>,
    addresses: Vec<u32>,
    v4: &'a mut dyn FnMut(Ipv4Addr) -> Ipv4Addr,
}

impl Codes<'_> {
    fn end(&mut self, number: u32, is_coded: bool) -> u32 {
        match is_coded {
            true => self.addresses[number as usize],
            false => (self.v4)(Ipv4Addr::from(number)).into(),
        }
    }

    fn context(&mut self, context: Context) -> Context {
        let is_coded = context.is_coded;
        let mut side = |side: Side| Side {
            service: self.services[side.service as usize],
            outer: side.outer.map(|outer| self.end(outer, is_coded)),
            ..side
        };
        let (low, high) = (side(context.low), side(context.high));
        Context {
            interface: self.interfaces[context.interface as usize],
            low,
            high,
            ..context
        }
    }

    /// The ends in ascending order, and whether that is the other way round.
    fn ends(&mut self, pair: Pair, context: Context) -> (u32, u32, bool) {
        let low = self.end(pair.low, context.is_coded);
        let high = self.end(pair.high, context.is_coded);
        match low > high {
            true => (high, low, true),
            false => (low, high, false),
        }
    }
}

fn turned(context: Context, is_turned: bool) -> Context {
    match is_turned {
        false => context,
        true => Context {
            low: context.high,
            high: context.low,
            ..context
        },
    }
}
