//! The keys that clients and trusted issuers publish under a URL (RFC 7591 §2, `jwks_uri`).
//!
//! A set is fetched when it is first needed, once for all who wait, and kept for ten minutes. A key
//! that it does not name is looked for in a new one, once a minute at most. When the URL cannot
//! be reached, its last set serves for a day; without one nobody can be told from anybody, which is
//! our failure and not the client's.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use scopegate_claims::UnixTime;
use scopegate_jose::{JoseError, KeySet};
use tokio::sync::Mutex as Turn;

use crate::error::TokenError;
use crate::keys::fetch::{Fetch, FetchError};

/// For so long a set is not asked for again.
const FRESH: Duration = Duration::from_secs(10 * 60);

/// For so long a set serves that cannot be renewed.
const STALE: Duration = Duration::from_secs(24 * 60 * 60);

/// Between two fetches for a key that the set does not name, or of a set that could not be renewed.
const COOL_DOWN: Duration = Duration::from_secs(60);

/// Between two fetches of a set of which there is none yet: no longer than the client is told to
/// wait.
const RETRY: Duration = Duration::from_secs(5);

/// The most sets that are kept.
const MAX_SETS: usize = 1000;

/// The keys of all who publish them.
#[derive(Debug)]
pub struct ClientKeys {
    fetch: Arc<dyn Fetch>,
    by_url: Mutex<HashMap<Box<str>, Arc<Published>>>,
}

/// The set at one URL.
#[derive(Debug, Default)]
struct Published {
    held: Mutex<Held>,
    /// One fetch at a time. Who waits for it finds what it brought.
    fetching: Turn<()>,
}

/// What is known of a set.
#[derive(Clone, Debug, Default)]
struct Held {
    /// The keys, and when they were fetched.
    keys: Option<(Arc<KeySet>, UnixTime)>,
    /// When a fetch began last, whatever became of it.
    asked_at: Option<UnixTime>,
}

/// Why the keys at a URL cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeysProblem {
    /// The document cannot be fetched.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The document is not a key set.
    #[error(transparent)]
    KeySet(#[from] JoseError),
    /// A fetch failed a moment ago, and the next one is not due yet.
    #[error("a fetch failed a moment ago, and the next one is not due yet")]
    CoolingDown,
}

impl ClientKeys {
    /// Knows nothing yet.
    pub fn new(fetch: Arc<dyn Fetch>) -> Self {
        Self { fetch, by_url: Mutex::default() }
    }

    /// The keys at a URL, among which the one of that name is looked for.
    ///
    /// # Errors
    ///
    /// [`TokenError::KeysUnavailable`] if they cannot be had, and there are none from before.
    pub async fn of(
        &self,
        url: &str,
        kid: Option<&str>,
        now: UnixTime,
    ) -> Result<Arc<KeySet>, TokenError> {
        self.find(url, kid, now).await.map_err(|_| TokenError::KeysUnavailable)
    }

    /// The same, with the reason if they cannot be had.
    ///
    /// # Errors
    ///
    /// [`KeysProblem`] if they cannot be had, and there are none from before.
    pub async fn find(
        &self,
        url: &str,
        kid: Option<&str>,
        now: UnixTime,
    ) -> Result<Arc<KeySet>, KeysProblem> {
        let published = self.published(url);
        if let Some(keys) = published.held().settled(kid, now) {
            return Ok(keys);
        }
        // Whoever can do with the keys from before does not wait for a fetch that is under way.
        let usable = published.held().usable(kid, now);
        let _turn = match (published.fetching.try_lock(), usable) {
            (Ok(turn), _) => turn,
            (Err(_), Some(keys)) => return Ok(keys),
            (Err(_), None) => published.fetching.lock().await,
        };
        let held = published.held();
        if let Some(keys) = held.settled(kid, now) {
            return Ok(keys);
        }
        let mut problem = KeysProblem::CoolingDown;
        if held.is_due(now) {
            published.begin(now);
            match self.fetched(url).await {
                Ok(keys) => {
                    published.end(Arc::clone(&keys), now);
                    return Ok(keys);
                }
                Err(error) => problem = error,
            }
        }
        held.last_resort(now).ok_or(problem)
    }

    async fn fetched(&self, url: &str) -> Result<Arc<KeySet>, KeysProblem> {
        let document = self.fetch.get(url).await.inspect_err(|error| {
            tracing::warn!(url, %error, "the keys at a URL cannot be fetched");
        });
        let read = KeySet::parse(&document?).inspect_err(|error| {
            tracing::warn!(url, reason = error.reason(), "the keys at a URL cannot be read");
        });
        Ok(Arc::new(read?.keys))
    }

    fn published(&self, url: &str) -> Arc<Published> {
        let mut by_url = self.by_url.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = by_url.get(url) {
            return Arc::clone(known);
        }
        if by_url.len() >= MAX_SETS {
            let oldest = by_url.iter().min_by_key(|(_, published)| published.held().asked_at);
            if let Some(url) = oldest.map(|(url, _)| url.clone()) {
                by_url.remove(&url);
            }
        }
        Arc::clone(by_url.entry(url.into()).or_default())
    }
}

impl Published {
    fn held(&self) -> Held {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Remembers that a fetch begins: one that is broken off counts as well.
    fn begin(&self, now: UnixTime) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).asked_at = Some(now);
    }

    fn end(&self, keys: Arc<KeySet>, now: UnixTime) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).keys = Some((keys, now));
    }
}

impl Held {
    /// The keys, if no other ones need to be looked for.
    fn settled(&self, kid: Option<&str>, now: UnixTime) -> Option<Arc<KeySet>> {
        let (keys, fetched_at) = self.keys.as_ref()?;
        let is_named = kid.is_none_or(|kid| keys.contains_kid(kid));
        (is_named && now.since(*fetched_at) < FRESH).then(|| Arc::clone(keys))
    }

    /// The keys from before, if the one that is looked for is among them.
    fn usable(&self, kid: Option<&str>, now: UnixTime) -> Option<Arc<KeySet>> {
        let kid = kid?;
        self.last_resort(now).filter(|keys| keys.contains_kid(kid))
    }

    /// Tells whether it is time to fetch.
    fn is_due(&self, now: UnixTime) -> bool {
        let pause = if self.keys.is_some() { COOL_DOWN } else { RETRY };
        self.asked_at.is_none_or(|asked_at| now.since(asked_at) >= pause)
    }

    /// The keys from before, as long as they may serve.
    fn last_resort(&self, now: UnixTime) -> Option<Arc<KeySet>> {
        let (keys, fetched_at) = self.keys.as_ref()?;
        (now.since(*fetched_at) < STALE).then(|| Arc::clone(keys))
    }
}

#[cfg(test)]
mod tests;
