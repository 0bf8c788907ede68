//! A tower layer that authenticates bearer tokens offline.
//!
//! [`BearerLayer`] wraps any tower service that takes `http` requests. It verifies the access token
//! of a request with keys it already holds, and stores one [`Authenticated`] in the request's
//! extensions. An `Authenticated` that was there before is overwritten. The layer does not check
//! scopes: the code behind it does, for example the extractors of `scopegate-axum`, or [`require`].
//!
//! ```
//! use http::{Request, Response};
//! use scopegate_testkit::TestIssuer;
//! use scopegate_tower::{require, role};
//! use std::convert::Infallible;
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // In production: `BearerLayer::issuer("https://…").audience("api://orders").build()?`.
//! let issuer = TestIssuer::start("api://orders").await;
//! let orders = service_fn(async |_: Request<()>| {
//!     Ok::<_, Infallible>(Response::new("all orders".to_owned()))
//! });
//! let service = issuer.layer().layer(require(role("admin")).layer(orders));
//!
//! let ask = |role: &str| {
//!     let token = issuer.token().claim("roles", [role]).sign();
//!     let request = Request::get("/orders").header("authorization", format!("Bearer {token}"));
//!     service.clone().oneshot(request.body(()).unwrap())
//! };
//! assert_eq!(ask("admin").await?.status(), 200);
//! assert_eq!(ask("reader").await?.status(), 403);
//! # Ok(())
//! # }
//! ```
//!
//! # Answers
//!
//! | request | answer |
//! | --- | --- |
//! | no token, or another scheme | 401 `Bearer`; admitted if the layer is [`optional`](BearerLayer::optional) |
//! | a token in the query or the body only | the same: such a token is not read, unless a [`TokenSource`] says so |
//! | `Authorization` repeated, malformed, or together with `access_token` in the query | 400 `invalid_request` |
//! | anything wrong inside a single token | 401 `invalid_token` |
//! | a token in a cookie, and perhaps sent by another site | 403 |
//! | the issuer's keys are not available | 503 with `Retry-After` |
//!
//! The bodies are problem documents (RFC 9457) unless [`refusal_body`](BearerBuilder::refusal_body)
//! sets another form. Status and challenge cannot be changed. The [`Refusal`] is stored in the
//! extensions of the response, for logs and outer layers.
//!
//! # Tokens from elsewhere
//!
//! The token is read from the `Authorization` header. A [`TokenSource`] names another place: a
//! header, a cookie, or the query of handshakes. A token that is in no request, such as the first
//! message of a WebSocket, is verified by [`BearerLayer::verify`] or
//! [`BearerLayer::authenticate`].
//!
//! # Browsers
//!
//! Browsers send preflight requests without a token. A CORS layer must therefore be *outside* of this
//! layer, so that it answers them, and it must expose `WWW-Authenticate`. A preflight that is refused
//! is explained in the log, at warn the first time and at debug from then on.
//!
//! The [metadata document](ProtectedResource) is public: without a CORS layer, this layer answers its
//! preflights and allows every origin. A CORS layer outside of this one answers for the document,
//! too, and allows only its own origins. If pages of other origins need the document, add a route for
//! it outside of the CORS layer:
//! [docs/browsers.md](https://github.com/scopegate/scopegate/blob/main/docs/browsers.md) shows how.
//!
//! # Issuers
//!
//! [`BearerLayer::issuer`] trusts one issuer, [`BearerLayer::issuers`] several. With several, the
//! token's `iss` selects the one issuer whose rules and keys verify the token. No other issuer is
//! tried, and after the signature check `iss` must equal that issuer's name. [`TrustedIssuer`] has
//! presets for Okta, Auth0, Entra, Keycloak and Cognito; use a [`ClaimMapping`] for other
//! providers. [docs/providers.md](https://github.com/scopegate/scopegate/blob/main/docs/providers.md)
//! has a line for about fifty. Tenants that are not known at the start are
//! [resolved](ResolveIssuer) at run time.
//!
//! # Keys
//!
//! 1. Keys come from discovery, from [`jwks_url`](BearerBuilder::jwks_url), or from the program
//!    ([`keys`](BearerBuilder::keys)). [Seed keys](BearerBuilder::seed_keys) can be used until the
//!    issuer first answers.
//! 2. Keys are refreshed in the background, as often as the issuer's `Cache-Control` says, but not
//!    more often than every minute and at least every hour. If the issuer sends an `ETag`, the
//!    refresh is conditional. A key that the issuer has removed is dropped at the next refresh.
//! 3. A request whose key is held never waits. A request with an unknown key waits at most five
//!    seconds for a refresh, which all such requests share. The next such refresh starts no earlier
//!    than 15 seconds later, even if this one fails.
//! 4. If a refresh was started for a key and did not bring it, tokens with that key are refused at
//!    once until the 15 seconds are over. This applies only to the key that started the refresh,
//!    not to other keys that waited for it. So neither a flood of made-up key ids nor a token that
//!    arrives before its key is published delays a new key by more than 15 seconds.
//! 5. A wrong signature refreshes the keys in the background, at most once a minute, because an
//!    issuer may replace a key under its old id. No request waits for it.
//! 6. If the issuer cannot be reached, its keys stay in use for up to 24 hours.
//!    [`readiness`](BearerLayer::readiness) reports their state.
//! 7. Only https is used, or http with a loopback address or, if
//!    [allowed](BearerBuilder::allow_http_host), with a host of a private network. Redirects to
//!    another origin are not followed. A document is at most 1 MiB long, as it is sent and after
//!    decompression (gzip). A key set has at most 512 keys. An exchange takes at most five seconds.
//!
//! Refreshing needs a tokio runtime with time enabled. [`build`](BearerBuilder::build) does not
//! need one; the first request with a token does.
//!
//! The default feature `fetch` reads keys over the network with [`HttpFetch`], which brings reqwest
//! and rustls. Without it, give the layer a [`Fetch`] or fixed keys.
//!
//! # Logs and metrics
//!
//! Log events (by `tracing`) never contain a token. A refusal is one event at debug: reason, status,
//! what was wanted, method and path, and, if the token was verified, its subject, client and issuer.
//! The path is the one that the layer saw. New keys are logged at info, an issuer whose keys cannot
//! be read at warn. A key that cannot be used is logged at warn, once, with the reason.
//! [`record_on_span`](BearerBuilder::record_on_span) records whose request it is on the current span.
//!
//! With the feature `metrics`, the recorder of the [`metrics`](https://docs.rs/metrics) crate gets:
//!
//! | metric | kind | labels | counts |
//! | --- | --- | --- | --- |
//! | `scopegate_bearer_requests_total` | counter | `outcome`: `admitted`, `refused`; `reason`: `token`, `anonymous`, or that of the [`Refusal`](Refusal::reason) | requests |
//! | `scopegate_bearer_cache_total` | counter | `result`: `hit`, `miss` | lookups in the cache of verified tokens |
//! | `scopegate_jwks_refreshes_total` | counter | `issuer`; `outcome`: `renewed`, `unchanged`, `failed` | refreshes |
//! | `scopegate_jwks_age_seconds` | gauge | `issuer` | seconds since the issuer last confirmed its keys; set at each refresh and each `readiness()` |
//!
//! The names and labels are a stable part of the interface. A request is counted when it is
//! answered. A request that a guard behind the layer refuses therefore counts as refused, with the
//! guard's reason. [`BearerLayer::verify`] is not a request and is not counted.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![deny(missing_docs)]

