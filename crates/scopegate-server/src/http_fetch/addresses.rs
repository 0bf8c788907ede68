//! Which addresses are those of the internet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

use crate::Exposure;

/// What is no address of somebody else on the internet (the registries of RFC 6890).
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
    // Multicast, what is reserved, broadcast.
    ([224, 0, 0, 0], 3),
];

/// Of version 6 only this is given out, but for the parts of it below.
const INTERNET_V6: ([u16; 8], u8) = ([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

/// Protocols and tunnels, of which some lead to any address of version 4; documentation.
const OTHER_V6: [([u16; 8], u8); 4] = [
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23),
    ([0x2001, 0x0db8, 0, 0, 0, 0, 0, 0], 32),
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16),
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20),
];

/// Tells whether a process that can be reached by these may ask an address.
pub(super) fn may_be_asked(address: IpAddr, exposure: Exposure) -> bool {
    if exposure == Exposure::Loopback && address.is_loopback() {
        return true;
    }
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
    fn only_addresses_of_the_internet_are_asked() {
        let may = |text: &str, exposure| may_be_asked(text.parse().unwrap(), exposure);
        for good in ["1.1.1.1", "93.184.216.34", "172.32.0.1", "2606:4700::1111", "::ffff:1.1.1.1"]
        {
            assert!(may(good, Exposure::Public), "{good}");
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
            assert!(!may(bad, Exposure::Public), "{bad}");
            assert!(!may(bad, Exposure::Loopback), "{bad}");
        }
        for own in ["127.0.0.1", "127.1.2.3", "::1"] {
            assert!(!may(own, Exposure::Public), "{own}");
            assert!(may(own, Exposure::Loopback), "{own}");
        }
        assert!(!may("::ffff:127.0.0.1", Exposure::Public));
    }
}
