//! Where the token of a request is.

use http::header::{AUTHORIZATION, COOKIE};
use http::{HeaderName, Uri};
use url::Url;

use crate::{ConfigError, query};

/// Where a layer reads the token of a request. By default in the `Authorization` header.
///
/// | source | for | is read |
/// | --- | --- | --- |
/// | [`authorization`](Self::authorization) | all clients (RFC 6750 §2.1) | `Authorization: Bearer <token>` |
/// | [`header`](Self::header) | a gateway that forwards the token in a header of its own | the whole value is the token; `Authorization` is not read |
/// | [`cookie`](Self::cookie) | browsers of a web application | only without an `Authorization` header |
/// | [`insecure_query_for_handshakes`](Self::insecure_query_for_handshakes) | browsers that open a WebSocket or an event stream | only without an `Authorization` header |
///
/// Tokens in two places are 400 `invalid_request`, whichever source is set, and so is a header or a
/// cookie that is sent twice. Only a cookie beside an `Authorization` header is ignored instead.
///
/// ```
/// use scopegate_tower::{BearerLayer, TokenSource};
///
/// let auth = BearerLayer::issuer("https://id.example.com")
///     .audience("api://orders")
///     .token_source(TokenSource::header("x-access-token"))
///     .build();
/// assert!(auth.is_ok());
///
/// let auth = BearerLayer::issuer("https://id.example.com")
///     .audience("api://orders")
///     .token_source(TokenSource::header("x access token"))
///     .build();
/// assert!(auth.is_err());
/// ```
#[derive(Clone, Debug)]
pub struct TokenSource(Result<Source, ConfigError>);

/// A checked source.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    Authorization,
    Header(HeaderName),
    Cookie(CookieSource),
    Query,
}

impl TokenSource {
    /// The `Authorization` header (RFC 6750 §2.1). This is the default.
    pub fn authorization() -> Self {
        Self(Ok(Source::Authorization))
    }

    /// A header whose whole value is the token, without a scheme.
    ///
    /// `Authorization` is then not read. A bearer token in it as well is 400.
    pub fn header(name: &str) -> Self {
        let problem = match HeaderName::try_from(name) {
            Ok(name) if name == AUTHORIZATION => {
                "for this header use `TokenSource::authorization()`"
            }
            Ok(name) if name == COOKIE => "for this header use `TokenSource::cookie(…)`",
            Ok(name) => return Self(Ok(Source::Header(name))),
            Err(_) => "it is not the name of a header",
        };
        Self(Err(invalid(name, problem)))
    }

    /// A cookie. See [`CookieSource`].
    pub fn cookie(name: impl Into<String>) -> CookieSource {
        CookieSource { name: name.into().into(), origins: Vec::new(), mistake: None }
    }

    /// The parameter `access_token` of the query (RFC 6750 §2.3), **only for requests that open a
    /// WebSocket or a stream of server-sent events**.
    ///
    /// # Security
    ///
    /// **A URL is no place for secrets.** It ends up in the logs of proxies and load balancers, in
    /// traces and in error reports, and everyone who reads these can use the token until it
    /// expires. Browsers cannot set headers on `WebSocket` and `EventSource`, which is the one
    /// reason for this source. Prefer a ticket that is valid once, a subprotocol or a first message: see the
    /// page "Tokens from elsewhere" of the documentation. If you use this source all the same:
    ///
    /// - Issue tokens for it that expire within a minute or two.
    /// - Turn off the logging of query strings in everything in front of the service.
    /// - **Layers outside of this one still see the token.** tower-http's `TraceLayer` records the
    ///   whole URI in its span unless you set `make_span_with`.
    /// - **In axum, wrap the outermost router**: `auth.same_body().layer(router)`, see [`SameBody`]. A
    ///   `Router` copies the URI into `OriginalUri` before its layers and services run. So
    ///   `Router::layer(auth)` and `Router::new().fallback_service(auth.layer(router))` leave the token
    ///   there.
    ///
    /// The layer does what RFC 6750 §2.3 requires. It removes the token from the URI before the
    /// inner service sees the request; the other parameters stay byte for byte. It sets
    /// `Cache-Control: no-store` on the answer, also on a refusal.
    ///
    /// The token is read from GET requests with `Upgrade: websocket` or with
    /// `Accept: text/event-stream`, and from the extended CONNECT of HTTP/2 (RFC 8441). In any other
    /// request it is not read, but still removed. A request with an `Authorization` header is
    /// decided by that header; with a bearer token in both it is 400.
    ///
    /// [`SameBody`]: crate::SameBody
    pub fn insecure_query_for_handshakes() -> Self {
        Self(Ok(Source::Query))
    }

    pub(crate) fn checked(self) -> Result<Source, ConfigError> {
        match self.0? {
            Source::Cookie(CookieSource { mistake: Some(mistake), .. }) => Err(mistake),
            source => Ok(source),
        }
    }
}

impl Default for TokenSource {
    fn default() -> Self {
        Self::authorization()
    }
}

