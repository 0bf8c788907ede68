//! The page on which a user signs in (OpenID Connect Core §3.1.2.3).

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::get;
use http::header::SET_COOKIE;
use http::request::Parts;
use scopegate_core::endpoints::sign_in::{SignIn, SignInError, SignedIn};
use scopegate_core::people::interaction::{Goal, Interaction};
use zeroize::Zeroizing;

use super::app::App;
use super::browser::{query, see_other, waiting_request};
use super::failure::Failure;
use super::in_time::decided_in_time;
use super::pages::sign_in::SignInPage;
use super::pages::{failure, page};
use super::routes::Routes;
use super::{activate, authorize, cookies, form_body};

/// The page on which a user signs in.
pub(super) fn routes(base: &str) -> Routes {
    vec![(format!("{base}/signin"), get(show).post(submit))]
}

/// Shows the form for a request that waits. Without such a request, redirects to the account.
async fn show(State(app): State<App>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let form = match query(&parts) {
        Ok(form) => form,
        Err(error) => return failure(error),
    };
    let Some(sealed) = form.value("request") else { return see_other(&app.path("account")) };
    match waiting_request(&app, &parts.headers, &form) {
        Ok(waiting) => {
            let login = waiting.parameter("login_hint").unwrap_or_default();
            shown(&app, sealed, login, None)
        }
        Err(error) => failure(error),
    }
}

fn shown(app: &App, request: &str, login: &str, problem: Option<&'static str>) -> Response {
    page(&SignInPage { action: &app.path("signin"), request, login, problem })
}

/// Signs the user in and resumes the request that waits.
async fn submit(State(app): State<App>, request: Request) -> Response {
    let (parts, content) = request.into_parts();
    decide(&app, &parts, content).await.unwrap_or_else(failure)
}

async fn decide(app: &App, parts: &Parts, content: Body) -> Result<Response, Failure> {
    let form = form_body::read(&parts.headers, content).await.map_err(Failure::new)?;
    let waiting = waiting_request(app, &parts.headers, &form)?;
    let login = form.value("username").unwrap_or_default();
    let old = cookies::session(&parts.headers, app.scheme());
    let device = cookies::device(&parts.headers, app.scheme());
    let signing_in = app.authority().sign_in(SignIn {
        login,
        password: Zeroizing::new(form.value("password").unwrap_or_default().to_owned()),
        address: app.client_address(parts),
        old: old.as_ref(),
        device: device.as_ref(),
    });
    match decided_in_time(signing_in).await.map_err(Failure::new)? {
        Ok(signed_in) => {
            let mut response = resume(app, parts, waiting, &signed_in).await?;
            let session = cookies::set_session(&signed_in.secret, app.scheme());
            let device = cookies::set_device(&signed_in.device, app.scheme());
            for line in [session, device] {
                response.headers_mut().append(SET_COOKIE, line);
            }
            Ok(response)
        }
        Err(error) => Ok(shown_again(app, form.value("request"), login, error)),
    }
}

/// The form again, with what is wrong.
fn shown_again(app: &App, request: Option<&str>, login: &str, error: SignInError) -> Response {
    let refusal = Failure::new(error);
    let problem = Some(refusal.answer().description);
    refusal.onto(shown(app, request.unwrap_or_default(), login, problem))
}

/// Resumes the request that waits.
async fn resume(
    app: &App,
    parts: &Parts,
    waiting: Interaction,
    signed_in: &SignedIn,
) -> Result<Response, Failure> {
    let waiting = Interaction { signed_in: Some(signed_in.session.auth.at), ..waiting };
    match waiting.goal {
        Goal::Account => Ok(see_other(&app.path("account"))),
        Goal::Authorize => {
            Ok(authorize::resume(app, parts, &waiting, Some(&signed_in.secret)).await)
        }
        Goal::Activate => Ok(activate::after_sign_in(app, &waiting)),
    }
}
