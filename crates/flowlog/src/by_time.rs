//! What a table that is folded by time keeps beside sums by pair and minute:
//! counts by minute, and bytes by the remote end's port.
//!
//! **Invariants.** Reads nothing that decides whether a line is malformed: a port
//! or a protocol that is no number is none.

use crate::cells;
use crate::counts::Window;
use crate::dictionary::{NONE, Texts};
use crate::fold::Fold;
use crate::line::{Slot, number};
use crate::ports::{PortOf, Ports};
use crate::tally::{Tallies, Tally};

/// Counts and ports by the minute.
#[derive(Clone, Default)]
pub(crate) struct ByTime {
    pub(crate) tallies: Tallies,
    pub(crate) ports: Ports,
    /// The interface of the last record, and whether it is a regional gateway.
    last: Option<(u32, bool)>,
}

/// What of a record with data is kept by the minute.
pub(crate) struct Timed {
    pub(crate) minute: u32,
    pub(crate) class: u32,
    pub(crate) window: Option<Window>,
    pub(crate) is_reject: bool,
    pub(crate) bytes: u64,
    /// Of sender and receiver: whether it is private, seen under another address,
    /// and in the packet.
    pub(crate) privates: [bool; 2],
    pub(crate) is_translated: [bool; 2],
    pub(crate) has_packet: [bool; 2],
}

/// Which of two ends is the remote one on the legs towards the workloads.
pub(crate) fn remote(is_translated: [bool; 2], privates: [bool; 2]) -> Option<usize> {
    match (is_translated, privates) {
        ([true, false], _) => Some(0),
        ([false, true], _) => Some(1),
        ([false, false], [false, true]) => Some(0),
        ([false, false], [true, false]) => Some(1),
        _ => None,
    }
}

impl ByTime {
    /// Of what is known already.
    pub(crate) fn of(tallies: Tallies, ports: Ports) -> ByTime {
        ByTime {
            tallies,
            ports,
            last: None,
        }
    }

    /// Adds a record with data; `word` gives its columns.
    pub(crate) fn add<'a>(
        &mut self,
        timed: Timed,
        interface: u32,
        interfaces: &Texts,
        word: impl Fn(Slot) -> Option<&'a [u8]>,
    ) {
        if timed.minute == cells::NO_MINUTE {
            return;
        }
        let tally = Tally {
            parsed: 1,
            rejected: u64::from(timed.is_reject),
            window: timed.window,
            ..Tally::default()
        };
        self.tallies.add(timed.minute, tally);
        // The legs away from the workloads show no translation where packets are
        // known, but on a regional gateway nothing does.
        let is_outer = timed.has_packet == [true; 2] && timed.is_translated == [false; 2];
        if timed.is_reject || (is_outer && !self.is_regional(interface, interfaces)) {
            return;
        }
        let remote = remote(timed.is_translated, timed.privates);
        let value = |slot| word(slot).and_then(|word| number(word).ok().flatten());
        let port = remote.and_then(|end| value([Slot::SrcPort, Slot::DstPort][end]));
        let of = PortOf {
            class: timed.class,
            has_private_remote: remote.is_some_and(|end| timed.privates[end]),
            protocol: value(Slot::Protocol).and_then(|number| u8::try_from(number).ok()),
            port: port.and_then(|number| u16::try_from(number).ok()),
            is_to_remote: remote == Some(1),
        };
        self.ports.add(timed.minute, of, timed.bytes);
    }

    /// Counts a record that the filter leaves out.
    pub(crate) fn leave_out(&mut self, start: Option<u64>, is_summed: bool) {
        let Some(second) = start else { return };
        let tally = Tally {
            parsed: u64::from(!is_summed),
            left_out: 1,
            ..Tally::default()
        };
        self.tallies.add(cells::minute(second), tally);
    }

    fn is_regional(&mut self, interface: u32, interfaces: &Texts) -> bool {
        match self.last {
            Some((last, is_regional)) if last == interface => is_regional,
            _ => {
                let name = interfaces.text(interface);
                let is_nat = name.is_some_and(|name| name.starts_with("nat-"));
                let is_regional = interface == NONE || is_nat;
                self.last = Some((interface, is_regional));
                is_regional
            }
        }
    }

    /// Finishes what waits.
    pub(crate) fn settle(&mut self) {
        self.tallies.settle();
        self.ports.settle();
    }

    /// Adds what the other holds, whose classes have other numbers here.
    pub(crate) fn merge(&mut self, other: &ByTime, number: impl Fn(u32) -> u32) {
        self.tallies.merge(&other.tallies);
        self.ports.merge(&other.ports, number);
    }
}

impl Fold {
    /// Keeps time for every pair from now on.
    pub(crate) fn keep_time(&mut self) {
        self.settle();
        self.pairs.keep_time();
        self.by_time.get_or_insert_default();
    }
}
