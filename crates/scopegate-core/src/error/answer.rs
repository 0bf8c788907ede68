//! What the client learns of an error: the one mapping from [`CallError`] to the answer.

use serde::Serialize;

use super::CallError;
use crate::form::FormProblem;
use crate::store::StoreError;

/// The error codes of RFC 6749 §5.2 and its extensions.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorCode {
    /// A policy or the user refused.
    AccessDenied,
    /// The user has not decided yet (RFC 8628).
    AuthorizationPending,
    /// The user would have to consent.
    ConsentRequired,
    /// The device code has expired (RFC 8628).
    ExpiredToken,
    /// The token lacks a scope (RFC 6750).
    InsufficientScope,
    /// The client was not authenticated.
    InvalidClient,
    /// The grant is not valid: an authorization code, a refresh token, an assertion.
    InvalidGrant,
    /// The request is malformed.
    InvalidRequest,
    /// The request URI is not valid (OpenID Connect Core §3.1.2.6).
    InvalidRequestUri,
    /// The scope is unknown or malformed.
    InvalidScope,
    /// The resource is unknown (RFC 8707).
    InvalidTarget,
    /// The access token is not valid (RFC 6750).
    InvalidToken,
    /// The user would have to sign in (OpenID Connect Core §3.1.2.6).
    LoginRequired,
    /// There is no such authorization server.
    NotFound,
    /// The parameter `registration` is not supported.
    RegistrationNotSupported,
    /// The parameter `request` is not supported.
    RequestNotSupported,
    /// The parameter `request_uri` is not supported for this request.
    RequestUriNotSupported,
    /// The server failed. It is not the client's fault.
    ServerError,
    /// The client polls too often (RFC 8628).
    SlowDown,
    /// The server cannot answer at the moment.
    TemporarilyUnavailable,
    /// The client may not use the grant type.
    UnauthorizedClient,
    /// The user cannot authenticate in the way that the client requires (OpenID Connect Core Unmet
    /// Authentication Requirements §2).
    UnmetAuthenticationRequirements,
    /// The server does not support the grant type.
    UnsupportedGrantType,
    /// The server does not support the response type.
    UnsupportedResponseType,
}

impl ErrorCode {
    /// The code in the answer.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessDenied => "access_denied",
            Self::AuthorizationPending => "authorization_pending",
            Self::ConsentRequired => "consent_required",
            Self::ExpiredToken => "expired_token",
            Self::InsufficientScope => "insufficient_scope",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::InvalidRequest => "invalid_request",
            Self::InvalidRequestUri => "invalid_request_uri",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::InvalidToken => "invalid_token",
            Self::LoginRequired => "login_required",
            Self::NotFound => "not_found",
            Self::RegistrationNotSupported => "registration_not_supported",
            Self::RequestNotSupported => "request_not_supported",
            Self::RequestUriNotSupported => "request_uri_not_supported",
            Self::ServerError => "server_error",
            Self::SlowDown => "slow_down",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnmetAuthenticationRequirements => "unmet_authentication_requirements",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
        }
    }
}

/// The description for the client when a stored row cannot be read. It does not say which one.
pub const OUT_OF_SERVICE: &str = "This is out of service at the moment.";

/// What the client learns of an error: the HTTP status, a code, and one fixed text per cause.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct OAuthError {
    /// The HTTP status of the answer.
    pub status: u16,
    /// The code.
    pub error: ErrorCode,
    /// The text for the developer of the client.
    pub description: &'static str,
    /// The value of `Retry-After`, in seconds.
    pub retry_after: Option<u32>,
}

impl OAuthError {
    const fn new(status: u16, error: ErrorCode, description: &'static str) -> Self {
        Self { status, error, description, retry_after: None }
    }
}

