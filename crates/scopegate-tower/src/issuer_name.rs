//! Which names of issuers are refused when a layer is built.

use scopegate_claims::{ClaimsError, Issuer};

use crate::ConfigError;
use crate::http_hosts::{self, HttpHosts};

/// Refuses a name that cannot be the `iss` of any token.
pub(crate) fn check(name: &str) -> Result<(), ConfigError> {
    if name.is_empty() {
        let (text, problem) = (String::new(), "it is empty");
        return Err(ClaimsError::InvalidIssuer { text, problem }.into());
    }
    if name.trim() != name {
        let (text, problem) = (name.to_owned(), "it begins or ends with white space");
        return Err(ClaimsError::InvalidIssuer { text, problem }.into());
    }
    if is_key_set_url(name) {
        return Err(ConfigError::KeySetUrl { url: name.to_owned() });
    }
    if let Some(issuer) = issuer_of_discovery_url(name) {
        return Err(ConfigError::DiscoveryUrl { url: name.to_owned(), issuer });
    }
    // Entra's documents for all tenants say `https://login.microsoftonline.com/{tenantid}/v2.0`.
    if name.starts_with("https://") && name.contains('{') {
        return Err(ConfigError::IssuerTemplate { issuer: name.to_owned() });
    }
    Ok(())
}

/// Refuses a name that is not a URL at which metadata can be found.
pub(crate) fn check_discoverable(name: &str, hosts: &HttpHosts) -> Result<(), ConfigError> {
    if let Some(rest) = name.strip_prefix("http://")
        && !is_loopback(name)
    {
        // Apart from the scheme, the rules for https apply.
        let as_https = Issuer::parse(&format!("https://{rest}"));
        if hosts.parse(name).is_ok() {
            as_https?;
            return Ok(());
        }
        if as_https.is_ok()
            && let Some(host) = http_hosts::private_host(name)
        {
            return Err(ConfigError::HttpIssuer { issuer: name.to_owned(), host });
        }
    }
    Issuer::parse(name)?;
    Ok(())
}

fn is_loopback(name: &str) -> bool {
    Issuer::parse(name).is_ok_and(|issuer| issuer.is_loopback())
}

/// The issuer whose discovery document has this URL, if it is one.
///
/// OpenID Connect Discovery 1.0 §4.1 appends the well-known part to the issuer; RFC 8414 §3.1
/// inserts it before the path.
fn issuer_of_discovery_url(url: &str) -> Option<String> {
    const DOCUMENTS: [&str; 2] = ["openid-configuration", "oauth-authorization-server"];
    let (base, document) = url.split_once("/.well-known/")?;
    let path = DOCUMENTS.iter().find_map(|name| document.strip_prefix(name))?;
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let is_whole = path.is_empty() || path.starts_with('/');
    is_whole.then(|| format!("{base}{}", path.trim_end_matches('/')))
}

/// Whether a name is the URL of a key set, by the paths that providers use.
fn is_key_set_url(name: &str) -> bool {
    let path = name.split(['?', '#']).next().unwrap_or_default();
    let is_well_known = path.contains("/.well-known/")
        && (path.ends_with("/jwks") || path.ends_with("/jwks_uri") || path.ends_with("/keys"));
    is_well_known
        || path.ends_with("/jwks.json")
        || path.ends_with("/protocol/openid-connect/certs")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_of_a_key_set_is_refused_and_the_right_setting_is_named() {
        for url in [
            "https://a.example/.well-known/jwks.json",
            "https://a.example/.well-known/jwks.json?a=b",
            "https://a.example/t/.well-known/jwks",
            "https://a.example/.well-known/openid-configuration/jwks",
            "https://a.example/jwks.json",
            "https://a.example/realms/t/protocol/openid-connect/certs",
        ] {
            let error = check(url).unwrap_err();
            assert_eq!(error, ConfigError::KeySetUrl { url: url.into() });
            assert!(error.to_string().contains("`.jwks_url(…)`"), "{error}");
        }
        for name in ["https://a.example/jwks", "https://a.example/certs", "https://keys.example"] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn a_name_with_white_space_around_it_is_refused() {
        for name in [" https://a.example", "https://a.example\n", "\taccounts.google.com", " "] {
            let error = check(name).unwrap_err().to_string();
            assert!(error.ends_with("it begins or ends with white space"), "{error}");
        }
        assert_eq!(check("Acme, Inc."), Ok(()));
    }

    #[test]
    fn an_http_issuer_in_a_private_network_is_told_how_it_can_be_allowed() {
        let issuer = "http://keycloak:8080/realms/a";
        let error = check_discoverable(issuer, &HttpHosts::default()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the issuer \"http://keycloak:8080/realms/a\" cannot be used: http is for loopback \
             addresses only; use https, or `.allow_http_host(\"keycloak\")` inside a private network"
        );
        for other in ["http://id.example.com", "http://u@keycloak", "http://keycloak/t?a=b"] {
            let error = check_discoverable(other, &HttpHosts::default()).unwrap_err();
            assert!(!error.to_string().contains("allow_http_host"), "{error}");
        }
    }

    #[test]
    fn a_discovery_url_is_refused_and_the_right_issuer_is_named() {
        for (url, issuer) in [
            ("https://a.example/.well-known/openid-configuration", "https://a.example"),
            ("https://a.example/t/.well-known/openid-configuration", "https://a.example/t"),
            ("https://a.example/.well-known/openid-configuration/t", "https://a.example/t"),
            ("https://a.example/.well-known/openid-configuration/", "https://a.example"),
            ("https://a.example/.well-known/openid-configuration?p=b2c", "https://a.example"),
            ("https://a.example/.well-known/oauth-authorization-server", "https://a.example"),
            (
                "https://a.example/.well-known/oauth-authorization-server/t/u",
                "https://a.example/t/u",
            ),
            ("http://a.example/t/.well-known/openid-configuration", "http://a.example/t"),
        ] {
            let expected = ConfigError::DiscoveryUrl { url: url.into(), issuer: issuer.into() };
            assert_eq!(check(url), Err(expected));
        }
        for name in [
            "https://a.example/.well-known/openid-configurations",
            "https://a.example/.well-known/other",
            "https://a.example/well-known/openid-configuration",
            "openid-configuration",
        ] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn a_template_or_an_empty_name_is_refused() {
        let template = "https://login.microsoftonline.com/{tenantid}/v2.0";
        assert_eq!(check(template), Err(ConfigError::IssuerTemplate { issuer: template.into() }));
        assert!(matches!(check(""), Err(ConfigError::Claims(_))));
        for name in ["accounts.google.com", "http://adfs.example/adfs/services/trust", "urn:a:{b}"]
        {
            assert_eq!(check(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn metadata_is_found_at_https_loopback_and_allowed_hosts_only() {
        let hosts = HttpHosts::new(&["keycloak".to_owned()]).unwrap();
        for good in [
            "https://a.example/t",
            "http://127.0.0.1:1",
            "http://localhost/t",
            "http://keycloak:8080/realms/a",
            "http://keycloak",
        ] {
            assert_eq!(check_discoverable(good, &hosts), Ok(()), "{good}");
        }
        for bad in [
            "a.example",
            "http://a.example",
            "http://keycloak.example/t",
            "http://keycloak/t?a=b",
            "http://keycloak/t#a",
            "http://u@keycloak/t",
            "urn:a",
        ] {
            let result = check_discoverable(bad, &hosts);
            assert!(matches!(result, Err(ConfigError::Claims(_))), "{bad}");
        }
    }
}
