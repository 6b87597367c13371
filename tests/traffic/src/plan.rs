//! From a scenario to its lines, in the order of time.
//!
//! **Invariants**: memory does not grow with the number of lines; the bytes of
//! the intervals and connections of a conversation add up to exactly the
//! conversation's bytes; equal scenario and seed, equal lines.

use crate::layout::Layout;
use crate::legs::{Exchange, NatGateway};
use crate::population::Crowd;
use crate::random::Random;
use crate::record::{Capture, Line, Record};
use crate::scenario::{Conversation, Gateway, Scenario, nat64_embedded, nat64_form};
use crate::truth::{Ledger, Remote, Truth};
use std::collections::HashMap;
use std::net::IpAddr;
use std::ops::Range;

/// Places of the seed's streams, so that one choice never moves another.
const OF_CONNECTION: u64 = 1;
const OF_INTERVAL: u64 = 2;
pub(crate) const OF_REJECTED: u64 = 3;
pub(crate) const OF_NOISE: u64 = 4;
const OF_ADDRESS: u64 = 5;

/// Turns domain time into Unix seconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    /// When domain time 0 is.
    pub(crate) start: u64,
    /// Domain seconds in a second.
    pub(crate) speed: f64,
}

impl Clock {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "spans of a scenario are far below 2^52 seconds"
    )]
    /// Unix seconds of a span of domain time, in whole seconds that hold it.
    pub(crate) fn span(self, from: u64, to: u64) -> (u64, u64) {
        let begin = (from as f64 / self.speed).floor() as u64;
        let end = (to as f64 / self.speed).ceil() as u64;
        (self.start + begin, self.start + end)
    }
}

/// A line on its way to the log.
pub(crate) struct Sent<'l> {
    pub(crate) line: &'l Line<'l>,
    /// Domain time at which what it tells of had ended.
    pub(crate) ended: u64,
}

struct Connection {
    workload_port: u16,
    translated_port: u16,
    translated: IpAddr,
    /// Its part of the conversation's weight.
    weight: Range<u64>,
}

struct Talk<'a> {
    meant: &'a Conversation,
    number: u64,
    gateway: usize,
    remote: Remote<'a>,
    span: Range<u64>,
    connections: Vec<Connection>,
    /// Sum of the weights of all intervals.
    whole: u64,
}

/// Everything that was decided before the first line.
pub(crate) struct Plan<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) clock: Clock,
    pub(crate) gateways: Vec<NatGateway>,
    /// Interfaces that are no gateway's, by address.
    pub(crate) others: HashMap<IpAddr, Capture>,
    talks: Vec<Talk<'a>>,
    crowd: Option<Crowd>,
    span: Range<u64>,
}

/// Counts the lines and hands them on.
pub(crate) struct Outlet<'l, 'a, S> {
    ledger: &'l mut Ledger<'a>,
    sink: S,
}

impl<E, S: FnMut(Sent<'_>) -> Result<(), E>> Outlet<'_, '_, S> {
    pub(crate) fn send(&mut self, line: &Line<'_>, ended: u64) -> Result<(), E> {
        match line {
            Line::Record(record) => self.ledger.record(record.accepted, line.times()),
            Line::NoData { .. } => self.ledger.nodata(line.times()),
            Line::SkipData { .. } => self.ledger.skipdata(line.times()),
            Line::Malformed { .. } => self.ledger.malformed(),
        }
        (self.sink)(Sent { line, ended })
    }

    pub(crate) fn records<'r>(
        &mut self,
        records: impl Iterator<Item = Record<'r>>,
        ended: u64,
    ) -> Result<(), E> {
        for record in records {
            self.send(&Line::Record(record), ended)?;
        }
        Ok(())
    }
}

/// The part of `total` between two marks on a scale of `whole`; parts that
/// touch add up to `total` exactly.
pub(crate) fn cut(total: u64, between: &Range<u64>, whole: u64) -> u64 {
    let up_to = |mark: u64| u128::from(total) * u128::from(mark) / u128::from(whole);
    u64::try_from(up_to(between.end) - up_to(between.start)).unwrap_or(u64::MAX)
}

