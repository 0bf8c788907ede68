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
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The URL leads to an address that must not be connected to.
    #[error("the address may not be asked")]
    Forbidden,
    /// The answer is larger than allowed.
    #[error("the answer is too large")]
    TooLarge,
    /// The answer has another status than 200.
    #[error("the answer was {0}")]
    Status(u16),
    /// The answer did not come in time.
    #[error("no answer in time")]
    TimedOut,
    /// There is no connection, or it broke off: why, in the words of the system or the library.
    #[error("no connection: {0}")]
    NoConnection(String),
    /// Nothing can be fetched here.
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
