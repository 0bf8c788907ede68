//! Why a call of an endpoint is refused.

use crate::form::FormProblem;
use crate::limits::{RetryAfter, TooManyRequests};
use crate::store::StoreError;

/// Why a token request is refused; by blame: the client, the administrator, ourselves.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The form cannot be read.
    #[error("the form cannot be read: {0:?}")]
    Form(FormProblem),
    /// A parameter is missing or malformed.
    #[error("{0}")]
    InvalidRequest(&'static str),
    /// More than one client authentication method was used (RFC 6749 §2.3).
    #[error("more than one client authentication method was used")]
    SeveralClientAuthentications,
    /// The client was not authenticated; the text is for the log.
    #[error("the client was not authenticated: {0}")]
    InvalidClient(&'static str),
    /// Nobody speaks this grant type.
    #[error("the grant type is not supported")]
    UnsupportedGrantType,
    /// The client may not use the grant type.
    #[error("the client may not use the grant type")]
    UnauthorizedClient,
    /// The scope parameter is malformed, or names a scope that the server does not have.
    #[error("{0}")]
    InvalidScope(&'static str),
    /// A scope needs the consent of a person, and none is asked.
    #[error("a scope needs consent, and no person is asked")]
    ConsentRequired,
    /// The resource is none of the server's (RFC 8707 §2).
    #[error("the resource is not one of the server's")]
    InvalidTarget,
    /// No policy or no rule matches.
    #[error("no rule of a policy matches")]
    NoMatchingRule,
    /// The code, the refresh token, the device code or the assertion does not hold; the text is for
    /// the log.
    #[error("the grant is not valid: {0}")]
    InvalidGrant(&'static str),
    /// The access token does not hold (RFC 6750 §3.1); the text is for the log.
    #[error("the access token does not hold: {0}")]
    InvalidToken(&'static str),
    /// The access token lacks the scope `openid` (RFC 6750 §3.1).
    #[error("the access token lacks the scope openid")]
    InsufficientScope,
    /// The person may not use this client.
    #[error("the user is not assigned to the client")]
    NotAssigned,
    /// The person has not decided yet (RFC 8628 §3.5).
    #[error("the person has not decided yet")]
    AuthorizationPending,
    /// The client asks too often (RFC 8628 §3.5).
    #[error("the client asks too often")]
    SlowDown,
    /// The device code has expired (RFC 8628 §3.5).
    #[error("the device code has expired")]
    ExpiredToken,
    /// The person refused the device (RFC 8628 §3.5).
    #[error("the person refused")]
    DeviceDenied,
    /// A claim would name more groups than fit into a token.
    #[error("a claim would name too many groups")]
    TooManyGroups,
    /// A token that is shown to be exchanged, or to say who acts, does not hold or may not be used so
    /// (RFC 8693 §2.2.2); the text is for the log.
    #[error("the subject token or the actor token is not acceptable: {0}")]
    UnacceptableToken(&'static str),
    /// The token to be exchanged is of a server that this one does not trust.
    #[error("the token is of a server that is not trusted")]
    UntrustedServer,
    /// It was not decided in the time that a client waits.
    #[error("it was not decided in time")]
    Overdue,
    /// The keys of a client or a trusted issuer cannot be fetched, and there are none from before.
    #[error("the keys for an assertion cannot be fetched")]
    KeysUnavailable,
    /// No authorization server of this id is active.
    #[error("there is no such authorization server")]
    UnknownServer,
    /// More decisions were made than can be recorded.
    #[error("the audit queue is full")]
    AuditQueueFull,
    /// Devices ask too often to be let in, by this client or from this address.
    #[error("too many device authorization requests")]
    TooManyDeviceRequests(RetryAfter),
    /// Requests are pushed too often, by this client or from this address.
    #[error("too many pushed requests")]
    TooManyPushedRequests(RetryAfter),
    /// As many requests are kept as public clients may leave in the storage.
    #[error("the storage keeps as many requests as public clients may leave there")]
    TooManyWaiting(RetryAfter),
    /// The storage failed.
    #[error(transparent)]
    Storage(StoreError),
    /// A key could not be made or did not sign.
    #[error("signing failed")]
    Signing(#[source] scopegate_jose::JoseError),
}

impl CallError {
    /// Tells whether it is because nobody knows who the client is.
    pub(crate) const fn is_of_unknown_client(&self) -> bool {
        matches!(
            self,
            Self::InvalidClient(_) | Self::InvalidRequest(_) | Self::SeveralClientAuthentications
        )
    }
}

impl From<StoreError> for CallError {
    fn from(error: StoreError) -> Self {
        Self::Storage(error)
    }
}

impl From<TooManyRequests> for CallError {
    fn from(refused: TooManyRequests) -> Self {
        match refused {
            TooManyRequests::Pushed(after) => Self::TooManyPushedRequests(after),
            TooManyRequests::Device(after) => Self::TooManyDeviceRequests(after),
            TooManyRequests::Stored(after) => Self::TooManyWaiting(after),
        }
    }
}

impl From<FormProblem> for CallError {
    fn from(problem: FormProblem) -> Self {
        Self::Form(problem)
    }
}
