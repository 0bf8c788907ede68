//! The address that a request comes from: the peer's, or the one that a trusted proxy names.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName};
use ipnet::IpNet;

/// The proxies that are trusted to name the address that a request comes from.
///
/// The header of any other peer is ignored, since anybody can send one. In the header of a trusted
/// peer, the right-most entry that is not a trusted proxy counts: the client may have sent
/// everything to the left of it.
///
/// ```
/// use http::HeaderMap;
/// use scopegate_server::TrustedProxies;
///
/// let proxies = TrustedProxies::parse(["10.0.0.0/8"])?;
/// let headers = HeaderMap::from_iter([(
///     http::HeaderName::from_static("x-forwarded-for"),
///     http::HeaderValue::from_static("1.1.1.1, 203.0.113.7, 10.0.0.2"),
/// )]);
/// let (proxy, stranger) = ("10.0.0.1".parse()?, "198.51.100.1".parse()?);
/// assert_eq!(proxies.client_address(proxy, &headers).to_string(), "203.0.113.7");
/// assert_eq!(proxies.client_address(stranger, &headers), stranger);
///
/// assert!(TrustedProxies::parse(["10.0.0.0/33"]).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies {
    networks: Vec<IpNet>,
    header: ForwardingHeader,
}

/// The header in which proxies name the address that a request comes from.
///
/// Only one of them is read: a proxy that writes one header may pass on the other as the client
/// sent it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum ForwardingHeader {
    /// `Forwarded` (RFC 7239).
    Forwarded,
    /// `X-Forwarded-For`.
    #[default]
    XForwardedFor,
}

/// The text is neither an address nor a network.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{0}` is neither an IP address nor a network such as 10.0.0.0/8")]
pub struct InvalidNetwork(String);

impl TrustedProxies {
    /// No proxy is trusted.
    pub fn none() -> Self {
        Self::default()
    }

    /// Parses networks (`10.0.0.0/8`, `fd00::/8`) and single addresses.
    ///
    /// # Errors
    ///
    /// [`InvalidNetwork`] with the first text that is neither.
    pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, InvalidNetwork> {
        let network = |text: &str| {
            let address = text.parse::<IpAddr>().map(IpNet::from);
            address.or_else(|_| text.parse()).map_err(|_| InvalidNetwork(text.to_owned()))
        };
        let networks = texts.into_iter().map(network).collect::<Result<_, _>>()?;
        Ok(Self { networks, header: ForwardingHeader::default() })
    }

    /// Reads this header instead of `X-Forwarded-For`.
    #[must_use]
    pub fn with_header(mut self, header: ForwardingHeader) -> Self {
        self.header = header;
        self
    }

    /// The address that a request comes from.
    ///
    /// An entry that is not an address ends the search. The result is then the proxy that wrote the
    /// entry.
    pub fn client_address(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let mut entries = self.entries(headers);
        while self.trusts(client) {
            match entries.pop().flatten() {
                Some(before) => client = before,
                None => break,
            }
        }
        client
    }

    /// Tells whether the address belongs to a trusted proxy.
    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|network| network.contains(&address))
    }

    /// The entries of the header, from left to right: the one nearest to the client first.
    fn entries(&self, headers: &HeaderMap) -> Vec<Option<IpAddr>> {
        let lines = headers.get_all(self.header.name()).iter();
        let entries = lines.flat_map(|line| line.to_str().unwrap_or_default().split(','));
        entries.map(|entry| self.header.address(entry)).collect()
    }
}

impl ForwardingHeader {
    fn name(self) -> HeaderName {
        match self {
            Self::Forwarded => http::header::FORWARDED,
            Self::XForwardedFor => HeaderName::from_static("x-forwarded-for"),
        }
    }

    fn address(self, entry: &str) -> Option<IpAddr> {
        match self {
            Self::Forwarded => {
                let parameters = entry.split(';').filter_map(|part| part.split_once('='));
                let mut names =
                    parameters.filter(|(name, _)| name.trim().eq_ignore_ascii_case("for"));
                names.next().and_then(|(_, node)| node_address(node))
            }
            Self::XForwardedFor => node_address(entry),
        }
    }
}

/// Reads an address, with or without port, brackets and quotes (RFC 7239 §6).
fn node_address(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse::<IpAddr>().ok();
    let address = address.or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
    address.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::header::FORWARDED;

    use super::*;

    const PROXY: &str = "10.0.0.1";

    fn client(peer: &str, lines: &[&str]) -> String {
        client_by(ForwardingHeader::XForwardedFor, peer, lines)
    }

    fn client_by(header: ForwardingHeader, peer: &str, lines: &[&str]) -> String {
        let proxies =
            TrustedProxies::parse(["10.0.0.0/8", "fd00::/8"]).unwrap().with_header(header);
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header.name(), line.parse().unwrap());
        }
        proxies.client_address(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn the_header_of_an_untrusted_peer_is_ignored() {
        assert_eq!(client("203.0.113.7", &["1.1.1.1"]), "203.0.113.7");
    }

    #[test]
    fn the_right_most_untrusted_entry_counts() {
        assert_eq!(client(PROXY, &["1.1.1.1, 203.0.113.7"]), "203.0.113.7");
        assert_eq!(client(PROXY, &["1.1.1.1,203.0.113.7 , 10.9.9.9"]), "203.0.113.7");
        assert_eq!(client(PROXY, &["1.1.1.1", "203.0.113.7, 10.9.9.9", "fd00::1"]), "203.0.113.7");
    }

    #[test]
    fn without_entries_the_last_known_hop_counts() {
        assert_eq!(client(PROXY, &[]), PROXY);
        assert_eq!(client(PROXY, &["10.0.0.3, 10.0.0.2"]), "10.0.0.3");
    }

    #[test]
    fn an_entry_that_is_not_an_address_ends_the_search() {
        assert_eq!(client(PROXY, &["203.0.113.7, unknown, 10.0.0.2"]), "10.0.0.2");
        assert_eq!(client(PROXY, &["203.0.113.7,"]), PROXY);
        assert_eq!(client(PROXY, &["1.1.1.1; drop"]), PROXY);
    }

    #[test]
    fn ports_brackets_and_mapped_addresses_are_understood() {
        assert_eq!(client("::ffff:10.0.0.1", &["203.0.113.7:1234"]), "203.0.113.7");
        assert_eq!(client(PROXY, &["[2001:db8::1]:1234"]), "2001:db8::1");
        assert_eq!(client(PROXY, &["2001:db8::1"]), "2001:db8::1");
    }

    #[test]
    fn only_the_header_that_is_configured_is_read() {
        let line = r#"for=1.1.1.1, For="[2001:db8::1]:80";proto=https, by=x;for=10.0.0.2"#;
        assert_eq!(client_by(ForwardingHeader::Forwarded, PROXY, &[line]), "2001:db8::1");
        let headers = HeaderMap::from_iter([(FORWARDED, line.parse().unwrap())]);
        let proxies = TrustedProxies::parse(["10.0.0.0/8"]).unwrap();
        let peer = PROXY.parse().unwrap();
        assert_eq!(proxies.client_address(peer, &headers), peer);
    }

    #[test]
    fn no_proxy_is_trusted_by_default() {
        let headers = HeaderMap::from_iter([(FORWARDED, "for=1.1.1.1".parse().unwrap())]);
        let peer = "127.0.0.1".parse().unwrap();
        assert_eq!(TrustedProxies::none().client_address(peer, &headers), peer);
        assert!(TrustedProxies::parse(["localhost"]).is_err());
    }
}
