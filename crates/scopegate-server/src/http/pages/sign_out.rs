//! Signing out: the question, the end of the session, and that nobody is signed in.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::request::Parts;
use scopegate_core::error::TokenError;
use scopegate_core::interaction::Goal;

use super::html::{Csp, Html, page};
use super::{Browser, body, brought_back, failure, form_token, signed_in, signed_out};
use crate::http::app::App;
use crate::http::cookies;
use crate::http::failure::Failure;

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
        Ok(None) => nobody(&app),
        Err(error) => failure(error),
    }
}

/// Ends the session. The form comes from a page of this browser, or nothing ends.
pub(super) async fn submit(State(app): State<App>, request: Request) -> Response {
    let (parts, content) = request.into_parts();
    end(&app, &parts, content).await.unwrap_or_else(failure)
}

async fn end(app: &App, parts: &Parts, content: Body) -> Result<Response, Failure> {
    let form = body(parts, content).await?;
    brought_back(app, &parts.headers, &form)?;
    let session = cookies::session(&parts.headers, app.scheme());
    if let Some(secret) = &session {
        let ended = app.authority().sign_out(secret, app.client_address(parts)).await;
        ended.map_err(|error| Failure::new(TokenError::Storage(error)))?;
    }
    Ok(signed_out(app, session.as_ref(), &app.path("signout")))
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
fn nobody(app: &App) -> Response {
    let text = Html::new("<p>You are signed out.</p>\n<p><a href=\"")
        .text(&app.path("account"))
        .markup("\">Sign in</a></p>\n");
    page("Signed out", &text, Csp::NoScript)
}
