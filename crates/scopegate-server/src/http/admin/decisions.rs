//! What Okta does not have: `/explain`, `/who-can`, `/can`, `/plan`, `/decisions/{id}` and `/audit`.

use std::net::IpAddr;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use scopegate_claims::UnixTime;
use scopegate_core::administration::plan::{Others, Ownership};
use scopegate_core::administration::reach::{Reach, stored_users};
use scopegate_core::audit::DecisionId;
use scopegate_core::catalog::{ClientId, Owner, ServerId, UserId};
use scopegate_core::catalog_file::CatalogSource;
use scopegate_core::explain::{DescribedRequest, parse_time};
use scopegate_core::store::{AuditFilter, OutcomeFilter, UserKey};
use serde::Deserialize;
use serde_json::{Value, json};

use super::ApiError;
use super::body::Body;
use super::caller::Caller;
use super::origin::Origin;
use super::page;
use super::parameters::{InPath, InQuery};
use super::row::Row;
use super::scopes::{ReadsApps, ReadsLogs, ReadsServers, ReadsUsers};
use crate::audit_json::audit_json;
use crate::http::app::App;
use crate::http::in_time::decided_in_time;

/// A request to explain.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ExplainRequest")]
struct Described {
    /// The authorization server [default: `default`]
    #[serde(default)]
    server: Option<String>,
    client: String,
    grant: String,
    /// The scopes, separated by spaces
    #[serde(default)]
    scope: Option<String>,
    /// The user, by login or id
    #[serde(default)]
    user: Option<String>,
    #[serde(default)]
    address: Option<String>,
    /// The time, such as `2026-11-30T09:00:00Z` [default: now]
    #[serde(default)]
    at: Option<String>,
    #[serde(default)]
    acr: Option<String>,
    #[serde(default)]
    amr: Vec<String>,
    #[serde(default)]
    auth_time: Option<String>,
    #[serde(default)]
    client_auth: Option<String>,
    #[serde(default)]
    resource: Vec<String>,
    #[serde(default)]
    subject_server: Option<String>,
}

/// Which scope is searched for.
#[derive(Debug, Deserialize, JsonSchema)]
struct WhoCan {
    /// The authorization server [default: `default`]
    #[serde(default)]
    server: Option<String>,
    /// The scope
    scope: String,
}

/// Which client is searched for.
#[derive(Debug, Deserialize, JsonSchema)]
struct Can {
    /// The client
    client: String,
    /// The authorization server [default: all]
    #[serde(default)]
    server: Option<String>,
}

/// A catalog file to plan.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "PlanRequest")]
struct File {
    /// The content of the catalog file (TOML)
    catalog: String,
    /// The owner of the file [default: `file`]
    #[serde(default)]
    owner: Option<String>,
    /// Whether entities of other owners are taken over
    #[serde(default)]
    adopt: bool,
}

/// Which audit events are listed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
struct AuditQuery {
    /// Not before this time
    #[serde(default)]
    since: Option<String>,
    #[serde(default)]
    server: Option<String>,
    #[serde(default)]
    client: Option<String>,
    /// The user, by login or id
    #[serde(default)]
    user: Option<String>,
    /// The kind of event
    #[serde(default)]
    kind: Option<String>,
    /// `allow` or `refused`
    #[serde(default)]
    #[schemars(extend("enum" = ["allow", "refused"]))]
    outcome: Option<String>,
    /// Only the event with this id
    #[serde(default)]
    decision: Option<String>,
    /// The maximum length of the page: 1 to 200
    #[serde(default)]
    #[schemars(range(min = 1, max = 200))]
    limit: Option<usize>,
    /// The cursor of the page
    #[serde(default)]
    after: Option<String>,
}

pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::post("/api/v1/explain", "Say why a request is granted or refused", explain)
            .takes::<Described>()
            .answers::<Value>(200),
        Row::get("/api/v1/decisions/{id}", "Say why a request was granted or refused", decision)
            .answers::<Value>(200),
        Row::get("/api/v1/who-can", "List the clients that can get a scope", who_can)
            .query::<WhoCan>()
            .answers::<Value>(200),
        Row::get("/api/v1/can", "List the scopes that a client can get", can)
            .query::<Can>()
            .answers::<Value>(200),
        Row::post("/api/v1/plan", "Show what a catalog file would change", plan)
            .takes::<File>()
            .answers::<Value>(200),
        Row::get("/api/v1/audit", "List audit events, newest first", audit)
            .query::<AuditQuery>()
            .answers::<Vec<Value>>(200),
    ]
}

async fn explain(
    _: ReadsServers,
    _: ReadsUsers,
    State(app): State<App>,
    Body(body): Body<Described>,
) -> Result<Response, ApiError> {
    let address = body.address.as_deref().map(str::parse::<IpAddr>).transpose();
    let request = DescribedRequest {
        server: body.server.unwrap_or_else(|| ServerId::DEFAULT.to_owned()),
        client: body.client,
        grant_type: body.grant,
        scope: body.scope,
        user: body.user,
        address: address
            .map_err(|_| ApiError::Invalid("address", "write an IP address".to_owned()))?,
        at: time("at", body.at.as_deref())?,
        acr: body.acr,
        amr: body.amr,
        auth_time: time("auth_time", body.auth_time.as_deref())?,
        client_auth: body.client_auth,
        resources: body.resource,
        subject_server: body.subject_server,
    };
    let explaining = decided_in_time(app.authority().explain(&request));
    Ok(Json(explaining.await.map_err(|_| ApiError::Overdue)??).into_response())
}

