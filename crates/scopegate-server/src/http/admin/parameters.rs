//! The parameters of a path and of a query.

use axum::extract::{FromRequestParts, Path, Query};
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::ApiError;
use crate::http::app::App;

/// The parameters of the path.
pub(super) struct InPath<T>(pub(super) T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for InPath<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let read = Path::from_request_parts(parts, app).await;
        read.map(|Path(value)| Self(value)).map_err(|_| ApiError::UnknownPath)
    }
}

/// The parameters of the query. Unknown ones are ignored, as Okta does.
pub(super) struct InQuery<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<App> for InQuery<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let read = Query::from_request_parts(parts, app).await;
        read.map(|Query(value)| Self(value))
            .map_err(|error| ApiError::Invalid("query", error.body_text()))
    }
}
