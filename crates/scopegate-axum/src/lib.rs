//! Typed axum extractors: a handler declares the scope it needs in its signature.
//!
//! | extractor | admits |
//! | --- | --- |
//! | [`RequireScope<S>`](RequireScope) | a token with the scope `S` |
//! | [`AnyOf<(A, B)>`](AnyOf) | a token with at least one of these scopes |
//! | [`AllOf<(A, B)>`](AllOf) | a token with each of these scopes |
//! | [`RequireRole<V>`](RequireRole), [`RequireGroup<V>`](RequireGroup) | a token with the role or group `V` |
//! | [`RequireClaim<C>`](RequireClaim) | a token that your own rule `C` allows |
//! | [`Resource<G>`](Resource) | a request that your own guard `G` allows, with the service's state and the path |
//! | [`RequireAcr<A>`](RequireAcr), [`RequireFresh<300>`](RequireFresh) | a user who signed in with `A`, or within the last 300 seconds (RFC 9470) |
//! | [`Token<X>`](Token) | any verified token, with your own claims `X` |
//! | [`Subject`], [`ClientId`] | any token with a subject or client, as a string |
//! | `Option<Token<X>>`, `Option<Subject>` | with or without a token, if the layer is optional |
//! | [`Public`] | every request, on purpose |
//!
//! A handler may have several guards; the first one that refuses gives the answer. A scope is a
//! type:
//!
//! ```
//! use axum::{Router, body::Body, http::Request, routing::get};
//! use scopegate_axum::{RequireScope, scopes};
//! use scopegate_testkit::TestIssuer;
//! use tower::ServiceExt;
//!
//! scopes! {
//!     /// List orders.
//!     pub ReadOrders = "read:orders";
//! }
//!
//! async fn list(_: RequireScope<ReadOrders>) -> &'static str {
//!     "all orders"
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! // In production: `BearerLayer::issuer("https://…").audience("api://orders").build()?`.
//! let issuer = TestIssuer::start("api://orders").await;
//! let app = Router::new().route("/orders", get(list)).layer(issuer.layer());
//! let ask = async |scope: &str| {
//!     let token = issuer.token().scope(scope).sign();
//!     let request = Request::get("/orders").header("authorization", format!("Bearer {token}"));
//!     app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status()
//! };
//!
//! assert_eq!(ask("read:orders").await, 200);
//! assert_eq!(ask("write:orders").await, 403);
//! # }
//! ```
//!
//! The tokens in the examples are those of an issuer in the test's process, of the crate
//! `scopegate-testkit`.
//!
//! The name of a scope appears in compile errors and docs, and a misspelled name does not compile. There are
//! two more ways to write a scope, with the same meaning:
//!
//! ```
//! use scopegate_axum::{RequireScope, scope, scoped};
//!
//! async fn in_place(auth: RequireScope<scope!("read:orders")>) {}
//!
//! #[scoped]
//! async fn literal(auth: RequireScope<"read:orders">) {}
//! ```
//!
//! A literal needs [`macro@scoped`] above the function; without it rustc reports "constant
//! provided when a type was expected" (E0747).
//!
//! Roles, groups and values of `acr` are types too, but not scopes: use [`values!`], [`value!`], or
//! a literal.
//!
//! The extractors only read what the authentication layer stored on the request. If the layer is
//! missing, the answer is 500 and an error is logged: a 401 would wrongly blame the client. In
//! axum, `Router::layer` covers the routes that were added before it.
//!
//! | request | answer |
//! | --- | --- |
//! | no token, the layer is optional | 401 `Bearer`, or `None` |
//! | scope missing | 403 `insufficient_scope`, `scope="…"` |
//! | role or group missing, own rule not met | 403 `insufficient_scope`, without `scope` |
//! | the sign-in is too weak or too long ago | 401 `insufficient_user_authentication`, `acr_values="…"`, `max_age="…"` |
//! | a token without the required subject or client | 401 `invalid_token` |
//! | a token whose claims do not fit `X` | 401 `invalid_token`; the log names the claim |
//! | your own guard panics or takes too long | 503 and a log entry |
//! | the layer is missing | 500 and a log entry |
//!
//! # Own claims
//!
//! `Token<X>` reads your own claims when it is extracted, so several handlers may take several types.
//! Fields that may be missing are `Option`s. A layer that is built with `.extra_claims::<X>()` has
//! read this type already, and refuses tokens that do not fit it for all handlers.
//!
//! ```
//! use axum::{Router, body::Body, http::Request, routing::get};
//! use scopegate_axum::Token;
//! use scopegate_testkit::TestIssuer;
//! use tower::ServiceExt;
//!
//! #[derive(serde::Deserialize)]
//! struct Tenant {
//!     tenant: String,
//! }
//!
//! #[derive(serde::Deserialize)]
//! struct Region {
//!     region: Option<String>,
//! }
//!
//! #[derive(serde::Deserialize)]
//! struct Plan {
//!     plan: String,
//! }
//!
//! async fn list(tenant: Token<Tenant>, region: Token<Region>) -> String {
//!     format!("orders of {} in {:?}", tenant.extra().tenant, region.extra().region)
//! }
//!
//! async fn upgrade(plan: Token<Plan>) {}
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let issuer = TestIssuer::start("api://orders").await;
//! let app = Router::new()
//!     .route("/orders", get(list))
//!     .route("/upgrade", get(upgrade))
//!     .layer(issuer.layer());
//! let ask = async |path: &str| {
//!     let token = issuer.token().claim("tenant", "acme").sign();
//!     let request = Request::get(path).header("authorization", format!("Bearer {token}"));
//!     app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status()
//! };
//!
//! // The token has `tenant`, but no `plan`.
//! assert_eq!(ask("/orders").await, 200);
//! assert_eq!(ask("/upgrade").await, 401);
//! # }
//! ```
//!
//! # Documents of aide and utoipa
//!
//! With the feature `aide`, the extractors implement `aide::OperationInput`: the documents of aide
//! have the scopes and refusals of the guards. With the feature `utoipa`, [`AuthRejection`]
//! implements `utoipa::IntoResponses`. See the modules of these names in `scopegate-bearer`.
//!
//! # Routes
//!
//! With the feature `routes`, `routes::Routes` is a router that lists what its handlers require.
//! One declaration then has three uses: the guard, `scopes_supported` in the API's metadata
//! document, and OpenAPI. An audit at start lists handlers without a guard. The guards also work on
//! a plain `Router`; then give `scopes_supported` to the layer's builder.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![deny(missing_docs)]

