//! Any bytes as a partial table, with a checksum that fits: refused, or a table
//! that says the same after it was written and read again; with time, too, and then
//! any part of it can be asked for.
#![no_main]

use flowlog::{Cube, FlowTable};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut bytes = data.to_vec();
    bytes.extend(crc32fast::hash(data).to_le_bytes());
    if let Ok(table) = FlowTable::decode(&bytes) {
        let again = FlowTable::decode(&table.encode()).expect("own bytes");
        let rows = |table: &FlowTable| {
            let mut rows: Vec<String> = table.flows().map(|flow| format!("{flow:?}")).collect();
            rows.sort();
            rows
        };
        assert_eq!(rows(&again), rows(&table));
        assert_eq!(again.counts(), table.counts());
    }
    if let Ok(cube) = Cube::decode(&bytes) {
        assert_eq!(Cube::decode(&cube.encode()).expect("own bytes").encode(), cube.encode());
        let middle = cube.whole().window().map(|window| window.start / 2 + window.end / 2);
        cube.between(middle, None).table.conversations().count();
    }
});
