//! `/api/v1/authorizationServers`.

mod body;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use scopegate_core::administration::edit_catalog::Decided;
use scopegate_core::catalog::{
    AuthorizationServer, Edit, EntityId, EntityKey, EntityKind, ServerId, Snapshot, Spec, Status,
};

pub(super) use self::body::ServerBody;
use super::ApiError;
use super::body::Body;
use super::caller::Caller;
use super::entity::{self, IfMatch, answer, change, one, put, tag};
use super::origin::Origin;
use super::page::{self, ListQuery};
use super::parameters::{InPath, InQuery};
use super::row::Row;
use super::scopes::{ManagesServers, ReadsServers};
use crate::http::app::App;

pub(super) fn rows() -> Vec<Row> {
    let (all, each) =
        ("/api/v1/authorizationServers", "/api/v1/authorizationServers/{authServerId}");
    vec![
        Row::get(all, "List the authorization servers", list)
            .query::<ListQuery>()
            .answers::<Vec<ServerBody>>(200),
        Row::post(all, "Create an authorization server", create)
            .takes::<ServerBody>()
            .answers::<ServerBody>(201),
        Row::get(each, "Read an authorization server", read).answers::<ServerBody>(200),
        Row::put(each, "Replace an authorization server", replace)
            .takes::<ServerBody>()
            .answers::<ServerBody>(200),
        Row::delete(each, "Delete an authorization server with everything in it", delete),
        Row::post(
            "/api/v1/authorizationServers/{authServerId}/lifecycle/activate",
            "Put an authorization server in use",
            activate,
        )
        .answers_nothing(),
        Row::post(
            "/api/v1/authorizationServers/{authServerId}/lifecycle/deactivate",
            "Put an authorization server out of use",
            deactivate,
        )
        .answers_nothing(),
    ]
}

async fn list(
    _: ReadsServers,
    State(app): State<App>,
    origin: Origin,
    InQuery(query): InQuery<ListQuery>,
) -> Result<Response, ApiError> {
    let catalog = app.authority().catalog();
    let custom = catalog.servers().filter(|server| !server.id.is_org());
    let found = custom.filter(|server| {
        let audiences = server.spec.audiences.iter().map(|audience| audience.name.as_str());
        query.matches(audiences.chain([server.spec.name.as_str()]))
    });
    let (page, next) = query.page(found, |server| server.id.as_str())?;
    let page: Vec<_> = page.iter().map(|server| shown(&app, &catalog, server, &origin)).collect();
    page::answer(&origin, &page, next.as_deref())
}

async fn read(
    _: ReadsServers,
    State(app): State<App>,
    origin: Origin,
    InPath(id): InPath<String>,
) -> Result<Response, ApiError> {
    let catalog = app.authority().catalog();
    answered(&app, &catalog, &id, &origin, StatusCode::OK)
}

async fn create(
    _: ManagesServers,
    caller: Caller,
    State(app): State<App>,
    origin: Origin,
    Body(body): Body<ServerBody>,
) -> Result<Response, ApiError> {
    let id = match body.wanted_id() {
        Some(id) => ServerId::parse(id).map_err(|why| ApiError::Invalid("id", why.to_owned()))?,
        None => ServerId::parse(EntityId::generate(EntityKind::Server).as_str())
            .map_err(|why| ApiError::Invalid("id", why.to_owned()))?,
    };
    let key = EntityKey::server(&id);
    let catalog = change(&app, &caller, |catalog| {
        if catalog.entity(&key).is_some() || entity::server(catalog, id.as_str()).is_ok() {
            return Err(ApiError::Invalid("id", "there is an authorization server with it".into()));
        }
        let spec = body.spec(None)?;
        Ok(one(put(key.clone(), Spec::Server(spec))))
    });
    answered(&app, &*catalog.await?, id.as_str(), &origin, StatusCode::CREATED)
}

async fn replace(
    _: ManagesServers,
    caller: Caller,
    State(app): State<App>,
    origin: Origin,
    InPath(id): InPath<String>,
    if_match: IfMatch,
    Body(body): Body<ServerBody>,
) -> Result<Response, ApiError> {
    let catalog = change(&app, &caller, |catalog| {
        let server = entity::server(catalog, &id)?;
        if_match.check(&tag_of(server))?;
        let spec = body.spec(Some(&server.spec))?;
        Ok(one(put(EntityKey::server(&server.id), Spec::Server(spec))))
    });
    answered(&app, &*catalog.await?, &id, &origin, StatusCode::OK)
}

/// Deletes a server and everything that belongs to it.
async fn delete(
    _: ManagesServers,
    caller: Caller,
    State(app): State<App>,
    InPath(id): InPath<String>,
    if_match: IfMatch,
) -> Result<StatusCode, ApiError> {
    let deleting = change(&app, &caller, |catalog| {
        let server = entity::server(catalog, &id)?;
        if_match.check(&tag_of(server))?;
        if server.id.is_default() {
            let why = "the authorization server `default` cannot be deleted: deactivate it";
            return Err(ApiError::NotAllowed(why.into()));
        }
        let edits = everything_in(catalog, server).into_iter().map(Edit::Delete).collect();
        Ok(Decided { edits, ..Decided::default() })
    });
    deleting.await.map(|_| StatusCode::NO_CONTENT)
}

/// The keys of a server and of all its entities, children before their parents.
fn everything_in(catalog: &Snapshot, server: &AuthorizationServer) -> Vec<EntityKey> {
    let id = server.id.as_str();
    let mut keys = Vec::new();
    for (policy, _, rules) in server.written_policies() {
        keys.extend(rules.keys().map(|rule| EntityKey::rule(&server.id, policy, rule)));
        keys.push(EntityKey::of_server(EntityKind::Policy, &server.id, policy));
    }
    for kind in [EntityKind::Scope, EntityKind::Claim, EntityKind::TrustedIssuer] {
        keys.extend(catalog.keys_in(kind, id));
    }
    keys.retain(|key| catalog.entity(key).is_some());
    keys.push(EntityKey::server(&server.id));
    keys
}

async fn activate(
    _: ManagesServers,
    caller: Caller,
    State(app): State<App>,
    InPath(id): InPath<String>,
) -> Result<StatusCode, ApiError> {
    set_status(&app, &caller, &id, Status::Active).await
}

async fn deactivate(
    _: ManagesServers,
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
        let server = entity::server(catalog, id)?;
        let mut spec = server.spec.clone();
        spec.status = status;
        Ok(one(put(EntityKey::server(&server.id), Spec::Server(spec))))
    });
    changing.await.map(|_| StatusCode::NO_CONTENT)
}

fn tag_of(server: &AuthorizationServer) -> String {
    tag(server.id.as_str(), &Spec::Server(server.spec.clone()))
}

pub(super) fn shown(
    app: &App,
    catalog: &Snapshot,
    server: &AuthorizationServer,
    origin: &Origin,
) -> ServerBody {
    let stored = entity::stored(catalog, &EntityKey::server(&server.id));
    let keys = app.authority().keys().list_of(server);
    ServerBody::of(server, &stored, &keys, origin)
}

fn answered(
    app: &App,
    catalog: &Snapshot,
    id: &str,
    origin: &Origin,
    status: StatusCode,
) -> Result<Response, ApiError> {
    let server = entity::server(catalog, id)?;
    Ok(answer(status, &tag_of(server), &shown(app, catalog, server, origin)))
}
