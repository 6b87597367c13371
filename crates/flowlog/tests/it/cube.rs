//! Any part of a table's time: what only those lines would say, however they were
//! read, merged, kept and read again.

use super::{class_names, summary};
use flowlog::{CUBE_VERSION, Cube, FlowTable, PartialError, Window};
use proptest::prelude::*;

const HEADER: &str = "interface-id resource-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr \
    pkt-dst-aws-service srcport dstport protocol bytes start end action log-status\n";
const BEGIN: u64 = 1_700_000_040;

/// A line and when its record begins.
type Timed = (Option<u64>, String);

fn address() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => (0u8..2, 0u8..3).prop_map(|(a, b)| format!("10.0.{a}.{b}")),
        3 => (0u8..3).prop_map(|a| format!("203.0.113.{a}")),
        1 => Just("2001:db8::7".to_owned()),
        1 => Just("fd00::7".to_owned()),
    ]
}

fn line() -> impl Strategy<Value = Timed> {
    let bytes = prop_oneof![
        6 => 0u64..100_000,
        1 => Just(u64::from(u32::MAX)),
        1 => Just(i64::MAX as u64)
    ];
    let start = prop_oneof![
        12 => (0u64..900).prop_map(|at| Some(BEGIN + at)),
        1 => Just(None)
    ];
    let ends = [address(), address(), address(), address()];
    let interface = prop_oneof![
        Just("eni-a -"),
        Just("eni-b -"),
        Just("- nat-r"),
        Just("- -")
    ];
    let port = prop_oneof![
        Just("443"),
        Just("53"),
        Just("50000"),
        Just("-"),
        Just("many")
    ];
    (
        interface,
        ends,
        prop::bool::ANY,
        port,
        bytes,
        start,
        0u32..12,
    )
        .prop_map(|(interface, ends, has_packet, port, bytes, start, kind)| {
            let [src, dst, pkt_src, pkt_dst] = &ends;
            let (pkt_src, pkt_dst) = match has_packet {
                true => (pkt_src.as_str(), pkt_dst.as_str()),
                false => ("-", "-"),
            };
            let time = match start {
                Some(start) => format!("{start} {}", start + 60),
                None => "- -".to_owned(),
            };
            let line = match kind {
                0 => format!("{interface} - - - - - - - - - {time} - NODATA"),
                1 => format!("{interface} - - - - - - - - - {time} - SKIPDATA"),
                _ => {
                    let action = if kind == 2 { "REJECT" } else { "ACCEPT" };
                    let service = if kind == 3 { "S3" } else { "-" };
                    format!(
                        "{interface} {src} {dst} {pkt_src} {pkt_dst} {service} 40000 {port} 6 \
                         {bytes} {time} {action} OK"
                    )
                }
            };
            (start, line)
        })
}

fn text<'a>(lines: impl IntoIterator<Item = &'a Timed>) -> String {
    let lines = lines.into_iter().map(|(_, line)| format!("{line}\n"));
    HEADER.to_owned() + &lines.collect::<String>()
}

fn read(mut table: FlowTable, text: &str, chunk: usize) -> FlowTable {
    for chunk in text.as_bytes().chunks(chunk.max(1)) {
        table.push(chunk).expect("a flow log");
    }
    table.end_source().expect("a flow log");
    table
}

fn by_time() -> FlowTable {
    let mut table = FlowTable::new();
    table.by_time();
    table
}

/// All that a table says, ports included.
fn said(table: &FlowTable) -> Vec<String> {
    let classes = class_names(table);
    let mut ports: Vec<String> = table
        .ports()
        .map(|mut sum| {
            let class = classes.get(&std::mem::take(&mut sum.class));
            format!("{sum:?} {}", class.expect("a class of a row"))
        })
        .collect();
    ports.sort();
    [summary(table), ports].concat()
}

