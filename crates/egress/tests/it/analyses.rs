//! Each analysis over hand-made records, with the table that is expected, row by row.
//!
//! The records have the fifteen fields of sam-fakhreddine/investiGATOR, and the flows
//! of a row are what its analyses count; bytes and packets stand beside them.

use egress::investigate::{Analysis, Asked, By, Cell, CidrLists, Inquiry, Investigation, Table};
use flowlog::FlowTable;
use flowlog::filter::Expr;
use std::sync::Arc;

/// version account-id interface-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr srcport
/// dstport protocol packets bytes start end action; written without what is always
/// the same.
const RECORDS: &str = "\
203.0.113.9 10.0.1.5 50000 22 6 10 1000 0 ACCEPT
203.0.113.9 10.0.1.5 50001 22 6 11 1100 60 ACCEPT
203.0.113.10 10.0.1.5 50002 22 6 1 40 60 REJECT
10.0.2.7 10.0.1.5 50003 22 6 5 500 60 ACCEPT
10.0.1.5 203.0.113.9 22 50000 6 9 9000 0 ACCEPT
10.0.1.5 203.0.113.9 22 50001 6 9 9100 60 ACCEPT
10.0.1.5 198.51.100.7 40000 22 6 3 300 0 ACCEPT
198.51.100.7 10.0.1.5 22 40000 6 3 3000 0 ACCEPT
10.0.1.5 203.0.113.20 40001 443 6 20 2000 0 ACCEPT
203.0.113.20 10.0.1.5 443 40001 6 90 90000 0 ACCEPT
203.0.113.20 10.0.1.5 443 40002 6 80 80000 60 ACCEPT
10.0.1.5 10.0.3.3 40003 5432 6 7 700 0 ACCEPT
10.0.3.3 10.0.1.5 5432 40003 6 8 8000 0 ACCEPT
10.0.2.7 10.0.1.5 40004 3306 6 2 200 60 ACCEPT
10.0.1.5 10.0.2.7 3306 40004 6 4 4000 60 ACCEPT
192.0.2.66 10.0.1.5 1234 3389 6 1 44 60 REJECT
192.0.2.66 10.0.1.5 1235 3389 6 1 44 120 REJECT
10.0.1.5 10.0.0.2 40005 53 17 1 60 0 ACCEPT
10.0.9.9 203.0.113.20 41000 443 6 50 5000 0 ACCEPT
";

/// When the records begin.
const BEGIN: u64 = 1_800_000_000;

fn log(records: &str) -> String {
    let line = |record: &str| {
        let words: Vec<&str> = record.split(' ').collect();
        let [
            src,
            dst,
            sport,
            dport,
            protocol,
            packets,
            bytes,
            start,
            action,
        ] = words[..]
        else {
            panic!("{record}");
        };
        let start = BEGIN + start.parse::<u64>().expect("a number");
        let end = start + 59;
        format!(
            "2 123456789012 eni-0aa {src} {dst} {src} {dst} {sport} {dport} {protocol} {packets} \
             {bytes} {start} {end} {action}\n"
        )
    };
    records.lines().map(line).collect()
}

fn investigated(text: &str, asked: Asked) -> Investigation {
    let inquiry = Inquiry::new(asked).expect("an inquiry");
    let mut table = FlowTable::new();
    inquiry.watch(&mut table);
    table
        .push(text.as_bytes())
        .and_then(|()| table.end_source())
        .expect("a flow log");
    inquiry.answer(&mut table)
}

/// What is asked of 10.0.1.5 in 10.0.0.0/16.
fn asked(analysis: Analysis) -> Asked {
    Asked {
        analyses: vec![analysis],
        subject: vec!["10.0.1.5/32".parse().expect("a network")],
        inside: vec!["10.0.0.0/16".parse().expect("a network")],
        by: By::Flows,
        ..Asked::default()
    }
}

/// Rows as `cell cell … = flows packets bytes`.
fn rows(table: &Table) -> Vec<String> {
    let cell = |cell: &Cell| match cell {
        Cell::Text(text) => text.clone(),
        Cell::Number(number) => number.to_string(),
        Cell::Missing => "-".to_owned(),
    };
    let row = |row: &egress::investigate::Row| {
        let cells: Vec<String> = row.cells.iter().map(cell).collect();
        let sums = row.sums;
        format!(
            "{} = {} {} {}",
            cells.join(" "),
            sums.flows,
            sums.packets,
            sums.bytes
        )
    };
    table.rows.iter().map(row).collect()
}

