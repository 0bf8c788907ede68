//! The guard that requires a level of user authentication (RFC 9470).

use std::marker::PhantomData;
use std::sync::Arc;

use scopegate_claims::ClaimValues;
use scopegate_jose::Verified;

use crate::extractor::guard;
use scopegate_bearer::{Guard, acr};

/// Admits a token whose user signed in with one of the levels `A`, which are values of the claim
/// `acr`.
///
/// Takes one value, or a list with the preferred value first. A token without any of them is
/// answered with 401 and the challenge `insufficient_user_authentication` (RFC 9470 §3). The
/// challenge names the values, so that a client can send the user to sign in again.
///
/// The audit of a `Routes` shows it as `signed in by` and the values.
///
/// ```
/// use axum::{Router, body::Body, http::Request, routing::get};
/// use scopegate_axum::{RequireAcr, values};
/// use scopegate_testkit::TestIssuer;
/// use tower::ServiceExt;
///
/// values! {
///     pub Hardware = "urn:example:hardware";
///     pub Mfa = "urn:example:mfa";
/// }
///
/// async fn pay(auth: RequireAcr<(Hardware, Mfa)>) -> &'static str {
///     "paid"
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let issuer = TestIssuer::start("api://orders").await;
/// let app = Router::new().route("/pay", get(pay)).layer(issuer.layer());
/// let ask = async |acr: &str| {
///     let token = issuer.token().claim("acr", acr).sign();
///     let request = Request::get("/pay").header("authorization", format!("Bearer {token}"));
///     app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status()
/// };
///
/// assert_eq!(ask("urn:example:mfa").await, 200);
/// assert_eq!(ask("urn:example:password").await, 401);
/// # }
/// ```
pub struct RequireAcr<A: ClaimValues> {
    token: Arc<Verified>,
    rule: PhantomData<fn() -> A>,
}

impl<A: ClaimValues> RequireAcr<A> {
    const GUARD: Guard = acr(A::VALUES);
}

guard!(RequireAcr<A>, [A: ClaimValues], Self::GUARD);
