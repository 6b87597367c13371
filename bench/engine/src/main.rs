//! Folds a text that is in memory already, several times, and prints what the
//! best time was: no file, no decompressor, no report is in the figure.

use anyhow::{Context, Result};
use flowlog::FlowTable;
use rustix::time::{ClockId, clock_gettime};

/// What a source hands over at a time.
const CHUNK: usize = 256 * 1024;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: engine RECORDING TIMES";
    let path = arguments.next().context(usage)?;
    let times: u32 = arguments.next().context(usage)?.parse().context(usage)?;
    let text = std::fs::read(&path).with_context(|| format!("read {path}"))?;
    let mut best = f64::INFINITY;
    let mut records = 0;
    let mut flows = 0;
    for _ in 0..times {
        let before = cpu_seconds();
        let mut table = FlowTable::new();
        for chunk in text.chunks(CHUNK) {
            table.push(chunk)?;
        }
        table.end_source()?;
        best = best.min(cpu_seconds() - before);
        records = table.counts().parsed;
        flows = table.flows().count();
    }
    let found = serde_json::json!({
        "text_bytes": text.len(), "records": records, "flows": flows, "cpu_seconds": best,
    });
    println!("{found}");
    Ok(())
}

fn cpu_seconds() -> f64 {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}
