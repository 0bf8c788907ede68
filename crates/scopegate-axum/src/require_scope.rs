//! The guard that requires one rule, most often one scope.

use std::marker::PhantomData;
use std::sync::Arc;

use scopegate_claims::ScopeRule;
use scopegate_jose::Verified;

use crate::extractor::guard;
use scopegate_bearer::Guard;

/// Admits a token that holds the scope `R`.
///
/// `R` is a scope type, or a combination: `RequireScope<AnyOf<(A, B)>>` is the same as
/// `AnyOf<(A, B)>`.
///
/// The audit of a `Routes` shows it as the scope: `read:orders`.
///
/// ```
/// use axum::{Router, body::Body, http::Request, routing::get};
/// use scopegate_axum::{RequireScope, scopes};
/// use scopegate_testkit::TestIssuer;
/// use tower::ServiceExt;
///
/// scopes! {
///     /// List orders.
///     pub ReadOrders = "read:orders";
/// }
///
/// async fn list(auth: RequireScope<ReadOrders>) -> String {
///     format!("orders of {:?}", auth.claims().client_id())
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
/// assert_eq!(ask("write:orders").await, 403);
/// # }
/// ```
// The bound sits on the type so that a wrong `R` is reported at the handler's signature.
pub struct RequireScope<R: ScopeRule> {
    token: Arc<Verified>,
    rule: PhantomData<fn() -> R>,
}

guard!(RequireScope<R>, [R: ScopeRule], Guard::Scopes(R::REQUIREMENT));
