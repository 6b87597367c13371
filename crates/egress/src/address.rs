//! Which addresses are private, that is: never reached over the internet.
//!
//! **Invariants.** Used to tell sides apart only where a record itself does
//! not: for regional gateways, for records without packet addresses and to
//! recognise a gateway. "Not private" must not be read as "outside the VPC":
//! a private NAT gateway's remote ends are private too.

use ipnet::Ipv6Net;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The well-known prefix under which NAT64 reaches IPv4 (RFC 6052).
const NAT64: Ipv6Net = Ipv6Net::new_assert(Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

/// Whether the address is one that is not routed over the internet: private
/// (RFC 1918), shared (RFC 6598), unique local (RFC 4193), link-local, loopback.
pub fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            v4.is_private() || is_shared(v4) || v4.is_link_local() || v4.is_loopback()
        }
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local() || v6.is_loopback(),
    }
}

/// 100.64.0.0/10.
fn is_shared(v4: Ipv4Addr) -> bool {
    let [first, second, ..] = v4.octets();
    first == 100 && second & 0xc0 == 64
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

/// The address that is reached: of one behind NAT64 the IPv4 address.
pub(crate) fn translated(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) if NAT64.contains(&v6) => {
            let [.., a, b, c, d] = v6.octets();
            IpAddr::V4(Ipv4Addr::new(a, b, c, d))
        }
        address => address,
    }
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
