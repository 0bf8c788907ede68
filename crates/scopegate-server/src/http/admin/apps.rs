//! `/api/v1/apps`: clients.

mod body;
mod secrets;

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use schemars::JsonSchema;
use scopegate_core::administration::clients::uses_secret;
use scopegate_core::catalog::{
    Client, ClientId, ClientSecret, ClientSpec, Edit, EntityId, EntityKey, EntityKind, Snapshot,
    Status,
};
use scopegate_core::store::StoreError;
use scopegate_jose::random_token;
use serde::Deserialize;
use zeroize::Zeroizing;

use self::body::AppBody;
use super::ApiError;
use super::body::Body;
use super::caller::Caller;
use super::entity::{self, IfMatch, answer, change, one, put, tag};
use super::filter::Filter;
use super::names::{group_names, logins};
use super::origin::Origin;
use super::page::{self, ListQuery};
use super::parameters::{InPath, InQuery};
use super::row::Row;
use super::scopes::{ManagesApps, ReadsApps};
use super::secret_text::SecretText;
use crate::http::app::App;

/// The name of the resource in messages.
const NAME: &str = "AppInstance";

/// The random bytes of a secret.
const SECRET_LEN: usize = 32;

/// Which clients are listed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
struct AppQuery {
    /// Only clients with this text in their name or id
    #[serde(default)]
    q: Option<String>,
    /// `status eq "ACTIVE"`
    #[serde(default)]
    filter: Option<String>,
    /// The maximum length of the page: 1 to 200
    #[serde(default)]
    #[schemars(range(min = 1, max = 200))]
    limit: Option<usize>,
    /// The cursor of the page
    #[serde(default)]
    after: Option<String>,
}

pub(super) fn rows() -> Vec<Row> {
    let (all, each) = ("/api/v1/apps", "/api/v1/apps/{appId}");
    let mut rows = vec![
        Row::get(all, "List the clients", list).query::<AppQuery>().answers::<Vec<AppBody>>(200),
        Row::post(all, "Create a client; its secret is shown once", create)
            .takes::<AppBody>()
            .answers::<AppBody>(200),
        Row::get(each, "Read a client", read).answers::<AppBody>(200),
        Row::put(each, "Replace a client", replace).takes::<AppBody>().answers::<AppBody>(200),
        Row::delete(each, "Delete a client that is out of use", delete),
        Row::post("/api/v1/apps/{appId}/lifecycle/activate", "Put a client in use", activate)
            .answers_nothing(),
        Row::post(
            "/api/v1/apps/{appId}/lifecycle/deactivate",
            "Put a client out of use; its refresh tokens end",
            deactivate,
        )
        .answers_nothing(),
    ];
    rows.extend(secrets::rows());
    rows
}

/// The client with an id.
fn find<'c>(catalog: &'c Snapshot, id: &str) -> Result<&'c Arc<Client>, ApiError> {
    let found = catalog.client(id).map_err(StoreError::from)?;
    found.ok_or_else(|| ApiError::NotFound(NAME, id.to_owned()))
}

/// The client with an id, if the API may change it.
fn changeable<'c>(catalog: &'c Snapshot, id: &str) -> Result<&'c Arc<Client>, ApiError> {
    let client = find(catalog, id)?;
    match client.spec.admin {
        true => Err(admins_by_command()),
        false => Ok(client),
    }
}

fn admins_by_command() -> ApiError {
    ApiError::NotAllowed(
        "an admin client is made, changed and deleted by `scopegate clients` on the store only"
            .into(),
    )
}

