//! The layers for gRPC.

use http::Extensions;
use scopegate_bearer::Refusal;
use tower_layer::Layer;

use crate::{BearerLayer, BearerService, GrpcAnswers, RequireLayer, RequireService};

/// A layer that writes its refusals as gRPC answers.
///
/// For tonic use `scopegate_tonic::layer(&auth)`, which also finds the refusals of tonic's guards.
///
/// ```
/// use bytes::Bytes;
/// use http::{Request, Response};
/// use http_body_util::Full;
/// use scopegate_tower::BearerLayer;
/// use tower::{Layer, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let auth = BearerLayer::issuer("https://id.example.com").audience("api://orders").build()?;
/// let service = auth.grpc().layer(service_fn(async |_: Request<()>| {
///     Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::default()))
/// }));
///
/// let response = service.oneshot(Request::post("/orders.v1.Orders/List").body(())?).await?;
/// assert_eq!(response.status(), 200);
/// assert_eq!(response.headers()["grpc-status"], "16");
/// assert_eq!(response.headers()["www-authenticate"], "Bearer");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Grpc<L>(L);

impl BearerLayer {
    /// The same layer for gRPC; both share their keys.
    pub fn grpc(&self) -> Grpc<Self> {
        Grpc(self.clone())
    }
}

impl Grpc<BearerLayer> {
    /// Finds the refusals of guards whose framework does not store a [`Refusal`] in the extensions of
    /// the response, but a type of its own that holds it.
    ///
    /// Requests that these guards refuse are then counted as refused, and outer layers find the
    /// [`Refusal`]. `scopegate_tonic::layer` calls this for tonic's `Status`.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use http::{Extensions, Request, Response};
    /// use http_body_util::Full;
    /// use scopegate_tower::{BearerLayer, Refusal};
    /// use tower::{Layer, ServiceExt, service_fn};
    ///
    /// #[derive(Clone)]
    /// struct Status(Option<Refusal>); // the framework's type
    ///
    /// fn find(extensions: &Extensions) -> Option<&Refusal> {
    ///     extensions.get::<Status>()?.0.as_ref()
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let auth = BearerLayer::issuer("https://id.example.com").audience("api://orders").build()?;
    /// let layer = auth.optional().grpc().find_refusals(find);
    /// let ask = |status: Status| {
    ///     let service = layer.layer(service_fn(move |_: Request<()>| {
    ///         let mut response = Response::new(Full::<Bytes>::default());
    ///         response.extensions_mut().insert(status.clone());
    ///         async { Ok::<_, std::convert::Infallible>(response) }
    ///     }));
    ///     service.oneshot(Request::new(()))
    /// };
    ///
    /// let response = ask(Status(Some(Refusal::new("own orders only")))).await?;
    /// assert_eq!(response.extensions().get::<Refusal>().unwrap().reason(), "rule_not_met");
    ///
    /// let response = ask(Status(None)).await?;
    /// assert!(response.extensions().get::<Refusal>().is_none());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn find_refusals(self, find: fn(&Extensions) -> Option<&Refusal>) -> Self {
        Self(BearerLayer { find_refusal: Some(find), ..self.0 })
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
