//! The page on which a user signs out.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::get;
use http::request::Parts;
use scopegate_core::error::CallError;
use scopegate_core::people::interaction::Goal;

use super::app::App;
use super::browser::{Browser, form_token, redirect_signed_out, signed_in, waiting_request};
use super::failure::Failure;
use super::pages::session::{SignOutPage, SignedOutPage};
use super::pages::{failure, page};
use super::routes::Routes;
use super::{cookies, form_body};

/// The page on which a user signs out.
pub(super) fn routes(base: &str) -> Routes {
    vec![(format!("{base}/signout"), get(show).post(submit))]
}

/// Asks whether to sign out, or says that nobody is signed in.
async fn show(State(app): State<App>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let browser = Browser::of(&app, &parts.headers);
    match signed_in(&app, &parts.headers).await {
        Ok(Some((_, user))) => {
            let request = form_token(&app, Goal::Account, &browser);
            let action = app.path("signout");
            let page =
                page(&SignOutPage { login: &user.login, action: &action, request: &request });
            browser.with_cookie(&app, page)
        }
        Ok(None) => page(&SignedOutPage { account: &app.path("account") }),
        Err(error) => failure(error),
    }
}

/// Ends the session, if the form comes from a page in this browser.
async fn submit(State(app): State<App>, request: Request) -> Response {
    let (parts, content) = request.into_parts();
    end(&app, &parts, content).await.unwrap_or_else(failure)
}

async fn end(app: &App, parts: &Parts, content: Body) -> Result<Response, Failure> {
    let form = form_body::read(&parts.headers, content).await.map_err(Failure::new)?;
    waiting_request(app, &parts.headers, &form)?;
    let session = cookies::session(&parts.headers, app.scheme());
    if let Some(secret) = &session {
        let ended = app.authority().sign_out(secret, app.client_address(parts)).await;
        ended.map_err(|error| Failure::new(CallError::Storage(error)))?;
    }
    Ok(redirect_signed_out(app, session.as_ref(), &app.path("signout")))
}
