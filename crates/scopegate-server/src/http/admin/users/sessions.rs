//! `/api/v1/users/{userId}/sessions` and `/api/v1/users/{userId}/groups`.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use schemars::JsonSchema;
use scopegate_core::store::{SessionId, UserKey};
use serde::Serialize;

use super::find;
use crate::http::admin::ApiError;
use crate::http::admin::caller::Caller;
use crate::http::admin::entity::time_text;
use crate::http::admin::groups::{self, GroupBody};
use crate::http::admin::origin::Origin;
use crate::http::admin::page;
use crate::http::admin::parameters::InPath;
use crate::http::admin::row::Row;
use crate::http::admin::scopes::{EndsSessions, ReadsUsers};
use crate::http::app::App;

/// A session of a user.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Session")]
struct SessionBody {
    id: String,
    user_id: String,
    /// When the user signed in
    created_at: String,
    /// When it was last used, to a minute
    last_seen_at: String,
    /// When it ends if it is not used
    expires_at: String,
    /// How the user authenticated
    amr: Vec<String>,
}

pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::get("/api/v1/users/{userId}/groups", "List the groups of a user", list_groups)
            .answers::<Vec<GroupBody>>(200),
        Row::get("/api/v1/users/{userId}/sessions", "List the sessions of a user", list)
            .answers::<Vec<SessionBody>>(200),
        Row::delete(
            "/api/v1/users/{userId}/sessions",
            "End all sessions and refresh tokens of a user",
            end_all,
        ),
        Row::delete(
            "/api/v1/users/{userId}/sessions/{sessionId}",
            "End a session of a user, and the refresh tokens that began in it",
            end,
        ),
    ]
}

async fn list_groups(
    _: ReadsUsers,
    State(app): State<App>,
    origin: Origin,
    InPath(id): InPath<String>,
) -> Result<Response, ApiError> {
    let (user, catalog) = (find(&app, &id).await?, app.authority().catalog());
    let groups = user.groups.iter();
    let groups: Vec<_> = groups.map(|name| groups::shown(&catalog, name, &origin)).collect();
    page::answer(&origin, &groups, None)
}

async fn list(
    _: ReadsUsers,
    State(app): State<App>,
    origin: Origin,
    InPath(id): InPath<String>,
) -> Result<Response, ApiError> {
    let (user, now) = (find(&app, &id).await?, app.authority().clock().now());
    let sessions = app.authority().store().sessions_of(&user.id).await?;
    let open = sessions.into_iter().filter(|one| now < one.idle_ends_at && now < one.ends_at);
    let shown: Vec<_> = open
        .map(|session| SessionBody {
            id: session.id.as_str().to_owned(),
            user_id: session.user.to_string(),
            created_at: time_text(session.created_at),
            last_seen_at: time_text(session.seen_at),
            expires_at: time_text(session.idle_ends_at.min(session.ends_at)),
            amr: session.auth.amr,
        })
        .collect();
    page::answer(&origin, &shown, None)
}

async fn end_all(
    _: EndsSessions,
    caller: Caller,
    State(app): State<App>,
    InPath(id): InPath<String>,
) -> Result<StatusCode, ApiError> {
    let user = find(&app, &id).await?;
    app.authority().users(&caller.actor).end_sessions(UserKey::Id(&user.id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn end(
    _: EndsSessions,
    caller: Caller,
    State(app): State<App>,
    InPath((id, session)): InPath<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let (user, session) = (find(&app, &id).await?, SessionId::stored(session));
    let users = app.authority().users(&caller.actor);
    users.end_session(UserKey::Id(&user.id), &session).await?;
    Ok(StatusCode::NO_CONTENT)
}
