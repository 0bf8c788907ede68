//! Public JSON documents. Any cache may keep them, and scripts of any origin may read them.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_MAX_AGE, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use scopegate_jose::{base64url, sha256};

/// How long a cache may keep a document that seldom changes.
const CACHED: Duration = Duration::from_secs(600);

/// How long a browser may remember the answer to a preflight: a day, in seconds.
const PREFLIGHT_MAX_AGE: &str = "86400";

/// A public JSON document.
#[derive(Debug)]
pub(super) struct Document(pub(super) Bytes);

impl Document {
    /// Answers with the document, or with 304 if the client has it already (RFC 9110 §13.1.2).
    pub(super) fn answer(self, request: &HeaderMap) -> Response {
        self.answer_for(CACHED, request)
    }

    /// The same for a document that a cache may keep for so long.
    pub(super) fn answer_for(self, max_age: Duration, request: &HeaderMap) -> Response {
        let tag = format!("\"{}\"", base64url::encode(&sha256(&self.0)[..16]));
        let cached = format!("public, max-age={}", max_age.as_secs());
        let headers = [(CACHE_CONTROL, cached.as_str()), (ETAG, tag.as_str())];
        if is_held(request, &tag) {
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
        (headers, [(CONTENT_TYPE, "application/json")], self.0).into_response()
    }
}

/// Tells whether the client names the tag. A proxy may have made it a weak one.
fn is_held(request: &HeaderMap, tag: &str) -> bool {
    let lines = request.get_all(IF_NONE_MATCH).iter().filter_map(|line| line.to_str().ok());
    let mut named = lines.flat_map(|line| line.split(',')).map(str::trim);
    named.any(|named| named == "*" || named.strip_prefix("W/").unwrap_or(named) == tag)
}

/// Answers a preflight request.
pub(super) async fn preflight() -> impl IntoResponse {
    let headers = [
        (ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD"),
        (ACCESS_CONTROL_ALLOW_HEADERS, "*"),
        (ACCESS_CONTROL_MAX_AGE, PREFLIGHT_MAX_AGE),
    ];
    (StatusCode::NO_CONTENT, headers)
}

/// Lets scripts of any origin read an answer, errors included.
pub(super) fn readable_by_all(mut response: Response) -> Response {
    response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}
