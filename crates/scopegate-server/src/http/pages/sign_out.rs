//! Signing out: the question, the end of the session, and that nobody is signed in.

use axum::extract::{Request, State};
use axum::response::Response;
use http::header::SET_COOKIE;
use http::request::Parts;
use scopegate_core::error::TokenError;
use scopegate_core::interaction::Goal;

use super::html::{Csp, Html, page};
use super::{Browser, body, brought_back, failure, form_token, see_other, signed_in};
use crate::http::{App, Failure, cookies};

/// Asks whether to sign out, or says that nobody is signed in.
pub(super) async fn show(State(app): State<App>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let browser = Browser::of(&app, &parts.headers);
    match signed_in(&app, &parts.headers).await {
        Ok(Some((_, user))) => {
            let text = Html::new("<p>You are signed in as <strong>")
                .text(&user.login)
                .markup("</strong>.</p>\n")
                .html(&form(&app, &browser));
            browser.told(&app, page("Sign out?", &text, Csp::NoScript))
        }
        Ok(None) => signed_out(&app),
        Err(error) => failure(error),
    }
}

/// Ends the session. The form comes from a page of this browser, or nothing ends.
pub(super) async fn submit(State(app): State<App>, request: Request) -> Response {
    let (parts, content) = request.into_parts();
    match end(&app, &parts, content).await {
        Ok(()) => {
            let mut response = see_other(&app.path("signout"));
            response.headers_mut().append(SET_COOKIE, cookies::drop_session(app.scheme()));
            response
        }
        Err(error) => failure(error),
    }
}

async fn end(app: &App, parts: &Parts, content: axum::body::Body) -> Result<(), Failure> {
    let form = body(parts, content).await?;
    brought_back(app, &parts.headers, &form)?;
    if let Some(secret) = cookies::session(&parts.headers, app.scheme()) {
        let ended = app.authority().sign_out(&secret, app.client_address(parts)).await;
        ended.map_err(|error| Failure::new(TokenError::Storage(error)))?;
    }
    Ok(())
}

/// The button that ends the session.
pub(super) fn form(app: &App, browser: &Browser) -> Html {
    Html::new("<form method=\"post\" action=\"")
        .text(&app.path("signout"))
        .markup("\">\n")
        .hidden("request", &form_token(app, Goal::Account, browser))
        .markup("<button>Sign out</button>\n</form>\n")
}

/// Says that nobody is signed in.
fn signed_out(app: &App) -> Response {
    let text = Html::new("<p>You are signed out.</p>\n<p><a href=\"")
        .text(&app.path("account"))
        .markup("\">Sign in</a></p>\n");
    page("Signed out", &text, Csp::NoScript)
}
