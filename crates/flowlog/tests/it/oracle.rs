//! A second reader, slow and obvious, written from the description of the
//! fields alone: cut at spaces, look up by name, add up in a sorted map. What
//! it says of any text, the engine must say too.

use flowlog::{Action, FlowTable, Layout};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

const NAMES: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol \
    packets bytes start end action log-status vpc-id subnet-id instance-id tcp-flags type \
    pkt-srcaddr pkt-dstaddr region az-id sublocation-type sublocation-id pkt-src-aws-service \
    pkt-dst-aws-service flow-direction traffic-path ecs-cluster-arn ecs-cluster-name \
    ecs-container-instance-arn ecs-container-instance-id ecs-container-id \
    ecs-second-container-id ecs-service-name ecs-task-definition-arn ecs-task-arn ecs-task-id \
    reject-reason resource-id encryption-status instance-tag instance-tag-2 interface-tag \
    interface-tag-2 asg-tag asg-tag-2 interface-type next-hop-interface-id next-hop-subnet-id \
    next-hop-az-id next-hop-vpc-id next-hop-interface-type";

pub(super) const DEFAULT_14: &str = "version account-id interface-id srcaddr dstaddr srcport dstport \
    protocol packets bytes start end action log-status";

/// Interface, ends, ends in the packet, services, whether rejected.
pub(super) type Key = (
    Option<String>,
    [IpAddr; 2],
    [Option<IpAddr>; 2],
    [Option<String>; 2],
    bool,
);

/// What either reader says of a text.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Said {
    /// Flows that moved something; rejected ones may have moved nothing.
    pub(super) bytes: BTreeMap<Key, u128>,
    /// Read, parsed, nodata, skipdata, rejected.
    pub(super) counts: [u64; 5],
    /// How many lines are malformed for a reason, and where the first ones are.
    pub(super) malformed: BTreeMap<&'static str, (u64, Vec<u64>)>,
    pub(super) window: Option<(u64, u64)>,
}

impl Said {
    pub(super) fn add_malformed(&mut self, reason: &'static str, at: u64) {
        let (count, first) = self.malformed.entry(reason).or_default();
        *count += 1;
        if first.len() < 5 {
            first.push(at);
        }
    }
}

/// Reads a text line by line, with what each line needs to be right.
pub(super) struct Slow {
    columns: Option<Vec<String>>,
    said: Said,
}

