//! What fetches documents that clients publish.

use std::fmt;

use async_trait::async_trait;

/// Fetches documents from the web, and only from where that does no harm.
///
/// An implementation follows no redirect, takes no more than 256 KiB and 5 seconds, and asks no
/// address of the inner network (RFC 9700 §4.11).
#[async_trait]
pub trait Fetch: fmt::Debug + Send + Sync {
    /// The body of a document.
    ///
    /// # Errors
    ///
    /// [`FetchError`]; none of them is the client's fault at the token endpoint.
    async fn get(&self, url: &str) -> Result<Vec<u8>, FetchError>;
}

/// Why a document was not fetched.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The URL leads to where nothing may be fetched.
    #[error("the address may not be asked")]
    Forbidden,
    /// The answer is larger than it may be.
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

/// Fetches nothing: for what runs without a network.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFetch;

#[async_trait]
impl Fetch for NoFetch {
    async fn get(&self, _url: &str) -> Result<Vec<u8>, FetchError> {
        Err(FetchError::Unreachable)
    }
}
