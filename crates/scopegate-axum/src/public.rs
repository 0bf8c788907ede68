//! Marks a handler as public.

use axum_core::extract::FromRequestParts;
use http::request::Parts;

use crate::AuthRejection;
use crate::extractor::documented;
use scopegate_bearer::{Guard, Probe};

/// Declares a handler as public on purpose.
///
/// It admits every request, with or without a layer; a layer that is present still refuses invalid
/// tokens. `Audit::refuse_unguarded` of a `Routes` accepts the handler, and `Routes::protect`
/// does not put the authentication layer on it.
///
/// ```
/// use axum::{Router, body::Body, http::Request, routing::get};
/// use scopegate_axum::Public;
/// use scopegate_testkit::TestIssuer;
/// use tower::ServiceExt;
///
/// async fn health(_: Public) -> &'static str {
///     "well"
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let app = Router::new().route("/health", get(health));
/// let request = Request::get("/health").body(Body::empty()).unwrap();
/// assert_eq!(app.oneshot(request).await.unwrap().status(), 200);
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Public;

impl<S: Send + Sync> FromRequestParts<S> for Public {
    // It never refuses. A `Routes` recognizes our extractors by this rejection type.
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, AuthRejection> {
        Probe::record(&parts.extensions, Guard::Public);
        Ok(Self)
    }
}

documented!([], Public, Guard::Public);
