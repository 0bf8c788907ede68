//! The head of a request, for logs and bodies of refusals.

use std::fmt;

use http::header::{
    ACCEPT, AUTHORIZATION, COOKIE, HeaderMap, PROXY_AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL,
};
use http::{HeaderName, Method, Request, Uri};

/// Method, path and headers of a request, without its credentials.
///
/// The path has no query, and `Authorization`, `Proxy-Authorization`, `Cookie` and
/// `Sec-WebSocket-Protocol` are left out: all of these can hold secrets.
///
/// ```
/// use http::Request;
/// use scopegate_bearer::RequestHead;
///
/// let request = Request::get("/orders/7?access_token=secret")
///     .header("accept", "text/html, */*;q=0.8")
///     .header("x-request-id", "r-1")
///     .header("authorization", "Bearer secret")
///     .body(())?;
/// let head = RequestHead::of(&request);
/// assert_eq!((head.method().as_str(), head.path()), ("GET", "/orders/7"));
/// assert_eq!(head.header("x-request-id"), Some("r-1"));
/// assert!(head.accepts("text/html") && !head.accepts("application/json"));
/// assert!(head.header("authorization").is_none());
/// # Ok::<_, http::Error>(())
/// ```
#[derive(Clone)]
pub struct RequestHead {
    method: Method,
    path: Box<str>,
    headers: HeaderMap,
}

/// The longest path in a log, in characters.
const MAX_LOGGED_PATH: usize = 256;

/// Headers that hold credentials.
const SECRET: [HeaderName; 4] =
    [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL];

impl RequestHead {
    /// Copies the head of a request.
    pub fn of<B>(request: &Request<B>) -> Self {
        Self::new(request.method(), request.uri(), request.headers())
    }

    /// Copies the head of a request from its parts.
    pub fn new(method: &Method, uri: &Uri, headers: &HeaderMap) -> Self {
        let mut headers = headers.clone();
        for secret in SECRET {
            headers.remove(secret);
        }
        Self { method: method.clone(), path: uri.path().into(), headers }
    }

    /// The same head without a header that holds a secret of the service.
    #[must_use]
    pub fn without(mut self, secret: &HeaderName) -> Self {
        self.headers.remove(secret);
        self
    }

    /// The method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The path, without the query.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The path as logs show it: at most 256 characters, the rest as `…`, and characters that are
    /// not printable escaped. So no request can write a line of the log, or fill it.
    pub fn path_for_log(&self) -> String {
        let mut characters = self.path.chars();
        let mut text = String::with_capacity(self.path.len().min(MAX_LOGGED_PATH));
        for character in characters.by_ref().take(MAX_LOGGED_PATH) {
            match character {
                '"' | '\'' | '\\' => text.push(character),
                _ => text.extend(character.escape_debug()),
            }
        }
        if characters.next().is_some() {
            text.push('…');
        }
        text
    }

    /// The headers, without those that hold credentials.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The value of a header, if it is visible ASCII. The first one if there are several.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Whether `Accept` names this media type by its whole name. Wildcards do not count, because
    /// every client sends them.
    pub fn accepts(&self, media_type: &str) -> bool {
        let values = self.headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|range| {
            let name = range.split(';').next().unwrap_or_default();
            name.trim().eq_ignore_ascii_case(media_type)
        })
    }
}

/// Shows no headers: a service may have secrets in headers of its own.
impl fmt::Debug for RequestHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestHead({} {})", self.method, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_has_no_credentials() {
        let mut request = Request::get("/?access_token=secret").header("x-request-id", "r-1");
        let secrets = [
            "authorization",
            "cookie",
            "proxy-authorization",
            "sec-websocket-protocol",
            "x-secret",
        ];
        for name in secrets {
            request = request.header(name, "secret");
        }
        let head = RequestHead::of(&request.body(()).unwrap());
        assert_eq!(head.header("x-secret"), Some("secret"));
        let head = head.without(&HeaderName::from_static("x-secret"));
        assert_eq!(
            head.headers().keys().map(HeaderName::as_str).collect::<Vec<_>>(),
            ["x-request-id"]
        );
        assert_eq!(head.path(), "/");
    }

    fn logged(path: &str) -> String {
        let head = RequestHead::of(&Request::get("/").body(()).unwrap());
        RequestHead { path: path.into(), ..head }.path_for_log()
    }

    #[test]
    fn a_logged_path_has_at_most_256_characters() {
        let fits = format!("/{}", "é".repeat(255));
        assert_eq!(logged(&fits), fits);
        assert_eq!(logged(&format!("{fits}a")), format!("{fits}…"));
    }

    #[test]
    fn a_logged_path_has_no_control_characters() {
        assert_eq!(logged("/a\n\u{1b}[2J\u{85}\u{202e}"), r"/a\n\u{1b}[2J\u{85}\u{202e}");
        assert_eq!(logged(r#"/it's/"a"\b/é"#), r#"/it's/"a"\b/é"#);
    }
}
