//! Hooks as requests of a small world call them. They are called by ports of the test, and the time stands still.

mod answers;
mod cached;
mod failures;
mod limits;
mod order;
mod program;
mod users;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use scopegate_claims::Scope;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::*;
use crate::audit::{DecisionKind, HookOutcome, Outcome};
use crate::call::Refused;
use crate::catalog::{
    Edit, Entity, EntityKey, HookCache, HookSpec, HookTarget, HttpHook, OnFailure, Owner, RuleSpec,
    SettableClaim, Spec, SqlHook, Status, TokenKind,
};
use crate::endpoints::token::TokenResponse;
use crate::error::{CallError, OAuthError};
use crate::expression::{Expression, Wanted};
use crate::store::CatalogStore;
use crate::store::memory::{MemoryStore, UncheckedCatalog};
use crate::testing::{World, claims_of, refusal, server_id};

/// What a service of the test does with a call.
#[derive(Clone, Debug)]
enum Does {
    /// It answers at once.
    Answers(&'static str),
    /// It answers after this time.
    After(Duration, &'static str),
    Fails(HookFailure),
    /// It answers when the test says so.
    Waits,
    /// It adds one claim, with the claims that it was sent.
    Echoes(&'static str),
}

/// Services of the test, each by the path of its URL.
#[derive(Debug, Default)]
struct Services {
    does: Mutex<BTreeMap<String, Does>>,
    calls: Mutex<Vec<(String, Value)>>,
    running: AtomicUsize,
    go: Notify,
    queries: AtomicUsize,
    row: Mutex<Option<BTreeMap<String, Value>>>,
}

impl Services {
    fn set(&self, name: &str, does: Does) {
        self.does.lock().unwrap().insert(name.to_owned(), does);
    }

    fn calls(&self) -> Vec<(String, Value)> {
        self.calls.lock().unwrap().clone()
    }

    fn names(&self) -> Vec<String> {
        self.calls().into_iter().map(|(name, _)| name).collect()
    }
}

#[async_trait]
impl HookHttp for Services {
    async fn post(&self, call: HttpCall<'_>) -> Result<Option<Vec<u8>>, HookFailure> {
        let body: Value = serde_json::from_slice(call.body).unwrap();
        assert_eq!(body["eventId"], call.event_id);
        self.calls.lock().unwrap().push((call.name.to_owned(), body.clone()));
        let does = self.does.lock().unwrap().get(call.name).cloned();
        self.running.fetch_add(1, Ordering::Relaxed);
        let answer = match does.unwrap_or(Does::Answers("{}")) {
            Does::Answers("") => None,
            Does::Answers(text) => Some(text.to_owned()),
            Does::After(time, text) => {
                tokio::time::sleep(time).await;
                Some(text.to_owned())
            }
            Does::Fails(failure) => return Err(failure),
            Does::Waits => {
                self.go.notified().await;
                Some("{}".to_owned())
            }
            Does::Echoes(claim) => {
                let value = &body["data"]["access"]["claims"];
                let names: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
                let path = format!("/claims/{claim}");
                let operation = json!({ "op": "add", "path": path, "value": names });
                let command = json!({ "type": "com.okta.access.patch", "value": [operation] });
                Some(json!({ "commands": [command] }).to_string())
            }
        };
        Ok(answer.map(String::into_bytes))
    }
}

#[async_trait]
impl HookSql for Services {
    async fn query(&self, call: SqlCall<'_>) -> Result<BTreeMap<String, Value>, HookFailure> {
        self.queries.fetch_add(1, Ordering::Relaxed);
        assert_eq!(call.parameters, [json!("service")]);
        let row = self.row.lock().unwrap().clone();
        row.ok_or(HookFailure::Sql(SqlFailure::NoRow))
    }
}

fn http(failure: OnFailure) -> HookSpec {
    let url = "https://hooks.example".to_owned();
    let hook = HttpHook { url, auth: None, headers: BTreeMap::new() };
    HookSpec { target: HookTarget::Http(Box::new(hook)), failure, ..HookSpec::default() }
}

fn cached(failure: OnFailure, key: &str) -> HookSpec {
    let key = Expression::parse(key, Wanted::Value).unwrap();
    let cache = HookCache { key, ttl: Duration::from_secs(60), stale: None };
    HookSpec { cache: Some(cache), ..http(failure) }
}

fn sql() -> HookSpec {
    let hook = SqlHook {
        connection: "billing".to_owned(),
        query: "select plan from accounts where id = $1".to_owned(),
        parameters: vec![Expression::parse("client.id", Wanted::Value).unwrap()],
        claims: BTreeMap::from([("plan".to_owned(), "plan".to_owned())]),
        tokens: vec![TokenKind::Access, TokenKind::Id],
    };
    HookSpec { target: HookTarget::Sql(Box::new(hook)), ..HookSpec::default() }
}

async fn world() -> (World, Arc<Services>) {
    let services = Arc::new(Services::default());
    let ports = HookPorts { http: services.clone(), sql: services.clone(), ..HookPorts::default() };
    (World::with_hooks(ports).await, services)
}

const GRANT: [(&str, &str); 2] = [("grant_type", "client_credentials"), ("scope", "read write")];

async fn token(world: &World) -> Result<TokenResponse, Refused> {
    world.token("service", &GRANT).await
}

async fn claims(world: &World) -> Value {
    claims_of(token(world).await.unwrap().access_token())
}

fn command(kind: &str, operations: &Value) -> &'static str {
    let command = json!([{ "type": format!("com.okta.{kind}.patch"), "value": operations }]);
    json!({ "commands": command }).to_string().leak()
}

fn adds(claim: &str, value: &str) -> &'static str {
    let path = format!("/claims/{claim}");
    command("access", &json!([{ "op": "add", "path": path, "value": value }]))
}

/// The member `expires_in`, in seconds.
fn lifetime(response: &TokenResponse) -> u64 {
    json!(response)["expires_in"].as_u64().unwrap()
}

#[track_caller]
fn failed_by(answer: Result<TokenResponse, Refused>) -> &'static str {
    match refusal(answer) {
        CallError::HookFailed { failure, .. } => failure,
        other => panic!("{other:?}"),
    }
}

/// A code of alice for the client `portal`. The rule had this hook when it was made.
async fn code(world: &World, scopes: &str, hook: &str) -> String {
    let hook = hook.to_owned();
    world.code_with(scopes, |issued| issued.granted.hooks = vec![hook]).await
}
