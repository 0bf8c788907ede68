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
/// ```
/// use axum::{Router, routing::get};
/// use scopegate_axum::{AllOf, AnyOf, scopes};
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
/// # let auth = tower::layer::util::Identity::new();
/// let app = Router::new().route("/orders", get(list)).layer(auth);
///
/// assert_eq!(ask(&app, Some("read:orders")).await, 200);
/// assert_eq!(ask(&app, Some("admin orders")).await, 200);
/// assert_eq!(ask(&app, Some("admin")).await, 403);
/// # }
/// # async fn ask(app: &Router, scopes: Option<&str>) -> u16 {
/// #     ask_with::<()>(app, scopes).await
/// # }
#[doc = include_str!("../docs/given.md")]
/// ```
pub struct AnyOf<T: ScopeRules> {
    token: Arc<Verified>,
    rule: PhantomData<fn() -> T>,
}

impl<T: ScopeRules> ScopeRule for AnyOf<T> {
    const REQUIREMENT: Requirement = Requirement::any_of(T::REQUIREMENTS);
}

guard!(AnyOf<T>, [T: ScopeRules], Guard::Scopes(<Self as ScopeRule>::REQUIREMENT));