fn check(asked: Asked, expected: &[&[&str]]) {
    let found = investigated(&log(RECORDS), asked);
    assert_eq!(found.tables.len(), expected.len(), "{:?}", found.tables);
    for (table, expected) in found.tables.iter().zip(expected) {
        assert_eq!(rows(table), *expected, "{} {:?}", table.title, table.view);
        let flows: u64 = table.rows.iter().map(|row| row.sums.flows).sum();
        assert_eq!(table.total.flows, flows);
        assert_eq!(table.rest, None);
    }
}

#[test]
fn traffic_summary() {
    check(
        asked(Analysis::TrafficSummary),
        &[&[
            "6 ACCEPT = 14 261 208900",
            "6 REJECT = 3 3 128",
            "17 ACCEPT = 1 1 60",
        ]],
    );
}

#[test]
fn ssh_inbound() {
    check(
        asked(Analysis::SshInbound),
        &[&[
            "203.0.113.9 ACCEPT = 2 21 2100",
            "10.0.2.7 ACCEPT = 1 5 500",
            "203.0.113.10 REJECT = 1 1 40",
        ]],
    );
}

#[test]
fn ssh_response() {
    check(
        asked(Analysis::SshResponse),
        &[&["203.0.113.9 ACCEPT = 2 18 18100"]],
    );
}

#[test]
fn ssh_outbound() {
    check(
        asked(Analysis::SshOutbound),
        &[&["198.51.100.7 ACCEPT = 1 3 300"]],
    );
}

#[test]
fn external_inbound() {
    check(
        asked(Analysis::ExternalInbound),
        &[&[
            "203.0.113.20 ACCEPT - = 2 170 170000",
            "203.0.113.9 ACCEPT - = 2 21 2100",
            "192.0.2.66 REJECT - = 2 2 88",
            "198.51.100.7 ACCEPT - = 1 3 3000",
            "203.0.113.10 REJECT - = 1 1 40",
        ]],
    );
}

#[test]
fn external_outbound() {
    check(
        asked(Analysis::ExternalOutbound),
        &[&[
            "203.0.113.9 ACCEPT - = 2 18 18100",
            "203.0.113.20 ACCEPT - = 1 20 2000",
            "198.51.100.7 ACCEPT - = 1 3 300",
        ]],
    );
}

#[test]
fn external_summary() {
    check(
        asked(Analysis::ExternalSummary),
        &[&["ACCEPT = 9 235 195500", "REJECT = 3 3 128"]],
    );
}

#[test]
fn top_external() {
    check(
        asked(Analysis::TopExternal),
        &[&[
            "203.0.113.9 10.0.1.5 22 ACCEPT = 2 21 2100",
            "192.0.2.66 10.0.1.5 3389 REJECT = 2 2 88",
            "203.0.113.20 10.0.1.5 40001 ACCEPT = 1 90 90000",
            "203.0.113.20 10.0.1.5 40002 ACCEPT = 1 80 80000",
            "10.0.1.5 203.0.113.9 50001 ACCEPT = 1 9 9100",
            "10.0.1.5 203.0.113.9 50000 ACCEPT = 1 9 9000",
            "198.51.100.7 10.0.1.5 40000 ACCEPT = 1 3 3000",
            "10.0.1.5 203.0.113.20 443 ACCEPT = 1 20 2000",
            "10.0.1.5 198.51.100.7 22 ACCEPT = 1 3 300",
            "203.0.113.10 10.0.1.5 22 REJECT = 1 1 40",
        ]],
    );
}

#[test]
fn port_specific() {
    let port = |port| Asked {
        port: Some(port),
        ..asked(Analysis::PortSpecific)
    };
    check(
        port(3306),
        &[&[
            "10.0.1.5 10.0.2.7 3306 40004 ACCEPT = 1 4 4000",
            "10.0.2.7 10.0.1.5 40004 3306 ACCEPT = 1 2 200",
        ]],
    );
    check(
        port(3389),
        &[&[
            "192.0.2.66 10.0.1.5 1234 3389 REJECT = 1 1 44",
            "192.0.2.66 10.0.1.5 1235 3389 REJECT = 1 1 44",
        ]],
    );
    let every = investigated(&log(RECORDS), asked(Analysis::PortSpecific));
    assert_eq!(every.tables[0].rows.len(), 18);
}

