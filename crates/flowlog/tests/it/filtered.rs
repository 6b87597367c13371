//! Tables with a filter or a watch: which records count and what a watch is shown
//! is what the lines say, read slowly, and what a filter obviously means.

use super::filter::expr_of;
use super::oracle::{self, DEFAULT_14, Said, Slow, columns, cuts};
use flowlog::filter::{
    AddressOf, AddressSet, Compare, Expr, Filter, Kind, Member, Named, NumberOf, NumberSet,
    Pattern, Sets, Test, TextOf,
};
use flowlog::{Field, FlowTable, Layout, NATSPIKE_LOG_FORMAT, Names, Record, Watch};
use ipnet::IpNet;
use proptest::prelude::*;
use std::any::Any;
use std::collections::BTreeMap;
use std::net::IpAddr;

const ADDRESSES: &[&str] = &[
    "10.0.0.220",
    "10.0.1.5",
    "10.0.1.50",
    "172.31.255.255",
    "172.32.0.0",
    "203.0.113.5",
    "203.0.113.255",
    "198.51.100.7",
    "0.0.0.0",
    "255.255.255.255",
    "2001:db8::7",
    "fd00::1",
    "64:ff9b::1",
];
const NETWORKS: &[&str] = &[
    "10.0.0.0/16",
    "10.0.1.5/32",
    "10.0.1.0/26",
    "203.0.113.0/24",
    "203.0.113.128/25",
    "0.0.0.0/0",
    "0.0.0.0/32",
    "::/0",
    "2001:db8::/32",
    "64:ff9b::1/128",
];
/// What is investigated, in these tests.
const SUBJECT: [&str; 2] = ["10.0.1.5/32", "2001:db8::/32"];
/// What is not external.
const INSIDE: [&str; 1] = ["10.0.0.0/8"];
const SENSITIVE: [u64; 2] = [22, 5_050];

fn networks(texts: &[&str]) -> Vec<IpNet> {
    let parsed = texts.iter().map(|text| text.parse().expect("a network"));
    parsed.collect()
}

fn sets() -> Sets {
    Sets {
        subject: AddressSet::Networks(networks(&SUBJECT)),
        inside: AddressSet::Networks(networks(&INSIDE)),
        sensitive: NumberSet::Ranges(SENSITIVE.map(|port| port..=port).to_vec()),
    }
}

fn is_in(set: Named, member: Member) -> bool {
    let has = |texts: &[&str], address| networks(texts).iter().any(|net| net.contains(&address));
    match (set, member) {
        (Named::Subject, Member::Address(address)) => has(&SUBJECT, address),
        (Named::Inside, Member::Address(address)) => has(&INSIDE, address),
        (Named::Sensitive, Member::Number(port)) => SENSITIVE.contains(&port),
        _ => false,
    }
}

/// The words of a column: mostly usual ones, seldom one that is none.
fn words(column: &str) -> (&'static [&'static str], &'static [&'static str]) {
    match column {
        "srcaddr" | "dstaddr" => (ADDRESSES, &["-", "10.0.0", "x"]),
        "pkt-srcaddr" | "pkt-dstaddr" => (ADDRESSES, &["-", "-", "-", "10.0.0"]),
        "srcport" | "dstport" => (
            &["0", "22", "443", "5050", "49152", "65535"],
            &["-", "-", "-", "65536", "x", "00443"],
        ),
        "protocol" => (&["6", "17", "1", "58", "0", "255"], &["-", "-", "256"]),
        "tcp-flags" => (&["0", "2", "18", "19", "3"], &["-", "-", "256"]),
        "packets" => (
            &["1", "3", "10", "9223372036854775807"],
            &["-", "-", "9223372036854775808", ""],
        ),
        "bytes" => (
            &["0", "40", "1500", "1000000", "12345678901234567"],
            &["-", "-", "1e3"],
        ),
        "start" | "end" => (&["1700000000", "1700000060", "1700000119"], &["-", "60"]),
        "action" => (&["ACCEPT", "ACCEPT", "REJECT"], &["-", "-", "accept"]),
        "log-status" => (&["OK"], &["-", "-", "NODATA", "SKIPDATA", "ok"]),
        "pkt-src-aws-service" | "pkt-dst-aws-service" => (
            &["-", "S3", "DYNAMODB", "ROUTE53_HEALTHCHECKS", "CLOUDFRONT"],
            &[""],
        ),
        "interface-id" => (&["eni-0a1", "eni-0a1b2c3d4e5f60718", "eni-2"], &["-", ""]),
        "resource-id" => (&["nat-0a1", "-"], &[""]),
        "version" | "traffic-path" | "encryption-status" => (&["1", "5", "8"], &["-", "-", "x"]),
        "type" => (&["IPv4", "IPv6"], &["-"]),
        "flow-direction" => (&["ingress", "egress"], &["-"]),
        "instance-tag" => (&["web-7", "web-77.eu", "é*x", "a*b"], &["-", ""]),
        _ => (&["-", "vpc-1", "vpc-12", "S3", "0"], &[""]),
    }
}

