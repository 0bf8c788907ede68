//! Cross-origin requests (CORS) to the endpoints of clients. A script may read an answer only if it is
//! for a client that has registered the origin of the script.
//!
//! Cookies are never part of such a request (`Access-Control-Allow-Credentials` is not sent), so that
//! a script reads only what it has a token, a code or a secret for.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use scopegate_core::catalog::ClientId;

use super::app::App;
use super::failure::Failure;

/// How long a browser may remember the answer to a preflight: ten minutes, in seconds.
const PREFLIGHT_MAX_AGE: &str = "600";

/// The headers that a script may send. The last one is in each request of Okta's library for browsers.
const ALLOWED: HeaderValue =
    HeaderValue::from_static("Authorization, Content-Type, X-Okta-User-Agent-Extended");

/// The headers that a script may read besides those that CORS always allows.
const EXPOSED: HeaderValue = HeaderValue::from_static("Retry-After, WWW-Authenticate");

/// Adds the answer to preflight requests.
pub(super) fn with_preflight(methods: MethodRouter<App>) -> MethodRouter<App> {
    methods.options(preflight)
}

/// The client that an answer is for, in the extensions of the answer.
#[derive(Clone, Debug)]
struct ForClient(ClientId);

/// Notes which client an answer is for, if a script asks. [`share`] reads the note. A [`Failure`] needs
/// none, because it names its client itself.
pub(super) fn for_client(
    client: impl FnOnce() -> Option<ClientId>,
    request: &HeaderMap,
    mut response: Response,
) -> Response {
    if request.contains_key(ORIGIN)
        && let Some(client) = client()
    {
        response.extensions_mut().insert(ForClient(client));
    }
    response
}

/// Answers a preflight request. The client is not known yet: an origin that any client has registered
/// may go on.
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

/// The origin of the script that sent a request, if a script sent it.
pub(super) fn origin(request: &Request) -> Option<HeaderValue> {
    request.headers().get(ORIGIN).cloned()
}

/// Lets the script that asked read an answer, if it is for a client of its origin.
///
/// A [`Failure`] that names no client is readable by the origins of all clients: a script must be able
/// to see that its token has expired.
pub(super) fn share(app: &App, origin: Option<HeaderValue>, answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    let Some(origin) = origin else { return response };
    if origin.to_str().is_ok_and(|origin| may_read(app, origin, &response)) {
        let headers = response.headers_mut();
        headers.append(VARY, HeaderValue::from_static("Origin"));
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
    response
}

/// Tells whether an answer is for a client that has registered the origin.
fn may_read(app: &App, origin: &str, response: &Response) -> bool {
    let catalog = app.authority().catalog();
    let extensions = response.extensions();
    let answered = extensions.get::<ForClient>().map(|ForClient(client)| client);
    let failure = extensions.get::<Arc<Failure>>();
    match answered.or_else(|| failure?.client()) {
        Some(client) => catalog.client(client.as_str()).ok().flatten().is_some_and(|client| {
            client.spec.status.is_active() && client.spec.origins.contains(origin)
        }),
        None => failure.is_some() && catalog.has_origin(origin),
    }
}
