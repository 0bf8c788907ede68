//! `/api/v1/authorizationServers/{authServerId}/claims`.

mod body;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use scopegate_core::administration::edit_catalog::Decided;
use scopegate_core::catalog::{
    AuthorizationServer, ClaimSpec, Edit, EntityKey, EntityKind, Snapshot, Spec, TokenKind,
};

use self::body::ClaimBody;
use super::ApiError;
use super::body::Body;
use super::caller::Caller;
use super::entity::{self, IfMatch, answer, by_id, change, new, one, put, replaced, tag};
use super::origin::Origin;
use super::page;
use super::parameters::InPath;
use super::row::Row;
use super::scopes::{ManagesServers, ReadsServers};
use crate::http::app::App;

/// The name of the resource in messages.
const NAME: &str = "OAuth2Claim";

pub(super) fn rows() -> Vec<Row> {
    let all = "/api/v1/authorizationServers/{authServerId}/claims";
    let each = "/api/v1/authorizationServers/{authServerId}/claims/{claimId}";
    vec![
        Row::get(all, "List the claims of an authorization server", list)
            .answers::<Vec<ClaimBody>>(200),
        Row::post(all, "Create a claim", create).takes::<ClaimBody>().answers::<ClaimBody>(201),
        Row::get(each, "Read a claim", read).answers::<ClaimBody>(200),
        Row::put(each, "Replace a claim", replace).takes::<ClaimBody>().answers::<ClaimBody>(200),
        Row::delete(each, "Delete a claim", delete),
    ]
}

async fn list(
    _: ReadsServers,
    State(app): State<App>,
    origin: Origin,
    InPath(server): InPath<String>,
) -> Result<Response, ApiError> {
    let catalog = app.authority().catalog();
    let of_server = entity::server(&catalog, &server)?;
    let claims = of_server.claims.iter();
    let claims: Vec<_> = claims
        .map(|(key, spec)| {
            let stored = entity::stored(&catalog, key);
            ClaimBody::of(&key.name, spec, stored, &server, &origin)
        })
        .collect();
    page::answer(&origin, &claims, None)
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
    Body(body): Body<ClaimBody>,
) -> Result<Response, ApiError> {
    let catalog = change(&app, &caller, |catalog| {
        let of_server = entity::server(catalog, &server)?;
        let (spec, makes_room) = (body.spec(None)?, make_room(of_server, &body, None));
        let key = free_key(of_server, &body, None);
        if of_server
            .claims
            .iter()
            .any(|(known, claim)| known.name == *body.name() && claim.token == spec.token)
        {
            return Err(taken());
        }
        let Decided { edits, renamed } = makes_room;
        if edits.is_empty() {
            return new(catalog, key, Spec::Claim(spec));
        }
        let edits = edits.into_iter().chain([put(key, Spec::Claim(spec))]).collect();
        Ok(Decided { edits, renamed })
    });
    let catalog = catalog.await?;
    let of_server = entity::server(&catalog, &server)?;
    let token = body.token();
    let found = of_server
        .claims
        .iter()
        .find(|(known, claim)| known.name == *body.name() && claim.token == token);
    let (key, _) = found.ok_or_else(|| ApiError::NotFound(NAME, body.name().to_owned()))?;
    let id = entity::entity_id(&catalog, key);
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
    Body(body): Body<ClaimBody>,
) -> Result<Response, ApiError> {
    let catalog = change(&app, &caller, |catalog| {
        let of_server = entity::server(catalog, &server)?;
        let before = by_id(catalog, EntityKind::Claim, NAME, of_server, &id)?;
        if_match.check(&tag(&id, &before.spec))?;
        let known = of_server.claims.get(&before.key);
        let spec = body.spec(known)?;
        let is_same =
            before.key.name == body.name() && known.is_some_and(|it| it.token == spec.token);
        if is_same {
            return Ok(one(put(before.key, Spec::Claim(spec))));
        }
        let is_taken = |(key, claim): (&EntityKey, &ClaimSpec)| {
            *key != before.key && key.name == body.name() && claim.token == spec.token
        };
        if of_server.claims.iter().any(is_taken) {
            return Err(taken());
        }
        let Decided { edits, renamed } = make_room(of_server, &body, Some(&before.key));
        let key = free_key(of_server, &body, Some(&before.key));
        let mut all = replaced(catalog, &before.key, key, Spec::Claim(spec))?;
        all.edits.splice(0..0, edits);
        all.renamed.extend(renamed);
        Ok(all)
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
        let before = by_id(catalog, EntityKind::Claim, NAME, of_server, &id)?;
        if_match.check(&tag(&id, &before.spec))?;
        Ok(one(Edit::Delete(before.key)))
    });
    deleting.await.map(|_| StatusCode::NO_CONTENT)
}

/// Moves the claim of the ID token with the same name away from the key that a claim of the access token needs.
fn make_room(server: &AuthorizationServer, body: &ClaimBody, but: Option<&EntityKey>) -> Decided {
    let plain = EntityKey::of_server(EntityKind::Claim, &server.id, body.name());
    let held = server.claims.get(&plain).filter(|_| but != Some(&plain));
    match held {
        Some(spec) if body.token() == TokenKind::Access && spec.token == TokenKind::Id => {
            let beside = EntityKey::id_claim_beside(&server.id, body.name());
            let edits =
                vec![Edit::Delete(plain.clone()), put(beside.clone(), Spec::Claim(spec.clone()))];
            Decided { edits, renamed: vec![(plain, beside)] }
        }
        _ => Decided::default(),
    }
}

/// The key of a claim: a claim of the ID token gives way to one of the access token.
fn free_key(server: &AuthorizationServer, body: &ClaimBody, but: Option<&EntityKey>) -> EntityKey {
    let plain = EntityKey::of_server(EntityKind::Claim, &server.id, body.name());
    let is_held = server.claims.contains_key(&plain) && but != Some(&plain);
    match is_held && body.token() == TokenKind::Id {
        true => EntityKey::id_claim_beside(&server.id, body.name()),
        false => plain,
    }
}

fn taken() -> ApiError {
    ApiError::Invalid("name", "there is a claim with this name in the same token".to_owned())
}

fn answered(
    catalog: &Snapshot,
    server: &str,
    id: &str,
    origin: &Origin,
) -> Result<Response, ApiError> {
    let of_server = entity::server(catalog, server)?;
    let entity = by_id(catalog, EntityKind::Claim, NAME, of_server, id)?;
    let spec = of_server.claims.get(&entity.key);
    let spec = spec.ok_or_else(|| ApiError::NotFound(NAME, id.to_owned()))?;
    let stored = entity::stored(catalog, &entity.key);
    let body = ClaimBody::of(&entity.key.name, spec, stored, server, origin);
    Ok(answer(StatusCode::OK, &tag(id, &entity.spec), &body))
}
