//! The layouts that exist in the wild, recognised from a line without a header.
//!
//! The same number of fields is not recognition: the AWS default and the
//! fourteen fields of the earlier recorder differ in content, so every column
//! of a line must hold a value that its field can have.
//!
//! **Invariants.** A line is recognised only where exactly one layout fits it.

use crate::{Field, Layout};
use std::net::IpAddr;
use std::sync::LazyLock;

/// A layout that can be recognised without a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KnownLayout {
    /// The fourteen fields of AWS's default format (version 2).
    AwsDefault,
    /// The fourteen fields of doitintl/vpc-flowlogs-recorder.
    Recorder,
    /// The fifteen fields of sam-fakhreddine/investiGATOR.
    Investigator,
    /// The same with log-status.
    InvestigatorStatus,
    /// The same fifteen with the AWS services of both ends.
    InvestigatorServices,
    /// The eighteen fields of axelmarciano/vpc-flowlogs-egress-analyzer.
    EgressAnalyzer,
    /// The fields that natspike records.
    Natspike,
}

/// The LogFormat that natspike records with, as CreateFlowLogs takes it.
///
/// Every field serves the report: both ends before and after translation,
/// what they are at AWS, how much, when, on which interface or regional
/// gateway, and whether the record is whole. Vended logs are billed by the
/// byte, so nothing else is in it.
pub const NATSPIKE_LOG_FORMAT: &str = "${version} ${interface-id} ${resource-id} ${srcaddr} \
    ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${action} \
    ${log-status} ${pkt-srcaddr} ${pkt-dstaddr} ${pkt-src-aws-service} ${pkt-dst-aws-service} \
    ${flow-direction} ${traffic-path} ${tcp-flags}";

const DEFAULT: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol \
    packets bytes start end action log-status";
/// What follows the default in the egress analyzer's.
const ANALYZER: &str = "pkt-srcaddr pkt-dstaddr pkt-src-aws-service pkt-dst-aws-service";
const RECORDER: &str = "action flow-direction traffic-path srcaddr srcport dstaddr dstport \
    protocol bytes type pkt-srcaddr pkt-src-aws-service pkt-dstaddr pkt-dst-aws-service";
const INVESTIGATOR: &str = "version account-id interface-id srcaddr dstaddr pkt-srcaddr \
    pkt-dstaddr srcport dstport protocol packets bytes start end action";
const SERVICES: &str = "pkt-src-aws-service pkt-dst-aws-service";

impl KnownLayout {
    /// Every layout that can be recognised.
    pub const ALL: [KnownLayout; 7] = [
        KnownLayout::AwsDefault,
        KnownLayout::Recorder,
        KnownLayout::Investigator,
        KnownLayout::InvestigatorStatus,
        KnownLayout::InvestigatorServices,
        KnownLayout::EgressAnalyzer,
        KnownLayout::Natspike,
    ];

    /// A short name for messages.
    pub fn name(self) -> &'static str {
        match self {
            KnownLayout::AwsDefault => "AWS default",
            KnownLayout::Recorder => "vpc-flowlogs-recorder",
            KnownLayout::Investigator => "investiGATOR",
            KnownLayout::InvestigatorStatus => "investiGATOR with log-status",
            KnownLayout::InvestigatorServices => "investiGATOR with AWS services",
            KnownLayout::EgressAnalyzer => "vpc-flowlogs-egress-analyzer",
            KnownLayout::Natspike => "natspike",
        }
    }

    /// The columns.
    pub fn layout(self) -> Layout {
        Layout::from_fields(self.fields())
    }

    fn fields(self) -> &'static [Field] {
        static FIELDS: LazyLock<Vec<Vec<Field>>> = LazyLock::new(|| {
            let fields = |layout: KnownLayout| layout.names().flat_map(field).collect();
            KnownLayout::ALL.map(fields).into()
        });
        let place = KnownLayout::ALL.iter().position(|it| *it == self);
        place.map_or(&[], |place| &FIELDS[place])
    }

    /// The names of its fields, in order.
    fn names(self) -> impl Iterator<Item = &'static str> {
        let (first, more) = match self {
            KnownLayout::AwsDefault => (DEFAULT, ""),
            KnownLayout::Recorder => (RECORDER, ""),
            KnownLayout::Investigator => (INVESTIGATOR, ""),
            KnownLayout::InvestigatorStatus => (INVESTIGATOR, "log-status"),
            KnownLayout::InvestigatorServices => (INVESTIGATOR, SERVICES),
            KnownLayout::EgressAnalyzer => (DEFAULT, ANALYZER),
            KnownLayout::Natspike => (NATSPIKE_LOG_FORMAT, ""),
        };
        first.split_whitespace().chain(more.split_whitespace())
    }

    /// The one known layout that fits the line, if there is exactly one.
    pub fn recognise(line: &[u8]) -> Option<KnownLayout> {
        let words: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
        let mut fitting = KnownLayout::ALL.into_iter().filter(|known| {
            let fields = known.fields();
            fields.len() == words.len()
                && fields
                    .iter()
                    .zip(&words)
                    .all(|(field, word)| fits(*field, word))
        });
        match (fitting.next(), fitting.next()) {
            (Some(one), None) => Some(one),
            _ => None,
        }
    }
}