/// Lines read into so many tables, each in chunks, and merged in some order.
fn merged(lines: &[Timed], tables: usize, chunk: usize, order: usize) -> FlowTable {
    let mut parts: Vec<FlowTable> = (0..tables)
        .map(|part| {
            let own = lines.iter().skip(part).step_by(tables);
            read(by_time(), &text(own), chunk)
        })
        .collect();
    parts.rotate_left(order % tables);
    let mut all = FlowTable::new();
    parts.into_iter().for_each(|part| all.merge(part));
    all
}

proptest! {
    #[test]
    fn a_part_is_what_only_its_lines_say(
        lines in prop::collection::vec(line(), 0..80),
        [from, length] in [0u64..1000, 0u64..1000],
        tables in 1usize..4,
        chunk in 1usize..3000,
        order in 0usize..4,
    ) {
        let cube = merged(&lines, tables, chunk, order).into_cube();
        let one = read(by_time(), &text(&lines), 1 << 20);
        prop_assert_eq!(said(cube.whole()), said(&one));
        prop_assert_eq!(said(&cube.between(None, None).table), said(&one));
        let plain = read(FlowTable::new(), &text(&lines), 1 << 20);
        prop_assert_eq!(summary(&plain), summary(&one));

        let (from, until) = (BEGIN + from, BEGIN + from + length);
        let kept = Cube::decode(&cube.encode()).expect("own bytes");
        let again = FlowTable::decode(&cube.encode()).expect("own bytes").into_cube();
        for (from, until) in [(Some(from), Some(until)), (None, Some(until)), (Some(from), None)] {
            let slice = cube.between(from, until);
            let is_in = |(start, _): &&Timed| start.is_some_and(|start| {
                slice.from.is_none_or(|from| from <= start)
                    && slice.until.is_none_or(|until| start < until)
            });
            let expected = said(&read(by_time(), &text(lines.iter().filter(is_in)), 1 << 20));
            prop_assert_eq!(said(&slice.table), expected.clone());
            prop_assert_eq!(said(&kept.between(from, until).table), expected.clone());
            prop_assert_eq!(said(&again.between(from, until).table), expected.clone());
            // A part can be merged and read into like any table.
            let mut other = FlowTable::new();
            other.merge(slice.table);
            prop_assert_eq!(summary(&other), summary(&cube.between(from, until).table));
        }
    }

    #[test]
    fn under_a_limit_parts_have_every_byte_and_record(
        lines in prop::collection::vec(line(), 0..80),
        most in 0usize..12,
        cut in 0u64..1000,
    ) {
        let mut table = by_time();
        table.limit_keys(most);
        for part in lines.chunks(20) {
            table.merge(read(by_time(), &text(part), 1 << 20));
        }
        let cube = table.into_cube();
        let total = |table: &FlowTable| {
            let bytes = table.conversations().flat_map(|row| row.bytes).sum::<u128>();
            (bytes, table.conversations().map(|row| row.records).sum::<u64>(), table.counts().parsed)
        };
        let cut = BEGIN + cut;
        let [early, late] = [(None, Some(cut)), (Some(cut), None)].map(|(from, until)| {
            let slice = cube.between(from, until);
            let bound = slice.from.or(slice.until).expect("one was asked for");
            let is_in = |(start, _): &&Timed| {
                start.is_some_and(|start| (start < bound) == from.is_none())
            };
            let own = read(FlowTable::new(), &text(lines.iter().filter(is_in)), 1 << 20);
            (total(&slice.table), total(&own))
        });
        prop_assert_eq!(early.0, early.1);
        prop_assert_eq!(late.0, late.1);
    }

    #[test]
    fn any_bytes_are_a_cube_or_refused(
        lines in prop::collection::vec(line(), 1..20),
        changes in prop::collection::vec((0usize..4000, any::<u8>()), 1..4),
    ) {
        let mut bytes = merged(&lines, 1, 999, 0).encode();
        bytes.truncate(bytes.len() - 4);
        for (place, byte) in changes {
            let place = 5 + place % (bytes.len() - 5);
            bytes[place] = byte;
        }
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        if let Ok(cube) = Cube::decode(&bytes) {
            let again = Cube::decode(&cube.encode()).expect("own bytes");
            prop_assert_eq!(cube.encode(), again.encode());
            for from in [0, BEGIN, BEGIN + 300] {
                let parts = [cube.between(Some(from), None), again.between(Some(from), None)];
                let rows = parts.map(|part| part.table.conversations().count());
                prop_assert_eq!(rows[0], rows[1]);
            }
        }
    }
}

