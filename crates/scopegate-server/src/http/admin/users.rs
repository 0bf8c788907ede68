//! `/api/v1/users`.

mod body;
mod sessions;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use schemars::JsonSchema;
use scopegate_core::administration::users::{Newcomer, UserEdit};
use scopegate_core::catalog::{Status, UserId};
use scopegate_core::directory::{Listed, Profile, User};
use scopegate_core::people::passwords::Password;
use scopegate_core::store::UserKey;
use serde::Deserialize;
use serde_json::{Value, json};

use self::body::UserBody;
use super::ApiError;
use super::body::Body;
use super::caller::Caller;
use super::entity::{IfMatch, answer, tag_of};
use super::filter::Filter;
use super::names::group_names;
use super::origin::Origin;
use super::page::{self, ListQuery};
use super::parameters::{InPath, InQuery};
use super::row::Row;
use super::scopes::{ManagesUsers, ReadsUsers};
use crate::http::app::App;

/// The name of the resource in messages.
const NAME: &str = "User";

/// Users that are read at once, and that one request reads at most. A page may be shorter than asked for.
const PAGE: u32 = 200;
const MOST_READ: usize = 10_000;

/// Which users are listed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
struct UserQuery {
    /// Only users with this text in their login, name or email
    #[serde(default)]
    q: Option<String>,
    /// `status eq "ACTIVE"`, `profile.login eq "…"` or `profile.email eq "…"`, joined by `and`
    #[serde(default)]
    filter: Option<String>,
    /// The same as `filter`
    #[serde(default)]
    search: Option<String>,
    /// The maximum length of the page: 1 to 200
    #[serde(default)]
    #[schemars(range(min = 1, max = 200))]
    limit: Option<usize>,
    /// The cursor of the page
    #[serde(default)]
    after: Option<String>,
}

/// How a user is created.
#[derive(Debug, Default, Deserialize, JsonSchema)]
struct CreateQuery {
    /// Always true: a user is active at once
    #[serde(default)]
    activate: Option<bool>,
}

pub(super) fn rows() -> Vec<Row> {
    let (all, each) = ("/api/v1/users", "/api/v1/users/{userId}");
    let mut rows = vec![
        Row::get(all, "List the users", list).query::<UserQuery>().answers::<Vec<UserBody>>(200),
        Row::post(all, "Create a user", create)
            .query::<CreateQuery>()
            .takes::<UserBody>()
            .answers::<UserBody>(200),
        Row::get(each, "Read a user, by id or login", read).answers::<UserBody>(200),
        Row::post(each, "Change some attributes of a user", update)
            .takes::<UserBody>()
            .answers::<UserBody>(200),
        Row::put(each, "Replace the profile of a user", replace)
            .takes::<UserBody>()
            .answers::<UserBody>(200),
        Row::delete(each, "Deactivate a user, or delete one who is not active", delete),
    ];
    rows.extend([
        Row::post(
            "/api/v1/users/{userId}/lifecycle/activate",
            "Let a user sign in again",
            activate,
        ),
        Row::post(
            "/api/v1/users/{userId}/lifecycle/unsuspend",
            "Let a user sign in again",
            activate,
        ),
        Row::post(
            "/api/v1/users/{userId}/lifecycle/deactivate",
            "Let a user sign in no longer; their sessions and tokens end",
            deactivate,
        ),
        Row::post(
            "/api/v1/users/{userId}/lifecycle/suspend",
            "Let a user sign in no longer; their sessions and tokens end",
            deactivate,
        ),
    ]);
    rows.extend(sessions::rows());
    rows
}

/// The user with an id or a login.
pub(super) async fn find(app: &App, id_or_login: &str) -> Result<User, ApiError> {
    let id = UserId::parse(id_or_login);
    let by = id.as_ref().map_or(UserKey::Login(id_or_login), UserKey::Id);
    let found = app.authority().store().user(by).await?;
    found.ok_or_else(|| ApiError::NotFound(NAME, id_or_login.to_owned()))
}

async fn list(
    _: ReadsUsers,
    State(app): State<App>,
    origin: Origin,
    InQuery(UserQuery { q, filter, search, limit, after }): InQuery<UserQuery>,
) -> Result<Response, ApiError> {
    let query = ListQuery { q, limit, after };
    let limit = query.limit()?;
    let attributes = ["status", "profile.login", "profile.email"];
    let filter = Filter::parse(filter.or(search).as_deref(), &attributes)?;
    let is_wanted = |user: &User| {
        let email = text(user, "email");
        let value = |name: &str| match name {
            "status" => body::status_name(user.status).to_owned(),
            "profile.login" => user.login.clone(),
            _ => email.clone(),
        };
        let names = [
            user.login.clone(),
            email.clone(),
            text(user, "name"),
            text(user, "given_name"),
            text(user, "family_name"),
        ];
        filter.matches(value) && query.matches(names.iter().map(String::as_str))
    };
    if let Some(login) = filter.value("profile.login") {
        let found = app.authority().store().user(UserKey::Login(login)).await?;
        let found = found.filter(|user| user.login == login && is_wanted(user));
        let shown: Vec<_> = found.iter().map(|user| UserBody::of(user, &origin)).collect();
        return page::answer(&origin, &shown, None);
    }
    let (mut shown, mut cursor, mut read) = (Vec::new(), query.after.clone(), 0);
    loop {
        let batch = app.authority().store().users(cursor.as_deref(), PAGE).await?;
        let is_last = batch.len() < PAGE as usize;
        for listed in batch {
            if shown.len() == limit {
                return page::answer(&origin, &shown, cursor.as_deref());
            }
            cursor = Some(listed.login().to_owned());
            read += 1;
            if let Listed::User(user) = &listed
                && is_wanted(user)
            {
                shown.push(UserBody::of(user, &origin));
            }
        }
        if is_last {
            return page::answer(&origin, &shown, None);
        }
        if read >= MOST_READ {
            return page::answer(&origin, &shown, cursor.as_deref());
        }
    }
}

