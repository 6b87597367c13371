//! The forms that a text flow log takes, and what is wrong with some.

use super::{summary, table};
use flowlog::{FlowTable, Layout, ReadError, Window};
use std::net::IpAddr;

const DEFAULT: &str = "2 123456789012 eni-0a1 10.0.1.5 203.0.113.5 49152 443 6 10 8400 1700000000 1700000060 ACCEPT OK";

fn bytes(text: &str) -> u128 {
    let table = table(text).expect("a flow log");
    table.flows().map(|flow| flow.sum.bytes).sum()
}

#[test]
fn line_ends_do_not_matter() {
    let plain = summary(&table(&format!("{DEFAULT}\n{DEFAULT}\n")).expect("legal"));
    for text in [
        format!("{DEFAULT}\n{DEFAULT}"),
        format!("{DEFAULT}\r\n{DEFAULT}\r\n"),
        format!("\n\n{DEFAULT}\n\r\n  \n{DEFAULT}\n\n"),
    ] {
        assert_eq!(summary(&table(&text).expect("legal")), plain, "{text:?}");
    }
}

#[test]
fn a_header_gives_the_order_and_may_change_in_mid_file() {
    let text = "dstaddr bytes srcaddr quantum-tag\n\
                203.0.113.5 7 10.0.1.5 x\n\
                srcaddr dstaddr bytes\n\
                10.0.1.5 203.0.113.5 3\n\
                srcaddr dstaddr bytes\n\
                10.0.1.5 203.0.113.5 1\n";
    let table = table(text).expect("legal");
    assert_eq!(table.counts().read, 3);
    let flows: Vec<_> = table.flows().collect();
    assert_eq!(flows.len(), 1);
    assert_eq!(flows[0].sum.bytes, 11);
    assert_eq!(flows[0].sum.bytes, 11);
    assert_eq!(table.window(), None);
}

#[test]
fn a_given_log_format_is_used_where_no_header_stands() {
    let layout = Layout::from_log_format("${bytes} ${srcaddr} ${dstaddr}").expect("legal");
    let mut table = FlowTable::with_layout(layout);
    for text in [
        "5 10.0.0.1 10.0.0.2\n",
        "srcaddr dstaddr bytes\n10.0.0.1 10.0.0.2 6",
    ] {
        table.push(text.as_bytes()).expect("legal");
        table.end_source().expect("legal");
    }
    assert_eq!(table.flows().map(|flow| flow.sum.bytes).sum::<u128>(), 11);
    assert_eq!(table.counts().malformed(), 0);
}

#[test]
fn skips_nodata_lines() {
    let text = format!(
        "{DEFAULT}\n\
         2 123456789012 eni-0a1 - - - - - - - 1700000060 1700000120 - NODATA\n\
         2 123456789012 eni-0a1 - - - - - - - 1700000120 1700000180 - SKIPDATA\n"
    );
    let table = table(&text).expect("legal");
    let counts = table.counts();
    assert_eq!(
        (counts.read, counts.parsed, counts.nodata, counts.skipdata),
        (3, 1, 1, 1)
    );
    assert_eq!(
        table.window(),
        Some(Window {
            start: 1_700_000_000,
            end: 1_700_000_180
        })
    );
}

#[test]
fn an_empty_record_without_log_status_is_nodata() {
    let text = "ACCEPT egress 8 10.0.0.220 1 203.0.113.5 443 6 40 IPv4 10.0.0.220 - 203.0.113.5 S3\n\
                - - - - - - - - - - - - - -\n";
    let table = table(text).expect("legal");
    assert_eq!((table.counts().parsed, table.counts().nodata), (1, 1));
}

