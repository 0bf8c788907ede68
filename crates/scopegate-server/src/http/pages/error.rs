//! The page of a request that cannot go on.

use askama::Template;
use axum::response::Response;
use http::StatusCode;

use super::page;
use crate::http::failure::Failure;

/// Says why a request cannot go on.
#[derive(Clone, Copy, Debug, Template)]
#[template(path = "error.html")]
struct ErrorPage {
    title: &'static str,
    text: &'static str,
}

/// The page of an error. Its text is fixed, so that it shows nothing of the request.
pub(in crate::http) fn error(status: StatusCode, text: &'static str) -> Response {
    let mut response = page(&ErrorPage { title: title(status), text });
    *response.status_mut() = status;
    response
}

/// The page of a refusal, which is logged as others are.
pub(in crate::http) fn failure(failure: Failure) -> Response {
    let answer = failure.answer();
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    failure.onto(error(status, answer.description))
}

fn title(status: StatusCode) -> &'static str {
    match status.as_u16() {
        404 => "Nothing here",
        429 => "Too many tries",
        500.. => "Not available",
        _ => "This does not work",
    }
}

#[cfg(test)]
mod tests {
    use scopegate_core::endpoints::sign_in::SignInError;

    use super::*;

    #[test]
    fn an_error_keeps_its_status_and_is_not_stored() {
        for status in [StatusCode::BAD_REQUEST, StatusCode::SERVICE_UNAVAILABLE] {
            let response = error(status, "The request has expired.");
            assert_eq!(response.status(), status);
            assert_eq!(response.headers()["cache-control"], "no-store");
        }
    }

    #[test]
    fn a_refusal_says_when_to_come_again() {
        let response = failure(Failure::new(SignInError::Overloaded));
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()["retry-after"], "1");
        assert_eq!(response.headers()["content-type"], "text/html; charset=utf-8");
    }
}