fn line(columns: &[&'static str]) -> impl Strategy<Value = String> + use<> {
    let word = |column: &&'static str| {
        let (usual, rare) = words(column);
        let usual = prop::sample::select(usual);
        prop_oneof![24 => usual, 1 => prop::sample::select(rare)]
    };
    let words: Vec<_> = columns.iter().map(word).collect();
    let width = words.len();
    let cut = prop::option::weighted(0.02, 1..=width + 1);
    (words, cut).prop_map(|(mut words, cut)| {
        words.resize(cut.unwrap_or(words.len()), "7");
        words.join(" ")
    })
}

/// A layout and lines of it.
fn recording() -> impl Strategy<Value = (Vec<&'static str>, Vec<String>)> {
    let named = |format: &'static str| {
        let names = format.split_whitespace();
        let bare = |name: &'static str| name.trim_matches(|it| matches!(it, '$' | '{' | '}'));
        Just(names.map(bare).collect::<Vec<_>>())
    };
    let layout = prop_oneof![
        2 => columns(),
        1 => named(DEFAULT_14),
        3 => named(NATSPIKE_LOG_FORMAT),
    ];
    let kinds = layout.prop_flat_map(|columns| {
        let lines = prop::collection::vec(line(&columns), 1..30);
        (Just(columns), lines)
    });
    let order = prop::collection::vec(any::<prop::sample::Index>(), 0..700);
    (kinds, order).prop_map(|((columns, kinds), order)| {
        let lines = order
            .iter()
            .map(|index| kinds[index.index(kinds.len())].clone());
        (columns, lines.collect())
    })
}

fn field(is: impl Fn(Kind) -> bool) -> impl Strategy<Value = Field> {
    let asked = [
        "srcport",
        "dstport",
        "protocol",
        "packets",
        "bytes",
        "start",
        "end",
        "tcp-flags",
        "version",
        "traffic-path",
        "action",
        "log-status",
        "type",
        "flow-direction",
        "interface-id",
        "instance-tag",
        "pkt-src-aws-service",
        "pkt-dst-aws-service",
        "srcaddr",
        "dstaddr",
        "pkt-srcaddr",
        "pkt-dstaddr",
        "vpc-id",
    ];
    let fields = asked
        .iter()
        .filter_map(|name| Field::from_name(name.as_bytes()));
    let fields: Vec<Field> = fields.filter(|field| is(Kind::of(*field))).collect();
    prop::sample::select(fields)
}

fn address_test() -> impl Strategy<Value = Test> {
    let of = prop_oneof![
        Just(AddressOf::Src),
        Just(AddressOf::Dst),
        Just(AddressOf::Either),
        field(|kind| kind == Kind::Address).prop_map(AddressOf::Field),
    ];
    let set = prop_oneof![
        prop::collection::vec(prop::sample::select(NETWORKS), 1..4)
            .prop_map(|texts| AddressSet::Networks(networks(&texts))),
        Just(AddressSet::Private),
        Just(AddressSet::Named(Named::Subject)),
        Just(AddressSet::Named(Named::Inside)),
    ];
    (of, set).prop_map(|(of, set)| Test::Address(of, set))
}

