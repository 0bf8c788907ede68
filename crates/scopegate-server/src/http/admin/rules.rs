//! `/api/v1/authorizationServers/{authServerId}/policies/{policyId}/rules`.

mod body;
mod extras;
mod people;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use scopegate_core::catalog::{
    AuthorizationServer, Edit, EntityKey, RuleSpec, Snapshot, Spec, Status,
};

use self::body::RuleBody;
use self::people::{People, ShownPeople};
use super::ApiError;
use super::body::Body;
use super::caller::Caller;
use super::entity::{self, IfMatch, answer, change, one, put, tag_of};
use super::order::{self, Placed};
use super::origin::Origin;
use super::parameters::InPath;
use super::row::Row;
use super::scopes::{ManagesServers, ReadsServers};
use super::{page, policies};
use crate::http::app::App;

/// The name of the resource in messages.
const NAME: &str = "AuthorizationServerPolicyRule";

pub(super) fn rows() -> Vec<Row> {
    let all = "/api/v1/authorizationServers/{authServerId}/policies/{policyId}/rules";
    let each = "/api/v1/authorizationServers/{authServerId}/policies/{policyId}/rules/{ruleId}";
    vec![
        Row::get(all, "List the rules of a policy", list).answers::<Vec<RuleBody>>(200),
        Row::post(all, "Create a rule", create).takes::<RuleBody>().answers::<RuleBody>(201),
        Row::get(each, "Read a rule", read).answers::<RuleBody>(200),
        Row::put(each, "Replace a rule", replace).takes::<RuleBody>().answers::<RuleBody>(200),
        Row::delete(each, "Delete a rule", delete),
        Row::post(
            "/api/v1/authorizationServers/{authServerId}/policies/{policyId}/rules/{ruleId}/lifecycle/activate",
            "Put a rule in use",
            activate,
        )
        .answers_nothing(),
        Row::post(
            "/api/v1/authorizationServers/{authServerId}/policies/{policyId}/rules/{ruleId}/lifecycle/deactivate",
            "Put a rule out of use",
            deactivate,
        )
        .answers_nothing(),
    ]
}

/// A rule with its place.
#[derive(Clone, Debug)]
struct Found {
    key: EntityKey,
    id: String,
    spec: RuleSpec,
    position: usize,
}

impl Found {
    fn tag(&self) -> String {
        let spec = Spec::from(RuleSpec { priority: 0, ..self.spec.clone() });
        tag_of(&[&self.id, &spec.to_json(), &self.position.to_string()])
    }
}

fn placed(catalog: &Snapshot, server: &AuthorizationServer, policy: &str) -> Vec<Placed> {
    let policies = server.written_policies().filter(|(name, _, _)| *name == policy);
    let rules = policies.flat_map(|(_, _, rules)| rules).filter_map(|(name, spec)| {
        let key = EntityKey::rule(&server.id, policy, name);
        let owner = catalog.entity(&key)?.owner;
        Some(Placed { key, priority: spec.priority, owner })
    });
    order::sorted(rules.collect())
}

/// The rules of a policy, in the order in which they are tried.
fn all(catalog: &Snapshot, server: &AuthorizationServer, policy: &str) -> Vec<Found> {
    let placed = placed(catalog, server, policy);
    let found = (1..).zip(&placed).filter_map(|(position, placed)| {
        let Spec::Rule(spec) = catalog.entity(&placed.key)?.spec else { return None };
        let id = entity::entity_id(catalog, &placed.key);
        Some(Found { key: placed.key.clone(), id, spec: *spec, position })
    });
    found.collect()
}

/// The ids in the path of a rule: server, policy, rule.
type Ids = (String, String, String);

fn find(catalog: &Snapshot, (server, policy, rule): &Ids) -> Result<Found, ApiError> {
    let server = entity::server(catalog, server)?;
    let policy = policies::find(catalog, server, policy)?;
    let found = all(catalog, server, &policy.key.name).into_iter().find(|found| found.id == *rule);
    found.ok_or_else(|| ApiError::NotFound(NAME, rule.clone()))
}

async fn list(
    _: ReadsServers,
    State(app): State<App>,
    origin: Origin,
    InPath((server, policy)): InPath<(String, String)>,
) -> Result<Response, ApiError> {
    let catalog = app.authority().catalog();
    let of_server = entity::server(&catalog, &server)?;
    let of_policy = policies::find(&catalog, of_server, &policy)?;
    let mut rules = Vec::new();
    for rule in all(&catalog, of_server, &of_policy.key.name) {
        let people = ShownPeople::of(&app, &rule.spec).await?;
        rules.push(RuleBody::of(&catalog, &rule, people, (&server, &policy), &origin));
    }
    page::answer(&origin, &rules, None)
}

async fn read(
    _: ReadsServers,
    State(app): State<App>,
    origin: Origin,
    InPath(ids): InPath<Ids>,
) -> Result<Response, ApiError> {
    let catalog = app.authority().catalog();
    answered(&app, &catalog, &ids, &origin, StatusCode::OK).await
}

