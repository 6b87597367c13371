//! Any bytes as a partial table, with a checksum that fits: refused, or a table
//! that says the same after it was written and read again.
#![no_main]

use flowlog::FlowTable;
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
});
