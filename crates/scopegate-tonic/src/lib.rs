//! Scope guards for tonic services.
//!
//! [`layer`] authenticates the requests of all services and answers in gRPC. A method then declares
//! the scope it needs in its first line with [`require`], or [`guard`] declares it for a whole
//! service. Refusals are [statuses](status) with the right code; the challenge of RFC 6750 is sent as
//! `www-authenticate`.
//!
//! ```
//! use scopegate_claims::ScopeName;
//! use scopegate_testkit::TestIssuer;
//! use scopegate_tonic::require;
//! use tonic::{Code, Request, Response, Status};
//!
//! struct ReadOrders; // the macro `scopes!` generates this
//!
//! impl ScopeName for ReadOrders {
//!     const NAME: &'static str = "read:orders";
//! }
//!
//! async fn list(request: Request<()>) -> Result<Response<String>, Status> {
//!     let token = require(&request, ReadOrders)?;
//!     Ok(Response::new(token.claims().subject().unwrap_or_default().to_owned()))
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! // In `main`: `Server::builder().layer(scopegate_tonic::layer(&auth))`. In a test of one method:
//! let issuer = TestIssuer::start("api://orders").await;
//! let ask = |scope: &str| {
//!     let mut request = Request::new(());
//!     request.extensions_mut().insert(issuer.token().subject("u1").scope(scope).authenticated());
//!     list(request)
//! };
//! assert_eq!(ask("read:orders").await.unwrap().into_inner(), "u1");
//! assert_eq!(ask("write:orders").await.unwrap_err().code(), Code::PermissionDenied);
//! # }
//! ```
//!
//! # A service's own claims and rules
//!
//! ```
//! use scopegate_testkit::TestIssuer;
//! use scopegate_tonic::{claims, status};
//! use tonic::{Code, Request, Response, Status};
//!
//! #[derive(serde::Deserialize)]
//! struct Tenant {
//!     tenant: String,
//! }
//!
//! async fn show(request: Request<String>) -> Result<Response<()>, Status> {
//!     let token = claims::<Tenant>(&request)?;
//!     let tenant_of_order = request.into_inner();
//!     match token.extra().tenant == tenant_of_order {
//!         true => Ok(Response::new(())),
//!         false => Err(status(&token.refuse("own orders only"))),
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let issuer = TestIssuer::start("api://orders").await;
//! let ask = |tenant_of_order: &str| {
//!     let mut request = Request::new(tenant_of_order.to_owned());
//!     request.extensions_mut().insert(issuer.token().claim("tenant", "acme").authenticated());
//!     show(request)
//! };
//! assert!(ask("acme").await.is_ok());
//! assert_eq!(ask("globex").await.unwrap_err().code(), Code::PermissionDenied);
//! # }
//! ```

#![deny(missing_docs)]

mod guard;
mod layer;
mod status;

use std::sync::Arc;

use scopegate_bearer::{Authenticated, IntoGuard, OwnClaims, RefusalCause, Token};
use scopegate_jose::Verified;
use tonic::{Request, Status};

pub use guard::{Guard, guard};
pub use layer::layer;
pub use status::{refusal, status};

/// The token of a request, if it meets the guard.
///
/// A guard is a scope, `any_of` or `all_of` scopes, [`role`](scopegate_bearer::role),
/// [`fresh`](scopegate_bearer::fresh), [`claim`](scopegate_bearer::claim) or another
/// [`Guard`](scopegate_bearer::Guard), as for the extractors for axum.
///
/// # Errors
///
/// The status to answer with: `UNAUTHENTICATED` without a token, `PERMISSION_DENIED` with too few
/// scopes, `INTERNAL` if the layer is missing.
pub fn require<T>(request: &Request<T>, guard: impl IntoGuard) -> Result<Arc<Verified>, Status> {
    let guard = guard.into_guard();
    let authenticated = authenticated(request, "require", guard)?;
    authenticated.allow(guard).cloned().map_err(|refusal| status(&refusal))
}

/// The token of a request, whatever its scopes.
///
/// # Errors
///
/// The status to answer with, as from [`require`].
pub fn token<T>(request: &Request<T>) -> Result<Arc<Verified>, Status> {
    require(request, scopegate_bearer::Guard::Token)
}

