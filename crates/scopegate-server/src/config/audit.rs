//! How long audit events are kept.

use std::time::Duration;

/// How long audit events are kept.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct AuditConfig {
    /// Events older than this are deleted; `None` keeps all of them.
    pub keep: Option<Duration>,
}
