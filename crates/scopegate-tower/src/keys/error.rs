//! Why keys cannot be had.

use http::StatusCode;
use scopegate_jose::JoseError;

use crate::FetchError;

/// Why the keys of an issuer cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// The issuer cannot be reached.
    #[error("{url} cannot be read")]
    Fetch {
        /// What was asked for.
        url: String,
        /// Why.
        source: FetchError,
    },
    /// The document is no key set.
    #[error("{url} is no key set")]
    InvalidKeySet {
        /// What was asked for.
        url: String,
        /// What is wrong with it.
        source: JoseError,
    },
    /// The document is no metadata of an authorization server.
    #[error("{url} is no metadata of an authorization server: {problem}")]
    InvalidMetadata {
        /// What was asked for.
        url: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The document holds no key that could be used.
    #[error("the key set holds no usable key")]
    NoUsableKey,
    /// The answer is a redirect that is not followed.
    #[error("{url} redirects to another origin, or in circles")]
    Redirected {
        /// What was asked for.
        url: String,
    },
    /// The answer is not the document.
    #[error("{url} answers {status}")]
    Status {
        /// What was asked for.
        url: String,
        /// The status of the answer.
        status: StatusCode,
    },
    /// The answer takes too long.
    #[error("{url} does not answer in time")]
    TimedOut {
        /// What was asked for.
        url: String,
    },
    /// The document is larger than [`MAX_DOCUMENT_LEN`](crate::MAX_DOCUMENT_LEN).
    #[error("{url} is too large")]
    TooLarge {
        /// What was asked for.
        url: String,
    },
    /// The document is about another issuer.
    #[error("{url} is about the issuer {found:?}, not {expected:?}")]
    WrongIssuer {
        /// What was asked for.
        url: String,
        /// The issuer that is configured.
        expected: String,
        /// The issuer that the document names.
        found: String,
    },
    /// There is no tokio runtime to refresh on, or it ended.
    #[error("there is no tokio runtime to read keys on")]
    NoRuntime,
}
