//! What the pages know about a browser: its cookies, the request that waits in it, and who is signed in.

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, LOCATION, REFERRER_POLICY, SET_COOKIE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode};
use scopegate_core::error::TokenError;
use scopegate_core::form::Form;
use scopegate_core::interaction::{FlowSecret, Goal, Interaction, InteractionError};
use scopegate_core::people::User;
use scopegate_core::session::SessionSecret;
use scopegate_core::store::Session;

use super::app::App;
use super::failure::{Failure, RequestError};
use super::{cookies, form_body};

/// The longest query, in bytes: it holds a sealed request.
const MAX_QUERY: usize = 52 * 1024;

/// Leads the browser on, by GET whatever it did before (RFC 9700 §4.12).
pub(super) fn see_other(path: &str) -> Response {
    let headers = [
        (LOCATION, HeaderValue::try_from(path).unwrap_or(HeaderValue::from_static("/"))),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// Leads a browser on in which nobody is signed in any more. Its cookie goes, if it showed one: an answer
/// to a request of another site, which comes without, must not take it away.
pub(super) fn signed_out(app: &App, session: Option<&SessionSecret>, path: &str) -> Response {
    let mut response = see_other(path);
    if session.is_some() {
        response.headers_mut().append(SET_COOKIE, cookies::drop_session(app.scheme()));
    }
    response
}

/// Leads a person to the sign-in; afterwards it goes on where the interaction says.
pub(super) fn to_sign_in(app: &App, interaction: &Interaction) -> Response {
    let sealed = app.authority().seal(interaction);
    see_other(&format!("{}?request={sealed}", app.path("signin")))
}

/// By what the browser is known; made if it is not yet.
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

    /// Lets the browser know, if it does not yet.
    pub(super) fn told(&self, app: &App, mut response: Response) -> Response {
        if self.is_new {
            let line = cookies::set_flow(&self.flow, app.scheme());
            response.headers_mut().append(SET_COOKIE, line);
        }
        response
    }
}

/// The request that waits, as the browser brings it back in the parameter `request`.
pub(super) fn brought_back(
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

/// Who is signed in in this browser.
pub(super) async fn signed_in(
    app: &App,
    headers: &HeaderMap,
) -> Result<Option<(Session, User)>, Failure> {
    let Some(secret) = cookies::session(headers, app.scheme()) else { return Ok(None) };
    let found = app.authority().signed_in(&secret).await;
    found.map_err(|error| Failure::new(TokenError::Storage(error)))
}

/// The parameters of the URL.
pub(super) fn query(parts: &Parts) -> Result<Form, Failure> {
    let query = parts.uri.query().unwrap_or_default();
    if query.len() > MAX_QUERY {
        return Err(Failure::new(RequestError::QueryTooLong));
    }
    form_body::parse(query.as_bytes()).map_err(Failure::new)
}

/// Seals what a form of a page brings back, so that it can come from this browser only.
pub(super) fn form_token(app: &App, goal: Goal, browser: &Browser) -> String {
    let now = app.authority().clock().now();
    let waiting = Interaction::for_page(goal, Vec::new(), browser.flow.browser(), now);
    app.authority().seal(&waiting)
}
