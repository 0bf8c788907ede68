//! Where a process listens.

use std::net::{Ipv4Addr, SocketAddr};

use scopegate_core::catalog_file::Quoted;

use super::key::Key;

/// Where a process listens.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ListenConfig {
    /// The protocol and the pages.
    pub public: SocketAddr,
    /// The management API and the metrics.
    pub admin: SocketAddr,
}

impl Default for ListenConfig {
    fn default() -> Self {
        let loopback = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Self { public: loopback(9000), admin: loopback(9001) }
    }
}

pub(super) static KEYS: &[Key] = &[
    Key {
        path: "listen.public",
        meaning: "the address for clients",
        default: "127.0.0.1:9000",
        set: |draft, setting| {
            draft.listen.public = setting.parse(parse_address)?;
            Ok(())
        },
    },
    Key {
        path: "listen.admin",
        meaning: "the address for administrators",
        default: "127.0.0.1:9001",
        set: |draft, setting| {
            draft.listen.admin = setting.parse(parse_address)?;
            Ok(())
        },
    },
];

fn parse_address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        format!(
            "{} is no address: write an IP address and a port, such as \"127.0.0.1:9000\"",
            Quoted(text)
        )
    })
}
