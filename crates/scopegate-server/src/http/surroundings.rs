//! What holds of every answer: unknown paths, wrong methods, headers, the log.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::{ALLOW, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS};

use super::{App, Failure, RequestError};

/// A year, as is usual. Other hosts of the domain are not ours to bind.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000");

pub(super) async fn unknown_path() -> Failure {
    Failure::new(RequestError::UnknownPath)
}

/// The router adds the `Allow` header.
pub(super) async fn wrong_method() -> Failure {
    Failure::new(RequestError::WrongMethod)
}

/// What GET and POST alone are for. The router would let HEAD have what GET does.
pub(super) async fn only_get_and_post() -> Response {
    ([(ALLOW, "GET,POST")], wrong_method().await).into_response()
}

/// Nobody shall guess a type; who came by https shall come back by https (RFC 6797 §7.1).
pub(super) async fn secure(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if app.authority().catalog().org().issuer.as_str().starts_with("https:") {
        headers.insert(STRICT_TRANSPORT_SECURITY, HSTS);
    }
    response
}

/// Each refusal is logged here, and nowhere else.
pub(super) async fn log_failure(response: Response) -> Response {
    if let Some(failure) = response.extensions().get::<Arc<Failure>>() {
        failure.log();
    }
    response
}
