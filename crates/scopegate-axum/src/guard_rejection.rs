//! The rejection of a service's own guards.

use axum_core::response::{IntoResponse, Response};
use scopegate_bearer::Refusal;

/// Why a [`ResourceGuard`](crate::ResourceGuard) does not admit a request.
///
/// A [`Refusal`] becomes one by `?` or `.into()`. Everything else is an answer of the service's own:
///
/// ```
/// use http::StatusCode;
/// use scopegate_axum::GuardRejection;
///
/// let hidden = GuardRejection::other((StatusCode::NOT_FOUND, "no such order"));
/// assert!(hidden.refusal().is_none());
/// ```
#[derive(Debug)]
pub struct GuardRejection(Answer);

#[derive(Debug)]
enum Answer {
    Refusal(Box<Refusal>),
    Other(Box<Response>),
}

impl GuardRejection {
    /// Any other answer than a refusal, such as 404, or the rejection of an extractor that the guard
    /// uses.
    pub fn other(response: impl IntoResponse) -> Self {
        Self(Answer::Other(Box::new(response.into_response())))
    }

    /// The refusal, if it is one.
    pub fn refusal(&self) -> Option<&Refusal> {
        match &self.0 {
            Answer::Refusal(refusal) => Some(refusal),
            Answer::Other(_) => None,
        }
    }
}

impl From<Refusal> for GuardRejection {
    fn from(refusal: Refusal) -> Self {
        Self(Answer::Refusal(Box::new(refusal)))
    }
}

impl IntoResponse for GuardRejection {
    fn into_response(self) -> Response {
        match self.0 {
            Answer::Refusal(refusal) => refusal.into_response(),
            Answer::Other(response) => *response,
        }
    }
}
