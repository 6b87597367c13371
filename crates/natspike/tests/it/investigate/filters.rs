//! `--where` with filters that are drawn: what counts is what each test says of the
//! words of a line.

use super::slow::{self, Draw, Rows, SENSITIVE, SUBJECT, Words, dst, number, rows, src, word};
use super::{BOTH, Desk, INSTANCE, check, table};
use std::sync::atomic::{AtomicUsize, Ordering};

const FILTERS: usize = 200;
const COLUMNS: &str = "version interface-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr srcport dstport \
    protocol packets bytes start end action tcp-flags pkt-src-aws-service pkt-dst-aws-service \
    flow-direction vpc-id instance-tag";

/// What a filter says of a record.
type Holds = Box<dyn Fn(&Words) -> bool>;

/// A filter in words, and what it means.
struct Filter {
    text: String,
    holds: Holds,
}

fn filter(text: impl Into<String>, holds: impl Fn(&Words) -> bool + 'static) -> Filter {
    Filter {
        text: text.into(),
        holds: Box::new(holds),
    }
}

fn draw(random: &mut Draw, depth: usize) -> Filter {
    if depth == 0 || random.one_in(4) {
        return test(random);
    }
    let mut part = || {
        let part = draw(random, depth - 1);
        (format!("({})", part.text), part.holds)
    };
    let ((one, is_one), (other, is_other)) = (part(), part());
    match random.below(5) {
        0 => filter(format!("{one} and {other}"), move |it| {
            is_one(it) && is_other(it)
        }),
        1 => filter(format!("{one} && not {other}"), move |it| {
            is_one(it) && !is_other(it)
        }),
        2 => filter(format!("{one} OR {other}"), move |it| {
            is_one(it) || is_other(it)
        }),
        3 => filter(format!("!{one}"), move |it| !is_one(it)),
        // Without parentheses: and binds more than or.
        _ => {
            let (plain, last) = (test(random), test(random));
            filter(
                format!("{} or {} and {one}", plain.text, last.text),
                move |it| (plain.holds)(it) || ((last.holds)(it) && is_one(it)),
            )
        }
    }
}

fn test(random: &mut Draw) -> Filter {
    match random.below(6) {
        0 => address(random),
        1 => port(random),
        2 => figure(random),
        3 => text(random),
        4 => missing(random),
        _ => named(random),
    }
}

/// The values of `src`, `dst`, `ip` or of a field.
fn addresses<'a>(of: &str, record: &'a Words) -> Vec<&'a str> {
    match of {
        "src" => vec![src(record)],
        "dst" => vec![dst(record)],
        "ip" => vec![src(record), dst(record)],
        field => word(record, field).into_iter().collect(),
    }
}

const ENDS: [&str; 7] = [
    "src",
    "dst",
    "ip",
    "srcaddr",
    "dstaddr",
    "pkt-srcaddr",
    "pkt_dstaddr",
];

fn address(random: &mut Draw) -> Filter {
    let of = random.of(&ENDS);
    let column = of.replace('_', "-");
    // A network, and how its addresses begin as texts.
    let (network, beginning) = random.of(&[
        ("10.0.0.0/16", "10.0."),
        ("10.0.0.0/8", "10."),
        ("203.0.113.0/24", "203.0.113."),
        ("198.51.100.7", "198.51.100.7"),
        ("2001:db8:ff::/48", "2001:db8:ff:"),
        ("2001:db8::/32", "2001:db8:"),
        ("192.168.0.0/16", "192.168."),
    ]);
    let (other, also) = random.of(&[("192.0.2.66", "192.0.2.66"), ("10.1.0.0/16", "10.1.")]);
    let in_one = move |record: &Words| {
        addresses(&column, record)
            .iter()
            .any(|it| it.starts_with(beginning))
    };
    let column = of.replace('_', "-");
    let in_other = move |record: &Words| {
        addresses(&column, record)
            .iter()
            .any(|it| it.starts_with(also))
    };
    match random.below(4) {
        0 => filter(format!("{of} in {network}"), in_one),
        1 => filter(format!("{of} = {network}"), in_one),
        2 => filter(format!("{of} not in {network}"), move |it| !in_one(it)),
        _ => filter(format!("{of} in ({network}, {other})"), move |it| {
            in_one(it) || in_other(it)
        }),
    }
}

