//! Fetching of documents that clients and trusted issuers publish.

use std::fmt;

use async_trait::async_trait;

/// Fetches documents by URL.
///
/// An implementation must not follow redirects, must read at most 256 KiB, must give up after 5
/// seconds, and must not connect to addresses of the internal network: clients choose the URLs (RFC
/// 9700 §4.11).
#[async_trait]
pub trait Fetch: fmt::Debug + Send + Sync {
    /// The body of a document.
    ///
    /// # Errors
    ///
    /// [`FetchError`] if the document cannot be fetched. At the token endpoint this is not an error
    /// of the client.
    async fn get(&self, url: &str) -> Result<Vec<u8>, FetchError>;
}

/// Why a document was not fetched.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The URL leads to an address to which the server must not connect.
    #[error("the address may not be asked")]
    Forbidden,
    /// The answer is larger than allowed.
    #[error("the answer is too large")]
    TooLarge,
    /// The answer has an HTTP status other than 200.
    #[error("the answer was {0}")]
    Status(u16),
    /// The answer did not come in time.
    #[error("no answer in time")]
    TimedOut,
    /// There is no connection, or it broke off. The text comes from the system or the library.
    #[error("no connection: {0}")]
    NoConnection(String),
    /// This program cannot fetch documents.
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
