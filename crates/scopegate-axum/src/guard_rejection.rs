//! The rejection of a service's own guards.

use axum_core::response::{IntoResponse, Response};
use scopegate_bearer::Refusal;

/// Why a [`ResourceGuard`](crate::ResourceGuard) does not admit a request.
///
/// A [`Refusal`] becomes one by `?` or `.into()`. To hide that something exists, such as an order of
/// another tenant, use [`hidden`](Self::hidden). Everything else is an answer of the service's own.
#[derive(Debug)]
pub struct GuardRejection(Answer);

#[derive(Debug)]
enum Answer {
    Refusal(Box<Refusal>),
    Hidden(Box<(Refusal, Response)>),
    Other(Box<Response>),
}

impl GuardRejection {
    /// A refusal that the client does not see: it gets this response, such as 404.
    ///
    /// The refusal is logged like every other, and stored in the extensions of the response for
    /// outer layers. Return the same response if the thing does not exist.
    ///
    /// ```
    /// use http::StatusCode;
    /// use scopegate_axum::{GuardRejection, Token};
    ///
    /// fn another_tenants(token: &Token) -> GuardRejection {
    ///     GuardRejection::hidden(token.refuse("own orders only"), StatusCode::NOT_FOUND)
    /// }
    /// ```
    pub fn hidden(refusal: Refusal, response: impl IntoResponse) -> Self {
        Self(Answer::Hidden(Box::new((refusal, response.into_response()))))
    }

    /// An answer that is no refusal: 404 for what does not exist, or the rejection of an extractor
    /// that the guard uses. It is not logged. To refuse with such an answer, use
    /// [`hidden`](Self::hidden).
    ///
    /// ```
    /// use http::StatusCode;
    /// use scopegate_axum::GuardRejection;
    ///
    /// let missing = GuardRejection::other((StatusCode::NOT_FOUND, "no such order"));
    /// assert!(missing.refusal().is_none());
    /// ```
    pub fn other(response: impl IntoResponse) -> Self {
        Self(Answer::Other(Box::new(response.into_response())))
    }

    /// The refusal, if it is one, also if it is hidden from the client.
    pub fn refusal(&self) -> Option<&Refusal> {
        match &self.0 {
            Answer::Refusal(refusal) => Some(refusal),
            Answer::Hidden(hidden) => Some(&hidden.0),
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
            Answer::Hidden(hidden) => {
                let (mut refusal, mut response) = *hidden;
                refusal.log();
                response.extensions_mut().insert(refusal);
                response
            }
            Answer::Other(response) => *response,
        }
    }
}
