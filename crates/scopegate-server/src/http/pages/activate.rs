//! The page where a person lets a device in (RFC 8628 §3.3): she types a code, sees what it is for, and
//! allows it or not.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::request::Parts;
use scopegate_core::device::{Activation, ActivationError, DeviceAnswer, UserCode};
use scopegate_core::form::Form;
use scopegate_core::interaction::{Goal, Interaction, InteractionError};
use scopegate_core::people::User;
use scopegate_core::store::Session;

use super::activate_forms::{self, CodeForm, ConfirmForm};
use super::{
    Browser, body, brought_back, failure, form_token, query, see_other, signed_in, to_sign_in,
};
use crate::http::{App, Failure, RequestError};

/// A storage that hangs shall not hang the browsers.
const DECISION_TIME: Duration = Duration::from_secs(20);

/// The longest code that is filled in again, in bytes.
const MAX_CODE: usize = 64;

/// Shows the form for a code. One in the URL is filled in (RFC 8628 §3.3.1), and not looked at yet.
pub(super) async fn show(State(app): State<App>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let browser = Browser::of(&app, &parts.headers);
    let response = match form_for(&app, &parts, &browser).await {
        Ok(response) => response,
        Err(error) => return failure(error),
    };
    browser.told(&app, response)
}

async fn form_for(app: &App, parts: &Parts, browser: &Browser) -> Result<Response, Failure> {
    let form = query(parts)?;
    let typed = typed(&form);
    Ok(match signed_in(app, &parts.headers).await? {
        Some(_) => code_form(app, browser, typed, None),
        None => first_sign_in(app, browser, typed),
    })
}

/// Asks about the device, or does what the person answered.
pub(super) async fn submit(State(app): State<App>, request: Request) -> Response {
    let (parts, content) = request.into_parts();
    let answered = tokio::time::timeout(DECISION_TIME, decide(&app, &parts, content)).await;
    match answered {
        Ok(answered) => answered.unwrap_or_else(failure),
        Err(_) => failure(Failure::new(RequestError::Overdue)),
    }
}

async fn decide(app: &App, parts: &Parts, content: Body) -> Result<Response, Failure> {
    let form = body(parts, content).await?;
    let waiting = brought_back(app, &parts.headers, &form).and_then(of_device)?;
    let browser = Browser::of(app, &parts.headers);
    let answer = match form.value("decision") {
        Some("allow") => Some(DeviceAnswer::Allow),
        Some("deny") => Some(DeviceAnswer::Deny),
        _ => None,
    };
    let Some((session, user)) = signed_in(app, &parts.headers).await? else {
        let shown = waiting.parameter("user_code").unwrap_or_else(|| typed(&form));
        return Ok(first_sign_in(app, &browser, shown));
    };
    let person = Person { app, parts, browser: &browser, session, user };
    match answer {
        Some(answer) => person.answers(&waiting, answer).await,
        None => person.asks(typed(&form)).await,
    }
}

/// Other pages wait for people, too; what they sealed leads nowhere here.
fn of_device(waiting: Interaction) -> Result<Interaction, Failure> {
    match waiting.goal {
        Goal::Activate => Ok(waiting),
        Goal::Account | Goal::Authorize => Err(Failure::new(InteractionError::NotOurs)),
    }
}

/// Where a person goes on who has signed in for this page.
pub(super) fn after_sign_in(app: &App, waiting: &Interaction) -> Response {
    let path = app.path("activate");
    match waiting.parameter("user_code") {
        Some(code) => {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.append_pair("user_code", code);
            see_other(&format!("{path}?{}", query.finish()))
        }
        None => see_other(&path),
    }
}

/// What a person typed, if it is no longer than a code may be.
fn typed(form: &Form) -> &str {
    form.value("user_code").filter(|typed| typed.len() <= MAX_CODE).unwrap_or_default()
}

fn code_form(
    app: &App,
    browser: &Browser,
    user_code: &str,
    problem: Option<&'static str>,
) -> Response {
    let (action, request) = (app.path("activate"), form_token(app, Goal::Activate, browser));
    CodeForm { action: &action, request: &request, user_code, problem }.page()
}

fn first_sign_in(app: &App, browser: &Browser, user_code: &str) -> Response {
    let typed = (!user_code.is_empty()).then(|| ("user_code".to_owned(), user_code.to_owned()));
    to_sign_in(app, &waiting(app, browser, typed))
}

fn waiting(app: &App, browser: &Browser, parameter: Option<(String, String)>) -> Interaction {
    let now = app.authority().clock().now();
    let parameters = parameter.into_iter().collect();
    Interaction::for_page(Goal::Activate, parameters, browser.flow.browser(), now)
}

/// A person in front of her browser.
struct Person<'a> {
    app: &'a App,
    parts: &'a Parts,
    browser: &'a Browser,
    session: Session,
    user: User,
}

impl Person<'_> {
    fn activation<'c>(&'c self, user_code: &'c UserCode) -> Activation<'c> {
        let address = self.app.client_address(self.parts);
        Activation { user_code, session: &self.session, user: &self.user, address }
    }

    /// Shows what the code is for. What is sealed into the form is the code that was looked at, and
    /// who was asked.
    async fn asks(&self, typed: &str) -> Result<Response, Failure> {
        let Self { app, browser, user, .. } = self;
        let Some(code) = UserCode::parse(typed) else {
            return self.once_more(typed, ActivationError::Unknown);
        };
        let question = match app.authority().device_question(&self.activation(&code)).await {
            Ok(question) => question,
            Err(error) => return self.once_more(typed, error),
        };
        let sealed = Interaction {
            asked: Some((user.id.clone(), question.scopes.clone())),
            ..waiting(app, browser, Some(("user_code".to_owned(), code.to_string())))
        };
        let form = ConfirmForm {
            action: &app.path("activate"),
            request: &app.authority().seal(&sealed),
            user_code: &code.to_string(),
            login: &user.login,
            question: &question,
        };
        Ok(form.page())
    }

    /// Does what she answered. It counts only if she is the one who was asked, and for what she was
    /// shown: if it has become more, she is asked again.
    async fn answers(
        &self,
        waiting: &Interaction,
        answer: DeviceAnswer,
    ) -> Result<Response, Failure> {
        let code = waiting.parameter("user_code").and_then(UserCode::parse);
        let shown = waiting.asked.as_ref().filter(|(asked, _)| *asked == self.user.id);
        let Some((code, (_, shown))) = code.zip(shown) else {
            return Err(Failure::new(InteractionError::NotOurs));
        };
        let question = self.app.authority().device_question(&self.activation(&code)).await;
        if question.is_ok_and(|question| !question.scopes.is_subset(shown)) {
            return self.asks(&code.to_string()).await;
        }
        match self.app.authority().answer_device(&self.activation(&code), answer).await {
            Ok(()) => Ok(activate_forms::done(answer)),
            Err(error) => self.once_more("", error),
        }
    }

    /// The form for a code once more, if another code may help.
    fn once_more(&self, typed: &str, error: ActivationError) -> Result<Response, Failure> {
        let may_help = matches!(error, ActivationError::Unknown);
        let refusal = Failure::new(error);
        if !may_help {
            return Err(refusal);
        }
        let problem = Some(refusal.answer().description);
        Ok(refusal.onto(code_form(self.app, self.browser, typed, problem)))
    }
}
