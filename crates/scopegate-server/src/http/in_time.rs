//! How long a decision may take: a storage that hangs shall hang neither clients nor browsers.

use std::time::Duration;

use super::RequestError;

/// As long as clients and proxies commonly wait.
const DECISION_TIME: Duration = Duration::from_secs(20);

/// Waits for a decision.
///
/// # Errors
///
/// [`RequestError::Overdue`] if it takes too long.
pub(super) async fn decided_in_time<T>(
    deciding: impl Future<Output = T>,
) -> Result<T, RequestError> {
    tokio::time::timeout(DECISION_TIME, deciding).await.map_err(|_| RequestError::Overdue)
}
