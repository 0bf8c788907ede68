//! What the server knows about a browser: its cookies, the request that waits in it, and who is
//! signed in.

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, LOCATION, REFERRER_POLICY, SET_COOKIE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode};
use scopegate_core::directory::User;
use scopegate_core::error::CallError;
use scopegate_core::form::Form;
use scopegate_core::people::interaction::{FlowSecret, Goal, Interaction, InteractionError};
use scopegate_core::people::session::SessionSecret;
use scopegate_core::store::Session;

use super::app::App;
use super::failure::{Failure, RequestError};
use super::{cookies, form_body};

/// The longest query of a page, in bytes. It holds a sealed request.
const MAX_QUERY: usize = 52 * 1024;

/// Redirects the browser with 303, so that it goes on by GET (RFC 9700 §4.12).
pub(super) fn see_other(path: &str) -> Response {
    let headers = [
        (LOCATION, HeaderValue::try_from(path).unwrap_or(HeaderValue::from_static("/"))),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// Redirects a browser in which nobody is signed in any more. The session cookie is deleted only if
/// the request had one: requests that other sites cause come without it, and must not delete it.
pub(super) fn redirect_signed_out(
    app: &App,
    session: Option<&SessionSecret>,
    path: &str,
) -> Response {
    let mut response = see_other(path);
    if session.is_some() {
        response.headers_mut().append(SET_COOKIE, cookies::drop_session(app.scheme()));
    }
    response
}

/// Redirects to the sign-in. After it the interaction is resumed.
pub(super) fn to_sign_in(app: &App, interaction: &Interaction) -> Response {
    let sealed = app.authority().seal(interaction);
    see_other(&format!("{}?request={sealed}", app.path("signin")))
}

/// The flow cookie of a browser, which binds forms and waiting requests to it. Made if the browser
/// has none.
pub(super) struct Browser {
    pub(super) flow: FlowSecret,
    is_new: bool,
}

impl Browser {
    pub(super) fn of(app: &App, headers: &HeaderMap) -> Self {
        match cookies::flow(headers, app.scheme()) {
            Some(flow) => Self { flow, is_new: false },
            None => Self { flow: FlowSecret::generate(), is_new: true },
        }
    }

    /// Sets the cookie, if it is new.
    pub(super) fn with_cookie(&self, app: &App, mut response: Response) -> Response {
        if self.is_new {
            let line = cookies::set_flow(&self.flow, app.scheme());
            response.headers_mut().append(SET_COOKIE, line);
        }
        response
    }
}

/// Opens the sealed request that waits, from the parameter `request`.
pub(super) fn waiting_request(
    app: &App,
    headers: &HeaderMap,
    form: &Form,
) -> Result<Interaction, Failure> {
    let flow = cookies::flow(headers, app.scheme());
    let opened = match (form.value("request"), flow) {
        (Some(sealed), Some(flow)) => app.authority().open_sealed(sealed, &flow),
        _ => Err(InteractionError::NotOurs),
    };
    opened.map_err(Failure::new)
}

/// The session of this browser, and its user.
pub(super) async fn signed_in(
    app: &App,
    headers: &HeaderMap,
) -> Result<Option<(Session, User)>, Failure> {
    let Some(secret) = cookies::session(headers, app.scheme()) else { return Ok(None) };
    let found = app.authority().signed_in(&secret).await;
    found.map_err(|error| Failure::new(CallError::Storage(error)))
}

/// The parameters in the query of the URL.
pub(super) fn query(parts: &Parts) -> Result<Form, Failure> {
    let query = parts.uri.query().unwrap_or_default();
    if query.len() > MAX_QUERY {
        return Err(Failure::new(RequestError::QueryTooLong));
    }
    form_body::parse(query.as_bytes()).map_err(Failure::new)
}

/// A sealed value for the form of a page. Only this browser can send it back.
pub(super) fn form_token(app: &App, goal: Goal, browser: &Browser) -> String {
    let now = app.authority().clock().now();
    let waiting = Interaction::for_page(goal, Vec::new(), browser.flow.browser(), now);
    app.authority().seal(&waiting)
}
