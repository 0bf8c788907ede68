//! The keys that clients publish under a URL (RFC 7591 §2, `jwks_uri`).

use std::sync::Arc;

use scopegate_claims::UnixTime;
use scopegate_jose::KeySet;

use crate::error::TokenError;
use crate::fetch::Fetch;

/// The keys of all clients that publish them.
#[derive(Debug)]
pub struct ClientKeys {
    fetch: Arc<dyn Fetch>,
}

impl ClientKeys {
    /// Knows nothing yet.
    pub fn new(fetch: Arc<dyn Fetch>) -> Self {
        Self { fetch }
    }

    /// The keys at a URL, among which the one of that name is looked for.
    ///
    /// # Errors
    ///
    /// [`TokenError::KeysUnavailable`] if they cannot be had.
    pub async fn of(
        &self,
        url: &str,
        _kid: Option<&str>,
        _now: UnixTime,
    ) -> Result<Arc<KeySet>, TokenError> {
        let document = self.fetch.get(url).await.map_err(|_| TokenError::KeysUnavailable)?;
        let read = KeySet::parse(&document).map_err(|_| TokenError::KeysUnavailable)?;
        Ok(Arc::new(read.keys))
    }
}