fn port(random: &mut Draw) -> Filter {
    let of = random.of(&["port", "srcport", "dstport", "DstPort"]);
    let values = move |record: &Words| -> Vec<u64> {
        let fields = match of {
            "port" => vec!["srcport", "dstport"],
            "srcport" => vec!["srcport"],
            _ => vec!["dstport"],
        };
        fields
            .into_iter()
            .filter_map(|field| number(record, field))
            .collect()
    };
    let (written, least, most) = random.of(&[
        ("22", 22, 22),
        ("ssh", 22, 22),
        ("https", 443, 443),
        ("40000-40001", 40_000, 40_001),
        ("0", 0, 0),
        ("1-1024", 1, 1_024),
    ]);
    let is_in = move |record: &Words| values(record).iter().any(|it| (least..=most).contains(it));
    match random.below(4) {
        0 => filter(format!("{of} = {written}"), is_in),
        1 => filter(format!("{of} != {written}"), move |it| !is_in(it)),
        2 => filter(format!("{of} in ({written}, 3306, 53)"), move |it| {
            is_in(it) || values(it).iter().any(|port| matches!(port, 3_306 | 53))
        }),
        _ => filter(format!("{of} > {least}"), move |it| {
            values(it).iter().any(|port| *port > least)
        }),
    }
}

fn figure(random: &mut Draw) -> Filter {
    let (column, written, value) = random.of(&[
        ("bytes", "10000", 10_000),
        ("bytes", "1.5KB", 1_500),
        ("bytes", "4KiB", 4_096),
        ("bytes", "0.02MB", 20_000),
        ("packets", "3", 3),
        ("packets", "20", 20),
        ("start", "2027-01-15T08:30:00Z", 1_800_001_800),
        ("start", "1800003600", 1_800_003_600),
        ("end", "2027-01-15T09:00", 1_800_003_600),
        ("protocol", "udp", 17),
        ("protocol", "6", 6),
        ("tcp-flags", "18", 18),
    ]);
    let (sign, is): (&str, fn(u64, u64) -> bool) = random.of(&[
        ("<", |one: u64, other: u64| one < other),
        ("<=", |one, other| one <= other),
        (">", |one, other| one > other),
        (">=", |one, other| one >= other),
        ("=", |one, other| one == other),
    ]);
    filter(format!("{column} {sign} {written}"), move |record| {
        number(record, column).is_some_and(|number| is(number, value))
    })
}

fn text(random: &mut Draw) -> Filter {
    let any = |of: &'static [&'static str], is: fn(&str) -> bool| {
        move |record: &Words| of.iter().filter_map(|of| word(record, of)).any(is)
    };
    let either: &[&str] = &["pkt-src-aws-service", "pkt-dst-aws-service"];
    let tag: &[&str] = &["instance-tag"];
    let (text, holds): (&str, Holds) = match random.below(9) {
        0 => (
            "action = reject",
            Box::new(any(&["action"], |it| it == "REJECT")),
        ),
        1 => (
            "action != ACCEPT",
            Box::new(any(&["action"], |it| it != "ACCEPT")),
        ),
        2 => ("service = s3", Box::new(any(either, |it| it == "S3"))),
        3 => {
            let is = any(either, |it| it == "S3");
            ("service != S3", Box::new(move |it: &Words| !is(it)))
        }
        4 => (
            "service like D*",
            Box::new(any(either, |it| it.starts_with('D'))),
        ),
        5 => (
            "instance-tag = web-*",
            Box::new(any(tag, |it| it.starts_with("web-"))),
        ),
        6 => {
            let is = any(tag, |it| it.ends_with("-1"));
            ("instance_tag !~ '*-1'", Box::new(move |it: &Words| !is(it)))
        }
        7 => (
            "vpc-id in (vpc-0a1, \"x y\")",
            Box::new(any(&["vpc-id"], |it| it == "vpc-0a1")),
        ),
        _ => (
            "flow-direction = egress",
            Box::new(any(&["flow-direction"], |it| it == "egress")),
        ),
    };
    filter(text, holds)
}

