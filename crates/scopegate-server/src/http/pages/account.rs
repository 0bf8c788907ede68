//! Who is signed in.

use axum::extract::{Request, State};
use axum::response::Response;
use scopegate_core::interaction::{Goal, Interaction};

use super::html::{Csp, Html, page};
use super::{Browser, failure, sign_out, signed_in, to_sign_in};
use crate::http::app::App;

/// Shows who is signed in; whoever is not is led to the sign-in.
pub(super) async fn show(State(app): State<App>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let browser = Browser::of(&app, &parts.headers);
    let response = match signed_in(&app, &parts.headers).await {
        Ok(Some((_, user))) => {
            let text = Html::new("<p>You are signed in as <strong>")
                .text(&user.login)
                .markup("</strong>.</p>\n")
                .html(&sign_out::form(&app, &browser));
            page("Your account", &text, Csp::NoScript)
        }
        Ok(None) => {
            let now = app.authority().clock().now();
            let waiting =
                Interaction::for_page(Goal::Account, Vec::new(), browser.flow.browser(), now);
            to_sign_in(&app, &waiting)
        }
        Err(error) => return failure(error),
    };
    browser.told(&app, response)
}
