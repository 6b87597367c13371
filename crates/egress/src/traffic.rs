//! Adds the conversations of the found gateways up by leg, workload and remote
//! end.
//!
//! **Invariants.** Billed sums come from legs A and D only. Where records lack
//! packet addresses, a remote end is only visible on legs B and C, which are
//! the same bytes seen from outside; its sums are then taken from those.

use crate::address::is_private;
use crate::gateway::{Gateway, GatewayKind};
use crate::leg::{Leg, leg};
use crate::ports;
use crate::ranges::{AwsRange, AwsRanges};
use crate::report::Unsolicited;
use crate::sums::{Billed, ByAddress, ByKind, Largest, Pair, Pairs, Sketch};
use crate::timeline::{Part, Timeline};
use flowlog::{Action, Conversation, End, FlowTable};

/// A remote end.
#[derive(Debug, Default)]
pub(crate) struct Remote<'a> {
    pub(crate) billed: Billed,
    /// What AWS's prefixes say of it, once they were asked.
    pub(crate) range: Option<&'a AwsRange>,
    /// Bytes by service, as places in [`Traffic::services`].
    labels: Vec<(usize, u128)>,
}

impl Remote<'_> {
    /// Adds bytes that are marked with a service.
    fn label(&mut self, service: usize, bytes: u128) {
        let mut labels = self.labels.iter_mut();
        match labels.find(|(known, _)| *known == service) {
            Some((_, sum)) => *sum += bytes,
            None => self.labels.push((service, bytes)),
        }
    }
}

/// Notes bytes of a class; those that count are of that service.
fn note(parts: &mut Vec<Part>, class: usize, bytes: u128, service: Option<usize>) {
    if parts.len() <= class {
        parts.resize(class + 1, Part::default());
    }
    let part = &mut parts[class];
    part.all += bytes;
    if let Some(service) = service {
        part.counted += bytes;
        part.service = service;
    }
}

/// Adds parts whose services have other places.
fn merge_parts(parts: &mut Vec<Part>, others: &[Part], places: &[usize]) {
    if parts.len() < others.len() {
        parts.resize(others.len(), Part::default());
    }
    for (part, other) in parts.iter_mut().zip(others) {
        part.all += other.all;
        part.counted += other.counted;
        if other.counted > 0 {
            part.service = places[other.service];
        }
    }
}

/// What passed through the gateways.
#[derive(Default)]
pub(crate) struct Traffic<'a> {
    pub(crate) in_from_source: u128,
    pub(crate) out_to_destination: u128,
    pub(crate) in_from_destination: u128,
    pub(crate) out_to_source: u128,
    /// Bytes of rejected records; not billed.
    pub(crate) rejected: u128,
    /// Accepted bytes of other interfaces, or that fit no leg.
    pub(crate) other: u128,
    pub(crate) sources: ByAddress<Billed>,
    pub(crate) destinations: ByAddress<Remote<'a>>,
    services: Vec<(Option<&'a str>, Billed)>,
    /// Billed bytes whose remote end is not in the record.
    pub(crate) without_remote: u128,
    /// Remote ends that a gateway sent nothing to, on its outer side.
    unsolicited: ByAddress<Billed>,
    /// What of each class counts, by class.
    parts: Vec<Part>,
    /// The same by the classes that ports have.
    port_parts: Vec<Part>,
    has_ports: bool,
}

/// What all conversations of a kind have in common.
#[derive(Clone, Copy)]
struct Kind<'g> {
    gateway: &'g Gateway,
    /// The services of both ends, as places in [`Traffic::services`].
    services: [usize; 2],
}

/// A conversation that passes through a gateway, seen from the workload.
struct Passage<'a> {
    /// Whether this is the side of the gateway that is billed.
    is_billed: bool,
    /// The end towards the workload.
    near: End<'a>,
    /// The end towards the remote end.
    far: End<'a>,
    /// Which of the conversation's ends that is.
    far_place: usize,
    billed: Billed,
}

