//! Log formats: which fields a line has, in which order, and how each is
//! written.
//!
//! The fields are those of versions 2 to 11 in
//! [Flow log records](https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html).
//!
//! **Invariants**: written apart from the parser under test, on purpose: this
//! crate is its oracle and shares no code with it.

use crate::record::{Capture, Damage, Direction, Line, Record};
use std::fmt;
use std::io::Write;

/// Why a log format cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// A word is not of the form `${field}`.
    #[error(
        "read the log format: `{0}` is neither a layout (default-14, recorder-14, egress-18, natspike) nor of the form ${{field}}"
    )]
    NotAField(String),
    /// No field has this name.
    #[error("read the log format: no field of versions 2 to 11 is called `{0}`")]
    UnknownField(String),
    /// The field stands there twice.
    #[error("read the log format: the field `{0}` occurs twice")]
    Duplicate(String),
    /// Nothing stands there.
    #[error("read the log format: it has no field")]
    Empty,
}

/// An ordered list of fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    columns: Vec<Column>,
    version: u8,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Column {
    name: &'static str,
    field: Field,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Version,
    AccountId,
    InterfaceId,
    SrcAddr,
    DstAddr,
    SrcPort,
    DstPort,
    Protocol,
    Packets,
    Bytes,
    Start,
    End,
    Action,
    LogStatus,
    VpcId,
    SubnetId,
    InstanceId,
    TcpFlags,
    Type,
    PktSrcAddr,
    PktDstAddr,
    Region,
    AzId,
    PktSrcService,
    PktDstService,
    FlowDirection,
    TrafficPath,
    ResourceId,
    EncryptionStatus,
    InterfaceType,
    NextHopInterfaceId,
    NextHopSubnetId,
    NextHopAzId,
    NextHopVpcId,
    NextHopInterfaceType,
    /// Always `-` in NAT traffic: containers, tags, sublocations, reject reasons.
    Inapplicable,
}

/// Name, version and meaning of every field.
const FIELDS: [(&str, u8, Field); 54] = [
    ("version", 2, Field::Version),
    ("account-id", 2, Field::AccountId),
    ("interface-id", 2, Field::InterfaceId),
    ("srcaddr", 2, Field::SrcAddr),
    ("dstaddr", 2, Field::DstAddr),
    ("srcport", 2, Field::SrcPort),
    ("dstport", 2, Field::DstPort),
    ("protocol", 2, Field::Protocol),
    ("packets", 2, Field::Packets),
    ("bytes", 2, Field::Bytes),
    ("start", 2, Field::Start),
    ("end", 2, Field::End),
    ("action", 2, Field::Action),
    ("log-status", 2, Field::LogStatus),
    ("vpc-id", 3, Field::VpcId),
    ("subnet-id", 3, Field::SubnetId),
    ("instance-id", 3, Field::InstanceId),
    ("tcp-flags", 3, Field::TcpFlags),
    ("type", 3, Field::Type),
    ("pkt-srcaddr", 3, Field::PktSrcAddr),
    ("pkt-dstaddr", 3, Field::PktDstAddr),
    ("region", 4, Field::Region),
    ("az-id", 4, Field::AzId),
    ("sublocation-type", 4, Field::Inapplicable),
    ("sublocation-id", 4, Field::Inapplicable),
    ("pkt-src-aws-service", 5, Field::PktSrcService),
    ("pkt-dst-aws-service", 5, Field::PktDstService),
    ("flow-direction", 5, Field::FlowDirection),
    ("traffic-path", 5, Field::TrafficPath),
    ("ecs-cluster-arn", 7, Field::Inapplicable),
    ("ecs-cluster-name", 7, Field::Inapplicable),
    ("ecs-container-instance-arn", 7, Field::Inapplicable),
    ("ecs-container-instance-id", 7, Field::Inapplicable),
    ("ecs-container-id", 7, Field::Inapplicable),
    ("ecs-second-container-id", 7, Field::Inapplicable),
    ("ecs-service-name", 7, Field::Inapplicable),
    ("ecs-task-definition-arn", 7, Field::Inapplicable),
    ("ecs-task-arn", 7, Field::Inapplicable),
    ("ecs-task-id", 7, Field::Inapplicable),
    ("reject-reason", 8, Field::Inapplicable),
    ("resource-id", 9, Field::ResourceId),
    ("encryption-status", 10, Field::EncryptionStatus),
    ("instance-tag", 11, Field::Inapplicable),
    ("instance-tag-2", 11, Field::Inapplicable),
    ("interface-tag", 11, Field::Inapplicable),
    ("interface-tag-2", 11, Field::Inapplicable),
    ("asg-tag", 11, Field::Inapplicable),
    ("asg-tag-2", 11, Field::Inapplicable),
    ("interface-type", 11, Field::InterfaceType),
    ("next-hop-interface-id", 11, Field::NextHopInterfaceId),
    ("next-hop-subnet-id", 11, Field::NextHopSubnetId),
    ("next-hop-az-id", 11, Field::NextHopAzId),
    ("next-hop-vpc-id", 11, Field::NextHopVpcId),
    ("next-hop-interface-type", 11, Field::NextHopInterfaceType),
];

