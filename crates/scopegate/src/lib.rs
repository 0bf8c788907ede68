//! API access for Rust services: verify tokens offline, require scopes in the handler's signature.
//!
//! This crate only re-exports others. It is the single dependency for a service that protects an
//! API. It has the layer (feature `tower`), which reads keys over the network (feature `fetch`), and
//! the extractors (feature `axum`), all enabled by default, and the types that they share. The feature `routes` adds a router that knows which
//! scopes the handlers require: it reports unguarded handlers at startup and writes the scopes into
//! an OpenAPI document. A gRPC service uses `BearerLayer::grpc` and, with the feature `tonic`, the
//! guards of the module `tonic`. It does not need axum: `default-features = false, features =
//! ["fetch", "tonic"]`.

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
    Guard, ProblemJson, Refusal, RefusalBody, RefusalCause, RefusalContent, RefusalStatus,
    RequestHead, Rule, Token, acr, claim, fresh, group, role,
};
pub use scopegate_claims::{
    AllRule, AnyRule, Audience, Audiences, ClaimValue, ClaimValues, Claims, ClaimsError, Clock,
    Issuer, ManualClock, NameSet, PackedScope, PackedValue, Requirement, Scope, ScopeName,
    ScopeRule, ScopeRules, ScopeSet, SystemClock, UnixTime, all_of, any_of,
};
pub use scopegate_jose::{
    Algorithm, AlgorithmSet, ClaimMapping, Evidence, ExtraClaims, JoseError, KeySet, TypeRule,
    Verified, VerifyingKey,
};
pub use scopegate_macros::{scope, scoped, scopes, value, values};
#[cfg(feature = "fetch")]
pub use scopegate_tower::HttpFetch;
#[cfg(feature = "tower")]
pub use scopegate_tower::{
    Answers, BearerBuilder, BearerLayer, BearerService, CacheSize, ConfigError, Fetch, FetchError,
    Grpc, GrpcAnswers, HttpAnswers, IssuerDocument, IssuerReadiness, KeyState, KeysError,
    ProtectedResource, Readiness, RefusalReader, RequireLayer, RequireService, ResolveIssuer,
    Resolved, ResponseBody, ResponseFuture, StartError, TenantLimits, TrustedIssuer, require,
};

/// Guards for tonic services behind [`BearerLayer::grpc`].
///
/// A method calls [`require`](tonic::require) in its first line. To guard a whole service, write
/// `OrdersServer::with_interceptor(orders, guard(ReadOrders))`.
///
/// ```
/// use scopegate::scopes;
/// use scopegate::tonic::require;
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
/// # use tower::{Layer, ServiceExt, service_fn};
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// # let issuer = scopegate_testkit::TestIssuer::start("api://orders").await;
/// # let service = issuer.layer().grpc().layer(service_fn(async |request: axum::http::Request<()>| {
/// #     let (parts, body) = request.into_parts();
/// #     let answer = list(Request::from_parts(Default::default(), parts.extensions, body)).await;
/// #     let answer = answer.map_or_else(Status::into_http, |_| axum::http::Response::default());
/// #     Ok::<axum::http::Response<String>, std::convert::Infallible>(answer)
/// # }));
/// # let ask = async |scope: &str| {
/// #     let token = format!("Bearer {}", issuer.token().scope(scope).sign());
/// #     let request = axum::http::Request::post("/").header("authorization", token).body(()).unwrap();
/// #     let response = service.clone().oneshot(request).await.unwrap();
/// #     Status::from_header_map(response.headers()).map_or(Code::Ok, |status| status.code())
/// # };
/// assert_eq!(ask("read:orders").await, Code::Ok);
/// assert_eq!(ask("write:orders").await, Code::PermissionDenied);
/// # });
/// ```
#[cfg(feature = "tonic")]
pub mod tonic {
    pub use scopegate_tonic::{Guard, guard, refusal, require, status, token};
}

/// Compiles the example of the README.
#[cfg(all(doctest, feature = "axum", feature = "tower"))]
#[doc = include_str!("../README.md")]
struct Readme;
