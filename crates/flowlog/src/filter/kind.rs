//! What kind of value each field has.

use crate::Field;

/// What kind of value a field has, and so how it is tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An IP address: networks.
    Address,
    /// A port: numbers, ranges, well-known words.
    Port,
    /// IANA's number of a protocol: numbers and names.
    Protocol,
    /// Bytes: numbers with units.
    Bytes,
    /// Unix seconds: numbers and ISO 8601.
    Time,
    /// Another number.
    Number,
    /// A text: patterns.
    Text,
}

impl Kind {
    /// The kind of the field's values.
    pub fn of(field: Field) -> Kind {
        match field {
            Field::Srcaddr | Field::Dstaddr | Field::PktSrcaddr | Field::PktDstaddr => {
                Kind::Address
            }
            Field::Srcport | Field::Dstport => Kind::Port,
            Field::Protocol => Kind::Protocol,
            Field::Bytes => Kind::Bytes,
            Field::Start | Field::End => Kind::Time,
            Field::Version
            | Field::Packets
            | Field::TcpFlags
            | Field::TrafficPath
            | Field::EncryptionStatus => Kind::Number,
            // account-id too: it may be the word unknown, and begin with 0.
            _ => Kind::Text,
        }
    }

    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Address => "address",
            Kind::Port => "port",
            Kind::Protocol => "protocol",
            Kind::Bytes => "bytes",
            Kind::Time => "time",
            Kind::Number => "number",
            Kind::Text => "text",
        }
    }

    /// Whether values are numbers.
    pub fn is_number(self) -> bool {
        !matches!(self, Kind::Address | Kind::Text)
    }

    /// The largest value that is one, where there is such.
    pub(super) fn most(self) -> u64 {
        match self {
            Kind::Port => u16::MAX.into(),
            Kind::Protocol => u8::MAX.into(),
            _ => u64::MAX,
        }
    }

    /// What a value of it looks like, after "expected".
    pub fn example(self) -> &'static str {
        match self {
            Kind::Address => "an address or a network such as 10.0.0.0/8",
            Kind::Port => "a port such as 443, https or 5000-5100",
            Kind::Protocol => "a protocol such as tcp or 6",
            Kind::Bytes => "bytes such as 1500, 1.5GB or 64KiB",
            Kind::Time => "a time such as 2026-11-20T10:00:00Z or Unix seconds",
            Kind::Number => "a number such as 3 or 1-3",
            Kind::Text => "a text such as eni-1, web-* or \"two words\"",
        }
    }
}
