//! How many connections the demo may have at once.

use scopegate_server::ListenLimits;

/// Raises the limit of open files to what the system permits, and returns the limit.
#[cfg(unix)]
fn raise() -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // If this fails, the old limit remains; it is read below.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// Other systems have no such limit.
#[cfg(not(unix))]
fn raise() -> u64 {
    u64::MAX
}

/// The limits of each listener, if there are this many.
pub(crate) fn limits(listeners: u64) -> ListenLimits {
    ListenLimits::for_descriptors(raise() / listeners)
}
