//! Records for the tests of rules: made by hand, or drawn from a seed.

use super::super::seen::{Flow, Pair, Seen, Side};
use super::super::{Cell, Sums, Table};
use super::Ends;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Ends from here on are inside.
pub(super) const INSIDE: u32 = 0;
/// Ends from here on are external.
pub(super) const OUTSIDE: u32 = 1_000_000;
/// When ordinary traffic begins, on a whole hour.
pub(super) const BEGIN: u64 = 1_700_002_800;

pub(super) fn address(end: u32) -> IpAddr {
    let [_, b, c, d] = end.to_be_bytes();
    match end.checked_sub(OUTSIDE) {
        None => IpAddr::from(Ipv4Addr::new(10, b, c, d)),
        Some(few @ 0..256) => IpAddr::from(Ipv4Addr::new(203, 0, 113, few as u8)),
        Some(more) => {
            let [high, low] = [(more >> 16) as u16, more as u16];
            IpAddr::from(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, high, low))
        }
    }
}

/// Every pair counts.
pub(super) fn ends() -> Ends<'static> {
    Ends {
        address: &address,
        counts: &|_| true,
    }
}

/// A record of a connection that the sender opens.
pub(super) fn record(src: u32, dst: u32) -> Seen {
    let side = |end| Side {
        is_subject: end < OUTSIDE,
        is_inside: end < OUTSIDE,
    };
    Seen {
        pair: Pair {
            src,
            dst,
            is_forwarded: false,
        },
        sides: [side(src), side(dst)],
        src_port: Some(40_000),
        dst_port: Some(443),
        protocol: Some(6),
        is_reject: false,
        opens: true,
        bytes: 1_000,
        packets: 10,
        start: Some(BEGIN),
    }
}

pub(super) fn flows(records: &[Seen]) -> Vec<Flow> {
    let mut flows: BTreeMap<_, Flow> = BTreeMap::new();
    for seen in records {
        let key = (seen.pair, seen.dst_port, seen.protocol, seen.is_reject);
        let flow = flows.entry(key).or_insert(Flow {
            pair: seen.pair,
            sides: seen.sides,
            dst_port: seen.dst_port,
            protocol: seen.protocol,
            is_reject: seen.is_reject,
            opens: false,
            sums: Sums::default(),
            first: seen.start,
            last: seen.start,
        });
        flow.opens |= seen.opens;
        flow.sums.add(Sums {
            bytes: seen.bytes.into(),
            packets: seen.packets.into(),
            flows: 1,
        });
        flow.first = flow.first.min(seen.start);
        flow.last = flow.last.max(seen.start);
    }
    flows.into_values().collect()
}

/// Rows with what is behind them, each as a line.
pub(super) fn words(table: &Table) -> Vec<String> {
    let line = |row: &super::super::Row| {
        assert_eq!(row.cells.len(), table.columns.len());
        let cells = row.cells.iter().map(|cell| match cell {
            Cell::Number(number) => number.to_string(),
            Cell::Text(text) => text.clone(),
            Cell::Missing => "-".to_owned(),
        });
        let cells: Vec<String> = cells.collect();
        let Sums {
            bytes,
            packets,
            flows,
        } = row.sums;
        format!("{} | {bytes} {packets} {flows}", cells.join(" "))
    };
    table.rows.iter().map(line).collect()
}

/// A generator by Marsaglia (xorshift64*).
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % end
    }

    pub(super) fn shuffle<T>(&mut self, things: &mut [T]) {
        for at in (1..things.len()).rev() {
            things.swap(at, self.below(at as u64 + 1) as usize);
        }
    }
}

/// Folds the records in parts, in each of which ends have other numbers, and merges
/// these in any order.
pub(super) fn in_parts<F>(
    records: &[Seen],
    random: &mut Random,
    fold: impl Fn(&[Seen], &dyn Fn(u32) -> IpAddr) -> F,
    merge: impl Fn(&mut F, F, &dyn Fn(u32) -> u32),
) -> F {
    let mut records = records.to_vec();
    random.shuffle(&mut records);
    let cut = random.below(records.len() as u64 + 1) as usize;
    let mut parts: Vec<(u32, &[Seen])> = vec![(0, &records[..cut])];
    for (number, part) in records[cut..].chunks(1 + records.len() / 3).enumerate() {
        parts.push((number as u32 + 1, part));
    }
    let renamed = |seen: &Seen, shift: u32| {
        let mut seen = *seen;
        seen.pair.src += shift;
        seen.pair.dst += shift;
        seen
    };
    let folds = parts.into_iter().map(|(number, part)| {
        let shift = number * 1_000;
        let part: Vec<Seen> = part.iter().map(|seen| renamed(seen, shift)).collect();
        (shift, fold(&part, &|end| address(end - shift)))
    });
    let mut folds: Vec<(u32, F)> = folds.collect();
    let (_, mut first) = folds.remove(0);
    random.shuffle(&mut folds);
    for (shift, other) in folds {
        merge(&mut first, other, &|end| end - shift);
    }
    first
}

