//! Any bytes as a Parquet file: read or refused. What panics inside the
//! Parquet library is caught by the adapter and is a refusal; libFuzzer's own
//! hook would end the program before that, so it is taken away, and a panic
//! that gets out still ends it.
#![no_main]

use adapters::files;
use flowlog::FlowTable;
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: std::panic::set_hook(Box::new(|_| {})), |data: &[u8]| {
    let content = match data.starts_with(b"PAR1") {
        true => data.to_vec(),
        false => [b"PAR1", data, b"PAR1"].concat(),
    };
    let mut table = FlowTable::new();
    if files::read_bytes("fuzz", content, &mut table).is_ok() {
        let counts = table.counts();
        let told = counts.parsed + counts.nodata + counts.skipdata + counts.malformed();
        assert_eq!(counts.read, told);
    }
});
