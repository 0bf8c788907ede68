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
    /// The leeway is longer than five minutes.
    #[error("`.leeway(…)` must not exceed five minutes")]
    LeewayTooLong,
    /// Nothing says for whom a token must be meant, so that every token of the issuer would pass.
    #[error("`.audience(…)` is missing; `.client_ids(…)` is for issuers that write no audience")]
    MissingAudience,
    /// No signature algorithm is allowed.
    #[error("`.algorithms(…)` allows none")]
    NoAlgorithms,
    /// The given key set is empty.
    #[error("`.keys(…)` holds no key")]
    NoKeys,
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
