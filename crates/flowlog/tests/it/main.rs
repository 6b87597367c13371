//! Flow tables over whole texts: forms, chunking, merging, strange input.

mod cube;
mod filter;
mod filtered;
mod forms;
mod oracle;
mod partial;
mod properties;
mod renaming;

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
    rows.extend(times(table));
    rows
}

/// A table's classes in words that do not depend on its own numbers.
fn class_names(table: &FlowTable) -> std::collections::BTreeMap<usize, String> {
    let mut classes = std::collections::BTreeMap::new();
    for row in table.conversations() {
        // The first in an order of its own stands for the class.
        let mut ends = row
            .ends
            .map(|end| (end.outside, end.has_packet, end.service));
        ends.sort();
        let name = format!("{:?} {:?} {ends:?}", row.interface, row.action);
        classes.insert(row.class, name);
    }
    classes
}

/// What passed when, in the same words.
fn times(table: &FlowTable) -> Vec<String> {
    let classes = class_names(table);
    let mut times: Vec<String> = table
        .moments()
        .map(|moment| {
            let class = classes.get(&moment.class).expect("a class of a row");
            format!("{} {class} {}", moment.start, moment.bytes)
        })
        .collect();
    times.sort();
    times.push(format!("{}", table.period()));
    times
}