fn number_test() -> impl Strategy<Value = Test> {
    let of = prop_oneof![
        3 => field(Kind::is_number).prop_map(|field| (NumberOf::Field(field), field.name())),
        1 => Just((NumberOf::EitherPort, "dstport")),
    ];
    of.prop_flat_map(|(of, column)| {
        // Those that lines have, and their neighbours.
        let number = (prop::sample::select(words(column).0), 0..3_u64).prop_map(|(word, step)| {
            let number: u64 = word.parse().expect("a number");
            (number + step).saturating_sub(1)
        });
        let compare = vec![
            Compare::Less,
            Compare::AtMost,
            Compare::More,
            Compare::AtLeast,
        ];
        let compare = (prop::sample::select(compare), number.clone())
            .prop_map(|(compare, number)| NumberSet::Compare(compare, number));
        let range =
            (number.clone(), number, any::<bool>()).prop_map(|(one, other, is_one)| match is_one {
                true => one..=one,
                false => one.min(other)..=one.max(other),
            });
        let ranges = prop::collection::vec(range, 1..4).prop_map(NumberSet::Ranges);
        let set = match Field::from_name(column.as_bytes()).map(Kind::of) {
            Some(Kind::Port) => {
                let named = Just(NumberSet::Named(Named::Sensitive));
                prop_oneof![compare, ranges, named].boxed()
            }
            _ => prop_oneof![compare, ranges].boxed(),
        };
        set.prop_map(move |set| Test::Number(of, set))
    })
}

fn text_test() -> impl Strategy<Value = Test> {
    let of = prop_oneof![
        4 => field(|kind| kind == Kind::Text).prop_map(|field| (TextOf::Field(field), field.name())),
        1 => Just((TextOf::EitherService, "pkt-src-aws-service")),
    ];
    of.prop_flat_map(|(of, column)| {
        let word = prop::sample::select(words(column).0);
        let word = (word, 0..6_usize, 0..8_usize).prop_map(|(word, form, at)| {
            let cut = word.char_indices().map(|(at, _)| at).chain([word.len()]);
            let cut: Vec<usize> = cut.collect();
            let (head, tail) = word.split_at(cut[at % cut.len()]);
            match form {
                0 => format!("{head}*"),
                1 => format!("*{tail}"),
                2 => format!("{head}*{tail}"),
                3 => format!("*{head}*{tail}*"),
                _ => word.to_owned(),
            }
        });
        prop::collection::vec(word, 1..3).prop_map(move |words| {
            let patterns = words.into_iter().map(|word| Pattern(word.into()));
            Test::Text(of, patterns.collect())
        })
    })
}

/// Filters whose tests are true of some lines and not of others.
fn near() -> impl Strategy<Value = Expr> {
    expr_of(prop_oneof![
        3 => address_test(),
        3 => number_test(),
        3 => text_test(),
        1 => field(|_| true).prop_map(Test::Missing),
    ])
    .prop_filter("few enough fields", |expr| {
        Filter::new(expr, &sets()).is_ok()
    })
}

/// What a watch is shown of a record, in words of the line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Shown {
    ends: [IpAddr; 2],
    seen: [IpAddr; 2],
    has_packet: [bool; 2],
    interface: Option<String>,
    services: [Option<String>; 2],
    is_reject: bool,
    bytes: u64,
    packets: Option<u64>,
    ports: [Option<u64>; 2],
    protocol: Option<u64>,
    tcp_flags: Option<u64>,
    times: [Option<u64>; 2],
}

#[derive(Clone, Default)]
struct Notes(Vec<Shown>);

impl Watch for Notes {
    fn records(&mut self, records: &[Record], names: Names<'_>) {
        self.0.extend(records.iter().map(|record| {
            Shown {
                ends: record.ends.map(|code| names.address(code)),
                seen: record.seen.map(|code| names.address(code)),
                has_packet: record.has_packet,
                interface: names.interface(record.interface).map(str::to_owned),
                services: record
                    .services
                    .map(|code| names.service(code).map(str::to_owned)),
                is_reject: record.is_reject,
                bytes: record.bytes,
                packets: record.packets,
                ports: record.ports.map(|port| port.map(u64::from)),
                protocol: record.protocol.map(u64::from),
                tcp_flags: record.tcp_flags.map(u64::from),
                times: [record.start, record.end],
            }
        }));
    }

    fn merge(&mut self, other: Box<dyn Watch>) {
        let other: Box<dyn Any> = other;
        let other = other.downcast::<Notes>().expect("the same kind");
        self.0.extend(other.0);
    }

    fn moved(&mut self) {}

    fn boxed(&self) -> Box<dyn Watch> {
        Box::new(self.clone())
    }
}

/// What is expected of a table.
#[derive(Debug, Default, PartialEq)]
struct Expected {
    said: Said,
    left_out: u64,
    shown: Vec<Shown>,
}