pub(crate) fn overlap(a: &Range<u64>, b: &Range<u64>) -> Range<u64> {
    a.start.max(b.start)..a.end.min(b.end)
}

impl NatGateway {
    fn of(gateway: &Gateway) -> NatGateway {
        let addresses = gateway.effective_addresses();
        let (v4, v6): (Vec<IpAddr>, Vec<IpAddr>) = addresses.into_iter().partition(IpAddr::is_ipv4);
        let absent = || String::from("-");
        NatGateway {
            capture: Capture {
                interface: if gateway.regional {
                    absent()
                } else {
                    gateway.interface.clone()
                },
                resource: if gateway.regional {
                    gateway.id.clone()
                } else {
                    absent()
                },
                subnet: if gateway.regional {
                    absent()
                } else {
                    "subnet-0a1b2c3d4e5f60718".into()
                },
                instance: absent(),
                kind: if gateway.regional {
                    "regional_nat_gateway"
                } else {
                    "nat_gateway"
                },
            },
            regional: gateway.regional,
            public: gateway.public_addresses.first().copied().unwrap_or(v4[0]),
            addresses: v4,
            ipv6: v6.first().copied(),
        }
    }
}

/// The interface of a workload: its ids follow from its address.
fn own_interface(address: IpAddr) -> Capture {
    let mut random = match address {
        IpAddr::V4(v4) => Random::at(0, &[OF_ADDRESS, u64::from(v4.to_bits())]),
        IpAddr::V6(v6) => {
            let bits = v6.to_bits();
            let half = |bits: u128| u64::try_from(bits & u128::from(u64::MAX)).unwrap_or(0);
            Random::at(0, &[OF_ADDRESS, half(bits >> 64), half(bits)])
        }
    };
    Capture {
        interface: format!("eni-0{:016x}", random.next()),
        resource: "-".into(),
        subnet: "subnet-0b2c3d4e5f6071829".into(),
        instance: format!("i-0{:016x}", random.next()),
        kind: "-",
    }
}

