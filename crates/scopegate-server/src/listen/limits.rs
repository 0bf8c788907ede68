//! How many connections there may be, and how long to wait for their clients.

use std::time::Duration;

use crate::trusted_proxies::TrustedProxies;

/// How many descriptors are kept free for the storage, for fetches and for the administrator's
/// listener.
const MIN_RESERVE: u64 = 32;

/// Maximum default connections. More must be configured, because each connection takes memory.
const MOST_BY_DEFAULT: u64 = 20_000;

/// How many connections a [`Listener`](crate::Listener) may have, and how long it waits for their
/// clients.
///
/// ```
/// use scopegate_server::ListenLimits;
///
/// let mut limits = ListenLimits::for_descriptors(1024);
/// assert_eq!((limits.connections, limits.connections_per_address), (819, 204));
/// limits.idle_timeout = std::time::Duration::from_secs(10);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ListenLimits {
    /// Maximum connections. When they are reached, a new connection replaces one that has long been
    /// waiting for its client.
    pub connections: usize,
    /// Maximum connections from one address. An IPv6 /64 counts as one address. A /48 may have 16
    /// times as many.
    pub connections_per_address: usize,
    /// How long a client may read nothing of an answer. Answers to pings do not count.
    pub write_timeout: Duration,
    /// How long a connection may have no request.
    pub idle_timeout: Duration,
    /// Proxies. They have no limit per address, because their connections carry the requests of
    /// many clients.
    pub trusted_proxies: TrustedProxies,
}

impl ListenLimits {
    /// The default limits for a process that may have this many descriptors. 80 % of them are for
    /// connections, at most 20,000, and at least 32 are kept free. One address may have a quarter
    /// of the connections.
    ///
    /// If a process has several listeners, divide its descriptors among them.
    pub fn for_descriptors(descriptors: u64) -> Self {
        let connections = Self::usual_connections(descriptors, MIN_RESERVE);
        Self {
            connections,
            connections_per_address: Self::usual_per_address(connections),
            write_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(75),
            trusted_proxies: TrustedProxies::none(),
        }
    }

    /// How many descriptors are kept free in a process with this many connections to a database.
    pub(crate) fn reserve(database_connections: u32) -> u64 {
        MIN_RESERVE + u64::from(database_connections)
    }

    /// How many of the descriptors are for connections by default.
    pub(crate) fn usual_connections(descriptors: u64, reserve: u64) -> usize {
        // Divided first, so that no number of descriptors overflows.
        let share = descriptors / 5 * 4 + descriptors % 5 * 4 / 5;
        let most = share.min(descriptors.saturating_sub(reserve)).min(MOST_BY_DEFAULT);
        usize::try_from(most).unwrap_or(usize::MAX).max(1)
    }

    /// How many of the connections may be from one address by default.
    pub(crate) fn usual_per_address(connections: usize) -> usize {
        (connections / 4).max(1)
    }

    /// The limits of an administrator's listener: 8 to 32 connections, which come out of the
    /// descriptors that the public listener keeps free.
    pub(super) fn for_admin(public: &Self) -> Self {
        let connections = (public.connections / 16).clamp(8, 32);
        Self { connections, connections_per_address: connections, ..public.clone() }
    }
}

impl Default for ListenLimits {
    /// The default limits for the number of descriptors that this process may have now.
    fn default() -> Self {
        Self::for_descriptors(descriptors())
    }
}

/// How many descriptors this process may have.
#[cfg(unix)]
fn descriptors() -> u64 {
    use rustix::process::{Resource, getrlimit};

    // If there is no limit, `MOST_BY_DEFAULT` still applies.
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// Other systems have no such limit.
#[cfg(not(unix))]
fn descriptors() -> u64 {
    u64::MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_stays_free_and_one_address_has_a_quarter() {
        for (descriptors, connections, per_address) in [
            (256, 204, 51),
            (1024, 819, 204),
            (64, 32, 8),
            (40, 8, 2),
            (0, 1, 1),
            (1_048_576, 20_000, 5000),
            (u64::MAX, 20_000, 5000),
        ] {
            let limits = ListenLimits::for_descriptors(descriptors);
            assert_eq!(limits.connections, connections, "{descriptors}");
            assert_eq!(limits.connections_per_address, per_address, "{descriptors}");
        }
        assert_eq!(ListenLimits::usual_connections(256, ListenLimits::reserve(100)), 124);
    }
}
