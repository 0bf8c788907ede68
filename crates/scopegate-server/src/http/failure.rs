//! Requests that are refused: what the client is told, and what the log.

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
use scopegate_core::error::{ErrorCode, OAuthError, OUT_OF_SERVICE, TokenError};
use scopegate_core::people::interaction::InteractionError;
use scopegate_core::store::StoreError;
use serde::Serialize;

/// Answers of the token endpoint are for one client, once (RFC 6749 §5.1).
pub(super) const NEVER_STORED: [(HeaderName, &str); 2] =
    [(CACHE_CONTROL, "no-store"), (PRAGMA, "no-cache")];

/// Why a request is refused; by blame: the client, ourselves.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// There is nothing at the path.
    #[error("there is nothing at this path")]
    UnknownPath,
    /// The path is there for other methods.
    #[error("the path is there for other methods")]
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
    /// The body broke off.
    #[error("the body broke off")]
    BodyBroken(#[source] axum::Error),
    /// The core refused.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The core refused an authorization request.
    #[error(transparent)]
    Authorize(#[from] AuthorizeError),
    /// The server's keys are being made.
    #[error("the authorization server has no keys yet")]
    NoKeysYet,
    /// No access token is shown where one is needed.
    #[error("no access token is shown")]
    NoToken,
    /// The request took longer than a client waits.
    #[error("the request was not decided in time")]
    Overdue,
    /// What waited for a person does not open.
    #[error("the request that waits for a person does not open: {0}")]
    Interaction(#[from] InteractionError),
    /// A device was not let in.
    #[error("a device was not let in: {0}")]
    Activation(#[from] ActivationError),
    /// Nobody was signed in.
    #[error("nobody was signed in: {0}")]
    SignIn(#[from] SignInError),
}

impl RequestError {
    /// Tells whether a server or a client is out of service on this node. That was logged when it began.
    fn is_known_already(&self) -> bool {
        let storage = match self {
            Self::Token(TokenError::Storage(error))
            | Self::Authorize(AuthorizeError::Token(TokenError::Storage(error)))
            | Self::Activation(ActivationError::Token(TokenError::Storage(error))) => error,
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

/// A request that was refused, with what the log may know of it.
///
/// It is in the extensions of each response that is an error, as `Arc<Failure>`: a layer outside can
/// see the cause, of which the client learns a fixed text only.
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

    /// It was this server that was asked.
    pub(super) fn of_server(mut self, server: &Arc<AuthorizationServer>) -> Self {
        self.server = Some(Arc::clone(server));
        self
    }

    /// It was this client that asked, or somebody who says so.
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

    /// The client that asked, or that somebody claims to be.
    pub fn client(&self) -> Option<&ClientId> {
        self.client.as_ref()
    }

    /// The decision, where the client was authenticated by then.
    pub fn decision(&self) -> Option<DecisionId> {
        self.decision
    }

    /// What the client is told.
    pub fn answer(&self) -> OAuthError {
        let answer = OAuthError::from(&self.error);
        let dialect = self.server().map(|server| server.spec.dialect);
        match (&self.error, dialect) {
            // Okta's clients look for this status, where no policy lets them in.
            (RequestError::Token(TokenError::NoMatchingRule), Some(Dialect::Okta)) => {
                OAuthError { status: 401, ..answer }
            }
            (_, _) => answer,
        }
    }

    /// One entry: a warning if it is our fault, with all that is behind it.
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

    /// Gives an answer the status of the refusal, and leaves the refusal with it for the log.
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

    /// The challenge of the token endpoint (RFC 7617 §2), for whoever was not authenticated, by whichever
    /// method (RFC 9110 §15.5.2). Whom a policy keeps out, Okta's dialect
    /// refuses by 401 too: there is no better way to say who one is, so nothing is said.
    fn challenge(&self, error: ErrorCode) -> Option<HeaderValue> {
        if error != ErrorCode::InvalidClient {
            return None;
        }
        let realm = self.realm()?;
        HeaderValue::try_from(format!(r#"Basic {realm}, charset="UTF-8""#)).ok()
    }

    /// The realm of a challenge (RFC 9110 §11.5), quoted: the issuer that was asked.
    pub(super) fn realm(&self) -> Option<String> {
        let issuer = self.server()?.issuer.as_str();
        Some(format!(r#"realm="{}""#, issuer.replace('\\', r"\\").replace('"', r#"\""#)))
    }
}

/// The body of an error (RFC 6749 §5.2).
#[derive(Serialize)]
struct Body {
    error: &'static str,
    error_description: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision_id: Option<DecisionId>,
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let OAuthError { error, description, .. } = self.answer();
        let body = Body {
            error: error.as_str(),
            error_description: description,
            decision_id: self.decision,
        };
        let mut response = (NEVER_STORED, Json(body)).into_response();
        if let Some(challenge) = self.challenge(error) {
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        self.onto(response)
    }
}
