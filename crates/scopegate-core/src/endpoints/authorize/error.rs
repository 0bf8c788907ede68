//! What can go wrong with an authorization request, and what the client may learn of it.

use crate::audit::DecisionKind;
use crate::error::{CallError, ErrorCode, OAuthError};

/// Why an authorization request is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorizeError {
    /// The client is missing, unknown or not active: nobody is redirected (RFC 6749 §4.1.2.1).
    #[error("the client is not known")]
    UnknownClient,
    /// The redirect URI is missing or not the client's: nobody is redirected (RFC 6749 §3.1.2.4).
    #[error("the redirect URI is not the client's")]
    UnknownRedirectUri,
    /// A parameter on which it depends where the answer goes occurs twice: nobody is redirected.
    #[error("client_id or redirect_uri occurs more than once")]
    RepeatedDoor,
    /// A parameter occurs twice (RFC 6749 §3.1).
    #[error("a parameter occurs more than once")]
    Repeated,
    /// Request objects are not spoken (OpenID Connect Core §6.1).
    #[error("request objects are not supported")]
    RequestNotSupported,
    /// A reference of ours is unknown, another's, too old or used: nobody is redirected (RFC 9126 §4).
    #[error("the pushed request is not there for this client and browser")]
    InvalidRequestUri,
    /// Requests by reference are not spoken (OpenID Connect Core §6.2).
    #[error("requests by reference are not supported")]
    RequestUriNotSupported,
    /// The parameter `registration` is not spoken (OpenID Connect Core §7.2.1).
    #[error("the parameter registration is not supported")]
    RegistrationNotSupported,
    /// The client may not ask for a code.
    #[error("the client may not use the authorization endpoint")]
    UnauthorizedClient,
    /// Only codes are issued.
    #[error("the response type is not supported")]
    UnsupportedResponseType,
    /// Nobody suitable is signed in, and no page may be shown (OpenID Connect Core §3.1.2.6).
    #[error("nobody suitable is signed in")]
    LoginRequired,
    /// The person would have to agree, and no page may be shown (OpenID Connect Core §3.1.2.6).
    #[error("the person has not agreed")]
    ConsentRequired,
    /// The person does not agree.
    #[error("the person does not agree")]
    Denied,
    /// An essential class of authentication cannot be had (OpenID Connect Core §5.5.1.1).
    #[error("the class of authentication cannot be had")]
    AcrNotMet,
    /// What can go wrong with a token request, too.
    #[error(transparent)]
    Call(#[from] CallError),
}

impl AuthorizeError {
    pub(super) const fn invalid_request(text: &'static str) -> Self {
        Self::Call(CallError::InvalidRequest(text))
    }

    /// Tells whether it is we who cannot answer.
    pub(super) const fn is_ours(&self) -> bool {
        matches!(
            self,
            Self::Call(CallError::Overdue | CallError::Storage(_) | CallError::Signing(_))
        )
    }

    /// The error that a token request could have, too.
    pub(super) const fn of_call(&self) -> Option<&CallError> {
        match self {
            Self::Call(error) => Some(error),
            _ => None,
        }
    }

    /// Tells whether it was decided about a person.
    pub(super) const fn is_decision(&self) -> bool {
        !self.is_ours() && !matches!(self, Self::ConsentRequired)
    }

    /// What is asked, as the audit log names it.
    pub(super) const fn kind(&self) -> DecisionKind {
        match self {
            Self::Denied => DecisionKind::ConsentDenial,
            Self::Call(CallError::InvalidScope(_) | CallError::NoMatchingRule) => {
                DecisionKind::ScopeDenial
            }
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
            AuthorizeError::RepeatedDoor => {
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
