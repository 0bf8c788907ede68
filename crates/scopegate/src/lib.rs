//! API access for Rust services: verify tokens offline, require scopes in the handler's signature.
//!
//! This crate has no code of its own. It is the one name to depend on for a service that protects an
//! API: the layer (feature `tower`), the extractors (feature `axum`), both on by default, and the
//! types that both speak of. With the feature `routes` there is a router that sees what handlers ask
//! for: it audits them at the start, and writes their scopes into OpenAPI.

#![deny(missing_docs)]

// Lets generated code name this crate, inside it too.
extern crate self as scopegate;

#[cfg(feature = "routes")]
pub use scopegate_axum::routes;
#[cfg(feature = "axum")]
pub use scopegate_axum::{
    AllOf, AnyOf, AuthRejection, ClaimRule, ClientId, Guard, Public, RequireAcr, RequireClaim,
    RequireFresh, RequireGroup, RequireRole, RequireScope, Subject, Token,
};
pub use scopegate_claims::{
    AllRule, AnyRule, Audience, Audiences, BearerChallenge, BearerError, ClaimValue, ClaimValues,
    Claims, ClaimsError, Clock, Issuer, ManualClock, NameSet, PackedScope, PackedValue,
    Requirement, Scope, ScopeName, ScopeRule, ScopeRules, ScopeSet, SystemClock, UnixTime, all_of,
    any_of,
};
pub use scopegate_jose::{
    Algorithm, AlgorithmSet, Authenticated, ChallengeSettings, ClaimMapping, Evidence, ExtraClaims,
    JoseError, KeySet, ProblemJson, Refusal, RefusalAnswer, RefusalBody, RefusalCause,
    RefusalStatus, TypeRule, Verified, VerifyingKey,
};
pub use scopegate_macros::{scope, scoped, scopes, value, values};
#[cfg(feature = "tower")]
pub use scopegate_tower::{
    Answers, BearerBuilder, BearerLayer, BearerService, CacheSize, ConfigError, Fetch, FetchError,
    HttpAnswers, HttpFetch, IssuerReadiness, KeyState, KeysError, ProtectedResource, Readiness,
    RequireLayer, RequireService, ResolveIssuer, Resolved, ResponseFuture, StartError,
    TenantLimits, TrustedIssuer, require,
};

/// The examples of the README compile.
#[cfg(all(doctest, feature = "axum", feature = "tower"))]
#[doc = include_str!("../../../README.md")]
struct Readme;
