//! What all entities of the catalog have in common: ids, times, owners, entity tags.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, ETAG, IF_MATCH};
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use scopegate_claims::UnixTime;
use scopegate_core::administration::edit_catalog::Decided;
use scopegate_core::catalog::{
    AuthorizationServer, Edit, Entity, EntityId, EntityKey, EntityKind, Owner, Snapshot, Spec,
};
use scopegate_core::explain::show_time;
use scopegate_core::store::StoreError;
use scopegate_jose::{base64url, sha256};
use serde::Serialize;
use serde_json::{Value, json};

use super::ApiError;
use super::caller::Caller;
use crate::http::app::App;
use crate::http::in_time::decided_in_time;

/// The members of `_links`.
pub(super) type Links = BTreeMap<String, Value>;

/// The link of a resource to itself.
pub(super) fn link_to_self(url: &str) -> Links {
    Links::from([("self".to_owned(), json!({ "href": url }))])
}

/// The text of a time, as Okta writes it.
pub(super) fn time_text(time: UnixTime) -> String {
    show_time(time)
}

/// A custom authorization server, active or not.
pub(super) fn server<'c>(
    catalog: &'c Snapshot,
    id: &str,
) -> Result<&'c Arc<AuthorizationServer>, ApiError> {
    let found = catalog.custom_server(id).map_err(StoreError::from)?;
    found.ok_or_else(|| ApiError::NotFound("AuthorizationServer", id.to_owned()))
}

/// What the storage has beside the spec of an entity.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) id: String,
    pub(super) created: Option<String>,
    pub(super) last_updated: Option<String>,
    pub(super) owner: String,
}

/// What the storage has beside the spec of an entity.
pub(super) fn stored(catalog: &Snapshot, key: &EntityKey) -> Stored {
    let record = catalog.record(key);
    let owner = catalog.entity(key).map_or(Owner::Api, |entity| entity.owner);
    Stored {
        id: entity_id(catalog, key),
        created: record.and_then(|record| record.created_at).map(time_text),
        last_updated: record.and_then(|record| record.updated_at).map(time_text),
        owner: owner.as_str().to_owned(),
    }
}

/// The id of an entity. It does not follow from its name.
pub(super) fn entity_id(catalog: &Snapshot, key: &EntityKey) -> String {
    let record = catalog.record(key);
    record.map_or_else(|| EntityId::derived(key).to_string(), |record| record.id.to_string())
}

/// The entity of a kind with an id, in a server.
pub(super) fn by_id(
    catalog: &Snapshot,
    kind: EntityKind,
    name: &'static str,
    server: &AuthorizationServer,
    id: &str,
) -> Result<Entity, ApiError> {
    let keys = catalog.keys_in(kind, server.id.as_str());
    let key = keys.into_iter().find(|key| entity_id(catalog, key) == id);
    let entity = key.and_then(|key| catalog.entity(&key));
    entity.ok_or_else(|| ApiError::NotFound(name, id.to_owned()))
}

/// The entity tag of an entity: a hash of its spec.
pub(super) fn tag(id: &str, spec: &Spec) -> String {
    tag_of(&[id, &spec.to_json()])
}

/// The entity tag of some texts.
pub(super) fn tag_of(parts: &[&str]) -> String {
    let hash = sha256(parts.join("\0").as_bytes());
    format!("\"{}\"", base64url::encode(&hash[..16]))
}

/// The state that the caller expects, from `If-Match` (RFC 9110 §13.1.1). `None`: any.
#[derive(Clone, Debug)]
pub(super) struct IfMatch(Option<String>);

impl FromRequestParts<App> for IfMatch {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, ApiError> {
        let lines = parts.headers.get_all(IF_MATCH).iter();
        let lines: Result<Vec<_>, _> = lines.map(HeaderValue::to_str).collect();
        let lines =
            lines.map_err(|_| ApiError::Invalid("If-Match", "write an entity tag".into()))?;
        Ok(Self((!lines.is_empty()).then(|| lines.join(","))))
    }
}

impl IfMatch {
    /// Refuses a request for another state than this one.
    pub(super) fn check(&self, tag: &str) -> Result<(), ApiError> {
        let Some(named) = &self.0 else { return Ok(()) };
        match named.split(',').map(str::trim).any(|named| named == "*" || named == tag) {
            true => Ok(()),
            false => Err(ApiError::Stale),
        }
    }

    /// Tells whether the caller names a state.
    pub(super) fn is_given(&self) -> bool {
        self.0.is_some()
    }
}

/// A resource as an answer, with its entity tag.
pub(super) fn answer<T: Serialize>(status: StatusCode, tag: &str, body: &T) -> Response {
    let headers = [(ETAG, tag), (CACHE_CONTROL, "no-store")];
    (status, headers, Json(body)).into_response()
}

/// Puts an entity that belongs to the API.
pub(super) fn put(key: EntityKey, spec: Spec) -> Edit {
    Edit::Put(Entity { key, owner: Owner::Api, spec })
}

/// A new entity. One with the same key must not be there.
pub(super) fn new(catalog: &Snapshot, key: EntityKey, spec: Spec) -> Result<Decided, ApiError> {
    match catalog.entity(&key) {
        Some(_) => Err(ApiError::Invalid("name", format!("`{}` is there already", key.name))),
        None => Ok(one(put(key, spec))),
    }
}

/// An entity in place of another one, which may have another name. It keeps the id.
pub(super) fn replaced(
    catalog: &Snapshot,
    before: &EntityKey,
    key: EntityKey,
    spec: Spec,
) -> Result<Decided, ApiError> {
    if *before == key {
        return Ok(one(put(key, spec)));
    }
    let mut decided = new(catalog, key.clone(), spec)?;
    decided.edits.insert(0, Edit::Delete(before.clone()));
    decided.renamed.push((before.clone(), key));
    Ok(decided)
}

/// One change.
pub(super) fn one(edit: Edit) -> Decided {
    Decided { edits: vec![edit], ..Decided::default() }
}

/// Changes the catalog for a caller.
pub(super) async fn change(
    app: &App,
    caller: &Caller,
    decide: impl Fn(&Snapshot) -> Result<Decided, ApiError>,
) -> Result<Arc<Snapshot>, ApiError> {
    let changing = app.authority().change_catalog(&caller.actor, decide);
    decided_in_time(changing).await.map_err(|_| ApiError::Overdue)?
}
