//! What IANA calls the services behind the ports that gateways carry most.
//!
//! Names as in <https://www.iana.org/assignments/service-names-port-numbers/>.
//!
//! **Invariants.** A short list: a port without a name here is shown as its number,
//! and a name says what is registered, not what was seen.

const TCP: u8 = 6;
const UDP: u8 = 17;

/// IANA's name of the service behind a port of TCP or UDP.
pub(crate) fn service(protocol: u8, port: u16) -> Option<&'static str> {
    let at = NAMES.binary_search_by_key(&port, |(port, ..)| *port).ok()?;
    let (_, tcp, udp) = NAMES[at];
    let name = match protocol {
        TCP => tcp,
        UDP => udp,
        _ => "",
    };
    (!name.is_empty()).then_some(name)
}

/// In the order of ports: the name with TCP and with UDP.
const NAMES: [(u16, &str, &str); 52] = [
    (20, "ftp-data", ""),
    (21, "ftp", ""),
    (22, "ssh", ""),
    (23, "telnet", ""),
    (25, "smtp", ""),
    (43, "nicname", ""),
    (53, "domain", "domain"),
    (67, "", "bootps"),
    (68, "", "bootpc"),
    (80, "http", ""),
    (88, "kerberos", "kerberos"),
    (110, "pop3", ""),
    (111, "sunrpc", "sunrpc"),
    (119, "nntp", ""),
    (123, "", "ntp"),
    (143, "imap", ""),
    (161, "snmp", "snmp"),
    (162, "snmptrap", "snmptrap"),
    (179, "bgp", ""),
    (389, "ldap", "ldap"),
    (443, "https", "https"),
    (445, "microsoft-ds", ""),
    (465, "submissions", ""),
    (500, "isakmp", "isakmp"),
    (514, "shell", "syslog"),
    (587, "submission", ""),
    (636, "ldaps", ""),
    (853, "domain-s", "domain-s"),
    (873, "rsync", ""),
    (989, "ftps-data", ""),
    (990, "ftps", ""),
    (993, "imaps", ""),
    (995, "pop3s", ""),
    (1194, "openvpn", "openvpn"),
    (1433, "ms-sql-s", ""),
    (1812, "radius", "radius"),
    (1883, "mqtt", ""),
    (2049, "nfs", "nfs"),
    (3306, "mysql", ""),
    (3389, "ms-wbt-server", "ms-wbt-server"),
    (3478, "stun", "stun"),
    (4500, "", "ipsec-nat-t"),
    (5222, "xmpp-client", ""),
    (5349, "stuns", "stuns"),
    (5432, "postgresql", ""),
    (5671, "amqps", ""),
    (5672, "amqp", ""),
    (6379, "redis", ""),
    (6514, "syslog-tls", "syslog-tls"),
    (8080, "http-alt", ""),
    (8883, "secure-mqtt", ""),
    (9418, "git", ""),
];

#[cfg(test)]
mod tests {
    use super::{NAMES, service};

    #[test]
    fn a_port_has_its_name_with_its_protocol() {
        assert!(NAMES.is_sorted_by_key(|(port, ..)| *port));
        for (protocol, port, expected) in [
            (6, 443, Some("https")),
            (17, 443, Some("https")),
            (17, 123, Some("ntp")),
            (6, 123, None),
            (1, 443, None),
            (6, 50_000, None),
        ] {
            assert_eq!(service(protocol, port), expected, "{protocol} {port}");
        }
    }
}
