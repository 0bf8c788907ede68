//! Where the keys come from.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use scopegate_claims::UnixTime;
use scopegate_jose::{KeySet, ParsedKeySet};
use url::Url;

use super::discovery::discover;
use super::download::{Download, Downloaded, Target, download_unless};
use super::{Fetch, IssuerDocument, KeysError};
use crate::http_hosts::HttpHosts;

/// How long a discovered URL is used. After that discovery runs again, in case the issuer has moved
/// its keys.
const DISCOVERY_LIFETIME: Duration = Duration::from_secs(3600);

/// A place to read keys from, and the means to do so.
#[derive(Debug)]
pub(crate) struct KeySource {
    location: Location,
    http_hosts: HttpHosts,
    fetch: Arc<dyn Fetch>,
    discovered: Mutex<Option<Discovered>>,
}

/// Where a key set is.
#[derive(Debug)]
pub(crate) enum Location {
    /// Discover the URL from the issuer's metadata.
    Discovery(Box<str>),
    /// This URL.
    Url(Url),
}

/// A discovered URL, remembered so that a refresh needs one request instead of two.
#[derive(Clone, Debug)]
struct Discovered {
    url: Url,
    until: UnixTime,
}

/// A key set as it was read.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) document: Bytes,
    pub(crate) parsed: ParsedKeySet,
    pub(crate) fresh_for: Option<Duration>,
    pub(crate) tag: Option<Tag>,
}

/// The validator for a conditional request for a key set.
#[derive(Clone, Debug)]
pub(crate) struct Tag {
    url: Url,
    etag: HeaderValue,
    /// How long the set was declared fresh, in case a "not modified" answer does not say so again.
    fresh_for: Option<Duration>,
}

/// The result of reading a key set.
#[derive(Debug)]
pub(crate) enum Load {
    Loaded(Box<Loaded>),
    /// The set still has the given tag.
    Unchanged {
        fresh_for: Option<Duration>,
    },
}

impl KeySource {
    pub(crate) fn new(location: Location, http_hosts: HttpHosts, fetch: Arc<dyn Fetch>) -> Self {
        Self { location, http_hosts, fetch, discovered: Mutex::new(None) }
    }

    /// Reads the key set, or reports `Unchanged` if it still has this tag.
    pub(crate) async fn load(&self, held: Option<Tag>, now: UnixTime) -> Result<Load, KeysError> {
        let issuer = match &self.location {
            Location::Url(url) => return self.read(url, held).await,
            Location::Discovery(issuer) => issuer,
        };
        // Removed until the key set was read: after a failure discovery must run again, because the
        // keys may have moved.
        let discovered = self.take_discovered().filter(|discovered| now < discovered.until);
        let discovered = match discovered {
            Some(discovered) => discovered,
            None => Discovered {
                url: discover(&*self.fetch, issuer, &self.http_hosts).await?,
                until: now.plus(DISCOVERY_LIFETIME),
            },
        };
        let loaded = self.read(&discovered.url, held).await?;
        *self.discovered() = Some(discovered);
        Ok(loaded)
    }

    async fn read(&self, url: &Url, held: Option<Tag>) -> Result<Load, KeysError> {
        let held = held.filter(|tag| tag.url == *url);
        let etag = held.as_ref().map(|tag| &tag.etag);
        let target = Target { document: IssuerDocument::KeySet, url };
        let document = match download_unless(&*self.fetch, target, etag).await? {
            Download::Document(document) => document,
            Download::NotModified { fresh_for } => {
                let fresh_for = fresh_for.or(held.and_then(|tag| tag.fresh_for));
                return Ok(Load::Unchanged { fresh_for });
            }
        };
        let Downloaded { body: document, fresh_for, etag } = document;
        let parsed = KeySet::parse(&document)
            .map_err(|source| KeysError::InvalidKeySet { url: url.to_string(), source })?;
        let tag = etag.map(|etag| Tag { url: url.clone(), etag, fresh_for });
        Ok(Load::Loaded(Box::new(Loaded { document, parsed, fresh_for, tag })))
    }

    fn take_discovered(&self) -> Option<Discovered> {
        self.discovered().take()
    }

    fn discovered(&self) -> MutexGuard<'_, Option<Discovered>> {
        self.discovered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
