//! The causes of a refusal, and the answer to each.

use std::borrow::Cow;
use std::time::Duration;

use scopegate_claims::ScopeSet;
use scopegate_jose::JoseError;

use super::RefusalStatus;
use crate::BearerError;

/// Why a request is refused: first the client's mistakes, then the service's.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum RefusalCause {
    /// There is no bearer token.
    NoToken,
    /// The request is malformed. The text explains how and is shown to the client.
    InvalidRequest(&'static str),
    /// The token is not valid.
    InvalidToken(JoseError),
    /// The token is valid but lacks a scope.
    InsufficientScope {
        /// All the scopes that the request needs.
        needed: ScopeSet,
    },
    /// The token is valid, but the user must sign in again or with a stronger method (RFC 9470 §3).
    InsufficientAuthentication {
        /// The accepted `acr` values, the preferred one first. Empty means that any is accepted.
        acr_values: &'static [&'static str],
        /// The maximum time since the user signed in.
        max_age: Option<Duration>,
    },
    /// The token is valid, but it lacks a claim that the request needs.
    MissingClaim {
        /// The missing claim.
        claim: &'static str,
    },
    /// The token is valid, but a custom rule of the service refuses it.
    RuleNotMet {
        /// The name of the rule, for the log only.
        rule: Cow<'static, str>,
    },
    /// The token is in a cookie, and the request may come from another origin: a browser sends
    /// cookies with requests that other sites make.
    CrossOrigin,
    /// A guard of the service could not decide.
    #[non_exhaustive]
    GuardFailed {
        /// The name of the guard, for the log only.
        guard: &'static str,
        /// What happened, for the log only: `panicked`, `did not answer in time`.
        how: &'static str,
    },
    /// The issuer's keys could not be fetched.
    KeysUnavailable {
        /// The time after which the client should retry.
        retry_after: Duration,
    },
    /// The service is configured wrongly. The text is for the log only.
    Misconfigured(Cow<'static, str>),
}

impl RefusalCause {
    /// A guard of the service could not decide: 503 with `Retry-After`.
    ///
    /// `how` continues a sentence that starts with the guard, for the log only: `panicked`.
    pub const fn guard_failed(guard: &'static str, how: &'static str) -> Self {
        Self::GuardFailed { guard, how }
    }

    /// The status of the answer.
    pub fn status(&self) -> RefusalStatus {
        self.terms().status
    }

    /// The only mapping from a cause to an answer.
    pub(crate) fn terms(&self) -> Terms {
        // No wildcard arm: a new cause must choose what the client may learn.
        let (status, reason, challenge, description) = match self {
            Self::NoToken => (
                RefusalStatus::Unauthorized,
                "no_token",
                Challenge::Plain,
                "This request needs an access token",
            ),
            Self::InvalidRequest(how) => (
                RefusalStatus::BadRequest,
                "invalid_request",
                Challenge::Error(BearerError::InvalidRequest),
                *how,
            ),
            Self::InvalidToken(error) => (
                RefusalStatus::Unauthorized,
                error.reason(),
                Challenge::Error(BearerError::InvalidToken),
                error.description(),
            ),
            Self::InsufficientScope { .. } => (
                RefusalStatus::Forbidden,
                "insufficient_scope",
                Challenge::Error(BearerError::InsufficientScope),
                "The access token lacks a scope that this request needs",
            ),
            Self::InsufficientAuthentication { .. } => (
                RefusalStatus::Unauthorized,
                "insufficient_user_authentication",
                Challenge::Error(BearerError::InsufficientUserAuthentication),
                "The user must sign in again, or by stronger means",
            ),
            Self::MissingClaim { .. } => (
                RefusalStatus::Unauthorized,
                "missing_claim",
                Challenge::Error(BearerError::InvalidToken),
                "The access token lacks a claim that this request needs",
            ),
            Self::RuleNotMet { .. } => (
                RefusalStatus::Forbidden,
                "rule_not_met",
                Challenge::Error(BearerError::InsufficientScope),
                "The access token does not allow this request",
            ),
            Self::CrossOrigin => (
                RefusalStatus::Forbidden,
                "cross_origin",
                Challenge::None,
                "A request with this cookie must come from this origin",
            ),
            Self::GuardFailed { .. } => (
                RefusalStatus::ServiceUnavailable,
                "guard_failed",
                Challenge::None,
                "Access cannot be decided at the moment",
            ),
            Self::KeysUnavailable { .. } => (
                RefusalStatus::ServiceUnavailable,
                "keys_unavailable",
                Challenge::None,
                "Access tokens cannot be checked at the moment",
            ),
            Self::Misconfigured(_) => (
                RefusalStatus::InternalServerError,
                "misconfigured",
                Challenge::None,
                "The service is not set up to answer this request",
            ),
        };
        Terms { status, reason, challenge, description }
    }
}

/// The name of a rule that is not met.
impl From<&'static str> for RefusalCause {
    fn from(rule: &'static str) -> Self {
        Self::RuleNotMet { rule: rule.into() }
    }
}

/// The answer to a cause: status, challenge and description for the client, reason for the log.
pub(crate) struct Terms {
    pub(crate) status: RefusalStatus,
    pub(super) reason: &'static str,
    pub(super) challenge: Challenge,
    pub(super) description: &'static str,
}

/// Whether a client is challenged, and with which error.
pub(super) enum Challenge {
    /// No challenge, because the failure is not the client's.
    None,
    /// A challenge without an error code, for a request without a token.
    Plain,
    Error(BearerError),
}
