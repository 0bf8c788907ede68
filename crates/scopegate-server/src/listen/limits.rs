//! How many connections there may be, and how long their clients are waited for.

use std::time::Duration;

use crate::trusted_proxies::TrustedProxies;

/// Descriptors that stay free for storage, fetches and the administrator's listener.
const MIN_RESERVE: u64 = 32;

/// The most connections unless more are asked for: each one takes memory too.
const MOST_BY_DEFAULT: u64 = 20_000;

/// How many connections a [`Listener`](crate::Listener) has, and how long their clients are waited
/// for.
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
    /// The most connections at once. When there are so many, the connection that waits longest for its
    /// client is closed for a new one.
    pub connections: usize,
    /// The most connections of one address; an IPv6 /64 counts as one, and a /48 has 16 times as many.
    pub connections_per_address: usize,
    /// How long a client may take none of an answer. Pings count for nothing.
    pub write_timeout: Duration,
    /// How long a connection may be without a request.
    pub idle_timeout: Duration,
    /// Proxies, whose connections are those of many clients: they have no limit of their own.
    pub trusted_proxies: TrustedProxies,
}

impl ListenLimits {
    /// The usual limits of a process that may have so many descriptors: 80 % of them, 20,000 at most,
    /// are for connections, and at least 32 are not. One address may have a quarter of the connections.
    ///
    /// A process with two listeners gives each a part of its descriptors.
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

    /// The reserve of a process with so many connections to a database.
    pub(crate) fn reserve(database_connections: u32) -> u64 {
        MIN_RESERVE + u64::from(database_connections)
    }

    /// So many of the descriptors are for connections, by default.
    pub(crate) fn usual_connections(descriptors: u64, reserve: u64) -> usize {
        // First divided, so that no number of descriptors is too large.
        let share = descriptors / 5 * 4 + descriptors % 5 * 4 / 5;
        let most = share.min(descriptors.saturating_sub(reserve)).min(MOST_BY_DEFAULT);
        usize::try_from(most).unwrap_or(usize::MAX).max(1)
    }

    /// So many of the connections may be from one address, by default.
    pub(crate) fn usual_per_address(connections: usize) -> usize {
        (connections / 4).max(1)
    }

    /// Those of an administrator's listener: a few connections, inside the reserve of the public one.
    pub(super) fn for_admin(public: &Self) -> Self {
        let connections = (public.connections / 16).clamp(8, 32);
        Self { connections, connections_per_address: connections, ..public.clone() }
    }
}

impl Default for ListenLimits {
    /// The usual limits for the number of descriptors that this process may have now.
    fn default() -> Self {
        Self::for_descriptors(descriptors())
    }
}

/// How many descriptors this process may have.
#[cfg(unix)]
fn descriptors() -> u64 {
    use rustix::process::{Resource, getrlimit};

    // Without a limit there is still a default number of connections.
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// Handles are not scarce on other systems.
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
