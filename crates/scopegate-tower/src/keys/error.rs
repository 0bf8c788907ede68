//! Why keys are not available.

use std::error::Error;
use std::fmt;

use http::StatusCode;
use scopegate_jose::JoseError;

use crate::FetchError;

/// A document of an issuer that the layer reads.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum IssuerDocument {
    /// The key set (RFC 7517 §5).
    KeySet,
    /// The discovery document (OpenID Connect Discovery 1.0 §4, RFC 8414 §3).
    Metadata,
}

/// Why the keys of an issuer are not available.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// The issuer cannot be reached.
    #[error("{document} {url} cannot be read")]
    Fetch {
        /// The document that was requested.
        document: IssuerDocument,
        /// The requested URL.
        url: String,
        /// Why.
        source: FetchError,
    },
    /// The compressed document is damaged.
    #[error("{document} {url} is not valid gzip, although its content encoding says so")]
    InvalidEncoding {
        /// The document that was requested.
        document: IssuerDocument,
        /// The requested URL.
        url: String,
    },
    /// The document is not a key set.
    #[error("the key set {url} is not usable")]
    InvalidKeySet {
        /// The requested URL.
        url: String,
        /// What is wrong with it.
        source: JoseError,
    },
    /// The document is not authorization server metadata.
    #[error("the discovery document {url} is not usable: {problem}")]
    InvalidMetadata {
        /// The requested URL.
        url: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The document describes all tenants of a provider together.
    #[error(
        "the discovery document {url} is for all tenants together, because its issuer is \
         {found:?}; name the issuer of one tenant, or use `.or_resolve(…)` for several"
    )]
    IssuerTemplate {
        /// The requested URL.
        url: String,
        /// The issuer in the document, with a placeholder.
        found: String,
    },
    /// Neither of the two discovery documents of an issuer can be used.
    #[error("{}; {}", described(openid_connect), described(rfc_8414))]
    NoMetadata {
        /// Why the document of OpenID Connect Discovery cannot be used.
        openid_connect: Box<KeysError>,
        /// Why the document of RFC 8414 cannot be used.
        rfc_8414: Box<KeysError>,
    },
    /// The document has no key that can be used.
    #[error("the key set has no usable key")]
    NoUsableKey,
    /// The answer is a redirect that is not followed.
    #[error("{document} {url} redirects to another origin, or more than 3 times")]
    Redirected {
        /// The document that was requested.
        document: IssuerDocument,
        /// The requested URL.
        url: String,
    },
    /// The answer has an unexpected status.
    #[error("{document} {url} answers {status}")]
    Status {
        /// The document that was requested.
        document: IssuerDocument,
        /// The requested URL.
        url: String,
        /// The status of the answer.
        status: StatusCode,
    },
    /// The answer took too long.
    #[error("{document} {url} does not answer within 5 s")]
    TimedOut {
        /// The document that was requested.
        document: IssuerDocument,
        /// The requested URL.
        url: String,
    },
    /// The document is larger than [`MAX_DOCUMENT_LEN`](crate::MAX_DOCUMENT_LEN).
    #[error("{document} {url} is larger than 1 MiB")]
    TooLarge {
        /// The document that was requested.
        document: IssuerDocument,
        /// The requested URL.
        url: String,
    },
    /// The document has a content encoding that the layer did not request.
    #[error("{document} {url} has the content encoding {encoding:?}; only gzip is supported")]
    UnsupportedEncoding {
        /// The document that was requested.
        document: IssuerDocument,
        /// The requested URL.
        url: String,
        /// The value of `Content-Encoding`.
        encoding: String,
    },
    /// The document belongs to another issuer.
    #[error("the discovery document {url} belongs to the issuer {found:?}, not {expected:?}")]
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

impl fmt::Display for IssuerDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::KeySet => "the key set",
            Self::Metadata => "the discovery document",
        })
    }
}

/// An error's text, followed by those of its causes.
pub(crate) fn described(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
