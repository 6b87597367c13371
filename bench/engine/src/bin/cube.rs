//! What a brush costs: a recording is folded with and without its time, kept and
//! opened again, and reports are made of parts of it.
//!
//! Prints one JSON object. Wall time, because somebody waits for it.

use anyhow::{Context, Result};
use egress::{Facts, Gateways, Rate, report_of};
use flowlog::{Cube, FlowTable};
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};

/// What a source hands over at a time.
const CHUNK: usize = 256 * 1024;
/// How often each part is asked for.
const TIMES: u64 = 20;
/// Pairs that a report lists.
const PAIRS: usize = 500;
/// Parts, in hundredths of the time.
const PARTS: [u64; 3] = [1, 10, 100];

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: cube RECORDING (fold | fold-by-time | brush) CUBE";
    let path = arguments.next().context(usage)?;
    let what = arguments.next().context(usage)?;
    let cube = arguments.next().context(usage)?;
    let found = match what.as_str() {
        "fold" => folded(&path, None)?,
        "fold-by-time" => folded(&path, Some(&cube))?,
        "brush" => brushed(&cube)?,
        _ => anyhow::bail!(usage),
    };
    println!("{found}");
    Ok(())
}

/// Folds a text that is in memory already, and keeps its cube.
fn folded(path: &str, cube: Option<&str>) -> Result<Value> {
    let text = std::fs::read(path).with_context(|| format!("read {path}"))?;
    let before = seconds(ClockId::ProcessCPUTime);
    let mut table = FlowTable::new();
    if cube.is_some() {
        table.by_time();
    }
    for chunk in text.chunks(CHUNK) {
        table.push(chunk)?;
    }
    table.end_source()?;
    let fold = seconds(ClockId::ProcessCPUTime) - before;
    let records = table.counts().parsed;
    let rows = table.conversations().count();
    let Some(to) = cube else {
        return Ok(json!({"records": records, "rows": rows, "fold_cpu_seconds": fold}));
    };
    let before = seconds(ClockId::ProcessCPUTime);
    let cube = table.into_cube();
    let order = seconds(ClockId::ProcessCPUTime) - before;
    let before = seconds(ClockId::ProcessCPUTime);
    let bytes = cube.encode();
    let encode = seconds(ClockId::ProcessCPUTime) - before;
    std::fs::write(to, &bytes).with_context(|| format!("write {to}"))?;
    Ok(json!({
        "records": records, "rows": rows, "fold_cpu_seconds": fold, "cells": cube.cells(),
        "order_cpu_seconds": order, "encode_cpu_seconds": encode, "file_bytes": bytes.len(),
    }))
}

/// Opens a kept cube, makes the whole report and then those of parts.
fn brushed(path: &str) -> Result<Value> {
    let before = seconds(ClockId::Monotonic);
    let cube = Cube::decode(&std::fs::read(path).with_context(|| format!("read {path}"))?)?;
    let decode = seconds(ClockId::Monotonic) - before;
    let mut facts = Facts::new("us-east-1", Rate::of_region("us-east-1")?);
    facts.pairs = PAIRS;
    let gateways = Gateways::of(cube.whole(), &facts);
    let whole = report_of(&cube, &gateways, &facts, None, None);
    let open = seconds(ClockId::Monotonic) - before;
    let window = cube.whole().window().context("records without a time")?;
    let length = window.end - window.start;
    let mut brushes = Vec::new();
    for part in PARTS {
        let part_length = (length * part / 100).max(1);
        let mut taken = Vec::new();
        let mut bytes = 0;
        for time in 0..TIMES {
            let from = window.start + (length - part_length) * time / TIMES;
            let before = seconds(ClockId::Monotonic);
            let until = Some(from + part_length);
            let report = report_of(&cube, &gateways, &facts, Some(from), until);
            taken.push(seconds(ClockId::Monotonic) - before);
            bytes = u64::try_from(report.bytes.processed)?;
        }
        taken.sort_by(f64::total_cmp);
        brushes.push(json!({
            "hundredths": part, "median_seconds": taken[taken.len() / 2],
            "worst_seconds": taken[taken.len() - 1], "bytes_of_last": bytes,
        }));
    }
    Ok(json!({
        "decode_seconds": decode, "open_seconds": open, "cells": cube.cells(),
        "period": cube.period(), "bytes": u64::try_from(whole.bytes.processed)?,
        "brushes": brushes,
    }))
}

fn seconds(clock: ClockId) -> f64 {
    let now = clock_gettime(clock);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}
