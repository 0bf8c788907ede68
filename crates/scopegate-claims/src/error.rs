//! Errors of parsing a scope, an audience, an issuer or the claims of a token.

use std::fmt;

/// A string that is not a valid scope, audience or issuer.
///
/// The messages quote the input, because they are meant for the administrator or developer who
/// wrote it. Code that answers an unauthenticated client must map them to fixed text instead.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ClaimsError {
    /// An audience is empty or holds a control character.
    #[error("an audience must be a non-empty string without control characters, not {0:?}")]
    InvalidAudience(String),
    /// An issuer is neither an https URL nor an http URL of a loopback address.
    #[error("{text:?} is not an issuer: {problem}")]
    InvalidIssuer {
        /// The input.
        text: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A scope breaks the grammar of RFC 6749 §3.3.
    #[error(
        "{0:?} is not a scope: one or more printable ASCII characters, without space, `\"` and `\\`"
    )]
    InvalidScope(String),
}

/// The payload of a token that cannot be read as [`Claims`](crate::Claims).
///
/// The error never holds a value of the payload, so it may be logged.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ClaimsReadError {
    pub(crate) claim: Option<&'static str>,
}

impl ClaimsReadError {
    /// The claim that is missing or malformed, that occurs twice, or whose two names (`client_id`
    /// and `cid`, `scope` and `scp`) have different values.
    ///
    /// `None` if the payload is not a JSON object, or if another member occurs twice.
    pub const fn claim(&self) -> Option<&'static str> {
        self.claim
    }
}

impl std::error::Error for ClaimsReadError {}

impl fmt::Display for ClaimsReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.claim {
            Some(claim) => write!(f, "the claim `{claim}` is missing, malformed or ambiguous"),
            None => f.write_str("the claims are not a JSON object with unique names"),
        }
    }
}
