//! Errors of parsing a scope, an audience or an issuer.

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
