//! How many connections there may be, and how long clients are waited for.

use std::time::Duration;

use crate::listen::ListenLimits;
use crate::trusted_proxies::TrustedProxies;

/// How many connections there may be, and how long clients are waited for. Numbers that are not set
/// follow from how many descriptors the process may have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct LimitsConfig {
    /// Maximum connections of the public listener.
    pub connections: Option<usize>,
    /// Maximum connections from one address.
    pub connections_per_address: Option<usize>,
    /// How long a client may read nothing of an answer.
    pub write_timeout: Duration,
    /// How long a connection may be without a request.
    pub idle_timeout: Duration,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        let usual = ListenLimits::for_descriptors(0);
        Self {
            connections: None,
            connections_per_address: None,
            write_timeout: usual.write_timeout,
            idle_timeout: usual.idle_timeout,
        }
    }
}

impl LimitsConfig {
    /// The limits of the listeners of a process that may have this many descriptors, some of which
    /// are for connections to a database.
    pub(super) fn for_listeners(
        &self,
        descriptors: u64,
        database_connections: u32,
        trusted_proxies: &TrustedProxies,
    ) -> ListenLimits {
        let reserve = ListenLimits::reserve(database_connections);
        let usual = ListenLimits::usual_connections(descriptors, reserve);
        let mut limits = ListenLimits::for_descriptors(descriptors);
        limits.connections = self.connections.unwrap_or(usual);
        let usual = ListenLimits::usual_per_address(limits.connections);
        limits.connections_per_address = self.connections_per_address.unwrap_or(usual);
        limits.write_timeout = self.write_timeout;
        limits.idle_timeout = self.idle_timeout;
        limits.trusted_proxies = trusted_proxies.clone();
        limits
    }
}
