//! The layers for gRPC.

use tower_layer::Layer;

use crate::{BearerLayer, BearerService, GrpcAnswers, RefusalReader, RequireLayer, RequireService};

/// A layer that writes its refusals as gRPC answers.
///
/// ```
/// use bytes::Bytes;
/// use http::{Request, Response};
/// use http_body_util::Full;
/// use scopegate_tower::BearerLayer;
/// use tower::{Layer, ServiceExt, service_fn};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let auth = BearerLayer::issuer("https://id.example.com").audience("api://orders").build()?;
/// let service = auth.grpc().layer(service_fn(async |_: Request<()>| {
///     Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::default()))
/// }));
///
/// let response = service.oneshot(Request::post("/orders.v1.Orders/List").body(())?).await?;
/// assert_eq!(response.status(), 200);
/// assert_eq!(response.headers()["grpc-status"], "16");
/// assert_eq!(response.headers()["www-authenticate"], "Bearer");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Grpc<L>(L);

impl BearerLayer {
    /// The same layer for gRPC; both share their keys. It wraps tonic's services:
    /// `Server::builder().layer(auth.grpc())`.
    pub fn grpc(&self) -> Grpc<Self> {
        Grpc(Self { reader: Some(RefusalReader::default()), ..self.clone() })
    }
}

impl RequireLayer {
    /// The same layer for gRPC, to be placed inside [`BearerLayer::grpc`].
    pub fn grpc(self) -> Grpc<Self> {
        Grpc(self)
    }
}

impl<S> Layer<S> for Grpc<BearerLayer> {
    type Service = BearerService<S, GrpcAnswers>;

    fn layer(&self, inner: S) -> Self::Service {
        BearerService::new(inner, self.0.clone())
    }
}

impl<S> Layer<S> for Grpc<RequireLayer> {
    type Service = RequireService<S, GrpcAnswers>;

    fn layer(&self, inner: S) -> Self::Service {
        RequireService::new(inner, self.0.guard())
    }
}
