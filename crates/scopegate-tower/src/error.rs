//! Mistakes that a developer can make when building a layer.

use std::fmt;

use scopegate_claims::ClaimsError;

use crate::http_hosts::NotPrivate;
use crate::{KeysError, keys};

/// A mistake in how a layer is built.
///
/// `Debug` writes the same text as `Display`, because a `main` that returns the error prints it by
/// `Debug`.
#[derive(Clone, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Tokens are selected either by audience or by client, not by both.
    #[error("`.client_ids(…)` excludes `.audience(…)` and `.authorized_party(…)`")]
    AudienceAndClientIds,
    /// The issuer, an audience or a scope is malformed.
    #[error("{}", described(.0))]
    Claims(ClaimsError),
    /// A discovery URL is given as the issuer.
    #[error(
        "{url:?} is the URL of a discovery document, not an issuer; name the issuer {issuer:?} (the \
         member `issuer` of the document shows whether it ends with a slash)"
    )]
    DiscoveryUrl {
        /// The URL that was given.
        url: String,
        /// The issuer whose document has this URL.
        issuer: String,
    },
    /// An issuer is named twice.
    #[error("the issuer {issuer:?} is named twice")]
    DuplicateIssuer {
        /// The issuer.
        issuer: String,
    },
    /// Plain http is allowed to a host that can be outside of a private network.
    #[error(
        "`.allow_http_host({host:?})`: the host must be a single label, or a name that ends with \
         `.local`, `.internal`, `.svc` or `.cluster.local`, without a port; use https for others"
    )]
    HttpHost {
        /// The host.
        host: String,
    },
    /// The issuer has an http URL, whose host can be allowed but is not.
    #[error(
        "the issuer {issuer:?} cannot be used: http is for loopback addresses only; use https, or \
         `.allow_http_host({host:?})` inside a private network"
    )]
    HttpIssuer {
        /// The issuer.
        issuer: String,
        /// Its host.
        host: String,
    },
    /// An Entra tenant must be named by its GUID.
    #[error(
        "{tenant:?} is not the GUID of an Entra tenant; tokens always name the tenant by its GUID"
    )]
    InvalidTenant {
        /// The tenant.
        tenant: String,
    },
    /// The place to read tokens from is not usable.
    #[error("`.token_source(…)`: {value:?} cannot be used: {problem}")]
    InvalidTokenSource {
        /// The name of the header or cookie, or the origin.
        value: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A URL is not usable.
    #[error("`.{option}(…)`: {url:?} cannot be used: {problem}")]
    InvalidUrl {
        /// The method of the builder.
        option: &'static str,
        /// The URL.
        url: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The issuer has a placeholder, so it is not the issuer of any token.
    #[error(
        "{issuer:?} is a template, not an issuer; name the issuer of one tenant, or use \
         `.or_resolve(…)` for several"
    )]
    IssuerTemplate {
        /// The issuer.
        issuer: String,
    },
    /// The URL of a key set is given as the issuer.
    #[error(
        "{url:?} is the URL of a key set, not an issuer; name the issuer as in the `iss` of its \
         tokens, and give this URL to `.jwks_url(…)` if the issuer publishes no discovery document"
    )]
    KeySetUrl {
        /// The URL that was given.
        url: String,
    },
    /// Fixed keys never change, so seed keys would never be used.
    #[error("`.keys(…)` and `.seed_keys(…)` exclude each other")]
    KeysAndSeedKeys,
    /// The leeway is longer than five minutes.
    #[error("`.leeway(…)` must not exceed five minutes")]
    LeewayTooLong,
    /// No audience is required, so every token of the issuer would be accepted.
    #[error(
        "`.audience(…)` is missing; for issuers that write no audience there are `.client_ids(…)` and \
         `.authorized_party(…)`"
    )]
    MissingAudience,
    /// The set of allowed signature algorithms is empty.
    #[error("`.algorithms(…)` is empty, so no token could be accepted")]
    NoAlgorithms,
    /// The keys must be read over the network, but nothing can do so.
    #[error(
        "keys cannot be read over the network: enable the feature `fetch` of the crate \
         `scopegate-tower` or `scopegate`, give a client of your own with `.fetch(…)`, or fixed \
         keys with `.keys(…)`"
    )]
    NoFetch,
    /// No issuer is named, and there is no resolver.
    #[error("no issuer is named; name one, or add a resolver with `.or_resolve(…)`")]
    NoIssuers,
    /// The given key set is empty.
    #[error("`.keys(…)` or `.seed_keys(…)` has no key")]
    NoKeys,
    /// A setting that belongs to a single issuer is made for several.
    #[error("`.{option}(…)` is for one issuer; with several, set it on each `TrustedIssuer`")]
    OnePerIssuer {
        /// The method of the builder.
        option: &'static str,
    },
    /// Scopes are listed, but there is no metadata document to list them in.
    #[error("`.scopes_supported(…)` needs `.resource(…)`, whose document lists them")]
    ScopesWithoutResource,
    /// Keys are either fixed or read from a URL.
    #[error("`.keys(…)` and `.jwks_url(…)` exclude each other")]
    TwoKeySources,
}

/// Why a layer did not start.
///
/// `Debug` writes the text of the error, followed by those of its causes, because a `main` that
/// returns the error prints it by `Debug`.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The layer is misconfigured.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The issuer's keys are not available.
    #[error("the keys of {issuer} are not available")]
    Keys {
        /// The issuer.
        issuer: String,
        /// Why.
        #[source]
        source: std::sync::Arc<KeysError>,
    },
}

impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&keys::described(self))
    }
}

impl From<NotPrivate> for ConfigError {
    fn from(NotPrivate { host }: NotPrivate) -> Self {
        Self::HttpHost { host }
    }
}

impl From<ClaimsError> for ConfigError {
    fn from(error: ClaimsError) -> Self {
        Self::Claims(error)
    }
}

/// The text of the error, and for an issuer the ways to trust one with such a name.
fn described(error: &ClaimsError) -> String {
    match error {
        ClaimsError::InvalidIssuer { text, .. } if text.trim() == text => format!(
            "{error}; for an issuer whose name is not such a URL, say where its keys are with \
             `.jwks_url(…)`"
        ),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_main_that_returns_the_error_prints_its_text() {
        let error = ConfigError::MissingAudience;
        assert!(error.to_string().starts_with("`.audience(…)` is missing"));
        assert_eq!(format!("{error:?}"), error.to_string());
        let error: Box<dyn std::error::Error> = StartError::from(error).into();
        assert_eq!(format!("{error:?}"), error.to_string());
    }

    #[test]
    fn a_start_error_prints_its_causes() {
        let source = Arc::new(KeysError::NoUsableKey);
        let error = StartError::Keys { issuer: "https://id.example.com".to_owned(), source };
        assert_eq!(
            format!("{error:?}"),
            "the keys of https://id.example.com are not available: the key set has no usable key"
        );
    }
}
