//! A tower layer that authenticates bearer tokens offline.
//!
//! [`BearerLayer`] stands in front of any tower service that takes `http` requests. It verifies the
//! access token of a request with keys it holds, and leaves one [`Authenticated`] among the request's
//! extensions; whatever the caller put there before is overwritten. Scopes are the business of what
//! comes behind it, such as the extractors of `scopegate-axum`.
//!
//! # Answers
//!
//! | request | answer |
//! | --- | --- |
//! | no token, or another scheme | 401 `Bearer`; passes where the layer is [`optional`](BearerLayer::optional) |
//! | a token in the query or the body only | the same: it is not read |
//! | `Authorization` twice, malformed, or beside `access_token` in the query | 400 `invalid_request` |
//! | anything wrong inside a single token | 401 `invalid_token` |
//! | the issuer's keys cannot be had | 503 with `Retry-After` |
//!
//! The bodies are problem documents (RFC 9457) unless [`refusal_body`](BearerBuilder::refusal_body)
//! says otherwise; status and challenge are fixed. The [`Refusal`] itself is left among the
//! extensions of the response, for logs and outer layers.
//!
//! # Issuers
//!
//! [`BearerLayer::issuer`] trusts one, [`BearerLayer::issuers`] several. With several the token's `iss`
//! says by whose rules and keys it is verified; it is never tried with those of another, and once the
//! signature is checked `iss` must be that issuer's name. [`TrustedIssuer`] has presets for Okta,
//! Auth0, Entra, Keycloak and Cognito, and a [`ClaimMapping`] for others. Tenants that are not known
//! from the start are [resolved](ResolveIssuer).
//!
//! # Keys
//!
//! 1. They come from discovery, from [`jwks_url`](BearerBuilder::jwks_url), or are
//!    [given](BearerBuilder::keys). Until the issuer is first heard,
//!    [seeds](BearerBuilder::seed_keys) may serve.
//! 2. They are renewed in the background, as often as the issuer's `Cache-Control` says, between one
//!    minute and one hour; by `ETag`, where there is one. A key that the issuer removed is forgotten
//!    then.
//! 3. A request whose key is held never waits. One with an unknown key waits for a refresh that all
//!    such requests share, at most five seconds; there is no other within 15 seconds, even if it fails.
//! 4. A key that a refresh was made for and did not bring is known to be absent until those 15 seconds
//!    are over, and is refused at once. It is believed no longer, and of keys that merely waited for the
//!    refresh not at all: neither a flood of made-up keys nor a token that came before its key was
//!    published delays the new key by more than the 15 seconds.
//! 5. While the issuer is away the keys serve on, up to 24 hours. [`readiness`](BearerLayer::readiness)
//!    tells how they are doing.
//! 6. Only https is spoken, or http with a loopback address; no redirect leads to another origin; a
//!    document has at most 256 KiB, and an exchange takes at most five seconds.
//!
//! Refreshing needs a tokio runtime with time enabled; [`build`](BearerBuilder::build) does not, the
//! first request with a token does.
//!
//! # What can be seen
//!
//! Log entries (by `tracing`) name issuers, key ids and reasons, never tokens or claims: refusals at
//! debug, new keys at info, an issuer that cannot be read at warn. With the feature `metrics` the
//! recorder of the [`metrics`](https://docs.rs/metrics) crate gets:
//!
//! | metric | kind | labels | counts |
//! | --- | --- | --- | --- |
//! | `scopegate_bearer_requests_total` | counter | `outcome`: `admitted`, `refused`; `reason`: `token`, `anonymous`, or that of the [`Refusal`](Refusal::reason) | requests |
//! | `scopegate_bearer_cache_total` | counter | `result`: `hit`, `miss` | tokens looked for among those verified before |
//! | `scopegate_jwks_refreshes_total` | counter | `issuer`; `outcome`: `renewed`, `unchanged`, `failed` | refreshes |
//! | `scopegate_jwks_age_seconds` | gauge | `issuer` | seconds since the issuer confirmed its keys; set at each refresh and each `readiness()` |
//!
//! The names and labels are part of the interface. A request is counted when it is answered, so that
//! one which a guard refuses behind the layer counts as refused, by the guard's reason.

#![deny(missing_docs)]

mod admission;
mod answers;
mod builder;
mod cache;
mod credentials;
mod decision;
mod error;
mod future;
mod issuer_settings;
mod issuers;
mod keys;
mod layer;
mod meter;
mod preset;
mod protected_resource;
mod readiness;
mod require;
mod resolve;
mod service;
mod tenants;
#[cfg(test)]
mod test_issuer;
mod trusted_issuer;
mod web_url;

pub use scopegate_jose::{
    Algorithm, Authenticated, ClaimMapping, Evidence, JoseError, KeySet, ProblemJson, Refusal,
    RefusalBody, RefusalCause, Verified,
};

pub use crate::admission::RefusalReader;
pub use crate::answers::{Answers, Grpc, GrpcAnswers, HttpAnswers};
pub use crate::builder::BearerBuilder;
pub use crate::cache::CacheSize;
pub use crate::error::{ConfigError, StartError};
pub use crate::future::ResponseFuture;
pub use crate::keys::{
    Fetch, FetchError, HttpFetch, IssuerReadiness, KeyState, KeysError, MAX_DOCUMENT_LEN,
};
pub use crate::layer::BearerLayer;
pub use crate::protected_resource::ProtectedResource;
pub use crate::readiness::Readiness;
pub use crate::require::{RequireLayer, RequireService, require};
pub use crate::resolve::{ResolveIssuer, Resolved, TenantLimits};
pub use crate::service::BearerService;
pub use crate::trusted_issuer::TrustedIssuer;
