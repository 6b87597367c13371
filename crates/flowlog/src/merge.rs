//! Tables into one: what another table holds, by the codes that it has here.
//!
//! **Invariants.** Associative and commutative; see [`crate::FlowTable::merge`].

use crate::cells::{self, NO_MINUTE};
use crate::context::{Context, Side};
use crate::dictionary::Addresses;
use crate::fold::{End, Fold, Placed};
use crate::pairs::{BothWays, Pair};
use crate::timeline;

impl Fold {
    /// Adds what the other holds.
    pub(crate) fn merge(&mut self, mut other: Fold) {
        if other.by_time.is_some() {
            self.keep_time();
        }
        self.index();
        other.settle();
        other.settle_times();
        other.settle_detail();
        self.settle_times();
        self.settle_detail();
        match (&mut self.detail, other.detail.take()) {
            (Some(own), Some(detail)) => own.merge(*detail),
            (own @ None, Some(detail)) => *own = Some(Box::new(detail.moved())),
            (_, None) => {}
        }
        let interfaces = self.interfaces.absorb(&other.interfaces);
        let services = self.services.absorb(&other.services);
        let translated: Vec<Context> = other
            .contexts
            .iter()
            .map(|mut context| {
                context.interface = interfaces[context.interface as usize];
                context.low.service = services[context.low.service as usize];
                context.high.service = services[context.high.service as usize];
                context
            })
            .collect();
        let codes: Vec<u32> = translated.iter().map(|c| self.contexts.code(*c)).collect();
        other.pairs.add_up();
        let mut places = Vec::new();
        for (pair, bytes) in other.pairs.iter() {
            let context = translated[pair.context as usize];
            let placed = if context.is_coded {
                // Codes are the other's own, and so is the order of the ends.
                self.merge_coded(&other.addresses, pair, context, bytes)
            } else {
                let pair = Pair {
                    context: codes[pair.context as usize],
                    ..pair
                };
                if self.pairs.len() < self.keys.most {
                    self.pairs.add_both(pair, bytes);
                    [false, true].map(|is_down| Placed { pair, is_down })
                } else {
                    self.merge_one_way(pair, context, bytes)
                }
            };
            if other.pairs.is_by_time() {
                places.push(placed);
            }
        }
        self.settle();
        self.merge_cells(&other, &places);
        self.merge_times(&other, &translated);
        self.keys.were_more |= other.keys.were_more;
        self.counts.merge(other.counts);
        self.widen(other.window);
    }

    /// Has rows found by their hash, in whatever order they lie then.
    pub(crate) fn index(&mut self) {
        self.pairs.index();
        self.is_grouped = false;
    }

    /// Sums by the minute of the other table's rows, which were placed here.
    fn merge_cells(&mut self, other: &Fold, places: &[[Placed; 2]]) {
        for ((_, cells), places) in other.pairs.cells().zip(places) {
            let numbers = places.map(|placed| self.pairs.number(placed.pair));
            let ([Some(up), Some(down)], Some(own)) = (numbers, self.pairs.cells_mut()) else {
                continue;
            };
            for whole in cells::wholes(cells) {
                own.add_records(up, whole.minute, whole.records);
                own.add_whole(up, whole.minute, places[0].is_down, whole.up);
                own.add_whole(down, whole.minute, places[1].is_down, whole.down);
            }
            if own.is_full() {
                self.pairs.add_up();
            }
        }
        let level = other.pairs.level();
        if level > self.pairs.level() {
            self.pairs.add_up();
            if let Some(own) = self.pairs.cells_mut() {
                own.lengthen(level);
            }
        }
    }

    /// Classes of the other table by the contexts that they have here.
    fn merge_times(&mut self, other: &Fold, translated: &[Context]) {
        let own: Vec<u32> = translated
            .iter()
            .map(|context| {
                let mut context = *context;
                if context.is_coded {
                    for side in [&mut context.low, &mut context.high] {
                        let outer = side.outer.map(|code| other.addresses.address(code));
                        side.outer = outer.map(|address| self.addresses.code(address));
                    }
                }
                let code = self.contexts.code(context);
                self.contexts.unordered(code)
            })
            .collect();
        let number = |class| {
            let (context, privates) = timeline::parts(class);
            timeline::class(own[context as usize], privates)
        };
        self.timeline.merge(&other.timeline, number);
        if let (Some(own), Some(other)) = (&mut self.by_time, &other.by_time) {
            own.merge(other, number);
        }
    }

    fn merge_coded(
        &mut self,
        from: &Addresses,
        pair: Pair,
        context: Context,
        bytes: BothWays,
    ) -> [Placed; 2] {
        let code = |code: u32, own: &mut Addresses| own.code(from.address(code));
        let end = |end: u32, side: Side, own: &mut Addresses| {
            let translated = code(end, own);
            End {
                outer: side.outer.map_or(translated, |outer| code(outer, own)),
                address: translated,
                has_packet: side.has_packet,
                service: side.service,
            }
        };
        let low = end(pair.low, context.low, &mut self.addresses);
        let high = end(pair.high, context.high, &mut self.addresses);
        self.add_one_way(context, [low, high], bytes)
    }

    /// A pair of IPv4 ends where there may be no row for it.
    fn merge_one_way(&mut self, pair: Pair, context: Context, bytes: BothWays) -> [Placed; 2] {
        let end = |end: u32, side: Side| End {
            outer: side.outer.unwrap_or(end),
            address: end,
            has_packet: side.has_packet,
            service: side.service,
        };
        let (low, high) = (end(pair.low, context.low), end(pair.high, context.high));
        self.add_one_way(context, [low, high], bytes)
    }

    /// Adds one direction and then the other, if there is anything of it.
    fn add_one_way(&mut self, context: Context, ends: [End; 2], bytes: BothWays) -> [Placed; 2] {
        let Context {
            interface,
            is_reject,
            is_coded,
            ..
        } = context;
        let [low, high] = ends;
        let [up, down] = bytes.one_way();
        let there = self.add(interface, is_reject, is_coded, low, high, up, NO_MINUTE);
        let back = match down.bytes {
            0 => Placed {
                is_down: !there.is_down,
                ..there
            },
            _ => self.add(interface, is_reject, is_coded, high, low, down, NO_MINUTE),
        };
        [there, back]
    }
}
