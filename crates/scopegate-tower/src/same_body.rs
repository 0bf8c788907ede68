//! The layers for services whose body type stays.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::{BearerLayer, RequireLayer, ResponseBody};

/// A layer whose responses have the body type of the inner service.
///
/// Use it where the type of the body is prescribed and can be made from bytes, as axum's `Body` can:
/// `axum::serve` takes a service with this body only.
///
/// ```
/// use axum::{Router, ServiceExt, extract::Request, routing::get};
/// use scopegate_tower::BearerLayer;
/// use tower::Layer;
///
/// # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
/// let auth = BearerLayer::issuer("https://id.example.com").audience("api://orders").build()?;
/// let app = auth.same_body().layer(Router::new().route("/orders", get(async || "all orders")));
///
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
/// axum::serve(listener, ServiceExt::<Request>::into_make_service(app)).await?;
/// # Ok(())
/// # }
/// ```
///
/// With axum's `Router::layer` it also saves one allocation for each response, because axum puts
/// other bodies into a box.
#[derive(Clone, Copy, Debug)]
pub struct SameBody<L>(L);

impl BearerLayer {
    /// The same layer, whose responses have the body type of the inner service. Both share their
    /// keys.
    pub fn same_body(&self) -> SameBody<Self> {
        SameBody(self.clone())
    }
}

impl RequireLayer {
    /// The same layer, whose responses have the body type of the inner service.
    pub fn same_body(self) -> SameBody<Self> {
        SameBody(self)
    }
}

impl<S, L: Layer<S>> Layer<S> for SameBody<L> {
    type Service = SameBodyService<L::Service>;

    fn layer(&self, inner: S) -> Self::Service {
        SameBodyService(self.0.layer(inner))
    }
}

/// A service behind a [`SameBody`].
#[derive(Clone, Debug)]
pub struct SameBodyService<S>(S);

impl<S, B, R> Service<Request<B>> for SameBodyService<S>
where
    S: Service<Request<B>, Response = Response<ResponseBody<R>>>,
    R: From<Bytes>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = SameBodyFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        SameBodyFuture { future: self.0.call(request) }
    }
}

pin_project! {
    /// The future of a [`SameBodyService`].
    #[derive(Debug)]
    pub struct SameBodyFuture<F> {
        #[pin]
        future: F,
    }
}

impl<F, R, E> Future for SameBodyFuture<F>
where
    F: Future<Output = Result<Response<ResponseBody<R>>, E>>,
    R: From<Bytes>,
{
    type Output = Result<Response<R>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let result = ready!(self.project().future.poll(cx));
        Poll::Ready(result.map(|response| response.map(ResponseBody::into_inner)))
    }
}
