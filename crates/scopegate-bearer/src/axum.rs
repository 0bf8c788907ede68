//! The parts of axum's extractors that must stand where their types are defined.

use axum_core::body::Body;
use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use axum_core::response::{IntoResponse, Response};
use http::request::Parts;

use crate::{Authenticated, Guard, OwnClaims, Refusal, Token};

const NAME: &str = "Token";

/// Status and challenge follow RFC 6750 §3. The refusal is stored in the extensions of the
/// response, where an outer layer finds the cause, which the client is not told.
impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        self.into_http::<Body>()
    }
}

impl<S, X> FromRequestParts<S> for Token<X>
where
    S: Send + Sync,
    X: OwnClaims,
{
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        Self::of(Authenticated::find_in(parts, NAME, Guard::Token)?)
    }
}

impl<S, X> OptionalFromRequestParts<S> for Token<X>
where
    S: Send + Sync,
    X: OwnClaims,
{
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Refusal> {
        let authenticated = Authenticated::find_in(parts, NAME, Guard::OptionalToken)?;
        match authenticated.token() {
            Some(_) => Self::of(authenticated).map(Some),
            None => Ok(None),
        }
    }
}
