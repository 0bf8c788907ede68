//! The guard that requires a recent sign-in (RFC 9470).

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use scopegate_jose::Verified;

use scopegate_bearer::{Guard, fresh};

/// Admits a token whose user signed in at most `SECONDS` seconds ago, by the claim `auth_time`.
///
/// Any other token is answered with 401 and the challenge `insufficient_user_authentication` with
/// `max_age` (RFC 9470 §3), so that a client can send the user to sign in again. A token without
/// `auth_time` is not fresh, for example the token of a client without a user.
///
/// ```
/// use axum::{Router, routing::get};
/// use scopegate_axum::RequireFresh;
///
/// async fn pay(auth: RequireFresh<300>) -> &'static str {
///     "paid"
/// }
///
/// async fn close(auth: RequireFresh<60>) {}
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let auth = tower::layer::util::Identity::new();
/// let app = Router::new().route("/orders", get(pay)).layer(auth);
/// # let auth = tower::layer::util::Identity::new();
/// let other = Router::new().route("/orders", get(close)).layer(auth);
///
/// // A token whose user signed in two minutes ago.
/// assert_eq!(ask(&app, Some("")).await, 200);
/// assert_eq!(ask(&other, Some("")).await, 401);
/// # }
/// # async fn ask(app: &Router, scopes: Option<&str>) -> u16 {
/// #     ask_with::<()>(app, scopes).await
/// # }
#[doc = include_str!("../docs/given.md")]
/// ```
pub struct RequireFresh<const SECONDS: u64> {
    token: Arc<Verified>,
    rule: PhantomData<()>,
}

impl<const SECONDS: u64> RequireFresh<SECONDS> {
    const GUARD: Guard = fresh(Duration::from_secs(SECONDS));
}

crate::extractor::guard!(RequireFresh<SECONDS>, [const SECONDS: u64], Self::GUARD);