impl Slow {
    pub(super) fn read(text: &[u8], given: Option<&str>) -> Result<Said, &'static str> {
        let columns = given.map(|names| names.split(' ').map(str::to_owned).collect());
        let mut slow = Slow {
            columns,
            said: Said::default(),
        };
        let mut waiting = Vec::new();
        for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
            let at = index as u64 + 1;
            if line.len() > 65_536 {
                slow.said.counts[0] += 1;
                slow.malformed("too-long", at);
                continue;
            }
            let line = line.trim_ascii_end();
            if line.is_empty() {
                continue;
            }
            if let Some(columns) = header(line)? {
                slow.columns = Some(columns);
            } else if slow.columns.is_some() {
                slow.line(line, at);
                continue;
            } else {
                waiting.push((line, at));
                if waiting.len() > 1_000 {
                    return Err("NotAFlowLog");
                }
                continue;
            }
            for (line, at) in waiting.drain(..) {
                slow.line(line, at);
            }
        }
        if waiting.is_empty() {
            Ok(slow.said)
        } else {
            Err("NotAFlowLog")
        }
    }

    fn malformed(&mut self, reason: &'static str, at: u64) {
        self.said.add_malformed(reason, at);
    }

    fn line(&mut self, line: &[u8], at: u64) {
        self.said.counts[0] += 1;
        if let Err(reason) = self.record(line) {
            self.malformed(reason, at);
        }
    }

    fn record(&mut self, line: &[u8]) -> Result<(), &'static str> {
        let words: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
        let columns = self.columns.clone().expect("a layout");
        if words.len() != columns.len() {
            return Err("field-count");
        }
        let of: BTreeMap<&str, &[u8]> = columns.iter().map(String::as_str).zip(words).collect();
        let word = |name: &str| of.get(name).copied().unwrap_or(b"-");

        let (start, end) = (number(word("start"))?, number(word("end"))?);
        let moved_nothing = ["srcaddr", "dstaddr", "bytes"]
            .iter()
            .all(|name| word(name) == b"-");
        let place = match (word("log-status"), moved_nothing) {
            (b"NODATA", _) | (b"-", true) => 2,
            (b"SKIPDATA", _) => 3,
            (b"OK", _) | (b"-", false) => 1,
            _ => return Err("log-status"),
        };
        if place == 1 {
            self.data(&word)?;
        }
        self.said.counts[place] += 1;
        if let (Some(start), Some(end)) = (start, end) {
            let (first, last) = self.said.window.unwrap_or((start, end));
            self.said.window = Some((first.min(start), last.max(end)));
        }
        Ok(())
    }

    fn data<'a>(&mut self, word: &impl Fn(&str) -> &'a [u8]) -> Result<(), &'static str> {
        let is_reject = match word("action") {
            b"ACCEPT" | b"-" => false,
            b"REJECT" => true,
            _ => return Err("action"),
        };
        let bytes = match number(word("bytes"))? {
            Some(bytes) => bytes,
            None if is_reject => 0,
            None => return Err("missing-value"),
        };
        let ends = [address(word("srcaddr"))?, address(word("dstaddr"))?];
        let packet = [address(word("pkt-srcaddr"))?, address(word("pkt-dstaddr"))?];
        let [Some(src), Some(dst)] = ends else {
            return Err("missing-value");
        };
        let services = [
            text(word("pkt-src-aws-service")),
            text(word("pkt-dst-aws-service")),
        ];
        let interface = text(word("interface-id")).or(text(word("resource-id")));
        let key = (interface, [src, dst], packet, services, is_reject);
        if bytes > 0 {
            *self.said.bytes.entry(key).or_default() += u128::from(bytes);
        }
        self.said.counts[4] += u64::from(is_reject);
        Ok(())
    }
}

/// The columns, where the line is a header: names only, three known ones.
fn header(line: &[u8]) -> Result<Option<Vec<String>>, &'static str> {
    let is_name = |word: &&str| {
        word.starts_with(|first: char| first.is_ascii_lowercase())
            && word
                .chars()
                .all(|c| matches!(c, 'a'..='z' | '0'..='9' | '-' | '_'))
    };
    let Ok(text) = std::str::from_utf8(line) else {
        return Ok(None);
    };
    let words: Vec<&str> = text.split(' ').collect();
    if !words.iter().all(is_name) {
        return Ok(None);
    }
    let names: Vec<String> = words.iter().map(|word| word.replace('_', "-")).collect();
    let known = names
        .iter()
        .filter(|name| NAMES.split_whitespace().any(|known| known == *name))
        .count();
    if known < names.len().min(3) {
        return Ok(None);
    }
    if names.iter().collect::<BTreeSet<_>>().len() < names.len() {
        return Err("DuplicateField");
    }
    for needed in ["srcaddr", "dstaddr", "bytes"] {
        if !names.iter().any(|name| name == needed) {
            return Err("MissingField");
        }
    }
    Ok(Some(names))
}

fn number(word: &[u8]) -> Result<Option<u64>, &'static str> {
    if word == b"-" {
        return Ok(None);
    }
    if word.is_empty() || !word.iter().all(u8::is_ascii_digit) {
        return Err("number");
    }
    let digits = String::from_utf8_lossy(word);
    let value = digits.parse::<i64>().map_err(|_| "number")?;
    Ok(Some(value.unsigned_abs()))
}

fn address(word: &[u8]) -> Result<Option<IpAddr>, &'static str> {
    if word == b"-" || word.is_empty() {
        return Ok(None);
    }
    let text = std::str::from_utf8(word).map_err(|_| "address")?;
    text.parse().map(Some).map_err(|_| "address")
}

fn text(word: &[u8]) -> Option<String> {
    (word != b"-" && !word.is_empty()).then(|| String::from_utf8_lossy(word).into_owned())
}

