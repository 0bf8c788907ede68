//! Which scripts may read the answers to a client: those of the origins that it has registered.
//!
//! Nothing is ever sent along by the browser itself (no credentials), so a script reads only what it
//! has a token, a code or a secret for.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use pin_project_lite::pin_project;
use scopegate_core::catalog::ClientId;
use tower_layer::Layer;
use tower_service::Service;

use super::app::App;
use super::failure::Failure;

/// How long a browser may remember that it may ask: ten minutes.
const PREFLIGHT_MAX_AGE: &str = "600";

/// What a script may send; the last one goes with each request of Okta's library for browsers.
const ALLOWED: HeaderValue =
    HeaderValue::from_static("Authorization, Content-Type, X-Okta-User-Agent-Extended");

/// What a script may see besides the body.
const EXPOSED: HeaderValue = HeaderValue::from_static("Retry-After, WWW-Authenticate");

/// Answers what a browser asks before a script may ask these.
pub(super) fn with_preflight(methods: MethodRouter<App>) -> MethodRouter<App> {
    methods.options(preflight)
}

/// The client that an answer is for.
#[derive(Clone, Debug)]
struct AskedBy(ClientId);

/// Notes for which client an answer is, where a script asks. A [`Failure`] knows it itself.
pub(super) fn asked_by(
    client: impl FnOnce() -> Option<ClientId>,
    request: &HeaderMap,
    mut response: Response,
) -> Response {
    if request.contains_key(ORIGIN)
        && let Some(client) = client()
    {
        response.extensions_mut().insert(AskedBy(client));
    }
    response
}

/// Answers what a browser asks before it asks: whether some client has registered the origin.
async fn preflight(State(app): State<App>, request: HeaderMap) -> Response {
    let known = request.get(ORIGIN).filter(|origin| {
        origin.to_str().is_ok_and(|origin| app.authority().catalog().has_origin(origin))
    });
    let Some(origin) = known else { return StatusCode::NO_CONTENT.into_response() };
    let headers = [
        (ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone()),
        (ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST")),
        (ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED),
        (ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(PREFLIGHT_MAX_AGE)),
        (VARY, HeaderValue::from_static("Origin")),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// Lets the scripts of clients read what a handler answers to their own client.
#[derive(Clone, Debug)]
pub(super) struct Sharing(pub(super) App);

impl<S> Layer<S> for Sharing {
    type Service = Shared<S>;

    fn layer(&self, handler: S) -> Shared<S> {
        Shared { app: self.0.clone(), handler }
    }
}

/// A handler whose answers a script may read. A request that no script sends passes through.
#[derive(Clone, Debug)]
pub(super) struct Shared<S> {
    app: App,
    handler: S,
}

impl<S> Service<Request> for Shared<S>
where
    S: Service<Request, Response = Response>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = SharedFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.handler.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let origin = request.headers().get(ORIGIN).cloned();
        let script = origin.map(|origin| Script { app: self.app.clone(), origin });
        SharedFuture { answering: self.handler.call(request), script }
    }
}

pin_project! {
    /// The answer of a handler, on its way to a script.
    pub(super) struct SharedFuture<F> {
        #[pin]
        answering: F,
        script: Option<Script>,
    }
}

impl<F, E> Future for SharedFuture<F>
where
    F: Future<Output = Result<Response, E>>,
{
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.answering.poll(context))?;
        if let Some(script) = this.script.take() {
            script.let_read(&mut response);
        }
        Poll::Ready(Ok(response))
    }
}

/// A script that asks.
#[derive(Debug)]
struct Script {
    app: App,
    origin: HeaderValue,
}

impl Script {
    /// Lets it read the answer, if the answer is for a client of its origin.
    fn let_read(self, response: &mut Response) {
        let Self { app, origin } = self;
        if origin.to_str().is_ok_and(|origin| is_for(&app, response, origin)) {
            let headers = response.headers_mut();
            headers.append(VARY, HeaderValue::from_static("Origin"));
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
    }
}

/// Tells whether an answer is for a client that has registered the origin. A refusal of nobody in
/// particular is for whichever: a script must see that its token has expired.
fn is_for(app: &App, response: &Response, origin: &str) -> bool {
    let catalog = app.authority().catalog();
    let extensions = response.extensions();
    let answered = extensions.get::<AskedBy>().map(|AskedBy(client)| client);
    let failure = extensions.get::<Arc<Failure>>();
    match answered.or_else(|| failure?.client()) {
        Some(client) => catalog.client(client.as_str()).ok().flatten().is_some_and(|client| {
            client.spec.status.is_active() && client.spec.origins.contains(origin)
        }),
        None => failure.is_some() && catalog.has_origin(origin),
    }
}
