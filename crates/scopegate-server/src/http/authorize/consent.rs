//! The consent page: the user lets a client have scopes, or does not.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::request::Parts;
use scopegate_claims::ScopeSet;
use scopegate_core::endpoints::authorize::{Authorized, ConsentAnswer, ConsentQuestion};
use scopegate_core::people::interaction::{Goal, Interaction, InteractionError};

use super::{answer, decide_again, session};
use crate::http::app::App;
use crate::http::browser::{query, waiting_request};
use crate::http::failure::Failure;
use crate::http::form_body;
use crate::http::pages;
use crate::http::pages::consent::ConsentPage;
use crate::http::scope_choice;

/// Asks the user, unless there is nothing left to ask.
pub(super) async fn show(State(app): State<App>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let waiting = query(&parts).and_then(|form| waiting_request(&app, &parts.headers, &form));
    match waiting.and_then(of_client) {
        Ok(waiting) => ask(&app, &parts, waiting, None).await,
        Err(failure) => pages::failure(failure),
    }
}

/// Resumes the request with the user's answer. The answer counts only if this user was asked.
pub(super) async fn submit(State(app): State<App>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    match answered(&app, &parts, body).await {
        Ok((waiting, pressed)) => ask(&app, &parts, waiting, pressed).await,
        Err(failure) => pages::failure(failure),
    }
}

/// The button that the user pressed.
#[derive(Clone, Debug)]
enum Pressed {
    /// The user allows the scopes, except these.
    Allow(ScopeSet),
    Deny,
}

async fn answered(
    app: &App,
    parts: &Parts,
    body: Body,
) -> Result<(Interaction, Option<Pressed>), Failure> {
    let form = form_body::read(&parts.headers, body).await.map_err(Failure::new)?;
    let waiting = waiting_request(app, &parts.headers, &form).and_then(of_client)?;
    let pressed = match form.value("decision") {
        Some("allow") => Some(Pressed::Allow(scope_choice::left_out(&form))),
        Some("deny") => Some(Pressed::Deny),
        _ => None,
    };
    Ok((waiting, pressed))
}

/// Refuses a sealed request that belongs to another page.
fn of_client(waiting: Interaction) -> Result<Interaction, Failure> {
    match waiting.goal {
        Goal::Authorize => Ok(waiting),
        Goal::Account | Goal::Activate => Err(Failure::new(InteractionError::NotOurs)),
    }
}

async fn ask(app: &App, parts: &Parts, waiting: Interaction, pressed: Option<Pressed>) -> Response {
    let asked = waiting.asked.as_ref().zip(pressed);
    let asked = asked.map(|((user, scopes), pressed)| match pressed {
        Pressed::Allow(left_out) => (user, Some(scopes.difference(&left_out))),
        Pressed::Deny => (user, None),
    });
    let consent = asked.as_ref().map(|(user, agreed)| match agreed {
        Some(agreed) => ConsentAnswer::Agreed(user, agreed),
        None => ConsentAnswer::Refused(user),
    });
    let session = session(app, &parts.headers);
    match decide_again(app, parts, &waiting, session.as_ref(), consent).await {
        Ok(Authorized::Consent(question)) => shown(app, waiting, &question),
        Ok(authorized) => answer(app, authorized, || waiting),
        Err(response) => response,
    }
}

fn shown(app: &App, waiting: Interaction, question: &ConsentQuestion) -> Response {
    let ConsentQuestion { client, user, scopes, described, optional, .. } = question;
    let waiting = Interaction { asked: Some((user.id.clone(), scopes.clone())), ..waiting };
    pages::page(&ConsentPage {
        action: &app.path("consent"),
        request: &app.authority().seal(&waiting),
        client,
        login: &user.login,
        scopes: described,
        optional: &scope_choice::offered(optional.clone()),
    })
}