impl<'a> Passage<'a> {
    #[inline]
    fn of(conversation: &Conversation<'a>, gateway: &Gateway) -> Option<Passage<'a>> {
        let [first, second] = &conversation.ends;
        let (is_billed, near) = match leg(first, second, gateway)? {
            Leg::InFromSource => (true, 0),
            Leg::OutToSource => (true, 1),
            Leg::OutToDestination => (false, 0),
            Leg::InFromDestination => (false, 1),
        };
        let far = 1 - near;
        Some(Passage {
            is_billed,
            near: conversation.ends[near],
            far: conversation.ends[far],
            far_place: far,
            billed: Billed {
                in_from_source: conversation.bytes[near],
                out_to_source: conversation.bytes[far],
                records: conversation.records,
            },
        })
    }

    /// Whether the remote end is in the record. Records of a regional gateway
    /// show both ends even without packet addresses.
    fn has_remote(&self, gateway: &Gateway) -> bool {
        self.far.has_packet || gateway.kind == GatewayKind::Regional
    }

    /// The pair that is billed, if its remote end is in the record.
    fn pair(&self, gateway: &Gateway) -> Option<Pair> {
        let is_told = self.is_billed && self.has_remote(gateway);
        is_told.then_some((self.near.address, self.far.address))
    }
}

impl<'a> Traffic<'a> {
    /// All of it, with the pairs of workloads and remote ends that have the
    /// most bytes: `most` of them and perhaps more (0 = all). So many threads go over
    /// a table whose conversations lie in the order of their ends.
    pub(crate) fn of(
        table: &'a FlowTable,
        gateways: &[Gateway],
        most: usize,
        threads: usize,
    ) -> (Traffic<'a>, Pairs) {
        match table.is_grouped() {
            true => Traffic::in_parts(table, gateways, most, threads),
            false => Traffic::in_two_passes(table, gateways, most),
        }
    }

    fn in_parts(
        table: &'a FlowTable,
        gateways: &[Gateway],
        most: usize,
        threads: usize,
    ) -> (Traffic<'a>, Pairs) {
        let mut traffic = Traffic::new(table);
        let mut largest = Largest::new(most);
        std::thread::scope(|scope| {
            let parts = table.conversations_in_parts(threads).into_iter();
            let started: Vec<_> = parts
                .map(|rows| {
                    scope.spawn(move || {
                        let (mut traffic, mut largest) = (Traffic::new(table), Largest::new(most));
                        traffic.pass(rows, gateways, |pair, billed| largest.add(pair, billed));
                        (traffic, largest)
                    })
                })
                .collect();
            for part in started {
                match part.join() {
                    Ok((other, more)) => {
                        traffic.merge(other);
                        largest.merge(more);
                    }
                    // What would have been wrong without a thread is so with one.
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
        });
        (traffic, largest.pairs())
    }

    fn in_two_passes(
        table: &'a FlowTable,
        gateways: &[Gateway],
        most: usize,
    ) -> (Traffic<'a>, Pairs) {
        let mut traffic = Traffic::new(table);
        let mut sketch = Sketch::new(most);
        let rows = table.conversations();
        let kinds = traffic.pass(rows, gateways, |pair, billed| sketch.note(pair, billed));
        let mut pairs = sketch.pairs();
        for conversation in table.conversations() {
            if conversation.action == Action::Accept
                && let Some(Some(kind)) = kinds.get(conversation.kind)
                && let Some(passage) = Passage::of(&conversation, kind.gateway)
                && let Some(pair) = passage.pair(kind.gateway)
            {
                pairs.add(pair, passage.billed);
            }
        }
        (traffic, pairs)
    }

    fn new(table: &FlowTable) -> Traffic<'a> {
        Traffic {
            has_ports: table.is_by_time(),
            ..Traffic::default()
        }
    }

    /// Adds conversations up and tells of each billed pair; says of each kind whether
    /// it is a gateway's.
    fn pass<'g>(
        &mut self,
        rows: impl Iterator<Item = Conversation<'a>>,
        gateways: &'g [Gateway],
        mut tell: impl FnMut(Pair, Billed),
    ) -> ByKind<Option<Kind<'g>>> {
        let mut kinds: ByKind<Option<Kind<'_>>> = ByKind::default();
        for conversation in rows {
            let bytes = conversation.bytes.iter().sum::<u128>();
            if conversation.action == Action::Reject {
                self.rejected += bytes;
                continue;
            }
            let kind = *kinds.entry(conversation.kind, || self.kind(&conversation, gateways));
            let passage = kind.and_then(|kind| {
                let passage = Passage::of(&conversation, kind.gateway)?;
                Some((kind, passage))
            });
            let Some((kind, passage)) = passage else {
                self.other += bytes;
                continue;
            };
            self.add(&passage, kind);
            self.count(&conversation, &passage, kind);
            if let Some(pair) = passage.pair(kind.gateway) {
                tell(pair, passage.billed);
            }
        }
        kinds
    }

    /// Adds what other conversations are.
    fn merge(&mut self, other: Traffic<'a>) {
        self.in_from_source += other.in_from_source;
        self.out_to_destination += other.out_to_destination;
        self.in_from_destination += other.in_from_destination;
        self.out_to_source += other.out_to_source;
        self.rejected += other.rejected;
        self.other += other.other;
        self.without_remote += other.without_remote;
        let services = other.services.iter();
        let places: Vec<usize> = services
            .map(|(name, billed)| {
                let place = self.service(*name);
                self.services[place].1.add(*billed);
                place
            })
            .collect();
        for (address, billed) in other.sources.iter() {
            self.sources.entry(address).add(*billed);
        }
        for (address, billed) in other.unsolicited.iter() {
            self.unsolicited.entry(address).add(*billed);
        }
        for (address, remote) in other.destinations.iter() {
            let own = self.destinations.entry(address);
            own.billed.add(remote.billed);
            for (place, bytes) in &remote.labels {
                own.label(places[*place], *bytes);
            }
        }
        merge_parts(&mut self.parts, &other.parts, &places);
        merge_parts(&mut self.port_parts, &other.port_parts, &places);
    }

