//! Looks up the hosts of plain http, and drops every address that is not private.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// A resolver whose answers hold private addresses only.
///
/// The connection is made to these very addresses, without a second lookup. So a name that is
/// private at first and public later ("DNS rebinding") does not help an attacker.
#[derive(Clone)]
pub(super) struct PrivateDns(Arc<dyn Resolve>);

/// The name has no address to which plain http is allowed.
#[derive(Debug, thiserror::Error)]
#[error("`{host}` resolves to {address}, and plain http is for private addresses only")]
pub(super) struct NotPrivate {
    pub(super) host: String,
    pub(super) address: IpAddr,
}

impl PrivateDns {
    #[cfg(test)]
    pub(super) fn over(resolver: impl Resolve + 'static) -> Self {
        Self(Arc::new(resolver))
    }
}

impl Default for PrivateDns {
    fn default() -> Self {
        Self(Arc::new(SystemDns))
    }
}

impl fmt::Debug for PrivateDns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateDns")
    }
}

impl Resolve for PrivateDns {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        let addresses = self.0.resolve(name);
        Box::pin(async move {
            let found: Vec<_> = addresses.await?.collect();
            let is_allowed = |address: &&SocketAddr| is_allowed(&host, address.ip());
            let allowed: Vec<_> = found.iter().filter(is_allowed).copied().collect();
            match (allowed.is_empty(), found.first()) {
                (true, Some(first)) => Err(NotPrivate { address: first.ip(), host }.into()),
                _ => Ok(Box::new(allowed.into_iter()) as Addrs),
            }
        })
    }
}

/// The resolver of the system.
struct SystemDns;

impl Resolve for SystemDns {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            // The port of the URL replaces this one.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(Box::new(found.collect::<Vec<_>>().into_iter()) as Addrs)
        })
    }
}

fn is_allowed(host: &str, address: IpAddr) -> bool {
    let address = address.to_canonical();
    // `localhost` counts as a loopback address everywhere, so it must be one.
    if host == "localhost" { address.is_loopback() } else { is_private(address) }
}

/// Whether an address is a loopback address, RFC 1918, RFC 4193, or 100.64.0.0/10 (RFC 6598).
///
/// Link-local addresses are not: 169.254.169.254 serves the secrets of cloud machines.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || is_shared(v4),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local(),
    }
}

fn is_shared(address: Ipv4Addr) -> bool {
    matches!(address.octets(), [100, 64..=127, ..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_rfc_1918_rfc_4193_and_shared_addresses_are_private() {
        for private in [
            "127.0.0.1",
            "127.255.255.255",
            "::1",
            "10.0.0.0",
            "10.255.255.255",
            "172.16.0.0",
            "172.31.255.255",
            "192.168.0.1",
            "100.64.0.0",
            "100.127.255.255",
            "fc00::1",
            "fdff:ffff::1",
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
        ] {
            assert!(is_allowed("keycloak", private.parse().unwrap()), "{private}");
        }
        for public in [
            "93.184.216.34",
            "169.254.169.254",
            "169.254.0.1",
            "0.0.0.0",
            "9.255.255.255",
            "11.0.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.255.255",
            "192.169.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "101.64.0.0",
            "126.255.255.255",
            "128.0.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::2",
            "2001:db8::1",
            "2606:2800:220:1::1",
            "fbff::1",
            "fe00::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "::10.0.0.1",
            "64:ff9b::10.0.0.1",
            "2002:a00:1::1",
            "::ffff:93.184.216.34",
            "::ffff:169.254.169.254",
        ] {
            assert!(!is_allowed("keycloak", public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn localhost_must_be_a_loopback_address() {
        for address in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            assert!(is_allowed("localhost", address.parse().unwrap()), "{address}");
        }
        for address in ["10.0.0.1", "192.168.0.1", "fc00::1", "93.184.216.34", "::ffff:10.0.0.1"] {
            assert!(!is_allowed("localhost", address.parse().unwrap()), "{address}");
        }
    }
}
