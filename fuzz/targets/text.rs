//! Any bytes as the text of a flow log: never a panic, every line accounted
//! for, and the same answer wherever a chunk ends.
#![no_main]

use flowlog::{FlowTable, ReadError};
use libfuzzer_sys::fuzz_target;

fn table(pieces: &[&[u8]]) -> Result<FlowTable, ReadError> {
    let mut table = FlowTable::new();
    for piece in pieces {
        table.push(piece)?;
    }
    table.end_source()?;
    Ok(table)
}

fn summary(table: &FlowTable) -> Vec<String> {
    let mut rows: Vec<String> = table.flows().map(|flow| format!("{flow:?}")).collect();
    rows.sort();
    rows.push(format!("{:?} {:?}", table.counts(), table.window()));
    rows
}

fuzz_target!(|data: &[u8]| {
    let [place, text @ ..] = data else { return };
    let (first, second) = text.split_at(text.len() * usize::from(*place) / 256);
    match (table(&[text]), table(&[first, second])) {
        (Ok(whole), Ok(pieces)) => {
            assert_eq!(summary(&whole), summary(&pieces));
            let counts = whole.counts();
            let told = counts.parsed + counts.nodata + counts.skipdata + counts.malformed();
            assert_eq!(counts.read, told);
        }
        (whole, pieces) => assert_eq!(whole.err(), pieces.err()),
    }
});
