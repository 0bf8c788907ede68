//! `/api/v1/authorizationServers/{authServerId}/associatedServers`: servers whose tokens may be exchanged.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use schemars::JsonSchema;
use scopegate_core::catalog::{EntityKey, ServerId, Spec};
use serde::Deserialize;

use super::ApiError;
use super::body::Body;
use super::caller::Caller;
use super::entity::{self, change, one, put};
use super::origin::Origin;
use super::page;
use super::parameters::{InPath, InQuery};
use super::row::Row;
use super::scopes::{ManagesServers, ReadsServers};
use super::servers::{self, ServerBody};
use crate::http::app::App;

/// Which associated servers are listed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct AssociatedQuery {
    /// Whether the servers are listed whose tokens this one accepts, instead of those that accept its tokens
    #[serde(default)]
    trusted: Option<bool>,
    /// Only servers with this text in their name or audience
    #[serde(default)]
    q: Option<String>,
}

/// The servers to associate.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AssociatedServerMediated")]
struct Trusted {
    /// The ids of authorization servers
    trusted: Vec<String>,
}

pub(super) fn rows() -> Vec<Row> {
    let all = "/api/v1/authorizationServers/{authServerId}/associatedServers";
    vec![
        Row::get(all, "List the associated servers", list)
            .query::<AssociatedQuery>()
            .answers::<Vec<ServerBody>>(200),
        Row::post(all, "Trust tokens of other servers", add)
            .takes::<Trusted>()
            .answers::<Vec<ServerBody>>(200),
        Row::delete(
            "/api/v1/authorizationServers/{authServerId}/associatedServers/{associatedServerId}",
            "Trust the tokens of a server no longer",
            remove,
        ),
    ]
}

async fn list(
    _: ReadsServers,
    State(app): State<App>,
    origin: Origin,
    InPath(id): InPath<String>,
    InQuery(query): InQuery<AssociatedQuery>,
) -> Result<Response, ApiError> {
    let catalog = app.authority().catalog();
    let server = entity::server(&catalog, &id)?;
    let is_wanted = |text: &str| {
        let q = query.q.as_deref().unwrap_or_default().to_lowercase();
        text.to_lowercase().contains(&q)
    };
    let associated = catalog.servers().filter(|other| match query.trusted {
        Some(false) => other.spec.trusted_servers.contains(&server.id),
        _ => server.spec.trusted_servers.contains(&other.id),
    });
    let named = associated.filter(|other| {
        is_wanted(&other.spec.name)
            || other.spec.audiences.iter().any(|audience| is_wanted(audience.name.as_str()))
    });
    let mut found: Vec<_> = named.collect();
    found.sort_unstable_by(|one, other| one.id.cmp(&other.id));
    let shown: Vec<_> =
        found.iter().map(|other| servers::shown(&app, &catalog, other, &origin)).collect();
    page::answer(&origin, &shown, None)
}

async fn add(
    _: ManagesServers,
    caller: Caller,
    State(app): State<App>,
    origin: Origin,
    InPath(id): InPath<String>,
    Body(Trusted { trusted }): Body<Trusted>,
) -> Result<Response, ApiError> {
    let ids = trusted
        .iter()
        .map(|id| ServerId::parse(id).map_err(|why| ApiError::Invalid("trusted", why.to_owned())));
    let ids = ids.collect::<Result<Vec<_>, _>>()?;
    let catalog = change(&app, &caller, |catalog| {
        let server = entity::server(catalog, &id)?;
        for id in &ids {
            entity::server(catalog, id.as_str())?;
        }
        let mut spec = server.spec.clone();
        spec.trusted_servers.extend(ids.iter().cloned());
        Ok(one(put(EntityKey::server(&server.id), Spec::Server(spec))))
    });
    let catalog = catalog.await?;
    let shown = ids.iter().filter_map(|id| {
        let server = entity::server(&catalog, id.as_str()).ok()?;
        Some(servers::shown(&app, &catalog, server, &origin))
    });
    page::answer(&origin, &shown.collect::<Vec<_>>(), None)
}

async fn remove(
    _: ManagesServers,
    caller: Caller,
    State(app): State<App>,
    InPath((id, other)): InPath<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let removing = change(&app, &caller, |catalog| {
        let server = entity::server(catalog, &id)?;
        let mut spec = server.spec.clone();
        let before = spec.trusted_servers.len();
        spec.trusted_servers.retain(|trusted| trusted.as_str() != other);
        if spec.trusted_servers.len() == before {
            return Err(ApiError::NotFound("associated AuthorizationServer", other.clone()));
        }
        Ok(one(put(EntityKey::server(&server.id), Spec::Server(spec))))
    });
    removing.await.map(|_| StatusCode::NO_CONTENT)
}