/// The VPC of every scenario.
const VPC: &str = "vpc-0a1b2c3d4e5f60718";

impl Layout {
    /// The layouts with a name, and their log formats.
    pub const NAMED: [(&'static str, &'static str); 4] = [
        (
            "default-14",
            "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}",
        ),
        (
            "recorder-14",
            "${action} ${flow-direction} ${traffic-path} ${srcaddr} ${srcport} ${dstaddr} ${dstport} ${protocol} ${bytes} ${type} ${pkt-srcaddr} ${pkt-src-aws-service} ${pkt-dstaddr} ${pkt-dst-aws-service}",
        ),
        (
            "egress-18",
            "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status} ${pkt-srcaddr} ${pkt-dstaddr} ${pkt-src-aws-service} ${pkt-dst-aws-service}",
        ),
        (
            "natspike",
            "${version} ${interface-id} ${resource-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status} ${pkt-srcaddr} ${pkt-dstaddr} ${pkt-src-aws-service} ${pkt-dst-aws-service} ${flow-direction} ${traffic-path} ${tcp-flags}",
        ),
    ];

    /// Reads a layout's name, or a log format such as `${srcaddr} ${bytes}`.
    ///
    /// # Errors
    /// Unknown layouts and fields, a field that occurs twice, no field at all.
    pub fn parse(text: &str) -> Result<Layout, LayoutError> {
        let named = Self::NAMED.iter().find(|(name, _)| *name == text.trim());
        let format = named.map_or(text, |(_, format)| format);
        let mut columns: Vec<Column> = Vec::new();
        let mut version = 2;
        for word in format.split_whitespace() {
            let name = word
                .strip_prefix("${")
                .and_then(|rest| rest.strip_suffix('}'))
                .ok_or_else(|| LayoutError::NotAField(word.into()))?;
            let (name, since, field) = FIELDS
                .into_iter()
                .find(|(known, ..)| *known == name)
                .ok_or_else(|| LayoutError::UnknownField(name.into()))?;
            if columns.iter().any(|column| column.name == name) {
                return Err(LayoutError::Duplicate(name.into()));
            }
            version = version.max(since);
            columns.push(Column { name, field });
        }
        if columns.is_empty() {
            return Err(LayoutError::Empty);
        }
        Ok(Layout { columns, version })
    }