/// The field of that name, as it stands in a LogFormat or without its frame.
fn field(name: &str) -> Option<Field> {
    let name = name.trim_start_matches("${").trim_end_matches('}');
    Field::from_name(name.as_bytes())
}

/// Whether the word is a value that the field can have.
fn fits(field: Field, word: &[u8]) -> bool {
    let one_of = |words: &[&[u8]]| words.contains(&word);
    match field {
        Field::Version => word.len() <= 2 && is_number(word),
        Field::LogStatus => one_of(&[b"OK", b"NODATA", b"SKIPDATA"]),
        _ if word == b"-" => true,
        Field::AccountId => (word.len() == 12 && is_number(word)) || word == b"unknown",
        Field::InterfaceId => word.starts_with(b"eni-"),
        Field::Srcaddr | Field::Dstaddr | Field::PktSrcaddr | Field::PktDstaddr => {
            std::str::from_utf8(word).is_ok_and(|text| text.parse::<IpAddr>().is_ok())
        }
        Field::Srcport | Field::Dstport => is_number(word) && word.len() <= 5,
        Field::Protocol | Field::TcpFlags => is_number(word) && word.len() <= 3,
        Field::TrafficPath => is_number(word) && word.len() == 1,
        Field::Packets | Field::Bytes | Field::Start | Field::End => is_number(word),
        Field::Action => one_of(&[b"ACCEPT", b"REJECT"]),
        Field::Type => one_of(&[b"IPv4", b"IPv6", b"EFA"]),
        Field::FlowDirection => one_of(&[b"ingress", b"egress"]),
        Field::PktSrcAwsService | Field::PktDstAwsService => {
            word.first().is_some_and(u8::is_ascii_uppercase)
                && word
                    .iter()
                    .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_')
        }
        _ => !word.is_empty(),
    }
}

fn is_number(word: &[u8]) -> bool {
    !word.is_empty() && word.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::{KnownLayout, NATSPIKE_LOG_FORMAT};
    use crate::Layout;

    #[test]
    fn recognises_each_layout_by_content() {
        let cases = [
            (
                "2 123456789012 eni-1 10.0.1.5 203.0.113.5 1 443 6 1 40 1700000000 1700000060 ACCEPT OK",
                Some(KnownLayout::AwsDefault),
            ),
            (
                "2 unknown eni-1 - - - - - - - 1700000000 1700000060 - NODATA",
                Some(KnownLayout::AwsDefault),
            ),
            (
                "ACCEPT ingress - 10.0.1.5 40000 10.0.0.220 443 6 40 IPv4 10.0.1.5 - 203.0.113.5 S3",
                Some(KnownLayout::Recorder),
            ),
            (
                "5 123456789012 eni-1 10.0.1.5 10.0.0.220 1 443 6 1 40 1700000000 1700000060 ACCEPT OK 10.0.1.5 203.0.113.5 - S3",
                Some(KnownLayout::EgressAnalyzer),
            ),
            (
                "9 eni-1 - 10.0.1.5 10.0.0.220 1 443 6 1 40 1700000000 1700000060 ACCEPT OK 10.0.1.5 203.0.113.5 - S3 ingress - 3",
                Some(KnownLayout::Natspike),
            ),
            (
                "2 123456789012 eni-1 10.0.1.5 203.0.113.5 10.0.1.5 203.0.113.5 40000 443 6 1 40 1700000000 1700000060 ACCEPT",
                Some(KnownLayout::Investigator),
            ),
            (
                "2 123456789012 eni-1 10.0.1.5 203.0.113.5 10.0.1.5 203.0.113.5 40000 443 6 1 40 1700000000 1700000060 ACCEPT OK",
                Some(KnownLayout::InvestigatorStatus),
            ),
            (
                "2 123456789012 eni-1 10.0.1.5 203.0.113.5 10.0.1.5 203.0.113.5 40000 443 6 1 40 1700000000 1700000060 ACCEPT - S3",
                Some(KnownLayout::InvestigatorServices),
            ),
            // NODATA of the one layout that has neither version nor log-status.
            ("- - - - - - - - - - - - - -", Some(KnownLayout::Recorder)),
            ("- - - - -", None),
            ("a b c d e f g h i j k l m n", None),
            ("", None),
        ];
        for (line, expected) in cases {
            assert_eq!(KnownLayout::recognise(line.as_bytes()), expected, "{line}");
        }
    }

    #[test]
    fn every_name_of_a_layout_is_a_field() {
        for (layout, fields) in KnownLayout::ALL.iter().zip([14, 14, 15, 16, 17, 18, 21]) {
            assert_eq!(layout.names().count(), fields, "{}", layout.name());
            assert_eq!(layout.fields().len(), fields, "{}", layout.name());
        }
    }

    #[test]
    fn our_log_format_is_the_layout_that_is_recognised() {
        assert_eq!(
            Layout::from_log_format(NATSPIKE_LOG_FORMAT),
            Ok(KnownLayout::Natspike.layout())
        );
    }
}
