//! The page on which a user connects a device (RFC 8628 §3.3): they type a code, see what it is
//! for, and allow or deny it.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::get;
use http::request::Parts;
use scopegate_claims::ScopeSet;
use scopegate_core::directory::User;
use scopegate_core::endpoints::device::{
    Activation, ActivationError, DeviceAnswer, DeviceOutcome, DeviceQuestion,
};
use scopegate_core::form::Form;
use scopegate_core::grants::device::UserCode;
use scopegate_core::people::interaction::{Goal, Interaction, InteractionError};
use scopegate_core::store::Session;

use super::app::App;
use super::browser::{
    Browser, form_token, query, see_other, signed_in, to_sign_in, waiting_request,
};
use super::failure::Failure;
use super::form_body;
use super::in_time::decided_in_time;
use super::pages::device::{AllowedPage, CodePage, ConfirmPage, DeniedPage};
use super::pages::{failure, page};
use super::routes::Routes;
use super::scope_choice;

/// The longest code that is filled in again, in bytes.
const MAX_CODE: usize = 64;

/// The page on which a user connects a device.
pub(super) fn routes(base: &str) -> Routes {
    vec![(format!("{base}/activate"), get(show).post(submit))]
}

/// Shows the form for a code. A code in the URL is filled in (RFC 8628 §3.3.1) and not checked yet.
async fn show(State(app): State<App>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let browser = Browser::of(&app, &parts.headers);
    let response = match form_for(&app, &parts, &browser).await {
        Ok(response) => response,
        Err(error) => return failure(error),
    };
    browser.with_cookie(&app, response)
}

async fn form_for(app: &App, parts: &Parts, browser: &Browser) -> Result<Response, Failure> {
    let form = query(parts)?;
    let typed = typed(&form);
    Ok(match signed_in(app, &parts.headers).await? {
        Some(_) => code_form(app, browser, typed, None),
        None => first_sign_in(app, browser, typed),
    })
}

/// Shows the question about the device, or does what the user has answered.
async fn submit(State(app): State<App>, request: Request) -> Response {
    let (parts, content) = request.into_parts();
    let answered = decided_in_time(decide(&app, &parts, content)).await;
    match answered {
        Ok(answered) => answered.unwrap_or_else(failure),
        Err(overdue) => failure(Failure::new(overdue)),
    }
}

async fn decide(app: &App, parts: &Parts, content: Body) -> Result<Response, Failure> {
    let form = form_body::read(&parts.headers, content).await.map_err(Failure::new)?;
    let waiting = waiting_request(app, &parts.headers, &form).and_then(of_device)?;
    let browser = Browser::of(app, &parts.headers);
    let Some((session, user)) = signed_in(app, &parts.headers).await? else {
        let shown = waiting.parameter("user_code").unwrap_or_else(|| typed(&form));
        return Ok(first_sign_in(app, &browser, shown));
    };
    let visitor = Visitor { app, parts, browser: &browser, session, user };
    match form.value("decision") {
        Some("allow") => {
            visitor.answer(&waiting, Pressed::Allow(scope_choice::left_out(&form))).await
        }
        Some("deny") => visitor.answer(&waiting, Pressed::Deny).await,
        _ => visitor.ask(typed(&form)).await,
    }
}

/// Refuses a sealed request that belongs to another page.
fn of_device(waiting: Interaction) -> Result<Interaction, Failure> {
    match waiting.goal {
        Goal::Activate => Ok(waiting),
        Goal::Account | Goal::Authorize => Err(Failure::new(InteractionError::NotOurs)),
    }
}

/// Where the browser goes after a sign-in that this page has asked for.
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

/// What the user typed, or nothing if it is longer than a code may be.
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
    page(&CodePage { action: &action, request: &request, user_code, problem })
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

/// The button that the user pressed.
#[derive(Clone, Debug)]
enum Pressed {
    /// The user allows the scopes, except these.
    Allow(ScopeSet),
    Deny,
}

/// The user who is signed in, and their browser.
struct Visitor<'a> {
    app: &'a App,
    parts: &'a Parts,
    browser: &'a Browser,
    session: Session,
    user: User,
}

impl Visitor<'_> {
    fn activation<'c>(&'c self, user_code: &'c UserCode) -> Activation<'c> {
        let address = self.app.client_address(self.parts);
        Activation { user_code, session: &self.session, user: &self.user, address }
    }

    /// Shows what the code is for.
    async fn ask(&self, typed: &str) -> Result<Response, Failure> {
        let Some(code) = UserCode::parse(typed) else {
            return self.code_form_again(typed, ActivationError::Unknown);
        };
        match self.app.authority().device_question(&self.activation(&code)).await {
            Ok(question) => Ok(self.confirm(&code, &question)),
            Err(error) => self.code_form_again(typed, error),
        }
    }

    /// The page with the question. The form contains, sealed, the code, the user who is asked, and
    /// the scopes.
    fn confirm(&self, code: &UserCode, question: &DeviceQuestion) -> Response {
        let Self { app, browser, user, .. } = self;
        let sealed = Interaction {
            asked: Some((user.id.clone(), question.scopes.clone())),
            ..waiting(app, browser, Some(("user_code".to_owned(), code.to_string())))
        };
        page(&ConfirmPage {
            action: &app.path("activate"),
            request: &app.authority().seal(&sealed),
            client: &question.client,
            login: &user.login,
            user_code: &code.to_string(),
            asked_from: question.asked_from,
            scopes: &question.described,
            optional: &scope_choice::offered(question.optional.clone()),
        })
    }

    /// Does what the user has answered. The answer counts only if this user was asked.
    async fn answer(&self, waiting: &Interaction, pressed: Pressed) -> Result<Response, Failure> {
        let code = waiting.parameter("user_code").and_then(UserCode::parse);
        let asked = waiting.asked.as_ref().filter(|(user, _)| *user == self.user.id);
        let (code, (_, shown)) =
            code.zip(asked).ok_or_else(|| Failure::new(InteractionError::NotOurs))?;
        let agreed = match pressed {
            Pressed::Allow(left_out) => Some(shown.difference(&left_out)),
            Pressed::Deny => None,
        };
        let answer = agreed.as_ref().map_or(DeviceAnswer::Deny, DeviceAnswer::Allow);
        match self.app.authority().answer_device(&self.activation(&code), answer).await {
            Ok(DeviceOutcome::Allowed) => Ok(page(&AllowedPage)),
            Ok(DeviceOutcome::Denied) => Ok(page(&DeniedPage)),
            Ok(DeviceOutcome::AskAgain(question)) => Ok(self.confirm(&code, &question)),
            Err(error) => self.code_form_again("", error),
        }
    }

    /// The form for a code again, if another code may help.
    fn code_form_again(&self, typed: &str, error: ActivationError) -> Result<Response, Failure> {
        let may_help = matches!(error, ActivationError::Unknown);
        let refusal = Failure::new(error);
        if !may_help {
            return Err(refusal);
        }
        let problem = Some(refusal.answer().description);
        Ok(refusal.onto(code_form(self.app, self.browser, typed, problem)))
    }
}
