//! Where the keys come from.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use scopegate_claims::{Issuer, UnixTime};
use scopegate_jose::{KeySet, ParsedKeySet};
use url::Url;

use super::discovery::discover;
use super::download::{Document, download};
use super::{Fetch, KeysError};

/// How long a discovered URL is believed; an issuer that moves its keys is noticed then.
const FOUND_FOR: Duration = Duration::from_secs(3600);

/// A place to read keys from, and the means to do so.
#[derive(Debug)]
pub(crate) struct Source {
    location: Location,
    fetch: Arc<dyn Fetch>,
    found: Mutex<Option<Found>>,
}

/// Where a key set is.
#[derive(Debug)]
pub(crate) enum Location {
    /// Where the issuer says.
    Discovery(Issuer),
    /// Here.
    Url(Url),
}

/// A discovered URL, so that a refresh asks for one document and not for two.
#[derive(Clone, Debug)]
struct Found {
    url: Url,
    until: UnixTime,
}

/// A key set as it was read.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) document: Bytes,
    pub(crate) parsed: ParsedKeySet,
    pub(crate) fresh_for: Option<Duration>,
}

impl Source {
    pub(crate) fn new(location: Location, fetch: Arc<dyn Fetch>) -> Self {
        Self { location, fetch, found: Mutex::new(None) }
    }

    /// Reads the key set.
    pub(crate) async fn load(&self, now: UnixTime) -> Result<Loaded, KeysError> {
        let url = match &self.location {
            Location::Url(url) => url.clone(),
            Location::Discovery(issuer) => self.find(issuer, now).await?,
        };
        let loaded = self.read(&url).await;
        if loaded.is_err() {
            // It may have moved.
            self.remember(None);
        }
        loaded
    }

    async fn find(&self, issuer: &Issuer, now: UnixTime) -> Result<Url, KeysError> {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(found) = found.filter(|found| now < found.until) {
            return Ok(found.url);
        }
        let url = discover(&*self.fetch, issuer).await?;
        self.remember(Some(Found { url: url.clone(), until: now.plus(FOUND_FOR) }));
        Ok(url)
    }

    async fn read(&self, url: &Url) -> Result<Loaded, KeysError> {
        let Document { body: document, fresh_for } = download(&*self.fetch, url).await?;
        let parsed = KeySet::parse(&document)
            .map_err(|source| KeysError::InvalidKeySet { url: url.to_string(), source })?;
        Ok(Loaded { document, parsed, fresh_for })
    }

    fn remember(&self, found: Option<Found>) {
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = found;
    }
}
