//! How long audit events and earlier versions of the catalog are kept.

use std::time::Duration;

/// How long audit events are kept.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct AuditConfig {
    /// Events older than this are deleted; `None` keeps all of them.
    pub keep: Option<Duration>,
}

/// How long earlier versions of the catalog are kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct HistoryConfig {
    /// Versions older than this are deleted.
    pub keep: Duration,
}

impl HistoryConfig {
    /// 400 days: more than a year between two audits.
    const DEFAULT: Duration = Duration::from_secs(400 * 24 * 60 * 60);
}

impl Default for HistoryConfig {
    fn default() -> Self {
        Self { keep: Self::DEFAULT }
    }
}
