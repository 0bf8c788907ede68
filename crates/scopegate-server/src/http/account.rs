//! The page that shows who is signed in.

use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::get;
use scopegate_core::people::interaction::{Goal, Interaction};

use super::app::App;
use super::browser::{Browser, form_token, signed_in, to_sign_in};
use super::pages::session::AccountPage;
use super::pages::{failure, page};
use super::routes::Routes;

/// The page that shows who is signed in.
pub(super) fn routes(base: &str) -> Routes {
    vec![(format!("{base}/account"), get(show))]
}

/// Shows who is signed in. If nobody is, redirects to the sign-in.
async fn show(State(app): State<App>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let browser = Browser::of(&app, &parts.headers);
    let response = match signed_in(&app, &parts.headers).await {
        Ok(Some((_, user))) => {
            let request = form_token(&app, Goal::Account, &browser);
            let action = app.path("signout");
            page(&AccountPage { login: &user.login, action: &action, request: &request })
        }
        Ok(None) => {
            let now = app.authority().clock().now();
            let waiting =
                Interaction::for_page(Goal::Account, Vec::new(), browser.flow.browser(), now);
            to_sign_in(&app, &waiting)
        }
        Err(error) => return failure(error),
    };
    browser.with_cookie(&app, response)
}
