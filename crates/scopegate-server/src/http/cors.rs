//! Which scripts may read the answers to a client: those of the origins that it has registered.
//!
//! Nothing is ever sent along by the browser itself (no credentials), so a script reads only what it
//! has a token, a code or a secret for.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use scopegate_core::catalog::ClientId;

use super::{App, Failure, Routes};

/// How long a browser may remember that it may ask: ten minutes.
const PREFLIGHT_MAX_AGE: &str = "600";

/// What a script may send; the last one goes with each request of Okta's library for browsers.
const ALLOWED: HeaderValue =
    HeaderValue::from_static("Authorization, Content-Type, X-Okta-User-Agent-Extended");

/// What a script may see besides the body.
const EXPOSED: HeaderValue = HeaderValue::from_static("Retry-After, WWW-Authenticate");

/// Lets the scripts of clients read what these endpoints answer to their own client.
pub(super) fn for_clients(app: &App, routes: Routes) -> Routes {
    let shared = |methods: axum::routing::MethodRouter<App>| {
        methods.options(preflight).layer(from_fn_with_state(app.clone(), share))
    };
    routes.into_iter().map(|(path, methods)| (path, shared(methods))).collect()
}

/// The client that an answer is for.
#[derive(Clone, Debug)]
struct AskedBy(ClientId);

/// Notes for which client an answer is. A [`Failure`] knows it itself.
pub(super) fn asked_by(client: ClientId, mut response: Response) -> Response {
    response.extensions_mut().insert(AskedBy(client));
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

/// Lets the origin of a request read the answer, if the answer is for a client of that origin.
async fn share(State(app): State<App>, request: Request, next: Next) -> Response {
    let origin = request.headers().get(ORIGIN).cloned();
    let mut response = next.run(request).await;
    let may_read = origin.filter(|origin| {
        origin.to_str().is_ok_and(|origin| is_for(&app, &response, origin)) //
    });
    if let Some(origin) = may_read {
        let headers = response.headers_mut();
        headers.append(VARY, HeaderValue::from_static("Origin"));
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
    response
}

/// Tells whether an answer is for a client that has registered the origin. A refusal of nobody in
/// particular is for whichever: a script must see that its token has expired.
fn is_for(app: &App, response: &Response, origin: &str) -> bool {
    let catalog = app.authority().catalog();
    let extensions = response.extensions();
    let answered = extensions.get::<AskedBy>().map(|AskedBy(client)| client);
    let failure = extensions.get::<Arc<Failure>>();
    match answered.or_else(|| failure?.client()) {
        Some(client) => catalog.client(client.as_str()).is_some_and(|client| {
            client.spec.status.is_active() && client.spec.origins.contains(origin)
        }),
        None => failure.is_some() && catalog.has_origin(origin),
    }
}
