//! Bulk traffic from a seed: many workloads, many remotes, chosen pairs.
//!
//! **Invariants**: nothing is kept per exchange; every pair occurs at least
//! once; every exchange has bytes both ways, hence four records on the gateway.

use crate::plan::cut;
use crate::random::Random;
use crate::scenario::Population;
use crate::truth::Remote;
use std::net::{IpAddr, Ipv4Addr};
use std::ops::Range;

const OF_POPULATION: u64 = 6;

/// First workload; the range is 10.128.0.0/9.
const FIRST_WORKLOAD: u32 = Ipv4Addr::new(10, 128, 0, 0).to_bits();
/// First remote; the range is 198.18.0.0/15, set aside for benchmarks by
/// RFC 2544 (the documentation ranges are too small).
const FIRST_REMOTE: u32 = Ipv4Addr::new(198, 18, 0, 0).to_bits();

/// Services of the remotes in turn; half of them belong to none.
const SERVICES: [Option<&str>; 8] = [
    Some("S3"),
    None,
    Some("DYNAMODB"),
    None,
    Some("EC2"),
    None,
    Some("AMAZON"),
    None,
];

/// A population, ready to meet.
pub(crate) struct Crowd {
    seed: u64,
    sources: u64,
    destinations: u64,
    pairs: u64,
    exchanges: u64,
    span: Range<u64>,
    /// Pairs that come one after the other are this far apart.
    stride: u64,
    /// Pairs after which sources and destinations would meet again.
    cycle: u64,
}

/// One exchange of a population.
pub(crate) struct Meeting {
    pub(crate) workload: IpAddr,
    pub(crate) remote: Remote<'static>,
    pub(crate) workload_port: u16,
    pub(crate) translated_port: u16,
    pub(crate) upload: u64,
    pub(crate) download: u64,
}

fn greatest_common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}

fn address(first: u32, index: u64) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from_bits(
        first + u32::try_from(index).unwrap_or(0),
    ))
}

impl Crowd {
    pub(crate) fn new(population: &Population, seed: u64) -> Crowd {
        let (sources, destinations) = (
            u64::from(population.sources),
            u64::from(population.destinations),
        );
        let near_golden_ratio = population.pairs * 618 / 1_000 + 1;
        let stride = (near_golden_ratio..)
            .find(|stride| greatest_common_divisor(*stride, population.pairs) == 1)
            .unwrap_or(1);
        Crowd {
            seed,
            sources,
            destinations,
            pairs: population.pairs,
            exchanges: population.records / 4,
            span: population.from.0..population.to.0,
            stride,
            cycle: sources / greatest_common_divisor(sources, destinations) * destinations,
        }
    }

    pub(crate) fn span(&self) -> Range<u64> {
        self.span.clone()
    }

    pub(crate) fn workloads(&self) -> impl Iterator<Item = IpAddr> {
        (0..self.sources).map(|source| address(FIRST_WORKLOAD, source))
    }

    /// The exchanges of a part of the span.
    pub(crate) fn meetings(&self, part: &Range<u64>) -> impl Iterator<Item = Meeting> {
        let whole = self.span.end - self.span.start;
        let up_to = |time: u64| {
            cut(
                self.exchanges,
                &(0..time.saturating_sub(self.span.start)),
                whole,
            )
        };
        let numbers = if part.is_empty() {
            0..0
        } else {
            up_to(part.start)..up_to(part.end)
        };
        numbers.map(|number| self.meeting(number))
    }

    fn meeting(&self, number: u64) -> Meeting {
        let mut random = Random::at(self.seed, &[OF_POPULATION, number]);
        let covered = |number: u64| cut(self.pairs, &(0..number), self.exchanges);
        let next = covered(number);
        let pair = if covered(number + 1) > next {
            // Its turn to occur at least once, far from its neighbours.
            u64::try_from(u128::from(next) * u128::from(self.stride) % u128::from(self.pairs))
                .unwrap_or(0)
        } else {
            // The least of three: a few pairs are much busier than the rest.
            let draws = [
                random.below(self.pairs),
                random.below(self.pairs),
                random.below(self.pairs),
            ];
            draws.into_iter().min().unwrap_or(0)
        };
        let (source, destination) = self.ends(pair);
        let remote = address(FIRST_REMOTE, destination);
        let service = SERVICES[usize::try_from(destination % 8).unwrap_or(0)];
        let up_bits = 6 + random.below(10);
        let down_bits = 6 + random.below(16);
        Meeting {
            workload: address(FIRST_WORKLOAD, source),
            remote: Remote {
                inside: remote,
                outside: remote,
                service,
            },
            workload_port: random.port(),
            translated_port: random.port(),
            upload: 100 + random.below(1 << up_bits),
            download: 100 + random.below(1 << down_bits),
        }
    }

    /// Counts through all combinations without repeating one: along the
    /// diagonal, and one aside whenever the diagonal closes.
    fn ends(&self, pair: u64) -> (u64, u64) {
        (
            pair % self.sources,
            (pair + pair / self.cycle) % self.destinations,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantity::Seconds;
    use std::collections::HashSet;

    fn check(sources: u32, destinations: u32, pairs: u64, records: u64) {
        let population = Population {
            sources,
            destinations,
            pairs,
            records,
            from: Seconds(30),
            to: Seconds(3_630),
        };
        let crowd = Crowd::new(&population, 7);
        let parts = [30..60, 60..3_600, 3_600..3_630];
        let met: Vec<Meeting> = parts.iter().flat_map(|part| crowd.meetings(part)).collect();
        let distinct = |key: fn(&Meeting) -> (IpAddr, IpAddr)| {
            met.iter().map(key).collect::<HashSet<_>>().len()
        };
        assert_eq!(met.len() as u64 * 4, records);
        assert_eq!(distinct(|m| (m.workload, m.remote.inside)) as u64, pairs);
        assert_eq!(distinct(|m| (m.workload, m.workload)), sources as usize);
        assert_eq!(
            distinct(|m| (m.remote.inside, m.remote.inside)),
            destinations as usize
        );
        assert!(met.iter().all(|m| m.upload > 0 && m.download > 0));
    }

    #[test]
    fn a_population_has_exactly_the_asked_for_sizes() {
        check(1, 1, 1, 4);
        check(3, 4, 12, 48);
        check(6, 4, 24, 400);
        check(6, 4, 7, 4_000);
        check(30, 200, 650, 5_000);
        check(300, 2_000, 6_500, 50_000);
    }
}
