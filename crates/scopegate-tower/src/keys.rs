//! The keys of an issuer: where they come from and how they are kept fresh.
//!
//! From the bottom up: a [`Fetch`] makes one HTTP exchange; `download` uses it to get one document
//! within limits; `source` finds the key set, by discovery if needed; `schedule` computes when to
//! refresh; the [`KeyRing`] holds the keys and runs at most one shared `refresh` at a time.

mod content_encoding;
mod discovery;
mod download;
mod error;
mod fetch;
#[cfg(feature = "fetch")]
mod http_fetch;
mod key_status;
mod readiness;
mod refresh;
mod ring;
mod schedule;
mod set_aside;
mod source;

use std::sync::Arc;

pub(crate) use self::download::TIMEOUT;
pub(crate) use self::error::described;
pub use self::error::{IssuerDocument, KeysError};
pub use self::fetch::{Fetch, FetchError, MAX_DOCUMENT_LEN};
#[cfg(feature = "fetch")]
pub use self::http_fetch::HttpFetch;
pub(crate) use self::key_status::KeyStatus;
pub use self::readiness::{IssuerReadiness, KeyState};
pub(crate) use self::refresh::{MAX_WAIT, Outcome, Progress, Refresh};
pub(crate) use self::ring::KeyRing;
pub(crate) use self::source::{KeySource, Location};

/// The `Fetch` of a program that gives none, if the feature `fetch` provides one.
#[cfg(feature = "fetch")]
pub(crate) fn default_fetch() -> Option<Arc<dyn Fetch>> {
    Some(Arc::new(HttpFetch::new()))
}

/// The `Fetch` of a program that gives none, if the feature `fetch` provides one.
#[cfg(not(feature = "fetch"))]
pub(crate) fn default_fetch() -> Option<Arc<dyn Fetch>> {
    None
}