async fn list(
    _: ReadsApps,
    State(app): State<App>,
    origin: Origin,
    InQuery(AppQuery { q, filter, limit, after }): InQuery<AppQuery>,
) -> Result<Response, ApiError> {
    let catalog = app.authority().catalog();
    let query = ListQuery { q, limit, after };
    let status = Filter::parse(filter.as_deref(), &["status"])?;
    let found = catalog.clients().filter(|client| {
        status.matches(|_| status_name(client.spec.status).to_owned())
            && query.matches([client.id.as_str(), client.spec.name.as_str()])
    });
    let (page, next) = query.page(found, |client| client.id.as_str())?;
    let mut shown = Vec::new();
    for client in page {
        shown.push(AppBody::of(&app, &catalog, client, None, &origin).await?);
    }
    page::answer(&origin, &shown, next.as_deref())
}

async fn read(
    _: ReadsApps,
    State(app): State<App>,
    origin: Origin,
    InPath(id): InPath<String>,
) -> Result<Response, ApiError> {
    answered(&app, &app.authority().catalog(), &id, None, &origin).await
}

async fn create(
    _: ManagesApps,
    caller: Caller,
    State(app): State<App>,
    origin: Origin,
    Body(body): Body<AppBody>,
) -> Result<Response, ApiError> {
    let id = body
        .wanted_id()
        .map_or_else(|| EntityId::generate(EntityKind::Client).to_string(), ToOwned::to_owned);
    let id = ClientId::parse(&id).map_err(|why| ApiError::Invalid("client_id", why.to_owned()))?;
    let people = assigned(&app, &body).await?;
    let spec = body.spec(None, people)?;
    let (spec, secret) = with_secret(&app, spec, body.wanted_secret())?;
    let key = EntityKey::client(&id);
    let catalog = change(&app, &caller, |catalog| {
        if catalog.entity(&key).is_some() {
            return Err(ApiError::Invalid("client_id", "there is a client with it".to_owned()));
        }
        Ok(one(put(key.clone(), spec.clone().into())))
    });
    answered(&app, &*catalog.await?, id.as_str(), secret, &origin).await
}

async fn replace(
    _: ManagesApps,
    caller: Caller,
    State(app): State<App>,
    origin: Origin,
    InPath(id): InPath<String>,
    if_match: IfMatch,
    Body(body): Body<AppBody>,
) -> Result<Response, ApiError> {
    if body.wanted_secret().is_some() {
        let why = "add a secret by POST …/credentials/secrets";
        return Err(ApiError::Invalid("credentials.oauthClient.client_secret", why.to_owned()));
    }
    let people = assigned(&app, &body).await?;
    // Made before the change, which may be tried several times. It is kept only if it is needed.
    let made = new_secret(&app);
    let catalog = change(&app, &caller, |catalog| {
        let client = changeable(catalog, &id)?;
        if_match.check(&tag_of(client))?;
        let mut spec = body.spec(Some(&client.spec), people.clone())?;
        match uses_secret(spec.auth) {
            true if spec.secrets.is_empty() => spec.secrets.push(made.1.clone()),
            true => {}
            false => spec.secrets.clear(),
        }
        Ok(one(put(EntityKey::client(&client.id), spec.into())))
    });
    let catalog = catalog.await?;
    let is_new =
        find(&catalog, &id)?.spec.secrets.iter().any(|known| known.is_same_secret(&made.1));
    answered(&app, &catalog, &id, Some(made.0).filter(|_| is_new), &origin).await
}

async fn delete(
    _: ManagesApps,
    caller: Caller,
    State(app): State<App>,
    InPath(id): InPath<String>,
    if_match: IfMatch,
) -> Result<StatusCode, ApiError> {
    let deleting = change(&app, &caller, |catalog| {
        let client = changeable(catalog, &id)?;
        if_match.check(&tag_of(client))?;
        if client.spec.status.is_active() {
            let why = "an active client cannot be deleted: deactivate it first";
            return Err(ApiError::NotAllowed(why.into()));
        }
        Ok(one(Edit::Delete(EntityKey::client(&client.id))))
    });
    deleting.await.map(|_| StatusCode::NO_CONTENT)
}