    /// The header line of a file in Amazon S3, without the line's end.
    pub fn header(&self) -> String {
        self.columns
            .iter()
            .map(|column| column.name)
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Whether lines have the field of this name.
    pub fn has(&self, name: &str) -> bool {
        self.columns.iter().any(|column| column.name == name)
    }

    /// Whether lines show the addresses in the packets themselves, so that a
    /// billed record knows both the workload and the remote.
    pub fn knows_packet_addresses(&self) -> bool {
        self.has("pkt-srcaddr") && self.has("pkt-dstaddr")
    }

    /// Whether lines show the AWS services of both ends.
    pub fn knows_services(&self) -> bool {
        self.has("pkt-src-aws-service") && self.has("pkt-dst-aws-service")
    }

    /// Whether lines say when they were recorded.
    pub fn knows_times(&self) -> bool {
        self.has("start") && self.has("end")
    }

    /// Whether lines tell NODATA from SKIPDATA.
    pub fn knows_log_status(&self) -> bool {
        self.has("log-status")
    }

    /// Writes a line without its end.
    pub(crate) fn write(&self, line: &Line<'_>, place: &Place<'_>, out: &mut Vec<u8>) {
        match line {
            Line::Record(record) => self.write_fields(out, |field, out| {
                self.record_field(record, place, field, out)
            }),
            Line::NoData { at, start, end } => {
                self.write_empty(at, (*start, *end), "NODATA", place, out)
            }
            Line::SkipData { at, start, end } => {
                self.write_empty(at, (*start, *end), "SKIPDATA", place, out)
            }
            Line::Malformed { damage, of } => self.write_damaged(*damage, of, place, out),
        }
    }

    fn write_fields(&self, out: &mut Vec<u8>, mut write: impl FnMut(Field, &mut Vec<u8>)) {
        for (index, column) in self.columns.iter().enumerate() {
            if index > 0 {
                out.push(b' ');
            }
            write(column.field, out);
        }
    }

    fn write_empty(
        &self,
        at: &Capture,
        (start, end): (u64, u64),
        status: &str,
        place: &Place<'_>,
        out: &mut Vec<u8>,
    ) {
        self.write_fields(out, |field, out| match field {
            Field::Version => put(out, format_args!("{}", self.version)),
            Field::AccountId => put(out, format_args!("{}", place.account)),
            Field::InterfaceId => put(out, format_args!("{}", at.interface)),
            Field::ResourceId => put(out, format_args!("{}", at.resource)),
            Field::Start => put(out, format_args!("{start}")),
            Field::End => put(out, format_args!("{end}")),
            Field::LogStatus => put(out, format_args!("{status}")),
            _ => put(out, format_args!("-")),
        })
    }

    fn write_damaged(&self, damage: Damage, of: &Record<'_>, place: &Place<'_>, out: &mut Vec<u8>) {
        let shown = match damage {
            Damage::BytesAreNoNumber | Damage::BytesOverflow => self.has("bytes"),
            Damage::AddressIsNone => self.has("srcaddr"),
            _ => true,
        };
        let damage = if shown { damage } else { Damage::TooFewFields };
        if damage == Damage::PlainWords {
            return out.extend(b"This is not a record");
        }
        let begin = out.len();
        self.write_fields(out, |field, out| match (damage, field) {
            (Damage::BytesAreNoNumber, Field::Bytes) => put(out, format_args!("{}x", of.bytes)),
            (Damage::BytesOverflow, Field::Bytes) => {
                put(out, format_args!("99999999999999999999999"))
            }
            (Damage::AddressIsNone, Field::SrcAddr) => put(out, format_args!("10.0.1.999")),
            _ => self.record_field(of, place, field, out),
        });
        match damage {
            Damage::TooManyFields => out.extend(b" surplus words"),
            Damage::TooFewFields => {
                let cut = out[begin..]
                    .iter()
                    .rposition(|byte| *byte == b' ')
                    .unwrap_or(0);
                out.truncate(begin + cut);
                if cut == 0 {
                    out.extend(b"cut off");
                }
            }
            _ => {}
        }
    }

    fn record_field(
        &self,
        record: &Record<'_>,
        place: &Place<'_>,
        field: Field,
        out: &mut Vec<u8>,
    ) {
        let ingress = record.direction == Direction::Ingress;
        match field {
            Field::Version => put(out, format_args!("{}", self.version)),
            Field::AccountId => put(out, format_args!("{}", place.account)),
            Field::InterfaceId => put(out, format_args!("{}", record.at.interface)),
            Field::SrcAddr => put(out, format_args!("{}", record.source.shown)),
            Field::DstAddr => put(out, format_args!("{}", record.destination.shown)),
            Field::SrcPort => put(out, format_args!("{}", record.source.port)),
            Field::DstPort => put(out, format_args!("{}", record.destination.port)),
            Field::Protocol => put(out, format_args!("{}", record.protocol)),
            Field::Packets => put(out, format_args!("{}", record.packets())),
            Field::Bytes => put(out, format_args!("{}", record.bytes)),
            Field::Start => put(out, format_args!("{}", record.start)),
            Field::End => put(out, format_args!("{}", record.end)),
            Field::Action => put(
                out,
                format_args!("{}", if record.accepted { "ACCEPT" } else { "REJECT" }),
            ),
            Field::LogStatus => put(out, format_args!("OK")),
            Field::VpcId => put(out, format_args!("{VPC}")),
            Field::SubnetId => put(out, format_args!("{}", record.at.subnet)),
            Field::InstanceId => put(out, format_args!("{}", record.at.instance)),
            Field::TcpFlags => put(out, format_args!("{}", record.flags)),
            Field::Type => put(
                out,
                format_args!(
                    "{}",
                    if record.source.shown.is_ipv6() {
                        "IPv6"
                    } else {
                        "IPv4"
                    }
                ),
            ),
            Field::PktSrcAddr => put(out, format_args!("{}", record.source.packet)),
            Field::PktDstAddr => put(out, format_args!("{}", record.destination.packet)),
            Field::Region => put(out, format_args!("{}", place.region)),
            Field::AzId => put(out, format_args!("{}", place.zone())),
            Field::PktSrcService => put(
                out,
                format_args!("{}", record.source.service.unwrap_or("-")),
            ),
            Field::PktDstService => put(
                out,
                format_args!("{}", record.destination.service.unwrap_or("-")),
            ),
            Field::FlowDirection => put(
                out,
                format_args!("{}", if ingress { "ingress" } else { "egress" }),
            ),
            Field::TrafficPath => match record.path.filter(|_| !ingress) {
                Some(path) => put(out, format_args!("{path}")),
                None => put(out, format_args!("-")),
            },
            Field::ResourceId => put(out, format_args!("{}", record.at.resource)),
            Field::EncryptionStatus => put(out, format_args!("0")),
            Field::InterfaceType => put(out, format_args!("{}", record.at.kind)),
            Field::NextHopInterfaceId => put(
                out,
                format_args!("{}", record.next_hop.map_or("-", |hop| &hop.interface)),
            ),
            Field::NextHopSubnetId => put(
                out,
                format_args!("{}", record.next_hop.map_or("-", |hop| &hop.subnet)),
            ),
            Field::NextHopAzId => put(
                out,
                format_args!("{}", record.next_hop.map_or("-", |_| place.zone())),
            ),
            Field::NextHopVpcId => put(
                out,
                format_args!("{}", record.next_hop.map_or("-", |_| VPC)),
            ),
            Field::NextHopInterfaceType => put(
                out,
                format_args!("{}", record.next_hop.map_or("-", |hop| hop.kind)),
            ),
            Field::Inapplicable => put(out, format_args!("-")),
        }
    }
}

fn put(out: &mut Vec<u8>, text: fmt::Arguments<'_>) {
    // Writing to memory cannot fail.
    let _ = out.write_fmt(text);
}

/// Where everything in a scenario happens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) account: &'a str,
    pub(crate) region: &'a str,
}

