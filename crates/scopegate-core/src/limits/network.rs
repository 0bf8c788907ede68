//! How addresses are counted: IPv4 by the address, IPv6 by its prefixes.

use std::fmt;
use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use scopegate_claims::UnixTime;

use super::counters::Refused;
use super::{Bound, Counters, RetryAfter};

/// The addresses that are counted together: one IPv4 address, or a prefix. One customer of a
/// provider usually has an IPv6 /64 to /48.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "these are the sizes that are counted")]
pub enum Network {
    /// One IPv4 address.
    V4(Ipv4Addr),
    /// An IPv4 /16.
    V4Region([u8; 2]),
    /// An IPv6 /32.
    V6Region([u16; 2]),
    /// An IPv6 /48.
    V6Site([u16; 3]),
    /// An IPv6 /64.
    V6Subnet([u16; 4]),
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::V4(address) => address.fmt(f),
            Self::V4Region([a, b]) => write!(f, "{}/16", Ipv4Addr::new(a, b, 0, 0)),
            Self::V6Region([a, b]) => write!(f, "{}/32", Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0)),
            Self::V6Site([a, b, c]) => write!(f, "{}/48", Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0)),
            Self::V6Subnet([a, b, c, d]) => {
                write!(f, "{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
        }
    }
}

impl Network {
    /// The bound of a /48 as a multiple of the bound of a /64.
    pub const SUBNETS: u32 = 16;

    /// The network that an address is counted under: an IPv4 address, or an IPv6 /64.
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Self::V6Subnet([a, b, c, d])
            }
        }
    }

    /// The /48 that contains an IPv6 /64; `None` for all others.
    pub const fn site(self) -> Option<Self> {
        match self {
            Self::V6Subnet([a, b, c, _]) => Some(Self::V6Site([a, b, c])),
            Self::V4(_) | Self::V4Region(_) | Self::V6Region(_) | Self::V6Site(_) => None,
        }
    }

    /// The IPv4 /16 or IPv6 /32 that contains the network.
    const fn region(self) -> Self {
        match self {
            Self::V4(address) => {
                let [a, b, ..] = address.octets();
                Self::V4Region([a, b])
            }
            Self::V6Site([a, b, ..]) | Self::V6Subnet([a, b, ..]) => Self::V6Region([a, b]),
            Self::V4Region(_) | Self::V6Region(_) => self,
        }
    }
}

/// Counters by the address of a caller: IPv4 by the address, IPv6 by its /64 and, with 16 times the
/// bound, by its /48.
///
/// When the table is full, a new address shares a counter with all other new addresses of its IPv4
/// /16 or IPv6 /32. The shared counter has 16 times the bound. So a flood of requests from some
/// networks only affects new addresses of those networks.
#[derive(Debug)]
pub struct AddressCounters {
    own: Counters,
    regions: Counters,
}

/// Room for this many regions: as many as there are IPv4 /16 networks.
const REGIONS: usize = 1 << 16;

impl AddressCounters {
    /// A table with room for about this many addresses.
    pub fn with_room_for(addresses: usize) -> Self {
        let regions = Counters::with_room_for(REGIONS);
        Self { own: Counters::with_room_for(addresses), regions }
    }

    /// Counts one attempt from an address.
    ///
    /// # Errors
    ///
    /// [`RetryAfter`] if a bound is reached. Then the attempt is not counted.
    pub fn admit(&self, address: IpAddr, bound: Bound, now: UnixTime) -> Result<(), RetryAfter> {
        self.admit_for(&(), address, bound, now)
    }

    /// Counts one attempt from an address with a separate counter for each value of `of`, such as a
    /// client or an endpoint.
    ///
    /// # Errors
    ///
    /// The same as [`admit`](Self::admit).
    pub fn admit_for(
        &self,
        of: &impl Hash,
        address: IpAddr,
        bound: Bound,
        now: UnixTime,
    ) -> Result<(), RetryAfter> {
        let (network, larger) = (Network::of(address), bound.times(Network::SUBNETS));
        let counted = self.own.try_admit(&(of, network), bound, now).and_then(|()| {
            let Some(site) = network.site() else { return Ok(()) };
            let of_site = self.own.try_admit(&(of, site), larger, now);
            of_site.inspect_err(|_| {
                self.own.take_back(&(of, network));
            })
        });
        match counted {
            Ok(()) => Ok(()),
            Err(Refused::AtBound(wait)) => Err(wait),
            Err(Refused::NoRoom(_)) => self.regions.admit(&(of, network.region()), larger, now),
        }
    }

    /// Subtracts one attempt, because it was not judged.
    pub fn take_back(&self, address: IpAddr) {
        self.take_back_for(&(), address);
    }

