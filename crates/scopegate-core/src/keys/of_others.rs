//! The keys that clients and trusted issuers publish at a URL (RFC 7591 §2, `jwks_uri`).
//!
//! Both go through [`ClientKeys::of`], so there is one state machine. For each URL it knows the last
//! key set, when that was fetched, and when a fetch began last. A request that looks for a key finds
//! the first of these rows that applies:
//!
//! | the set of the URL | what happens |
//! | --- | --- |
//! | is younger than 10 minutes, and has the key | it serves |
//! | is being fetched, and the last set is younger than a day and has the key | the last set serves |
//! | is being fetched | the request waits for that fetch, and looks again |
//! | was fetched a minute ago or earlier (5 seconds, if none is known) | it is fetched, and serves |
//! | cannot be fetched, or not so soon, and is younger than a day | the last set serves |
//! | cannot be fetched, or not so soon | [`CallError::KeysUnavailable`] |
//!
//! So a URL is fetched once for all requests that wait. A token that names an invented key causes one
//! fetch a minute at most. An outage of the URL is bridged for a day. After that it is an error of the
//! server and not of the client: without keys nobody's signature can be checked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use scopegate_claims::UnixTime;
use scopegate_jose::{JoseError, KeySet};
use tokio::sync::Mutex as Turn;

use crate::error::CallError;
use crate::keys::fetch::{Fetch, FetchError};

/// How long a set serves without being fetched again.
const FRESH: Duration = Duration::from_secs(10 * 60);

/// How long a set serves if it cannot be fetched again.
const STALE: Duration = Duration::from_secs(24 * 60 * 60);

/// The shortest time between two fetches of a set that is known.
const COOL_DOWN: Duration = Duration::from_secs(60);

/// The shortest time between two fetches while no set is known: as long as the answer tells the client
/// to wait (`Retry-After`).
const RETRY: Duration = Duration::from_secs(5);

/// How many sets are held at most.
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

/// What is known of a set.
#[derive(Clone, Debug, Default)]
struct Held {
    /// The keys, and when they were fetched.
    keys: Option<(Arc<KeySet>, UnixTime)>,
    /// When a fetch began last, whether or not it succeeded.
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

/// What to do for a request that looks for a key, if no fetch is under way.
enum Next {
    /// The set serves.
    Serve(Arc<KeySet>),
    /// The set is fetched.
    Fetch,
    /// A fetch was tried a short time ago. The last set serves, if it is young enough.
    FallBack,
}

impl ClientKeys {
    /// Holds no set yet.
    pub fn new(fetch: Arc<dyn Fetch>) -> Self {
        Self { fetch, by_url: Mutex::default() }
    }

    /// The keys at a URL. If a key id is given and the set has no such key, the set is fetched again
    /// before its time; the answer may still lack the key.
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
        if let Next::Serve(keys) = published.held().next(kid, now) {
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
            Next::Serve(keys) => return Ok(keys),
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

    /// The set at a URL. If there is no room for one more, the set that was fetched longest ago is
    /// forgotten.
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

    /// Notes that a fetch begins. One whose request is dropped before the answer counts as well.
    fn begin(&self, now: UnixTime) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).asked_at = Some(now);
    }

    fn end(&self, keys: Arc<KeySet>, now: UnixTime) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).keys = Some((keys, now));
    }
}

impl Held {
    fn next(&self, kid: Option<&str>, now: UnixTime) -> Next {
        match &self.keys {
            Some((keys, fetched_at)) if now.since(*fetched_at) < FRESH && has(keys, kid) => {
                Next::Serve(Arc::clone(keys))
            }
            _ if self.is_due(now) => Next::Fetch,
            _ => Next::FallBack,
        }
    }

    /// Tells whether the last fetch began long enough ago.
    fn is_due(&self, now: UnixTime) -> bool {
        let pause = if self.keys.is_some() { COOL_DOWN } else { RETRY };
        self.asked_at.is_none_or(|asked_at| now.since(asked_at) >= pause)
    }

    /// The last set, as long as it may serve.
    fn last_resort(&self, now: UnixTime) -> Option<Arc<KeySet>> {
        let (keys, fetched_at) = self.keys.as_ref()?;
        (now.since(*fetched_at) < STALE).then(|| Arc::clone(keys))
    }
}

/// Tells whether a set has the key; if no key is named, each set does.
fn has(keys: &KeySet, kid: Option<&str>) -> bool {
    kid.is_none_or(|kid| keys.contains_kid(kid))
}

#[cfg(test)]
mod tests;
