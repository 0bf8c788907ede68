//! What a developer can get wrong with a layer.

use scopegate_claims::ClaimsError;

use crate::KeysError;

/// A mistake in how a layer is built.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Tokens are told apart either by audience or by client.
    #[error("`.audience(…)` and `.client_ids(…)` exclude each other")]
    AudienceAndClientIds,
    /// The issuer, an audience or a scope is malformed.
    #[error(transparent)]
    Claims(#[from] ClaimsError),
    /// An issuer is named twice.
    #[error("the issuer {issuer:?} is named twice")]
    DuplicateIssuer {
        /// The issuer.
        issuer: String,
    },
    /// A tenant of Entra is not named by its GUID.
    #[error(
        "{tenant:?} is no tenant of Entra: tokens name it by a GUID, also where the URL need not"
    )]
    InvalidTenant {
        /// The tenant.
        tenant: String,
    },
    /// A URL cannot be used.
    #[error("`.{option}(…)`: {url:?} cannot be used: {problem}")]
    InvalidUrl {
        /// The method of the builder.
        option: &'static str,
        /// The URL.
        url: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Keys that are for good need none to begin with.
    #[error("`.keys(…)` and `.seed_keys(…)` exclude each other")]
    KeysAndSeedKeys,
    /// The leeway is longer than five minutes.
    #[error("`.leeway(…)` must not exceed five minutes")]
    LeewayTooLong,
    /// Nothing says for whom a token must be meant, so that every token of the issuer would pass.
    #[error("`.audience(…)` is missing; `.client_ids(…)` is for issuers that write no audience")]
    MissingAudience,
    /// No signature algorithm is allowed.
    #[error("`.algorithms(…)` allows none")]
    NoAlgorithms,
    /// No issuer is named, and nobody can be asked about one.
    #[error("no issuer is named; name one, or give a resolver by `.or_resolve(…)`")]
    NoIssuers,
    /// The given key set is empty.
    #[error("`.keys(…)` or `.seed_keys(…)` holds no key")]
    NoKeys,
    /// Several issuers do not share their keys.
    #[error("`.{option}(…)` is for one issuer; with several, say it on each `TrustedIssuer`")]
    OnePerIssuer {
        /// The method of the builder.
        option: &'static str,
    },
    /// There is no document for the scopes.
    #[error("`.scopes_supported(…)` needs `.resource(…)`, whose document names them")]
    ScopesWithoutResource,
    /// The keys come from one place.
    #[error("`.keys(…)` and `.jwks_url(…)` exclude each other")]
    TwoKeySources,
}

/// Why a layer cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// It is built wrongly.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The issuer's keys cannot be had.
    #[error("the keys of {issuer} cannot be had")]
    Keys {
        /// The issuer.
        issuer: String,
        /// Why.
        #[source]
        source: std::sync::Arc<KeysError>,
    },
}