/// The token of a request, whatever its scopes, with a service's own claims of the type `X`.
///
/// # Errors
///
/// The status to answer with: `UNAUTHENTICATED` without a token, or if its claims do not fit `X`;
/// `INTERNAL` if the layer is missing.
pub fn claims<X>(request: &Request<impl Sized>) -> Result<Token<X>, Status>
where
    X: OwnClaims,
{
    let authenticated = authenticated(request, "claims", scopegate_bearer::Guard::Token)?;
    Token::of(authenticated).map_err(|refusal| status(&refusal))
}

/// The status for a request that breaks a rule of the service's own, with the realm of the layer.
///
/// A text is the name of the rule, for the log: `PERMISSION_DENIED`. If the method has a
/// [`Token`], `status(&token.refuse("own orders only"))` gives the same answer.
///
/// ```
/// use scopegate_testkit::TestIssuer;
/// use scopegate_tonic::{refuse, token};
/// use tonic::{Code, Request, Response, Status};
///
/// async fn list(request: Request<String>) -> Result<Response<()>, Status> {
///     let token = token(&request)?;
///     if token.claims().subject() != Some(request.get_ref()) {
///         return Err(refuse(&request, "own orders only"));
///     }
///     Ok(Response::new(()))
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let issuer = TestIssuer::start("api://orders").await;
/// let ask = |owner: &str| {
///     let mut request = Request::new(owner.to_owned());
///     request.extensions_mut().insert(issuer.token().subject("u1").authenticated());
///     list(request)
/// };
/// assert!(ask("u1").await.is_ok());
/// assert_eq!(ask("u2").await.unwrap_err().code(), Code::PermissionDenied);
/// # }
/// ```
pub fn refuse<T>(request: &Request<T>, cause: impl Into<RefusalCause>) -> Status {
    match authenticated(request, "refuse", scopegate_bearer::Guard::Token) {
        Ok(authenticated) => status(&authenticated.refuse(cause)),
        Err(without_the_layer) => without_the_layer,
    }
}

/// What the layer stored on a request. `by` names the guard that looks for it, for the log.
fn authenticated<'a, T>(
    request: &'a Request<T>,
    by: &'static str,
    guard: scopegate_bearer::Guard,
) -> Result<&'a Authenticated, Status> {
    Authenticated::find(request.extensions(), by, guard).map_err(|refusal| status(&refusal))
}

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(test)]
mod tests {
    use scopegate_bearer::ChallengeSettings;
    use tonic::Code;

    use super::*;

    #[test]
    fn a_missing_layer_is_internal_and_not_explained_to_the_client() {
        let refused = token(&Request::new(())).unwrap_err();
        assert_eq!(refused.code(), Code::Internal);
        assert!(!refused.message().contains("layer"), "{}", refused.message());
    }

    #[test]
    fn a_request_without_a_token_gets_a_challenge() {
        let mut request = Request::new(());
        request.extensions_mut().insert(Authenticated::anonymous(Arc::default()));
        let refused = token(&request).unwrap_err();
        assert_eq!(refused.code(), Code::Unauthenticated);
        assert_eq!(refused.metadata().get("www-authenticate").unwrap(), "Bearer");
        assert_eq!(refused.message(), "This request needs an access token");
    }

    #[test]
    fn refuse_keeps_the_realm_and_is_internal_without_the_layer() {
        let mut request = Request::new(());
        assert_eq!(refuse(&request, "own orders only").code(), Code::Internal);
        let settings = Arc::new(ChallengeSettings::new().with_realm("orders"));
        request.extensions_mut().insert(Authenticated::anonymous(settings));
        let refused = refuse(&request, "own orders only");
        assert_eq!(refused.code(), Code::PermissionDenied);
        let challenge = refused.metadata().get("www-authenticate").unwrap().to_str().unwrap();
        assert!(challenge.starts_with(r#"Bearer realm="orders", error="insufficient_scope""#));
        assert_eq!(refusal(&refused).unwrap().reason(), "rule_not_met");
    }
}
