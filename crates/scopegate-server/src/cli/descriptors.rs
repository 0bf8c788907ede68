//! How many descriptors the process may have: as many as the system lets it have.

use scopegate_server::ListenLimits;

/// How many descriptors the process may have.
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
        // What is not raised stays as it was, which is what is read now.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
        let now = getrlimit(Resource::Nofile).current;
        let number = |limit: Option<u64>| limit.unwrap_or(u64::MAX);
        Self { before: number(current), now: number(now) }
    }

    /// Elsewhere there is no such limit.
    #[cfg(not(unix))]
    pub(super) fn raise() -> Self {
        Self { before: u64::MAX, now: u64::MAX }
    }

    /// How many there may be.
    pub(super) fn now(self) -> u64 {
        self.now
    }

    /// Tells the log what they are for.
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