fn text(user: &User, attribute: &str) -> String {
    let value = user.profile.attribute(attribute).and_then(Value::as_str);
    value.unwrap_or_default().to_owned()
}

async fn read(
    _: ReadsUsers,
    State(app): State<App>,
    origin: Origin,
    InPath(id): InPath<String>,
) -> Result<Response, ApiError> {
    Ok(answered(&find(&app, &id).await?, &origin))
}

async fn create(
    _: ManagesUsers,
    caller: Caller,
    State(app): State<App>,
    origin: Origin,
    InQuery(CreateQuery { activate }): InQuery<CreateQuery>,
    Body(body): Body<UserBody>,
) -> Result<Response, ApiError> {
    if activate == Some(false) {
        return Err(ApiError::Unsupported("activate", "a user is active at once"));
    }
    let login =
        body.login().ok_or_else(|| ApiError::Invalid("profile.login", "it is missing".into()))?;
    let profile = Profile::collect(body.attributes());
    let newcomer = Newcomer {
        login: login.to_owned(),
        groups: group_names(&app, body.groups()).await?,
        profile: profile.map_err(|why| ApiError::Invalid("profile", why.to_owned()))?,
        password: password(&body)?,
    };
    let user = app.authority().users(&caller.actor).create(newcomer).await?;
    Ok(answered(&user, &origin))
}

fn password(body: &UserBody) -> Result<Option<Password>, ApiError> {
    let Some(text) = body.password() else { return Ok(None) };
    let chosen = Password::chosen(text.0.clone());
    chosen.map(Some).map_err(|why| ApiError::Invalid("credentials.password.value", why.to_string()))
}

async fn update(
    _: ManagesUsers,
    caller: Caller,
    State(app): State<App>,
    origin: Origin,
    InPath(id): InPath<String>,
    if_match: IfMatch,
    Body(body): Body<UserBody>,
) -> Result<Response, ApiError> {
    let edit = UserEdit {
        login: body.login().map(str::to_owned),
        set: body.attributes().filter(|(_, value)| !value.is_null()).collect(),
        unset: body
            .attributes()
            .filter(|(_, value)| value.is_null())
            .map(|(name, _)| name)
            .collect(),
    };
    write(&app, &caller, &id, &if_match, &body, |_| edit.clone(), &origin).await
}

async fn replace(
    _: ManagesUsers,
    caller: Caller,
    State(app): State<App>,
    origin: Origin,
    InPath(id): InPath<String>,
    if_match: IfMatch,
    Body(body): Body<UserBody>,
) -> Result<Response, ApiError> {
    let edit = |user: &User| {
        let set: std::collections::BTreeMap<_, _> =
            body.attributes().filter(|(_, value)| !value.is_null()).collect();
        let gone = user.profile.attributes().keys().filter(|name| !set.contains_key(*name));
        UserEdit { login: body.login().map(str::to_owned), unset: gone.cloned().collect(), set }
    };
    write(&app, &caller, &id, &if_match, &body, edit, &origin).await
}

async fn write(
    app: &App,
    caller: &Caller,
    id: &str,
    if_match: &IfMatch,
    body: &UserBody,
    edit: impl Fn(&User) -> UserEdit,
    origin: &Origin,
) -> Result<Response, ApiError> {
    let (password, user) = (password(body)?, find(app, id).await?);
    if_match.check(&tag(&user))?;
    let expected = if_match.is_given().then_some(user.version);
    let users = app.authority().users(&caller.actor);
    let by = UserKey::Id(&user.id);
    let mut user = users.expecting(expected).edit(by, &edit(&user)).await?;
    if let Some(password) = password {
        user = users.set_password(UserKey::Id(&user.id), password).await?;
    }
    Ok(answered(&user, origin))
}

/// Okta's two steps: the first DELETE deactivates, the second one deletes.
async fn delete(
    _: ManagesUsers,
    caller: Caller,
    State(app): State<App>,
    InPath(id): InPath<String>,
    if_match: IfMatch,
) -> Result<StatusCode, ApiError> {
    let user = find(&app, &id).await?;
    if_match.check(&tag(&user))?;
    let users = app.authority().users(&caller.actor).expecting(Some(user.version));
    match user.status {
        Status::Active => users.set_status(UserKey::Id(&user.id), Status::Inactive).await?,
        Status::Inactive => users.delete(UserKey::Id(&user.id)).await?,
    };
    Ok(StatusCode::NO_CONTENT)
}

async fn activate(
    _: ManagesUsers,
    caller: Caller,
    State(app): State<App>,
    InPath(id): InPath<String>,
) -> Result<Response, ApiError> {
    set_status(&app, &caller, &id, Status::Active).await
}

async fn deactivate(
    _: ManagesUsers,
    caller: Caller,
    State(app): State<App>,
    InPath(id): InPath<String>,
) -> Result<Response, ApiError> {
    set_status(&app, &caller, &id, Status::Inactive).await
}

async fn set_status(
    app: &App,
    caller: &Caller,
    id: &str,
    status: Status,
) -> Result<Response, ApiError> {
    let user = find(app, id).await?;
    app.authority().users(&caller.actor).set_status(UserKey::Id(&user.id), status).await?;
    // Okta answers with an empty object.
    Ok(page::whole(&json!({})))
}

fn tag(user: &User) -> String {
    tag_of(&[user.id.as_str(), &user.version.to_string()])
}

fn answered(user: &User, origin: &Origin) -> Response {
    answer(StatusCode::OK, &tag(user), &UserBody::of(user, origin))
}
