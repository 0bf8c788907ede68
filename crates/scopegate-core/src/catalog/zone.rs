//! Zones: networks with a name, which rules mention.

use std::fmt;
use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};
use serde::{Deserialize, Serialize};

use super::check::{Field, Review};
use super::kind::SpecKind;
use super::placement::Place;
use crate::spelling::Quoted;

/// Maximum length of the name of a zone, in characters.
const MAX_NAME: usize = 100;

/// Maximum number of networks in a zone.
const MAX_NETWORKS: usize = 1000;

/// A zone. Its name is the name of the entity.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ZoneSpec {
    /// Its networks.
    pub networks: Vec<Network>,
}

impl SpecKind for ZoneSpec {
    const PLACE: Place = Place::Catalog;

    fn check(&self, review: &mut Review<'_, '_>) {
        review.label(Field::of("name"), &review.key().name, MAX_NAME);
        match self.networks.len() {
            0 => {
                let message = "\"networks\" is empty: write networks, such as [\"192.0.2.0/24\"]";
                review.refuse(Field::of("networks"), format_args!("{message}"));
            }
            1..=MAX_NETWORKS => {}
            _ => review.refuse(
                Field::of("networks"),
                format_args!("too many networks: write at most {MAX_NETWORKS}, or several zones"),
            ),
        }
        review
            .refuse_duplicates("network", &self.networks, |place| Field::of("networks").at(place));
    }
}

/// A network in CIDR notation (RFC 4632 §3.1). A single address is a network too.
///
/// An IPv4-mapped network (RFC 4291 §2.5.5.2) is its IPv4 network, as a mapped address is its IPv4 address.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network(IpNet);

impl Network {
    /// The number of bits before the IPv4 address in a mapped address.
    const MAPPED_PREFIX: u8 = 96;

    /// Parses an address, or an address and the length of its prefix.
    ///
    /// # Errors
    ///
    /// [`BadNetwork`] if it is neither, or if bits after the prefix are set: the author may have meant the
    /// address or the network.
    pub fn parse(text: &str) -> Result<Self, BadNetwork> {
        let address = text.parse::<IpAddr>().map(IpNet::from);
        let network = address.or_else(|_| text.parse::<IpNet>());
        let network = network.map_err(|_| BadNetwork::Form(text.to_owned()))?;
        match network.addr() == network.network() {
            true => Ok(Self(canonical(network))),
            false => Err(BadNetwork::HostBits(text.to_owned(), network)),
        }
    }

    /// Tells whether an address is inside. An IPv4-mapped address is compared as an IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }

    /// The first address of the network.
    pub fn first_address(&self) -> IpAddr {
        self.0.network()
    }

    pub(super) fn as_net(self) -> IpNet {
        self.0
    }
}

fn canonical(network: IpNet) -> IpNet {
    let mapped = match network {
        IpNet::V4(_) => None,
        IpNet::V6(network) => {
            let prefix = network.prefix_len().checked_sub(Network::MAPPED_PREFIX);
            let address = network.addr().to_ipv4_mapped();
            address.zip(prefix).and_then(|(address, prefix)| Ipv4Net::new(address, prefix).ok())
        }
    };
    mapped.map_or(network, IpNet::V4)
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<String> for Network {
    type Error = BadNetwork;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.to_string()
    }
}

/// Why a text is not a network.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "these are the two mistakes")]
pub enum BadNetwork {
    /// It is neither an address nor a network.
    Form(String),
    /// Bits after the prefix are set.
    HostBits(String, IpNet),
}

impl fmt::Display for BadNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form(text) => write!(
                f,
                "{} is no network: write an address with its prefix, such as \"192.0.2.0/24\" or \"2001:db8::/32\"",
                Quoted(text)
            ),
            Self::HostBits(text, network) => write!(
                f,
                "{} has bits after its prefix: write \"{}\" for the network, or \"{}\" for the address",
                Quoted(text),
                network.trunc(),
                network.addr()
            ),
        }
    }
}

impl std::error::Error for BadNetwork {}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Network {
        Network::parse(text).unwrap()
    }

    #[test]
    fn a_network_contains_the_addresses_with_its_prefix() {
        for (text, inside, outside) in [
            ("192.0.2.0/24", "192.0.2.0", "192.0.1.255"),
            ("192.0.2.0/24", "192.0.2.255", "192.0.3.0"),
            ("192.0.2.7", "192.0.2.7", "192.0.2.8"),
            ("0.0.0.0/0", "203.0.113.1", "2001:db8::1"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
            ("::/0", "2001:db8::1", "192.0.2.1"),
        ] {
            assert!(network(text).contains(inside.parse().unwrap()), "{text} {inside}");
            assert!(!network(text).contains(outside.parse().unwrap()), "{text} {outside}");
        }
    }

    #[test]
    fn a_mapped_address_or_network_is_compared_as_ipv4() {
        let mapped = "::ffff:192.0.2.7".parse().unwrap();
        assert!(network("192.0.2.0/24").contains(mapped));
        assert!(!network("::fffe:0:0/95").contains(mapped) && !network("::/0").contains(mapped));
        assert_eq!(network("::ffff:192.0.2.0/120"), network("192.0.2.0/24"));
        assert_eq!(network("::ffff:192.0.2.7"), network("192.0.2.7/32"));
        assert_eq!(network("::ffff:0:0/96"), network("0.0.0.0/0"));
    }

    #[test]
    fn a_text_that_is_no_network_is_refused_with_what_to_write() {
        for bad in [
            "",
            "office",
            "192.0.2.0/33",
            "192.0.2/24",
            "192.0.2.0/24 ",
            "2001:db8::/129",
            "fe80::1%eth0",
        ] {
            assert!(matches!(Network::parse(bad), Err(BadNetwork::Form(_))), "{bad}");
        }
        assert_eq!(
            Network::parse("192.0.2.1/24").unwrap_err().to_string(),
            r#""192.0.2.1/24" has bits after its prefix: write "192.0.2.0/24" for the network, or "192.0.2.1" for the address"#
        );
        assert!(Network::parse("2001:db8::1/32").is_err());
    }

    #[test]
    fn a_network_is_stored_as_text() {
        let spec = ZoneSpec { networks: vec![network("192.0.2.0/24"), network("2001:db8::1")] };
        let stored = serde_json::to_string(&spec).unwrap();
        assert_eq!(stored, r#"{"networks":["192.0.2.0/24","2001:db8::1/128"]}"#);
        assert_eq!(serde_json::from_str::<ZoneSpec>(&stored).unwrap(), spec);
        assert!(serde_json::from_str::<ZoneSpec>(r#"{"networks":["office"]}"#).is_err());
    }
}