fn missing(random: &mut Draw) -> Filter {
    // The last two are in no record.
    let column = random.of(&[
        "pkt-srcaddr",
        "pkt-dstaddr",
        "vpc-id",
        "instance-tag",
        "tcp-flags",
        "pkt-src-aws-service",
        "action",
        "subnet-id",
        "traffic-path",
    ]);
    match random.one_in(2) {
        true => filter(format!("{column} is missing"), move |it| {
            word(it, column).is_none()
        }),
        false => filter(format!("{column} is not missing"), move |it| {
            word(it, column).is_some()
        }),
    }
}

fn named(random: &mut Draw) -> Filter {
    let of = random.of(&["src", "dst", "ip"]);
    let any =
        move |is: fn(&str) -> bool| move |record: &Words| addresses(of, record).into_iter().any(is);
    let is_private = |address: &str| {
        let private = ["10.", "192.168.", "169.254."];
        private
            .iter()
            .any(|beginning| address.starts_with(beginning))
    };
    match random.below(5) {
        0 => filter(format!("{of} is private"), any(is_private)),
        1 => {
            let is = any(is_private);
            filter(format!("{of} is public"), move |it| !is(it))
        }
        2 => filter(format!("{of} in @subject"), any(|it| SUBJECT.contains(&it))),
        3 => filter(format!("{of} in @inside"), any(|it| BOTH.is_inside(it))),
        _ => filter("dstport in @sensitive", |it| {
            let port = number(it, "dstport");
            SENSITIVE
                .iter()
                .any(|(sensitive, _)| Some(u64::from(*sensitive)) == port)
        }),
    }
}

/// Every record that counts, by all that tells it apart.
fn expected(records: &[Words], is_kept: &dyn Fn(&Words) -> bool) -> Rows {
    rows(records, |record| {
        let is_about = BOTH.is_subject(src(record)) || BOTH.is_subject(dst(record));
        let ports = ["srcport", "dstport", "action"].map(|column| record[column].clone());
        let ends = [src(record).to_owned(), dst(record).to_owned()];
        (is_about && is_kept(record)).then(|| [ends.to_vec(), ports.to_vec()].concat())
    })
}

#[test]
fn filters_mean_what_each_test_says_of_the_words_of_a_line() {
    let desk = Desk::new();
    let lines = slow::lines(COLUMNS, 2_026, 1_200);
    let records = slow::read(COLUMNS, &lines);
    // What has a carriage return goes another way through the engine.
    desk.write("plain.log", format!("{COLUMNS}\n{}\n", lines.join("\n")));
    desk.write(
        "returns.log",
        format!("{COLUMNS}\r\n{}\r\n", lines.join("\r\n")),
    );
    let (next, telling) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= FILTERS {
                return;
            }
            let mut random = Draw(number as u64);
            let depth = random.below(4);
            let Filter { text, holds } = draw(&mut random, depth);
            let file = random.of(&["plain.log", "returns.log"]);
            let asked = ["port-specific", file, "--where", &text, "--limit", "0"];
            let inside = ["--vpc-cidr", "10.0.0.0/16,2001:db8:1::/56"];
            let found = desk.found(&[&asked[..], &inside, &INSTANCE].concat());
            let expected = expected(&records, &holds);
            let table = table(&found, "port-specific").unwrap();
            check(&text, table, &expected, "bytes", 0);
            let kept = expected.values().map(|sums| sums[0]).sum::<u128>();
            let left_out = found["records"]["left_out"].as_u64().unwrap();
            assert_eq!(u128::from(left_out) + kept, 1_200, "{text}");
            assert_eq!(found["question"]["filter"], text);
            let all = self::expected(&records, &|_| true).len();
            let tells = (1..all).contains(&expected.len());
            telling.fetch_add(usize::from(tells), Ordering::Relaxed);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(work);
        }
    });
    // Most let some through and not all.
    let telling = telling.into_inner();
    assert!(telling > FILTERS * 2 / 3, "{telling}");
}