async fn activate(
    _: ManagesApps,
    caller: Caller,
    State(app): State<App>,
    InPath(id): InPath<String>,
) -> Result<StatusCode, ApiError> {
    set_status(&app, &caller, &id, Status::Active).await
}

async fn deactivate(
    _: ManagesApps,
    caller: Caller,
    State(app): State<App>,
    InPath(id): InPath<String>,
) -> Result<StatusCode, ApiError> {
    set_status(&app, &caller, &id, Status::Inactive).await
}

async fn set_status(
    app: &App,
    caller: &Caller,
    id: &str,
    status: Status,
) -> Result<StatusCode, ApiError> {
    let changing = change(app, caller, |catalog| {
        let client = changeable(catalog, id)?;
        let spec = ClientSpec { status, ..client.spec.clone() };
        Ok(one(put(EntityKey::client(&client.id), spec.into())))
    });
    changing.await.map(|_| StatusCode::NO_CONTENT)
}

/// The users and groups that may use a client, if the body names them.
#[derive(Clone, Debug, Default)]
pub(super) struct Assigned {
    users: Option<std::collections::BTreeSet<String>>,
    groups: Option<std::collections::BTreeSet<String>>,
}

async fn assigned(app: &App, body: &AppBody) -> Result<Assigned, ApiError> {
    let (users, groups) = body.assigned();
    Ok(Assigned {
        users: match users {
            Some(users) => Some(logins(app, users).await?),
            None => None,
        },
        groups: match groups {
            Some(groups) => Some(group_names(app, groups).await?),
            None => None,
        },
    })
}

/// A random secret, and its stored form.
fn new_secret(app: &App) -> (SecretText, ClientSecret) {
    let text = Zeroizing::new(random_token(SECRET_LEN));
    let stored = app.authority().stored_client_secret(&text);
    (SecretText(text), stored)
}

/// Adds a secret to a client that needs one: the chosen one, or a random one, which is shown once.
fn with_secret(
    app: &App,
    spec: ClientSpec,
    chosen: Option<&SecretText>,
) -> Result<(ClientSpec, Option<SecretText>), ApiError> {
    if !uses_secret(spec.auth) {
        return match chosen {
            None => Ok((spec, None)),
            Some(_) => Err(ApiError::Invalid(
                "credentials.oauthClient.client_secret",
                format!("{} has no secret", spec.auth.as_str()),
            )),
        };
    }
    let (shown, stored) = match chosen {
        None => new_secret(app),
        Some(text) => (text.clone(), stored_secret(app, text)?),
    };
    Ok((ClientSpec { secrets: vec![stored], ..spec }, Some(shown)))
}

/// The stored form of a secret that the caller chose.
fn stored_secret(app: &App, SecretText(text): &SecretText) -> Result<ClientSecret, ApiError> {
    let least = ClientSecret::MIN_LENGTH;
    let is_long_enough = text.chars().count() >= least && text.len() <= 1024;
    match is_long_enough && !text.chars().any(char::is_control) {
        true => Ok(app.authority().stored_client_secret(text)),
        false => Err(ApiError::Invalid(
            "client_secret",
            format!("write at least {least} random characters, or leave it out"),
        )),
    }
}

fn tag_of(client: &Client) -> String {
    tag(client.id.as_str(), &client.spec.clone().into())
}

const fn status_name(status: Status) -> &'static str {
    match status {
        Status::Active => "ACTIVE",
        Status::Inactive => "INACTIVE",
    }
}

async fn answered(
    app: &App,
    catalog: &Snapshot,
    id: &str,
    secret: Option<SecretText>,
    origin: &Origin,
) -> Result<Response, ApiError> {
    let client = find(catalog, id)?;
    let body = AppBody::of(app, catalog, client, secret, origin).await?;
    Ok(answer(StatusCode::OK, &tag_of(client), &body))
}

/// The id and the times of a client.
fn stored(catalog: &Snapshot, client: &Client) -> entity::Stored {
    entity::stored(catalog, &EntityKey::client(&client.id))
}
