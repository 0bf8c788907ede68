//! Why keys are not available.

use http::StatusCode;
use scopegate_jose::JoseError;

use crate::FetchError;

/// Why the keys of an issuer are not available.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// The issuer cannot be reached.
    #[error("{url} cannot be read")]
    Fetch {
        /// The requested URL.
        url: String,
        /// Why.
        source: FetchError,
    },
    /// The document is not a key set.
    #[error("{url} is not a key set")]
    InvalidKeySet {
        /// The requested URL.
        url: String,
        /// What is wrong with it.
        source: JoseError,
    },
    /// The document is not authorization server metadata.
    #[error("{url} is not authorization server metadata: {problem}")]
    InvalidMetadata {
        /// The requested URL.
        url: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The document has no key that can be used.
    #[error("the key set has no usable key")]
    NoUsableKey,
    /// The answer is a redirect that is not followed.
    #[error("{url} redirects to another origin, or too often")]
    Redirected {
        /// The requested URL.
        url: String,
    },
    /// The answer has an unexpected status.
    #[error("{url} answers {status}")]
    Status {
        /// The requested URL.
        url: String,
        /// The status of the answer.
        status: StatusCode,
    },
    /// The answer took too long.
    #[error("{url} does not answer in time")]
    TimedOut {
        /// The requested URL.
        url: String,
    },
    /// The document is larger than [`MAX_DOCUMENT_LEN`](crate::MAX_DOCUMENT_LEN).
    #[error("{url} is too large")]
    TooLarge {
        /// The requested URL.
        url: String,
    },
    /// The document belongs to another issuer.
    #[error("{url} belongs to the issuer {found:?}, not {expected:?}")]
    WrongIssuer {
        /// The requested URL.
        url: String,
        /// The configured issuer.
        expected: String,
        /// The issuer in the document.
        found: String,
    },
    /// There is no tokio runtime to refresh on, or it was shut down.
    #[error("there is no tokio runtime to read keys on")]
    NoRuntime,
}
