//! Why a request is refused, and what becomes of it.

use std::borrow::Cow;
use std::time::Duration;

use scopegate_claims::{BearerError, ScopeSet};

use super::RefusalStatus;
use crate::JoseError;

/// Why a request is refused, ordered by blame.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum RefusalCause {
    /// There is no bearer token.
    NoToken,
    /// The request is malformed; the text says how and is shown to the client.
    InvalidRequest(&'static str),
    /// The token is not good.
    InvalidToken(JoseError),
    /// The token is good but allows too little.
    InsufficientScope {
        /// All the scopes that the request needs.
        needed: ScopeSet,
    },
    /// The token is good, but its user must sign in again or by stronger means (RFC 9470 §3).
    InsufficientAuthentication {
        /// The ways of signing in that will do, the best first; empty if any will.
        acr_values: &'static [&'static str],
        /// How long ago it may have been.
        max_age: Option<Duration>,
    },
    /// The token is good but says nothing of what the request needs to know.
    MissingClaim {
        /// The claim that it lacks.
        claim: &'static str,
    },
    /// The token is good, but a rule of the service's own does not let it in.
    RuleNotMet {
        /// The name of the rule, for the log only.
        rule: Cow<'static, str>,
    },
    /// The issuer's keys cannot be had.
    KeysUnavailable {
        /// When it is worth trying again.
        retry_after: Duration,
    },
    /// The service is put together wrongly; the text is for the log only.
    Misconfigured(Cow<'static, str>),
}

impl RefusalCause {
    /// The one mapping from a cause to what becomes of it.
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

/// What becomes of a cause: for the client, and for the log.
pub(crate) struct Terms {
    pub(crate) status: RefusalStatus,
    pub(super) reason: &'static str,
    pub(super) challenge: Challenge,
    pub(super) description: &'static str,
}

/// Whether a client is challenged, and with which error.
pub(super) enum Challenge {
    /// Not at all: it is not to blame.
    None,
    /// It is told how to come, not what was wrong.
    Plain,
    Error(BearerError),
}
