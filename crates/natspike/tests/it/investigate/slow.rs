//! Records that are drawn, and a second reader, slow and obvious, that says of them
//! what the analyses of sam-fakhreddine/investiGATOR select and group by.
//!
//! **Invariants.** Uses neither the engine nor the crate that investigates. A record
//! is a map of words by the names of their columns.

use std::collections::BTreeMap;
use std::net::IpAddr;

/// The fifteen fields of that tool.
pub(super) const FIFTEEN: &str = "version account-id interface-id srcaddr dstaddr pkt-srcaddr \
    pkt-dstaddr srcport dstport protocol packets bytes start end action";
/// The same with the AWS services of both ends.
pub(super) const SEVENTEEN: &str = "version account-id interface-id srcaddr dstaddr pkt-srcaddr \
    pkt-dstaddr srcport dstport protocol packets bytes start end action pkt-src-aws-service \
    pkt-dst-aws-service";

/// What is investigated.
pub(super) const SUBJECT: [&str; 4] = ["10.0.1.5", "10.0.1.6", "10.0.200.9", "2001:db8:1::5"];
/// Others: of the VPC, private and not of it, public, link-local.
const OTHERS: [&str; 13] = [
    "10.0.3.3",
    "10.0.9.9",
    "10.1.0.7",
    "192.168.7.7",
    "203.0.113.9",
    "203.0.113.20",
    "203.0.113.200",
    "198.51.100.7",
    "192.0.2.66",
    "169.254.169.123",
    "2001:db8:1::99",
    "2001:db8:ff::7",
    "2001:db8:ff::8",
];
/// The ports of seeds.md, as the tool has them.
pub(super) const SENSITIVE: [(u16, &str); 24] = [
    (21, "FTP"),
    (22, "SSH"),
    (23, "Telnet"),
    (25, "SMTP"),
    (53, "DNS"),
    (135, "MSRPC"),
    (137, "NetBIOS-NS"),
    (138, "NetBIOS-DGM"),
    (139, "NetBIOS-SSN"),
    (445, "SMB"),
    (1433, "SQL Server"),
    (1434, "SQL Server Browser"),
    (1521, "Oracle"),
    (3306, "MySQL"),
    (3389, "RDP"),
    (5432, "PostgreSQL"),
    (5900, "VNC"),
    (5984, "CouchDB"),
    (6379, "Redis"),
    (8080, "HTTP-alt"),
    (9200, "Elasticsearch"),
    (11211, "memcached"),
    (27017, "MongoDB"),
    (27018, "MongoDB shard"),
];

/// Numbers that are the same for the same seed.
pub(super) struct Draw(pub(super) u64);

impl Draw {
    pub(super) fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ mixed >> 31) % most as u64) as usize
    }

    pub(super) fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// Whether it is one of so many times.
    pub(super) fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}

/// The words of a record by their columns.
pub(super) type Words = BTreeMap<String, String>;

/// Lines of records in that layout.
pub(super) fn lines(columns: &str, seed: u64, count: usize) -> Vec<String> {
    let mut draw = Draw(seed);
    let record = |_| {
        let words = record(&mut draw);
        let words = columns.split_whitespace().map(|column| &*words[column]);
        words.collect::<Vec<_>>().join(" ")
    };
    (0..count).map(record).collect()
}

fn record(draw: &mut Draw) -> BTreeMap<&'static str, String> {
    let (mut src, mut dst) = (draw.of(&SUBJECT), draw.of(&OTHERS));
    // A few between others, whom nobody investigates.
    if draw.one_in(12) {
        src = draw.of(&OTHERS);
    }
    // Packets have ends of one family.
    while src.contains(':') != dst.contains(':') {
        dst = draw.of(&OTHERS);
    }
    let service = match dst {
        "203.0.113.20" | "2001:db8:ff::7" => "S3",
        "198.51.100.7" => "DYNAMODB",
        _ => "-",
    };
    let mut services = ["-", service];
    let protocol = draw.of(&["6", "6", "6", "17", "1", "58"]);
    let known = draw.of(&[
        "22", "22", "443", "443", "53", "3389", "3306", "8080", "27018", "80",
    ]);
    let ephemeral = draw.of(&["40000", "40001", "40002", "22", "443"]);
    let mut ports = [ephemeral, known];
    if matches!(protocol, "1" | "58") {
        ports = ["0", "0"];
    }
    if draw.one_in(2) {
        std::mem::swap(&mut src, &mut dst);
        ports.reverse();
        services.reverse();
    }
    let start = 1_800_000_000 + 60 * draw.below(120);
    let packet = |address: &str, is_missing| if is_missing { "-" } else { address }.to_owned();
    let is_missing = [draw.one_in(9), draw.one_in(9)];
    let action = if draw.one_in(7) { "REJECT" } else { "ACCEPT" };
    let packets = 1 + draw.below(40);
    let bytes = packets * (40 + draw.below(1_400));
    let [src_port, dst_port] = ports;
    let word = str::to_owned;
    BTreeMap::from([
        ("version", word("5")),
        ("account-id", word("123456789012")),
        ("interface-id", word("eni-0a1")),
        ("srcaddr", word(src)),
        ("dstaddr", word(dst)),
        ("pkt-srcaddr", packet(src, is_missing[0])),
        ("pkt-dstaddr", packet(dst, is_missing[1])),
        ("srcport", word(src_port)),
        ("dstport", word(dst_port)),
        ("protocol", word(protocol)),
        ("packets", packets.to_string()),
        ("bytes", bytes.to_string()),
        ("start", start.to_string()),
        ("end", (start + 59).to_string()),
        ("action", word(action)),
        ("pkt-src-aws-service", word(services[0])),
        ("pkt-dst-aws-service", word(services[1])),
        (
            "tcp-flags",
            word(draw.of(&["0", "2", "3", "18", "19", "-"])),
        ),
        ("flow-direction", word(draw.of(&["ingress", "egress"]))),
        ("vpc-id", word(draw.of(&["vpc-0a1", "vpc-0b2", "-"]))),
        (
            "instance-tag",
            word(draw.of(&["web-1", "web-2", "db-1", "-"])),
        ),
    ])
}