/// Two hours of 300 workloads behind a NAT gateway that fetch from S3, whose
/// addresses change (and three that fetch far more), call APIs, keep connections to
/// them open, ask a resolver, and noise from the internet. Who opens a connection TCP flags say, or its ports.
pub(super) fn ordinary(by_flags: bool) -> Vec<Seen> {
    let mut random = Random(11);
    let mut traffic = Traffic {
        by_flags,
        records: Vec::new(),
    };
    for workload in 0..300 {
        let workload = INSIDE + 256 + workload;
        traffic.fetches(&mut random, workload);
        traffic.keeps_open(&mut random, workload);
    }
    for busy in 0..3 {
        traffic.fetches_much(&mut random, INSIDE + 600 + busy);
    }
    traffic.noise(&mut random);
    random.shuffle(&mut traffic.records);
    traffic.records
}

const SECONDS: u64 = 2 * 3_600;

/// Of S3's many addresses some are told for a few seconds.
fn s3(random: &mut Random, second: u64) -> u32 {
    300 + ((second / 5 * 8 + random.below(8)) % 1_000) as u32
}

struct Traffic {
    by_flags: bool,
    records: Vec<Seen>,
}

impl Traffic {
    /// Both directions of a connection in one interval of aggregation.
    fn both(&mut self, client: Seen, is_first: bool, down: u64) {
        let ports = [client.src_port, client.dst_port];
        let opens = |is_client: bool, from: Option<u16>, to: Option<u16>| match self.by_flags {
            true => is_client && is_first,
            false => from > to,
        };
        let reply = Seen {
            src_port: ports[1],
            dst_port: ports[0],
            protocol: client.protocol,
            start: client.start,
            opens: opens(false, ports[1], ports[0]),
            bytes: down,
            packets: down / 1_400 + 5,
            ..record(client.pair.dst, client.pair.src)
        };
        let opens = opens(true, ports[0], ports[1]);
        self.records.extend([Seen { opens, ..client }, reply]);
    }

    /// Every twenty seconds or so from S3 or an API, after a question for its address.
    fn fetches(&mut self, random: &mut Random, workload: u32) {
        let mut second = random.below(40);
        while second < SECONDS {
            let start = Some(BEGIN + second);
            let src_port = Some(32_768 + random.below(28_000) as u16);
            let s3 = s3(random, second);
            let (remote, dst_port, down) = match random.below(4) {
                0 => (random.below(20) as u32, 443, 4_000),
                1 => (20 + random.below(5) as u32, 8_443, 3_000),
                _ => (s3, 443, 100_000 + random.below(2_000_000)),
            };
            let ask = Seen {
                protocol: Some(17),
                dst_port: Some(53),
                src_port,
                start,
                bytes: 70,
                packets: 1,
                ..record(workload, INSIDE + 2)
            };
            self.both(ask, true, 200);
            let client = Seen {
                src_port,
                dst_port: Some(dst_port),
                start,
                bytes: 1_500 + random.below(5_000) + down / 40,
                ..record(workload, OUTSIDE + remote)
            };
            self.both(client, true, down);
            second += 1 + random.below(40);
        }
    }

    /// For ten minutes four times a second from S3.
    fn fetches_much(&mut self, random: &mut Random, workload: u32) {
        for quarter in 0..2_400 {
            let second = 1_200 + quarter / 4;
            let client = Seen {
                src_port: Some(32_768 + random.below(28_000) as u16),
                start: Some(BEGIN + second),
                bytes: 1_500 + random.below(5_000),
                ..record(workload, OUTSIDE + s3(random, second))
            };
            self.both(client, true, 50_000);
        }
    }

    /// Connections that last, with a record a minute.
    fn keeps_open(&mut self, random: &mut Random, workload: u32) {
        for remote in 30..33 {
            let src_port = Some(32_768 + random.below(28_000) as u16);
            let begin = BEGIN + random.below(60);
            for minute in 0..SECONDS / 60 {
                let client = Seen {
                    src_port,
                    start: Some(begin + minute * 60 + random.below(3)),
                    bytes: 5_000,
                    ..record(workload, OUTSIDE + remote)
                };
                self.both(client, minute == 0, 3_000);
            }
        }
    }

    /// Strangers that try a port now and then.
    fn noise(&mut self, random: &mut Random) {
        for stranger in 0..2_000 {
            self.records.push(Seen {
                dst_port: Some(1 + random.below(10_000) as u16),
                start: Some(BEGIN + random.below(SECONDS)),
                bytes: 40,
                packets: 1,
                is_reject: true,
                ..record(OUTSIDE + 5_000 + stranger, INSIDE + 1)
            });
        }
    }
}
