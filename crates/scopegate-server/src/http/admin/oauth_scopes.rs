//! `/api/v1/authorizationServers/{authServerId}/scopes`.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use schemars::JsonSchema;
use scopegate_core::catalog::{
    AuthorizationServer, Consent, Edit, Entity, EntityKey, EntityKind, MetadataPublish, ScopeSpec,
    Snapshot, Spec,
};
use serde::{Deserialize, Serialize};

use super::ApiError;
use super::body::Body;
use super::caller::Caller;
use super::entity::{
    self, IfMatch, Links, answer, by_id, change, link_to_self, new, one, replaced, tag,
};
use super::origin::Origin;
use super::owned::Owned;
use super::page::{self, ListQuery};
use super::parameters::{InPath, InQuery};
use super::row::Row;
use super::scopes::{ManagesServers, ReadsServers};
use crate::http::app::App;

/// The name of the resource in messages.
const NAME: &str = "OAuth2Scope";

/// A scope. Members that only an answer has are ignored in a request.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "OAuth2Scope")]
struct ScopeBody {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("readOnly" = true))]
    id: Option<String>,
    /// The value in `scope`
    name: String,
    /// The title on the consent page
    #[serde(default)]
    display_name: Option<String>,
    /// What users read who are asked for consent
    #[serde(default)]
    description: Option<String>,
    /// Whether users are asked
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("enum" = ["FLEXIBLE", "IMPLICIT", "REQUIRED", null]))]
    consent: Option<Consent>,
    /// Granted to a request without `scope`
    #[serde(default)]
    default: bool,
    /// The user may refuse it and still grant the rest
    #[serde(default)]
    optional: bool,
    /// Whether it is in the metadata
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("enum" = ["ALL_CLIENTS", "NO_CLIENTS", null]))]
    metadata_publish: Option<MetadataPublish>,
    /// Whether it is built in
    #[serde(default)]
    #[schemars(extend("readOnly" = true))]
    system: bool,
    #[serde(default, rename = "_scopegate", skip_serializing_if = "Option::is_none")]
    extras: Option<Owned>,
    #[serde(default, rename = "_links", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("readOnly" = true))]
    links: Option<Links>,
}

impl ScopeBody {
    fn of(catalog: &Snapshot, entity: &Entity, server: &str, origin: &Origin) -> Self {
        let stored = entity::stored(catalog, &entity.key);
        let url = origin.url(&format!("authorizationServers/{server}/scopes/{}", stored.id));
        let spec = match &entity.spec {
            Spec::Scope(spec) => spec.clone(),
            _ => ScopeSpec::default(),
        };
        Self {
            extras: Some(Owned::of(&stored)),
            id: Some(stored.id),
            name: entity.key.name.clone(),
            display_name: Some(spec.display_name),
            description: Some(spec.description),
            consent: Some(spec.consent),
            default: spec.default,
            optional: spec.optional,
            metadata_publish: Some(spec.metadata_publish),
            system: false,
            links: Some(link_to_self(&url)),
        }
    }

    fn key(&self, server: &AuthorizationServer) -> EntityKey {
        EntityKey::of_server(EntityKind::Scope, &server.id, &self.name)
    }

    fn spec(&self) -> Spec {
        Spec::Scope(ScopeSpec {
            display_name: self.display_name.clone().unwrap_or_default(),
            description: self.description.clone().unwrap_or_default(),
            consent: self.consent.unwrap_or_default(),
            default: self.default,
            optional: self.optional,
            metadata_publish: self.metadata_publish.unwrap_or_default(),
        })
    }
}

