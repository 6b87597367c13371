//! Limits of the forms: what a mail may be, what `top` may change.

use crate::golden::plain_occasion;
use egress::{Facts, Rate, Report};
use flowlog::FlowTable;

/// A recording of one workload and many remote ends.
fn report(remotes: u32) -> Report {
    let mut table = FlowTable::new();
    let mut text = "srcaddr dstaddr pkt-srcaddr pkt-dstaddr bytes\n".to_owned();
    for remote in 0..remotes {
        let [_, b, c, d] = remote.to_be_bytes();
        text += &format!(
            "10.0.1.5 10.0.0.220 10.0.1.5 198.{b}.{c}.{d} {}\n",
            1_000 + remote
        );
    }
    table
        .push(text.as_bytes())
        .and_then(|()| table.end_source())
        .unwrap();
    egress::report(
        &table,
        &Facts::new("us-east-1", Rate::of_region("us-east-1").unwrap()),
    )
}

#[test]
fn a_mail_always_fits_and_says_when_it_was_cut() {
    let report = report(6_000);
    let mail = egress::mail::mail(&report, &plain_occasion(), 0);
    assert!(mail.body.len() <= egress::mail::MAX_BODY);
    assert!(
        mail.body
            .ends_with("The rest does not fit into a mail; the log group has everything.\n")
    );
    let short = egress::mail::mail(&report, &plain_occasion(), 20);
    assert!(short.body.contains("and 5980 more"), "{}", short.body);
}

#[test]
fn a_mail_is_72_columns_wide_and_its_subject_short() {
    let mut occasion = plain_occasion();
    let mail = egress::mail::mail(&report(30), &occasion, 20);
    for line in mail.body.lines() {
        assert!(line.chars().count() <= 72, "{line}");
    }
    occasion.gateway = "nat-\n".repeat(100);
    let mail = egress::mail::mail(&report(30), &occasion, 20);
    assert!(mail.subject.chars().count() < 100 && !mail.subject.contains('\n'));
}

#[test]
fn top_limits_lists_and_changes_no_total() {
    let report = report(50);
    let (all, few) = (
        egress::json::value(&report, 0),
        egress::json::value(&report, 3),
    );
    assert_eq!(all["destinations"].as_array().unwrap().len(), 50);
    assert_eq!(few["destinations"].as_array().unwrap().len(), 3);
    for part in ["bytes", "cost", "records", "window"] {
        assert_eq!(all[part], few[part], "{part}");
    }
}

#[test]
fn equal_bytes_are_sorted_by_address() {
    let mut table = FlowTable::new();
    let text = "srcaddr dstaddr pkt-srcaddr pkt-dstaddr bytes\n\
                10.0.1.9 10.0.0.220 10.0.1.9 203.0.113.5 5\n\
                10.0.1.10 10.0.0.220 10.0.1.10 203.0.113.5 5\n\
                10.0.1.1 10.0.0.220 10.0.1.1 203.0.113.5 5\n";
    table
        .push(text.as_bytes())
        .and_then(|()| table.end_source())
        .unwrap();
    let facts = Facts::new("us-east-1", Rate::of_region("us-east-1").unwrap());
    let report = egress::report(&table, &facts);
    let order: Vec<String> = report
        .sources
        .iter()
        .map(|row| row.address.to_string())
        .collect();
    assert_eq!(order, ["10.0.1.1", "10.0.1.10", "10.0.1.9"]);
}

#[test]
fn what_is_beyond_the_limit_of_keys_is_the_row_other() {
    let mut table = FlowTable::new();
    table.limit_keys(64);
    let mut text = "srcaddr dstaddr pkt-srcaddr pkt-dstaddr bytes\n".to_owned();
    for remote in 0..2_000u32 {
        let (c, d) = (remote / 200, remote % 200);
        text += &format!("10.0.1.5 10.0.0.220 10.0.1.5 198.51.{c}.{d} 3\n");
    }
    table
        .push(text.as_bytes())
        .and_then(|()| table.end_source())
        .unwrap();
    let facts = Facts::new("us-east-1", Rate::of_region("us-east-1").unwrap());
    let report = egress::report(&table, &facts);
    let json = egress::json::value(&report, 0);
    assert_eq!(json["bytes"]["processed"], 6_000);
    assert_eq!(json["sources"][0]["bytes"], 6_000, "{json:#}");
    assert_eq!(json["destinations"][0]["address"], "other");
    let all: u64 = json["destinations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["bytes"].as_u64().unwrap())
        .sum();
    assert_eq!(all, 6_000);
    assert!(json["warnings"].to_string().contains("--max-keys"));
}

#[test]
fn every_leg_is_whole_under_the_smallest_limit_in_any_order() {
    let part = |remote: usize| {
        let mut table = FlowTable::new();
        let (workload, nat) = (format!("10.0.1.{}", remote % 9), "10.0.0.220");
        let far = format!("203.0.113.{remote}");
        let text = format!(
            "srcaddr dstaddr pkt-srcaddr pkt-dstaddr bytes\n\
             {workload} {nat} {workload} {far} 10\n\
             {nat} {far} {nat} {far} 11\n\
             {far} {nat} {far} {nat} 12\n\
             {nat} {workload} {far} {workload} 13\n"
        );
        table
            .push(text.as_bytes())
            .and_then(|()| table.end_source())
            .unwrap();
        table
    };
    let mut facts = Facts::new("us-east-1", Rate::of_region("us-east-1").unwrap());
    facts.nat_addresses = vec!["10.0.0.220".parse().unwrap()];
    for limit in [1, 2, 3, 10] {
        for first in 0..12 {
            let mut table = FlowTable::new();
            table.limit_keys(limit);
            for remote in 0..12 {
                table.merge(part((first + remote * 5) % 12));
            }
            let bytes = egress::report(&table, &facts).bytes;
            let legs = [
                bytes.in_from_source,
                bytes.out_to_destination,
                bytes.in_from_destination,
                bytes.out_to_source,
                bytes.other,
            ];
            assert_eq!(legs, [120, 132, 144, 156, 0], "{limit} from {first}");
        }
    }
}
