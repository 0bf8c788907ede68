//! Scope guards for tonic services.
//!
//! The layer of `scopegate-tower` authenticates requests and writes its refusals as gRPC statuses:
//! `auth.grpc()` wraps the services. A method then declares the scope it needs in its first line
//! with [`require`], or [`guard`] declares it for a whole service. Refusals are [statuses](status)
//! with the right code; the challenge of RFC 6750 is sent as `www-authenticate`. The layer counts
//! these requests as refused, and stores the typed [`Refusal`] in the extensions of the response,
//! like its own refusals.
//!
//! ```
//! use scopegate_claims::ScopeName;
//! use scopegate_tonic::require;
//! use tonic::{Request, Response, Status};
//!
//! struct ReadOrders; // the `scopes!` macro generates this
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
//! # use scopegate_testkit::TestIssuer;
//! # use tower::{Layer, ServiceExt, service_fn};
//! # let issuer = TestIssuer::start("api://orders").await;
//! # let service = issuer.layer().grpc().layer(service_fn(async |request: http::Request<()>| {
//! #     let (parts, body) = request.into_parts();
//! #     let request = Request::from_parts(Default::default(), parts.extensions, body);
//! #     let answer = list(request).await;
//! #     let code = answer.map_or_else(|status| status.code(), |_| tonic::Code::Ok) as i32;
//! #     Ok::<_, std::convert::Infallible>(
//! #         http::Response::builder().header("grpc-status", code).body(String::new()).unwrap(),
//! #     )
//! # }));
//! # let ask = async |scope: &str| {
//! #     let token = issuer.token().scope(scope).sign();
//! #     let request = http::Request::post("/").header("authorization", format!("Bearer {token}"));
//! #     let response = service.clone().oneshot(request.body(()).unwrap()).await.unwrap();
//! #     response.headers()["grpc-status"].to_str().unwrap().parse::<i32>().unwrap()
//! # };
//! assert_eq!(ask("read:orders").await, tonic::Code::Ok as i32);
//! assert_eq!(ask("write:orders").await, tonic::Code::PermissionDenied as i32);
//! # }
//! ```

#![deny(missing_docs)]

mod guard;

use std::error::Error;
use std::sync::Arc;

use scopegate_bearer::{Authenticated, Refusal};
use scopegate_jose::Verified;
use scopegate_tower::RefusalReader;
use tonic::{Request, Status};

pub use guard::{Guard, guard};

/// The token of a request, if it meets the guard.
///
/// A guard is a scope, `any_of` or `all_of` scopes, [`role`](scopegate_bearer::role),
/// [`fresh`](scopegate_bearer::fresh) or another [`Guard`](scopegate_bearer::Guard), as for the
/// extractors for axum.
///
/// # Errors
///
/// The status to answer with: `UNAUTHENTICATED` without a token, `PERMISSION_DENIED` with too few
/// scopes, `INTERNAL` if the layer is missing.
pub fn require<T>(
    request: &Request<T>,
    guard: impl Into<scopegate_bearer::Guard>,
) -> Result<Arc<Verified>, Status> {
    let guard = guard.into();
    let authenticated = authenticated(request, "require", guard)?;
    authenticated.allow(guard).cloned().map_err(|refusal| status(&refusal))
}

/// The token of a request, whatever its scopes, with a service's own claims.
///
/// # Errors
///
/// The status to answer with, as from [`require`].
pub fn token<T>(request: &Request<T>) -> Result<Arc<Verified>, Status> {
    require(request, scopegate_bearer::Guard::Token)
}

/// A refusal as a status with code, message and challenge; see [`Refusal::into_grpc`].
///
/// Use it for a service's own rules:
///
/// ```
/// use scopegate_bearer::{Refusal, RefusalCause};
///
/// let refusal = Refusal::new(RefusalCause::RuleNotMet { rule: "own orders only".into() });
/// let status = scopegate_tonic::status(&refusal);
/// assert_eq!(status.code(), tonic::Code::PermissionDenied);
/// assert!(status.metadata().contains_key("www-authenticate"));
/// ```
pub fn status(refusal: &Refusal) -> Status {
    // Writing the answer also logs it.
    let answer = refusal.clone().into_grpc::<()>();
    let status = Status::from_header_map(answer.headers());
    let mut status = status.expect("the trailers have a code");
    // The layer reads it from there when the request is answered.
    status.set_source(Arc::new(refusal.clone()));
    status
}

/// The refusal that a status was made from, with the cause, which the client is not told.
///
/// ```
/// use scopegate_bearer::{Refusal, RefusalCause};
/// use scopegate_tonic::{refusal, status};
///
/// let refused = status(&Refusal::new(RefusalCause::NoToken));
/// assert_eq!(refusal(&refused).unwrap().reason(), "no_token");
///
/// let of_the_service = tonic::Status::unauthenticated("who are you?");
/// assert!(refusal(&of_the_service).is_none());
/// ```
pub fn refusal(status: &Status) -> Option<&Refusal> {
    status.source()?.downcast_ref()
}

pub(crate) fn authenticated<'a, T>(
    request: &'a Request<T>,
    by: &'static str,
    guard: scopegate_bearer::Guard,
) -> Result<&'a Authenticated, Status> {
    if let Some(reader) = request.extensions().get::<RefusalReader>() {
        reader.read_by(|extensions| extensions.get().and_then(refusal));
    }
    Authenticated::find(request.extensions(), by, guard).map_err(|refusal| status(&refusal))
}

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(test)]
mod tests {
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
}