impl Place<'_> {
    /// The zone's id, where its spelling is known.
    fn zone(&self) -> &'static str {
        if self.region == "us-east-1" {
            "use1-az1"
        } else {
            "-"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_formats_that_cannot_be_written() {
        let cases = [
            ("", LayoutError::Empty),
            ("default-15", LayoutError::NotAField("default-15".into())),
            ("${srcaddr} bytes", LayoutError::NotAField("bytes".into())),
            ("${src-addr}", LayoutError::UnknownField("src-addr".into())),
            ("${bytes} ${bytes}", LayoutError::Duplicate("bytes".into())),
        ];
        for (text, expected) in cases {
            assert_eq!(Layout::parse(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn the_named_layouts_have_as_many_fields_as_they_say() {
        let counts: Vec<usize> = Layout::NAMED
            .iter()
            .map(|(name, _)| Layout::parse(name).map_or(0, |l| l.columns.len()))
            .collect();
        assert_eq!(counts, [14, 14, 18, 21]);
    }

    #[test]
    fn the_version_is_that_of_the_newest_field() {
        let cases = [
            ("default-14", 2),
            ("recorder-14", 5),
            ("natspike", 9),
            ("${bytes} ${asg-tag-2}", 11),
        ];
        for (text, version) in cases {
            assert_eq!(
                Layout::parse(text).map(|l| l.version),
                Ok(version),
                "{text}"
            );
        }
    }
}