#[test]
fn sensitive_ports() {
    check(
        asked(Analysis::SensitivePorts),
        &[
            &[
                "203.0.113.9 22 ACCEPT SSH = 2 21 2100",
                "192.0.2.66 3389 REJECT RDP = 2 2 88",
                "10.0.2.7 22 ACCEPT SSH = 1 5 500",
                "10.0.2.7 3306 ACCEPT MySQL = 1 2 200",
                "203.0.113.10 22 REJECT SSH = 1 1 40",
            ],
            &[
                "10.0.3.3 5432 ACCEPT PostgreSQL = 1 7 700",
                "198.51.100.7 22 ACCEPT SSH = 1 3 300",
                "10.0.0.2 53 ACCEPT DNS = 1 1 60",
            ],
            &[
                "203.0.113.9 22 ACCEPT SSH = 2 18 18100",
                "10.0.2.7 3306 ACCEPT MySQL = 1 4 4000",
            ],
        ],
    );
}

#[test]
fn rejected() {
    check(
        asked(Analysis::Rejected),
        &[&[
            "192.0.2.66 10.0.1.5 3389 6 = 2 2 88",
            "203.0.113.10 10.0.1.5 22 6 = 1 1 40",
        ]],
    );
}

#[test]
fn cidr_connections() {
    let mut lists = CidrLists::default();
    let one = r#"{"description": "d", "subnets": [
        {"ip_prefix": "203.0.113.0/24", "region": "US-CA", "city": "Los Angeles"},
        {"ip_prefix": "203.0.113.16/28", "region": "JP-13", "city": "Tokyo"}]}"#;
    lists.add("one", one).expect("a list");
    lists.add("two", "192.0.2.0/24 scanner\n").expect("a list");
    check(
        Asked {
            lists: Some(Arc::new(lists)),
            ..asked(Analysis::CidrConnections)
        },
        &[&[
            "one 203.0.113.9 203.0.113.0/24 Los Angeles US-CA - ACCEPT = 4 39 20200",
            "one 203.0.113.20 203.0.113.16/28 Tokyo JP-13 - ACCEPT = 3 190 172000",
            "two 192.0.2.66 192.0.2.0/24 - - scanner REJECT = 2 2 88",
            "one 203.0.113.10 203.0.113.0/24 Los Angeles US-CA - REJECT = 1 1 40",
        ]],
    );
}

#[test]
fn all_is_every_analysis_in_one_pass() {
    let mut one_by_one = Vec::new();
    for analysis in Analysis::ALL {
        if analysis == Analysis::PortSpecific {
            continue;
        }
        one_by_one.extend(investigated(&log(RECORDS), asked(analysis)).tables);
    }
    let all = investigated(
        &log(RECORDS),
        Asked {
            analyses: Vec::new(),
            ..asked(Analysis::Rejected)
        },
    );
    assert_eq!(all.question.analysis, "all");
    assert_eq!(all.tables, one_by_one);
}

#[test]
fn without_a_subject_every_private_address_is_investigated() {
    let found = investigated(
        &log(RECORDS),
        Asked {
            subject: Vec::new(),
            inside: Vec::new(),
            ..asked(Analysis::ExternalOutbound)
        },
    );
    assert_eq!(
        rows(&found.tables[0]),
        [
            "203.0.113.9 ACCEPT - = 2 18 18100",
            "203.0.113.20 ACCEPT - = 2 70 7000",
            "198.51.100.7 ACCEPT - = 1 3 300",
        ]
    );
}

#[test]
fn a_network_that_is_not_named_is_external() {
    let found = investigated(
        &log(RECORDS),
        Asked {
            inside: vec!["10.0.0.0/23".parse().expect("a network")],
            ..asked(Analysis::ExternalSummary)
        },
    );
    assert_eq!(
        rows(&found.tables[0]),
        ["ACCEPT = 14 261 208900", "REJECT = 3 3 128"]
    );
}