impl<'a> Plan<'a> {
    pub(crate) fn new(scenario: &'a Scenario, clock: Clock) -> Plan<'a> {
        let gateways: Vec<NatGateway> = scenario.gateways().map(NatGateway::of).collect();
        let crowd = scenario
            .population
            .as_ref()
            .map(|population| Crowd::new(population, scenario.seed));
        let talks = talks(scenario, &gateways);
        let mut others = HashMap::new();
        let directs = scenario.direct.iter();
        let mut addresses: Vec<IpAddr> = directs
            .flat_map(|direct| [direct.source, direct.destination])
            .collect();
        if scenario.noise.other_interfaces {
            addresses.extend(
                scenario
                    .conversation
                    .iter()
                    .flat_map(|c| [Some(c.source), c.hairpin_to])
                    .flatten(),
            );
            addresses.extend(crowd.iter().flat_map(Crowd::workloads));
        }
        for address in addresses {
            others
                .entry(address)
                .or_insert_with(|| own_interface(address));
        }
        let spans = talks.iter().map(|talk| talk.span.clone());
        let spans = spans.chain(
            scenario
                .direct
                .iter()
                .map(|direct| direct.from.0..direct.to.0),
        );
        let span = spans
            .chain(crowd.as_ref().map(Crowd::span))
            .reduce(|a, b| a.start.min(b.start)..a.end.max(b.end))
            .unwrap_or(0..5 * scenario.delivery.interval.0);
        Plan {
            scenario,
            clock,
            gateways,
            others,
            talks,
            crowd,
            span,
        }
    }

    /// Sends every line to the sink and returns what is true about them.
    pub(crate) fn run<E>(
        &self,
        layout: &Layout,
        sink: impl FnMut(Sent<'_>) -> Result<(), E>,
    ) -> Result<Truth, E> {
        let mut ledger = Ledger::new(layout);
        for talk in &self.talks {
            ledger.intend(
                self.gateways[talk.gateway].regional,
                talk.meant.source,
                talk.remote,
                talk.meant.upload.0,
                talk.meant.download.0,
            );
        }
        let mut outlet = Outlet {
            ledger: &mut ledger,
            sink,
        };
        let interval = self.scenario.delivery.interval.0;
        let slots = self.span.start / interval..self.span.end.div_ceil(interval);
        let rejected = self.rejected_slots(&slots);
        let noise = self.noise_slots(&slots);
        let mut spent = vec![0; self.talks.len()];
        for slot in slots {
            let slot_span = overlap(&(slot * interval..(slot + 1) * interval), &self.span);
            for (talk, spent) in self.talks.iter().zip(&mut spent) {
                self.send_talk(talk, slot, &slot_span, spent, &mut outlet)?;
            }
            self.send_crowd(&slot_span, &mut outlet)?;
            for direct in &self.scenario.direct {
                self.send_direct(direct, &slot_span, &mut outlet)?;
            }
            for (number, rejected) in rejected.get(&slot).into_iter().flatten() {
                let record = self.rejected(rejected, *number, &slot_span);
                outlet.send(&Line::Record(record), slot_span.end)?;
            }
            for noise in noise.get(&slot).into_iter().flatten() {
                outlet.send(&self.noise(*noise, &slot_span), slot_span.end)?;
            }
        }
        Ok(ledger.truth())
    }

    fn send_talk<E, S: FnMut(Sent<'_>) -> Result<(), E>>(
        &self,
        talk: &Talk<'a>,
        slot: u64,
        slot_span: &Range<u64>,
        spent: &mut u64,
        outlet: &mut Outlet<'_, 'a, S>,
    ) -> Result<(), E> {
        let part = overlap(&talk.span, slot_span);
        if part.is_empty() {
            return Ok(());
        }
        let marks = *spent..*spent + interval_weight(self.scenario.seed, talk.number, slot, &part);
        *spent = marks.end;
        let upload = cut(talk.meant.upload.0, &marks, talk.whole);
        let download = cut(talk.meant.download.0, &marks, talk.whole);
        let share = talk
            .connections
            .last()
            .map_or(1, |connection| connection.weight.end);
        let (start, end) = self.clock.span(part.start, part.end);
        for connection in &talk.connections {
            let exchange = Exchange {
                gateway: &self.gateways[talk.gateway],
                workload: talk.meant.source,
                remote: talk.remote,
                translated: connection.translated,
                workload_port: connection.workload_port,
                translated_port: connection.translated_port,
                remote_port: if talk.meant.protocol.has_ports() {
                    talk.meant.port
                } else {
                    0
                },
                protocol: talk.meant.protocol.0,
                upload: cut(upload, &connection.weight, share),
                download: cut(download, &connection.weight, share),
                start,
                end,
                opens: part.start == talk.span.start,
                closes: part.end == talk.span.end,
            };
            self.send_exchange(&exchange, talk.meant.hairpin_to, part.end, outlet)?;
        }
        Ok(())
    }

    fn send_exchange<E, S: FnMut(Sent<'_>) -> Result<(), E>>(
        &self,
        exchange: &Exchange<'_>,
        hairpin_to: Option<IpAddr>,
        ended: u64,
        outlet: &mut Outlet<'_, 'a, S>,
    ) -> Result<(), E> {
        outlet.records(exchange.on_gateway(), ended)?;
        if !self.scenario.noise.other_interfaces {
            return Ok(());
        }
        if let Some(at) = self.others.get(&exchange.workload) {
            outlet.records(exchange.on_workload(at), ended)?;
        }
        if let Some((target, at)) =
            hairpin_to.and_then(|target| Some((target, self.others.get(&target)?)))
        {
            outlet.records(exchange.on_hairpin(at, target), ended)?;
        }
        Ok(())
    }

    fn send_crowd<E, S: FnMut(Sent<'_>) -> Result<(), E>>(
        &self,
        slot_span: &Range<u64>,
        outlet: &mut Outlet<'_, 'a, S>,
    ) -> Result<(), E> {
        let Some(crowd) = &self.crowd else {
            return Ok(());
        };
        let part = overlap(&crowd.span(), slot_span);
        let (start, end) = self.clock.span(part.start, part.end);
        for meeting in crowd.meetings(&part) {
            outlet.ledger.intend(
                self.gateways[0].regional,
                meeting.workload,
                meeting.remote,
                meeting.upload,
                meeting.download,
            );
            let gateway = &self.gateways[0];
            let exchange = Exchange {
                gateway,
                workload: meeting.workload,
                remote: meeting.remote,
                translated: gateway.primary(),
                workload_port: meeting.workload_port,
                translated_port: meeting.translated_port,
                remote_port: 443,
                protocol: 6,
                upload: meeting.upload,
                download: meeting.download,
                start,
                end,
                opens: true,
                closes: true,
            };
            self.send_exchange(&exchange, None, part.end, outlet)?;
        }
        Ok(())
    }
}

pub(crate) fn gateway_number(scenario: &Scenario, name: Option<&str>) -> usize {
    name.and_then(|name| scenario.gateways().position(|gateway| gateway.name == name))
        .unwrap_or(0)
}

/// The weight of one interval of a conversation: its length, unevenly.
fn interval_weight(seed: u64, talk: u64, slot: u64, part: &Range<u64>) -> u64 {
    Random::at(seed, &[OF_INTERVAL, talk, slot]).weight() * (part.end - part.start)
}

fn talks<'a>(scenario: &'a Scenario, gateways: &[NatGateway]) -> Vec<Talk<'a>> {
    let mut talks = Vec::new();
    for meant in &scenario.conversation {
        let length = meant.to.0 - meant.from.0;
        let every = meant.every.map_or(length, |every| every.0);
        for repetition in 0..u64::from(meant.repeat) {
            let from = meant.from.0 + repetition * every;
            let number = talks.len() as u64;
            talks.push(talk(scenario, gateways, meant, number, from..from + length));
        }
    }
    talks
}

