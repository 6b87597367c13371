//! Which addresses are private, that is: never reached over the internet.
//!
//! **Invariants.** Used to tell sides apart only where a record itself does
//! not: for regional gateways, for records without packet addresses and to
//! recognise a gateway. "Not private" must not be read as "outside the VPC":
//! a private NAT gateway's remote ends are private too.

use ipnet::{Ipv4Net, Ipv6Net};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// RFC 1918, shared address space (RFC 6598), link-local and loopback.
const PRIVATE_V4: [Ipv4Net; 6] = [
    Ipv4Net::new_assert(Ipv4Addr::new(10, 0, 0, 0), 8),
    Ipv4Net::new_assert(Ipv4Addr::new(172, 16, 0, 0), 12),
    Ipv4Net::new_assert(Ipv4Addr::new(192, 168, 0, 0), 16),
    Ipv4Net::new_assert(Ipv4Addr::new(100, 64, 0, 0), 10),
    Ipv4Net::new_assert(Ipv4Addr::new(169, 254, 0, 0), 16),
    Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8),
];

/// Unique local (RFC 4193), link-local and loopback.
const PRIVATE_V6: [Ipv6Net; 3] = [
    Ipv6Net::new_assert(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7),
    Ipv6Net::new_assert(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10),
    Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128),
];

/// The well-known prefix under which NAT64 reaches IPv4 (RFC 6052).
const NAT64: Ipv6Net = Ipv6Net::new_assert(Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

/// Whether the address is one that is not routed over the internet.
pub fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => PRIVATE_V4.iter().any(|net| net.contains(&v4)),
        IpAddr::V6(v6) => PRIVATE_V6.iter().any(|net| net.contains(&v6)),
    }
}

/// Whether a peer of a zonal gateway's interface is a workload, as far as its
/// address alone can tell: private, or IPv6, which a gateway only ever
/// translates away from (NAT64).
pub(crate) fn is_workload_side(peer: IpAddr) -> bool {
    is_private(peer) || peer.is_ipv6()
}

/// Whether the address stands for an IPv4 address behind NAT64.
pub(crate) fn is_nat64(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(v6) if NAT64.contains(&v6))
}

#[cfg(test)]
mod tests {
    use super::{is_nat64, is_private};

    #[test]
    fn tells_private_from_public() {
        for (address, private) in [
            ("10.255.0.1", true),
            ("172.15.0.1", false),
            ("172.31.0.1", true),
            ("192.168.1.1", true),
            ("100.64.0.1", true),
            ("100.128.0.1", false),
            ("203.0.113.5", false),
            ("fd00::1", true),
            ("2001:db8::1", false),
            ("64:ff9b::c000:201", false),
        ] {
            assert_eq!(
                is_private(address.parse().expect("legal")),
                private,
                "{address}"
            );
        }
        assert!(is_nat64("64:ff9b::c000:201".parse().expect("legal")));
        assert!(!is_nat64("64:ff9c::1".parse().expect("legal")));
    }
}
