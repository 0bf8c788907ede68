//! API access for Rust services: verify tokens offline, require scopes in the handler's signature.
//!
//! This crate only re-exports others. It is the single dependency for a service that protects an
//! API. It has the layer (feature `tower`), which reads keys over the network (feature `fetch`), and
//! the extractors (feature `axum`), all enabled by default, and the types that they share. The
//! feature `routes` adds a router that knows which scopes the handlers require: it reports unguarded
//! handlers at startup and writes the scopes into an OpenAPI document. A gRPC service uses the layer
//! and the guards of the module `tonic`, with the feature `tonic`. It does not need axum:
//! `default-features = false, features = ["fetch", "tonic"]`.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![deny(missing_docs)]

// The macros generate paths that start with `::scopegate`. This makes them valid inside this crate
// too.
extern crate self as scopegate;

#[cfg(feature = "routes")]
pub use scopegate_axum::routes;
#[cfg(feature = "axum")]
pub use scopegate_axum::{
    AllOf, AnyOf, AuthRejection, ClientId, GuardRejection, Public, RequireAcr, RequireClaim,
    RequireFresh, RequireGroup, RequireRole, RequireScope, Resource, ResourceGuard, Subject,
};
#[cfg(feature = "aide")]
pub use scopegate_bearer::aide;
#[cfg(feature = "utoipa")]
pub use scopegate_bearer::utoipa;
pub use scopegate_bearer::{
    Authenticated, AuthenticationLayer, BearerChallenge, BearerError, ChallengeSettings, ClaimRule,
    Guard, IntoGuard, OwnClaims, Probe, ProblemJson, Refusal, RefusalBody, RefusalCause,
    RefusalContent, RefusalStatus, RequestHead, Rule, Token, acr, claim, fresh, group, role,
};
pub use scopegate_claims::{
    AllRule, AnyRule, Audience, Audiences, ClaimValue, ClaimValues, Claims, ClaimsError, Clock,
    Issuer, ManualClock, NameSet, PackedScope, PackedValue, Requirement, Scope, ScopeName,
    ScopeRule, ScopeRules, ScopeSet, SystemClock, UnixTime, all_of, any_of,
};
pub use scopegate_jose::{
    Algorithm, AlgorithmSet, ClaimMapping, Evidence, ExtraClaims, JoseError, Jwk, KeyProblem,
    KeySet, ParsedKeySet, SetAside, TypeRule, Verified, VerifyingKey,
};
pub use scopegate_macros::{scope, scoped, scopes, value, values};
#[cfg(feature = "fetch")]
pub use scopegate_tower::HttpFetch;
#[cfg(feature = "tower")]
pub use scopegate_tower::{
    Answers, BearerBuilder, BearerLayer, BearerService, CacheSize, ConfigError, CookieSource,
    Fetch, FetchError, Grpc, GrpcAnswers, HttpAnswers, IssuerDocument, IssuerReadiness, KeyState,
    KeysError, MAX_DOCUMENT_LEN, ProtectedResource, Readiness, RequireFuture, RequireLayer,
    RequireService, ResolveIssuer, Resolved, ResponseBody, ResponseFuture, SameBody,
    SameBodyService, StartError, TenantLimits, TokenSource, TrustedIssuer, require,
};

/// The layer and the guards for tonic services.
///
/// The layer goes around the server: `Server::builder().layer(scopegate::tonic::layer(&auth))`. A
/// method calls [`require`](tonic::require) in its first line. To guard a whole service, write
/// `OrdersServer::with_interceptor(orders, guard(ReadOrders))`.
///
/// ```
/// use scopegate::scopes;
/// use scopegate::tonic::require;
/// use scopegate_testkit::TestIssuer;
/// use tonic::{Code, Request, Response, Status};
///
/// scopes! {
///     pub ReadOrders = "read:orders";
/// }
///
/// async fn list(request: Request<()>) -> Result<Response<String>, Status> {
///     let token = require(&request, ReadOrders)?;
///     Ok(Response::new(token.claims().subject().unwrap_or_default().to_owned()))
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// // A test of one method, without a server: the request is as the layer leaves it.
/// let issuer = TestIssuer::start("api://orders").await;
/// let ask = |scope: &str| {
///     let mut request = Request::new(());
///     request.extensions_mut().insert(issuer.token().subject("u1").scope(scope).authenticated());
///     list(request)
/// };
/// assert_eq!(ask("read:orders").await.unwrap().into_inner(), "u1");
/// assert_eq!(ask("write:orders").await.unwrap_err().code(), Code::PermissionDenied);
/// # }
/// ```
#[cfg(feature = "tonic")]
pub mod tonic {
    pub use scopegate_tonic::{
        Guard, claims, guard, layer, refusal, refuse, require, status, token,
    };
}

/// Compiles the example of the README.
#[cfg(all(doctest, feature = "axum", feature = "tower"))]
#[doc = include_str!("../README.md")]
struct Readme;
