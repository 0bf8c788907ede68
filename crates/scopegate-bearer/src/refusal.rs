//! The refusal of a request and the contents of its answer.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, mem};

use ::http::{HeaderMap, Response, StatusCode};
use bytes::Bytes;
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

    /// The answer to send, with a body that can be made from bytes. It is logged at debug,
    /// unless it [was logged](Self::log) before.
    ///
    /// The refusal is stored in the extensions of the response, for logs and outer layers.
    ///
    /// ```
    /// use scopegate_bearer::{Refusal, RefusalCause};
    /// use std::time::Duration;
    ///
    /// let retry_after = Duration::from_millis(1200);
    /// let refusal = Refusal::new(RefusalCause::KeysUnavailable { retry_after });
    /// let response = refusal.into_http::<Vec<u8>>();
    /// assert_eq!(response.status(), 503);
    /// assert_eq!(response.headers()["retry-after"], "2");
    /// assert!(response.extensions().get::<Refusal>().is_some());
    /// ```
    pub fn into_http<B: From<Bytes>>(mut self) -> Response<B> {
        self.log();
        http::answer(self)
    }

    /// The answer to a gRPC call: HTTP 200 with an empty body, and the outcome in `grpc-status`. It is
    /// logged at debug, unless it [was logged](Self::log) before.
    ///
    /// | refusal | status in HTTP | gRPC code |
    /// | --- | --- | --- |
    /// | no token, an invalid token, a user who must sign in again | 401 | `UNAUTHENTICATED` (16) |
    /// | a malformed or repeated `Authorization` header | 400 | `UNAUTHENTICATED` (16) |
    /// | too few scopes, a rule that is not met | 403 | `PERMISSION_DENIED` (7) |
    /// | the issuer's keys are not available | 503 | `UNAVAILABLE` (14), `grpc-retry-pushback-ms` |
    /// | the layer is missing | 500 | `INTERNAL` (13) |
    ///
    /// A malformed header is not `INVALID_ARGUMENT`: that code is about the message, but here the
    /// credentials are wrong, and clients get new ones on `UNAUTHENTICATED`. The challenge of RFC
    /// 6750 is sent as `www-authenticate`, so that a client learns which scope it lacks.
    pub fn into_grpc<B: Default>(mut self) -> Response<B> {
        self.log();
        grpc::answer(self)
    }

    /// The trailers of a refused gRPC call: code, message, challenge.
    pub fn grpc_trailers(&self) -> HeaderMap {
        grpc::trailers(self)
    }

    /// Logs the refusal at debug, once.
    ///
    /// [`into_http`](Self::into_http) and [`into_grpc`](Self::into_grpc) call it. Call it yourself
    /// if no answer is written, such as for a message of a WebSocket or of a queue.
    ///
    /// The event has no part of the token. Subject, client and issuer are those of a verified token.
    /// The path has at most 256 characters, and control characters are escaped.
    ///
    /// ```
    /// use scopegate_bearer::{Authenticated, role};
    ///
    /// fn on_message(authenticated: &Authenticated) -> bool {
    ///     match authenticated.allow(role("dispatcher")) {
    ///         Ok(_) => true,
    ///         Err(mut refusal) => {
    ///             refusal.log();
    ///             false
    ///         }
    ///     }
    /// }
    /// ```
    pub fn log(&mut self) {
        if !mem::replace(&mut self.logged, true) {
            log::write(self);
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
