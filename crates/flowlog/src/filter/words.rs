//! Words for ports and protocols, and values that AWS has a closed list of.

use super::TextOf;
use crate::Field;

/// Protocols by IANA's keyword, in lower case.
/// <https://www.iana.org/assignments/protocol-numbers>
const PROTOCOLS: [(&str, u64); 22] = [
    ("hopopt", 0),
    ("icmp", 1),
    ("igmp", 2),
    ("ipv4", 4),
    ("tcp", 6),
    ("egp", 8),
    ("igp", 9),
    ("udp", 17),
    ("dccp", 33),
    ("ipv6", 41),
    ("rsvp", 46),
    ("gre", 47),
    ("esp", 50),
    ("ah", 51),
    ("icmpv6", 58),
    ("ipv6-icmp", 58),
    ("eigrp", 88),
    ("ospf", 89),
    ("pim", 103),
    ("vrrp", 112),
    ("l2tp", 115),
    ("sctp", 132),
];

/// Ports that have a word, IANA's or the one that is said.
const PORTS: [(&str, u64); 37] = [
    ("ftp", 21),
    ("ssh", 22),
    ("telnet", 23),
    ("smtp", 25),
    ("dns", 53),
    ("domain", 53),
    ("http", 80),
    ("kerberos", 88),
    ("pop3", 110),
    ("ntp", 123),
    ("imap", 143),
    ("snmp", 161),
    ("ldap", 389),
    ("https", 443),
    ("smb", 445),
    ("smtps", 465),
    ("submission", 587),
    ("ldaps", 636),
    ("imaps", 993),
    ("pop3s", 995),
    ("mssql", 1433),
    ("oracle", 1521),
    ("nfs", 2049),
    ("mysql", 3306),
    ("rdp", 3389),
    ("postgres", 5432),
    ("postgresql", 5432),
    ("amqp", 5672),
    ("vnc", 5900),
    ("couchdb", 5984),
    ("winrm", 5985),
    ("redis", 6379),
    ("cassandra", 9042),
    ("kafka", 9092),
    ("elasticsearch", 9200),
    ("memcached", 11211),
    ("mongodb", 27017),
];

/// IANA's number of the protocol.
pub(super) fn protocol(word: &str) -> Option<u64> {
    find(&PROTOCOLS, word)
}

/// The port that the word stands for.
pub(super) fn port(word: &str) -> Option<u64> {
    find(&PORTS, word)
}

fn find(words: &[(&str, u64)], word: &str) -> Option<u64> {
    let is_it = |(one, _): &&(&str, u64)| one.eq_ignore_ascii_case(word);
    words.iter().find(is_it).map(|(_, number)| *number)
}

/// The values that the field may have, where AWS lists them.
pub(super) fn values(field: Field) -> Option<&'static [&'static str]> {
    match field {
        Field::Action => Some(&["ACCEPT", "REJECT"]),
        Field::LogStatus => Some(&["OK", "NODATA", "SKIPDATA"]),
        Field::FlowDirection => Some(&["ingress", "egress"]),
        Field::Type => Some(&["IPv4", "IPv6", "EFA"]),
        _ => None,
    }
}

/// Whether all values are in capitals: the codes of AWS's services.
pub(super) fn is_in_capitals(of: TextOf) -> bool {
    matches!(
        of,
        TextOf::EitherService
            | TextOf::Field(
                Field::PktSrcAwsService
                    | Field::PktDstAwsService
                    | Field::RejectReason
                    | Field::Action
                    | Field::LogStatus
            )
    )
}
