//! `/api/v1/authorizationServers/{authServerId}/policies`.

mod body;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use scopegate_core::administration::edit_catalog::Decided;
use scopegate_core::catalog::{
    AuthorizationServer, Edit, EntityKey, EntityKind, PolicySpec, Snapshot, Spec, Status,
};

use self::body::PolicyBody;
use super::ApiError;
use super::body::Body;
use super::caller::Caller;
use super::entity::{self, IfMatch, answer, change, put, tag_of};
use super::order::{self, Placed};
use super::origin::Origin;
use super::page;
use super::parameters::InPath;
use super::row::Row;
use super::scopes::{ManagesServers, ReadsServers};
use crate::http::app::App;

/// The name of the resource in messages.
const NAME: &str = "AuthorizationServerPolicy";

pub(super) fn rows() -> Vec<Row> {
    let all = "/api/v1/authorizationServers/{authServerId}/policies";
    let each = "/api/v1/authorizationServers/{authServerId}/policies/{policyId}";
    vec![
        Row::get(all, "List the policies of an authorization server", list)
            .answers::<Vec<PolicyBody>>(200),
        Row::post(all, "Create a policy", create).takes::<PolicyBody>().answers::<PolicyBody>(201),
        Row::get(each, "Read a policy", read).answers::<PolicyBody>(200),
        Row::put(each, "Replace a policy", replace)
            .takes::<PolicyBody>()
            .answers::<PolicyBody>(200),
        Row::delete(each, "Delete a policy with its rules", delete),
        Row::post(
            "/api/v1/authorizationServers/{authServerId}/policies/{policyId}/lifecycle/activate",
            "Put a policy in use",
            activate,
        )
        .answers_nothing(),
        Row::post(
            "/api/v1/authorizationServers/{authServerId}/policies/{policyId}/lifecycle/deactivate",
            "Put a policy out of use",
            deactivate,
        )
        .answers_nothing(),
    ]
}

/// A policy with its place.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) key: EntityKey,
    pub(super) id: String,
    pub(super) spec: PolicySpec,
    pub(super) position: usize,
}

impl Found {
    fn tag(&self) -> String {
        let spec = Spec::Policy(PolicySpec { priority: 0, ..self.spec.clone() });
        tag_of(&[&self.id, &spec.to_json(), &self.position.to_string()])
    }
}

/// All policies of a server, in the order in which they are tried.
fn placed(catalog: &Snapshot, server: &AuthorizationServer) -> Vec<Placed> {
    let policies = server.written_policies().filter_map(|(name, spec, _)| {
        let key = EntityKey::of_server(EntityKind::Policy, &server.id, name);
        let owner = catalog.entity(&key)?.owner;
        Some(Placed { key, priority: spec?.priority, owner })
    });
    order::sorted(policies.collect())
}

/// The policies of a server, in the order in which they are tried.
fn all(catalog: &Snapshot, server: &AuthorizationServer) -> Vec<Found> {
    let placed = placed(catalog, server);
    let found = (1..).zip(&placed).filter_map(|(position, placed)| {
        let Spec::Policy(spec) = catalog.entity(&placed.key)?.spec else { return None };
        let id = entity::entity_id(catalog, &placed.key);
        Some(Found { key: placed.key.clone(), id, spec, position })
    });
    found.collect()
}

/// The policy with an id.
pub(super) fn find(
    catalog: &Snapshot,
    server: &AuthorizationServer,
    id: &str,
) -> Result<Found, ApiError> {
    let found = all(catalog, server).into_iter().find(|policy| policy.id == id);
    found.ok_or_else(|| ApiError::NotFound(NAME, id.to_owned()))
}

async fn list(
    _: ReadsServers,
    State(app): State<App>,
    origin: Origin,
    InPath(server): InPath<String>,
) -> Result<Response, ApiError> {
    let catalog = app.authority().catalog();
    let of_server = entity::server(&catalog, &server)?;
    let policies: Vec<_> = all(&catalog, of_server)
        .iter()
        .map(|policy| PolicyBody::of(&catalog, policy, &server, &origin))
        .collect();
    page::answer(&origin, &policies, None)
}

async fn read(
    _: ReadsServers,
    State(app): State<App>,
    origin: Origin,
    InPath((server, id)): InPath<(String, String)>,
) -> Result<Response, ApiError> {
    answered(&app.authority().catalog(), &server, &id, &origin, StatusCode::OK)
}

async fn create(
    _: ManagesServers,
    caller: Caller,
    State(app): State<App>,
    origin: Origin,
    InPath(server): InPath<String>,
    Body(body): Body<PolicyBody>,
) -> Result<Response, ApiError> {
    let catalog = change(&app, &caller, |catalog| {
        let of_server = entity::server(catalog, &server)?;
        let key = body.key(of_server);
        let others = placed(catalog, of_server);
        let position = body.position().unwrap_or(others.len() + 1);
        let (priority, moved) = order::place(&others, position, None)?;
        let mut decided = entity::new(catalog, key, Spec::Policy(body.spec(priority, None)?))?;
        decided.edits.extend(moved_policies(catalog, &moved));
        Ok(decided)
    });
    let catalog = catalog.await?;
    let id = entity::entity_id(&catalog, &body.key(entity::server(&catalog, &server)?));
    answered(&catalog, &server, &id, &origin, StatusCode::CREATED)
}

