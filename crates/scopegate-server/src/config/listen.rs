//! Where a process listens.

use std::net::{Ipv4Addr, SocketAddr};

/// Where a process listens.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ListenConfig {
    /// The address of the protocol and the pages.
    pub public: SocketAddr,
    /// The address for administrators: health with details.
    pub admin: SocketAddr,
}

impl Default for ListenConfig {
    fn default() -> Self {
        let loopback = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Self { public: loopback(9000), admin: loopback(9001) }
    }
}