impl From<&CallError> for OAuthError {
    fn from(error: &CallError) -> Self {
        use ErrorCode as Code;
        // No wildcard arm: whoever adds a variant must decide what the client may learn.
        match error {
            CallError::Form(FormProblem::Duplicate) => {
                Self::new(400, Code::InvalidRequest, "A parameter occurs more than once.")
            }
            CallError::Form(FormProblem::NotUtf8) => {
                Self::new(400, Code::InvalidRequest, "The form is not UTF-8.")
            }
            CallError::Form(FormProblem::TooMany) => {
                Self::new(400, Code::InvalidRequest, "The form has too many parameters.")
            }
            CallError::InvalidRequest(description) => {
                Self::new(400, Code::InvalidRequest, description)
            }
            CallError::SeveralClientAuthentications => Self::new(
                400,
                Code::InvalidRequest,
                "The client used more than one authentication method.",
            ),
            CallError::InvalidClient(_) => {
                Self::new(401, Code::InvalidClient, "Client authentication failed.")
            }
            CallError::UnsupportedGrantType => {
                Self::new(400, Code::UnsupportedGrantType, "The grant type is not supported.")
            }
            CallError::UnauthorizedClient => {
                Self::new(400, Code::UnauthorizedClient, "The client may not use this grant type.")
            }
            CallError::InvalidScope(description) => Self::new(400, Code::InvalidScope, description),
            CallError::ConsentRequired => Self::new(
                400,
                Code::ConsentRequired,
                "A scope needs the consent of a person, and this grant asks none.",
            ),
            CallError::InvalidTarget => Self::new(
                400,
                Code::InvalidTarget,
                "The request does not select one audience of this authorization server.",
            ),
            CallError::NoMatchingRule => Self::new(
                400,
                Code::AccessDenied,
                "No access policy allows this client these scopes by this grant.",
            ),
            CallError::DeniedByRule(_) => {
                Self::new(400, Code::AccessDenied, "An access policy denies this request.")
            }
            CallError::InvalidGrant(_) => {
                Self::new(400, Code::InvalidGrant, "The grant is not valid.")
            }
            CallError::InvalidToken(_) => Self::new(
                401,
                Code::InvalidToken,
                "The access token is malformed, expired, revoked or not of this server.",
            ),
            CallError::InsufficientScope => Self::new(
                403,
                Code::InsufficientScope,
                "The access token does not have the scope openid.",
            ),
            CallError::NotAssigned => Self::new(
                400,
                Code::AccessDenied,
                "User is not assigned to the client application.",
            ),
            CallError::AuthorizationPending => {
                Self::new(400, Code::AuthorizationPending, "The person has not decided yet.")
            }
            CallError::SlowDown => Self::new(
                400,
                Code::SlowDown,
                "The client asks too often: wait five seconds more from now on.",
            ),
            CallError::ExpiredToken => {
                Self::new(400, Code::ExpiredToken, "The device code has expired.")
            }
            CallError::DeviceDenied => Self::new(400, Code::AccessDenied, "The person refused."),
            CallError::ClaimFailed { .. } => {
                Self::new(400, Code::ServerError, "A claim of the token cannot be computed.")
            }
            CallError::HookFailed { .. } => {
                Self::new(400, Code::ServerError, "A token hook failed.")
            }
            CallError::HooksLeftNoScope => {
                Self::new(400, Code::AccessDenied, "The token hooks took away all scopes.")
            }
            // The client gets the text of the hook instead: `CallError::summary`.
            CallError::RefusedByHook { .. } => {
                Self::new(400, Code::ServerError, "A token hook refused the request.")
            }
            CallError::TooManyGroups => {
                Self::new(400, Code::ServerError, "A claim would name more than 100 groups.")
            }
            // RFC 8693 §2.2.2 has one code for both: the token is not valid, or not accepted.
            CallError::UnacceptableToken(_) => Self::new(
                400,
                Code::InvalidRequest,
                "The subject token or the actor token is not acceptable.",
            ),
            CallError::UntrustedServer => Self::new(
                400,
                Code::InvalidRequest,
                "The token is of an authorization server that this one does not trust.",
            ),
            CallError::Overdue => Self {
                retry_after: Some(5),
                ..Self::new(503, Code::TemporarilyUnavailable, "The server is overloaded.")
            },
            CallError::KeysUnavailable => Self {
                retry_after: Some(5),
                ..Self::new(
                    503,
                    Code::TemporarilyUnavailable,
                    "The keys for the assertion cannot be fetched.",
                )
            },
            CallError::UnknownServer => {
                Self::new(404, Code::NotFound, "There is no such authorization server.")
            }
            CallError::AuditQueueFull => Self {
                retry_after: Some(1),
                ..Self::new(503, Code::TemporarilyUnavailable, "The server is overloaded.")
            },
            CallError::TooManyDeviceRequests(after) => Self {
                retry_after: Some(after.seconds()),
                ..Self::new(429, Code::SlowDown, "Devices ask too often: try again later.")
            },
            CallError::TooManyPushedRequests(after) => Self {
                retry_after: Some(after.seconds()),
                ..Self::new(
                    429,
                    Code::TemporarilyUnavailable,
                    "Requests are pushed too often: try again later.",
                )
            },
            CallError::TooManyWaiting(after) => Self {
                retry_after: Some(after.seconds()),
                ..Self::new(
                    503,
                    Code::TemporarilyUnavailable,
                    "Too many requests of public clients wait: try again later.",
                )
            },
            CallError::Storage(StoreError::Unreadable(_)) => Self {
                retry_after: Some(5),
                ..Self::new(503, Code::TemporarilyUnavailable, OUT_OF_SERVICE)
            },
            CallError::Storage(
                StoreError::Changed(_)
                | StoreError::Conflict
                | StoreError::Corrupt(_)
                | StoreError::Unavailable(_),
            ) => Self {
                retry_after: Some(5),
                ..Self::new(503, Code::TemporarilyUnavailable, "The storage is not available.")
            },
            CallError::SignerUnavailable(_) => Self {
                retry_after: Some(5),
                ..Self::new(
                    503,
                    Code::TemporarilyUnavailable,
                    "The signing keys are not available.",
                )
            },
            CallError::Signing(_) => Self::new(500, Code::ServerError, "The token was not signed."),
        }
    }
}
