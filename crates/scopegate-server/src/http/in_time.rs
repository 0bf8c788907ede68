//! Bounds the time of a decision, so that a storage that hangs does not keep clients waiting.

use std::time::Duration;

use futures_util::TryFutureExt;

use super::failure::RequestError;

/// Clients and proxies commonly wait about this long.
pub(super) const DECISION_TIME: Duration = Duration::from_secs(20);

/// Waits for a decision.
///
/// # Errors
///
/// [`RequestError::Overdue`] if it takes too long.
pub(super) fn decided_in_time<T>(
    deciding: impl Future<Output = T>,
) -> impl Future<Output = Result<T, RequestError>> {
    // Not an `async fn`: its future would be twice as large, with the decision as an argument and
    // as a local variable.
    tokio::time::timeout(DECISION_TIME, deciding).map_err(|_| RequestError::Overdue)
}
