//! What applies to every answer: unknown paths, wrong methods, headers, the log.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderValue, Uri};

use super::admin::ApiError;
use super::cookies::Scheme;
use super::failure::{Failure, RequestError};

/// A year, in seconds. Without `includeSubDomains`: other hosts of the domain may not have https.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000");

pub(super) async fn unknown_path() -> Failure {
    Failure::new(RequestError::UnknownPath)
}

/// The router adds the `Allow` header.
pub(super) async fn wrong_method() -> Failure {
    Failure::new(RequestError::WrongMethod)
}

/// Refuses a request on the administrator's listener, in the form of the API that it is for.
pub(super) async fn unknown_admin_path(uri: Uri) -> Response {
    match is_of_api(&uri) {
        true => ApiError::UnknownPath.into_response(),
        false => unknown_path().await.into_response(),
    }
}

/// The same for a method that a path does not have.
pub(super) async fn wrong_admin_method(uri: Uri) -> Response {
    match is_of_api(&uri) {
        true => ApiError::WrongMethod.into_response(),
        false => wrong_method().await.into_response(),
    }
}

fn is_of_api(uri: &Uri) -> bool {
    uri.path().starts_with("/api/")
}

/// Refuses other methods than GET and POST. Without it the router would answer HEAD with the
/// handler of GET.
pub(super) async fn only_get_and_post() -> Response {
    ([(ALLOW, "GET,POST")], wrong_method().await).into_response()
}

/// Adds the headers of every answer, and logs refusals.
///
/// It never waits, so that it needs no future.
pub(super) fn complete(scheme: Scheme) -> impl Fn(Response) -> Response + Clone {
    move |mut response| {
        secure(response.headers_mut(), scheme);
        log_failure(&response);
        response
    }
}

/// Browsers must not guess content types, and must come back over https if they came over https
/// (RFC 6797 §7.1).
fn secure(headers: &mut HeaderMap, scheme: Scheme) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if scheme == Scheme::Https {
        headers.insert(STRICT_TRANSPORT_SECURITY, HSTS);
    }
}

/// Refusals are logged only here.
fn log_failure(response: &Response) {
    if let Some(failure) = response.extensions().get::<Arc<Failure>>() {
        failure.log();
    }
}