#[test]
fn a_part_says_which_it_is() {
    let lines: Vec<Timed> = (0..10)
        .map(|minute| {
            let start = BEGIN + minute * 60 + 20;
            let ends = "10.0.1.5 10.0.0.9 10.0.1.5 203.0.113.5";
            let end = start + 59;
            let line = format!("eni-a - {ends} - 40000 443 6 7 {start} {end} ACCEPT OK");
            (Some(start), line)
        })
        .collect();
    let cube = read(by_time(), &text(&lines), 64).into_cube();
    assert_eq!((cube.period(), cube.cells()), (60, 10));
    let slice = cube.between(Some(BEGIN + 61), Some(BEGIN + 179));
    assert_eq!(
        (slice.from, slice.until),
        (Some(BEGIN + 60), Some(BEGIN + 180))
    );
    assert_eq!(slice.table.counts().parsed, 2);
    let window = Window {
        start: BEGIN + 80,
        end: BEGIN + 199,
    };
    assert_eq!(slice.table.window(), Some(window));
    let port = slice.table.ports().next().expect("a port");
    assert_eq!(
        (port.port, port.protocol, port.is_to_remote),
        (Some(443), Some(6), true)
    );
    let nothing = cube.between(Some(BEGIN + 180), Some(BEGIN + 60)).table;
    assert_eq!(
        (nothing.conversations().count(), nothing.counts().read),
        (0, 0)
    );
}

#[test]
fn sums_beyond_64_bits_are_exact() {
    let most = i64::MAX as u64;
    let line = |bytes: u64| {
        let ends = "10.0.1.5 10.0.0.9 10.0.1.5 203.0.113.5";
        let line = format!("eni-a - {ends} - 40000 443 6 {bytes} {BEGIN} {BEGIN} ACCEPT OK");
        (Some(BEGIN), line)
    };
    let lines: Vec<Timed> = (0..9).map(|_| line(most)).chain([line(3)]).collect();
    let cube = merged(&lines, 3, 100, 1).into_cube();
    let table = cube.between(Some(BEGIN), Some(BEGIN + 1)).table;
    let row = table.conversations().next().expect("a row");
    assert_eq!(row.bytes.iter().sum::<u128>(), u128::from(most) * 9 + 3);
    let ports: u128 = table.ports().map(|sum| sum.bytes).sum();
    assert_eq!(ports, u128::from(most) * 9 + 3);
}

#[test]
fn a_cube_is_no_partial_table_of_before() {
    let lines = [(
        Some(BEGIN),
        format!("- nat-r - - - - - - - - - {BEGIN} {BEGIN} - NODATA"),
    )];
    let bytes = merged(&lines, 1, 100, 0).encode();
    assert_eq!(&bytes[..4], b"NSPC");
    let mut newer = bytes.clone();
    newer[4] += 1;
    let expected = PartialError::OtherCubeVersion(CUBE_VERSION + 1);
    assert_eq!(FlowTable::decode(&newer).err(), Some(expected));
    for place in 0..bytes.len() {
        let mut other = bytes.clone();
        other[place] ^= 0x40;
        assert!(Cube::decode(&other).is_err(), "byte {place}");
    }
    let plain = FlowTable::new().encode();
    assert_eq!(Cube::decode(&plain).err(), Some(PartialError::Damaged));
}
