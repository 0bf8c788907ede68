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
/// The audit of a `Routes` shows it as `signed in within 300 s`.
///
/// ```
/// use axum::{Router, body::Body, http::Request, routing::get};
/// use scopegate_axum::RequireFresh;
/// use scopegate_claims::Clock;
/// use scopegate_testkit::TestIssuer;
/// use std::time::Duration;
/// use tower::ServiceExt;
///
/// async fn pay(auth: RequireFresh<300>) -> &'static str {
///     "paid"
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let issuer = TestIssuer::start("api://orders").await;
/// let app = Router::new().route("/pay", get(pay)).layer(issuer.layer());
/// let signed_in = issuer.clock().now().as_seconds();
/// let ask = async || {
///     let token = issuer.token().claim("auth_time", signed_in).sign();
///     let request = Request::get("/pay").header("authorization", format!("Bearer {token}"));
///     app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status()
/// };
///
/// issuer.clock().advance(Duration::from_secs(300));
/// assert_eq!(ask().await, 200);
/// issuer.clock().advance(Duration::from_secs(1));
/// assert_eq!(ask().await, 401);
/// # }
/// ```
pub struct RequireFresh<const SECONDS: u64> {
    token: Arc<Verified>,
    rule: PhantomData<()>,
}

impl<const SECONDS: u64> RequireFresh<SECONDS> {
    const GUARD: Guard = fresh(Duration::from_secs(SECONDS));
}

crate::extractor::guard!(RequireFresh<SECONDS>, [const SECONDS: u64], Self::GUARD);
