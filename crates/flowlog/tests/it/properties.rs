//! What must not matter: where chunks end, how sources are spread over tables.

use super::{summary, table};
use flowlog::FlowTable;
use proptest::prelude::*;

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => (0u8..4, 0u8..4).prop_map(|(a, b)| format!("10.0.{a}.{b}")),
        1 => Just("2001:db8::7".to_owned()),
        1 => Just("-".to_owned()),
        1 => "[ -~]{0,6}",
    ]
}

fn line() -> impl Strategy<Value = String> {
    let record = (word(), word(), any::<u32>(), 0u32..1000, prop::bool::ANY).prop_map(
        |(src, dst, bytes, at, accept)| {
            let action = if accept { "ACCEPT" } else { "REJECT" };
            let (start, end) = (1_700_000_000 + at, 1_700_000_060 + at);
            format!(
                "2 123456789012 eni-{} {src} {dst} 1 443 6 1 {bytes} {start} {end} {action} OK",
                at % 3
            )
        },
    );
    prop_oneof![
        12 => record,
        1 => Just("2 123456789012 eni-0 - - - - - - - 1700000000 1700000060 - NODATA".to_owned()),
        1 => Just(String::new()),
        1 => Just("srcaddr dstaddr bytes".to_owned()),
        1 => "[ -~]{0,40}",
    ]
}

/// Begins with a header, so that even a text of strange lines is a flow log.
pub(super) fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(line(), 0..40).prop_map(|lines| {
        let header = "version account-id interface-id srcaddr dstaddr srcport dstport protocol \
                      packets bytes start end action log-status\n";
        header.to_owned() + &lines.join("\n")
    })
}

proptest! {
    #[test]
    fn where_chunks_end_does_not_matter(text in text(), cuts in prop::collection::vec(0usize..4000, 0..20)) {
        let whole = table(&text);
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
        cuts.sort_unstable();
        cuts.push(text.len());
        let mut pieces = FlowTable::new();
        pieces.begin_source("test.log");
        let mut from = 0;
        let mut result = Ok(());
        for to in cuts {
            result = result.and_then(|()| pieces.push(&text.as_bytes()[from..to]));
            from = to;
        }
        result = result.and_then(|()| pieces.end_source());
        match (whole, result) {
            (Ok(whole), Ok(())) => prop_assert_eq!(summary(&whole), summary(&pieces)),
            (Err(whole), Err(pieces)) => prop_assert_eq!(whole, pieces),
            (whole, pieces) => prop_assert!(false, "{:?} {pieces:?}", whole.map(|_| ())),
        }
    }

    #[test]
    fn merge_order_does_not_matter(texts in prop::collection::vec(text(), 1..5), rotate in 0usize..5) {
        let tables: Vec<FlowTable> = texts.iter().filter_map(|text| table(text).ok()).collect();
        let merged = |order: Vec<FlowTable>| {
            let mut all = FlowTable::new();
            order.into_iter().for_each(|table| all.merge(table));
            summary(&all)
        };
        let mut rotated = tables.clone();
        if !rotated.is_empty() {
            let by = rotate % rotated.len();
            rotated.rotate_left(by);
        }
        prop_assert_eq!(merged(tables), merged(rotated));
    }

    #[test]
    fn one_table_over_all_sources_equals_the_merge(texts in prop::collection::vec(text(), 1..5)) {
        let (mut merged, mut one) = (FlowTable::new(), FlowTable::new());
        for text in texts {
            let Ok(table) = table(&text) else { continue };
            merged.merge(table);
            one.begin_source("test.log");
            prop_assert!(one.push(text.as_bytes()).and_then(|()| one.end_source()).is_ok());
        }
        prop_assert_eq!(summary(&merged), summary(&one));
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let mut table = FlowTable::new();
        let _ = table.push(&bytes).and_then(|()| table.end_source());
        let counts = table.counts();
        prop_assert_eq!(counts.read, counts.parsed + counts.nodata + counts.skipdata + counts.malformed());
    }
}