pub(super) fn rows() -> Vec<Row> {
    let all = "/api/v1/authorizationServers/{authServerId}/scopes";
    let each = "/api/v1/authorizationServers/{authServerId}/scopes/{scopeId}";
    vec![
        Row::get(all, "List the scopes of an authorization server", list)
            .query::<ListQuery>()
            .answers::<Vec<ScopeBody>>(200),
        Row::post(all, "Create a scope", create).takes::<ScopeBody>().answers::<ScopeBody>(201),
        Row::get(each, "Read a scope", read).answers::<ScopeBody>(200),
        Row::put(each, "Replace a scope", replace).takes::<ScopeBody>().answers::<ScopeBody>(200),
        Row::delete(each, "Delete a scope", delete),
    ]
}

async fn list(
    _: ReadsServers,
    State(app): State<App>,
    origin: Origin,
    InPath(server): InPath<String>,
    InQuery(query): InQuery<ListQuery>,
) -> Result<Response, ApiError> {
    let catalog = app.authority().catalog();
    let of_server = entity::server(&catalog, &server)?;
    let keys = catalog.keys_in(EntityKind::Scope, of_server.id.as_str());
    let found = keys.into_iter().filter(|key| query.matches([key.name.as_str()]));
    let (page, next) = query.page(found, |key| key.name.as_str())?;
    let entities = page.iter().filter_map(|key| catalog.entity(key));
    let page: Vec<_> =
        entities.map(|entity| ScopeBody::of(&catalog, &entity, &server, &origin)).collect();
    page::answer(&origin, &page, next.as_deref())
}

async fn read(
    _: ReadsServers,
    State(app): State<App>,
    origin: Origin,
    InPath((server, id)): InPath<(String, String)>,
) -> Result<Response, ApiError> {
    answered(&app.authority().catalog(), &server, &id, &origin)
}

async fn create(
    _: ManagesServers,
    caller: Caller,
    State(app): State<App>,
    origin: Origin,
    InPath(server): InPath<String>,
    Body(body): Body<ScopeBody>,
) -> Result<Response, ApiError> {
    let catalog = change(&app, &caller, |catalog| {
        let key = body.key(entity::server(catalog, &server)?);
        new(catalog, key, body.spec())
    });
    let catalog = catalog.await?;
    let key = body.key(entity::server(&catalog, &server)?);
    let id = entity::entity_id(&catalog, &key);
    let mut response = answered(&catalog, &server, &id, &origin)?;
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}

async fn replace(
    _: ManagesServers,
    caller: Caller,
    State(app): State<App>,
    origin: Origin,
    InPath((server, id)): InPath<(String, String)>,
    if_match: IfMatch,
    Body(body): Body<ScopeBody>,
) -> Result<Response, ApiError> {
    let catalog = change(&app, &caller, |catalog| {
        let of_server = entity::server(catalog, &server)?;
        let before = by_id(catalog, EntityKind::Scope, NAME, of_server, &id)?;
        if_match.check(&tag(&id, &before.spec))?;
        replaced(catalog, &before.key, body.key(of_server), body.spec())
    });
    answered(&*catalog.await?, &server, &id, &origin)
}

async fn delete(
    _: ManagesServers,
    caller: Caller,
    State(app): State<App>,
    InPath((server, id)): InPath<(String, String)>,
    if_match: IfMatch,
) -> Result<StatusCode, ApiError> {
    let deleting = change(&app, &caller, |catalog| {
        let of_server = entity::server(catalog, &server)?;
        let before = by_id(catalog, EntityKind::Scope, NAME, of_server, &id)?;
        if_match.check(&tag(&id, &before.spec))?;
        Ok(one(Edit::Delete(before.key)))
    });
    deleting.await.map(|_| StatusCode::NO_CONTENT)
}

fn answered(
    catalog: &Snapshot,
    server: &str,
    id: &str,
    origin: &Origin,
) -> Result<Response, ApiError> {
    let of_server = entity::server(catalog, server)?;
    let entity = by_id(catalog, EntityKind::Scope, NAME, of_server, id)?;
    let body = ScopeBody::of(catalog, &entity, server, origin);
    Ok(answer(StatusCode::OK, &tag(id, &entity.spec), &body))
}
