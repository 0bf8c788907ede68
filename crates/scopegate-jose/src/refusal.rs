//! Why a request is refused, and what the answer says.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use scopegate_claims::{BearerChallenge, BearerError, ScopeSet};

use crate::{ChallengeSettings, JoseError, RefusalBody};

/// The refusal of a request: a value with its cause, status and challenge.
///
/// ```
/// use scopegate_claims::ScopeSet;
/// use scopegate_jose::{Refusal, RefusalCause};
///
/// let needed = ScopeSet::parse("write:orders").unwrap();
/// let refusal = Refusal::new(RefusalCause::InsufficientScope { needed });
/// assert_eq!(refusal.status(), 403);
/// assert_eq!(
///     refusal.challenge().unwrap().to_string(),
///     r#"Bearer error="insufficient_scope", error_description="The access token lacks a scope that this request needs", scope="write:orders""#,
/// );
///
/// let refusal = Refusal::new(RefusalCause::NoToken);
/// assert_eq!(refusal.status(), 401);
/// assert_eq!(refusal.challenge().unwrap().to_string(), "Bearer");
/// ```
#[derive(Clone, Debug)]
pub struct Refusal {
    cause: RefusalCause,
    settings: Option<Arc<ChallengeSettings>>,
}

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

impl Refusal {
    /// A refusal in the default form.
    pub fn new(cause: RefusalCause) -> Self {
        Self { cause, settings: None }
    }

    /// The same refusal in the form that a layer was set to.
    #[must_use]
    pub fn with_settings(mut self, settings: Arc<ChallengeSettings>) -> Self {
        self.settings = Some(settings);
        self
    }

    /// Why the request is refused.
    pub fn cause(&self) -> &RefusalCause {
        &self.cause
    }

    /// A stable code for metrics and logs.
    pub fn reason(&self) -> &'static str {
        match &self.cause {
            RefusalCause::NoToken => "no_token",
            RefusalCause::InvalidRequest(_) => "invalid_request",
            RefusalCause::InvalidToken(error) => error.reason(),
            RefusalCause::InsufficientScope { .. } => "insufficient_scope",
            RefusalCause::InsufficientAuthentication { .. } => "insufficient_user_authentication",
            RefusalCause::MissingClaim { .. } => "missing_claim",
            RefusalCause::RuleNotMet { .. } => "rule_not_met",
            RefusalCause::KeysUnavailable { .. } => "keys_unavailable",
            RefusalCause::Misconfigured(_) => "misconfigured",
        }
    }

    /// The HTTP status (RFC 6750 §3.1, RFC 9470 §3).
    pub fn status(&self) -> u16 {
        match &self.cause {
            RefusalCause::InvalidRequest(_) => 400,
            RefusalCause::NoToken
            | RefusalCause::InvalidToken(_)
            | RefusalCause::InsufficientAuthentication { .. }
            | RefusalCause::MissingClaim { .. } => 401,
            RefusalCause::InsufficientScope { .. } | RefusalCause::RuleNotMet { .. } => 403,
            RefusalCause::Misconfigured(_) => 500,
            RefusalCause::KeysUnavailable { .. } => 503,
        }
    }

    /// The error code of RFC 6750 §3.1 or RFC 9470 §3, where the cause has one.
    ///
    /// A rule of the service's own has none; what the token lacks is a privilege, so it is
    /// `insufficient_scope` without a scope.
    pub fn error(&self) -> Option<BearerError> {
        match &self.cause {
            RefusalCause::InvalidRequest(_) => Some(BearerError::InvalidRequest),
            RefusalCause::InvalidToken(_) | RefusalCause::MissingClaim { .. } => {
                Some(BearerError::InvalidToken)
            }
            RefusalCause::InsufficientScope { .. } | RefusalCause::RuleNotMet { .. } => {
                Some(BearerError::InsufficientScope)
            }
            RefusalCause::InsufficientAuthentication { .. } => {
                Some(BearerError::InsufficientUserAuthentication)
            }
            RefusalCause::NoToken
            | RefusalCause::KeysUnavailable { .. }
            | RefusalCause::Misconfigured(_) => None,
        }
    }

    /// What the client may learn: fixed text that never repeats what it sent.
    pub fn description(&self) -> &'static str {
        match &self.cause {
            RefusalCause::NoToken => "This request needs an access token",
            RefusalCause::InvalidRequest(how) => how,
            RefusalCause::InvalidToken(error) => error.description(),
            RefusalCause::InsufficientScope { .. } => {
                "The access token lacks a scope that this request needs"
            }
            RefusalCause::InsufficientAuthentication { .. } => {
                "The user must sign in again, or by stronger means"
            }
            RefusalCause::MissingClaim { .. } => {
                "The access token lacks a claim that this request needs"
            }
            RefusalCause::RuleNotMet { .. } => "The access token does not allow this request",
            RefusalCause::KeysUnavailable { .. } => "Access tokens cannot be checked at the moment",
            RefusalCause::Misconfigured(_) => "The service is not set up to answer this request",
        }
    }

    /// The scopes that the request needs, where that is the cause.
    pub fn needed(&self) -> Option<&ScopeSet> {
        match &self.cause {
            RefusalCause::InsufficientScope { needed } => Some(needed),
            _ => None,
        }
    }

    /// The value of `WWW-Authenticate`; our own failures have none.
    ///
    /// A client that sent no token is told how, not what was wrong (RFC 6750 §3.1).
    pub fn challenge(&self) -> Option<BearerChallenge> {
        let mut challenge = BearerChallenge::new();
        match (&self.cause, self.error()) {
            (RefusalCause::NoToken, _) => {}
            (_, Some(error)) => {
                challenge = challenge.with_error(error).with_description(self.description());
            }
            (_, None) => return None,
        }
        if let Some(needed) = self.needed() {
            challenge = challenge.with_scope(needed);
        }
        if let RefusalCause::InsufficientAuthentication { acr_values, max_age } = &self.cause {
            challenge = challenge.with_acr_values(acr_values.iter().copied());
            if let Some(age) = max_age {
                challenge = challenge.with_max_age(*age);
            }
        }
        Some(match &self.settings {
            Some(settings) => settings.apply(challenge),
            None => challenge,
        })
    }

    /// When it is worth trying again.
    pub fn retry_after(&self) -> Option<Duration> {
        match &self.cause {
            RefusalCause::KeysUnavailable { retry_after } => Some(*retry_after),
            _ => None,
        }
    }

    /// What writes the body.
    pub fn renderer(&self) -> &dyn RefusalBody {
        match &self.settings {
            Some(settings) => settings.body(),
            None => &crate::ProblemJson,
        }
    }
}

#[cfg(test)]
mod tests;