    /// What is common to all conversations of this one's kind, if they are of
    /// a gateway's.
    fn kind<'g>(
        &mut self,
        conversation: &Conversation<'a>,
        gateways: &'g [Gateway],
    ) -> Option<Kind<'g>> {
        let gateway = gateways
            .iter()
            .find(|gateway| gateway.interface.as_deref() == conversation.interface)?;
        Some(Kind {
            gateway,
            services: conversation.ends.map(|end| self.service(end.service)),
        })
    }

    /// The place of a service in the list, which serves where there are a few
    /// dozen names.
    fn service(&mut self, service: Option<&'a str>) -> usize {
        let place = self.services.iter().position(|(name, _)| *name == service);
        place.unwrap_or_else(|| {
            self.services.push((service, Billed::default()));
            self.services.len() - 1
        })
    }

    fn add(&mut self, passage: &Passage<'a>, kind: Kind<'_>) {
        let billed = passage.billed;
        let has_remote = passage.has_remote(kind.gateway);
        if passage.is_billed {
            self.in_from_source += billed.in_from_source;
            self.out_to_source += billed.out_to_source;
            self.sources.entry(passage.near.address).add(billed);
            if !has_remote {
                self.without_remote += billed.bytes();
            }
        } else {
            self.out_to_destination += billed.in_from_source;
            self.in_from_destination += billed.out_to_source;
            if billed.in_from_source == 0 && billed.out_to_source > 0 {
                self.unsolicited.entry(passage.far.address).add(billed);
            }
        }
        // A remote end counts on the side that is billed, if it shows there.
        if passage.is_billed == has_remote {
            let service = kind.services[passage.far_place];
            self.remote(&passage.far, service, billed);
        }
    }

    /// Notes what of the class counts.
    fn count(&mut self, conversation: &Conversation<'_>, passage: &Passage<'_>, kind: Kind<'_>) {
        let is_counted = passage.is_billed == passage.has_remote(kind.gateway);
        let service = is_counted.then(|| kind.services[passage.far_place]);
        let bytes = passage.billed.bytes();
        note(&mut self.parts, conversation.class, bytes, service);
        if self.has_ports {
            let class = ports::class(conversation.class, conversation.has_private_remote());
            note(&mut self.port_parts, class, bytes, service);
        }
    }

    /// When it passed.
    pub(crate) fn timeline(&self, table: &FlowTable) -> Timeline {
        let services: Vec<_> = self.services.iter().map(|(name, _)| *name).collect();
        Timeline::of(table, &self.parts, &services)
    }

    /// Through which ports of the remote ends.
    pub(crate) fn ports(&self, table: &FlowTable) -> Vec<(ports::Key, Billed)> {
        let mut all = Billed::default();
        for (_, remote) in self.destinations.iter() {
            all.add(remote.billed);
        }
        ports::of(table, &self.port_parts, all)
    }

    fn remote(&mut self, end: &End<'a>, service: usize, billed: Billed) {
        let remote = self.destinations.entry(end.address);
        remote.billed.add(billed);
        if end.service.is_some() {
            remote.label(service, billed.bytes());
        }
        self.services[service].1.add(billed);
    }

    /// Has AWS's prefixes say what they know of every remote end.
    pub(crate) fn ask(&mut self, ranges: &'a AwsRanges) {
        for (address, remote) in self.destinations.iter_mut() {
            if !is_private(address) {
                remote.range = ranges.get(address);
            }
        }
    }

    /// The service that most of the remote end's bytes are marked with, or else the
    /// one whose prefix it has.
    pub(crate) fn service_of(&self, remote: &Remote<'a>) -> Option<&'a str> {
        let by_prefix = || remote.range.map(|range| range.service.as_str());
        self.label_of(remote).or_else(by_prefix)
    }

    fn label_of(&self, remote: &Remote<'a>) -> Option<&'a str> {
        let named = remote.labels.iter();
        named
            .filter_map(|(place, bytes)| Some((self.services[*place].0?, *bytes)))
            .max_by_key(|(name, bytes)| (*bytes, std::cmp::Reverse(*name)))
            .map(|(name, _)| name)
    }

    /// Every service that anything was recorded of, and what belongs to none. Of
    /// remote ends that records name no service for it is the one of their prefix.
    pub(crate) fn services(&self) -> Vec<(Option<&'a str>, Billed)> {
        let mut services = self.services.clone();
        for (_, remote) in self.destinations.iter() {
            let Some(range) = remote.range.filter(|_| remote.labels.is_empty()) else {
                continue;
            };
            let service = range.service.as_str();
            let place = |name| move |row: &(Option<&str>, Billed)| row.0 == name;
            if let Some(at) = services.iter().position(place(None)) {
                services[at].1.remove(remote.billed);
            }
            match services.iter().position(place(Some(service))) {
                Some(at) => services[at].1.add(remote.billed),
                None => services.push((Some(service), remote.billed)),
            }
        }
        services.retain(|(_, billed)| billed.records > 0 || billed.bytes() > 0);
        services
    }

    /// What came from addresses that a gateway sent nothing to.
    pub(crate) fn unsolicited(&self) -> Unsolicited {
        let mut all = Unsolicited::default();
        for (address, billed) in self.unsolicited.iter() {
            // Where the records show what a workload got of it, it was an answer.
            let passed = self.destinations.get(address);
            if self.without_remote == 0 && passed.is_some_and(|it| it.billed.out_to_source > 0) {
                continue;
            }
            all.addresses += 1;
            all.records += billed.records;
            all.bytes += billed.bytes();
        }
        all
    }

    /// What was billed: each byte once for its pass through the gateway.
    pub(crate) fn processed(&self) -> u128 {
        self.in_from_source + self.out_to_source
    }
}

#[cfg(test)]
mod tests {
    use super::Traffic;
    use crate::gateway::find;
    use flowlog::FlowTable;

    /// Pairs as `workload remote up down`, for a log with that header.
    fn pairs(header: &str, lines: &[&str]) -> Vec<String> {
        let mut table = FlowTable::new();
        let text = format!("{header}\n{}\n", lines.join("\n"));
        table.push(text.as_bytes()).expect("a flow log");
        table.end_source().expect("a flow log");
        let (gateways, _) = find(&table, &[]);
        let (traffic, pairs) = Traffic::of(&table, &gateways, 0, 1);
        let sum: u128 = pairs.iter().map(|(_, billed)| billed.bytes()).sum();
        assert_eq!(sum + traffic.without_remote, traffic.processed());
        let mut rows: Vec<String> = pairs
            .iter()
            .map(|((source, remote), billed)| {
                let (up, down) = (billed.in_from_source, billed.out_to_source);
                format!("{source} {remote} {up} {down}")
            })
            .collect();
        rows.sort();
        rows
    }

    #[test]
    fn a_pair_is_both_directions_of_the_billed_legs() {
        let found = pairs(
            "srcaddr dstaddr pkt-srcaddr pkt-dstaddr bytes",
            &[
                "10.0.1.5 10.0.0.220 10.0.1.5 203.0.113.5 10",
                "10.0.0.220 203.0.113.5 10.0.0.220 203.0.113.5 10",
                "203.0.113.5 10.0.0.220 203.0.113.5 10.0.0.220 90",
                "10.0.0.220 10.0.1.5 203.0.113.5 10.0.1.5 90",
                "10.0.0.220 10.0.1.6 203.0.113.5 10.0.1.6 7",
            ],
        );
        assert_eq!(
            found,
            ["10.0.1.5 203.0.113.5 10 90", "10.0.1.6 203.0.113.5 0 7"]
        );
    }

    #[test]
    fn a_regional_gateway_shows_both_ends_without_packet_addresses() {
        let legs = |id: &str| {
            [
                format!("{id} 10.0.1.5 203.0.113.5 10"),
                format!("{id} 198.51.100.9 203.0.113.5 10"),
                format!("{id} 203.0.113.5 198.51.100.9 90"),
                format!("{id} 203.0.113.5 10.0.1.5 90"),
                format!("{id} 198.51.100.9 203.0.113.6 1"),
            ]
        };
        for (header, id) in [
            ("resource-id srcaddr dstaddr bytes", "nat-r"),
            // A layout that does not say whose records these are.
            ("version srcaddr dstaddr bytes", "9"),
        ] {
            let lines = legs(id);
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            assert_eq!(
                pairs(header, &lines),
                ["10.0.1.5 203.0.113.5 10 90"],
                "{header}"
            );
        }
    }

    #[test]
    fn a_zonal_gateway_does_not() {
        let found = pairs(
            "interface-id srcaddr dstaddr bytes",
            &[
                "eni-a 10.0.1.5 10.0.0.220 10",
                "eni-a 10.0.0.220 203.0.113.5 10",
                "eni-a 203.0.113.5 10.0.0.220 90",
                "eni-a 10.0.0.220 10.0.1.5 90",
            ],
        );
        assert_eq!(found, Vec::<String>::new());
    }
}
