//! Whether a request with a cookie comes from a page that may act for the user.

use http::Method;
use http::header::{HeaderName, ORIGIN};

use super::{HeadRef, handshake};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether the cookies of a request may be used.
///
/// A browser sends cookies with requests that pages of other sites make. Such a page cannot read the
/// response, so only requests that change something are dangerous, and WebSockets, which other sites
/// may read. For these the browser must say that the page has the same origin as this service
/// (Fetch Metadata), or the page's origin must be listed.
pub(super) fn may_use_cookies(head: HeadRef<'_>, origins: &[Box<str>]) -> bool {
    if is_safe(head.method) && !handshake::asks_for_websocket(head.headers) {
        return true;
    }
    let (Ok(site), Ok(origin)) = (head.only(&SEC_FETCH_SITE), head.only(&ORIGIN)) else {
        return false;
    };
    let is_listed = |origin: &[u8]| origins.iter().any(|listed| listed.as_bytes() == origin);
    site == Some(b"same-origin") || origin.is_some_and(is_listed)
}

/// The safe methods of RFC 9110 §9.2.1.
fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE)
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    /// Whether the cookies of a request may be used. The origin of the app is listed.
    fn allowed(method: &str, headers: &[(&str, &str)]) -> bool {
        let mut request = Request::builder().method(method);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(()).unwrap();
        may_use_cookies(HeadRef::from(&request), &["https://app.example.com".into()])
    }

    const UNSAFE: [&str; 6] = ["POST", "PUT", "PATCH", "DELETE", "CONNECT", "PURGE"];

    #[test]
    fn safe_methods_need_no_origin() {
        for method in ["GET", "HEAD", "OPTIONS", "TRACE"] {
            assert!(allowed(method, &[]), "{method}");
            assert!(allowed(method, &[("sec-fetch-site", "cross-site")]), "{method}");
        }
        for method in UNSAFE {
            assert!(!allowed(method, &[]), "{method}");
        }
        assert!(!allowed("get", &[]), "methods are case-sensitive");
    }

    #[test]
    fn unsafe_methods_and_websockets_need_the_same_or_a_listed_origin() {
        let upgrade = ("upgrade", "WebSocket");
        for method in UNSAFE.into_iter().chain(["GET"]) {
            let allowed = |name, value| allowed(method, &[upgrade, (name, value)]);
            assert!(allowed("sec-fetch-site", "same-origin"), "{method}");
            assert!(allowed("origin", "https://app.example.com"), "{method}");
            for site in
                ["same-site", "cross-site", "none", "", "same-origin, cross-site", "Same-Origin"]
            {
                assert!(!allowed("sec-fetch-site", site), "{method} {site}");
            }
            for origin in [
                "https://app.example.com.evil.example",
                "https://app.example.com:444",
                "https://app.example.com/",
                "http://app.example.com",
                "https://APP.example.com",
                "null",
                "",
            ] {
                assert!(!allowed("origin", origin), "{method} {origin}");
            }
        }
        assert!(allowed("GET", &[("upgrade", "h2c")]), "another protocol");
    }

    #[test]
    fn a_listed_origin_may_be_of_another_site() {
        let site = ("sec-fetch-site", "cross-site");
        assert!(allowed("POST", &[site, ("origin", "https://app.example.com")]));
        assert!(!allowed("POST", &[site, ("origin", "https://evil.example")]));
    }

    #[test]
    fn repeated_headers_are_refused() {
        let (site, origin) =
            (("sec-fetch-site", "same-origin"), ("origin", "https://app.example.com"));
        assert!(allowed("POST", &[site, origin]));
        assert!(!allowed("POST", &[site, site]));
        assert!(!allowed("POST", &[site, ("sec-fetch-site", "cross-site"), origin]));
        assert!(!allowed("POST", &[origin, origin]));
        assert!(!allowed("POST", &[site, origin, ("origin", "https://evil.example")]));
    }
}
