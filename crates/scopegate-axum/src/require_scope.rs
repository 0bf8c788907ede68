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
/// ```
/// use axum::{Router, routing::get};
/// use scopegate_axum::{RequireScope, scopes};
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
/// # let auth = tower::layer::util::Identity::new();
/// let app = Router::new().route("/orders", get(list)).layer(auth);
///
/// assert_eq!(ask(&app, Some("read:orders write:orders")).await, 200);
/// assert_eq!(ask(&app, Some("write:orders")).await, 403);
/// assert_eq!(ask(&app, None).await, 401); // if the layer is optional
/// # }
/// # async fn ask(app: &Router, scopes: Option<&str>) -> u16 {
/// #     ask_with::<()>(app, scopes).await
/// # }
#[doc = include_str!("../docs/given.md")]
/// ```
// The bound sits on the type so that a wrong `R` is reported at the handler's signature.
pub struct RequireScope<R: ScopeRule> {
    token: Arc<Verified>,
    rule: PhantomData<fn() -> R>,
}

guard!(RequireScope<R>, [R: ScopeRule], Guard::Scopes(R::REQUIREMENT));
