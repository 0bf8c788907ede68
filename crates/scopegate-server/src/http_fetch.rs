//! Fetching what clients publish, from where that does no harm (RFC 7591 §5, RFC 9700 §4.11).
//!
//! Whoever writes a URL into the catalog shall not make the server ask its own network. So:
//!
//! 1. The URL is https; where the process itself is reached by the machine only, http on loopback
//!    too.
//! 2. Each address that its name has must be one of the internet. The connection goes to the very
//!    addresses that were looked at: a name that means another one a moment later changes nothing.
//! 3. No redirect is followed, and no proxy is asked.
//! 4. The answer comes within 5 seconds and has at most 256 KiB.
//! 5. At most 8 documents are fetched at a time, and no connection is kept: strangers who name many
//!    clients take few descriptors. Whoever waits for its turn waits within the 5 seconds.

mod addresses;

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::OnceLock;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use scopegate_core::keys::fetch::{Fetch, FetchError};
use tokio::sync::Semaphore;
use url::{Host, Url};

use self::addresses::may_be_asked;
use crate::Exposure;

/// The whole time of a fetch.
const MAX_TIME: Duration = Duration::from_secs(5);

/// How many documents are fetched at a time.
const MAX_AT_ONCE: usize = 8;

/// The longest document, in bytes.
const MAX_LENGTH: usize = 256 * 1024;

/// Fetches over the network, by reqwest with rustls.
#[derive(Debug)]
pub(crate) struct HttpFetch {
    exposure: Exposure,
    max_time: Duration,
    turns: Semaphore,
    /// It is made when it is first needed: the certificates of the system take their time to read.
    client: OnceLock<reqwest::Client>,
}

impl HttpFetch {
    /// Fetches for a process that can be reached by these.
    pub(crate) fn new(exposure: Exposure) -> Self {
        let turns = Semaphore::new(MAX_AT_ONCE);
        Self { exposure, max_time: MAX_TIME, turns, client: OnceLock::new() }
    }

    fn client(&self) -> Result<&reqwest::Client, FetchError> {
        if self.client.get().is_none() {
            let client = reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .no_proxy()
                .timeout(self.max_time)
                .pool_max_idle_per_host(0)
                .dns_resolver(Guarded { exposure: self.exposure })
                .build();
            // Two may be made at once; the first is kept.
            let _ = self.client.set(client.map_err(|_| FetchError::Unreachable)?);
        }
        Ok(self.client.get().expect("it was set above"))
    }

    async fn fetch(&self, url: Url) -> Result<Vec<u8>, FetchError> {
        let _turn = self.turns.acquire().await.map_err(|_| FetchError::Unreachable)?;
        let request = self.client()?.get(url).header("accept", "application/json");
        let mut response = request.send().await.map_err(|error| failed(&error))?;
        if response.status() != reqwest::StatusCode::OK {
            return Err(FetchError::Unreachable);
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| failed(&error))? {
            if body.len() + chunk.len() > MAX_LENGTH {
                return Err(FetchError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// Checks what can be seen of a URL before its name is looked up.
    fn check(&self, url: &Url) -> Result<(), FetchError> {
        let address: Option<IpAddr> = match url.host() {
            Some(Host::Ipv4(address)) => Some(address.into()),
            Some(Host::Ipv6(address)) => Some(address.into()),
            Some(Host::Domain(_)) => None,
            None => return Err(FetchError::Forbidden),
        };
        let is_loopback = match address {
            Some(address) => address.is_loopback(),
            None => url.domain() == Some("localhost"),
        };
        let is_permitted = match (url.scheme(), self.exposure) {
            ("https", _) => true,
            ("http", Exposure::Loopback) => is_loopback,
            (_, _) => false,
        };
        // A resolver is not asked for an address.
        let is_public = address.is_none_or(|address| may_be_asked(address, self.exposure));
        if is_permitted && is_public { Ok(()) } else { Err(FetchError::Forbidden) }
    }
}

#[async_trait]
impl Fetch for HttpFetch {
    async fn get(&self, url: &str) -> Result<Vec<u8>, FetchError> {
        let url = Url::parse(url).map_err(|_| FetchError::Forbidden)?;
        self.check(&url)?;
        let in_time = tokio::time::timeout(self.max_time, self.fetch(url)).await;
        in_time.unwrap_or(Err(FetchError::Unreachable))
    }
}

fn failed(error: &reqwest::Error) -> FetchError {
    let mut causes = std::iter::successors(error.source(), |cause| (*cause).source());
    match causes.any(<dyn Error>::is::<ForbiddenAddress>) {
        true => FetchError::Forbidden,
        false => FetchError::Unreachable,
    }
}

/// Looks names up, and answers only if each of their addresses may be asked.
#[derive(Clone, Copy, Debug)]
struct Guarded {
    exposure: Exposure,
}

/// A name has an address of the inner network.
#[derive(Debug, thiserror::Error)]
#[error("the name has an address that may not be asked")]
struct ForbiddenAddress;

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let exposure = self.exposure;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let found: Vec<SocketAddr> = found.collect();
            if !found.iter().all(|address| may_be_asked(address.ip(), exposure)) {
                return Err(ForbiddenAddress.into());
            }
            let addresses: Addrs = Box::new(found.into_iter());
            Ok(addresses)
        })
    }
}

#[cfg(test)]
mod tests;
