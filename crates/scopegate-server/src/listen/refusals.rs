//! Logs connections that are not served, at most once in 10 s so that strangers cannot flood the
//! log.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::Instant;

use super::open_connections::Refused;

/// Minimum time between two log entries.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

/// How many connections were not served since the last log entry.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    logged_at: Option<Instant>,
    address: u64,
    full: u64,
    failed: u64,
}

impl Refusals {
    /// Notes that a connection was refused.
    pub(super) fn note(&mut self, refused: Refused, peer: SocketAddr) {
        match refused {
            Refused::Address => self.address += 1,
            Refused::Full => self.full += 1,
        }
        tracing::debug!(%peer, ?refused, "a connection is refused");
        if self.is_due() {
            tracing::warn!(
                one_address_has_too_many = self.address,
                all_have_too_many = self.full,
                "connections are refused"
            );
            (self.address, self.full) = (0, 0);
        }
    }

    /// Notes that the system could not accept a connection.
    pub(super) fn note_failure(&mut self, error: &io::Error) {
        self.failed += 1;
        if self.is_due() {
            let error = error as &dyn std::error::Error;
            tracing::warn!(error, times = self.failed, "cannot accept connections");
            self.failed = 0;
        }
    }

    fn is_due(&mut self) -> bool {
        let now = Instant::now();
        let is_due = self.logged_at.is_none_or(|at| now >= at + LOG_INTERVAL);
        if is_due {
            self.logged_at = Some(now);
        }
        is_due
    }
}