#[test]
fn malformed_lines_are_counted_by_reason_with_their_numbers() {
    let text = format!(
        "{DEFAULT}\n\
         2 123456789012 eni-0a1 10.0.1.5 203.0.113.5 49152 443 6 10 8400 1700000000 1700000060 ACCEPT\n\
         {}\n{}\n{}\n{}\n{}\n",
        DEFAULT.replace("8400", "84x0"),
        DEFAULT.replace("10.0.1.5", "10.0.1.500"),
        DEFAULT.replace("ACCEPT", "DENY"),
        DEFAULT.replace("OK", "FINE"),
        DEFAULT.replace("8400", "-"),
    );
    let table = table(&text).expect("legal");
    let seen: Vec<_> = table
        .counts()
        .malformed_by_reason()
        .map(|(reason, count, examples)| (reason.name(), count, examples[0].line))
        .collect();
    assert_eq!(
        seen,
        [
            ("field-count", 1, 2),
            ("number", 1, 3),
            ("address", 1, 4),
            ("action", 1, 5),
            ("log-status", 1, 6),
            ("missing-value", 1, 7),
        ]
    );
    assert_eq!(table.counts().read, 7);
    assert_eq!(table.counts().parsed, 1);
}

#[test]
fn a_malformed_line_leaves_no_trace_in_the_sums() {
    let text = format!("{DEFAULT}\n{}\n", DEFAULT.replace("203.0.113.5", "nowhere"));
    assert_eq!(bytes(&text), 8400);
}

#[test]
fn lines_before_the_first_recognised_one_are_not_lost() {
    let text = format!("# exported by hand\nsee the ticket\n{DEFAULT}\n");
    let table = table(&text).expect("legal");
    assert_eq!((table.counts().read, table.counts().parsed), (3, 1));
    assert_eq!(table.counts().malformed(), 2);
}

#[test]
fn rejects_what_is_not_a_flow_log() {
    let error = table("hello\nworld\n").map(|_| ()).expect_err("refused");
    assert_eq!(
        error.to_string(),
        "this is not a flow log in a layout that natspike can recognise: line 1 is \
         \"hello\"; give the log format that it was recorded with, for example \
         --format '${srcaddr} ${dstaddr} ${bytes}'"
    );
    let many = "x\n".repeat(2_000);
    assert!(matches!(
        table(&many),
        Err(ReadError::NotAFlowLog { line: 1, .. })
    ));
}

#[test]
fn a_header_with_a_duplicate_field_is_an_error() {
    let error = table("srcaddr dstaddr bytes srcaddr\n")
        .map(|_| ())
        .expect_err("refused");
    assert_eq!(error.name(), "DuplicateField");
}

#[test]
fn an_empty_source_is_no_error_here() {
    for text in ["", "\n\n", "srcaddr dstaddr bytes\n"] {
        assert_eq!(table(text).expect("legal").counts().read, 0);
    }
}

#[test]
fn reads_ipv6() {
    let text = DEFAULT
        .replace("10.0.1.5", "2001:db8::5")
        .replace("203.0.113.5", "2001:0DB8:0::9");
    let table = table(&text).expect("legal");
    let flow = table.flows().next().expect("one flow");
    assert_eq!(flow.src, "2001:db8::5".parse::<IpAddr>().expect("address"));
    assert_eq!(flow.dst, "2001:db8::9".parse::<IpAddr>().expect("address"));
}

#[test]
fn an_empty_word_is_no_value_wherever_the_line_stands() {
    let header = "interface-id resource-id srcaddr dstaddr pkt-dst-aws-service bytes";
    let line = " nat-r 10.0.0.1 203.0.113.5  7";
    // Early lines are read another way than those that have others before them.
    let text = format!("{header}\n{line}\n{}", format!("{line}\n").repeat(40));
    let table = table(&text).expect("legal");
    let rows: Vec<_> = table.conversations().collect();
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!((rows[0].interface, rows[0].records), (Some("nat-r"), 41));
    assert_eq!(rows[0].bytes.iter().sum::<u128>(), 41 * 7);
}

#[test]
fn rejected_traffic_is_apart_and_may_lack_its_bytes() {
    let text = format!(
        "{DEFAULT}\n{}\n{}\n",
        DEFAULT.replace("ACCEPT", "REJECT"),
        DEFAULT
            .replace("ACCEPT", "REJECT")
            .replace(" 10 8400 ", " - - "),
    );
    let table = table(&text).expect("legal");
    assert_eq!((table.counts().parsed, table.counts().rejected), (3, 2));
    assert_eq!(table.flows().count(), 2);
}

