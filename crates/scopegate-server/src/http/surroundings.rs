//! What holds of every answer: unknown paths, wrong methods, headers, the log.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderValue};

use super::cookies::Scheme;
use super::failure::{Failure, RequestError};

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

/// What each answer goes through on its way out: headers, and the log of refusals.
///
/// It waits for nothing, so that it costs no future of its own.
pub(super) fn of_answers(scheme: Scheme) -> impl Fn(Response) -> Response + Clone {
    move |mut response| {
        secure(response.headers_mut(), scheme);
        log_failure(&response);
        response
    }
}

/// Nobody shall guess a type; who came by https shall come back by https (RFC 6797 §7.1).
fn secure(headers: &mut HeaderMap, scheme: Scheme) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if scheme == Scheme::Https {
        headers.insert(STRICT_TRANSPORT_SECURITY, HSTS);
    }
}

/// Each refusal is logged here, and nowhere else.
fn log_failure(response: &Response) {
    if let Some(failure) = response.extensions().get::<Arc<Failure>>() {
        failure.log();
    }
}
