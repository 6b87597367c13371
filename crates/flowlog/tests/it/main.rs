//! Flow tables over whole texts: forms, chunking, merging, strange input.

mod forms;
mod oracle;
mod partial;
mod properties;

use flowlog::{FlowTable, ReadError};

/// A table of one whole text.
fn table(text: &str) -> Result<FlowTable, ReadError> {
    let mut table = FlowTable::new();
    table.begin_source("test.log");
    table.push(text.as_bytes())?;
    table.end_source()?;
    Ok(table)
}

/// Everything a table says, in an order of its own.
fn summary(table: &FlowTable) -> Vec<String> {
    let mut rows: Vec<String> = table.flows().map(|flow| format!("{flow:?}")).collect();
    rows.sort();
    let records: u64 = table.conversations().map(|row| row.records).sum();
    assert_eq!(records, table.counts().parsed);
    rows.push(format!("{:?} {:?}", table.counts(), table.window()));
    rows
}
