//! How long a decision may take: a storage that hangs shall hang neither clients nor browsers.

use std::time::Duration;

use futures_util::TryFutureExt;

use super::failure::RequestError;

/// As long as clients and proxies commonly wait.
const DECISION_TIME: Duration = Duration::from_secs(20);

/// Waits for a decision.
///
/// # Errors
///
/// [`RequestError::Overdue`] if it takes too long.
pub(super) fn decided_in_time<T>(
    deciding: impl Future<Output = T>,
) -> impl Future<Output = Result<T, RequestError>> {
    // Not an `async fn`: that would keep room for the decision twice.
    tokio::time::timeout(DECISION_TIME, deciding).map_err(|_| RequestError::Overdue)
}