#[test]
fn named_networks_are_the_subject_where_no_address_is_named() {
    let records = "\
2001:db8:1::5 2001:db8:9::1 40000 443 6 10 1000 0 ACCEPT
2001:db8:9::1 2001:db8:1::5 443 40000 6 20 2000 0 ACCEPT
10.0.1.5 203.0.113.20 40001 443 6 3 300 0 ACCEPT
";
    let nobody = Asked {
        analyses: vec![Analysis::ExternalSummary],
        ..Asked::default()
    };
    let found = investigated(&log(records), nobody.clone());
    assert_eq!(rows(&found.tables[0]), ["ACCEPT = 1 3 300"]);
    assert_eq!(
        found.warnings,
        [
            "2 records with 3,000 bytes, neither of whose ends has a private address, as IPv6 \
             workloads have none, are not of the subject; name all networks that are yours with \
             --vpc-cidr."
        ]
    );
    let inside = ["10.0.0.0/16", "2001:db8:1::/56"].map(|it| it.parse().expect("a network"));
    let found = investigated(
        &log(records),
        Asked {
            inside: inside.to_vec(),
            ..nobody
        },
    );
    assert_eq!(rows(&found.tables[0]), ["ACCEPT = 3 33 3300"]);
    assert_eq!(found.question.subject, ["10.0.0.0/16", "2001:db8:1::/56"]);
    assert!(found.warnings.is_empty(), "{:?}", found.warnings);
}

#[test]
fn lines_that_cannot_be_read_are_named_with_their_place() {
    let found = investigated(
        &format!("{}garbage\n", log(RECORDS)),
        asked(Analysis::TrafficSummary),
    );
    assert_eq!(
        found.warnings,
        ["1 malformed lines (field-count) are in no figure; the first: line 20."]
    );
}

#[test]
fn filters_times_and_limits_cut_what_is_shown_and_say_so() {
    let filter = "port = 443 and bytes >= 2kB";
    let found = investigated(
        &log(RECORDS),
        Asked {
            filter: Some((Expr::parse(filter).expect("a filter"), filter.to_owned())),
            from: Some(BEGIN),
            until: Some(BEGIN + 60),
            by: By::Bytes,
            limit: 1,
            ..asked(Analysis::TopExternal)
        },
    );
    let table = &found.tables[0];
    assert_eq!(
        rows(table),
        ["203.0.113.20 10.0.1.5 40001 ACCEPT = 1 90 90000"]
    );
    let rest = table.rest.expect("a rest");
    assert_eq!((rest.flows, rest.packets, rest.bytes), (1, 20, 2_000));
    assert_eq!(found.records["parsed"], 19);
    assert_eq!(found.records["left_out"], 17);
}

/// The four legs of one conversation, and what a scanner sends to the gateway.
const NAT: &str = "\
version interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status pkt-srcaddr pkt-dstaddr pkt-src-aws-service pkt-dst-aws-service
5 eni-0aa 10.0.1.5 10.0.0.220 40000 443 6 10 1000 1800000000 1800000060 ACCEPT OK 10.0.1.5 203.0.113.5 - S3
5 eni-0aa 10.0.0.220 203.0.113.5 40000 443 6 10 1000 1800000000 1800000060 ACCEPT OK 10.0.0.220 203.0.113.5 - S3
5 eni-0aa 203.0.113.5 10.0.0.220 443 40000 6 10 9000 1800000000 1800000060 ACCEPT OK 203.0.113.5 10.0.0.220 S3 -
5 eni-0aa 10.0.0.220 10.0.1.5 443 40000 6 10 9000 1800000000 1800000060 ACCEPT OK 203.0.113.5 10.0.1.5 S3 -
5 eni-0aa 192.0.2.9 10.0.0.220 555 3389 6 1 40 1800000060 1800000120 REJECT OK 192.0.2.9 10.0.0.220 - -
";

/// The workload's own interface, which sees the same bytes.
const OWN: &str = "\
5 eni-0bb 10.0.1.5 203.0.113.5 40000 443 6 10 1000 1800000000 1800000060 ACCEPT OK 10.0.1.5 203.0.113.5 - S3
5 eni-0bb 203.0.113.5 10.0.1.5 443 40000 6 10 9000 1800000000 1800000060 ACCEPT OK 203.0.113.5 10.0.1.5 S3 -
";

#[test]
fn every_byte_counts_once_on_a_nat_gateway() {
    let of = |text: &str, analysis| {
        let found = investigated(
            text,
            Asked {
                analyses: vec![analysis],
                ..Asked::default()
            },
        );
        (rows(&found.tables[0]), found.legs)
    };
    for text in [NAT.to_owned(), format!("{NAT}{OWN}")] {
        let (inbound, legs) = of(&text, Analysis::ExternalInbound);
        assert_eq!(
            inbound,
            [
                "203.0.113.5 ACCEPT S3 = 1 10 9000",
                "192.0.2.9 REJECT - = 1 1 40"
            ],
            "{legs}"
        );
        let (outbound, _) = of(&text, Analysis::ExternalOutbound);
        assert_eq!(outbound, ["203.0.113.5 ACCEPT S3 = 1 10 1000"]);
        assert!(legs.contains("eni-0aa (10.0.0.220)"), "{legs}");
        assert!(legs.contains("say the same again"), "{legs}");
    }
}

