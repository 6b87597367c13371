//! Looks addresses up in 100,000 prefixes, in the tree that an investigation has
//! and by binary search in sorted ranges, and prints what a look-up costs in both.
//!
//! Prefixes and addresses are drawn from a seed: most prefixes beside each other,
//! one in eight inside another. The ranges are cut at every edge beforehand, so that
//! a search has no prefix in a prefix to think of: it is the least that a look-up
//! without a tree can cost. An investigation looks up each distinct address once,
//! not each record.

use anyhow::{Context, Result, ensure};
use egress::investigate::CidrLists;
use rustix::time::{ClockId, clock_gettime};
use std::fmt::Write;
use std::net::Ipv4Addr;

const PREFIXES: usize = 100_000;
const LOOKUPS: usize = 1_000_000;

fn main() -> Result<()> {
    let usage = "usage: prefixes SEED TIMES";
    let mut arguments = std::env::args().skip(1);
    let seed: u64 = arguments.next().context(usage)?.parse().context(usage)?;
    let times: u32 = arguments.next().context(usage)?.parse().context(usage)?;
    let mut random = Random(seed);
    let prefixes = prefixes(&mut random);
    let mut text = String::new();
    for (first, length) in &prefixes {
        writeln!(text, "{}/{length}", Ipv4Addr::from(*first))?;
    }
    let before = cpu_seconds();
    let mut lists = CidrLists::default();
    lists.add("bench", &text)?;
    let read = cpu_seconds() - before;
    let ranges = ranges(&prefixes);
    let addresses: Vec<u32> = (0..LOOKUPS).map(|_| random.next() & 0x1fff_ffff).collect();
    let mut tree = f64::INFINITY;
    let mut search = f64::INFINITY;
    let mut found = [0_u64; 2];
    for _ in 0..times {
        let before = cpu_seconds();
        let lengths = addresses.iter().map(|address| {
            let found = lists.get(Ipv4Addr::from(*address).into());
            found.map_or(0, |found| u64::from(found.prefix.prefix_len()))
        });
        found[0] = lengths.sum();
        tree = tree.min(cpu_seconds() - before);
        let before = cpu_seconds();
        let lengths = addresses.iter().map(|address| {
            let at = ranges.partition_point(|(first, _)| first <= address);
            at.checked_sub(1).map_or(0, |at| u64::from(ranges[at].1))
        });
        found[1] = lengths.sum();
        search = search.min(cpu_seconds() - before);
    }
    ensure!(found[0] == found[1], "tree and search found {found:?}");
    let nanoseconds = |seconds: f64| (seconds * 1e9 / LOOKUPS as f64).round();
    let said = serde_json::json!({
        "prefixes": PREFIXES, "ranges": ranges.len(), "lookups": LOOKUPS,
        "read_cpu_seconds": read,
        "tree_ns": nanoseconds(tree), "search_ns": nanoseconds(search),
        "ratio": (tree / search * 100.0).round() / 100.0,
    });
    println!("{said}");
    Ok(())
}

/// Distinct prefixes of /16 to /32.
fn prefixes(random: &mut Random) -> Vec<(u32, u8)> {
    let mut known = std::collections::BTreeSet::new();
    let mut last = (0, 16);
    while known.len() < PREFIXES {
        let inside = random.next() % 8 == 0 && last.1 < 32;
        let length = match inside {
            true => last.1 + 1 + (random.next() % u32::from(32 - last.1)) as u8,
            false => 16 + (random.next() % 13) as u8,
        };
        let mask = u32::MAX << (32 - u32::from(length));
        let below = match inside {
            true => last.0 | random.next() & !(u32::MAX << (32 - u32::from(last.1))),
            false => random.next() & 0x1fff_ffff,
        };
        last = (below & mask, length);
        known.insert(last);
    }
    known.into_iter().collect()
}

/// Where which length of prefix begins to be the longest; 0 for none.
fn ranges(prefixes: &[(u32, u8)]) -> Vec<(u32, u8)> {
    let mut ranges = vec![(0, 0)];
    let mut open: Vec<(u64, u8)> = Vec::new();
    let mut close = |ranges: &mut Vec<(u32, u8)>, open: &mut Vec<(u64, u8)>, until: u64| {
        while let Some((end, _)) = open.last().copied().filter(|(end, _)| *end <= until) {
            open.pop();
            let outer = open.last().map_or(0, |(_, length)| *length);
            if let Ok(end) = u32::try_from(end) {
                ranges.push((end, outer));
            }
        }
    };
    // Outer prefixes come before the inner ones that begin with them.
    for (first, length) in prefixes {
        close(&mut ranges, &mut open, u64::from(*first));
        ranges.push((*first, *length));
        open.push((u64::from(*first) + (1 << (32 - length)), *length));
    }
    close(&mut ranges, &mut open, u64::MAX);
    ranges.dedup_by(|later, first| {
        let same = later.0 == first.0;
        if same {
            first.1 = later.1;
        }
        same
    });
    ranges
}

/// A generator by Marsaglia (xorshift64*).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) as u32
    }
}

fn cpu_seconds() -> f64 {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}
