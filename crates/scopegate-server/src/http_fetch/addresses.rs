//! Which addresses may be asked, and which are on the internet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

use crate::exposure::Exposure;

/// Which addresses may be asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Reach {
    /// Addresses on the internet.
    Internet,
    /// Addresses on the internet, and of the machine itself.
    InternetAndLoopback,
    /// All addresses: an administrator has named the URL.
    Anywhere,
}

impl From<Exposure> for Reach {
    fn from(exposure: Exposure) -> Self {
        match exposure {
            Exposure::Loopback => Self::InternetAndLoopback,
            Exposure::Public => Self::Internet,
        }
    }
}

/// Networks of version 4 that are not on the internet (the registries of RFC 6890).
const OTHER_V4: [([u8; 4], u8); 14] = [
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    // Multicast, reserved, broadcast.
    ([224, 0, 0, 0], 3),
];

/// The only network of version 6 from which addresses of the internet are allocated.
const INTERNET_V6: ([u16; 8], u8) = ([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

/// The parts of it that are not on the internet: protocols, tunnels (some lead to any address of version
/// 4), documentation.
const OTHER_V6: [([u16; 8], u8); 4] = [
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23),
    ([0x2001, 0x0db8, 0, 0, 0, 0, 0, 0], 32),
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16),
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20),
];

impl Reach {
    /// Tells whether an address may be asked.
    pub(super) fn includes(self, address: IpAddr) -> bool {
        match self {
            Self::Internet => is_internet(address),
            Self::InternetAndLoopback => address.is_loopback() || is_internet(address),
            Self::Anywhere => true,
        }
    }
}

fn is_internet(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_internet_v4(address),
        IpAddr::V6(address) => is_internet_v6(address),
    }
}

fn is_internet_v4(address: Ipv4Addr) -> bool {
    let is_within = |(network, length): &([u8; 4], u8)| {
        Ipv4Net::new_assert((*network).into(), *length).contains(&address)
    };
    !OTHER_V4.iter().any(is_within)
}

fn is_internet_v6(address: Ipv6Addr) -> bool {
    let is_within = |(network, length): &([u16; 8], u8)| {
        Ipv6Net::new_assert((*network).into(), *length).contains(&address)
    };
    is_within(&INTERNET_V6) && !OTHER_V6.iter().any(is_within)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_on_the_internet_are_asked() {
        let may = |text: &str, reach: Reach| reach.includes(text.parse().unwrap());
        for good in ["1.1.1.1", "93.184.216.34", "172.32.0.1", "2606:4700::1111", "::ffff:1.1.1.1"]
        {
            assert!(may(good, Reach::Internet), "{good}");
        }
        let inner = [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.168.1.1",
            "198.18.0.1",
            "203.0.113.7",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "64:ff9b::a00:1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:a00:1::",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "ff02::1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::10.0.0.1",
        ];
        for bad in inner {
            assert!(!may(bad, Reach::Internet), "{bad}");
            assert!(!may(bad, Reach::InternetAndLoopback), "{bad}");
            assert!(may(bad, Reach::Anywhere), "{bad}");
        }
        for own in ["127.0.0.1", "127.1.2.3", "::1"] {
            assert!(!may(own, Reach::Internet), "{own}");
            assert!(may(own, Reach::InternetAndLoopback), "{own}");
        }
        assert!(!may("::ffff:127.0.0.1", Reach::Internet));
    }
}