mod admission;
mod answers;
mod body;
mod builder;
mod cache;
mod credentials;
mod decision;
mod error;
mod future;
mod grpc;
mod http_hosts;
mod issuer_name;
mod issuer_settings;
mod issuers;
mod keys;
mod layer;
mod meter;
mod preflight;
mod preset;
mod protected_resource;
mod query;
mod readiness;
mod require;
mod resolve;
mod same_body;
mod service;
mod span;
mod tenants;
#[cfg(test)]
mod test_issuer;
mod token_source;
mod trust;
mod trusted_issuer;
mod wait_for;
mod waiting;
mod web_url;

pub use scopegate_bearer::{
    Authenticated, ClaimRule, Guard, IntoGuard, ProblemJson, Refusal, RefusalBody, RefusalCause,
    Token, acr, claim, fresh, group, role,
};
pub use scopegate_jose::{Algorithm, ClaimMapping, Evidence, JoseError, KeySet, Verified};

pub use crate::answers::{Answers, GrpcAnswers, HttpAnswers};
pub use crate::body::ResponseBody;
pub use crate::builder::BearerBuilder;
pub use crate::cache::CacheSize;
pub use crate::error::{ConfigError, StartError};
pub use crate::future::ResponseFuture;
pub use crate::grpc::Grpc;
#[cfg(feature = "fetch")]
pub use crate::keys::HttpFetch;
pub use crate::keys::{
    Fetch, FetchError, IssuerDocument, IssuerReadiness, KeyState, KeysError, MAX_DOCUMENT_LEN,
};
pub use crate::layer::BearerLayer;
pub use crate::protected_resource::ProtectedResource;
pub use crate::readiness::Readiness;
pub use crate::require::{RequireFuture, RequireLayer, RequireService, require};
pub use crate::resolve::{ResolveIssuer, Resolved, TenantLimits};
pub use crate::same_body::{SameBody, SameBodyFuture, SameBodyService};
pub use crate::service::BearerService;
pub use crate::token_source::{CookieSource, TokenSource};
pub use crate::trusted_issuer::TrustedIssuer;

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
