//! The mark of a handler that is for everybody.

use axum_core::extract::FromRequestParts;
use http::request::Parts;

use crate::AuthRejection;
use crate::guard::Guard;

/// Says that a handler is for everybody, by intent.
///
/// It lets every request in, with or without a layer; the layer itself still refuses what it refuses.
/// The audit of a `Routes` sees it and does not count the handler as unguarded, and the layer that
/// `Routes::protect` puts on the others stays off it.
///
/// ```
/// use axum::{Router, routing::get};
/// use scopegate_axum::Public;
///
/// async fn health(_: Public) -> &'static str {
///     "well"
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let app = Router::new().route("/orders", get(health));
///
/// assert_eq!(ask(&app, None).await, 200);
/// # }
/// # async fn ask(app: &Router, scopes: Option<&str>) -> u16 {
/// #     ask_with::<()>(app, scopes).await
/// # }
#[doc = include_str!("../docs/given.md")]
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Public;

impl<S: Send + Sync> FromRequestParts<S> for Public {
    // It never refuses; the type is how a router knows one of ours.
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, AuthRejection> {
        crate::probe::answer(&parts.extensions, Guard::Public);
        Ok(Self)
    }
}
