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
/// ```
/// use axum::{Router, routing::get};
/// use scopegate_axum::{RequireRole, values};
///
/// values! {
///     pub Admin = "admin";
///     pub StoreManager = "store manager";
/// }
///
/// async fn list(auth: RequireRole<Admin>) -> &'static str {
///     "all orders"
/// }
///
/// async fn settle(auth: RequireRole<StoreManager>) {}
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let auth = tower::layer::util::Identity::new();
/// let app = Router::new().route("/orders", get(list)).layer(auth);
/// # let auth = tower::layer::util::Identity::new();
/// let other = Router::new().route("/orders", get(settle)).layer(auth);
///
/// // A token with `"roles": ["admin"]`.
/// assert_eq!(ask(&app, Some("")).await, 200);
/// assert_eq!(ask(&other, Some("")).await, 403);
/// # }
/// # async fn ask(app: &Router, scopes: Option<&str>) -> u16 {
/// #     ask_with::<()>(app, scopes).await
/// # }
#[doc = include_str!("../docs/given.md")]
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
/// ```
/// use axum::{Router, routing::get};
/// use scopegate_axum::{RequireGroup, values};
///
/// values! {
///     /// Everybody who works in the shop.
///     pub Staff = "/shop/staff";
///     pub Managers = "/shop/managers";
/// }
///
/// async fn list(auth: RequireGroup<Staff>) -> &'static str {
///     "all orders"
/// }
///
/// async fn settle(auth: RequireGroup<Managers>) {}
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let auth = tower::layer::util::Identity::new();
/// let app = Router::new().route("/orders", get(list)).layer(auth);
/// # let auth = tower::layer::util::Identity::new();
/// let other = Router::new().route("/orders", get(settle)).layer(auth);
///
/// // A token with `"groups": ["/shop/staff"]`.
/// assert_eq!(ask(&app, Some("")).await, 200);
/// assert_eq!(ask(&other, Some("")).await, 403);
/// # }
/// # async fn ask(app: &Router, scopes: Option<&str>) -> u16 {
/// #     ask_with::<()>(app, scopes).await
/// # }
#[doc = include_str!("../docs/given.md")]
/// ```
pub struct RequireGroup<V: ClaimValue> {
    token: Arc<Verified>,
    rule: PhantomData<fn() -> V>,
}

guard!(RequireGroup<V>, [V: ClaimValue], Guard::Group(V::VALUE));
