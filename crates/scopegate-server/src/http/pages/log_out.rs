//! The question whether a client may sign a person out (RP-Initiated Logout 1.0 §2).

use axum::response::Response;
use http::request::Parts;
use scopegate_core::catalog::ClientId;
use scopegate_core::form::Form;
use scopegate_core::interaction::Goal;
use scopegate_core::people::User;

use super::html::{Csp, Html, page};
use crate::http::app::App;
use crate::http::browser::{Browser, form_token};

/// What the client asked for comes back with the answer, and is checked again.
const KEPT: [&str; 2] = ["post_logout_redirect_uri", "state"];

/// Asks the person. An ID token that was shown stays out of the page: it has said which client asks.
pub(in crate::http) fn ask(
    app: &App,
    parts: &Parts,
    user: &User,
    client: Option<&ClientId>,
    form: &Form,
) -> Response {
    let browser = Browser::of(app, &parts.headers);
    let mut text = Html::new("<p>You are signed in as <strong>")
        .text(&user.login)
        .markup(
            "</strong>. An application asks to sign you out.</p>\n<form method=\"post\" action=\"",
        )
        .text(parts.uri.path())
        .markup("\">\n")
        .hidden("request", &form_token(app, Goal::Account, &browser));
    let client = client.map(|client| ("client_id", client.as_str()));
    let kept = KEPT.into_iter().filter_map(|name| Some((name, form.value(name)?)));
    for (name, value) in client.into_iter().chain(kept) {
        text = text.hidden(name, value);
    }
    let text = text
        .markup("<button>Sign out</button>\n</form>\n<p><a href=\"")
        .text(&app.path("account"))
        .markup("\">Stay signed in</a></p>\n");
    browser.told(app, page("Sign out?", &text, Csp::NoScript))
}