fn talk<'a>(
    scenario: &'a Scenario,
    gateways: &[NatGateway],
    meant: &'a Conversation,
    number: u64,
    span: Range<u64>,
) -> Talk<'a> {
    let gateway = gateway_number(scenario, meant.gateway.as_deref());
    let outside = nat64_embedded(meant.destination).map_or(meant.destination, IpAddr::V4);
    let inside = match (meant.source, outside) {
        (IpAddr::V6(_), IpAddr::V4(v4)) => IpAddr::V6(nat64_form(v4)),
        _ => outside,
    };
    let interval = scenario.delivery.interval.0;
    let whole = (span.start / interval..span.end.div_ceil(interval))
        .map(|slot| {
            let part = overlap(&span, &(slot * interval..(slot + 1) * interval));
            interval_weight(scenario.seed, number, slot, &part)
        })
        .sum();
    let mut mark = 0;
    let connections = (0..u64::from(meant.connections))
        .map(|connection| {
            let mut random = Random::at(scenario.seed, &[OF_CONNECTION, number, connection]);
            let begin = mark;
            mark += random.weight();
            let addresses = &gateways[gateway].addresses;
            let chosen = usize::try_from(random.below(addresses.len() as u64)).unwrap_or(0);
            let (workload_port, translated_port) = (random.port(), random.port());
            let has_ports = meant.protocol.has_ports();
            Connection {
                workload_port: if has_ports { workload_port } else { 0 },
                translated_port: if has_ports { translated_port } else { 0 },
                translated: addresses[chosen],
                weight: begin..mark,
            }
        })
        .collect();
    let remote = Remote {
        inside,
        outside,
        service: meant.service.as_deref(),
    };
    Talk {
        meant,
        number,
        gateway,
        remote,
        span,
        connections,
        whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_that_touch_add_up_to_the_total() {
        for total in [0, 1, 7, 1_000_003, u64::MAX] {
            for marks in [vec![0, 10], vec![0, 3, 10], vec![0, 1, 2, 3, 4, 9, 10]] {
                let parts = marks
                    .windows(2)
                    .map(|pair| u128::from(cut(total, &(pair[0]..pair[1]), 10)));
                assert_eq!(parts.sum::<u128>(), u128::from(total), "{total} {marks:?}");
            }
        }
    }

    #[test]
    fn wall_time_keeps_a_span_inside_whole_seconds() {
        let clock = Clock {
            start: 1_000,
            speed: 60.0,
        };
        assert_eq!(clock.span(0, 60), (1_000, 1_001));
        assert_eq!(clock.span(90, 100), (1_001, 1_002));
    }
}