async fn replace(
    _: ManagesServers,
    caller: Caller,
    State(app): State<App>,
    origin: Origin,
    InPath((server, id)): InPath<(String, String)>,
    if_match: IfMatch,
    Body(body): Body<PolicyBody>,
) -> Result<Response, ApiError> {
    let catalog = change(&app, &caller, |catalog| {
        let of_server = entity::server(catalog, &server)?;
        let before = find(catalog, of_server, &id)?;
        if_match.check(&before.tag())?;
        let position = body.position().unwrap_or(before.position);
        let (priority, moved) = match position == before.position {
            true => (before.spec.priority, Vec::new()),
            false => {
                let mut others = placed(catalog, of_server);
                others.retain(|placed| placed.key != before.key);
                order::place(&others, position, Some(before.spec.priority))?
            }
        };
        let spec = Spec::Policy(body.spec(priority, Some(&before.spec))?);
        let key = body.key(of_server);
        let mut decided = entity::replaced(catalog, &before.key, key.clone(), spec)?;
        if key != before.key {
            move_rules(catalog, of_server, &before.key.name, &key.name, &mut decided);
        }
        decided.edits.extend(moved_policies(catalog, &moved));
        Ok(decided)
    });
    answered(&*catalog.await?, &server, &id, &origin, StatusCode::OK)
}

/// Moves the rules of a policy that gets another name. They keep their ids.
fn move_rules(
    catalog: &Snapshot,
    server: &AuthorizationServer,
    from: &str,
    to: &str,
    decided: &mut Decided,
) {
    let policies = server.written_policies();
    let rules =
        policies.filter(|(name, _, _)| *name == from).flat_map(|(_, _, rules)| rules.keys());
    for rule in rules {
        let (old, new) =
            (EntityKey::rule(&server.id, from, rule), EntityKey::rule(&server.id, to, rule));
        if let Some(entity) = catalog.entity(&old) {
            decided.edits.push(Edit::Delete(old.clone()));
            decided.edits.push(put(new.clone(), entity.spec));
            decided.renamed.push((old, new));
        }
    }
}

/// Gives policies other numbers.
fn moved_policies(catalog: &Snapshot, moved: &[(EntityKey, u32)]) -> Vec<Edit> {
    let edits = moved.iter().filter_map(|(key, priority)| {
        let Spec::Policy(spec) = catalog.entity(key)?.spec else { return None };
        Some(put(key.clone(), Spec::Policy(PolicySpec { priority: *priority, ..spec })))
    });
    edits.collect()
}

/// Deletes a policy and its rules.
async fn delete(
    _: ManagesServers,
    caller: Caller,
    State(app): State<App>,
    InPath((server, id)): InPath<(String, String)>,
    if_match: IfMatch,
) -> Result<StatusCode, ApiError> {
    let deleting = change(&app, &caller, |catalog| {
        let of_server = entity::server(catalog, &server)?;
        let before = find(catalog, of_server, &id)?;
        if_match.check(&before.tag())?;
        let name = before.key.name.as_str();
        let policies = of_server.written_policies();
        let rules = policies
            .filter(|(policy, _, _)| *policy == name)
            .flat_map(|(_, _, rules)| rules.keys())
            .map(|rule| EntityKey::rule(&of_server.id, name, rule));
        let edits = rules.chain([before.key.clone()]).map(Edit::Delete).collect();
        Ok(Decided { edits, ..Decided::default() })
    });
    deleting.await.map(|_| StatusCode::NO_CONTENT)
}

async fn activate(
    _: ManagesServers,
    caller: Caller,
    State(app): State<App>,
    InPath((server, id)): InPath<(String, String)>,
) -> Result<StatusCode, ApiError> {
    set_status(&app, &caller, (&server, &id), Status::Active).await
}

async fn deactivate(
    _: ManagesServers,
    caller: Caller,
    State(app): State<App>,
    InPath((server, id)): InPath<(String, String)>,
) -> Result<StatusCode, ApiError> {
    set_status(&app, &caller, (&server, &id), Status::Inactive).await
}

async fn set_status(
    app: &App,
    caller: &Caller,
    (server, id): (&str, &str),
    status: Status,
) -> Result<StatusCode, ApiError> {
    let changing = change(app, caller, |catalog| {
        let before = find(catalog, entity::server(catalog, server)?, id)?;
        let spec = Spec::Policy(PolicySpec { status, ..before.spec });
        Ok(entity::one(put(before.key, spec)))
    });
    changing.await.map(|_| StatusCode::NO_CONTENT)
}

fn answered(
    catalog: &Snapshot,
    server: &str,
    id: &str,
    origin: &Origin,
    status: StatusCode,
) -> Result<Response, ApiError> {
    let policy = find(catalog, entity::server(catalog, server)?, id)?;
    let body = PolicyBody::of(catalog, &policy, server, origin);
    Ok(answer(status, &policy.tag(), &body))
}
