//! Which addresses may be asked.
//!
//! A URL an outsider chose must not reach what only we can reach: this machine, its network, its cloud's
//! metadata service. Looking at names is the neighbour `resolver`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Which addresses a [`Fetcher`](crate::Fetcher) may connect to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressPolicy {
    /// All: for URLs the operator wrote into the configuration. Proxies of the environment are used.
    Any,
    /// Public ones and those of our own machine and networks, for hosts the operator named. Never link-local ones,
    /// where the metadata of clouds are, nor multicast. No proxy is used.
    Internal,
    /// Only public ones, for URLs that came from outside. No proxy is used, since it would connect for us.
    PublicOnly,
}

impl AddressPolicy {
    /// Whether `address` may be connected to.
    pub fn allows(self, address: IpAddr) -> bool {
        match self {
            Self::Any => true,
            Self::Internal => is_public(address) || is_internal(address),
            Self::PublicOnly => is_public(address),
        }
    }
}

/// Blocks of IPv4 that lead to no public host (IANA's registry of special-purpose addresses, RFC 6890).
const SPECIAL_V4: [(Ipv4Addr, u32); 15] = [
    (Ipv4Addr::UNSPECIFIED, 8),           // this network
    (Ipv4Addr::new(10, 0, 0, 0), 8),      // private
    (Ipv4Addr::new(100, 64, 0, 0), 10),   // shared by carriers; some clouds' metadata
    (Ipv4Addr::new(127, 0, 0, 0), 8),     // loopback
    (Ipv4Addr::new(169, 254, 0, 0), 16),  // link-local; most clouds' metadata
    (Ipv4Addr::new(172, 16, 0, 0), 12),   // private
    (Ipv4Addr::new(192, 0, 0, 0), 24),    // protocol assignments
    (Ipv4Addr::new(192, 0, 2, 0), 24),    // documentation
    (Ipv4Addr::new(192, 88, 99, 0), 24),  // former 6to4 relays
    (Ipv4Addr::new(192, 168, 0, 0), 16),  // private
    (Ipv4Addr::new(198, 18, 0, 0), 15),   // benchmarks
    (Ipv4Addr::new(198, 51, 100, 0), 24), // documentation
    (Ipv4Addr::new(203, 0, 113, 0), 24),  // documentation
    (Ipv4Addr::new(224, 0, 0, 0), 4),     // multicast
    (Ipv4Addr::new(240, 0, 0, 0), 4),     // reserved, broadcast
];

/// Blocks inside the global unicast space of IPv6 that lead to no public host.
const SPECIAL_V6: [(Ipv6Addr, u32); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // protocol assignments, Teredo among them
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16), // 6to4: leads to any IPv4 address
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation
];

/// Whether `address` belongs to the public internet.
///
/// IPv4 addresses inside IPv6 ones (mapped, and NAT64 of RFC 6052) count as what they lead to.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// Whether `address` belongs to this machine or to a network of ours, and is not where a cloud keeps its metadata.
fn is_internal(address: IpAddr) -> bool {
    const METADATA_V4: Ipv4Addr = Ipv4Addr::new(100, 100, 100, 200);
    // fd00:ec2::/32 and fd20:ce::/32
    const METADATA_V6: [[u16; 2]; 2] = [[0xfd00, 0xec2], [0xfd20, 0xce]];
    match address {
        IpAddr::V4(address) => {
            let carrier = address.octets()[0] == 100 && address.octets()[1] & 0xc0 == 64;
            (address.is_loopback() || address.is_private() || carrier) && address != METADATA_V4
        }
        IpAddr::V6(address) => {
            if let Some(mapped) = address.to_ipv4_mapped() {
                return is_internal(IpAddr::V4(mapped));
            }
            let [first, second, ..] = address.segments();
            address.is_loopback() || (address.is_unique_local() && !METADATA_V6.contains(&[first, second]))
        }
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let inside =
        |(block, length): &(Ipv4Addr, u32)| (address.to_bits() ^ block.to_bits()) >> (32 - length) == 0;
    !SPECIAL_V4.iter().any(inside)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    const NAT64: u128 = Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0).to_bits() >> 32;
    if let Some(mapped) = address.to_ipv4_mapped() {
        return is_public_v4(mapped);
    }
    let bits = address.to_bits();
    if bits >> 32 == NAT64 {
        let [.., a, b, c, d] = address.octets();
        return is_public_v4(Ipv4Addr::new(a, b, c, d));
    }
    let global_unicast = bits >> 125 == 0b001;
    let inside = |(block, length): &(Ipv6Addr, u32)| (bits ^ block.to_bits()) >> (128 - length) == 0;
    global_unicast && !SPECIAL_V6.iter().any(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(public: bool, addresses: &[&str]) {
        for text in addresses {
            let address: IpAddr = text.parse().expect(text);
            assert_eq!(is_public(address), public, "{text}");
            assert_eq!(AddressPolicy::PublicOnly.allows(address), public, "{text}");
            assert!(AddressPolicy::Any.allows(address), "{text}");
        }
    }

    #[test]
    fn hosts_of_the_internet_are_public() {
        check(
            true,
            &["1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255"],
        );
        check(
            true,
            &[
                "128.0.0.0",
                "169.253.255.255",
                "172.15.255.255",
                "172.32.0.0",
                "192.167.1.1",
                "223.255.255.255",
            ],
        );
        check(true, &["2606:4700::1111", "2a00:1450::1", "2001:200::1", "2001:4860::8888", "3ffe::1"]);
        check(true, &["::ffff:1.1.1.1", "64:ff9b::1.1.1.1"]);
    }

    #[test]
    fn this_machine_and_its_networks_are_not() {
        check(
            false,
            &["0.0.0.0", "127.0.0.1", "127.255.255.254", "10.1.2.3", "172.16.0.1", "172.31.255.255"],
        );
        check(
            false,
            &[
                "192.168.0.1",
                "169.254.169.254",
                "100.100.100.200",
                "::1",
                "::",
                "fe80::1",
                "fc00::1",
                "fd00:ec2::254",
            ],
        );
        check(false, &["::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::10.0.0.1", "::127.0.0.1"]);
    }

    #[test]
    fn special_blocks_are_not() {
        check(
            false,
            &["192.0.0.1", "192.0.2.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1"],
        );
        check(false, &["224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "192.88.99.1"]);
        check(
            false,
            &[
                "2001::1",
                "2001:db8::1",
                "2002:7f00:1::",
                "3fff::1",
                "ff02::1",
                "64:ff9b:1::1",
                "5f00::1",
                "fec0::1",
            ],
        );
    }

    #[test]
    fn our_own_networks_are_internal_and_metadata_never_are() {
        let internal = |text: &str| AddressPolicy::Internal.allows(text.parse().expect(text));
        for text in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.0.1",
            "100.64.0.1",
            "::1",
            "fd12::1",
            "::ffff:10.0.0.1",
            "1.1.1.1",
        ] {
            assert!(internal(text), "{text}");
        }
        for text in [
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "fe80::1",
            "100.100.100.200",
            "fd00:ec2::254",
            "fd20:ce::254",
            "0.0.0.0",
            "::",
            "224.0.0.1",
            "ff02::1",
            "255.255.255.255",
            "64:ff9b::10.0.0.1",
        ] {
            assert!(!internal(text), "{text}");
        }
    }
}
