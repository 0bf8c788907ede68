//! The subject of the token, and the client that the token was issued to.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
use scopegate_claims::Claims;
use scopegate_jose::Verified;

use crate::AuthRejection;
use crate::extractor::documented;
use scopegate_bearer::{Authenticated, Guard, RefusalCause};

/// The subject of the token: the claim `sub`.
///
/// A request without a token is answered with 401. A token without a subject is answered with 401
/// `invalid_token`, because every access token must have one (RFC 9068 §2.2). `Option<Subject>` is
/// `None` in both cases; `Audit::refuse_optional_behind` of a `Routes` reports it if the layer is not
/// optional. `Debug` does not show the subject; `Display` does.
///
/// ```
/// use axum::body::{Body, to_bytes};
/// use axum::{Router, http::Request, routing::get};
/// use scopegate_axum::Subject;
/// use scopegate_testkit::TestIssuer;
/// use tower::ServiceExt;
///
/// async fn list(subject: Subject) -> String {
///     format!("orders of {subject}")
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let issuer = TestIssuer::start("api://orders").await;
/// let app = Router::new().route("/orders", get(list)).layer(issuer.layer());
/// let token = issuer.token().subject("u1").sign();
/// let request = Request::get("/orders").header("authorization", format!("Bearer {token}"));
/// let response = app.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
/// let body = to_bytes(response.into_body(), 1024).await.unwrap();
/// assert_eq!(body, "orders of u1");
/// # }
/// ```
#[derive(Clone)]
pub struct Subject(Arc<Verified>);

/// The client that the token was issued to: the claim `client_id`, or Okta's `cid`.
///
/// Its answers are those of [`Subject`].
///
/// ```
/// use axum::body::{Body, to_bytes};
/// use axum::{Router, http::Request, routing::get};
/// use scopegate_axum::ClientId;
/// use scopegate_testkit::TestIssuer;
/// use tower::ServiceExt;
///
/// async fn list(client: ClientId) -> String {
///     format!("orders placed by {client}")
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let issuer = TestIssuer::start("api://orders").await;
/// let app = Router::new().route("/orders", get(list)).layer(issuer.layer());
/// let token = issuer.token().client_id("shop").sign();
/// let request = Request::get("/orders").header("authorization", format!("Bearer {token}"));
/// let response = app.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
/// let body = to_bytes(response.into_body(), 1024).await.unwrap();
/// assert_eq!(body, "orders placed by shop");
/// # }
/// ```
#[derive(Clone)]
pub struct ClientId(Arc<Verified>);

/// Implements an extractor for a struct with a token, of which it reads one claim.
macro_rules! claim {
    ($name:ident, $claim:literal, $find:expr) => {
        impl $name {
            /// The value of the claim.
            pub fn as_str(&self) -> &str {
                $find(self.0.claims()).expect("the claim was found when it was extracted")
            }
        }

        impl<S: Send + Sync> FromRequestParts<S> for $name {
            type Rejection = AuthRejection;

            async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, AuthRejection> {
                let name = stringify!($name);
                let authenticated = Authenticated::find_in(parts, name, Guard::Token)?;
                let token = authenticated.allow(Guard::Token)?;
                match $find(token.claims()) {
                    Some(_) => Ok(Self(Arc::clone(token))),
                    None => {
                        let cause = RefusalCause::MissingClaim { claim: $claim };
                        Err(authenticated.refuse(cause))
                    }
                }
            }
        }

        impl<S: Send + Sync> OptionalFromRequestParts<S> for $name {
            type Rejection = AuthRejection;

            async fn from_request_parts(
                parts: &mut Parts,
                _: &S,
            ) -> Result<Option<Self>, AuthRejection> {
                let name = stringify!($name);
                let authenticated = Authenticated::find_in(parts, name, Guard::OptionalToken)?;
                let token = authenticated.token().filter(|token| $find(token.claims()).is_some());
                Ok(token.map(|token| Self(Arc::clone(token))))
            }
        }

        documented!([], $name, Guard::Token);

        impl Deref for $name {
            type Target = str;

            fn deref(&self) -> &str {
                self.as_str()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    };
}

claim!(Subject, "sub", Claims::subject);
claim!(ClientId, "client_id", Claims::client_id);