#[test]
fn a_line_without_end_takes_no_memory_and_is_counted() {
    let mut table = FlowTable::new();
    table.push(DEFAULT.as_bytes()).expect("legal");
    table.push(b"\n").expect("legal");
    for _ in 0..1_000 {
        table.push(&[b'x'; 10_000]).expect("legal");
    }
    table
        .push(format!("\n{DEFAULT}").as_bytes())
        .expect("legal");
    table.end_source().expect("legal");
    assert_eq!((table.counts().parsed, table.counts().malformed()), (2, 1));
    let (reason, _, examples) = table.counts().malformed_by_reason().next().expect("one");
    assert_eq!((reason.name(), examples[0].line), ("too-long", 2));
}

#[test]
fn a_nat_gateway_without_interface_goes_by_its_resource_id() {
    let line = "9 - nat-0a1 10.0.1.5 203.0.113.5 1 443 6 1 40 1700000000 1700000060 ACCEPT OK \
                10.0.1.5 203.0.113.5 - S3 egress 8 3";
    let table = table(line).expect("legal");
    let flow = table.flows().next().expect("one flow");
    assert_eq!(flow.interface, Some("nat-0a1"));
    assert_eq!((flow.src_service, flow.dst_service), (None, Some("S3")));
}

#[test]
fn beyond_the_limit_of_keys_sums_stay_exact() {
    let header = "interface-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr bytes\n";
    let lines: Vec<String> = (0..5_000u32)
        .flat_map(|n| {
            let (workload, remote) = (
                format!("10.1.{}.{}", n % 7, n % 11),
                format!("203.{}.{}.9", n / 250, n % 250),
            );
            let nat = "10.0.0.220";
            [
                format!("eni-a {workload} {nat} {workload} {remote} {n}\n"),
                format!("eni-a {nat} {workload} {remote} {workload} 7\n"),
            ]
        })
        .collect();
    let (mut limited, mut merged) = (FlowTable::new(), FlowTable::new());
    merged.limit_keys(100);
    for part in lines.chunks(1_000) {
        let mut table = FlowTable::new();
        table.limit_keys(100);
        for table in [&mut limited, &mut table] {
            table.limit_keys(100);
            table
                .push((header.to_owned() + &part.concat()).as_bytes())
                .expect("legal");
            table.end_source().expect("legal");
        }
        merged.merge(table);
    }
    for table in [&limited, &merged] {
        assert!(table.were_more_keys());
        assert!(
            table.flows().count() < 1_000,
            "{} flows",
            table.flows().count()
        );
        let sum = |towards: bool| -> u128 {
            let nat: IpAddr = "10.0.0.220".parse().expect("address");
            let flows = table
                .flows()
                .filter(|f| if towards { f.dst == nat } else { f.src == nat });
            flows.map(|flow| flow.sum.bytes).sum()
        };
        assert_eq!((sum(true), sum(false)), ((0..5_000).sum(), 35_000));
    }
}

#[test]
fn service_names_of_the_same_letters_and_other_lengths_stay_apart() {
    let header = "srcaddr dstaddr pkt-srcaddr pkt-dstaddr bytes pkt-dst-aws-service srcport\n";
    let names = ["AAAAAAAA", "AAAAAAAAA", "AAAAAAAAAAAAAAAA", "AAAAAAA", "A"];
    let lines: String = names
        .iter()
        .cycle()
        .take(50)
        .map(|name| format!("10.0.1.5 10.0.0.220 10.0.1.5 203.0.113.5 1 {name} 1\n"))
        .collect();
    let table = table(&(header.to_owned() + &lines)).expect("legal");
    let mut seen: Vec<_> = table
        .flows()
        .map(|f| (f.dst_service, f.sum.bytes))
        .collect();
    seen.sort_unstable();
    let mut expected = names.map(|name| (Some(name), 10));
    expected.sort_unstable();
    assert_eq!(seen, expected);
}
