//! How many connections the demo may have at once.

use scopegate_server::ListenLimits;

/// Lets the process open as many files as the system permits; the answer is how many.
#[cfg(unix)]
fn raise() -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // What is not raised stays as it was, which is what is read now.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// Elsewhere there is no such limit.
#[cfg(not(unix))]
fn raise() -> u64 {
    u64::MAX
}

/// The limits of each of so many listeners.
pub(crate) fn limits(listeners: u64) -> ListenLimits {
    ListenLimits::for_descriptors(raise() / listeners)
}
