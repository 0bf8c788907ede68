//! Where the keys come from.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
        let issuer = match &self.location {
            Location::Url(url) => return self.read(url).await,
            Location::Discovery(issuer) => issuer,
        };
        // Forgotten until the keys were really there: otherwise they may have moved.
        let found = self.take_found().filter(|found| now < found.until);
        let found = match found {
            Some(found) => found,
            None => {
                Found { url: discover(&*self.fetch, issuer).await?, until: now.plus(FOUND_FOR) }
            }
        };
        let loaded = self.read(&found.url).await?;
        *self.found() = Some(found);
        Ok(loaded)
    }

    async fn read(&self, url: &Url) -> Result<Loaded, KeysError> {
        let Document { body: document, fresh_for } = download(&*self.fetch, url).await?;
        let parsed = KeySet::parse(&document)
            .map_err(|source| KeysError::InvalidKeySet { url: url.to_string(), source })?;
        Ok(Loaded { document, parsed, fresh_for })
    }

    fn take_found(&self) -> Option<Found> {
        self.found().take()
    }

    fn found(&self) -> MutexGuard<'_, Option<Found>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