/// Who is left out.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Of {
    /// The table has nothing of what the filter leaves out.
    Table,
    /// The watch is not shown it.
    Watch,
}

/// The words of a line by the names of their columns.
type Words<'a> = BTreeMap<&'a str, &'a str>;

fn expected(columns: &[&str], lines: &[String], filter: Option<&Expr>, of: Of) -> Expected {
    let names = columns.join(" ");
    let mut all = Expected::default();
    for (at, line) in lines.iter().enumerate() {
        let trimmed = line.trim_end();
        if trimmed.is_empty() {
            continue;
        }
        let mut one = Slow::read(trimmed.as_bytes(), Some(&names)).expect("a line");
        let words: Words<'_> = columns.iter().copied().zip(trimmed.split(' ')).collect();
        if one.counts[1] == 1 && !are_numbers(&words, filter) {
            one = Said::default();
            one.counts[0] = 1;
            one.add_malformed("number", 1);
        }
        let is_data = one.counts[1] == 1;
        let word = |field: Field| words.get(field.name()).copied();
        let is_kept = is_data && filter.is_none_or(|filter| filter.matches(&word, &is_in));
        if is_kept {
            all.shown.push(shown(&words));
        } else if is_data {
            all.left_out += 1;
        }
        let is_counted = is_kept || of == Of::Watch || filter.is_none();
        add(&mut all.said, one, at as u64 + 1, is_counted);
    }
    all.shown.sort();
    all
}

/// Adds what a line says; its figures only where it counts.
fn add(to: &mut Said, one: Said, at: u64, is_counted: bool) {
    for (sum, count) in to.counts.iter_mut().zip(one.counts).take(4) {
        *sum += count;
    }
    for reason in one.malformed.into_keys() {
        to.add_malformed(reason, at);
    }
    if !is_counted {
        return;
    }
    to.counts[4] += one.counts[4];
    for (key, bytes) in one.bytes {
        *to.bytes.entry(key).or_default() += bytes;
    }
    if let Some((start, end)) = one.window {
        let (first, last) = to.window.unwrap_or((start, end));
        to.window = Some((first.min(start), last.max(end)));
    }
}

/// Whether all numbers are right that are read where records are looked at.
fn are_numbers(words: &Words<'_>, filter: Option<&Expr>) -> bool {
    let asked = filter.map(Expr::fields).unwrap_or_default();
    let asked = asked.into_iter().filter(|field| {
        let most = ["version", "traffic-path", "encryption-status"];
        most.contains(&field.name())
    });
    let asked = asked.filter(|field| is_number_asked(filter, *field));
    let mut most: BTreeMap<&str, u64> = asked.map(|it| (it.name(), i64::MAX as u64)).collect();
    most.extend([
        ("srcport", 65_535),
        ("dstport", 65_535),
        ("protocol", 255),
        ("tcp-flags", 255),
        ("packets", i64::MAX as u64),
    ]);
    most.iter().all(|(name, most)| match words.get(name) {
        None | Some(&"-") => true,
        // An empty word of a field that is only asked for is no value.
        Some(&"")
            if !matches!(
                *name,
                "srcport" | "dstport" | "protocol" | "tcp-flags" | "packets"
            ) =>
        {
            true
        }
        Some(word) => {
            let is_digits = word.bytes().all(|byte| byte.is_ascii_digit());
            is_digits && word.parse().is_ok_and(|number: u64| number <= *most)
        }
    })
}

/// Whether a number of the field is asked for, and not only whether there is one.
fn is_number_asked(filter: Option<&Expr>, field: Field) -> bool {
    fn asks(expr: &Expr, field: Field) -> bool {
        match expr {
            Expr::All(parts) | Expr::Any(parts) => parts.iter().any(|part| asks(part, field)),
            Expr::Not(part) => asks(part, field),
            Expr::Test(Test::Number(NumberOf::Field(of), _)) => *of == field,
            Expr::Test(_) => false,
        }
    }
    filter.is_some_and(|expr| asks(expr, field))
}

