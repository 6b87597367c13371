//! Any bytes as a gzip file, and any text compressed: the first must never be
//! more than refused, the second must give what the plain text gives.
#![no_main]

use adapters::files;
use flate2::{Compression, write::GzEncoder};
use flowlog::FlowTable;
use libfuzzer_sys::fuzz_target;
use std::io::Write;

fn read(content: Vec<u8>) -> Result<String, &'static str> {
    let mut table = FlowTable::new();
    match files::read_bytes("fuzz", content, &mut table) {
        Ok(()) => Ok(format!("{:?} {:?}", table.counts(), table.window())),
        Err(error) => Err(error.name()),
    }
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

fuzz_target!(|data: &[u8]| {
    let [kind, data @ ..] = data else { return };
    if kind % 2 == 0 {
        let _ = read([&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3], data].concat());
    } else if !data.starts_with(b"PAR1") {
        let (first, second) = data.split_at(data.len() * usize::from(*kind) / 256);
        match (read([gzip(first), gzip(second)].concat()), read(data.to_vec())) {
            // Which of several defects is met first depends on the pieces.
            (Err(_), Err(_)) => {}
            (packed, plain) => assert_eq!(packed, plain),
        }
    }
});
