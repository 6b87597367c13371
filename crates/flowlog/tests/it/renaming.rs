//! Tables with other names: what stays, what changes, and the one order.

use super::properties::text;
use super::{summary, table};
use flowlog::{FlowTable, Renaming};
use proptest::prelude::*;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Turns the order of almost all addresses round; twice is nothing.
fn renamed(table: &FlowTable, flip: u32) -> FlowTable {
    let turn = |name: &str| name.chars().rev().collect::<String>();
    table.renamed(&mut Renaming {
        v4: &mut |v4| Ipv4Addr::from(u32::from(v4) ^ flip),
        v6: &mut |v6| Ipv6Addr::from(u128::from(v6) ^ u128::from(flip)),
        interface: &mut |name| turn(name),
        source: &mut |name| turn(name),
    })
}

fn bytes(table: &FlowTable) -> Vec<u128> {
    let mut bytes: Vec<u128> = table.flows().map(|flow| flow.sum.bytes).collect();
    bytes.sort_unstable();
    bytes
}

const SAMPLE: &str = "interface-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr pkt-dst-aws-service bytes start end action
eni-a 10.0.1.5 10.0.0.220 10.0.1.5 203.0.113.5 S3 10 1700000000 1700000060 ACCEPT
eni-a 10.0.0.220 10.0.1.5 203.0.113.5 10.0.1.5 - 90 1700000000 1700000060 ACCEPT
eni-b 2001:db8::5 10.0.0.220 - - - 7 1700000000 1700000060 REJECT
eni-b 10.0.1.555 10.0.0.220 - - - 7 1700000000 1700000060 REJECT
";

#[test]
fn every_name_is_another_one_and_every_figure_the_same() {
    let table = table(SAMPLE).expect("a flow log");
    let other = renamed(&table, 0xff);
    assert_eq!(bytes(&other), bytes(&table));
    assert_eq!(other.window(), table.window());
    assert_eq!(other.counts().read, 4);
    let said = summary(&other).join("\n");
    for kept in [
        "10.0.1.250",
        "203.0.113.250",
        "10.0.0.35",
        "2001:db8::fa",
        "a-ine",
        "S3",
    ] {
        assert!(said.contains(kept), "{kept}: {said}");
    }
    for gone in ["10.0.1.5,", "203.0.113.5,", "eni-", "test.log"] {
        assert!(!said.contains(gone), "{gone}: {said}");
    }
}

proptest! {
    #[test]
    fn there_and_back_is_the_same_table(text in text(), more in text(), flip: u32) {
        let (Ok(mut table), Ok(more)) = (table(&text), table(&more)) else {
            return Ok(());
        };
        table.merge(more);
        let there = renamed(&table, flip);
        prop_assert_eq!(bytes(&there), bytes(&table));
        prop_assert_eq!(there.window(), table.window());
        let back = renamed(&there, flip);
        prop_assert_eq!(summary(&back), summary(&table));
        prop_assert_eq!(back.encode(), table.canonical().encode());
    }

    #[test]
    fn bytes_in_the_one_order_are_those_of_the_content(texts in prop::collection::vec(text(), 1..5)) {
        let tables: Vec<FlowTable> = texts.iter().filter_map(|text| table(text).ok()).collect();
        let merged = |order: Vec<FlowTable>| {
            let mut all = FlowTable::new();
            order.into_iter().for_each(|table| all.merge(table));
            all.canonical()
        };
        let mut turned = tables.clone();
        turned.reverse();
        let (one, other) = (merged(tables), merged(turned));
        prop_assert_eq!(one.encode(), other.encode());
        let decoded = FlowTable::decode(&one.encode()).expect("own bytes");
        prop_assert_eq!(summary(&decoded), summary(&other));
    }
}

/// Tables of IPv4 and of IPv6 merge to the same bytes in either order.
#[test]
fn times_are_in_the_one_order_too() {
    let header = "interface-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr bytes start end\n";
    let v4 = "eni-1 10.0.1.5 10.0.0.220 10.0.1.5 203.0.113.5 10 1700000000 1700000060\n\
              eni-1 10.0.0.220 203.0.113.5 10.0.0.220 203.0.113.5 10 1700000000 1700000060\n\
              eni-1 203.0.113.5 10.0.0.220 203.0.113.5 10.0.0.220 7 1700000000 1700000060\n\
              eni-1 203.0.113.5 10.0.1.5 203.0.113.5 10.0.1.5 7 1700000060 1700000120\n";
    let v6 = "eni-2 2001:db8::5 10.0.0.220 2001:db8::5 64:ff9b::cb00:7105 3 1700000000 1700000060\n\
              eni-2 10.0.0.220 203.0.113.5 10.0.0.220 203.0.113.5 3 1700000000 1700000060\n\
              eni-2 203.0.113.5 10.0.0.220 203.0.113.5 10.0.0.220 4 1700000060 1700000120\n\
              eni-2 64:ff9b::cb00:7105 2001:db8::5 203.0.113.5 2001:db8::5 4 1700000060 1700000120\n";
    let [v4, v6] = [v4, v6].map(|text| table(&(header.to_owned() + text)).unwrap());
    let merged = |first: &FlowTable, second: &FlowTable| {
        let mut all = first.clone();
        all.merge(second.clone());
        all.canonical().encode()
    };
    assert_eq!(merged(&v4, &v6), merged(&v6, &v4));
}
