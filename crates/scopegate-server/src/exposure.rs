//! Who can reach a process.

use std::net::SocketAddr;

use scopegate_claims::Issuer;

/// Who can reach a process.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "another machine can reach it or not")]
pub enum Exposure {
    /// Only programs on the same machine: each listener and the base URL are loopback.
    Loopback,
    /// Other machines, too.
    Public,
}

impl Exposure {
    /// Who can reach a process with this base URL and these listeners.
    pub fn of(base: &Issuer, listeners: &[SocketAddr]) -> Self {
        let is_loopback =
            base.is_loopback() && listeners.iter().all(|address| address.ip().is_loopback());
        if is_loopback { Self::Loopback } else { Self::Public }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_public_address_makes_the_process_public() {
        let of = |base: &str, listeners: [&str; 2]| {
            let listeners = listeners.map(|address| address.parse().unwrap());
            Exposure::of(&Issuer::parse(base).unwrap(), &listeners)
        };
        assert_eq!(of("http://localhost:1", ["127.0.0.1:1", "[::1]:2"]), Exposure::Loopback);
        for (base, listeners) in [
            ("https://id.example.com", ["127.0.0.1:1", "127.0.0.1:2"]),
            ("http://127.0.0.1:1", ["0.0.0.0:1", "127.0.0.1:2"]),
            ("http://127.0.0.1:1", ["127.0.0.1:1", "10.0.0.1:2"]),
        ] {
            assert_eq!(of(base, listeners), Exposure::Public, "{base} {listeners:?}");
        }
    }
}