fn shown(words: &Words<'_>) -> Shown {
    let word = |name| {
        let word = words.get(name).copied();
        word.filter(|word| !matches!(*word, "" | "-"))
    };
    let address = |name| word(name).map(|word| word.parse::<IpAddr>().expect("an address"));
    let number = |name| word(name).map(|word| word.parse::<u64>().expect("a number"));
    let text = |name| word(name).map(str::to_owned);
    let seen = ["srcaddr", "dstaddr"].map(|name| address(name).expect("an address"));
    let packet = ["pkt-srcaddr", "pkt-dstaddr"].map(address);
    Shown {
        ends: [0, 1].map(|side| packet[side].unwrap_or(seen[side])),
        seen,
        has_packet: packet.map(|address| address.is_some()),
        interface: text("interface-id").or(text("resource-id")),
        services: ["pkt-src-aws-service", "pkt-dst-aws-service"].map(text),
        is_reject: word("action") == Some("REJECT"),
        bytes: number("bytes").unwrap_or(0),
        packets: number("packets"),
        ports: ["srcport", "dstport"].map(number),
        protocol: number("protocol"),
        tcp_flags: number("tcp-flags"),
        times: ["start", "end"].map(number),
    }
}

/// A table with the filter or a watch, fed with the lines.
fn fed(
    columns: &[&str],
    (lines, newline): (&[String], &str),
    filter: Option<&Filter>,
    of: Of,
    cuts: &[usize],
) -> FlowTable {
    let layout = Layout::from_log_format(&columns.join(" ")).expect("a layout");
    let mut table = FlowTable::with_layout(layout);
    match (of, filter) {
        (Of::Table, Some(filter)) => table.keep_only(filter),
        (Of::Table, None) => {}
        (Of::Watch, filter) => table.watch(Box::new(Notes::default()), filter),
    }
    let text = lines.join(newline);
    oracle::feed(&mut table, text.as_bytes(), cuts).expect("a flow log");
    table
}

fn found(mut table: FlowTable) -> Expected {
    let watch: Option<Box<dyn Any>> = table.take_watch().map(|watch| watch as Box<dyn Any>);
    let notes = watch.map(|watch| watch.downcast::<Notes>().expect("notes"));
    let mut shown = notes.map(|notes| notes.0).unwrap_or_default();
    shown.sort();
    Expected {
        said: oracle::said(&table),
        left_out: table.counts().left_out,
        shown,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_filter_keeps_the_records_that_it_obviously_means(
        (columns, lines) in recording(),
        expr in near(),
        newline in prop::sample::select(vec!["\n", "\r\n"]),
        cuts in cuts(),
    ) {
        let filter = Filter::new(&expr, &sets()).expect("few enough fields");
        let table = fed(&columns, (&lines, newline), Some(&filter), Of::Table, &cuts);
        let mut expected = expected(&columns, &lines, Some(&expr), Of::Table);
        expected.shown.clear();
        prop_assert_eq!(found(table), expected, "{}", expr);
    }

    #[test]
    fn a_watch_is_shown_what_the_line_says(
        (columns, lines) in recording(),
        expr in prop::option::of(near()),
        newline in prop::sample::select(vec!["\n", "\r\n"]),
        cuts in cuts(),
    ) {
        let filter = expr.as_ref();
        let filter = filter.map(|expr| Filter::new(expr, &sets()).expect("few enough fields"));
        let table = fed(&columns, (&lines, newline), filter.as_ref(), Of::Watch, &cuts);
        let expected = expected(&columns, &lines, expr.as_ref(), Of::Watch);
        prop_assert_eq!(found(table), expected, "{:?}", expr.map(|expr| expr.to_string()));
    }

    #[test]
    fn tables_with_a_filter_or_a_watch_merge(
        (columns, lines) in recording(),
        expr in near(),
        at in any::<prop::sample::Index>(),
        of in prop::sample::select(vec![Of::Table, Of::Watch]),
        cuts in cuts(),
    ) {
        let filter = Filter::new(&expr, &sets()).expect("few enough fields");
        let at = at.index(lines.len() + 1);
        // Each part goes its own way.
        let mut table = fed(&columns, (&lines[..at], "\n"), Some(&filter), of, &cuts);
        let other = fed(&columns, (&lines[at..], "\r\n"), Some(&filter), of, &[]);
        table.merge(other);
        let whole = fed(&columns, (&lines, "\n"), Some(&filter), of, &cuts);
        let (mut parts, mut whole) = (found(table), found(whole));
        for found in [&mut parts, &mut whole] {
            // Line numbers are those of a part.
            found.said.malformed.values_mut().for_each(|(_, lines)| lines.clear());
        }
        prop_assert_eq!(parts, whole, "{}", expr);
    }
}
