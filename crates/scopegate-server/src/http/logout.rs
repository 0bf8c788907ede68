//! The logout endpoint (OpenID Connect RP-Initiated Logout 1.0 §2).

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::get;
use http::Method;
use http::header::SET_COOKIE;
use http::request::Parts;
use scopegate_core::catalog::AuthorizationServer;
use scopegate_core::logout::{Logout, LogoutRequest};

use super::asked::Asked;
use super::in_time::decided_in_time;
use super::pages::{self, log_out, see_other};
use super::{App, Failure, Routes, cookies, form_body, on_both, with_effects};

/// The longest query that a form is turned into.
const MAX_QUERY: usize = 8 * 1024;

/// Where clients send browsers to sign a person out.
pub(super) fn routes(base: &str) -> Routes {
    on_both(base, "logout", || with_effects(get(logout).post(logout)))
}

async fn logout(
    State(app): State<App>,
    server: Result<Asked, Failure>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let answered = match server {
        Ok(Asked(server)) => {
            let answered = answer(&app, &server, &parts, body).await;
            answered.map_err(|failure| failure.of_server(&server))
        }
        Err(failure) => Err(failure),
    };
    answered.unwrap_or_else(pages::failure)
}

async fn answer(
    app: &App,
    server: &Arc<AuthorizationServer>,
    parts: &Parts,
    body: Body,
) -> Result<Response, Failure> {
    let session = cookies::session(&parts.headers, app.scheme());
    let (form, agreed) = match parts.method {
        Method::POST => {
            let form = form_body::read(&parts.headers, body).await.map_err(Failure::new)?;
            let agreed = form.value("request").is_some();
            if agreed {
                // It comes from the page that asked, in this browser.
                pages::brought_back(app, &parts.headers, &form)?;
            }
            (form, agreed)
        }
        _ => (pages::query(parts)?, false),
    };
    // The form of another site comes without cookies; it is asked again by GET, with them.
    if parts.method == Method::POST && session.is_none() {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let query = query.extend_pairs(form.pairs()).finish();
        if query.len() <= MAX_QUERY {
            return Ok(see_other(&format!("{}?{query}", parts.uri.path())));
        }
    }
    let request = LogoutRequest {
        server,
        form: &form,
        session: session.as_ref(),
        agreed,
        address: app.client_address(parts),
    };
    let decided = decided_in_time(app.authority().log_out(request)).await.map_err(Failure::new)?;
    Ok(match decided.map_err(Failure::new)? {
        Logout::Ask(user) => log_out::ask(app, parts, &user, &form),
        Logout::Done(goes_to) => done(app, goes_to),
    })
}

/// Leads the browser on: to the client, or to the page that says that nobody is signed in.
fn done(app: &App, goes_to: Option<String>) -> Response {
    let mut response = see_other(&goes_to.unwrap_or_else(|| app.path("signout")));
    response.headers_mut().append(SET_COOKIE, cookies::drop_session(app.scheme()));
    response
}
