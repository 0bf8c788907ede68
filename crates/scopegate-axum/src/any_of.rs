//! The guard that requires one of several scopes.

use std::marker::PhantomData;
use std::sync::Arc;

use scopegate_claims::{Requirement, ScopeRule, ScopeRules};
use scopegate_jose::Verified;

use crate::extractor::guard;
use scopegate_bearer::Guard;

/// Admits a token that holds at least one of these scopes.
///
/// Takes one to eight scopes, as a tuple of types, or as a list with literals under
/// [`scoped`](macro@crate::scoped). A member may be an [`AllOf`](crate::AllOf) or another `AnyOf`.
///
/// A challenge cannot express "or". It names the alternative of which the token lacks the fewest
/// scopes.
///
/// The audit of a `Routes` shows it as `any of (read:orders, admin)`.
///
/// ```
/// use axum::{Router, body::Body, http::Request, routing::get};
/// use scopegate_axum::{AllOf, AnyOf, scopes};
/// use scopegate_testkit::TestIssuer;
/// use tower::ServiceExt;
///
/// scopes! {
///     pub ReadOrders = "read:orders";
///     pub Admin = "admin";
///     pub Orders = "orders";
/// }
///
/// async fn list(auth: AnyOf<(ReadOrders, AllOf<(Admin, Orders)>)>) -> &'static str {
///     "orders"
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let issuer = TestIssuer::start("api://orders").await;
/// let app = Router::new().route("/orders", get(list)).layer(issuer.layer());
/// let ask = async |scope: &str| {
///     let token = issuer.token().scope(scope).sign();
///     let request = Request::get("/orders").header("authorization", format!("Bearer {token}"));
///     app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status()
/// };
///
/// assert_eq!(ask("read:orders").await, 200);
/// assert_eq!(ask("admin orders").await, 200);
/// assert_eq!(ask("admin").await, 403);
/// # }
/// ```
pub struct AnyOf<T: ScopeRules> {
    token: Arc<Verified>,
    rule: PhantomData<fn() -> T>,
}

impl<T: ScopeRules> ScopeRule for AnyOf<T> {
    const REQUIREMENT: Requirement = Requirement::any_of(T::REQUIREMENTS);
}

guard!(AnyOf<T>, [T: ScopeRules], Guard::Scopes(<Self as ScopeRule>::REQUIREMENT));