/// A cookie that holds the token of a browser.
///
/// The cookie is read only if the request has no `Authorization` header; otherwise it is ignored,
/// and the header decides. Two cookies of the name are 400.
///
/// A browser sends cookies with requests that pages of *other* sites make. So requests that can
/// change something (all but GET, HEAD, OPTIONS and TRACE) and WebSocket handshakes need
/// `Sec-Fetch-Site: same-origin`, or an `Origin` that is [listed](Self::origin). Otherwise they are
/// refused with 403. Browsers send these headers since 2023; other clients with a cookie must send
/// one of them, too. Make sure that GET changes nothing.
///
/// Set the cookie with `Secure; HttpOnly; SameSite=Lax` and a name that begins with `__Host-`, so
/// that no subdomain can set it.
///
/// ```
/// use scopegate_tower::{BearerLayer, TokenSource};
///
/// let auth = BearerLayer::issuer("https://id.example.com")
///     .audience("api://orders")
///     .token_source(
///         TokenSource::cookie("__Host-access_token").origin("https://app.example.com"),
///     )
///     .build();
/// assert!(auth.is_ok());
/// ```
#[derive(Clone, Debug)]
pub struct CookieSource {
    name: Box<str>,
    /// As browsers write them in `Origin`.
    origins: Vec<Box<str>>,
    mistake: Option<ConfigError>,
}

impl CookieSource {
    /// Also accepts the cookie in requests from pages of this origin, such as
    /// `https://app.example.com`. It must be https, or http with a loopback address.
    #[must_use]
    pub fn origin(mut self, origin: &str) -> Self {
        match parse_origin(origin) {
            Ok(origin) => self.origins.push(origin),
            Err(problem) => self.mistake = Some(invalid(origin, problem)),
        }
        self
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn origins(&self) -> &[Box<str>] {
        &self.origins
    }
}

impl From<CookieSource> for TokenSource {
    fn from(cookie: CookieSource) -> Self {
        // A cookie's name is a token of RFC 9110 §5.6.2, as the name of a header is.
        match HeaderName::try_from(&*cookie.name) {
            Ok(_) => Self(Ok(Source::Cookie(cookie))),
            Err(_) => Self(Err(invalid(&cookie.name, "it is not the name of a cookie"))),
        }
    }
}

impl Source {
    /// The URI without its token, if tokens may be in the query and there is one.
    pub(crate) fn without_token(&self, uri: &Uri) -> Option<Uri> {
        match self {
            Self::Query => query::without_token(uri),
            Self::Authorization | Self::Header(_) | Self::Cookie(_) => None,
        }
    }

    /// Whether tokens may be in the query and there is one.
    pub(crate) fn is_in(&self, uri: &Uri) -> bool {
        matches!(self, Self::Query) && uri.query().is_some_and(query::holds_token)
    }

    /// The value of `bearer_methods_supported` (RFC 9728 §2). It has no name for other headers and
    /// for cookies.
    pub(crate) fn bearer_methods(&self) -> &'static [&'static str] {
        match self {
            Self::Authorization | Self::Cookie(_) => &["header"],
            Self::Header(_) => &[],
            Self::Query => &["header", "query"],
        }
    }
}

/// An origin as browsers write it: RFC 6454 §6.2.
fn parse_origin(text: &str) -> Result<Box<str>, &'static str> {
    let url = Url::parse(text).map_err(|_| "it is not an origin")?;
    let is_loopback = || match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" => {}
        "http" if is_loopback() => {}
        _ => return Err("an origin must begin with https://"),
    }
    let origin = url.origin().ascii_serialization();
    // Everything but a `/` at the end would be ignored in a comparison.
    if url.as_str() != format!("{origin}/") {
        return Err("an origin is only scheme, host and port");
    }
    Ok(origin.into())
}

fn invalid(value: &str, problem: &'static str) -> ConfigError {
    ConfigError::InvalidTokenSource { value: value.to_owned(), problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(source: impl Into<TokenSource>) -> Option<String> {
        source.into().checked().err().map(|error| error.to_string())
    }

    #[test]
    fn names_are_checked_when_the_layer_is_built() {
        assert_eq!(problem(TokenSource::header("X-Access-Token")), None);
        assert_eq!(problem(TokenSource::cookie("__Host-access_token")), None);
        for name in ["", "a b", "a;b", "a=b", "é", "a\r\nb"] {
            assert!(problem(TokenSource::header(name)).is_some(), "{name}");
            assert!(problem(TokenSource::cookie(name)).is_some(), "{name}");
        }
        let reserved = problem(TokenSource::header("Authorization")).unwrap();
        assert!(reserved.contains("TokenSource::authorization()"), "{reserved}");
        let reserved = problem(TokenSource::header("cookie")).unwrap();
        assert!(reserved.contains("TokenSource::cookie"), "{reserved}");
    }

    #[test]
    fn an_origin_is_kept_as_browsers_write_it() {
        for (text, origin) in [
            ("https://app.example.com", "https://app.example.com"),
            ("https://APP.example.com:443/", "https://app.example.com"),
            ("https://app.example.com:8443", "https://app.example.com:8443"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
            ("http://localhost:5173", "http://localhost:5173"),
            ("http://127.0.0.1:80", "http://127.0.0.1"),
            ("http://[::1]:5173", "http://[::1]:5173"),
        ] {
            assert_eq!(parse_origin(text).as_deref(), Ok(origin), "{text}");
        }
        for text in [
            "",
            "null",
            "app.example.com",
            "http://app.example.com",
            "file:///x",
            "https://app.example.com/orders",
            "https://app.example.com/?a",
            "https://app.example.com/#a",
            "https://u:p@app.example.com",
        ] {
            let source = TokenSource::cookie("a").origin("https://good.example").origin(text);
            assert!(problem(source).is_some(), "{text}");
        }
    }
}
