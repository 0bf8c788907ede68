//! The refusal of a request and the contents of its answer.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ::http::StatusCode;
use scopegate_claims::ScopeSet;
use scopegate_jose::Verified;

use crate::{BearerChallenge, BearerError, ChallengeSettings, RequestHead};

mod cause;
mod grpc;
mod http;
mod log;
mod status;

pub use self::cause::RefusalCause;
use self::cause::{Challenge, Terms};
pub(crate) use self::log::is_logged;
pub use self::status::RefusalStatus;

/// The refusal of a request, with its cause, status and challenge.
///
/// ```
/// use scopegate_bearer::{Refusal, RefusalCause};
/// use scopegate_claims::ScopeSet;
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
    settings: Arc<ChallengeSettings>,
    /// Whom it concerns, for the log.
    token: Option<Arc<Verified>>,
    head: Option<Arc<RequestHead>>,
    /// Set once it was logged, so that it is not logged again.
    logged: bool,
}

impl Refusal {
    /// A refusal with default settings.
    pub fn new(cause: impl Into<RefusalCause>) -> Self {
        let settings = Arc::clone(ChallengeSettings::plain());
        Self { cause: cause.into(), settings, token: None, head: None, logged: false }
    }

    /// The same refusal with the settings of a layer.
    #[must_use]
    pub fn with_settings(mut self, settings: Arc<ChallengeSettings>) -> Self {
        self.settings = settings;
        self
    }

    /// The same refusal of a request with this token, for the log.
    #[must_use]
    pub fn with_token(mut self, token: Arc<Verified>) -> Self {
        self.token = Some(token);
        self
    }

    /// The same refusal of a request with this head, for the log and the body.
    #[must_use]
    pub fn with_head(mut self, head: Arc<RequestHead>) -> Self {
        self.head = Some(head);
        self
    }

    /// The head of the refused request, if the body or the log reads it; see
    /// [`RefusalBody::reads_head`](crate::RefusalBody::reads_head).
    pub fn head(&self) -> Option<&RequestHead> {
        self.head.as_deref()
    }

    /// The reason why the request is refused.
    pub fn cause(&self) -> &RefusalCause {
        &self.cause
    }

    /// A stable code for metrics and logs.
    pub fn reason(&self) -> &'static str {
        self.cause.terms().reason
    }

    /// The HTTP status (RFC 6750 §3.1, RFC 9470 §3).
    pub fn status(&self) -> StatusCode {
        let code = self.cause.status().code();
        StatusCode::from_u16(code).expect("it is a status of HTTP")
    }

    /// The error code of RFC 6750 §3.1 or RFC 9470 §3, if the cause has one.
    ///
    /// No standard code exists for a custom rule of the service. The token lacks a privilege, so
    /// the code is `insufficient_scope`, without naming a scope.
    pub fn error(&self) -> Option<BearerError> {
        match self.cause.terms().challenge {
            Challenge::Error(error) => Some(error),
            Challenge::Plain | Challenge::None => None,
        }
    }

    /// The explanation for the client: fixed text that never repeats input.
    pub fn description(&self) -> &'static str {
        self.cause.terms().description
    }

    /// The scopes that the request needs, if missing scopes are the cause.
    pub fn needed(&self) -> Option<&ScopeSet> {
        match &self.cause {
            RefusalCause::InsufficientScope { needed } => Some(needed),
            _ => None,
        }
    }

    /// The value of `WWW-Authenticate`. Failures of the service itself have none.
    ///
    /// For a request without a token it holds no error code (RFC 6750 §3.1).
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
        Some(self.settings.apply(challenge))
    }

    /// The time after which the client should retry.
    pub fn retry_after(&self) -> Option<Duration> {
        match &self.cause {
            RefusalCause::KeysUnavailable { retry_after } => Some(*retry_after),
            RefusalCause::GuardFailed { .. } => Some(Duration::from_secs(1)),
            _ => None,
        }
    }
}

/// For logs: the status, the reason and the text for the client. The error's source says what was
/// wrong with the token.
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
