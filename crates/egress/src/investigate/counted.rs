//! Which records count, of all that say the same bytes twice.
//!
//! On a NAT gateway's interface every byte is logged four times. With packet
//! addresses the legs towards the workloads (A and D) have both real ends, and the
//! other two (B and C) the gateway's own address as an end of the packet, so those
//! are left out by that. Without packet addresses a record has the gateway at one
//! end anyway: then it is either the legs that know the workload or those that know
//! the remote end. What the gateway's interface rejects goes no further, so it
//! counts as it stands. A workload whose own interface is in the log, too, counts
//! there.
//!
//! **Invariants.** Decided for a sender and a receiver as a whole, at the end.

use super::ends::Ends;
use super::flows::{Flows, Key};
use super::seen::Pair;
use crate::gateway::Gateway;
use crate::report::text::grouped;
use foldhash::fast::RandomState;
use hashbrown::HashSet;
use std::net::IpAddr;

/// Which pairs count.
pub(crate) struct Counted {
    /// Ends that are a gateway's own addresses.
    own: HashSet<u32, RandomState>,
    /// Both ends of records that nobody passed on, where others were.
    direct: HashSet<(u32, u32), RandomState>,
    legs: Legs,
}

/// Which legs of a gateway count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Legs {
    /// There is no gateway.
    NoGateway,
    /// A and D, by their real ends.
    Inner,
    /// A and D, whose remote end is the gateway.
    WorkloadSide,
    /// B and C, whose workload is the gateway.
    RemoteSide,
}

impl Counted {
    /// For records of these gateways; `names_subject` where a subject is named.
    pub(crate) fn new(
        gateways: &[Gateway],
        ends: &Ends,
        flows: &Flows,
        has_packet: bool,
        names_subject: bool,
    ) -> Counted {
        let addresses = gateways.iter().flat_map(|gateway| &gateway.addresses);
        let own: HashSet<u32, RandomState> = addresses.filter_map(|own| ends.find(*own)).collect();
        let legs = match (gateways.is_empty(), has_packet, names_subject) {
            (true, ..) => Legs::NoGateway,
            (false, true, _) => Legs::Inner,
            (false, false, true) => Legs::WorkloadSide,
            (false, false, false) => Legs::RemoteSide,
        };
        let mut counted = Counted {
            own,
            direct: HashSet::default(),
            legs,
        };
        counted.direct = counted.find_direct(flows);
        counted
    }

    fn find_direct(&self, flows: &Flows) -> HashSet<(u32, u32), RandomState> {
        let forwarded = |key: &Key| key.flags & Key::FORWARDED > 0;
        if !flows.iter().any(|held| forwarded(&held.key)) {
            return HashSet::default();
        }
        flows
            .iter()
            .map(|held| held.key)
            .filter(|key| !forwarded(key) && !self.is_own(key.src) && !self.is_own(key.dst))
            .map(|key| ends_of(key.src, key.dst))
            .collect()
    }

    fn is_own(&self, end: u32) -> bool {
        self.own.contains(&end)
    }

    /// Whether what they sent counts; `is_reject` where it was dropped.
    #[inline]
    pub(crate) fn counts(&self, pair: Pair, is_reject: bool, ends: &Ends) -> bool {
        if pair.is_forwarded
            && !self.direct.is_empty()
            && self.direct.contains(&ends_of(pair.src, pair.dst))
        {
            return false;
        }
        if self.legs == Legs::NoGateway {
            return true;
        }
        let other = match (self.is_own(pair.src), self.is_own(pair.dst)) {
            (false, false) => return true,
            (true, _) => pair.dst,
            (false, true) => pair.src,
        };
        match self.legs {
            Legs::NoGateway => true,
            Legs::Inner => is_reject,
            Legs::WorkloadSide => ends.side(other).is_inside,
            Legs::RemoteSide => !ends.side(other).is_inside,
        }
    }

    /// Which records count, in a sentence; `left_out` are the bytes and records
    /// that do not.
    pub(crate) fn sentence(&self, gateways: &[Gateway], left_out: (u128, u64)) -> String {
        let (bytes, records) = left_out;
        let named = |gateway: &Gateway| {
            let addresses: Vec<String> = gateway.addresses.iter().map(IpAddr::to_string).collect();
            match &gateway.interface {
                Some(interface) => format!("{interface} ({})", addresses.join(", ")),
                None => addresses.join(", "),
            }
        };
        let gateways: Vec<String> = gateways.iter().map(named).collect();
        let gateways = gateways.join(" and ");
        let twice = match self.direct.is_empty() {
            true => "",
            false => {
                " Workloads whose own interface is in the records, too, count there and not at \
                 what passes their packets on."
            }
        };
        let number = grouped(bytes);
        let rest = match records {
            0 => String::new(),
            1 => format!(" 1 record with {number} bytes says the same again and does not count."),
            _ => format!(
                " {} records with {number} bytes say the same again and do not count.",
                grouped(records.into())
            ),
        };
        match self.legs {
            Legs::NoGateway if self.direct.is_empty() => {
                "Every record counts as it stands; no NAT gateway was found in them.".to_owned()
            }
            Legs::NoGateway => format!("No NAT gateway was found.{twice}{rest}"),
            Legs::Inner => format!(
                "Of NAT gateway {gateways} the legs towards the workloads count \
                 (in_from_source, out_to_source), with the ends that the packets have.{twice}{rest}"
            ),
            Legs::WorkloadSide => format!(
                "The records have no packet addresses. Of NAT gateway {gateways} the legs towards \
                 the workloads count (in_from_source, out_to_source); their remote ends are not \
                 known, and the gateway stands in their place.{rest}"
            ),
            Legs::RemoteSide => format!(
                "The records have no packet addresses. Of NAT gateway {gateways} the legs towards \
                 remote ends count (out_to_destination, in_from_destination); their workloads are \
                 not known, and the gateway stands in their place.{rest}"
            ),
        }
    }
}

/// Both ends, whoever sent.
fn ends_of(one: u32, other: u32) -> (u32, u32) {
    (one.min(other), one.max(other))
}
