//! Refused requests: what the client is told, and what is logged.

use std::error::Error;
use std::sync::Arc;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, HeaderName, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use scopegate_claims::Dialect;
use scopegate_core::audit::DecisionId;
use scopegate_core::catalog::{Affected, AuthorizationServer, ClientId};
use scopegate_core::endpoints::authorize::AuthorizeError;
use scopegate_core::endpoints::device::ActivationError;
use scopegate_core::endpoints::sign_in::SignInError;
use scopegate_core::error::{CallError, ErrorCode, OAuthError, OUT_OF_SERVICE};
use scopegate_core::people::interaction::InteractionError;
use scopegate_core::store::StoreError;
use serde::Serialize;

/// Headers of answers that must not be cached (RFC 6749 §5.1).
pub(super) const NEVER_STORED: [(HeaderName, &str); 2] =
    [(CACHE_CONTROL, "no-store"), (PRAGMA, "no-cache")];

/// Why a request is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The path is unknown.
    #[error("there is nothing at this path")]
    UnknownPath,
    /// The path has other methods.
    #[error("the path has other methods")]
    WrongMethod,
    /// The body is longer than a form may be.
    #[error("the body is too long")]
    BodyTooLong,
    /// The body did not arrive in time.
    #[error("the body did not arrive in time")]
    BodyTooSlow,
    /// The query is longer than a request may be.
    #[error("the query is too long")]
    QueryTooLong,
    /// The body ended early.
    #[error("the body broke off")]
    BodyBroken(#[source] axum::Error),
    /// The core refused a request of a client.
    #[error(transparent)]
    Token(#[from] CallError),
    /// The core refused an authorization request.
    #[error(transparent)]
    Authorize(#[from] AuthorizeError),
    /// The keys of the authorization server are still being made.
    #[error("the authorization server has no keys yet")]
    NoKeysYet,
    /// The request has no access token, and needs one.
    #[error("the request has no access token")]
    NoToken,
    /// The decision took longer than a client waits.
    #[error("the request was not decided in time")]
    Overdue,
    /// The sealed request that waits for the user cannot be opened.
    #[error("the request that waits for the user cannot be opened: {0}")]
    Interaction(#[from] InteractionError),
    /// A device was not connected.
    #[error("a device was not connected: {0}")]
    Activation(#[from] ActivationError),
    /// The sign-in failed.
    #[error("the sign-in failed: {0}")]
    SignIn(#[from] SignInError),
}

impl RequestError {
    /// The text of a token hook for the client, which replaces the fixed text.
    fn summary(&self) -> Option<&str> {
        match self {
            Self::Token(error)
            | Self::Authorize(AuthorizeError::Call(error))
            | Self::Activation(ActivationError::Token(error)) => error.summary(),
            _ => None,
        }
    }

    /// Tells whether the cause is that a server or a client is out of service on this node. This
    /// was logged when it began.
    fn is_known_already(&self) -> bool {
        let storage = match self {
            Self::Token(CallError::Storage(error))
            | Self::Authorize(AuthorizeError::Call(CallError::Storage(error)))
            | Self::Activation(ActivationError::Token(CallError::Storage(error))) => error,
            _ => return false,
        };
        match storage {
            StoreError::Unreadable(row) => match row.affected() {
                Affected::Client(_) | Affected::Server(_) => true,
                Affected::Nothing | Affected::User(_) => false,
            },
            _ => false,
        }
    }
}

impl From<&RequestError> for OAuthError {
    fn from(error: &RequestError) -> Self {
        use ErrorCode as Code;
        let (status, code, description, retry_after) = match error {
            RequestError::UnknownPath => (404, Code::NotFound, "There is nothing here.", None),
            RequestError::WrongMethod => {
                (405, Code::InvalidRequest, "The method is not allowed here.", None)
            }
            RequestError::BodyTooLong => (413, Code::InvalidRequest, "The body is too long.", None),
            RequestError::BodyTooSlow => {
                (408, Code::InvalidRequest, "The body did not arrive in time.", None)
            }
            RequestError::BodyBroken(_) => (400, Code::InvalidRequest, "The body broke off.", None),
            RequestError::QueryTooLong => {
                (414, Code::InvalidRequest, "The request is too long.", None)
            }
            RequestError::Token(error) => return error.into(),
            RequestError::Authorize(error) => return error.into(),
            RequestError::NoKeysYet => {
                (503, Code::TemporarilyUnavailable, "The keys are being made.", Some(1))
            }
            RequestError::NoToken => {
                (401, Code::InvalidToken, "An access token is needed here.", None)
            }
            RequestError::Overdue => {
                (503, Code::TemporarilyUnavailable, "The server is overloaded.", Some(5))
            }
            RequestError::Interaction(_) => {
                let text = "This page has expired, or was opened in another browser. \
                            Go back to where you came from and try again.";
                (400, Code::InvalidRequest, text, None)
            }
            RequestError::Activation(ActivationError::Unknown) => {
                let text = "No device waits under this code. Look at the device, and try again.";
                (400, Code::InvalidRequest, text, None)
            }
            RequestError::Activation(ActivationError::Token(error)) => return error.into(),
            RequestError::SignIn(SignInError::Wrong) => {
                (403, Code::AccessDenied, "The name or the password is wrong.", None)
            }
            RequestError::Activation(ActivationError::TooMany(after))
            | RequestError::SignIn(SignInError::TooMany(after)) => {
                let text = "There were too many tries. Try again later.";
                (429, Code::TemporarilyUnavailable, text, Some(after.seconds()))
            }
            RequestError::SignIn(SignInError::Overloaded) => {
                let text = "Too many people sign in at this moment. Try again.";
                (503, Code::TemporarilyUnavailable, text, Some(1))
            }
            RequestError::SignIn(SignInError::Storage(StoreError::Unreadable(_))) => {
                (503, Code::TemporarilyUnavailable, OUT_OF_SERVICE, Some(5))
            }
            RequestError::SignIn(SignInError::Storage(_)) => {
                (503, Code::TemporarilyUnavailable, "The storage is not available.", Some(5))
            }
        };
        Self { status, error: code, description, retry_after }
    }
}

/// A refused request, with what may be logged about it.
///
/// Each error response carries it in its extensions, as `Arc<Failure>`. A layer around the router
/// can read the cause there. The client gets only a fixed text.
#[derive(Debug)]
pub struct Failure {
    error: RequestError,
    server: Option<Arc<AuthorizationServer>>,
    client: Option<ClientId>,
    decision: Option<DecisionId>,
}

impl Failure {
    pub(super) fn new(error: impl Into<RequestError>) -> Self {
        Self { error: error.into(), server: None, client: None, decision: None }
    }

    /// Adds the authorization server that was asked.
    pub(super) fn of_server(mut self, server: &Arc<AuthorizationServer>) -> Self {
        self.server = Some(Arc::clone(server));
        self
    }

    /// Adds the client that the request claims to come from.
    pub(super) fn of_client(mut self, client: Option<ClientId>) -> Self {
        self.client = client;
        self
    }

    pub(super) fn of_decision(mut self, decision: Option<DecisionId>) -> Self {
        self.decision = decision;
        self
    }

    /// Why the request was refused.
    pub fn error(&self) -> &RequestError {
        &self.error
    }

    /// The authorization server that was asked.
    pub fn server(&self) -> Option<&AuthorizationServer> {
        self.server.as_deref()
    }

    /// The client that the request claims to come from. It may not be authenticated.
    pub fn client(&self) -> Option<&ClientId> {
        self.client.as_ref()
    }

    /// The id of the decision, if the client was authenticated.
    pub fn decision(&self) -> Option<DecisionId> {
        self.decision
    }

    /// What the client is told.
    pub fn answer(&self) -> OAuthError {
        let answer = OAuthError::from(&self.error);
        let dialect = self.server().map(|server| server.spec.dialect);
        match (&self.error, dialect) {
            // Okta's clients expect this status if no policy allows the request.
            (
                RequestError::Token(CallError::NoMatchingRule | CallError::DeniedByRule(_)),
                Some(Dialect::Okta),
            ) => OAuthError { status: 401, ..answer },
            (_, _) => answer,
        }
    }

    /// Writes one log entry. A server error is a warning with all its causes.
    pub(super) fn log(&self) {
        let OAuthError { status, error: code, .. } = self.answer();
        let server = self.server().map(|server| server.id.as_str());
        let client = self.client().map(ClientId::as_str);
        let decision = self.decision.map(tracing::field::display);
        let code = code.as_str();
        let reason = &self.error;
        match status {
            500.. if self.error.is_known_already() => {
                tracing::debug!(status, code, server, client, %reason, "out of service");
            }
            500.. => {
                let error = reason as &dyn Error;
                tracing::warn!(status, code, server, client, decision, error, "a request failed");
            }
            404 | 405 => tracing::debug!(status, code, server, %reason, "nothing was found"),
            _ => {
                tracing::info!(status, code, server, client, decision, %reason, "a request was refused");
            }
        }
    }

    /// Gives an answer the status of the refusal, and puts the refusal into its extensions.
    pub(super) fn onto(self, mut response: Response) -> Response {
        let OAuthError { status, retry_after, .. } = self.answer();
        *response.status_mut() =
            StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response.extensions_mut().insert(Arc::new(self));
        response
    }

    /// The challenge of the token endpoint (RFC 7617 §2). A client that failed to authenticate gets
    /// it, whichever method it used (RFC 9110 §15.5.2). The 401 of Okta's dialect for a client that
    /// no policy allows has none: other credentials would not help.
    fn challenge(&self, error: ErrorCode) -> Option<HeaderValue> {
        if error != ErrorCode::InvalidClient {
            return None;
        }
        let realm = self.realm()?;
        HeaderValue::try_from(format!(r#"Basic {realm}, charset="UTF-8""#)).ok()
    }

    /// The realm of a challenge (RFC 9110 §11.5): the issuer, quoted.
    pub(super) fn realm(&self) -> Option<String> {
        let issuer = self.server()?.issuer.as_str();
        Some(format!(r#"realm="{}""#, issuer.replace('\\', r"\\").replace('"', r#"\""#)))
    }
}

/// The body of an error (RFC 6749 §5.2).
#[derive(Serialize)]
struct Body<'a> {
    error: &'static str,
    error_description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision_id: Option<DecisionId>,
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let OAuthError { error, description, .. } = self.answer();
        let body = Body {
            error: error.as_str(),
            // The one text that is not fixed: a token hook has refused, and says why.
            error_description: self.error.summary().unwrap_or(description),
            decision_id: self.decision,
        };
        let mut response = (NEVER_STORED, Json(body)).into_response();
        if let Some(challenge) = self.challenge(error) {
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        self.onto(response)
    }
}
