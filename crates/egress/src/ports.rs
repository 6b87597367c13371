//! Billed bytes by protocol and the remote end's port.
//!
//! The table knows which classes of conversations moved how much through which
//! port of the end that looks remote; the traffic knows what of a class is billed,
//! as for the timeline.
//!
//! **Invariants.** What counts is what counts for destinations, so all ports
//! together are all destinations together: where records have the packets'
//! addresses that is what was processed. What cannot be told is a row without a
//! port, and never a guess.

use crate::investigate::protocol;
use crate::report::Share;
use crate::sums::Billed;
use crate::timeline::Part;
use crate::well_known::service;
use flowlog::FlowTable;
use std::collections::BTreeMap;

/// A protocol and a remote end's port, and what was moved through them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// IANA's number of the protocol, where records have it.
    pub protocol: Option<u8>,
    /// The remote end's port; `None` for what has none or is not told apart.
    pub port: Option<u16>,
    /// The figures.
    pub share: Share,
}

/// Protocol and port.
pub(crate) type Key = (Option<u8>, Option<u16>);

impl Port {
    /// IANA's keyword of the protocol.
    pub fn protocol_name(&self) -> Option<&'static str> {
        protocol::name(self.protocol?)
    }

    /// IANA's name of the service behind the port, where it is known here.
    pub fn service(&self) -> Option<&'static str> {
        service(self.protocol?, self.port?)
    }
}

/// The class that ports have of conversations: those whose remote end is private
/// are told from those where it is not.
pub(crate) fn class(class: usize, has_private_remote: bool) -> usize {
    class * 2 + usize::from(has_private_remote)
}

/// What of the table's ports counts, by what of their classes does; `all` is what
/// they are together.
pub(crate) fn of(table: &FlowTable, parts: &[Part], all: Billed) -> Vec<(Key, Billed)> {
    let mut ports: BTreeMap<Key, Billed> = BTreeMap::new();
    let mut rest = all;
    for sum in table.ports() {
        let place = class(sum.class, sum.has_private_remote);
        let part = parts.get(place).copied().unwrap_or_default();
        if part.counted == 0 {
            continue;
        }
        let bytes = match part.counted == part.all {
            true => sum.bytes,
            false => sum.bytes.saturating_mul(part.counted) / part.all,
        };
        let left = match sum.is_to_remote {
            true => &mut rest.in_from_source,
            false => &mut rest.out_to_source,
        };
        // Never more than there is, whatever was given up for OTHER.
        let bytes = bytes.min(*left);
        *left -= bytes;
        let own = ports.entry((sum.protocol, sum.port)).or_default();
        match sum.is_to_remote {
            true => own.in_from_source += bytes,
            false => own.out_to_source += bytes,
        }
    }
    let is_known = !ports.is_empty();
    if is_known && rest.bytes() > 0 {
        ports
            .entry((None, None))
            .or_default()
            .add(Billed { records: 0, ..rest });
    }
    ports
        .into_iter()
        .filter(|(_, sum)| sum.bytes() > 0)
        .collect()
}
