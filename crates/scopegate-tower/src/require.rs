//! A guard for a route, as a layer.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use pin_project_lite::pin_project;
use scopegate_bearer::{Authenticated, Guard, IntoGuard};
use tower_layer::Layer;
use tower_service::Service;

use crate::ResponseBody;
use crate::answers::{Answers, HttpAnswers};

/// Admits only requests whose token meets a guard: a scope rule, or any other [`Guard`], such as
/// [`role`](crate::role) or [`fresh`](crate::fresh).
///
/// Use it to state the rule at the route instead of in the handler's signature, and for services
/// that do not use axum. Its answers are those of `RequireScope`. It must be placed *inside* a
/// [`BearerLayer`](crate::BearerLayer), which stores the verified token. Without one it answers 500
/// and logs an error. [`BearerLayer::require`](crate::BearerLayer::require) combines both layers.
///
/// In axum it is added to routes: `Router::route_layer(require(rule))`.
///
/// ```
/// use bytes::Bytes;
/// use http::{Request, Response};
/// use http_body_util::Full;
/// use scopegate_claims::ScopeName;
/// use scopegate_testkit::TestIssuer;
/// use scopegate_tower::require;
/// use std::convert::Infallible;
/// use tower::{Layer, ServiceExt, service_fn};
///
/// struct ReadOrders; // the macro `scopes!` generates this
///
/// impl ScopeName for ReadOrders {
///     const NAME: &'static str = "read:orders";
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let issuer = TestIssuer::start("api://orders").await;
/// let orders = service_fn(async |_: Request<()>| {
///     Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("all orders")))
/// });
/// let service = issuer.layer().layer(require(ReadOrders).layer(orders));
///
/// let ask = |scope: &str| {
///     let token = issuer.token().scope(scope).sign();
///     let request = Request::get("/").header("authorization", format!("Bearer {token}"));
///     service.clone().oneshot(request.body(()).unwrap())
/// };
/// assert_eq!(ask("read:orders").await?.status(), 200);
///
/// let response = ask("write:orders").await?;
/// assert_eq!(response.status(), 403);
/// let challenge = response.headers()["www-authenticate"].to_str()?;
/// assert!(challenge.ends_with(r#"scope="read:orders""#));
/// # Ok(())
/// # }
/// ```
pub fn require(guard: impl IntoGuard) -> RequireLayer {
    RequireLayer { guard: guard.into_guard() }
}

/// The layer that [`require`] makes.
#[derive(Clone, Copy, Debug)]
pub struct RequireLayer {
    guard: Guard,
}

impl RequireLayer {
    /// The guard, as data.
    pub fn guard(&self) -> Guard {
        self.guard
    }
}

impl<S> Layer<S> for RequireLayer {
    type Service = RequireService<S>;

    fn layer(&self, inner: S) -> RequireService<S> {
        RequireService::new(inner, self.guard)
    }
}

/// A service behind a [`RequireLayer`].
pub struct RequireService<S, V = HttpAnswers> {
    inner: S,
    guard: Guard,
    answers: PhantomData<fn() -> V>,
}

impl<S, V> RequireService<S, V> {
    pub(crate) fn new(inner: S, guard: Guard) -> Self {
        Self { inner, guard, answers: PhantomData }
    }
}

impl<S, B, R, V> Service<Request<B>> for RequireService<S, V>
where
    S: Service<Request<B>, Response = Response<R>>,
    V: Answers,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = RequireFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let authenticated = Authenticated::find_on(&request, "require", self.guard);
        match authenticated.and_then(|authenticated| authenticated.admits(self.guard)) {
            Ok(()) => {
                RequireFuture { stage: RequireStage::Admitted { future: self.inner.call(request) } }
            }
            Err(refusal) => RequireFuture {
                stage: RequireStage::Refused { response: Some(V::refusal(refusal)) },
            },
        }
    }
}

pin_project! {
    /// The future of a [`RequireService`].
    #[derive(Debug)]
    pub struct RequireFuture<F> {
        #[pin]
        stage: RequireStage<F>,
    }
}

pin_project! {
    #[project = RequireStageProjection]
    #[derive(Debug)]
    enum RequireStage<F> {
        Admitted { #[pin] future: F },
        Refused { response: Option<Response<Bytes>> },
    }
}

impl<F, R, E> Future for RequireFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = Result<Response<ResponseBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(match self.project().stage.project() {
            RequireStageProjection::Admitted { future } => {
                ready!(future.poll(cx)).map(|response| response.map(ResponseBody::inner))
            }
            RequireStageProjection::Refused { response } => {
                let response = response.take().expect("polled after completion");
                Ok(response.map(ResponseBody::own))
            }
        })
    }
}

impl<S: Clone, V> Clone for RequireService<S, V> {
    fn clone(&self) -> Self {
        Self::new(self.inner.clone(), self.guard)
    }
}

impl<S: fmt::Debug, V> fmt::Debug for RequireService<S, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequireService")
            .field("inner", &self.inner)
            .field("guard", &format_args!("{}", self.guard))
            .finish()
    }
}
