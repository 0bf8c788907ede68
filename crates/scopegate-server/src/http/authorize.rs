//! The authorization endpoint (RFC 6749 §3.1): reads the request of a browser and redirects it.

mod consent;
mod parameters;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::get;
use http::HeaderMap;
use http::request::Parts;
use scopegate_core::endpoints::authorize::{
    AuthorizeRefused, AuthorizeRequest, Authorized, ConsentAnswer, Done, ResponseMode, Return,
};
use scopegate_core::form::Form;
use scopegate_core::people::interaction::Interaction;
use scopegate_core::people::session::SessionSecret;

use self::parameters::Parameters;
use super::app::App;
use super::browser::{Browser, see_other, to_sign_in};
use super::cookies;
use super::failure::Failure;
use super::in_time::decided_in_time;
use super::pages;
use super::pages::form_post::form_post;
use super::routes::{Routes, on_both, with_effects};
use super::server_in_path::ServerInPath;

/// The authorization endpoint and the consent page.
pub(super) fn routes(base: &str) -> Routes {
    let mut routes = on_both(base, "authorize", || with_effects(get(by_query).post(by_form)));
    let consent = with_effects(get(consent::show).post(consent::submit));
    routes.push((format!("{base}/consent"), consent));
    routes
}

/// Answers a request whose parameters are in the query.
async fn by_query(
    State(app): State<App>,
    server: Result<ServerInPath, Failure>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    match (server, parameters::in_query(&parts.uri)) {
        (Ok(ServerInPath(server)), Ok(parameters)) => {
            ask(&app, &server.id, &parts, parameters).await
        }
        (Err(failure), _) => pages::failure(failure),
        (Ok(ServerInPath(server)), Err(failure)) => pages::failure(failure.of_server(&server)),
    }
}

/// Answers a request whose parameters are in a form. A browser sends the form of another site
/// without cookies, so the browser is redirected to the same request by GET, which has them.
async fn by_form(
    State(app): State<App>,
    server: Result<ServerInPath, Failure>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let ServerInPath(server) = match server {
        Ok(server) => server,
        Err(failure) => return pages::failure(failure),
    };
    match parameters::in_form(&parts.headers, body).await {
        Ok(parameters) => match cookies::session(&parts.headers, app.scheme()) {
            Some(_) => ask(&app, &server.id, &parts, parameters).await,
            None => see_other(&format!("{}?{}", parts.uri.path(), parameters.text)),
        },
        Err(failure) => pages::failure(failure.of_server(&server)),
    }
}

/// Decides a new request.
async fn ask(
    app: &App,
    server: &scopegate_core::catalog::ServerId,
    parts: &Parts,
    parameters: Parameters,
) -> Response {
    let Parameters { form, repeated, .. } = parameters;
    let browser = Browser::of(app, &parts.headers);
    let session = cookies::session(&parts.headers, app.scheme());
    let request = AuthorizeRequest {
        server,
        form: &form,
        repeated: &repeated,
        browser: browser.flow.browser(),
        session: session.as_ref(),
        done: Done::default(),
        address: app.client_address(parts),
    };
    let waiting = || {
        let pairs = form.pairs().map(|(name, value)| (name.to_owned(), value.to_owned()));
        let now = app.authority().clock().now();
        Interaction::new(server.clone(), pairs.collect(), browser.flow.browser(), now)
    };
    let response = match decide(app, request).await {
        Ok(authorized) => answer(app, authorized, waiting),
        Err(response) => response,
    };
    browser.with_cookie(app, response)
}

/// Resumes a request that has waited for the user. It is decided again as a whole.
pub(super) async fn resume(
    app: &App,
    parts: &Parts,
    waiting: &Interaction,
    session: Option<&SessionSecret>,
) -> Response {
    match decide_again(app, parts, waiting, session, None).await {
        Ok(authorized) => answer(app, authorized, || waiting.clone()),
        Err(response) => response,
    }
}

/// Decides again a request that has waited for the user.
async fn decide_again(
    app: &App,
    parts: &Parts,
    waiting: &Interaction,
    session: Option<&SessionSecret>,
    consent: Option<ConsentAnswer<'_>>,
) -> Result<Authorized, Response> {
    let pairs = waiting.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let (form, repeated) = Form::collect_noting(pairs).unwrap_or_default();
    let request = AuthorizeRequest {
        server: &waiting.server,
        form: &form,
        repeated: &repeated,
        browser: waiting.browser,
        session,
        done: Done { signed_in: waiting.signed_in, consent },
        address: app.client_address(parts),
    };
    decide(app, request).await
}

/// Lets the core decide, in bounded time. The error is the answer to the browser.
async fn decide(app: &App, request: AuthorizeRequest<'_>) -> Result<Authorized, Response> {
    let authority = app.authority();
    let decided = decided_in_time(authority.authorize(request)).await;
    let AuthorizeRefused { error, back, client, decision } = match decided {
        Ok(Ok(authorized)) => return Ok(authorized),
        Ok(Err(refused)) => refused,
        Err(_) => authority.overdue(&request),
    };
    let failure = Failure::new(error).of_client(client).of_decision(decision);
    let failure = match authority.catalog().server(request.server).ok().flatten() {
        Some(server) => failure.of_server(server),
        None => failure,
    };
    Err(match back {
        Some(back) => {
            let mut response = returned(&back);
            response.extensions_mut().insert(Arc::new(failure));
            response
        }
        None => pages::failure(failure),
    })
}

/// Turns a decision into the answer to the browser.
fn answer(app: &App, authorized: Authorized, waiting: impl FnOnce() -> Interaction) -> Response {
    match authorized {
        Authorized::Return(back) => returned(&back),
        Authorized::SignIn { login_hint } => {
            to_sign_in(app, &waiting().expecting(login_hint.as_deref()))
        }
        Authorized::Consent(_) => {
            let sealed = app.authority().seal(&waiting());
            see_other(&format!("{}?request={sealed}", app.path("consent")))
        }
    }
}

/// Sends the browser to the client with the authorization response. The status is 303, so that a
/// form with a password is not sent on (RFC 9700 §4.12).
fn returned(back: &Return) -> Response {
    match back.mode {
        ResponseMode::Query => see_other(&back.url()),
        ResponseMode::FormPost => form_post(back),
    }
}

/// The session of a browser.
fn session(app: &App, headers: &HeaderMap) -> Option<SessionSecret> {
    cookies::session(headers, app.scheme())
}
