//! The errors of an authorization request, and what the client may learn about them.

use crate::audit::DecisionKind;
use crate::error::{CallError, ErrorCode, OAuthError};

/// Why an authorization request is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorizeError {
    /// The client is missing, unknown or inactive. The browser is not redirected (RFC 6749 §4.1.2.1).
    #[error("the client is not known")]
    UnknownClient,
    /// The redirect URI is missing or not registered. The browser is not redirected (RFC 6749 §3.1.2.4).
    #[error("the redirect URI is not the client's")]
    UnknownRedirectUri,
    /// `client_id`, `redirect_uri` or `request_uri` occurs more than once. The browser is not redirected.
    #[error("client_id, redirect_uri or request_uri occurs more than once")]
    RepeatedClientOrRedirectUri,
    /// A parameter occurs more than once (RFC 6749 §3.1).
    #[error("a parameter occurs more than once")]
    Repeated,
    /// Request objects are not supported (OpenID Connect Core §6.1).
    #[error("request objects are not supported")]
    RequestNotSupported,
    /// The reference to a pushed request is unknown, expired or used, or it belongs to another client or
    /// browser. The browser is not redirected (RFC 9126 §4).
    #[error("the pushed request is not there for this client and browser")]
    InvalidRequestUri,
    /// Request objects by reference are not supported (OpenID Connect Core §6.2).
    #[error("requests by reference are not supported")]
    RequestUriNotSupported,
    /// The parameter `registration` is not supported (OpenID Connect Core §7.2.1).
    #[error("the parameter registration is not supported")]
    RegistrationNotSupported,
    /// The client may not use the authorization code grant.
    #[error("the client may not use the authorization endpoint")]
    UnauthorizedClient,
    /// The response type is not `code`.
    #[error("the response type is not supported")]
    UnsupportedResponseType,
    /// The user must sign in but `prompt=none` forbids it, or another user signed in than the client expects
    /// (OpenID Connect Core §3.1.2.6).
    #[error("no user is signed in whom the client accepts")]
    LoginRequired,
    /// The user must consent but `prompt=none` forbids asking (OpenID Connect Core §3.1.2.6).
    #[error("the user has not consented")]
    ConsentRequired,
    /// The user denied the request.
    #[error("the user denied the request")]
    Denied,
    /// An essential `acr` value is not available (OpenID Connect Core §5.5.1.1).
    #[error("the requested authentication context class is not available")]
    AcrNotMet,
    /// An error that a token request can have too.
    #[error(transparent)]
    Call(#[from] CallError),
}

impl AuthorizeError {
    pub(super) const fn invalid_request(text: &'static str) -> Self {
        Self::Call(CallError::InvalidRequest(text))
    }

    /// Whether the server, not the request, is the cause.
    pub(super) const fn is_server_fault(&self) -> bool {
        matches!(
            self,
            Self::Call(
                CallError::Overdue
                    | CallError::Storage(_)
                    | CallError::SignerUnavailable(_)
                    | CallError::Signing(_)
            )
        )
    }

    /// The error, if it is one that a token request can have too.
    pub(super) const fn of_call(&self) -> Option<&CallError> {
        match self {
            Self::Call(error) => Some(error),
            _ => None,
        }
    }

    /// Whether the error is a decision about a signed-in user.
    pub(super) const fn is_decision(&self) -> bool {
        !self.is_server_fault() && !matches!(self, Self::ConsentRequired)
    }

    /// The kind of the decision in the audit log.
    pub(super) const fn kind(&self) -> DecisionKind {
        match self {
            Self::Denied => DecisionKind::ConsentDenial,
            Self::Call(
                CallError::DeniedByRule(_) | CallError::InvalidScope(_) | CallError::NoMatchingRule,
            ) => DecisionKind::ScopeDenial,
            _ => DecisionKind::Authorization,
        }
    }
}

impl From<&AuthorizeError> for OAuthError {
    fn from(error: &AuthorizeError) -> Self {
        use ErrorCode as Code;
        // No wildcard arm: a new variant must choose what the client may learn.
        let (error, description) = match error {
            AuthorizeError::UnknownClient => (Code::InvalidClient, "The client is not known."),
            AuthorizeError::UnknownRedirectUri => {
                (Code::InvalidRequest, "The redirect URI is not one of the client's.")
            }
            AuthorizeError::RepeatedClientOrRedirectUri => {
                (Code::InvalidRequest, "The client or the redirect URI is named more than once.")
            }
            AuthorizeError::Repeated => {
                (Code::InvalidRequest, "A parameter occurs more than once.")
            }
            AuthorizeError::RequestNotSupported => {
                (Code::RequestNotSupported, "Request objects are not supported.")
            }
            AuthorizeError::InvalidRequestUri => (
                Code::InvalidRequestUri,
                "The request is not known, has expired or was used. \
                 Go back to the application and try again.",
            ),
            AuthorizeError::RequestUriNotSupported => {
                (Code::RequestUriNotSupported, "Requests by reference are not supported.")
            }
            AuthorizeError::RegistrationNotSupported => {
                (Code::RegistrationNotSupported, "The parameter registration is not supported.")
            }
            AuthorizeError::UnauthorizedClient => {
                (Code::UnauthorizedClient, "The client may not ask for an authorization code.")
            }
            AuthorizeError::UnsupportedResponseType => {
                (Code::UnsupportedResponseType, "The response type must be code.")
            }
            AuthorizeError::LoginRequired => (Code::LoginRequired, "The person must sign in."),
            AuthorizeError::ConsentRequired => (Code::ConsentRequired, "The person must agree."),
            AuthorizeError::Denied => (Code::AccessDenied, "The person does not agree."),
            AuthorizeError::AcrNotMet => (
                Code::UnmetAuthenticationRequirements,
                "The class of authentication cannot be had here.",
            ),
            AuthorizeError::Call(error) => return error.into(),
        };
        Self { status: 400, error, description, retry_after: None }
    }
}
