//! The id of an order, from the path.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use super::no_such_order;
use crate::order::OrderId;
use crate::problem::Problem;

impl<S: Send + Sync> FromRequestParts<S> for OrderId {
    type Rejection = Problem;

    /// A path that is not a number is answered like an unknown id.
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<i64>::from_request_parts(parts, state).await {
            Ok(Path(id)) => Ok(Self(id)),
            Err(_) => Err(no_such_order()),
        }
    }
}