/// The records of these lines.
pub(super) fn read(columns: &str, lines: &[String]) -> Vec<Words> {
    let words = |line: &String| {
        let columns = columns.split_whitespace().map(str::to_owned);
        columns.zip(line.split(' ').map(str::to_owned)).collect()
    };
    lines.iter().map(words).collect()
}

/// The word of a column, if the record has one.
pub(super) fn word<'a>(record: &'a Words, column: &str) -> Option<&'a str> {
    let word = record.get(column).map(String::as_str);
    word.filter(|word| !word.is_empty() && *word != "-")
}

pub(super) fn number(record: &Words, column: &str) -> Option<u64> {
    word(record, column).map(|word| word.parse().expect("a number"))
}

/// The sender in the packet, or else as the interface saw it.
pub(super) fn src(record: &Words) -> &str {
    word(record, "pkt-srcaddr").unwrap_or(&record["srcaddr"])
}

pub(super) fn dst(record: &Words) -> &str {
    word(record, "pkt-dstaddr").unwrap_or(&record["dstaddr"])
}

/// Flows, packets and bytes.
pub(super) type Sums = [u128; 3];
/// Rows by their cells.
pub(super) type Rows = BTreeMap<Vec<String>, Sums>;

/// Adds the records up that are picked, by what tells them apart.
pub(super) fn rows<'a>(
    records: impl IntoIterator<Item = &'a Words>,
    cells: impl Fn(&Words) -> Option<Vec<String>>,
) -> Rows {
    let mut rows = Rows::new();
    for record in records {
        let Some(cells) = cells(record) else {
            continue;
        };
        let sums = rows.entry(cells).or_default();
        let figure = |column| u128::from(number(record, column).unwrap_or(0));
        sums[0] += 1;
        sums[1] += figure("packets");
        sums[2] += figure("bytes");
    }
    rows
}

/// Who is investigated, and what is not external.
pub(super) struct World<'a> {
    pub(super) subject: &'a [&'a str],
    /// Beginnings of addresses, as that tool has them.
    pub(super) inside: &'a [&'a str],
}

