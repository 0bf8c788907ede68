//! How many file descriptors the process may have. It takes as many as the system permits.

use scopegate_server::ListenLimits;

/// How many file descriptors the process may have: before and after raising the limit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Descriptors {
    before: u64,
    now: u64,
}

impl Descriptors {
    /// Raises the soft limit to the hard one, if the system permits it.
    #[cfg(unix)]
    pub(super) fn raise() -> Self {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        // If this fails, the limit is unchanged, and is read below.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
        let now = getrlimit(Resource::Nofile).current;
        let number = |limit: Option<u64>| limit.unwrap_or(u64::MAX);
        Self { before: number(current), now: number(now) }
    }

    /// Other systems have no such limit.
    #[cfg(not(unix))]
    pub(super) fn raise() -> Self {
        Self { before: u64::MAX, now: u64::MAX }
    }

    /// How many descriptors the process may have now.
    pub(super) fn now(self) -> u64 {
        self.now
    }

    /// Logs the limit and the connections that follow from it.
    pub(super) fn log(self, limits: &ListenLimits) {
        let Self { before, now } = self;
        tracing::info!(
            before,
            now,
            connections = limits.connections,
            connections_per_address = limits.connections_per_address,
            "the limit of open files"
        );
    }
}
