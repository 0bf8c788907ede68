//! The issuer of a token: `iss`, RFC 7519 §4.1.1 and RFC 8414 §2.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::ClaimsError;

/// The URL of an authorization server. It is stored and compared without normalization.
///
/// It is an https URL without query and fragment (RFC 8414 §2). Plain http is accepted for loopback
/// addresses only, because their traffic does not leave the machine.
///
/// ```
/// use scopegate_claims::Issuer;
///
/// assert!(Issuer::parse("https://id.example.com/oauth2/default").is_ok());
/// assert!(Issuer::parse("http://127.0.0.1:9000").is_ok());
/// assert!(Issuer::parse("http://id.example.com").is_err());
/// ```
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Issuer(Box<str>);

impl Issuer {
    /// Parses an issuer.
    ///
    /// # Errors
    ///
    /// [`ClaimsError::InvalidIssuer`], which says what is wrong.
    pub fn parse(text: &str) -> Result<Self, ClaimsError> {
        match problem_of(text) {
            None => Ok(Self(text.into())),
            Some(problem) => Err(ClaimsError::InvalidIssuer { text: text.to_owned(), problem }),
        }
    }

    /// The issuer as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path of the URL without a trailing slash; empty if the URL has no path.
    pub fn path(&self) -> &str {
        let after_scheme = self.0.find("://").map_or(0, |at| at + 3);
        let rest = &self.0[after_scheme..];
        rest.find('/').map_or("", |at| rest[at..].trim_end_matches('/'))
    }

    /// Tells whether the host is a loopback address or `localhost`.
    pub fn is_loopback(&self) -> bool {
        authority_of(&self.0).is_some_and(is_loopback)
    }
}

fn problem_of(text: &str) -> Option<&'static str> {
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Some("a URL may hold printable ASCII characters only");
    }
    if text.contains(['?', '#']) {
        return Some("it may have neither query nor fragment");
    }
    let Some(authority) = authority_of(text) else {
        return Some("it must begin with https:// and a host");
    };
    if authority.contains('@') {
        return Some("it may not hold credentials");
    }
    if text.starts_with("http://") && !is_loopback(authority) {
        return Some("http is for loopback addresses only; use https");
    }
    None
}

fn authority_of(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    let authority = rest.split('/').next()?;
    (!authority.is_empty() && !authority.starts_with(':')).then_some(authority)
}

fn is_loopback(authority: &str) -> bool {
    if let Some(bracketed) = authority.strip_prefix('[') {
        return bracketed.split(']').next() == Some("::1");
    }
    let host = authority.split(':').next().unwrap_or_default();
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback())
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Issuer {
    type Err = ClaimsError;

    fn from_str(text: &str) -> Result<Self, ClaimsError> {
        Self::parse(text)
    }
}

impl Serialize for Issuer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Issuer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_accepted_for_loopback_only() {
        for good in [
            "http://127.0.0.1:9000",
            "http://127.9.9.9",
            "http://localhost:1/oauth2/default",
            "http://[::1]:9000",
            "https://id.example.com",
        ] {
            assert!(Issuer::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "http://id.example.com",
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
            "http://[::2]",
            "http://10.0.0.1",
        ] {
            assert!(Issuer::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_invalid_issuer_is_refused() {
        for bad in [
            "",
            "id.example.com",
            "https://",
            "https://:80",
            "ftp://x",
            "https://a?b",
            "https://a#b",
            "https://u:p@a",
            "https://a b",
            "https://é",
        ] {
            assert!(Issuer::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_path_has_no_trailing_slash() {
        assert_eq!(Issuer::parse("https://a.example/oauth2/x").unwrap().path(), "/oauth2/x");
        assert_eq!(Issuer::parse("https://a.example/t/").unwrap().path(), "/t");
        assert_eq!(Issuer::parse("https://a.example").unwrap().path(), "");
    }
}
