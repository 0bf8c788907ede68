//! What can be wrong with a text that should become a claim.

/// A text that is not the claim it should be.
///
/// The messages quote what was written, for whoever wrote it: an administrator or a developer. Code
/// that answers a stranger maps them to fixed text instead.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ClaimsError {
    /// An audience is empty or holds a control character.
    #[error("an audience must be a non-empty text without control characters, not {0:?}")]
    InvalidAudience(String),
    /// An issuer is not an https URL, or an http URL of a loopback address.
    #[error("{text:?} is not an issuer: {problem}")]
    InvalidIssuer {
        /// What was written.
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
