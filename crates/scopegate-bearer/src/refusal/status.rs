//! The HTTP statuses of refusals.

/// The HTTP status of a refusal (RFC 6750 §3.1, RFC 9470 §3).
///
/// The list is closed, so that code which maps it to another protocol must handle every status. The
/// compiler then reports a new one.
///
/// ```
/// use scopegate_bearer::{Refusal, RefusalCause, RefusalStatus};
///
/// let status = Refusal::new(RefusalCause::NoToken).cause().status();
/// assert_eq!(status, RefusalStatus::Unauthorized);
/// assert_eq!((status.code(), status.phrase()), (401, "Unauthorized"));
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a match on it must not have a wildcard arm")]
pub enum RefusalStatus {
    /// 400: the request is malformed.
    BadRequest,
    /// 401: the client must send a token, or a different one.
    Unauthorized,
    /// 403: the token is valid but does not allow the request.
    Forbidden,
    /// 500: the service is configured wrongly.
    InternalServerError,
    /// 503: the token cannot be checked at the moment.
    ServiceUnavailable,
}

impl RefusalStatus {
    /// The status code.
    pub const fn code(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::InternalServerError => 500,
            Self::ServiceUnavailable => 503,
        }
    }

    /// The reason phrase. RFC 9457 §4.2.1 requires it as the title of an `about:blank` problem.
    pub const fn phrase(self) -> &'static str {
        match self {
            Self::BadRequest => "Bad Request",
            Self::Unauthorized => "Unauthorized",
            Self::Forbidden => "Forbidden",
            Self::InternalServerError => "Internal Server Error",
            Self::ServiceUnavailable => "Service Unavailable",
        }
    }
}