/// What the engine says, given the text in pieces.
fn engine(text: &[u8], given: Option<&str>, cuts: &[usize]) -> Result<Said, &'static str> {
    let mut table = match given {
        Some(names) => FlowTable::with_layout(Layout::from_log_format(names).expect("a layout")),
        None => FlowTable::new(),
    };
    feed(&mut table, text, cuts)?;
    Ok(said(&table))
}

/// Gives the table the text in pieces.
pub(super) fn feed(table: &mut FlowTable, text: &[u8], cuts: &[usize]) -> Result<(), &'static str> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (text.len() + 1)).collect();
    cuts.extend([0, text.len()]);
    cuts.sort_unstable();
    for piece in cuts.windows(2) {
        table
            .push(&text[piece[0]..piece[1]])
            .map_err(|error| error.name())?;
    }
    table.end_source().map_err(|error| error.name())
}

/// What the table says.
pub(super) fn said(table: &FlowTable) -> Said {
    let counts = table.counts();
    let mut said = Said {
        counts: [
            counts.read,
            counts.parsed,
            counts.nodata,
            counts.skipdata,
            counts.rejected,
        ],
        malformed: counts
            .malformed_by_reason()
            .map(|(reason, count, examples)| {
                let lines = examples.iter().map(|example| example.line).collect();
                (reason.name(), (count, lines))
            })
            .collect(),
        window: table.window().map(|window| (window.start, window.end)),
        ..Said::default()
    };
    for flow in table.flows().filter(|flow| flow.sum.bytes > 0) {
        let key = (
            flow.interface.map(str::to_owned),
            [flow.src, flow.dst],
            [flow.pkt_src, flow.pkt_dst],
            [flow.src_service, flow.dst_service].map(|text| text.map(str::to_owned)),
            flow.action == Action::Reject,
        );
        *said.bytes.entry(key).or_default() += flow.sum.bytes;
    }
    said
}

/// What no column expects, and almost what one does.
fn strange() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::sample::select(vec![
            "-",
            "",
            "--",
            "0",
            "00",
            "+5",
            "1_0",
            "1e3",
            "-1",
            "OK",
            "NODATA",
            "SKIPDATA",
            "ok",
            "ACCEPT",
            "REJECT",
            "ACCEPT\r",
            "10.0.0",
            "10.0.0.256",
            "010.0.0.1",
            "1.2.3.4.5",
            "10.0.0.1 ",
            "::1",
            "::ffff:10.0.0.1",
            "2001:DB8:0::5",
            "fe80::1%eth0",
            "9223372036854775807",
            "9223372036854775808",
            "000000000000000000001",
            "12345678901234567",
            "S3\u{e9}",
            "\0",
            "\t",
            "\r",
            "srcaddr",
        ])
        .prop_map(|word| word.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..20),
        "[0-9.]{1,16}".prop_map(String::into_bytes),
    ]
}

/// Parts of addresses around their limits.
const OCTETS: &[&str] = &[
    "0", "1", "9", "10", "99", "100", "199", "255", "256", "260", "300", "999", "00", "01", "010",
    "099", "0255", "1000", "", ":", "1/",
];

/// What a column almost expects.
fn close(column: &str) -> BoxedStrategy<Vec<u8>> {
    let letters = |pattern: &'static str| pattern.prop_map(String::into_bytes).boxed();
    match column {
        "srcaddr" | "dstaddr" | "pkt-srcaddr" | "pkt-dstaddr" => prop_oneof![
            (any::<[u8; 4]>(), 0..4_usize, prop::sample::select(OCTETS)).prop_map(
                |(octets, place, octet)| {
                    let mut octets = octets.map(|octet| octet.to_string());
                    octets[place] = octet.to_owned();
                    octets.join(".").into_bytes()
                }
            ),
            "[0-9.:a-f-]{0,20}".prop_map(String::into_bytes),
        ]
        .boxed(),
        "bytes" | "start" | "end" => letters("[0-9]{1,20}|[0-9]{0,9}[ -~][0-9]{0,9}"),
        "action" => letters("ACCEPT[ -~]?|A?CCEPT|REJECT[ -~]?|-|REJECTED"),
        "log-status" => letters("OK[ -~]?|O|NODATA|SKIPDATA|-|ok"),
        _ => letters("[ -~]{0,20}"),
    }
}

