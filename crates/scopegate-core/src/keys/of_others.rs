//! The keys that clients and trusted issuers publish at a URL (RFC 7591 §2, `jwks_uri`).
//!
//! Both use [`ClientKeys::find`], so there is one state machine. For each URL it keeps the last key
//! set, when that set was fetched, and when the last fetch began. For a request that needs a key,
//! the first row that applies decides:
//!
//! | the key set of the URL | what happens |
//! | --- | --- |
//! | is younger than 10 minutes and has the key | it is used |
//! | is being fetched, and the last set is younger than a day and has the key | the last set is used |
//! | is being fetched | the request waits for that fetch, and starts again at the first row |
//! | was last fetched 1 minute ago or earlier (5 seconds, if there is no set) | it is fetched and used |
//! | cannot be fetched, or not yet again, and is younger than a day | the last set is used |
//! | cannot be fetched, or not yet again | [`CallError::KeysUnavailable`] |
//!
//! So a URL is fetched once for all requests that wait. Tokens with an invented key id cause at
//! most one fetch per minute. If the URL cannot be fetched, the last set is used for a day. After
//! that requests fail with an error of the server, not of the client: without keys no signature can
//! be checked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use scopegate_claims::UnixTime;
use scopegate_jose::{JoseError, KeySet};
use tokio::sync::Mutex as Turn;

use crate::error::CallError;
use crate::keys::fetch::{Fetch, FetchError};

/// How long a set is used without being fetched again.
const FRESH: Duration = Duration::from_secs(10 * 60);

/// How long a set is used if it cannot be fetched again.
const STALE: Duration = Duration::from_secs(24 * 60 * 60);

/// The minimum time between two fetches when there is a set.
const COOL_DOWN: Duration = Duration::from_secs(60);

/// The minimum time between two fetches when there is no set. It is the `Retry-After` that the
/// client gets.
const RETRY: Duration = Duration::from_secs(5);

/// The maximum number of sets in memory.
const MAX_SETS: usize = 1000;

/// The keys that clients and trusted issuers publish.
#[derive(Debug)]
pub struct ClientKeys {
    fetch: Arc<dyn Fetch>,
    by_url: Mutex<HashMap<Box<str>, Arc<Published>>>,
}

/// The set at one URL.
#[derive(Debug, Default)]
struct Published {
    held: Mutex<Held>,
    /// Held during a fetch, so that there is one at a time.
    fetching: Turn<()>,
}

/// A set, and when it was fetched.
#[derive(Clone, Debug, Default)]
struct Held {
    /// The keys, and when they were fetched.
    keys: Option<(Arc<KeySet>, UnixTime)>,
    /// When the last fetch began, whether or not it succeeded.
    last_fetch_at: Option<UnixTime>,
}

/// Why the keys at a URL are not available.
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

/// What to do for a request that needs a key, if no fetch is running.
enum Next {
    /// Use the set.
    Use(Arc<KeySet>),
    /// Fetch the set.
    Fetch,
    /// The next fetch is not due yet. Use the last set, if it is young enough.
    FallBack,
}

impl ClientKeys {
    /// Starts without any set.
    pub fn new(fetch: Arc<dyn Fetch>) -> Self {
        Self { fetch, by_url: Mutex::default() }
    }

    /// The keys at a URL. If a key id is given and the set does not have the key, the set is
    /// fetched again early. The result may still lack the key.
    ///
    /// # Errors
    ///
    /// [`CallError::KeysUnavailable`] if the keys cannot be fetched and no earlier set is young enough.
    pub async fn of(
        &self,
        url: &str,
        kid: Option<&str>,
        now: UnixTime,
    ) -> Result<Arc<KeySet>, CallError> {
        self.find(url, kid, now).await.map_err(|_| CallError::KeysUnavailable)
    }

    /// Like [`of`](Self::of), with the reason if the keys are not available.
    ///
    /// # Errors
    ///
    /// [`KeysProblem`] if the keys cannot be fetched and no earlier set is young enough.
    pub async fn find(
        &self,
        url: &str,
        kid: Option<&str>,
        now: UnixTime,
    ) -> Result<Arc<KeySet>, KeysProblem> {
        let published = self.published(url);
        if let Next::Use(keys) = published.held().next(kid, now) {
            return Ok(keys);
        }
        let known = published.held().last_resort(now);
        let known = known.filter(|keys| kid.is_some_and(|kid| keys.contains_kid(kid)));
        let _turn = match (published.fetching.try_lock(), known) {
            (Ok(turn), _) => turn,
            (Err(_), Some(keys)) => return Ok(keys),
            (Err(_), None) => published.fetching.lock().await,
        };
        // Another request may have fetched the set meanwhile.
        let problem = match published.held().next(kid, now) {
            Next::Use(keys) => return Ok(keys),
            Next::FallBack => KeysProblem::CoolingDown,
            Next::Fetch => {
                published.begin(now);
                match self.fetched(url).await {
                    Ok(keys) => {
                        published.end(Arc::clone(&keys), now);
                        return Ok(keys);
                    }
                    Err(problem) => problem,
                }
            }
        };
        published.held().last_resort(now).ok_or(problem)
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

    /// The set at a URL. If there is no room for one more, the set with the oldest fetch is
    /// removed.
    fn published(&self, url: &str) -> Arc<Published> {
        let mut by_url = self.by_url.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = by_url.get(url) {
            return Arc::clone(known);
        }
        if by_url.len() >= MAX_SETS {
            let oldest = by_url.iter().min_by_key(|(_, published)| published.held().last_fetch_at);
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

    /// Notes that a fetch begins. It counts even if its request is dropped before the answer.
    fn begin(&self, now: UnixTime) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).last_fetch_at = Some(now);
    }

    fn end(&self, keys: Arc<KeySet>, now: UnixTime) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).keys = Some((keys, now));
    }
}

impl Held {
    fn next(&self, kid: Option<&str>, now: UnixTime) -> Next {
        match &self.keys {
            Some((keys, fetched_at)) if now.since(*fetched_at) < FRESH && has(keys, kid) => {
                Next::Use(Arc::clone(keys))
            }
            _ if self.is_due(now) => Next::Fetch,
            _ => Next::FallBack,
        }
    }

    /// Tells whether the last fetch began long enough ago.
    fn is_due(&self, now: UnixTime) -> bool {
        let pause = if self.keys.is_some() { COOL_DOWN } else { RETRY };
        self.last_fetch_at.is_none_or(|last_fetch_at| now.since(last_fetch_at) >= pause)
    }

    /// The last set; `None` if it is too old.
    fn last_resort(&self, now: UnixTime) -> Option<Arc<KeySet>> {
        let (keys, fetched_at) = self.keys.as_ref()?;
        (now.since(*fetched_at) < STALE).then(|| Arc::clone(keys))
    }
}

/// Tells whether a set has the key. Without a key id every set does.
fn has(keys: &KeySet, kid: Option<&str>) -> bool {
    kid.is_none_or(|kid| keys.contains_kid(kid))
}

#[cfg(test)]
mod tests;
