//! The layer for tonic's services.

use http::Extensions;
use scopegate_bearer::Refusal;
use scopegate_tower::{BearerLayer, Grpc};
use tonic::Status;

/// The layer that authenticates the requests of tonic's services: it answers in gRPC, and shares its
/// keys with `auth`.
///
/// A request that a guard of this crate refuses, or a method with a [`status`](crate::status), is
/// counted as refused, and the typed [`Refusal`] is in the extensions of the response, for outer
/// layers.
///
/// ```
/// use scopegate_tower::BearerLayer;
/// use tonic::{body::Body, service::Routes};
/// use tower::{Layer, ServiceExt};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let auth = BearerLayer::issuer("https://id.example.com").audience("api://orders").build()?;
/// // As in `Server::builder().layer(scopegate_tonic::layer(&auth)).add_service(…)`.
/// let service = scopegate_tonic::layer(&auth).layer(Routes::default());
///
/// let request = http::Request::post("/orders.v1.Orders/List").body(Body::empty())?;
/// let response = service.oneshot(request).await?;
/// assert_eq!(response.headers()["grpc-status"], "16");
/// assert_eq!(response.headers()["www-authenticate"], "Bearer");
/// # Ok(())
/// # }
/// ```
pub fn layer(auth: &BearerLayer) -> Grpc<BearerLayer> {
    auth.grpc().find_refusals(find_refusal)
}

/// tonic stores the status of a method or an interceptor in the extensions of the response.
fn find_refusal(extensions: &Extensions) -> Option<&Refusal> {
    extensions.get::<Status>().and_then(crate::refusal)
}
