//! Which URLs are safe to read keys from.

use url::{Host, Url};

/// What is wrong with a plain http URL of a remote host.
pub(crate) const INSECURE: &str = "http is for loopback addresses only; use https";

/// Parses an absolute URL from a configuration or from an issuer.
///
/// It must be https, or http with a loopback address, where nobody can intercept the connection. It
/// must not contain a password, which would end up in logs.
pub(crate) fn parse(text: &str) -> Result<Url, &'static str> {
    let url = absolute(text)?;
    match check(&url) {
        None => Ok(url),
        Some(problem) => Err(problem),
    }
}

/// Parses an absolute URL, without checking that it is safe.
pub(crate) fn absolute(text: &str) -> Result<Url, &'static str> {
    Url::parse(text).map_err(|_| "it is not an absolute URL")
}

/// Why a URL is not safe or not usable, if it is not.
fn check(url: &Url) -> Option<&'static str> {
    if let Some(problem) = request_problem(url) {
        return Some(problem);
    }
    match url.scheme() {
        "https" => None,
        "http" if is_loopback(url) => None,
        "http" => Some(INSECURE),
        _ => Some("it must begin with https://"),
    }
}

/// Why no request should be made for a URL, whatever its scheme and host.
pub(crate) fn request_problem(url: &Url) -> Option<&'static str> {
    // It is too long, or has characters that are not allowed in a request line.
    if http::Uri::try_from(url.as_str()).is_err() {
        return Some("no request can be made for it");
    }
    let has_credentials = !url.username().is_empty() || url.password().is_some();
    has_credentials.then_some("it may not hold credentials")
}

/// Whether the host is a loopback address or `localhost`.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_that_cannot_be_requested_is_refused() {
        let long = format!("https://a.example/{}", "k".repeat(70_000));
        for bad in [long.as_str(), "https://a`{b}/k", "https://a.example`/"] {
            assert!(parse(bad).is_err(), "{bad:.40}");
        }
    }

    #[test]
    fn plain_http_is_for_loopback_only() {
        for good in
            ["https://a.example/k", "http://127.0.0.1:1/k", "http://[::1]/", "http://LOCALHOST/"]
        {
            assert!(parse(good).is_ok(), "{good}");
        }
        for bad in [
            "http://a.example/",
            "http://localhost.a.example/",
            "http://10.0.0.1/",
            "http://[::2]/",
            "https://u@a.example/",
            "https://u:p@a.example/",
            "ftp://a.example/",
            "file:///etc/passwd",
            "/keys",
            "",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
