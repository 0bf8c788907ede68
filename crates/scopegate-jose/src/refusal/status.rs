//! The statuses of refusals.

/// The HTTP status of a refusal (RFC 6750 §3.1, RFC 9470 §3).
///
/// The list is closed, so that whoever speaks another protocol places each of them and the compiler
/// asks about a new one.
///
/// ```
/// use scopegate_jose::{Refusal, RefusalCause, RefusalStatus};
///
/// let status = Refusal::new(RefusalCause::NoToken).answer().status;
/// assert_eq!(status, RefusalStatus::Unauthorized);
/// assert_eq!((status.code(), status.phrase()), (401, "Unauthorized"));
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a match on it must not have a wildcard arm")]
pub enum RefusalStatus {
    /// 400: the request is malformed.
    BadRequest,
    /// 401: the caller must bring a token, or another one.
    Unauthorized,
    /// 403: the token allows too little.
    Forbidden,
    /// 500: the service is put together wrongly.
    InternalServerError,
    /// 503: nobody can tell whether the token is good.
    ServiceUnavailable,
}

impl RefusalStatus {
    /// The number.
    pub const fn code(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::InternalServerError => 500,
            Self::ServiceUnavailable => 503,
        }
    }

    /// The reason phrase, which RFC 9457 §4.2.1 wants as the title of an `about:blank` problem.
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
