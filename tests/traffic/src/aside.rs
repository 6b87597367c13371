//! Lines of a recording that no conversation causes: traffic past the
//! gateways, refused packets, and lines without traffic.

use crate::legs::is_private;
use crate::plan::{OF_NOISE, OF_REJECTED, Outlet, Plan, Sent, cut, gateway_number, overlap};
use crate::random::Random;
use crate::record::{Damage, Direction, End, Line, Record};
use crate::scenario::{Direct, Rejected};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::ops::Range;

#[derive(Debug, Clone, Copy)]
pub(crate) enum NoiseLine {
    NoData,
    SkipData,
    Malformed(Damage),
}

impl<'a> Plan<'a> {
    pub(crate) fn send_direct<E, S: FnMut(Sent<'_>) -> Result<(), E>>(
        &self,
        direct: &Direct,
        slot_span: &Range<u64>,
        outlet: &mut Outlet<'_, 'a, S>,
    ) -> Result<(), E> {
        let span = direct.from.0..direct.to.0;
        let part = overlap(&span, slot_span);
        if part.is_empty() {
            return Ok(());
        }
        let marks = part.start - span.start..part.end - span.start;
        let whole = span.end - span.start;
        let (start, end) = self.clock.span(part.start, part.end);
        let port = if direct.protocol.has_ports() {
            direct.port
        } else {
            0
        };
        let simple = |address, port| End {
            shown: address,
            packet: address,
            port,
            service: None,
        };
        let near = simple(
            direct.source,
            if direct.protocol.has_ports() {
                40_000
            } else {
                0
            },
        );
        let far = simple(direct.destination, port);
        let path = if is_private(direct.destination) { 1 } else { 8 };
        let logged = [
            (direct.source, true),
            (direct.destination, is_private(direct.destination)),
        ];
        for (address, _) in logged.into_iter().filter(|(_, logs)| *logs) {
            for (source, destination, total) in
                [(near, far, direct.upload), (far, near, direct.download)]
            {
                let bytes = cut(total.0, &marks, whole);
                let egress = source.shown == address;
                let record = Record {
                    at: &self.others[&address],
                    source,
                    destination,
                    protocol: direct.protocol.0,
                    bytes,
                    start,
                    end,
                    accepted: true,
                    direction: if egress {
                        Direction::Egress
                    } else {
                        Direction::Ingress
                    },
                    path: egress.then_some(path),
                    flags: 0,
                    next_hop: None,
                };
                outlet.records(
                    Some(record).filter(|record| record.bytes > 0).into_iter(),
                    part.end,
                )?;
            }
        }
        Ok(())
    }

    pub(crate) fn rejected_slots(
        &self,
        slots: &Range<u64>,
    ) -> HashMap<u64, Vec<(u64, &'a Rejected)>> {
        let mut by_slot: HashMap<u64, Vec<_>> = HashMap::new();
        let mut number = 0;
        for rejected in &self.scenario.rejected {
            for _ in 0..rejected.count {
                let mut random = Random::at(self.scenario.seed, &[OF_REJECTED, number]);
                let slot = slots.start + random.below(slots.end - slots.start);
                by_slot.entry(slot).or_default().push((number, rejected));
                number += 1;
            }
        }
        by_slot
    }

    pub(crate) fn rejected(
        &self,
        rejected: &Rejected,
        number: u64,
        slot_span: &Range<u64>,
    ) -> Record<'_> {
        let gateway = &self.gateways[gateway_number(self.scenario, rejected.gateway.as_deref())];
        let mut random = Random::at(self.scenario.seed, &[OF_REJECTED, number, 1]);
        let target = match gateway.ipv6 {
            Some(v6) if rejected.source.is_ipv6() => v6,
            _ => gateway.primary(),
        };
        let has_ports = rejected.protocol.has_ports();
        let simple = |address, port| End {
            shown: address,
            packet: address,
            port: if has_ports { port } else { 0 },
            service: None,
        };
        let (start, end) = self.clock.span(slot_span.start, slot_span.end);
        Record {
            at: &gateway.capture,
            source: simple(rejected.source, random.port()),
            destination: simple(target, rejected.port),
            protocol: rejected.protocol.0,
            bytes: rejected.bytes.0,
            start,
            end,
            accepted: false,
            direction: Direction::Ingress,
            path: None,
            flags: if rejected.protocol.0 == 6 { 2 } else { 0 },
            next_hop: None,
        }
    }

    pub(crate) fn noise_slots(&self, slots: &Range<u64>) -> HashMap<u64, Vec<NoiseLine>> {
        let noise = &self.scenario.noise;
        let kinds = (0..noise.nodata)
            .map(|_| NoiseLine::NoData)
            .chain((0..noise.skipdata).map(|_| NoiseLine::SkipData))
            .chain(
                Damage::ALL
                    .into_iter()
                    .cycle()
                    .map(NoiseLine::Malformed)
                    .zip(0..noise.malformed)
                    .map(|(n, _)| n),
            );
        let mut by_slot: HashMap<u64, Vec<_>> = HashMap::new();
        for (kind, number) in kinds.zip(0..) {
            let mut random = Random::at(self.scenario.seed, &[OF_NOISE, number]);
            by_slot
                .entry(slots.start + random.below(slots.end - slots.start))
                .or_default()
                .push(kind);
        }
        by_slot
    }

    pub(crate) fn noise(&self, noise: NoiseLine, slot_span: &Range<u64>) -> Line<'_> {
        let gateway = &self.gateways[0];
        let (start, end) = self.clock.span(slot_span.start, slot_span.end);
        let at = &gateway.capture;
        match noise {
            NoiseLine::NoData => Line::NoData { at, start, end },
            NoiseLine::SkipData => Line::SkipData { at, start, end },
            NoiseLine::Malformed(damage) => {
                let workload = IpAddr::V4(Ipv4Addr::new(10, 0, 1, 250));
                let remote = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 250));
                let end_at = |shown, packet, port| End {
                    shown,
                    packet,
                    port,
                    service: None,
                };
                let shown = if gateway.regional {
                    remote
                } else {
                    gateway.primary()
                };
                let of = Record {
                    at,
                    source: end_at(workload, workload, 50_000),
                    destination: end_at(shown, remote, 443),
                    protocol: 6,
                    bytes: 1_234,
                    start,
                    end,
                    accepted: true,
                    direction: Direction::Ingress,
                    path: None,
                    flags: 0,
                    next_hop: None,
                };
                Line::Malformed { damage, of }
            }
        }
    }
}
