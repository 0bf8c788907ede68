//! Fetches documents that clients and issuers publish (RFC 7591 §5, RFC 9700 §4.11).
//!
//! A URL in the catalog must not make the server ask hosts of its own network. Therefore:
//!
//! 1. The URL is https. Where only its own machine can reach the process, http on loopback is allowed
//!    too.
//! 2. Each address of the host name must be on the internet. The connection goes to the addresses that
//!    were checked, so that a name that resolves differently a moment later changes nothing.
//! 3. No redirect is followed, and no proxy is used.
//! 4. The answer takes at most 5 seconds and has at most 256 KiB.
//! 5. At most 8 documents are fetched at a time, and no connection is kept, so that many URLs take few
//!    descriptors. Waiting for a turn is part of the 5 seconds.
//!
//! An administrator's command names its URL itself: for it, all addresses and the proxies of the
//! environment are allowed.

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

use self::addresses::Reach;
use crate::exposure::Exposure;

/// The whole time of a fetch.
const MAX_TIME: Duration = Duration::from_secs(5);

/// How many documents are fetched at a time.
const MAX_AT_ONCE: usize = 8;

/// The longest document, in bytes.
const MAX_LENGTH: usize = 256 * 1024;

/// Fetches over the network, by reqwest with rustls.
#[derive(Debug)]
pub struct HttpFetch {
    reach: Reach,
    max_time: Duration,
    turns: Semaphore,
    /// Made at the first fetch: reading the certificates of the system takes a while.
    client: OnceLock<reqwest::Client>,
}

impl HttpFetch {
    /// Fetches what the catalog names: from the internet only, and from loopback if the process itself
    /// can be reached by its own machine only.
    pub fn for_catalog(exposure: Exposure) -> Self {
        Self::within(exposure.into())
    }

    /// Fetches what an administrator names in a command, from any address.
    pub fn for_administrator() -> Self {
        Self::within(Reach::Anywhere)
    }

    fn within(reach: Reach) -> Self {
        let turns = Semaphore::new(MAX_AT_ONCE);
        Self { reach, max_time: MAX_TIME, turns, client: OnceLock::new() }
    }

    fn client(&self) -> Result<&reqwest::Client, FetchError> {
        if self.client.get().is_none() {
            let builder = reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .timeout(self.max_time)
                .pool_max_idle_per_host(0);
            let client = match self.reach {
                Reach::Anywhere => builder.build(),
                // A proxy would look up the name itself, unchecked.
                Reach::Internet | Reach::InternetAndLoopback => {
                    builder.no_proxy().dns_resolver(CheckedNames { reach: self.reach }).build()
                }
            };
            // If two are made at once, the first is kept.
            let _ = self.client.set(client.map_err(|error| failed(&error))?);
        }
        Ok(self.client.get().expect("it was set above"))
    }

    async fn fetch(&self, url: Url) -> Result<Vec<u8>, FetchError> {
        let _turn = self.turns.acquire().await.map_err(|_| FetchError::Unreachable)?;
        let request = self.client()?.get(url).header("accept", "application/json");
        let mut response = request.send().await.map_err(|error| failed(&error))?;
        if response.status() != reqwest::StatusCode::OK {
            return Err(FetchError::Status(response.status().as_u16()));
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

    /// Checks the scheme, and the address if the URL contains one instead of a name.
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
        let has_good_scheme = match (url.scheme(), self.reach) {
            ("https", _) => true,
            ("http", Reach::InternetAndLoopback | Reach::Anywhere) => is_loopback,
            (_, _) => false,
        };
        // The resolver does not see addresses, only names.
        let is_within_reach = address.is_none_or(|address| self.reach.includes(address));
        if has_good_scheme && is_within_reach { Ok(()) } else { Err(FetchError::Forbidden) }
    }
}

#[async_trait]
impl Fetch for HttpFetch {
    async fn get(&self, url: &str) -> Result<Vec<u8>, FetchError> {
        let url = Url::parse(url).map_err(|_| FetchError::Forbidden)?;
        self.check(&url)?;
        let in_time = tokio::time::timeout(self.max_time, self.fetch(url)).await;
        in_time.unwrap_or(Err(FetchError::TimedOut))
    }
}

fn failed(error: &reqwest::Error) -> FetchError {
    let causes = || std::iter::successors(error.source(), |cause| (*cause).source());
    if causes().any(<dyn Error>::is::<ForbiddenAddress>) {
        return FetchError::Forbidden;
    }
    if error.is_timeout() {
        return FetchError::TimedOut;
    }
    // reqwest's own text only repeats the URL. The last cause says what is wrong.
    FetchError::NoConnection(causes().last().map_or_else(|| error.to_string(), ToString::to_string))
}

/// Resolves a name, and fails if one of its addresses may not be asked.
#[derive(Clone, Copy, Debug)]
struct CheckedNames {
    reach: Reach,
}

/// A name has an address that may not be asked.
#[derive(Debug, thiserror::Error)]
#[error("the name has an address that may not be asked")]
struct ForbiddenAddress;

impl Resolve for CheckedNames {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.reach;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let found: Vec<SocketAddr> = found.collect();
            if !found.iter().all(|address| reach.includes(address.ip())) {
                return Err(ForbiddenAddress.into());
            }
            let addresses: Addrs = Box::new(found.into_iter());
            Ok(addresses)
        })
    }
}

#[cfg(test)]
mod tests;
