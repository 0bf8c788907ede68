//! The guards that require a role or a group.

use std::marker::PhantomData;
use std::sync::Arc;

use scopegate_claims::ClaimValue;
use scopegate_jose::Verified;

use crate::extractor::guard;
use scopegate_bearer::Guard;

/// Admits a token whose subject has the role `V`.
///
/// Roles are read from the claim `roles` (RFC 9068 §2.2.3.1), and from the places that the layer's
/// settings name for the issuer, such as Keycloak's `realm_access.roles`. A role is not a scope:
/// the issuer assigns it, and a client cannot request it. So the refusal is a 403 that names no
/// scope. The required role is in the [`Refusal`](scopegate_bearer::Refusal), for the log.
///
/// For one of several roles, or a role and something else, write a [`ClaimRule`](crate::ClaimRule).
///
/// The audit of a `Routes` shows it as `role admin`.
///
/// ```
/// use axum::{Router, body::Body, http::Request, routing::get};
/// use scopegate_axum::{RequireRole, values};
/// use scopegate_testkit::TestIssuer;
/// use tower::ServiceExt;
///
/// values! {
///     pub Admin = "admin";
/// }
///
/// async fn list(auth: RequireRole<Admin>) -> &'static str {
///     "all orders"
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let issuer = TestIssuer::start("api://orders").await;
/// let app = Router::new().route("/orders", get(list)).layer(issuer.layer());
/// let ask = async |value: &str| {
///     let token = issuer.token().claim("roles", [value]).sign();
///     let request = Request::get("/orders").header("authorization", format!("Bearer {token}"));
///     app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status()
/// };
///
/// assert_eq!(ask("admin").await, 200);
/// assert_eq!(ask("store manager").await, 403);
/// # }
/// ```
pub struct RequireRole<V: ClaimValue> {
    token: Arc<Verified>,
    rule: PhantomData<fn() -> V>,
}

guard!(RequireRole<V>, [V: ClaimValue], Guard::Role(V::VALUE));

/// Admits a token whose subject belongs to the group `V`.
///
/// Groups are read from the claim `groups` (RFC 9068 §2.2.3.1), and from the places that the
/// layer's settings name for the issuer. The answers are those of [`RequireRole`].
///
/// The audit of a `Routes` shows it as `group staff`.
///
/// ```
/// use axum::{Router, body::Body, http::Request, routing::get};
/// use scopegate_axum::{RequireGroup, values};
/// use scopegate_testkit::TestIssuer;
/// use tower::ServiceExt;
///
/// values! {
///     /// Everybody who works in the shop.
///     pub Staff = "/shop/staff";
/// }
///
/// async fn list(auth: RequireGroup<Staff>) -> &'static str {
///     "all orders"
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let issuer = TestIssuer::start("api://orders").await;
/// let app = Router::new().route("/orders", get(list)).layer(issuer.layer());
/// let ask = async |value: &str| {
///     let token = issuer.token().claim("groups", [value]).sign();
///     let request = Request::get("/orders").header("authorization", format!("Bearer {token}"));
///     app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status()
/// };
///
/// assert_eq!(ask("/shop/staff").await, 200);
/// assert_eq!(ask("/shop/guests").await, 403);
/// # }
/// ```
pub struct RequireGroup<V: ClaimValue> {
    token: Arc<Verified>,
    rule: PhantomData<fn() -> V>,
}

guard!(RequireGroup<V>, [V: ClaimValue], Guard::Group(V::VALUE));
