//! The guard of how strongly the user was authenticated (RFC 9470).

use std::marker::PhantomData;
use std::sync::Arc;

use scopegate_claims::ClaimValues;
use scopegate_jose::Verified;

use crate::guard::{Guard, guard};

/// Lets in a token whose user signed in by one of the ways `A`, which are values of the claim `acr`.
///
/// One, or a list with the best first. A token without it is answered 401 with the challenge
/// `insufficient_user_authentication` (RFC 9470 §3), which names the values, so that a client can
/// send its user to sign in again.
///
/// ```
/// use axum::{Router, routing::get};
/// use scopegate_axum::{RequireAcr, scoped};
///
/// #[scoped]
/// async fn pay(auth: RequireAcr<"urn:example:hardware", "urn:example:mfa">) -> &'static str {
///     "paid"
/// }
///
/// #[scoped]
/// async fn close(auth: RequireAcr<"urn:example:hardware">) {}
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
    const GUARD: Guard =
        Guard::Authentication { acr_values: without_spaces(A::VALUES), max_age: None };
}

guard!(RequireAcr<A>, [A: ClaimValues], Self::GUARD);

/// The challenge puts spaces between the values. It runs in the compiler.
const fn without_spaces(values: &'static [&'static str]) -> &'static [&'static str] {
    let mut at = 0;
    while at < values.len() {
        let bytes = values[at].as_bytes();
        let mut byte = 0;
        while byte < bytes.len() {
            assert!(bytes[byte] > b' ', "a value of `acr` holds no space: `acr_values` is a list");
            byte += 1;
        }
        at += 1;
    }
    values
}