// Generated code names this crate by its name, also inside this crate.
extern crate self as scopegate_axum;

mod all_of;
mod any_of;
mod extractor;
mod guard_rejection;
mod identity;
mod public;
mod require_acr;
mod require_claim;
mod require_fresh;
mod require_role;
mod require_scope;
mod resource;
#[cfg(feature = "routes")]
pub mod routes;

pub use scopegate_bearer::{ClaimRule, Guard, IntoGuard, OwnClaims, Token};
pub use scopegate_claims::{
    ClaimValue, ClaimValues, PackedScope, PackedValue, Requirement, ScopeName, ScopeRule,
    ScopeRules,
};
pub use scopegate_macros::{scope, scoped, scopes, value, values};

pub use crate::all_of::AllOf;
pub use crate::any_of::AnyOf;
pub use crate::guard_rejection::GuardRejection;
pub use crate::identity::{ClientId, Subject};
pub use crate::public::Public;
pub use crate::require_acr::RequireAcr;
pub use crate::require_claim::RequireClaim;
pub use crate::require_fresh::RequireFresh;
pub use crate::require_role::{RequireGroup, RequireRole};
pub use crate::require_scope::RequireScope;
pub use crate::resource::{Resource, ResourceGuard};

/// The rejection of every extractor in this crate: a [`Refusal`](scopegate_bearer::Refusal) as an
/// axum response.
pub type AuthRejection = scopegate_bearer::Refusal;

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
