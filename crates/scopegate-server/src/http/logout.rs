//! The logout endpoint (OpenID Connect RP-Initiated Logout 1.0 §2).

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::get;
use http::Method;
use http::request::Parts;
use scopegate_core::catalog::{AuthorizationServer, ClientId};
use scopegate_core::directory::User;
use scopegate_core::endpoints::logout::{Logout, LogoutRequest};
use scopegate_core::form::Form;
use scopegate_core::people::interaction::Goal;

use super::app::App;
use super::browser::{Browser, form_token, query, redirect_signed_out, see_other, waiting_request};
use super::failure::{Failure, RequestError};
use super::in_time::decided_in_time;
use super::pages;
use super::pages::session::LogOutPage;
use super::routes::{Routes, on_both, with_effects};
use super::server_in_path::ServerInPath;
use super::{cookies, form_body};

/// The longest form, in bytes. It may have to fit into a URL.
const MAX_FORM: usize = 8 * 1024;

/// The parameters that the form sends back. They are checked again then.
const SENT_BACK: [&str; 2] = ["post_logout_redirect_uri", "state"];

/// The logout endpoint.
pub(super) fn routes(base: &str) -> Routes {
    on_both(base, "logout", || with_effects(get(logout).post(logout)))
}

async fn logout(
    State(app): State<App>,
    server: Result<ServerInPath, Failure>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let answered = match server {
        Ok(ServerInPath(server)) => {
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
            let form = posted(parts, body).await?;
            let agreed = form.value("request").is_some();
            if agreed {
                // Only the page that asked, in this browser, can send it.
                waiting_request(app, &parts.headers, &form)?;
            } else if session.is_none() {
                return Ok(by_get(parts, &form));
            }
            (form, agreed)
        }
        _ => (query(parts)?, false),
    };
    let request = LogoutRequest {
        server,
        form: &form,
        session: session.as_ref(),
        agreed,
        address: app.client_address(parts),
    };
    let decided = decided_in_time(app.authority().log_out(request)).await.map_err(Failure::new)?;
    Ok(match decided.map_err(Failure::new)? {
        Logout::Ask { user, client } => ask(app, parts, &user, client.as_ref(), &form),
        Logout::Done(goes_to) => {
            let path = goes_to.unwrap_or_else(|| app.path("signout"));
            redirect_signed_out(app, session.as_ref(), &path)
        }
    })
}

/// Asks the user. An ID token in the request does not come back with the form: it has already said
/// which client asks.
fn ask(app: &App, parts: &Parts, user: &User, client: Option<&ClientId>, form: &Form) -> Response {
    let browser = Browser::of(app, &parts.headers);
    let request = form_token(app, Goal::Account, &browser);
    let client = client.map(|client| ("client_id", client.as_str()));
    let sent_back = SENT_BACK.into_iter().filter_map(|name| Some((name, form.value(name)?)));
    let hidden: Vec<_> =
        [("request", request.as_str())].into_iter().chain(client).chain(sent_back).collect();
    let page = pages::page(&LogOutPage {
        login: &user.login,
        action: parts.uri.path(),
        hidden: &hidden,
        account: &app.path("account"),
    });
    browser.with_cookie(app, page)
}

/// The form that was sent.
async fn posted(parts: &Parts, body: Body) -> Result<Form, Failure> {
    let bytes = form_body::bytes(&parts.headers, body).await.map_err(Failure::new)?;
    if bytes.len() > MAX_FORM {
        return Err(Failure::new(RequestError::BodyTooLong));
    }
    form_body::parse(&bytes).map_err(Failure::new)
}

/// Redirects the browser to the same request by GET. A browser sends the form of another site
/// without cookies, and a GET with them.
fn by_get(parts: &Parts, form: &Form) -> Response {
    let mut query = form_urlencoded::Serializer::new(String::new());
    let query = query.extend_pairs(form.pairs()).finish();
    see_other(&format!("{}?{query}", parts.uri.path()))
}