    /// Subtracts one attempt that [`admit_for`](Self::admit_for) counted.
    pub fn take_back_for(&self, of: &impl Hash, address: IpAddr) {
        let network = Network::of(address);
        if !self.own.take_back(&(of, network)) {
            self.regions.take_back(&(of, network.region()));
        } else if let Some(site) = network.site() {
            self.own.take_back(&(of, site));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const TWO: Bound = Bound { most: 2, window: Duration::from_secs(60) };
    const NOW: UnixTime = UnixTime::from_seconds(1_000_000);

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn ipv6_is_counted_by_64_bits_and_ipv4_by_address() {
        let of = |text| Network::of(address(text));
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::7"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }

    #[test]
    fn a_full_table_refuses_new_addresses_of_the_networks_that_fill_it_only() {
        let counters = AddressCounters::with_room_for(8);
        let admit = |text: &str| counters.admit(address(text), TWO, NOW).is_ok();
        let flood =
            (0..1000).filter(|host| admit(&format!("198.51.{}.{}", host / 250, host % 250)));
        assert!(flood.count() < 8 + 16 + 32, "new addresses of a /16 share 32 attempts");
        assert!(!admit("198.51.100.7"));
        for _ in 0..5 {
            assert!(admit("192.0.2.1"), "another network is not affected");
            counters.take_back(address("192.0.2.1"));
        }
        for subnet in 0..32 {
            assert!(admit(&format!("2001:db8:{subnet:x}::1")));
        }
        assert!(!admit("2001:db8:99::1"));
        assert!(admit("2001:db9::1"));
    }

    #[test]
    fn a_48_has_16_times_the_bound_of_a_64() {
        let counters = AddressCounters::with_room_for(1000);
        let admitted = (0..1000).filter(|subnet: &u32| {
            let subnet = address(&format!("2001:db8:1:{subnet:x}::1"));
            counters.admit(subnet, TWO, NOW).is_ok()
        });
        assert_eq!(admitted.count(), 32);
        assert!(counters.admit(address("2001:db8:2::1"), TWO, NOW).is_ok(), "another /48");
    }

    #[test]
    fn an_attempt_that_the_48_refuses_is_not_counted_for_the_64() {
        let counters = AddressCounters::with_room_for(1000);
        for subnet in 0..16 {
            for _ in 0..2 {
                let subnet = address(&format!("2001:db8:1:{subnet:x}::1"));
                assert!(counters.admit(subnet, TWO, NOW).is_ok());
            }
        }
        let late = address("2001:db8:1:ff::1");
        for _ in 0..5 {
            assert!(counters.admit(late, TWO, NOW).is_err());
        }
        for _ in 0..2 {
            counters.take_back(address("2001:db8:1:1::1"));
            assert!(counters.admit(late, TWO, NOW).is_ok());
        }
    }

    #[test]
    fn a_network_is_shown_with_the_length_of_its_prefix() {
        let subnet = Network::of(address("2001:db8:1:2::7"));
        let site = subnet.site().unwrap();
        let shown =
            [subnet, site, subnet.region(), site.region()].map(|network| network.to_string());
        assert_eq!(
            shown,
            ["2001:db8:1:2::/64", "2001:db8:1::/48", "2001:db8::/32", "2001:db8::/32"]
        );
        let host = Network::of(address("192.0.2.1"));
        assert_eq!(
            (host.to_string(), host.region().to_string()),
            ("192.0.2.1".into(), "192.0.0.0/16".into())
        );
        assert_eq!((host.site(), site.site(), host.region().region()), (None, None, host.region()));
    }

    #[test]
    fn an_attempt_is_taken_back_from_the_counter_that_counted_it() {
        // From the counters of a /64 and its /48.
        let counters = AddressCounters::with_room_for(1000);
        for _ in 0..100 {
            assert!(counters.admit(address("2001:db8:1::1"), TWO, NOW).is_ok());
            counters.take_back(address("2001:db8:1::1"));
        }
        let subnets = (0..100).filter(|subnet| {
            counters.admit(address(&format!("2001:db8:1:{subnet:x}::1")), TWO, NOW).is_ok() //
        });
        assert_eq!(subnets.count(), 32);

        // From the counter of the region, if the table was full.
        let full = AddressCounters::with_room_for(1);
        for host in 0..50 {
            let _ = full.admit(address(&format!("198.51.100.{host}")), TWO, NOW);
        }
        let new_address = address("192.0.2.1");
        for _ in 0..100 {
            assert!(full.admit(new_address, TWO, NOW).is_ok());
            full.take_back(new_address);
        }
        let admitted = (0..100).filter(|_| full.admit(new_address, TWO, NOW).is_ok());
        assert_eq!(admitted.count(), 32);
    }

    #[test]
    fn each_client_or_endpoint_has_its_own_counters() {
        let counters = AddressCounters::with_room_for(1000);
        let host = address("192.0.2.1");
        for _ in 0..2 {
            assert!(counters.admit_for(&"a", host, TWO, NOW).is_ok());
        }
        assert!(counters.admit_for(&"a", host, TWO, NOW).is_err());
        assert!(counters.admit_for(&"b", host, TWO, NOW).is_ok());
        counters.take_back_for(&"a", host);
        assert!(counters.admit_for(&"a", host, TWO, NOW).is_ok());
        assert!(counters.admit_for(&"b", host, TWO, NOW).is_ok());
        assert!(counters.admit_for(&"b", host, TWO, NOW).is_err());
    }

    #[test]
    fn a_full_table_has_room_for_newcomers_of_every_region_of_ipv4() {
        let full = AddressCounters::with_room_for(1);
        let admitted = (0..=u16::MAX).filter(|region| {
            let [a, b] = region.to_be_bytes();
            full.admit(IpAddr::from([a, b, 0, 1]), TWO, NOW).is_ok()
        });
        assert_eq!(admitted.count(), 1 << 16);
    }
}
