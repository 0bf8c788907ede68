//! JSON bodies: read with a limit, and refused if they have a member that the resource does not have.

use std::time::Duration;

use axum::extract::{FromRequest, Request};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use super::ApiError;
use crate::http::app::App;

/// Maximum length of a body, in bytes.
const MAX_LENGTH: usize = 1024 * 1024;

/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(20);

/// The JSON body of a request.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<App> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &App) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        if !is_json(&parts.headers) {
            return Err(ApiError::NotJson);
        }
        let reading = tokio::time::timeout(PATIENCE, Limited::new(body, MAX_LENGTH).collect());
        let read = reading.await.map_err(|_| ApiError::BodyTooSlow)?;
        let read = read.map_err(|error| match error.is::<LengthLimitError>() {
            true => ApiError::BodyTooLong,
            false => ApiError::Malformed("the body broke off".to_owned()),
        })?;
        parse(&read.to_bytes()).map(Self)
    }
}

/// A body that may be missing.
pub(super) struct OptionalBody<T>(pub(super) Option<T>);

impl<T: DeserializeOwned> FromRequest<App> for OptionalBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let is_empty = hyper::body::Body::is_end_stream(request.body());
        match is_empty {
            true => Ok(Self(None)),
            false => Body::from_request(request, app).await.map(|Body(body)| Self(Some(body))),
        }
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let line = headers.get(CONTENT_TYPE).and_then(|line| line.to_str().ok()).unwrap_or_default();
    let essence = line.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

/// Parses a body, which is an object. The error names the member.
fn parse<T: DeserializeOwned>(json: &[u8]) -> Result<T, ApiError> {
    // Serde would also read the members of an object from an array, by their positions.
    if json.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err(ApiError::Malformed("write a JSON object".to_owned()));
    }
    let mut reader = serde_json::Deserializer::from_slice(json);
    let parsed = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        match path.as_str() {
            "." => ApiError::Malformed(inner.to_string()),
            path => ApiError::Malformed(format!("{path}: {inner}")),
        }
    })?;
    reader.end().map_err(|error| ApiError::Malformed(error.to_string()))?;
    Ok(parsed)
}