async fn create(
    _: ManagesServers,
    caller: Caller,
    State(app): State<App>,
    origin: Origin,
    InPath((server, policy)): InPath<(String, String)>,
    Body(body): Body<RuleBody>,
) -> Result<Response, ApiError> {
    let people = People::read(&app, &body).await?;
    let catalog = change(&app, &caller, |catalog| {
        let of_server = entity::server(catalog, &server)?;
        let of_policy = policies::find(catalog, of_server, &policy)?;
        let name = of_policy.key.name.as_str();
        let others = placed(catalog, of_server, name);
        let position = body.position().unwrap_or(others.len() + 1);
        let (priority, moved) = order::place(&others, position, None)?;
        let spec = Spec::from(body.spec(priority, &people, None)?);
        let key = EntityKey::rule(&of_server.id, name, body.name());
        let mut decided = entity::new(catalog, key, spec)?;
        decided.edits.extend(moved_rules(catalog, &moved));
        Ok(decided)
    });
    let catalog = catalog.await?;
    let of_server = entity::server(&catalog, &server)?;
    let of_policy = policies::find(&catalog, of_server, &policy)?;
    let key = EntityKey::rule(&of_server.id, &of_policy.key.name, body.name());
    let ids = (server, policy, entity::entity_id(&catalog, &key));
    answered(&app, &catalog, &ids, &origin, StatusCode::CREATED).await
}

async fn replace(
    _: ManagesServers,
    caller: Caller,
    State(app): State<App>,
    origin: Origin,
    InPath(ids): InPath<Ids>,
    if_match: IfMatch,
    Body(body): Body<RuleBody>,
) -> Result<Response, ApiError> {
    let people = People::read(&app, &body).await?;
    let catalog = change(&app, &caller, |catalog| {
        let of_server = entity::server(catalog, &ids.0)?;
        let before = find(catalog, &ids)?;
        if_match.check(&before.tag())?;
        let policy = before.key.policy_name().unwrap_or_default();
        let position = body.position().unwrap_or(before.position);
        let (priority, moved) = match position == before.position {
            true => (before.spec.priority, Vec::new()),
            false => {
                let mut others = placed(catalog, of_server, policy);
                others.retain(|placed| placed.key != before.key);
                order::place(&others, position, Some(before.spec.priority))?
            }
        };
        let spec = Spec::from(body.spec(priority, &people, Some(&before.spec))?);
        let key = EntityKey::rule(&of_server.id, policy, body.name());
        let mut decided = entity::replaced(catalog, &before.key, key, spec)?;
        decided.edits.extend(moved_rules(catalog, &moved));
        Ok(decided)
    });
    let catalog = catalog.await?;
    answered(&app, &catalog, &ids, &origin, StatusCode::OK).await
}

/// Gives rules other numbers.
fn moved_rules(catalog: &Snapshot, moved: &[(EntityKey, u32)]) -> Vec<Edit> {
    let edits = moved.iter().filter_map(|(key, priority)| {
        let Spec::Rule(spec) = catalog.entity(key)?.spec else { return None };
        Some(put(key.clone(), Spec::from(RuleSpec { priority: *priority, ..*spec })))
    });
    edits.collect()
}

async fn delete(
    _: ManagesServers,
    caller: Caller,
    State(app): State<App>,
    InPath(ids): InPath<Ids>,
    if_match: IfMatch,
) -> Result<StatusCode, ApiError> {
    let deleting = change(&app, &caller, |catalog| {
        let before = find(catalog, &ids)?;
        if_match.check(&before.tag())?;
        Ok(one(Edit::Delete(before.key)))
    });
    deleting.await.map(|_| StatusCode::NO_CONTENT)
}

async fn activate(
    _: ManagesServers,
    caller: Caller,
    State(app): State<App>,
    InPath(ids): InPath<Ids>,
) -> Result<StatusCode, ApiError> {
    set_status(&app, &caller, &ids, Status::Active).await
}

async fn deactivate(
    _: ManagesServers,
    caller: Caller,
    State(app): State<App>,
    InPath(ids): InPath<Ids>,
) -> Result<StatusCode, ApiError> {
    set_status(&app, &caller, &ids, Status::Inactive).await
}

async fn set_status(
    app: &App,
    caller: &Caller,
    ids: &Ids,
    status: Status,
) -> Result<StatusCode, ApiError> {
    let changing = change(app, caller, |catalog| {
        let before = find(catalog, ids)?;
        Ok(one(put(before.key, Spec::from(RuleSpec { status, ..before.spec }))))
    });
    changing.await.map(|_| StatusCode::NO_CONTENT)
}

async fn answered(
    app: &App,
    catalog: &Snapshot,
    ids: &Ids,
    origin: &Origin,
    status: StatusCode,
) -> Result<Response, ApiError> {
    let rule = find(catalog, ids)?;
    let people = ShownPeople::of(app, &rule.spec).await?;
    let body = RuleBody::of(catalog, &rule, people, (&ids.0, &ids.1), origin);
    Ok(answer(status, &rule.tag(), &body))
}