#[test]
fn without_packet_addresses_the_legs_are_chosen_by_what_is_investigated() {
    let plain = "\
version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status
2 123456789012 eni-0aa 10.0.1.5 10.0.0.220 40000 443 6 10 1000 1800000000 1800000060 ACCEPT OK
2 123456789012 eni-0aa 10.0.0.220 203.0.113.5 40000 443 6 10 1000 1800000000 1800000060 ACCEPT OK
2 123456789012 eni-0aa 203.0.113.5 10.0.0.220 443 40000 6 10 9000 1800000000 1800000060 ACCEPT OK
2 123456789012 eni-0aa 10.0.0.220 10.0.1.5 443 40000 6 10 9000 1800000000 1800000060 ACCEPT OK
";
    let all = investigated(
        plain,
        Asked {
            analyses: vec![Analysis::TopExternal],
            ..Asked::default()
        },
    );
    assert_eq!(
        rows(&all.tables[0]),
        [
            "203.0.113.5 10.0.0.220 40000 ACCEPT = 1 10 9000",
            "10.0.0.220 203.0.113.5 443 ACCEPT = 1 10 1000"
        ]
    );
    assert!(
        all.legs.contains("legs towards remote ends"),
        "{}",
        all.legs
    );
    let one = investigated(
        plain,
        Asked {
            analyses: vec![Analysis::TrafficSummary],
            subject: vec!["10.0.1.5/32".parse().expect("a network")],
            ..Asked::default()
        },
    );
    assert_eq!(rows(&one.tables[0]), ["6 ACCEPT = 2 20 10000"]);
}

#[test]
fn merged_in_any_order_it_is_the_same() {
    let lines = log(RECORDS);
    let asked = || Asked {
        analyses: Vec::new(),
        ..asked(Analysis::Rejected)
    };
    let whole = investigated(&lines, asked());
    let lines: Vec<&str> = lines.lines().collect();
    for parts in [2, 3, 7] {
        let inquiry = Inquiry::new(asked()).expect("an inquiry");
        let table = |part: usize| {
            let mut table = FlowTable::new();
            inquiry.watch(&mut table);
            let own = lines.iter().skip(part).step_by(parts);
            let text: Vec<&str> = own.copied().collect();
            table
                .push(text.join("\n").as_bytes())
                .and_then(|()| table.end_source())
                .expect("a flow log");
            table
        };
        let mut merged = table(parts - 1);
        (0..parts - 1)
            .rev()
            .for_each(|part| merged.merge(table(part)));
        assert_eq!(inquiry.answer(&mut merged), whole, "{parts}");
    }
}

#[test]
fn beyond_the_limit_of_flows_totals_stay_exact() {
    let mut records = String::new();
    for number in 0..3_000_u32 {
        let (peer, port) = (number % 250, 1_024 + number % 1_000);
        records += &format!("10.0.1.5 203.0.113.{peer} {port} 443 6 1 {number} 0 ACCEPT\n");
        records += &format!("203.0.113.{peer} 10.0.1.5 443 {port} 6 1 {number} 0 ACCEPT\n");
        records += &format!("10.0.1.5 10.0.3.3 {port} 22 6 1 10 0 ACCEPT\n");
    }
    let text = log(&records);
    let asked = |most| Asked {
        analyses: Vec::new(),
        most,
        ..asked(Analysis::Rejected)
    };
    let whole = investigated(&text, asked(0));
    let bounded = investigated(&text, asked(100));
    assert!(
        bounded
            .warnings
            .iter()
            .any(|it| it.contains("more than 100 flows"))
    );
    assert!(whole.warnings.is_empty(), "{:?}", whole.warnings);
    let total = |found: &Investigation, name: &str| {
        let tables = found.tables.iter().filter(|table| table.analysis == name);
        let totals: Vec<_> = tables.map(|table| table.total).collect();
        totals
    };
    for name in [
        "traffic-summary",
        "ssh-outbound",
        "external-inbound",
        "external-outbound",
        "external-summary",
        "top-external",
    ] {
        assert_eq!(total(&bounded, name), total(&whole, name), "{name}");
    }
}