fn usual(column: &str) -> BoxedStrategy<Vec<u8>> {
    let of = |words: &'static [&'static str]| {
        prop::sample::select(words)
            .prop_map(|word| word.as_bytes().to_vec())
            .boxed()
    };
    let number = |range: std::ops::Range<u64>| {
        range
            .prop_map(|value| value.to_string().into_bytes())
            .boxed()
    };
    match column {
        "srcaddr" | "dstaddr" | "pkt-srcaddr" | "pkt-dstaddr" => of(&[
            "10.0.0.220",
            "10.0.1.5",
            "10.0.1.50",
            "1.2.3.4",
            "203.0.113.255",
            "198.18.100.200",
            "0.0.0.0",
            "2001:db8::7",
            "64:ff9b::1",
        ]),
        "bytes" => prop_oneof![
            number(0..100),
            number(0..10_000_000),
            number(0..i64::MAX as u64 + 2)
        ]
        .boxed(),
        "start" | "end" => number(1_700_000_000..1_700_000_100),
        "action" => of(&["ACCEPT", "ACCEPT", "ACCEPT", "REJECT"]),
        "log-status" => of(&["OK", "OK", "OK", "OK", "OK", "NODATA", "SKIPDATA"]),
        "pkt-src-aws-service" | "pkt-dst-aws-service" => {
            of(&["-", "S3", "DYNAMODB", "CLOUDFRONT", "ROUTE53_HEALTHCHECKS"])
        }
        "interface-id" => of(&["eni-0a1", "eni-0a1b2c3d4e5f60718", "-"]),
        "resource-id" => of(&["nat-0a1b2c3d4e5f60718", "-"]),
        "version" => of(&["2", "5", "9"]),
        _ => of(&["-", "443", "egress", "vpc-0a1b2c3d", "arn:aws:ecs:x:1:y/z"]),
    }
}

/// A subset of all fields that can be added up, in any order.
pub(super) fn columns() -> impl Strategy<Value = Vec<&'static str>> {
    let others: Vec<&str> = NAMES
        .split_whitespace()
        .filter(|name| !["srcaddr", "dstaddr", "bytes"].contains(name))
        .collect();
    let wanted = prop::collection::vec(
        prop::sample::select(vec![
            "interface-id",
            "pkt-srcaddr",
            "pkt-dstaddr",
            "action",
            "log-status",
            "start",
            "end",
        ]),
        0..8,
    );
    let any = prop_oneof![
        Just(Vec::new()),
        prop::sample::subsequence(others.clone(), 0..others.len()),
    ];
    (wanted, any)
        .prop_map(|(wanted, any)| {
            let set: BTreeSet<&str> = wanted
                .into_iter()
                .chain(any)
                .chain(["srcaddr", "dstaddr", "bytes"])
                .collect();
            set.into_iter().collect::<Vec<_>>()
        })
        .prop_shuffle()
}

fn is_read(column: &str) -> bool {
    column.ends_with("addr")
        || [
            "bytes",
            "start",
            "end",
            "action",
            "log-status",
            "interface-id",
        ]
        .contains(&column)
}

