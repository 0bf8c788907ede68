//! Registered redirect URIs.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// A registered redirect URI (RFC 6749 §3.1.2): absolute, without a fragment, at most 1024 characters.
/// It is sent to browsers unchanged, so URIs that browsers parse differently are refused.
///
/// It is `https`, `http` on a loopback address, or a private-use scheme with a dot (RFC 8252 §7.1).
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct RedirectUri(Box<str>);

impl RedirectUri {
    /// Maximum length of a redirect URI, in characters.
    pub const MAX_LENGTH: usize = 1024;

    /// Parses a redirect URI.
    ///
    /// # Errors
    ///
    /// A text that names the broken rule.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text.len() > Self::MAX_LENGTH {
            return Err("a redirect URI has at most 1024 characters");
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("a redirect URI has printable ASCII characters only");
        }
        let url = Url::parse(text).map_err(|_| "a redirect URI is an absolute URL")?;
        if text.contains('\\') {
            return Err("a redirect URI has no backslash");
        }
        if text.contains('#') {
            return Err("a redirect URI has no fragment");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("a redirect URI holds no user name and no password");
        }
        match url.scheme() {
            // URL parsers take `https:host` as absolute. A browser on an https page takes it as relative.
            scheme @ ("http" | "https") if !has_authority(text, scheme) => {
                return Err("a redirect URI begins with https:// or http:// and a host");
            }
            "https" => {}
            "http" if is_loopback(&url) => {}
            "http" => return Err("a redirect URI is https, or http on a loopback address"),
            scheme if scheme.contains('.') => {}
            _ => {
                return Err(
                    "a redirect URI is https, http on a loopback address, or has a scheme with a dot",
                );
            }
        }
        Ok(Self(text.into()))
    }

    /// Tells whether a client that registered this URI may use `asked` in a request.
    ///
    /// The two must be equal. Only for `http` on a loopback address may the port differ, because a native
    /// program cannot choose it (RFC 8252 §7.3).
    pub fn admits(&self, asked: &str) -> bool {
        if asked == &*self.0 {
            return true;
        }
        match (without_port(&self.0), without_port(asked)) {
            (Some(known), Some(asked)) => known == asked,
            (_, _) => false,
        }
    }

    /// Tells whether the URI has a private-use scheme (RFC 8252 §7.1).
    pub fn is_private_use(&self) -> bool {
        !self.0.starts_with("https:") && !self.0.starts_with("http:")
    }

    /// The redirect URI as a string.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Tells whether a URL is written as `scheme://host`.
fn has_authority(text: &str, scheme: &str) -> bool {
    let rest = text.strip_prefix(scheme).and_then(|rest| rest.strip_prefix("://"));
    rest.is_some_and(|rest| !rest.starts_with('/'))
}

/// Splits a loopback URL into its host and the part after the port. `None` for other URLs.
fn without_port(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix("http://")?;
    let hosts = ["127.0.0.1", "[::1]", "localhost"];
    let host = hosts.into_iter().find(|host| {
        rest.strip_prefix(host)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/', '?']))
    })?;
    let after = &rest[host.len()..];
    let Some(port) = after.strip_prefix(':') else { return Some((host, after)) };
    let end = port.find(|next: char| !next.is_ascii_digit()).unwrap_or(port.len());
    let (port, path) = port.split_at(end);
    let is_port = !port.is_empty() && port.parse::<u16>().is_ok();
    let is_path = path.is_empty() || path.starts_with(['/', '?']);
    // The response is appended to the query, and a fragment would hide it.
    (is_port && is_path && !path.contains('#')).then_some((host, path))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address == std::net::Ipv4Addr::LOCALHOST,
        Some(Host::Ipv6(address)) => address == std::net::Ipv6Addr::LOCALHOST,
        None => false,
    }
}

impl TryFrom<String> for RedirectUri {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<RedirectUri> for String {
    fn from(uri: RedirectUri) -> Self {
        uri.0.into()
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_uri_is_absolute_and_unambiguous() {
        for good in [
            "https://app.example/cb",
            "https://app.example/cb?tenant=1",
            "http://127.0.0.1/cb",
            "http://[::1]:4000/cb",
            "http://localhost/cb",
            "com.example.app:/cb",
        ] {
            assert!(RedirectUri::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "/cb",
            "https://app.example/cb#there",
            "https://app.example/cb#",
            "https://alice@app.example/cb",
            "https://app.example/a b",
            "https:app.example/cb",
            "https:/app.example/cb",
            "https:///app.example/cb",
            "https:\\\\app.example/cb",
            "https://app.example\\@evil.example/cb",
            "com.example.app:\\cb",
            "HTTPS://app.example/cb",
            "http:127.0.0.1/cb",
            "http://app.example/cb",
            "http://127.0.0.1.example/cb",
            "javascript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "file:///etc/passwd",
            "about:blank",
            "blob:https://app.example/1",
            "myapp:/cb",
            &format!("https://app.example/{}", "a".repeat(1024)),
        ] {
            assert!(RedirectUri::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn rfc8252_s7_3_only_the_port_of_a_loopback_uri_may_differ() {
        for (known, asked) in [
            ("http://127.0.0.1/cb", "http://127.0.0.1/cb"),
            ("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb"),
            ("http://127.0.0.1:80/cb", "http://127.0.0.1:51004/cb"),
            ("http://[::1]/cb", "http://[::1]:51004/cb"),
            ("http://localhost/cb?a=1", "http://localhost:51004/cb?a=1"),
            ("https://app.example/cb", "https://app.example/cb"),
        ] {
            assert!(RedirectUri::parse(known).unwrap().admits(asked), "{known} {asked}");
        }
        for (known, asked) in [
            ("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb/more"),
            ("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb?x"),
            ("http://127.0.0.1/cb", "http://127.0.0.1:51004/CB"),
            ("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb#x"),
            ("http://127.0.0.1/cb", "http://127.0.0.1:/cb"),
            ("http://127.0.0.1/cb", "http://127.0.0.1:99999/cb"),
            ("http://127.0.0.1/cb", "http://127.0.0.1:1@evil.example/cb"),
            ("http://127.0.0.1/cb", "http://127.0.0.1@evil.example/cb"),
            ("http://127.0.0.1/cb", "http://127.0.0.1.evil.example/cb"),
            ("http://127.0.0.1/cb", "http://localhost/cb"),
            ("http://127.0.0.1/cb", "https://127.0.0.1/cb"),
            ("https://app.example/cb", "https://app.example:444/cb"),
            ("https://app.example/cb", "https://app.example/cb/"),
            ("https://app.example/cb", "https://app.example/cb?x=1"),
        ] {
            assert!(!RedirectUri::parse(known).unwrap().admits(asked), "{known} {asked}");
        }
    }
}