impl World<'_> {
    pub(super) fn is_subject(&self, address: &str) -> bool {
        self.subject.contains(&address)
    }

    /// Link-local addresses are on nobody's route, so they are not external.
    pub(super) fn is_inside(&self, address: &str) -> bool {
        let inside = self.inside.iter().chain(&["169.254."]);
        inside
            .into_iter()
            .any(|beginning| address.starts_with(beginning))
    }

    fn comes_in(&self, record: &Words) -> bool {
        self.is_subject(dst(record)) && !self.is_inside(src(record))
    }

    fn goes_out(&self, record: &Words) -> bool {
        self.is_subject(src(record)) && !self.is_inside(dst(record))
    }

    /// The rows of an analysis, `None` where the name is none.
    pub(super) fn analysis(&self, name: &str, records: &[Words]) -> Option<Rows> {
        let ends = |record: &&Words| self.is_subject(src(record)) || self.is_subject(dst(record));
        let records: Vec<&Words> = records.iter().filter(ends).collect();
        let of = |pick: &dyn Fn(&Words) -> bool, columns: &[&str]| {
            rows(records.iter().copied(), |record| {
                pick(record).then(|| columns.iter().map(|it| cell(record, it)).collect())
            })
        };
        let to_subject = |port: &'static str| {
            move |record: &Words| self.is_subject(dst(record)) && has_port(record, port, 22)
        };
        let from_subject = |port: &'static str| {
            move |record: &Words| self.is_subject(src(record)) && has_port(record, port, 22)
        };
        let external = |record: &Words| self.comes_in(record) || self.goes_out(record);
        let is_sensitive = |record: &Words, port: &str| {
            SENSITIVE
                .iter()
                .any(|(sensitive, _)| has_port(record, port, *sensitive))
        };
        let inbound = ["src", "action", "pkt-src-aws-service"];
        let outbound = ["dst", "action", "pkt-dst-aws-service"];
        Some(match name {
            "traffic-summary" => of(&|_| true, &["protocol", "action"]),
            "ssh-inbound" => of(&to_subject("dstport"), &["src", "action"]),
            "ssh-response" => of(&from_subject("srcport"), &["dst", "action"]),
            "ssh-outbound" => of(&from_subject("dstport"), &["dst", "action"]),
            "external-inbound" => of(&|it| self.comes_in(it), &inbound),
            "external-outbound" => of(&|it| self.goes_out(it), &outbound),
            "external-summary" => of(&external, &["action"]),
            "top-external" => of(&external, &["src", "dst", "dstport", "action"]),
            "port-specific" => of(
                &|it| has_port(it, "srcport", 443) || has_port(it, "dstport", 443),
                &["src", "dst", "srcport", "dstport", "action"],
            ),
            "sensitive-ports inbound" => of(
                &|it| self.is_subject(dst(it)) && is_sensitive(it, "dstport"),
                &["src", "dstport", "action", "service of dstport"],
            ),
            "sensitive-ports outbound" => of(
                &|it| self.is_subject(src(it)) && is_sensitive(it, "dstport"),
                &["dst", "dstport", "action", "service of dstport"],
            ),
            "sensitive-ports reply" => of(
                &|it| self.is_subject(src(it)) && is_sensitive(it, "srcport"),
                &["dst", "srcport", "action", "service of srcport"],
            ),
            "rejected" => of(
                &|it| word(it, "action") == Some("REJECT"),
                &["src", "dst", "dstport", "protocol"],
            ),
            _ => return None,
        })
    }

    /// Rows of cidr-connections: `lists` are name, prefix, city and region, and what
    /// the list calls it.
    pub(super) fn in_lists(&self, records: &[Words], lists: &[[&str; 5]]) -> Rows {
        let mut all = Rows::new();
        type End = fn(&Words) -> &str;
        for [end, other] in [[src as End, dst], [dst, src]] {
            let found = rows(records, |record| {
                // A peer is at the other end of one who is investigated.
                let is_about = self.is_subject(other(record));
                let [list, prefix, city, region, name] = longest(end(record), lists)?;
                let cells = [list, end(record), prefix, city, region, name];
                let cells = cells.map(str::to_owned).to_vec();
                is_about.then(|| [cells, vec![cell(record, "action")]].concat())
            });
            for (cells, sums) in found {
                let known = all.entry(cells).or_default();
                *known = [0, 1, 2].map(|at| known[at] + sums[at]);
            }
        }
        all
    }
}

fn has_port(record: &Words, column: &str, port: u16) -> bool {
    number(record, column) == Some(port.into())
}

/// A value as a table shows it.
fn cell(record: &Words, column: &str) -> String {
    let text = match column {
        "src" => Some(src(record)),
        "dst" => Some(dst(record)),
        _ => match column.strip_prefix("service of ") {
            Some(port) => {
                let port = number(record, port);
                let known = SENSITIVE.iter().find(|(it, _)| Some((*it).into()) == port);
                known.map(|(_, service)| *service)
            }
            None => word(record, column),
        },
    };
    text.unwrap_or("-").to_owned()
}

/// The row of the longest prefix that the address begins with, bit for bit.
fn longest<'a>(address: &str, lists: &'a [[&'a str; 5]]) -> Option<[&'a str; 5]> {
    let bits = |address: IpAddr| match address {
        IpAddr::V4(v4) => format!("{:032b}", v4.to_bits()),
        IpAddr::V6(v6) => format!("{:0128b}", v6.to_bits()),
    };
    let address = bits(address.parse().ok()?);
    let length = |prefix: &str| -> Option<usize> {
        let (network, length) = prefix.split_once('/')?;
        let (network, length) = (bits(network.parse().ok()?), length.parse().ok()?);
        let is_in = network.len() == address.len() && network[..length] == address[..length];
        is_in.then_some(length)
    };
    let found = lists.iter().filter_map(|row| Some((length(row[1])?, *row)));
    found.max_by_key(|(length, _)| *length).map(|(_, row)| row)
}
