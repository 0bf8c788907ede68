//! Fetches documents that clients and trusted issuers publish.

use std::fmt;

use async_trait::async_trait;

/// Fetches documents by URL.
///
/// An implementation follows no redirect, reads 256 KiB at most, gives up after 5 seconds, and
/// connects to no address of the internal network: clients choose the URLs (RFC 9700 §4.11).
#[async_trait]
pub trait Fetch: fmt::Debug + Send + Sync {
    /// The body of a document.
    ///
    /// # Errors
    ///
    /// [`FetchError`]. At the token endpoint none of them is the fault of the client.
    async fn get(&self, url: &str) -> Result<Vec<u8>, FetchError>;
}

/// Why a document was not fetched.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The URL leads to an address that must not be connected to.
    #[error("the address may not be asked")]
    Forbidden,
    /// The answer is larger than allowed.
    #[error("the answer is too large")]
    TooLarge,
    /// There was no answer in time, or its status is not 200.
    #[error("the document cannot be had")]
    Unreachable,
}

/// Fetches nothing, for programs without a network.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFetch;

#[async_trait]
impl Fetch for NoFetch {
    async fn get(&self, _url: &str) -> Result<Vec<u8>, FetchError> {
        Err(FetchError::Unreachable)
    }
}
