//! Tables as bytes: what comes back, what is refused, and when the version of
//! the form must change.

use super::properties::text;
use super::{summary, table};
use flowlog::{FlowTable, PARTIAL_VERSION, PartialError};
use proptest::prelude::*;

/// Every form of a line: families, packets, services, rejects, strange ones.
const SAMPLE: &str = "interface-id resource-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr pkt-src-aws-service pkt-dst-aws-service bytes start end action log-status
eni-a - 10.0.1.5 10.0.0.220 10.0.1.5 203.0.113.5 - S3 18446744073709551 1700000000 1700000060 ACCEPT OK
eni-a - 10.0.0.220 10.0.1.5 203.0.113.5 10.0.1.5 S3 - 7 1700000060 1700000120 ACCEPT OK
eni-a - 10.0.0.220 203.0.113.5 10.0.0.220 203.0.113.5 - S3 0 1700000060 1700000120 ACCEPT OK
- nat-r 2001:db8::5 64:ff9b::cb00:7105 2001:db8::5 64:ff9b::cb00:7105 - AMAZON 12 1700000060 1700000120 ACCEPT OK
- nat-r 10.0.1.5 64:ff9b::cb00:7105 - - - - 13 1700000060 1700000120 REJECT OK
eni-b - - - - - - - - 1700000000 1700000600 - NODATA
eni-b - - - - - - - - 1700000000 1700000600 - SKIPDATA
eni-b - 10.0.1.5 10.0.1.6 - - - - many 1700000000 1700000600 ACCEPT OK
eni-b - 10.0.1.5 10.0.1.6 - - - - 5 1700000000 1700000600 PERHAPS OK
eni-b - 10.0.1.5 10.0.1.6 - - - - 5 1700000000 1700000600 ACCEPT MAYBE
eni-b - 10.0.1.5 - - - - - 5 1700000000 1700000600 ACCEPT OK
eni-b - 10.0.1.555 10.0.1.6 - - - - 5 1700000000 1700000600 ACCEPT OK
eni-b short
";

/// The bytes with a checksum that is theirs again.
fn checked(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.truncate(bytes.len().saturating_sub(4));
    let check = crc32fast::hash(&bytes);
    bytes.extend(check.to_le_bytes());
    bytes
}

/// The version is that of what the engine makes of a text: where this fails,
/// raise PARTIAL_VERSION and note the new number, so that nothing that was
/// kept before is taken for what would be read today.
#[test]
fn bytes_of_the_same_text_change_with_the_version_only() {
    let bytes = table(SAMPLE).expect("a flow log").encode();
    // Without the checksum: with its own, everything has the same one.
    let content = &bytes[..bytes.len() - 4];
    assert_eq!(
        (PARTIAL_VERSION, crc32fast::hash(content)),
        (2, 1_098_314_110)
    );
}

#[test]
fn what_is_no_table_is_refused() {
    let bytes = table(SAMPLE).expect("a flow log").encode();
    let mut newer = bytes.clone();
    newer[4] += 1;
    let damaged = PartialError::Damaged;
    for (bytes, expected) in [
        (Vec::new(), damaged),
        (b"NSPT".to_vec(), damaged),
        (SAMPLE.into(), damaged),
        (bytes[..bytes.len() - 1].to_vec(), damaged),
        ([&bytes[..], &[0]].concat(), damaged),
        (newer, PartialError::OtherVersion(PARTIAL_VERSION + 1)),
    ] {
        assert_eq!(FlowTable::decode(&bytes).err(), Some(expected));
    }
    assert!(FlowTable::decode(&bytes).is_ok());
}

#[test]
fn no_byte_can_be_changed_without_notice() {
    let bytes = table(SAMPLE).expect("a flow log").encode();
    for place in 0..bytes.len() {
        let mut other = bytes.clone();
        other[place] ^= 0x40;
        assert!(FlowTable::decode(&other).is_err(), "byte {place}");
    }
}

proptest! {
    #[test]
    fn a_table_comes_back_as_it_was(text in text(), more in text()) {
        let (Ok(mut table), Ok(more)) = (table(&text), table(&more)) else {
            return Ok(());
        };
        table.merge(more);
        let bytes = table.encode();
        let decoded = FlowTable::decode(&bytes).expect("own bytes");
        prop_assert_eq!(summary(&decoded), summary(&table));
        prop_assert_eq!(decoded.encode(), bytes);
    }

    /// Also where the checksum was made to fit.
    #[test]
    fn strange_bytes_are_refused_or_read_but_never_panic(
        text in text(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let Ok(table) = table(&text) else {
            return Ok(());
        };
        let mut bytes = table.encode();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(decoded) = FlowTable::decode(&checked(bytes)) {
            let flows = decoded.flows().count();
            prop_assert!(flows <= 1_000, "{flows}");
        }
    }
}
