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
/// ```
/// use axum::{Router, routing::get};
/// use scopegate_axum::{RequireAcr, values};
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
/// async fn close(auth: RequireAcr<Hardware>) {}
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let auth = tower::layer::util::Identity::new();
/// let app = Router::new().route("/orders", get(pay)).layer(auth);
/// # let auth = tower::layer::util::Identity::new();
/// let other = Router::new().route("/orders", get(close)).layer(auth);
///
/// // A token with `"acr": "urn:example:mfa"`.
/// assert_eq!(ask(&app, Some("")).await, 200);
/// assert_eq!(ask(&other, Some("")).await, 401);
/// # }
/// # async fn ask(app: &Router, scopes: Option<&str>) -> u16 {
/// #     ask_with::<()>(app, scopes).await
/// # }
#[doc = include_str!("../docs/given.md")]
/// ```
pub struct RequireAcr<A: ClaimValues> {
    token: Arc<Verified>,
    rule: PhantomData<fn() -> A>,
}

impl<A: ClaimValues> RequireAcr<A> {
    const GUARD: Guard = acr(A::VALUES);
}

guard!(RequireAcr<A>, [A: ClaimValues], Self::GUARD);
