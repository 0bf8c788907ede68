//! Why a call of an endpoint is refused.

use std::sync::Arc;

use crate::catalog::UnreadableRow;
use crate::expression::EvaluationError;
use crate::form::FormProblem;
use crate::limits::{RetryAfter, TooManyRequests};
use crate::store::StoreError;

/// Why a call of an endpoint is refused or fails.
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
    /// Client authentication failed. The text is for the log.
    #[error("the client was not authenticated: {0}")]
    InvalidClient(&'static str),
    /// The server does not support the grant type.
    #[error("the grant type is not supported")]
    UnsupportedGrantType,
    /// The client may not use the grant type.
    #[error("the client may not use the grant type")]
    UnauthorizedClient,
    /// The `scope` parameter is malformed, or names a scope that the server does not have.
    #[error("{0}")]
    InvalidScope(&'static str),
    /// A scope needs the consent of a user, and this grant involves no user.
    #[error("a scope needs consent, and this grant involves no user")]
    ConsentRequired,
    /// The resource does not belong to the server (RFC 8707 §2).
    #[error("the resource does not belong to the server")]
    InvalidTarget,
    /// No policy, or no rule of a policy, matches.
    #[error("no rule of a policy matches")]
    NoMatchingRule,
    /// A deny rule matches. The text is its policy and name, as `policy/rule`, for the log.
    #[error("the rule {0} denies it")]
    DeniedByRule(String),
    /// The authorization code, the refresh token, the device code or the assertion is not valid.
    /// The text is for the log.
    #[error("the grant is not valid: {0}")]
    InvalidGrant(&'static str),
    /// The access token is not valid (RFC 6750 §3.1). The text is for the log.
    #[error("the access token is not valid: {0}")]
    InvalidToken(&'static str),
    /// The access token lacks the scope `openid` (RFC 6750 §3.1).
    #[error("the access token lacks the scope openid")]
    InsufficientScope,
    /// The user may not use this client.
    #[error("the user is not assigned to the client")]
    NotAssigned,
    /// The user has not decided yet (RFC 8628 §3.5).
    #[error("the user has not decided yet")]
    AuthorizationPending,
    /// The client polls too often (RFC 8628 §3.5).
    #[error("the client polls too often")]
    SlowDown,
    /// The device code has expired (RFC 8628 §3.5).
    #[error("the device code has expired")]
    ExpiredToken,
    /// The user refused the device (RFC 8628 §3.5).
    #[error("the user refused the device")]
    DeviceDenied,
    /// The expression of a claim failed, and the claim is required.
    #[error("the claim {claim:?} cannot be computed: {why}")]
    ClaimFailed {
        /// The name of the claim.
        claim: String,
        /// Why. It contains no values.
        why: EvaluationError,
    },
    /// A token hook failed, and the request must not be granted without it.
    #[error("the token hook {hook:?} failed: {why}")]
    HookFailed {
        /// The name of the hook.
        hook: Box<str>,
        /// Why, with a name from a fixed list.
        failure: &'static str,
        /// Why, for the log. It contains no values.
        why: Box<str>,
    },
    /// The token hooks took away all scopes.
    #[error("the token hooks took away all scopes")]
    HooksLeftNoScope,
    /// A token hook answered that the request must be refused.
    #[error("the token hook {hook:?} refused the request")]
    RefusedByHook {
        /// The name of the hook.
        hook: String,
        /// The text of the hook for the client. It is neither logged nor stored.
        summary: String,
    },
    /// A claim would contain more than 100 groups.
    #[error("a claim would contain too many groups")]
    TooManyGroups,
    /// The subject token or the actor token of a token exchange is not valid, or may not be used in
    /// this way (RFC 8693 §2.2.2). The text is for the log.
    #[error("the subject token or the actor token is not acceptable: {0}")]
    UnacceptableToken(&'static str),
    /// The subject token was issued by an authorization server that this one does not trust.
    #[error("the token was issued by a server that is not trusted")]
    UntrustedServer,
    /// The request was not decided before its deadline.
    #[error("the request was not decided before its deadline")]
    Overdue,
    /// The keys of a client or a trusted issuer cannot be fetched, and no keys fetched earlier can
    /// be used.
    #[error("the keys for an assertion cannot be fetched")]
    KeysUnavailable,
    /// There is no active authorization server with this id.
    #[error("there is no such authorization server")]
    UnknownServer,
    /// The audit queue has no place for the event of this decision.
    #[error("the audit queue is full")]
    AuditQueueFull,
    /// Too many device authorization requests by this client or from this address.
    #[error("too many device authorization requests")]
    TooManyDeviceRequests(RetryAfter),
    /// Too many pushed authorization requests by this client or from this address.
    #[error("too many pushed requests")]
    TooManyPushedRequests(RetryAfter),
    /// The storage holds the maximum number of requests of public clients.
    #[error("the storage holds the maximum number of requests of public clients")]
    TooManyWaiting(RetryAfter),
    /// The storage failed.
    #[error(transparent)]
    Storage(StoreError),
    /// The service that holds the private keys, such as an HSM, cannot be used. The text is for the
    /// log.
    #[error("the service that holds the signing keys cannot be used: {0}")]
    SignerUnavailable(String),
    /// A signing key could not be made, or signing failed.
    #[error("signing failed")]
    Signing(#[source] scopegate_jose::JoseError),
}

impl CallError {
    /// Tells whether the request is refused because the client is not known: it was not identified,
    /// or not authenticated.
    pub(crate) const fn is_of_unknown_client(&self) -> bool {
        matches!(
            self,
            Self::InvalidClient(_) | Self::InvalidRequest(_) | Self::SeveralClientAuthentications
        )
    }
}

impl CallError {
    /// The text of a token hook for the client, which replaces the fixed text of the answer.
    pub fn summary(&self) -> Option<&str> {
        match self {
            Self::RefusedByHook { summary, .. } => Some(summary),
            _ => None,
        }
    }

    /// The rule that denies the request, as `policy/rule`, if one does.
    pub(crate) fn denying_rule(&self) -> Option<&str> {
        match self {
            Self::DeniedByRule(rule) => Some(rule),
            _ => None,
        }
    }
}

impl From<StoreError> for CallError {
    fn from(error: StoreError) -> Self {
        Self::Storage(error)
    }
}

impl From<Arc<UnreadableRow>> for CallError {
    fn from(row: Arc<UnreadableRow>) -> Self {
        Self::Storage(row.into())
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
