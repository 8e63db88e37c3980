//! What kind of place an IP address is.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an address is for, by the registries of special-purpose addresses (RFC 6890) and the habits of clouds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AddressKind {
    /// Of the public Internet.
    Public,
    /// This machine: 127.0.0.0/8, `::1`.
    Loopback,
    /// Of a private network: RFC 1918, `fc00::/7` (RFC 4193), `fec0::/10`.
    Private,
    /// Behind a carrier's address translation: 100.64.0.0/10 (RFC 6598).
    Shared,
    /// Of the link only: 169.254.0.0/16, `fe80::/10`.
    LinkLocal,
    /// Where clouds hand out credentials to whoever asks from inside.
    Metadata,
    /// A group: 224.0.0.0/4, `ff00::/8`.
    Multicast,
    /// No address, or "this network": 0.0.0.0/8, `::`.
    Unspecified,
    /// Documentation, benchmarks, tunnels, and whatever is not assigned to anybody.
    Reserved,
}

impl AddressKind {
    /// The name in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::Shared => "shared (carrier-grade NAT)",
            Self::LinkLocal => "link-local",
            Self::Metadata => "cloud metadata",
            Self::Multicast => "multicast",
            Self::Unspecified => "unspecified",
            Self::Reserved => "reserved",
        }
    }
}

impl fmt::Display for AddressKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The services that give credentials to any process of a virtual machine. The one of Azure has a public address.
const METADATA_V4: [Ipv4Addr; 4] = [
    Ipv4Addr::new(169, 254, 169, 254),
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(168, 63, 129, 16),
    Ipv4Addr::new(192, 0, 0, 192),
];
const METADATA_V6: [Ipv6Addr; 2] =
    [Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)];

/// The kind of an address. An IPv6 address that leads to an IPv4 address (mapped, compatible, NAT64, 6to4) is of the
/// kind of that one.
#[must_use]
pub fn address_kind(address: IpAddr) -> AddressKind {
    match address {
        IpAddr::V4(address) => v4_kind(address),
        IpAddr::V6(address) => match embedded_v4(address) {
            Some(inner) => v4_kind(inner),
            None => v6_kind(address),
        },
    }
}

/// The IPv4 address that packets to this address end at, if it is a form of one.
pub(super) fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match [a, b, c, d, e, f] {
        // `::` and `::1` are not IPv4-compatible addresses (RFC 4291 section 2.5.5.1).
        [0, 0, 0, 0, 0, 0] if (g, h) != (0, 0) && (g, h) != (0, 1) => Some(v4(g, h)),
        // Mapped (RFC 4291 section 2.5.5.2), translated (RFC 2765 section 2.1) and NAT64 (RFC 6052 section 2.1).
        [0, 0, 0, 0, 0, 0xffff] | [0, 0, 0, 0, 0xffff, 0] | [0x64, 0xff9b, 0, 0, 0, 0] => Some(v4(g, h)),
        // 6to4 (RFC 3056 section 2).
        [0x2002, ..] => Some(v4(b, c)),
        _ => None,
    }
}

fn v4_kind(address: Ipv4Addr) -> AddressKind {
    if METADATA_V4.contains(&address) {
        return AddressKind::Metadata;
    }
    match address.octets() {
        [0, ..] => AddressKind::Unspecified,
        [127, ..] => AddressKind::Loopback,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => AddressKind::Private,
        [100, 64..=127, ..] => AddressKind::Shared,
        [169, 254, ..] => AddressKind::LinkLocal,
        [224..=239, ..] => AddressKind::Multicast,
        // Protocol assignments, documentation, the relay of 6to4, benchmarks, and the former class E.
        [192, 0, 0 | 2, _] | [198, 51, 100, _] | [203, 0, 113, _] | [192, 88, 99, _] => AddressKind::Reserved,
        [198, 18 | 19, ..] | [240..=255, ..] => AddressKind::Reserved,
        _ => AddressKind::Public,
    }
}

fn v6_kind(address: Ipv6Addr) -> AddressKind {
    if METADATA_V6.contains(&address) {
        return AddressKind::Metadata;
    }
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => AddressKind::Unspecified,
        [0, 0, 0, 0, 0, 0, 0, 1] => AddressKind::Loopback,
        [0xfc00..=0xfdff, ..] | [0xfec0..=0xfeff, ..] => AddressKind::Private,
        [0xfe80..=0xfebf, ..] => AddressKind::LinkLocal,
        [0xff00..=0xffff, ..] => AddressKind::Multicast,
        // Protocol assignments with Teredo among them, and documentation.
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => AddressKind::Reserved,
        // Only this eighth of the space is assigned for global unicast (RFC 4291 section 2.4 and its registry).
        [0x2000..=0x3fff, ..] => AddressKind::Public,
        _ => AddressKind::Reserved,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> AddressKind {
        address_kind(text.parse().unwrap())
    }

    #[test]
    fn each_kind_begins_and_ends_where_its_registry_says() {
        use AddressKind::*;
        let cases = [
            (Public, &["1.1.1.1", "9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0"][..]),
            (Public, &["100.63.255.255", "100.128.0.0", "169.253.255.255", "169.255.0.0", "223.255.255.255"]),
            (
                Public,
                &["2606:4700::1111", "2001:200::1", "2a00::1", "192.0.1.1", "198.17.255.255", "198.20.0.0"],
            ),
            (Loopback, &["127.0.0.1", "127.255.255.255", "::1"]),
            (
                Private,
                &["10.0.0.0", "172.16.0.0", "172.31.255.255", "192.168.0.1", "fc00::1", "fdff::1", "fec0::1"],
            ),
            (Shared, &["100.64.0.0", "100.127.255.255"]),
            (LinkLocal, &["169.254.0.1", "169.254.169.253", "fe80::1", "febf::1"]),
            (Metadata, &["169.254.169.254", "fd00:ec2::254", "100.100.100.200", "168.63.129.16"]),
            (Multicast, &["224.0.0.1", "239.255.255.255", "ff02::1"]),
            (Unspecified, &["0.0.0.0", "0.255.255.255", "::"]),
            (Reserved, &["192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.7", "240.0.0.1"]),
            (Reserved, &["255.255.255.255", "2001:db8::1", "2001::1", "3fff::1", "100::1", "64:ff9b:1::1"]),
            (Reserved, &["4000::1", "5f00::1"]),
        ];
        for (expected, addresses) in cases {
            for address in addresses {
                assert_eq!(kind(address), expected, "{address}");
            }
        }
    }

    #[test]
    fn an_ipv4_address_is_known_in_any_dress() {
        for (inner, expected) in [
            ("127.0.0.1", AddressKind::Loopback),
            ("10.1.2.3", AddressKind::Private),
            ("169.254.169.254", AddressKind::Metadata),
            ("1.1.1.1", AddressKind::Public),
        ] {
            let v4: Ipv4Addr = inner.parse().unwrap();
            let [a, b, c, d] = v4.octets();
            let six_to_four = format!("2002:{a:02x}{b:02x}:{c:02x}{d:02x}::7");
            for dressed in [
                format!("::ffff:{v4}"),
                format!("::{v4}"),
                format!("64:ff9b::{v4}"),
                format!("::ffff:0:{v4}"),
                six_to_four,
            ] {
                assert_eq!(kind(&dressed), expected, "{dressed}");
            }
        }
    }
}
