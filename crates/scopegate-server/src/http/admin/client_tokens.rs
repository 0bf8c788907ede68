//! `/api/v1/authorizationServers/{authServerId}/clients`: the refresh tokens of clients.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use schemars::JsonSchema;
use scopegate_core::catalog::{AuthorizationServer, ClientId, Snapshot};
use scopegate_core::store::{Family, FamilyId};
use serde::Serialize;
use serde_json::json;

use super::ApiError;
use super::caller::Caller;
use super::entity::{self, Links, link_to_self, time_text};
use super::origin::{Origin, segment};
use super::page::{self, ListQuery};
use super::parameters::{InPath, InQuery};
use super::row::Row;
use super::scopes::{ManagesServers, ReadsServers};
use crate::http::app::App;

/// A client with refresh tokens of a server.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "OAuth2Client")]
struct ClientBody {
    /// The id of the client
    client_id: String,
    /// Its name
    client_name: String,
    #[serde(rename = "_links")]
    links: Links,
}

/// A refresh token, which is one family of ours.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "OAuth2RefreshToken")]
struct TokenBody {
    id: String,
    /// Always `ACTIVE`: tokens that have ended are not listed
    status: &'static str,
    created: String,
    /// When it was last used
    last_updated: String,
    /// When it ends if it is not used
    expires_at: String,
    issuer: String,
    client_id: String,
    user_id: String,
    scopes: Vec<String>,
    #[serde(rename = "_links")]
    links: Links,
}

pub(super) fn rows() -> Vec<Row> {
    let tokens = "/api/v1/authorizationServers/{authServerId}/clients/{clientId}/tokens";
    let each = "/api/v1/authorizationServers/{authServerId}/clients/{clientId}/tokens/{tokenId}";
    vec![
        Row::get(
            "/api/v1/authorizationServers/{authServerId}/clients",
            "List the clients that have refresh tokens of an authorization server",
            clients,
        )
        .query::<ListQuery>()
        .answers::<Vec<ClientBody>>(200),
        Row::get(tokens, "List the refresh tokens of a client", list)
            .query::<ListQuery>()
            .answers::<Vec<TokenBody>>(200),
        Row::delete(tokens, "Revoke all refresh tokens of a client", revoke_all),
        Row::get(each, "Read a refresh token", read).answers::<TokenBody>(200),
        Row::delete(each, "Revoke a refresh token", revoke),
    ]
}

async fn clients(
    _: ReadsServers,
    State(app): State<App>,
    origin: Origin,
    InPath(server): InPath<String>,
    InQuery(query): InQuery<ListQuery>,
) -> Result<Response, ApiError> {
    let catalog = app.authority().catalog();
    let of_server = entity::server(&catalog, &server)?;
    let (limit, after) = (query.limit()?, query.after.as_deref().map(ClientId::parse));
    let after = after.transpose().map_err(|why| ApiError::Invalid("after", why.to_owned()))?;
    let (store, now) = (app.authority().store(), app.authority().clock().now());
    let more = u32::try_from(limit + 1).unwrap_or(u32::MAX);
    let mut found = store.clients_with_families(&of_server.id, after.as_ref(), now, more).await?;
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| has_more).map(ToString::to_string);
    let shown: Vec<_> = found
        .iter()
        .map(|id| {
            let name = catalog.client(id.as_str()).ok().flatten();
            let path = format!("authorizationServers/{server}/clients/{}", segment(id.as_str()));
            let tokens = json!({ "href": origin.url(&format!("{path}/tokens")) });
            ClientBody {
                client_id: id.to_string(),
                client_name: name.map_or_else(String::new, |client| client.spec.name.clone()),
                links: Links::from([("tokens".to_owned(), tokens)]),
            }
        })
        .collect();
    page::answer(&origin, &shown, next.as_deref())
}

async fn list(
    _: ReadsServers,
    State(app): State<App>,
    origin: Origin,
    InPath((server, client)): InPath<(String, String)>,
    InQuery(query): InQuery<ListQuery>,
) -> Result<Response, ApiError> {
    let catalog = app.authority().catalog();
    let (of_server, client) = of(&catalog, &server, &client)?;
    let (limit, after) = (query.limit()?, query.after.as_deref().map(FamilyId::parse));
    let after = after.transpose().map_err(|why| ApiError::Invalid("after", why.to_owned()))?;
    let (store, now) = (app.authority().store(), app.authority().clock().now());
    let more = u32::try_from(limit + 1).unwrap_or(u32::MAX);
    let mut found =
        store.families_of_client(&of_server.id, &client, after.as_ref(), now, more).await?;
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| has_more).map(|family| family.id.to_string());
    let shown: Vec<_> = found.iter().map(|family| shown(of_server, family, &origin)).collect();
    page::answer(&origin, &shown, next.as_deref())
}

async fn read(
    _: ReadsServers,
    State(app): State<App>,
    origin: Origin,
    InPath((server, client, id)): InPath<(String, String, String)>,
) -> Result<Response, ApiError> {
    let catalog = app.authority().catalog();
    let (of_server, client) = of(&catalog, &server, &client)?;
    let family = find(&app, of_server, &client, &id).await?;
    Ok(page::whole(&shown(of_server, &family, &origin)))
}

async fn revoke(
    _: ManagesServers,
    caller: Caller,
    State(app): State<App>,
    InPath((server, client, id)): InPath<(String, String, String)>,
) -> Result<StatusCode, ApiError> {
    let catalog = app.authority().catalog();
    let (of_server, client) = of(&catalog, &server, &client)?;
    let family = find(&app, of_server, &client, &id).await?;
    app.authority().end_client_family(&caller.actor, &family).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn revoke_all(
    _: ManagesServers,
    caller: Caller,
    State(app): State<App>,
    InPath((server, client)): InPath<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let catalog = app.authority().catalog();
    let (of_server, client) = of(&catalog, &server, &client)?;
    app.authority().end_client_families(&caller.actor, &of_server.id, &client).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The server and the client of a path.
fn of<'c>(
    catalog: &'c Snapshot,
    server: &str,
    client: &str,
) -> Result<(&'c AuthorizationServer, ClientId), ApiError> {
    let server = entity::server(catalog, server)?;
    let unknown = || ApiError::NotFound("OAuth2Client", client.to_owned());
    let id = ClientId::parse(client).map_err(|_| unknown())?;
    Ok((server, id))
}

async fn find(
    app: &App,
    server: &AuthorizationServer,
    client: &ClientId,
    id: &str,
) -> Result<Family, ApiError> {
    let unknown = || ApiError::NotFound("OAuth2RefreshToken", id.to_owned());
    let id = FamilyId::parse(id).map_err(|_| unknown())?;
    let found = app.authority().client_family(&server.id, client, &id).await?;
    found.ok_or_else(unknown)
}

fn shown(server: &AuthorizationServer, family: &Family, origin: &Origin) -> TokenBody {
    let client = segment(family.client.as_str());
    let path = format!("authorizationServers/{}/clients/{client}/tokens/{}", server.id, family.id);
    TokenBody {
        id: family.id.to_string(),
        status: "ACTIVE",
        created: time_text(family.body.began_at),
        last_updated: time_text(family.rotated_at),
        expires_at: time_text(family.idle_ends_at.min(family.ends_at)),
        issuer: server.issuer.to_string(),
        client_id: family.client.to_string(),
        user_id: family.user.to_string(),
        scopes: family.body.scopes.iter().map(str::to_owned).collect(),
        links: link_to_self(&origin.url(&path)),
    }
}
