//! A writer of small databases in MaxMind's format, as far as tests need it:
//! IPv4, records of 24 bits, texts and numbers.
//!
//! <https://maxmind.github.io/MaxMind-DB/>

/// A field's value.
pub(in super::super) enum Field {
    Text(&'static str),
    Number(u32),
}

/// The first bytes of a /24 network, and its fields.
pub(in super::super) type Row<'a> = ([u8; 3], &'a [(&'a str, Field)]);

/// What separates the tree from the data.
const SEPARATOR: usize = 16;
const EMPTY: u32 = u32::MAX;

/// A database of that type with what is known of the /24 networks of these
/// addresses.
pub(in super::super) fn database(kind: &str, rows: &[Row<'_>]) -> Vec<u8> {
    let mut data = Vec::new();
    let mut nodes = vec![[EMPTY; 2]];
    // Leaves are marked by the highest bit.
    const LEAF: u32 = 1 << 31;
    for (network, fields) in rows {
        let offset = u32::try_from(data.len()).unwrap();
        map(&mut data, fields);
        let [a, b, c] = *network;
        let bits = u32::from_be_bytes([a, b, c, 0]);
        let mut node = 0;
        for depth in 0..24 {
            let side = (bits >> (31 - depth) & 1) as usize;
            if depth == 23 {
                nodes[node][side] = LEAF | offset;
            } else if nodes[node][side] == EMPTY {
                nodes[node][side] = u32::try_from(nodes.len()).unwrap();
                nodes.push([EMPTY; 2]);
            }
            if depth < 23 {
                node = nodes[node][side] as usize;
            }
        }
    }
    let count = u32::try_from(nodes.len()).unwrap();
    let mut file = Vec::new();
    for side in nodes.iter().flatten() {
        let record = match *side {
            EMPTY => count,
            leaf if leaf & LEAF != 0 => count + SEPARATOR as u32 + (leaf & !LEAF),
            node => node,
        };
        file.extend(&record.to_be_bytes()[1..]);
    }
    file.extend([0; SEPARATOR]);
    file.extend(data);
    file.extend(b"\xab\xcd\xefMaxMind.com");
    file.push(7 << 5 | 9);
    for (name, number) in [
        ("binary_format_major_version", 2),
        ("binary_format_minor_version", 0),
        ("ip_version", 4),
        ("record_size", 24),
    ] {
        text(&mut file, name);
        file.extend([5 << 5 | 1, number]);
    }
    text(&mut file, "node_count");
    number(&mut file, count);
    text(&mut file, "build_epoch");
    // One of 64 bits, of which four bytes are said.
    file.extend([4, 2]);
    file.extend(1_795_000_000_u32.to_be_bytes());
    text(&mut file, "database_type");
    text(&mut file, kind);
    text(&mut file, "languages");
    file.extend([0, 4]);
    text(&mut file, "description");
    file.push(7 << 5);
    file
}

fn map(out: &mut Vec<u8>, fields: &[(&str, Field)]) {
    out.push(7 << 5 | u8::try_from(fields.len()).unwrap());
    for (name, value) in fields {
        text(out, name);
        match value {
            Field::Text(value) => text(out, value),
            Field::Number(value) => number(out, *value),
        }
    }
}

fn text(out: &mut Vec<u8>, text: &str) {
    match u8::try_from(text.len()).unwrap() {
        short @ ..29 => out.push(2 << 5 | short),
        long => out.extend([2 << 5 | 29, long - 29]),
    }
    out.extend(text.as_bytes());
}

fn number(out: &mut Vec<u8>, number: u32) {
    out.push(6 << 5 | 4);
    out.extend(number.to_be_bytes());
}
