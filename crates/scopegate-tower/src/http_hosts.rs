//! Hosts that may be reached by plain http, because they are inside a private network.

use url::{Host, Url};

use crate::web_url;

/// The endings of names that public DNS never has.
///
/// RFC 6762 reserves `.local`, ICANN `.internal`; Kubernetes uses `.svc` and `.cluster.local`.
const PRIVATE_ENDINGS: [&str; 4] = [".cluster.local", ".internal", ".local", ".svc"];

/// The hosts that [`allow_http_host`](crate::BearerBuilder::allow_http_host) names.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct HttpHosts(Vec<Box<str>>);

/// A host that can be outside of a private network.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct NotPrivate {
    pub(crate) host: String,
}

/// The host of an http URL, if [`HttpHosts`] could name it.
pub(crate) fn private_host(url: &str) -> Option<String> {
    let url = web_url::absolute(url).ok().filter(|url| url.scheme() == "http")?;
    let host = url.host_str()?;
    private_name(host).is_ok().then(|| host.to_owned())
}

impl HttpHosts {
    pub(crate) fn new(names: &[String]) -> Result<Self, NotPrivate> {
        names.iter().map(|name| private_name(name)).collect::<Result<_, _>>().map(Self)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names, for a log.
    pub(crate) fn names(&self) -> String {
        self.0.join(", ")
    }

    /// Parses an absolute URL that is safe to read keys from: https, http with a loopback address,
    /// or http with one of these hosts.
    pub(crate) fn parse(&self, text: &str) -> Result<Url, &'static str> {
        let url = web_url::absolute(text)?;
        if url.scheme() == "http" && url.host_str().is_some_and(|host| self.contains(host)) {
            return match web_url::request_problem(&url) {
                Some(problem) => Err(problem),
                None => Ok(url),
            };
        }
        web_url::parse(text).map_err(|problem| match problem {
            web_url::INSECURE => {
                "http is for loopback addresses only; use https, or `.allow_http_host(…)` inside a \
                 private network"
            }
            problem => problem,
        })
    }

    fn contains(&self, host: &str) -> bool {
        self.0.iter().any(|allowed| **allowed == *host)
    }
}

/// A host name that only a private network can resolve.
fn private_name(name: &str) -> Result<Box<str>, NotPrivate> {
    let lower = name.to_ascii_lowercase();
    let is_plain = lower.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    // `Host` reads other spellings of addresses too, such as `0x7f000001`.
    let is_name = is_plain && matches!(Host::parse(&lower), Ok(Host::Domain(_)));
    let is_private = !lower.contains('.')
        || PRIVATE_ENDINGS.iter().any(|ending| {
            lower.strip_suffix(ending).is_some_and(|rest| !rest.is_empty() && !rest.ends_with('.'))
        });
    if is_name && is_private { Ok(lower.into()) } else { Err(NotPrivate { host: name.to_owned() }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_single_label_or_has_a_private_ending() {
        for good in [
            "keycloak",
            "Keycloak",
            "key-cloak_1",
            "sso.local",
            "a.b.internal",
            "keycloak.auth.svc",
            "keycloak.auth.svc.cluster.local",
        ] {
            assert!(HttpHosts::new(&[good.to_owned()]).is_ok(), "{good}");
        }
        for bad in [
            "",
            ".",
            ".local",
            "..local",
            "a..local",
            "keycloak.",
            "sso.local.",
            "id.example.com",
            "local.example",
            "svc.example.com",
            "keycloak:8080",
            "http://keycloak",
            "keycloak/realms",
            "u@keycloak",
            "10.0.0.1",
            "2130706433",
            "0x7f000001",
            "[::1]",
            "::1",
            "key%63loak",
            "*",
            "*.local",
            "a b",
            "ｋeycloak",
        ] {
            let error = HttpHosts::new(&["good".to_owned(), bad.to_owned()]).unwrap_err();
            assert_eq!(error, NotPrivate { host: bad.to_owned() });
        }
    }

    #[test]
    fn the_host_of_an_http_url_is_named_if_it_can_be_allowed() {
        let named = |url| private_host(url).unwrap_or_default();
        assert_eq!(named("http://keycloak:8080/realms/a"), "keycloak");
        assert_eq!(named("http://SSO.local"), "sso.local");
        for other in ["https://keycloak", "http://id.example.com", "http://10.0.0.1", "keycloak"] {
            assert_eq!(private_host(other), None, "{other}");
        }
    }

    #[test]
    fn plain_http_is_for_the_named_hosts_and_loopback_only() {
        let hosts = HttpHosts::new(&["keycloak".to_owned(), "Sso.Local".to_owned()]).unwrap();
        for good in [
            "http://keycloak/k",
            "http://KEYCLOAK:8080/k",
            "http://sso.local/",
            "http://127.0.0.1/",
            "https://a.example/",
            "https://keycloak/",
        ] {
            assert!(hosts.parse(good).is_ok(), "{good}");
        }
        for bad in [
            "http://a.example/",
            "http://dex/",
            "http://keycloak.example/",
            "http://a.keycloak/",
            "http://keycloak./",
            "http://u@keycloak/",
            "http://u:p@keycloak/",
            "ftp://keycloak/",
            "http://keycloak@evil.example/",
            "keycloak",
        ] {
            assert!(hosts.parse(bad).is_err(), "{bad}");
        }
        let long = format!("http://keycloak/{}", "k".repeat(70_000));
        assert_eq!(hosts.parse(&long), Err("no request can be made for it"));
        let hint = HttpHosts::default().parse("http://keycloak/").unwrap_err();
        assert!(hint.contains("allow_http_host"), "{hint}");
        assert!(HttpHosts::default().is_empty() && !hosts.is_empty());
        assert_eq!(hosts.names(), "keycloak, sso.local");
    }
}
