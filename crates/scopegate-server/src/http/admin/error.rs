//! Refused requests of the management API, in Okta's form.

use std::borrow::Cow;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, RETRY_AFTER};
use http::{HeaderName, StatusCode};
use schemars::JsonSchema;
use scopegate_core::administration::api_callers::CallerError;
use scopegate_core::administration::apply::ApplyError;
use scopegate_core::administration::edit_catalog::EditError;
use scopegate_core::administration::plan_over_http::NoPlan;
use scopegate_core::administration::reach::ReachError;
use scopegate_core::administration::users::UserAdminError;
use scopegate_core::explain::CannotTell;
use scopegate_core::keys::KeyOrderError;
use scopegate_core::limits::RetryAfter;
use scopegate_core::store::StoreError;
use scopegate_jose::random_token;
use serde::Serialize;

/// Why a request of the management API is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    /// The path is unknown.
    #[error("there is nothing at this path")]
    UnknownPath,
    /// The path has other methods.
    #[error("the path has other methods")]
    WrongMethod,
    /// There is no such thing.
    #[error("there is no {0} `{1}`")]
    NotFound(&'static str, String),
    /// The body is not JSON, or not of the form of the resource.
    #[error("the body is malformed: {0}")]
    Malformed(String),
    /// The body is not declared as JSON.
    #[error("the body is not application/json")]
    NotJson,
    /// The body is longer than 1 MiB.
    #[error("the body is too long")]
    BodyTooLong,
    /// The body did not arrive in time.
    #[error("the body did not arrive in time")]
    BodyTooSlow,
    /// A member or a parameter has a value that is not allowed.
    #[error("{0}: {1}")]
    Invalid(&'static str, String),
    /// The request is for something that Okta has and this server does not.
    #[error("{0} is not supported: {1}")]
    Unsupported(&'static str, &'static str),
    /// The request is not allowed for the resource in its state.
    #[error("{0}")]
    NotAllowed(Cow<'static, str>),
    /// The resource is not in the state that `If-Match` names.
    #[error("the resource was changed meanwhile")]
    Stale,
    /// The catalog was not changed.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// A user was not changed.
    #[error(transparent)]
    User(#[from] UserAdminError),
    /// The signing keys were not changed.
    #[error(transparent)]
    Keys(#[from] KeyOrderError),
    /// A decision cannot be explained.
    #[error(transparent)]
    Explain(#[from] CannotTell),
    /// It cannot be told who can reach a scope.
    #[error(transparent)]
    Reach(#[from] ReachError),
    /// A catalog file has no plan.
    #[error(transparent)]
    Plan(#[from] NoPlan),
    /// The token gives no access any more.
    #[error(transparent)]
    Caller(#[from] CallerError),
    /// The client sends too many requests.
    #[error("the client sends too many requests")]
    TooMany(RetryAfter),
    /// The request took too long.
    #[error("the request was not decided in time")]
    Overdue,
    /// The storage failed, or a row of it cannot be read.
    #[error(transparent)]
    Storage(#[from] StoreError),
}

/// What the caller learns: status, error code, summary, and causes.
struct Answer {
    status: StatusCode,
    code: &'static str,
    summary: Cow<'static, str>,
    causes: Vec<String>,
    retry_after: Option<u32>,
}

impl Answer {
    fn of(status: u16, code: &'static str, summary: impl Into<Cow<'static, str>>) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, code, summary: summary.into(), causes: Vec::new(), retry_after: None }
    }

    fn because(self, cause: impl Into<String>) -> Self {
        Self { causes: vec![cause.into()], ..self }
    }

    fn after(self, seconds: u32) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    fn invalid(what: &str) -> Self {
        Self::of(400, "E0000001", format!("Api validation failed: {what}"))
    }

    fn forbidden() -> Self {
        Self::of(403, "E0000006", "You do not have permission to perform the requested action")
    }

    fn unavailable() -> Self {
        Self::of(503, "E0000010", "The storage is not available. Try again later.").after(5)
    }
}

impl From<&ApiError> for Answer {
    /// Okta's codes. `SG…` are ours, where Okta has none.
    fn from(error: &ApiError) -> Self {
        let malformed = "The request body was not well-formed.";
        match error {
            ApiError::UnknownPath => Self::of(404, "E0000008", "The requested path was not found"),
            ApiError::WrongMethod => {
                Self::of(405, "E0000022", "The endpoint does not support the provided HTTP method")
            }
            ApiError::NotFound(kind, id) => {
                let summary = format!("Not found: Resource not found: {id} ({kind})");
                Self::of(404, "E0000007", summary)
            }
            ApiError::Malformed(why) => Self::of(400, "E0000003", malformed).because(why.as_str()),
            ApiError::NotJson => {
                let summary = "Bad request. Accept and/or Content-Type headers likely do not match \
                               supported values.";
                Self::of(415, "E0000021", summary).because("write application/json")
            }
            ApiError::BodyTooLong => {
                Self::of(413, "E0000003", malformed).because("a body has at most 1 MiB")
            }
            ApiError::BodyTooSlow => {
                Self::of(408, "E0000003", malformed).because("the body did not arrive in time")
            }
            ApiError::Invalid(what, why) => Self::invalid(what).because(format!("{what}: {why}")),
            ApiError::Unsupported(what, why) => Self::of(400, "E0000060", "Unsupported operation.")
                .because(format!("{what}: {why}")),
            ApiError::NotAllowed(why) => Self::forbidden().because(why.as_ref()),
            ApiError::Stale => {
                let summary = "The resource was changed since it was read: read it again, and \
                               change that.";
                Self::of(412, "SG0000412", summary)
            }
            ApiError::Edit(error) => Self::of_edit(error),
            ApiError::User(error) => Self::of_user(error),
            ApiError::Keys(error) => Self::of_keys(error),
            ApiError::Explain(error) => Self::of_explanation(error),
            ApiError::Reach(error) => match error {
                ReachError::UnknownServer(_) => {
                    Self::of(404, "E0000007", "Not found: Resource not found (AuthorizationServer)")
                }
                ReachError::UnknownClient(_) => {
                    Self::of(404, "E0000007", "Not found: Resource not found (AppInstance)")
                }
                ReachError::UnknownScope { .. } => {
                    Self::invalid("scope").because(error.to_string())
                }
                ReachError::Unreadable(row) => Self::unavailable().because(row.to_string()),
            },
            ApiError::Plan(error) => Self::of_plan(error),
            ApiError::Caller(CallerError::Storage(error)) | ApiError::Storage(error) => {
                Self::of_storage(error)
            }
            ApiError::Caller(CallerError::NoAdmin | CallerError::Revoked) => {
                Self::of(401, "E0000011", "Invalid token provided")
            }
            ApiError::TooMany(wait) => {
                let summary = "API call exceeded rate limit due to too many requests.";
                Self::of(429, "E0000047", summary).after(wait.seconds())
            }
            ApiError::Overdue => Self::unavailable(),
        }
    }
}

impl Answer {
    fn of_edit(error: &EditError) -> Self {
        match error {
            EditError::NotOwned(..) => Self::forbidden().because(error.to_string()),
            EditError::Refused(faults) => {
                let first = faults.kept.first();
                let what = first.map_or_else(String::new, |fault| fault.key.to_string());
                let mut causes: Vec<_> = faults
                    .kept
                    .iter()
                    .map(|fault| match fault.field.is_whole() {
                        true => fault.message.clone(),
                        false => format!("{}: {}", fault.field, fault.message),
                    })
                    .collect();
                if faults.more > 0 {
                    causes.push(format!("and {} more", faults.more));
                }
                Self { causes, ..Self::invalid(&what) }
            }
            EditError::Unreadable(row) => Self::unavailable().because(row.to_string()),
            EditError::Busy => {
                Self::of(409, "SG0000409", "Others changed the same at the same time: try again.")
            }
            EditError::Storage(error) => Self::of_storage(error),
        }
    }

    fn of_user(error: &UserAdminError) -> Self {
        match error {
            UserAdminError::InvalidLogin(_) => Self::invalid("login").because(error.to_string()),
            UserAdminError::LoginTaken => {
                Self::invalid("login").because("login: An object with this field already exists")
            }
            UserAdminError::Unknown => {
                Self::of(404, "E0000007", "Not found: Resource not found (User)")
            }
            UserAdminError::Stale => Self::from(&ApiError::Stale),
            UserAdminError::InvalidProfile(_) => {
                Self::invalid("profile").because(error.to_string())
            }
            UserAdminError::UnknownSession(_) => {
                Self::of(404, "E0000007", "Not found: Resource not found (Session)")
            }
            UserAdminError::Busy(_) => Self::unavailable(),
            UserAdminError::Contested => {
                Self::of(409, "SG0000409", "Others changed the same at the same time: try again.")
            }
            UserAdminError::Storage(error) => Self::of_storage(error),
        }
    }

    fn of_keys(error: &KeyOrderError) -> Self {
        match error {
            KeyOrderError::NotAnAlgorithm(_) => Self::invalid("alg").because(error.to_string()),
            KeyOrderError::UnknownKey => {
                Self::of(404, "E0000007", "Not found: Resource not found (JsonWebKey)")
            }
            KeyOrderError::Contested => {
                Self::of(409, "SG0000409", "Others changed the same at the same time: try again.")
            }
            KeyOrderError::Failed(_) => Self::unavailable(),
        }
    }

    fn of_plan(error: &NoPlan) -> Self {
        match error {
            NoPlan::File(errors) => {
                let problems = errors.problems().iter().take(20);
                let shown = problems.map(|problem| {
                    format!("{}:{}: {}", problem.line, problem.column, problem.message)
                });
                let causes = shown.collect();
                Self { causes, ..Self::invalid("catalog") }
            }
            NoPlan::Apply(ApplyError::Edit(error)) => Self::of_edit(error),
            NoPlan::Apply(ApplyError::Storage(error)) | NoPlan::Storage(error) => {
                Self::of_storage(error)
            }
            NoPlan::Apply(ApplyError::Unreadable(_)) => {
                Self::unavailable().because(error.to_string())
            }
            NoPlan::Apply(
                ApplyError::Older { .. }
                | ApplyError::SameVersion { .. }
                | ApplyError::RolledBack { .. }
                | ApplyError::Changed { .. }
                | ApplyError::Plan(_)
                | ApplyError::Busy,
            ) => Self::of(409, "SG0000409", "The catalog file would be refused.")
                .because(error.to_string()),
        }
    }

    fn of_explanation(error: &CannotTell) -> Self {
        match error {
            CannotTell::UnknownUser(_) => {
                Self::invalid("user").because("user: there is no such user")
            }
            CannotTell::NeedsUser(_) => {
                Self::invalid("user").because("user: the grant is for a user, name one")
            }
            CannotTell::NeedsScopes => Self::invalid("scope")
                .because("scope: a refresh gives the scopes of its family, name them"),
            CannotTell::UnknownDecision(id) => {
                Self::of(404, "E0000007", format!("Not found: Resource not found: {id} (Decision)"))
            }
            CannotTell::NotADecision { .. } => Self::invalid("id").because(error.to_string()),
            CannotTell::NoSignIn(_) | CannotTell::UnknownClass(_) => {
                Self::invalid("acr").because(error.to_string())
            }
            CannotTell::UnknownHook(_) => Self::invalid("hook").because(error.to_string()),
            CannotTell::NotGranted(_) => Self::invalid("scope").because(error.to_string()),
            CannotTell::Storage(error) => Self::of_storage(error),
        }
    }

    fn of_storage(error: &StoreError) -> Self {
        match error {
            StoreError::Unreadable(row) => Self::unavailable().because(row.to_string()),
            _ => Self::unavailable(),
        }
    }
}

/// The body of a refusal, in Okta's form.
#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Error")]
pub(super) struct ErrorBody {
    /// The code of the error.
    error_code: String,
    /// What is wrong.
    error_summary: String,
    /// The code of the error again.
    error_link: String,
    /// The id of this refusal, which is in the log, too.
    error_id: String,
    /// Why, in detail.
    error_causes: Vec<ErrorCause>,
}

/// Why a request is refused, in detail.
#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
struct ErrorCause {
    /// What is wrong, and what to write instead.
    error_summary: String,
}

impl ErrorBody {
    pub(super) fn new(code: &str, summary: &str, causes: Vec<String>) -> Self {
        Self {
            error_code: code.to_owned(),
            error_summary: summary.to_owned(),
            error_link: code.to_owned(),
            error_id: format!("oae{}", random_token(15)),
            error_causes: causes
                .into_iter()
                .map(|error_summary| ErrorCause { error_summary })
                .collect(),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let Answer { status, code, summary, causes, retry_after } = Answer::from(&self);
        let body = ErrorBody::new(code, &summary, causes);
        let (id, reason) = (&body.error_id, &self);
        match status.is_server_error() {
            true => {
                let error = reason as &dyn std::error::Error;
                tracing::warn!(id, error, "a request of the management API failed");
            }
            false => {
                tracing::info!(id, code, %reason, "a request of the management API was refused");
            }
        }
        let mut response = (status, [(CACHE_CONTROL, "no-store")], Json(body)).into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        if status == StatusCode::TOO_MANY_REQUESTS {
            headers.insert(HeaderName::from_static("x-rate-limit-remaining"), 0.into());
        }
        response
    }
}
