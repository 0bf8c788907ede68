//! The page of a request that cannot go on.

use axum::response::Response;
use http::StatusCode;

use super::html::{Csp, Html, page};

/// A page that says why nothing can be done. Texts are fixed: nothing of the request is shown.
pub(in crate::http) fn error(status: StatusCode, text: &'static str) -> Response {
    let body = Html::new("<p role=\"alert\">").markup(text).markup("</p>\n");
    let mut response = page(title(status), &body, Csp::NoScript);
    *response.status_mut() = status;
    response
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
    use super::*;

    #[test]
    fn an_error_keeps_its_status_and_is_not_stored() {
        for status in [StatusCode::BAD_REQUEST, StatusCode::SERVICE_UNAVAILABLE] {
            let response = error(status, "The request has expired.");
            assert_eq!(response.status(), status);
            assert_eq!(response.headers()["cache-control"], "no-store");
        }
    }
}