fn line(columns: &[&'static str]) -> impl Strategy<Value = Vec<u8>> + use<> {
    let words: Vec<BoxedStrategy<Vec<u8>>> = columns.iter().map(|column| usual(column)).collect();
    let width = words.len();
    // The columns that matter, each with a word that is almost right.
    let read: Vec<usize> = (0..width)
        .filter(|place| is_read(columns[*place]))
        .collect();
    let close: Vec<BoxedStrategy<Vec<u8>>> =
        read.iter().map(|place| close(columns[*place])).collect();
    (
        words,
        prop::option::weighted(0.1, (any::<prop::sample::Index>(), strange())),
        prop::option::weighted(0.4, any::<prop::sample::Index>()),
        close,
        prop::option::weighted(0.05, 0..=width + 1),
        prop::sample::select(vec!["", "", "", "", "\r", " ", "  \r"]),
    )
        .prop_map(move |(mut words, change, near, mut close, cut, end)| {
            if let Some(index) = near {
                let chosen = index.index(read.len());
                words[read[chosen]] = close.swap_remove(chosen);
            }
            if let Some((index, word)) = change {
                let place = index.index(words.len());
                words[place] = word;
            }
            if let Some(width) = cut {
                words.resize(width, b"7".to_vec());
            }
            let mut line = words.join(&b' ');
            line.extend_from_slice(end.as_bytes());
            line
        })
}

/// A layout and a text of it that is longer than what is looked at in one go.
fn recording() -> impl Strategy<Value = (String, Vec<u8>)> {
    let kinds = columns().prop_flat_map(|columns| {
        let lines = prop::collection::vec(line(&columns), 1..40);
        (Just(columns.join(" ")), lines)
    });
    let order = prop::collection::vec(any::<prop::sample::Index>(), 0..1_500);
    (kinds, order, prop::bool::ANY).prop_map(|((columns, kinds), order, ends)| {
        let mut text = Vec::new();
        for index in order {
            text.extend_from_slice(&kinds[index.index(kinds.len())]);
            text.push(b'\n');
        }
        if !ends {
            text.pop();
        }
        (columns, text)
    })
}

pub(super) fn cuts() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(any::<usize>(), 0..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn says_what_a_slow_reader_says_of_records_in_any_layout(
        (columns, text) in recording(),
        with_header in prop::bool::ANY,
        cuts in cuts(),
    ) {
        let (text, given) = match with_header {
            true => ([columns.as_bytes(), b"\n", &text].concat(), None),
            false => (text, Some(columns.as_str())),
        };
        prop_assert_eq!(engine(&text, given, &cuts), Slow::read(&text, given));
    }

    #[test]
    fn says_what_a_slow_reader_says_of_strange_lines(
        lines in prop::collection::vec(prop_oneof![
            4 => line(&DEFAULT_14.split_whitespace().collect::<Vec<_>>()),
            1 => columns().prop_map(|columns| columns.join("_").replace('_', " ").into_bytes()),
            1 => columns().prop_map(|columns| columns.join(" ").replace('-', "_").into_bytes()),
            1 => prop::collection::vec(strange(), 0..20).prop_map(|words| words.join(&b' ')),
            1 => Just(vec![b'x'; 65_537]),
            1 => Just(vec![b' '; 65_536]),
        ], 0..40),
        given in prop::bool::ANY,
        cuts in cuts(),
    ) {
        // What is recognised without a header is tested beside the layouts.
        let given = given.then_some(DEFAULT_14);
        let mut text = lines.join(&b'\n');
        if given.is_none() {
            text = [DEFAULT_14.split_whitespace().collect::<Vec<_>>().join(" ").as_bytes(), b"\n", &text].concat();
        }
        let given = given.map(|names| names.split_whitespace().collect::<Vec<_>>().join(" "));
        prop_assert_eq!(engine(&text, given.as_deref(), &cuts), Slow::read(&text, given.as_deref()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn says_what_a_slow_reader_says_of_arbitrary_bytes(
        text in prop::collection::vec(any::<u8>(), 0..600),
        cuts in cuts(),
    ) {
        let given = Some("srcaddr dstaddr bytes");
        prop_assert_eq!(engine(&text, given, &cuts), Slow::read(&text, given));
    }

    #[test]
    fn says_what_a_slow_reader_says_of_the_letters_of_records(
        text in "[0-9.]{1,4}[ 0-9.:a-fOKSACEPTR\r\n-]{0,300}",
        cuts in cuts(),
    ) {
        let given = Some("bytes srcaddr dstaddr");
        prop_assert_eq!(engine(text.as_bytes(), given, &cuts), Slow::read(text.as_bytes(), given));
    }
}
