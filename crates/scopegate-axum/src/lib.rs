//! Typed axum extractors: a handler says the scope it needs in its signature.
//!
//! | extractor | lets in |
//! | --- | --- |
//! | [`RequireScope<S>`](RequireScope) | a token with the scope `S` |
//! | [`AnyOf<(A, B)>`](AnyOf) | a token with one of the scopes |
//! | [`AllOf<(A, B)>`](AllOf) | a token with each of them |
//! | [`RequireRole<V>`](RequireRole), [`RequireGroup<V>`](RequireGroup) | a token with the role or group `V` |
//! | [`RequireClaim<C>`](RequireClaim) | a token that your own rule `C` allows |
//! | [`RequireAcr<A>`](RequireAcr), [`RequireFresh<300>`](RequireFresh) | a user who signed in by `A`, or within 300 seconds (RFC 9470) |
//! | [`Token<X>`](Token) | any verified token, with your own claims `X` |
//! | [`Subject`], [`ClientId`] | any token that says who; each is a text |
//! | `Option<Token<X>>`, `Option<Subject>` | a token or none, where the layer is optional |
//! | [`Public`] | everybody, by intent |
//!
//! A handler may have several; the first that refuses answers. A scope is a type. There are three ways to write one, and they all mean the same guard:
//!
//! ```
//! use scopegate_axum::{RequireScope, scope, scoped, scopes};
//!
//! scopes! {
//!     /// See orders.
//!     pub ReadOrders = "read:orders";
//! }
//!
//! async fn by_name(auth: RequireScope<ReadOrders>) {}
//!
//! async fn in_place(auth: RequireScope<scope!("read:orders")>) {}
//!
//! #[scoped]
//! async fn literal(auth: RequireScope<"read:orders">) {}
//! ```
//!
//! Prefer [`scopes!`]: the name appears in compile errors and docs, and a slip in it does not compile.
//! A literal needs [`macro@scoped`] above the function; without it rustc says "constant provided
//! when a type was expected" (E0747).
//!
//! Roles, groups and values of `acr` are types too, but no scopes: [`values!`], [`value!`], or a literal.
//!
//! The extractors read what the authentication layer left on the request, and nothing else. A route
//! without the layer answers 500 and logs an error: a 401 would blame the caller for it. In axum,
//! `Router::layer` covers the routes that were added before it.
//!
//! | request | answer |
//! | --- | --- |
//! | no token, layer optional | 401 `Bearer`, or `None` |
//! | scope missing | 403 `insufficient_scope`, `scope="…"` |
//! | role or group missing, own rule not met | 403 `insufficient_scope`, without a scope |
//! | signed in too weakly or too long ago | 401 `insufficient_user_authentication`, `acr_values="…"`, `max_age="…"` |
//! | token without the subject or client that is asked for | 401 `invalid_token` |
//! | no layer; another `X` than the layer reads | 500 and a log entry |
//!
//! # Routes
//!
//! With the feature `routes`, `routes::Routes` is a router that sees
//! what its handlers ask for. One declaration then has three uses: the guard, `scopes_supported` in the
//! document about the API, and OpenAPI. An audit says before the start what nothing guards. On a plain
//! `Router` the guards work all the same; `scopes_supported` is given to the layer's builder.

#![deny(missing_docs)]

// Lets generated code name this crate, inside it too.
extern crate self as scopegate_axum;

mod all_of;
mod any_of;
mod guard;
mod identity;
mod probe;
mod public;
mod rejection;
mod require_acr;
mod require_claim;
mod require_fresh;
mod require_role;
mod require_scope;
#[cfg(feature = "routes")]
pub mod routes;
mod token;

pub use scopegate_claims::{
    ClaimValue, ClaimValues, PackedScope, PackedValue, Requirement, ScopeName, ScopeRule,
    ScopeRules,
};
pub use scopegate_macros::{scope, scoped, scopes, value, values};

pub use crate::all_of::AllOf;
pub use crate::any_of::AnyOf;
pub use crate::guard::Guard;
pub use crate::identity::{ClientId, Subject};
pub use crate::public::Public;
pub use crate::rejection::AuthRejection;
pub use crate::require_acr::RequireAcr;
pub use crate::require_claim::{ClaimRule, RequireClaim};
pub use crate::require_fresh::RequireFresh;
pub use crate::require_role::{RequireGroup, RequireRole};
pub use crate::require_scope::RequireScope;
pub use crate::token::Token;
