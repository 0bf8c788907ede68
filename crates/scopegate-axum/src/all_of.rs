//! The guard that requires several scopes.

use std::marker::PhantomData;
use std::sync::Arc;

use scopegate_claims::{Requirement, ScopeRule, ScopeRules};
use scopegate_jose::Verified;

use crate::extractor::guard;
use scopegate_bearer::Guard;

/// Admits a token that holds each of these scopes.
///
/// Takes one to eight scopes, as a tuple of types, or as a list with literals under
/// [`scoped`](macro@crate::scoped). A member may be an [`AnyOf`](crate::AnyOf) or another `AllOf`.
///
/// The audit of a `Routes` shows it as `all of (read:orders, write:orders)`.
///
/// ```
/// use axum::{Router, body::Body, http::Request, routing::get};
/// use scopegate_axum::{AllOf, scopes};
/// use scopegate_testkit::TestIssuer;
/// use tower::ServiceExt;
///
/// scopes! {
///     /// List orders.
///     pub ReadOrders = "read:orders";
///     /// Change orders.
///     pub WriteOrders = "write:orders";
/// }
///
/// async fn list(auth: AllOf<(ReadOrders, WriteOrders)>) -> &'static str {
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
/// assert_eq!(ask("read:orders write:orders").await, 200);
/// assert_eq!(ask("read:orders").await, 403);
/// # }
/// ```
pub struct AllOf<T: ScopeRules> {
    token: Arc<Verified>,
    rule: PhantomData<fn() -> T>,
}

impl<T: ScopeRules> ScopeRule for AllOf<T> {
    const REQUIREMENT: Requirement = Requirement::all_of(T::REQUIREMENTS);
}

guard!(AllOf<T>, [T: ScopeRules], Guard::Scopes(<Self as ScopeRule>::REQUIREMENT));