async fn decision(
    _: ReadsLogs,
    State(app): State<App>,
    InPath(id): InPath<String>,
) -> Result<Response, ApiError> {
    let explaining = decided_in_time(app.authority().explain_decision(decision_id("id", &id)?));
    Ok(Json(explaining.await.map_err(|_| ApiError::Overdue)??).into_response())
}

async fn who_can(
    _: ReadsServers,
    _: ReadsUsers,
    State(app): State<App>,
    InQuery(WhoCan { server, scope }): InQuery<WhoCan>,
) -> Result<Response, ApiError> {
    let server = server.as_deref().unwrap_or(ServerId::DEFAULT);
    let server = ServerId::parse(server).map_err(|why| ApiError::Invalid("server", why.into()))?;
    let users = stored_users(&**app.authority().store()).await?.users;
    let catalog = app.authority().catalog();
    let rows = Reach::new(&catalog, &users).who_can(&server, &scope)?;
    Ok(Json(rows).into_response())
}

async fn can(
    _: ReadsServers,
    _: ReadsUsers,
    State(app): State<App>,
    InQuery(Can { client, server }): InQuery<Can>,
) -> Result<Response, ApiError> {
    let client = ClientId::parse(&client).map_err(|why| ApiError::Invalid("client", why.into()))?;
    let server = server.map(|server| ServerId::parse(&server)).transpose();
    let server = server.map_err(|why| ApiError::Invalid("server", why.into()))?;
    let users = stored_users(&**app.authority().store()).await?.users;
    let catalog = app.authority().catalog();
    let reached = Reach::new(&catalog, &users).can(&client, server.as_ref())?;
    Ok(Json(reached).into_response())
}

async fn plan(
    _: ReadsServers,
    _: ReadsApps,
    _: ReadsUsers,
    caller: Caller,
    State(app): State<App>,
    Body(File { catalog, owner, adopt }): Body<File>,
) -> Result<Response, ApiError> {
    let owner = owner.as_deref().map_or(Ok(Owner::File), Owner::of_file);
    let owner = owner.map_err(|why| ApiError::Invalid("owner", why.to_owned()))?;
    let ownership = Ownership { owner, others: if adopt { Others::Adopt } else { Others::Refuse } };
    let source = CatalogSource { name: "catalog", content: catalog.as_bytes() };
    let planning = app.authority().plan_catalog(&source, ownership, &caller.actor);
    let planned = decided_in_time(planning).await.map_err(|_| ApiError::Overdue)?;
    let (planned, access) = planned?;
    Ok(Json(json!({ "changes": planned.plan.to_json(), "access": access })).into_response())
}

async fn audit(
    _: ReadsLogs,
    State(app): State<App>,
    origin: Origin,
    InQuery(query): InQuery<AuditQuery>,
) -> Result<Response, ApiError> {
    let limit = page::ListQuery { limit: query.limit, ..Default::default() }.limit()?;
    let store = app.authority().store();
    if let Some(id) = query.decision.as_deref() {
        let id = decision_id("decision", id)?;
        let found = store.audit_event(id).await?;
        let shown: Vec<_> =
            found.iter().map(|event| audit_json(&id.to_string(), &event.to_json())).collect();
        return page::answer(&origin, &shown, None);
    }
    let user = match query.user {
        None => None,
        Some(user) => Some(match store.user(UserKey::Login(&user)).await? {
            Some(user) => user.id.to_string(),
            None => match UserId::parse(&user) {
                // The events of a deleted user stay.
                Ok(id) => id.to_string(),
                Err(_) => return Err(ApiError::NotFound("User", user)),
            },
        }),
    };
    let filter = AuditFilter {
        since: time("since", query.since.as_deref())?,
        before: query.after.as_deref().map(|id| decision_id("after", id)).transpose()?,
        server: query.server,
        client: query.client,
        user,
        kind: query.kind,
        outcome: match query.outcome.as_deref() {
            None => None,
            Some("allow") => Some(OutcomeFilter::Allow),
            Some("refused") => Some(OutcomeFilter::Refused),
            Some(_) => {
                return Err(ApiError::Invalid("outcome", "write allow or refused".to_owned()));
            }
        },
    };
    let more = u32::try_from(limit + 1).unwrap_or(u32::MAX);
    let mut events = store.audit_events(&filter, more).await?;
    let has_more = events.len() > limit;
    events.truncate(limit);
    let next = events.last().filter(|_| has_more).map(|event| event.id.to_string());
    let shown: Vec<_> =
        events.iter().map(|event| audit_json(&event.id.to_string(), &event.json)).collect();
    page::answer(&origin, &shown, next.as_deref())
}

fn decision_id(what: &'static str, text: &str) -> Result<DecisionId, ApiError> {
    let value = serde_json::from_value(Value::from(text));
    value.map_err(|_| ApiError::Invalid(what, "write the id of an event, a UUID".to_owned()))
}

fn time(what: &'static str, text: Option<&str>) -> Result<Option<UnixTime>, ApiError> {
    let Some(text) = text else { return Ok(None) };
    let parsed = parse_time(text);
    let why = "write a time with its offset, such as 2026-11-30T09:00:00Z";
    parsed.map(Some).ok_or_else(|| ApiError::Invalid(what, why.to_owned()))
}
