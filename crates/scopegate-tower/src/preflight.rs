//! Preflight requests, by which a browser finds out whether a page of another origin may send a
//! request (Fetch §4.8). They carry no token.

use std::sync::Once;

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};

use scopegate_bearer::RequestHead;

use crate::credentials::HeadRef;

/// The most headers that are allowed in one preflight, and their total length in bytes.
const MAX_HEADERS: usize = 32;
const MAX_LEN: usize = 1024;

/// The answer to a preflight for the metadata document: every page may read it, with the headers that
/// it asks for. `None` if it is no preflight.
pub(crate) fn answer(request: &HeaderMap) -> Option<Response<Bytes>> {
    if !request.contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
        return None;
    }
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD"));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("3600"));
    if let Some(requested) = requested_headers(request) {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, requested);
    }
    Some(response)
}

/// The requested headers that are names of headers.
fn requested_headers(request: &HeaderMap) -> Option<HeaderValue> {
    let values = request.get_all(ACCESS_CONTROL_REQUEST_HEADERS).iter();
    let names = values.flat_map(|value| value.as_bytes().split(|&byte| byte == b','));
    let names = names.filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok());
    let mut allowed = String::new();
    for name in names.take(MAX_HEADERS) {
        let separator = if allowed.is_empty() { "" } else { ", " };
        if allowed.len() + separator.len() + name.as_str().len() > MAX_LEN {
            break;
        }
        allowed.push_str(separator);
        allowed.push_str(name.as_str());
    }
    if allowed.is_empty() { None } else { HeaderValue::try_from(allowed).ok() }
}

/// Explains a refused request, if it is a preflight: at warn the first time in this process, because
/// the cause is in the program, then at debug.
pub(crate) fn explain_refusal(head: HeadRef<'_>) {
    static FIRST: Once = Once::new();
    const PROBLEM: &str = "a CORS preflight was refused, because it carries no token: a CORS layer \
                           must be outside of the authentication layer, and expose WWW-Authenticate";
    if is_preflight(head) {
        let mut is_first = false;
        FIRST.call_once(|| is_first = true);
        let path = RequestHead::new(head.method, head.uri, &HeaderMap::new()).path_for_log();
        if is_first {
            tracing::warn!(path, "{PROBLEM}");
        } else {
            tracing::debug!(path, "{PROBLEM}");
        }
    }
}

fn is_preflight(head: HeadRef<'_>) -> bool {
    head.method == Method::OPTIONS
        && head.headers.contains_key(ORIGIN)
        && head.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn allowed(requested: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCESS_CONTROL_REQUEST_METHOD, HeaderValue::from_static("GET"));
        for value in requested {
            headers.append(ACCESS_CONTROL_REQUEST_HEADERS, value.parse().unwrap());
        }
        let response = answer(&headers).unwrap();
        let allowed = response.headers().get(ACCESS_CONTROL_ALLOW_HEADERS)?;
        Some(allowed.to_str().unwrap().to_owned())
    }

    #[test]
    fn the_requested_headers_are_allowed_if_they_are_names() {
        assert_eq!(allowed(&["mcp-protocol-version"]).as_deref(), Some("mcp-protocol-version"));
        assert_eq!(allowed(&["X-A , x-b", "x-c"]).as_deref(), Some("x-a, x-b, x-c"));
        assert_eq!(allowed(&["a b,x-ok,\"q\",,*é"]).as_deref(), Some("x-ok"));
        assert_eq!(allowed(&[]), None);
        assert_eq!(allowed(&["", "a b"]), None);
    }

    #[test]
    fn the_allowed_headers_are_bounded() {
        let many = vec!["a"; 33].join(",");
        assert_eq!(allowed(&[&many]).unwrap().matches('a').count(), 32);
        let long = "a".repeat(1024);
        assert_eq!(allowed(&[&long]).unwrap().len(), 1024);
        assert_eq!(allowed(&[&format!("{long}a")]), None);
        assert_eq!(allowed(&[&format!("b,{long}")]).as_deref(), Some("b"));
        let fits = "a".repeat(1021);
        assert_eq!(allowed(&[&format!("b,{fits}")]).unwrap().len(), 1024);
        assert_eq!(allowed(&[&format!("b,{fits}a")]).as_deref(), Some("b"));
    }

    #[test]
    fn a_preflight_has_the_method_options_an_origin_and_a_requested_method() {
        let is = |method: &str, names: &[&str]| {
            let mut request = Request::builder().method(method);
            for name in names {
                request = request.header(*name, "x");
            }
            is_preflight(HeadRef::from(&request.body(()).unwrap()))
        };
        let both = ["origin", "access-control-request-method"];
        assert!(is("OPTIONS", &both));
        assert!(!is("GET", &both));
        assert!(!is("OPTIONS", &both[..1]));
        assert!(!is("OPTIONS", &both[1..]));
    }
}
