//! The refusal of a request, and what the answer says.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use scopegate_claims::{BearerChallenge, BearerError, ScopeSet};

use crate::{ChallengeSettings, RefusalBody};

mod answer;
mod cause;
mod status;

pub use answer::RefusalAnswer;
pub use cause::RefusalCause;
use cause::{Challenge, Terms};
pub use status::RefusalStatus;

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
        self.cause.terms().reason
    }

    /// The HTTP status (RFC 6750 §3.1, RFC 9470 §3).
    pub fn status(&self) -> u16 {
        self.cause.terms().status.code()
    }

    /// The error code of RFC 6750 §3.1 or RFC 9470 §3, where the cause has one.
    ///
    /// A rule of the service's own has none; what the token lacks is a privilege, so it is
    /// `insufficient_scope` without a scope.
    pub fn error(&self) -> Option<BearerError> {
        match self.cause.terms().challenge {
            Challenge::Error(error) => Some(error),
            Challenge::Plain | Challenge::None => None,
        }
    }

    /// What the client may learn: fixed text that never repeats what it sent.
    pub fn description(&self) -> &'static str {
        self.cause.terms().description
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
        let Terms { challenge, description, .. } = self.cause.terms();
        let mut challenge = match challenge {
            Challenge::None => return None,
            Challenge::Plain => BearerChallenge::new(),
            Challenge::Error(error) => {
                BearerChallenge::new().with_error(error).with_description(description)
            }
        };
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

/// For logs: it says what the client is told, and why; the source says what was wrong with the token.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Terms { status, reason, description, .. } = self.cause.terms();
        write!(f, "{} {reason}: {description}", status.code())
    }
}

impl Error for Refusal {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.cause {
            RefusalCause::InvalidToken(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
