//! What each feature adds. `scripts/test` compiles this file with each feature alone.

#![expect(unused_imports, reason = "that the items exist is the test")]

use scopegate::{
    Authenticated, Guard, JoseError, KeySet, Refusal, RefusalBody, RefusalCause, ScopeName, Token,
    Verified, acr, all_of, any_of, claim, fresh, group, role, scope, scoped, scopes,
};

#[cfg(feature = "tower")]
use scopegate::{
    BearerBuilder, BearerLayer, ConfigError, Fetch, Grpc, Readiness, RequireLayer, ResolveIssuer,
    ResponseBody, TrustedIssuer, require,
};

#[cfg(feature = "fetch")]
use scopegate::HttpFetch;

#[cfg(feature = "axum")]
use scopegate::{AllOf, AnyOf, ClientId, Public, RequireClaim, RequireRole, RequireScope, Subject};

#[cfg(feature = "routes")]
use scopegate::routes::{OpenApi, Routes};

#[cfg(feature = "tonic")]
use scopegate::tonic::{
    claims, guard, layer, refusal, refuse, require as require_of_a_call, status,
};

// A feature enables the features that it needs.
const _: () = assert!(cfg!(feature = "axum") || !cfg!(feature = "routes"));
const _: () = assert!(
    cfg!(feature = "tower")
        || !cfg!(any(feature = "fetch", feature = "metrics", feature = "tonic"))
);
