//! Hooks as requests of a small world call them. They are called by ports of the test, and the time stands still.

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
    claims_of(&token(world).await.unwrap().access_token())
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

#[tokio::test(start_paused = true)]
async fn a_hook_changes_the_token() {
    let (world, services) = world().await;
    world.add_hook("a", http(OnFailure::Closed)).await;
    services.set("a", Does::Answers(adds("plan", "gold")));
    assert_eq!(claims(&world).await["plan"], "gold");
    services.set("a", Does::Answers(""));
    assert_eq!(claims(&world).await.get("plan"), None, "204 changes nothing");
    let of = |seconds: u64| {
        let path = "/token/lifetime/expiration";
        command("access", &json!([{ "op": "replace", "path": path, "value": seconds }]))
    };
    services.set("a", Does::Answers(of(86_400)));
    assert_eq!(lifetime(&token(&world).await.unwrap()), 86_400);
}

#[tokio::test(start_paused = true)]
async fn a_hook_is_told_about_the_request_in_okta_s_format() {
    let (world, services) = world().await;
    world.add_hook("a", http(OnFailure::Closed)).await;
    token(&world).await.unwrap();
    let (_, body) = services.calls().remove(0);
    let text =
        |path: &str| body.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
    assert_eq!(text("/eventType"), "com.okta.oauth2.tokens.transform");
    assert_eq!(text("/eventTypeVersion"), "1.0");
    assert_eq!(text("/cloudEventVersion"), "0.1");
    assert_eq!(text("/contentType"), "application/json");
    assert_eq!(text("/eventTime"), "2027-01-15T08:00:00.000Z");
    assert_eq!(text("/source"), "https://id.example/oauth2/default/v1/token");
    assert_eq!(text("/data/context/request/method"), "POST");
    assert_eq!(text("/data/context/request/url/value"), text("/source"));
    assert_eq!(text("/data/context/protocol/type"), "OAUTH2.0");
    assert_eq!(text("/data/context/protocol/request/grant_type"), "client_credentials");
    assert_eq!(text("/data/context/protocol/request/scope"), "read write");
    assert_eq!(text("/data/context/protocol/client/type"), "CONFIDENTIAL");
    assert_eq!(text("/data/context/protocol/issuer/uri"), "https://id.example/oauth2/default");
    assert_eq!(text("/data/access/claims/cid"), "service");
    assert_eq!(text("/data/access/claims/sub"), "service");
    assert_eq!(text("/data/access/claims/aud"), "api://orders");
    assert_eq!(body["data"]["access"]["token"]["lifetime"]["expiration"], 600);
    assert_eq!(body["data"]["access"]["scopes"]["read"]["action"], "GRANT");
    assert!(text("/data/context/policy/id").starts_with("00p"), "{body}");
    assert!(text("/data/context/policy/rule/id").starts_with("0pr"), "{body}");
    assert!(text("/data/access/scopes/read/id").starts_with("scp"), "{body}");
    for absent in ["user", "session"] {
        assert!(body["data"]["context"].get(absent).is_none(), "no user takes part");
    }
    assert!(body["data"].get("identity").is_none());
    let written = body.to_string();
    assert!(!written.contains(crate::testing::SECRET), "no secret of the client");
}

#[tokio::test(start_paused = true)]
async fn a_failure_refuses_opens_or_takes_the_last_good_answer() {
    let (world, services) = world().await;
    world.add_hook("a", http(OnFailure::Closed)).await;
    for failure in [HookFailure::Status(500), HookFailure::TimedOut, HookFailure::TooLarge] {
        let label = failure.label();
        services.set("a", Does::Fails(failure));
        assert_eq!(failed_by(token(&world).await), label);
    }
    services.set("a", Does::Answers("<html>"));
    let refused = token(&world).await.unwrap_err();
    let answer = OAuthError::from(&refused.error);
    assert_eq!((answer.status, answer.error.as_str()), (400, "server_error"));
    assert!(refused.decision.is_some());
}

#[tokio::test(start_paused = true)]
async fn an_open_hook_that_fails_leaves_the_token_unchanged() {
    let (world, services) = world().await;
    world.add_hook("a", http(OnFailure::Open)).await;
    let protected = json!([
        { "op": "add", "path": "/claims/plan", "value": "gold" },
        { "op": "add", "path": "/claims/iss", "value": "x" },
    ]);
    for does in [
        Does::Fails(HookFailure::Status(500)),
        Does::Answers("no json"),
        Does::Answers(command("access", &protected)),
        Does::After(Duration::from_secs(60), adds("plan", "gold")),
    ] {
        services.set("a", does.clone());
        let claims = claims(&world).await;
        assert_eq!(claims.get("plan"), None, "{does:?}");
        assert_eq!(claims["iss"], "https://id.example/oauth2/default");
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_refuses_in_every_mode_and_its_summary_is_told() {
    for failure in [OnFailure::Closed, OnFailure::Open, OnFailure::Stale] {
        let (world, services) = world().await;
        world.add_hook("a", cached(failure, "client.id")).await;
        services.set("a", Does::Answers(adds("plan", "gold")));
        token(&world).await.unwrap();
        tokio::time::advance(Duration::from_secs(61)).await;
        services.set("a", Does::Answers(r#"{"error":{"errorSummary":"Not \"today\"."}}"#));
        let refused = token(&world).await.unwrap_err();
        assert_eq!(refused.error.summary(), Some("Not today."), "{failure:?}");
        assert_eq!(OAuthError::from(&refused.error).error.as_str(), "server_error");
        let shown = format!("{} {:?}", refused.error, refused.decision);
        assert!(!shown.contains("today"), "the log does not have the text");
        let decisions = world.decisions(DecisionKind::TokenGrant).await;
        let mut refused = decisions.iter().filter(|it| it.outcome != Outcome::Allow);
        let decision = refused.next().unwrap();
        assert!(!format!("{decision:?}").contains("today"), "the audit log does not have the text");
        assert_eq!(decision.basis.hooks[0].outcome, HookOutcome::Refused);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stale_answer_is_an_hour_old_at_most() {
    let (world, services) = world().await;
    world.add_hook("a", cached(OnFailure::Stale, "client.id")).await;
    services.set("a", Does::Fails(HookFailure::TimedOut));
    assert_eq!(failed_by(token(&world).await), "timed_out", "there is no answer yet");
    services.set("a", Does::Answers(adds("plan", "gold")));
    assert_eq!(claims(&world).await["plan"], "gold");
    services.set("a", Does::Fails(HookFailure::TimedOut));
    tokio::time::advance(Duration::from_secs(3599)).await;
    assert_eq!(claims(&world).await["plan"], "gold");
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(failed_by(token(&world).await), "timed_out");
}

#[tokio::test(start_paused = true)]
async fn a_cached_answer_is_used_until_its_time_is_up() {
    let (world, services) = world().await;
    world.add_hook("a", cached(OnFailure::Closed, "client.id")).await;
    services.set("a", Does::Answers(adds("plan", "gold")));
    for _ in 0..3 {
        assert_eq!(claims(&world).await["plan"], "gold");
    }
    assert_eq!(services.calls().len(), 1);
    tokio::time::advance(Duration::from_secs(60)).await;
    claims(&world).await;
    assert_eq!(services.calls().len(), 2);
    let portal = world.token("portal", &GRANT).await.unwrap();
    assert_eq!(claims_of(&portal.access_token())["plan"], "gold");
    assert_eq!(services.calls().len(), 3, "another key is another answer");
}

#[tokio::test(start_paused = true)]
async fn a_bad_patch_and_a_refusal_are_not_cached() {
    let (world, services) = world().await;
    world.add_hook("a", cached(OnFailure::Open, "client.id")).await;
    services.set("a", Does::Answers(adds("iss", "x")));
    claims(&world).await;
    services.set("a", Does::Answers(r#"{"error":{}}"#));
    refusal(token(&world).await);
    services.set("a", Does::Answers(adds("plan", "gold")));
    assert_eq!(claims(&world).await["plan"], "gold");
    assert_eq!(services.calls().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_has_no_value_is_no_key() {
    let (world, services) = world().await;
    world.add_hook("a", cached(OnFailure::Closed, "user.id")).await;
    claims(&world).await;
    claims(&world).await;
    assert_eq!(services.calls().len(), 2, "no user takes part");
}

#[tokio::test(start_paused = true)]
async fn requests_with_the_same_key_share_one_call() {
    let (world, services) = world().await;
    world.add_hook("a", cached(OnFailure::Closed, "client.id")).await;
    services.set("a", Does::After(Duration::from_secs(1), adds("plan", "gold")));
    let answers = tokio::join!(claims(&world), claims(&world), claims(&world));
    assert_eq!((&answers.0["plan"], &answers.1["plan"]), (&json!("gold"), &json!("gold")));
    assert_eq!(services.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn all_hooks_of_a_request_have_three_seconds_together() {
    let (world, services) = world().await;
    for name in ["a", "b"] {
        world.add_hook(name, http(OnFailure::Open)).await;
        services.set(name, Does::After(Duration::from_secs(2), adds(name, "x")));
    }
    let begun = Instant::now();
    let claims = claims(&world).await;
    assert_eq!(begun.elapsed(), Duration::from_secs(3));
    assert_eq!((claims.get("a"), claims.get("b")), (Some(&json!("x")), None));
}

#[tokio::test(start_paused = true)]
async fn a_hook_has_its_own_deadline_within_that_of_all() {
    let (world, services) = world().await;
    let deadline = Some(Duration::from_millis(500));
    world.add_hook("a", HookSpec { deadline, ..http(OnFailure::Open) }).await;
    services.set("a", Does::Waits);
    let begun = Instant::now();
    claims(&world).await;
    assert_eq!(begun.elapsed(), Duration::from_millis(500));
}

#[tokio::test(start_paused = true)]
async fn a_hook_sees_the_changes_of_those_before_it_and_an_independent_one_does_not() {
    let (world, services) = world().await;
    world.add_hook("a", http(OnFailure::Closed)).await;
    world.add_hook("b", http(OnFailure::Closed)).await;
    let independent = HookSpec { independent: true, ..http(OnFailure::Closed) };
    world.add_hook("c", independent).await;
    services.set("a", Does::After(Duration::from_secs(1), adds("of_a", "x")));
    services.set("b", Does::Echoes("seen_by_b"));
    services.set("c", Does::Echoes("seen_by_c"));
    let claims = claims(&world).await;
    assert!(claims["seen_by_b"].as_array().unwrap().contains(&json!("of_a")), "{claims}");
    assert!(!claims["seen_by_c"].as_array().unwrap().contains(&json!("of_a")), "{claims}");
    let names = services.names();
    assert_eq!(names[2], "b", "{names:?}: the independent one is called beside the first");
}

#[tokio::test(start_paused = true)]
async fn independent_hooks_are_called_at_once_and_applied_in_the_order_of_the_rule() {
    let (world, services) = world().await;
    let independent = HookSpec { independent: true, ..http(OnFailure::Closed) };
    for (name, seconds) in [("a", 2), ("b", 1)] {
        world.add_hook(name, independent.clone()).await;
        services.set(name, Does::After(Duration::from_secs(seconds), adds("last", name)));
    }
    let begun = Instant::now();
    assert_eq!(claims(&world).await["last"], "b", "the later one in the rule wins");
    assert_eq!(begun.elapsed(), Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn too_many_calls_at_once_fail_at_once() {
    let (world, services) = world().await;
    world.add_hook("a", http(OnFailure::Open)).await;
    services.set("a", Does::Waits);
    let (world, begun) = (Arc::new(world), Instant::now());
    let waiting: Vec<_> = (0..MAX_CALLS)
        .map(|_| {
            let world = Arc::clone(&world);
            tokio::spawn(async move { token(&world).await.map(drop).map_err(drop) })
        })
        .collect();
    while services.running.load(Ordering::Relaxed) < MAX_CALLS {
        tokio::task::yield_now().await;
    }
    token(&world).await.unwrap();
    assert_eq!(begun.elapsed(), Duration::ZERO, "it did not wait");
    assert_eq!(services.calls().len(), MAX_CALLS);
    let status = world.authority.hooks().status(&world.authority.catalog());
    assert_eq!((status[0].running, status[0].outcomes["open"]), (MAX_CALLS, 1));
    assert_eq!(status[0].last_failure.as_ref().unwrap().failure, "busy");
    services.go.notify_waiters();
    for request in waiting {
        request.await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_fails_again_and_again_is_not_called_for_a_while() {
    let (world, services) = world().await;
    world.add_hook("a", http(OnFailure::Closed)).await;
    services.set("a", Does::Fails(HookFailure::NoConnection("refused".to_owned())));
    for _ in 0..5 {
        assert_eq!(failed_by(token(&world).await), "no_connection");
    }
    assert_eq!(failed_by(token(&world).await), "circuit_open");
    assert_eq!(services.calls().len(), 5);
    services.set("a", Does::Answers("{}"));
    tokio::time::advance(Duration::from_secs(1)).await;
    token(&world).await.unwrap();
    let status = world.authority.hooks().status(&world.authority.catalog());
    assert_eq!(status[0].breaker, BreakerState::Closed);
    assert_eq!((status[0].outcomes["failed"], status[0].outcomes["answered"]), (6, 1));
}

#[tokio::test(start_paused = true)]
async fn a_bad_patch_is_no_reason_to_stop_calling() {
    let (world, services) = world().await;
    world.add_hook("a", http(OnFailure::Closed)).await;
    services.set("a", Does::Answers(adds("iss", "x")));
    for _ in 0..10 {
        assert_eq!(failed_by(token(&world).await), "bad_patch");
    }
    assert_eq!(services.calls().len(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_changed_hook_begins_anew() {
    let (world, services) = world().await;
    world.add_hook("a", http(OnFailure::Closed)).await;
    services.set("a", Does::Fails(HookFailure::TimedOut));
    for _ in 0..6 {
        refusal(token(&world).await);
    }
    assert_eq!(services.calls().len(), 5);
    let deadline = Some(Duration::from_secs(1));
    let spec = Spec::Hook(Box::new(HookSpec { deadline, ..http(OnFailure::Closed) }));
    let entity = Entity { key: EntityKey::hook("a"), owner: Owner::File, spec };
    world.edit(Edit::Put(entity)).await;
    assert_eq!(failed_by(token(&world).await), "timed_out");
    assert_eq!(services.calls().len(), 6);
}

#[tokio::test(start_paused = true)]
async fn an_inactive_hook_is_not_called_and_one_that_is_gone_refuses() {
    let (world, services) = world().await;
    world.add_hook("a", HookSpec { status: Status::Inactive, ..http(OnFailure::Closed) }).await;
    token(&world).await.unwrap();
    assert_eq!(services.calls().len(), 0);
    world.edit(Edit::Delete(EntityKey::hook("a"))).await;
    assert_eq!(failed_by(token(&world).await), "unknown");
}

#[tokio::test(start_paused = true)]
async fn a_scope_that_a_hook_takes_away_is_not_granted() {
    let (world, services) = world().await;
    world.add_hook("a", http(OnFailure::Closed)).await;
    let drops = |names: &[&str]| -> &'static str {
        let operation = |name: &&str| json!({ "op": "remove", "path": format!("/scopes/{name}") });
        let operations: Vec<Value> = names.iter().map(operation).collect();
        let command = json!([{ "type": "com.scopegate.scopes.patch", "value": operations }]);
        json!({ "commands": command }).to_string().leak()
    };
    services.set("a", Does::Answers(drops(&["write"])));
    let response = token(&world).await.unwrap();
    assert_eq!(json!(response)["scope"], "read");
    assert_eq!(claims_of(&response.access_token())["scope"], "read");
    services.set("a", Does::Answers(drops(&["read", "write"])));
    assert!(matches!(refusal(token(&world).await), CallError::HooksLeftNoScope));
    let decisions = world.decisions(DecisionKind::TokenGrant).await;
    let granted: Vec<_> = decisions.iter().filter(|it| it.outcome == Outcome::Allow).collect();
    assert_eq!((decisions.len(), granted.len(), granted[0].scope.as_str()), (2, 1, "read"));
}

#[tokio::test(start_paused = true)]
async fn a_lifetime_of_a_scope_is_the_longest_that_a_hook_may_set() {
    let (world, services) = world().await;
    let key = EntityKey::rule(&server_id("default"), "all", "all");
    let Some(Spec::Rule(rule)) = world.authority.catalog().entity(&key).map(|it| it.spec) else {
        panic!("the world has the rule")
    };
    let scope_lifetimes = [("write".to_owned(), Duration::from_secs(400))].into();
    let spec = Spec::Rule(RuleSpec { scope_lifetimes, ..rule });
    world.edit(Edit::Put(Entity { key, owner: Owner::File, spec })).await;
    world.add_hook("a", http(OnFailure::Closed)).await;
    let path = "/token/lifetime/expiration";
    let operation = json!([{ "op": "replace", "path": path, "value": 3600 }]);
    services.set("a", Does::Answers(command("access", &operation)));
    assert_eq!(lifetime(&token(&world).await.unwrap()), 400);
    let read = [("grant_type", "client_credentials"), ("scope", "read")];
    assert_eq!(lifetime(&world.token("service", &read).await.unwrap()), 3600);
}

#[tokio::test(start_paused = true)]
async fn a_row_becomes_claims_and_no_row_is_a_failure() {
    let (world, services) = world().await;
    world.add_hook("plan", sql()).await;
    *services.row.lock().unwrap() = Some(BTreeMap::from([("plan".to_owned(), json!("gold"))]));
    assert_eq!(claims(&world).await["plan"], "gold");
    *services.row.lock().unwrap() = Some(BTreeMap::from([("plan".to_owned(), Value::Null)]));
    assert_eq!(claims(&world).await.get("plan"), None);
    *services.row.lock().unwrap() = None;
    assert_eq!(failed_by(token(&world).await), "sql_no_row");
}

/// A hook of the program, which adds a claim with the names of what it was told.
#[derive(Debug)]
struct Program;

#[async_trait]
impl TokenHook for Program {
    async fn amend(
        &self,
        request: &HookRequest<'_>,
        tokens: &HookTokens,
    ) -> Result<HookAnswer, Box<dyn std::error::Error + Send + Sync>> {
        match request.client.id.as_str() {
            "portal" => Ok(HookAnswer::refuse("No portal.")),
            "rival" => Err("the disk is full".into()),
            client => {
                let told = format!("{client} {} {}", request.grant_type, tokens.scopes);
                let patch = Patch::default().with_claim(TokenKind::Access, "told", told);
                Ok(patch.without_scope(Scope::parse("write")?).into())
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_hook_of_the_program_answers_refuses_or_fails() {
    let mut ports = HookPorts::default();
    ports.programs.insert("mine".to_owned(), Arc::new(Program));
    let world = World::with_hooks(ports).await;
    world.add_hook("mine", HookSpec::default()).await;
    let response = token(&world).await.unwrap();
    assert_eq!(json!(response)["scope"], "read");
    let told = &claims_of(&response.access_token())["told"];
    assert_eq!(told, "service client_credentials read write");
    let portal = refusal(world.token("portal", &GRANT).await);
    assert_eq!(portal.summary(), Some("No portal."));
    assert_eq!(failed_by(world.token("rival", &GRANT).await), "program");
    world.add_hook("other", HookSpec::default()).await;
    assert_eq!(failed_by(token(&world).await), "not_in_program");
}

#[tokio::test(start_paused = true)]
async fn a_decision_records_which_hooks_ran_with_what_outcome_and_no_value() {
    let (world, services) = world().await;
    world.add_hook("a", cached(OnFailure::Closed, "client.id")).await;
    world.add_hook("b", http(OnFailure::Open)).await;
    services.set("a", Does::Answers(adds("plan", "confidential")));
    services.set("b", Does::Fails(HookFailure::Status(503)));
    token(&world).await.unwrap();
    token(&world).await.unwrap();
    let decisions = world.decisions(DecisionKind::TokenGrant).await;
    let shown = |place: usize| -> Vec<(String, HookOutcome, Option<String>)> {
        let runs = decisions[place].basis.hooks.iter();
        runs.map(|run| (run.name.clone(), run.outcome, run.failure.clone())).collect()
    };
    let open = ("b".to_owned(), HookOutcome::Open, Some("status".to_owned()));
    assert_eq!(shown(0), [("a".to_owned(), HookOutcome::Answered, None), open.clone()]);
    assert_eq!(shown(1), [("a".to_owned(), HookOutcome::Cached, None), open]);
    for event in world.events() {
        assert!(!event.to_json().contains("confidential"));
    }
}

#[tokio::test(start_paused = true)]
async fn sub_and_aud_of_the_token_change_where_the_catalog_allows_it() {
    let (world, services) = world().await;
    let may_set: BTreeSet<_> = [SettableClaim::Sub, SettableClaim::Aud].into();
    world.add_hook("a", HookSpec { may_set, ..http(OnFailure::Closed) }).await;
    let operations = json!([
        { "op": "replace", "path": "/claims/sub", "value": "machine-7" },
        { "op": "replace", "path": "/claims/aud", "value": "api://stock" },
    ]);
    services.set("a", Does::Answers(command("access", &operations)));
    let claims = claims(&world).await;
    assert_eq!((&claims["sub"], &claims["aud"]), (&json!("machine-7"), &json!("api://stock")));
    assert_eq!(claims["client_id"], "service");
}

/// A code of alice for the client `portal`. The rule had this hook when it was made.
async fn code(world: &World, scopes: &str, hook: &str) -> String {
    let hook = hook.to_owned();
    world.code_with(scopes, |issued| issued.granted.hooks = vec![hook]).await
}

#[tokio::test(start_paused = true)]
async fn the_hooks_of_a_code_are_those_of_the_rule_that_granted_it() {
    let (world, services) = world().await;
    world.add_hook("a", http(OnFailure::Closed)).await;
    services.set("a", Does::Answers(adds("plan", "gold")));
    let answer = world.redeem(&code(&world, "read", "a").await, &[]).await.unwrap();
    assert_eq!(claims_of(answer.access_token())["plan"], "gold");
    let without = world.redeem(&world.code("read").await, &[]).await.unwrap();
    assert_eq!(claims_of(without.access_token()).get("plan"), None);
    let gone = world.redeem(&code(&world, "read", "gone").await, &[]).await;
    assert_eq!(failed_by(gone), "unknown");
}

#[tokio::test(start_paused = true)]
async fn a_hook_changes_the_id_token_and_is_told_about_the_user() {
    let (world, services) = world().await;
    world.add_hook("a", http(OnFailure::Closed)).await;
    let operations = json!([
        { "op": "add", "path": "/claims/name", "value": "Alice Adams" },
        { "op": "replace", "path": "/token/lifetime/expiration", "value": 900 },
    ]);
    services.set("a", Does::Answers(command("identity", &operations)));
    let code = code(&world, "openid read", "a").await;
    let answer = world.redeem(&code, &[]).await.unwrap();
    let id_token = claims_of(json!(answer)["id_token"].as_str().unwrap());
    assert_eq!(id_token["name"], "Alice Adams");
    assert_eq!(id_token["exp"].as_u64().unwrap() - id_token["iat"].as_u64().unwrap(), 900);
    let (_, body) = services.calls().remove(0);
    let context = &body["data"]["context"];
    assert_eq!(context["user"]["id"], crate::testing::ALICE);
    assert_eq!(context["user"]["profile"]["login"], "alice");
    assert_eq!(context["session"]["userId"], crate::testing::ALICE);
    assert_eq!(context["session"]["amr"], json!(["PASSWORD"]));
    assert_eq!(context["session"]["status"], "ACTIVE");
    let identity = &body["data"]["identity"];
    assert_eq!(identity["claims"]["sub"], crate::testing::ALICE);
    assert_eq!(
        (&identity["claims"]["aud"], &identity["claims"]["nonce"]),
        (&json!("portal"), &json!("n1"))
    );
    assert_eq!(identity["token"]["lifetime"]["expiration"], 3600);
    assert_eq!(body["data"]["access"]["claims"]["uid"], crate::testing::ALICE);
}

#[tokio::test(start_paused = true)]
async fn without_the_scope_openid_no_id_token_is_left() {
    let (world, services) = world().await;
    world.add_hook("a", http(OnFailure::Closed)).await;
    let drops = json!([{ "type": "com.scopegate.scopes.patch",
                         "value": [{ "op": "remove", "path": "/scopes/openid" }] }]);
    services.set("a", Does::Answers(json!({ "commands": drops }).to_string().leak()));
    let code = code(&world, "openid read", "a").await;
    let answer = json!(world.redeem(&code, &[]).await.unwrap());
    assert_eq!((answer.get("id_token"), &answer["scope"]), (None, &json!("read")));
}

#[tokio::test(start_paused = true)]
async fn a_refresh_calls_the_hooks_of_the_rule_and_names_the_original_grant() {
    let (world, services) = world().await;
    world.add_hook("a", http(OnFailure::Closed)).await;
    let (_, refresh_token) = world.tokens("read offline_access").await;
    services.set("a", Does::Answers(adds("plan", "gold")));
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", &refresh_token)];
    let answer = world.token("portal", &refresh).await.unwrap();
    assert_eq!(claims_of(answer.access_token())["plan"], "gold");
    let (_, body) = services.calls().remove(0);
    let protocol = &body["data"]["context"]["protocol"];
    assert_eq!(protocol["request"]["grant_type"], "refresh_token");
    let jti = &protocol["OriginalGrant"]["refresh_token"]["jti"];
    assert!(jti.is_string() && *jti == body["data"]["refresh_token"]["jti"], "{body}");
    assert!(!body.to_string().contains(&refresh_token), "no refresh token leaves the server");
    assert_eq!(protocol["OriginalGrant"]["authorization"]["grant_type"], "authorization_code");
}

#[tokio::test(start_paused = true)]
async fn a_refresh_gives_no_scope_that_a_hook_took_away_at_the_sign_in() {
    let (world, services) = world().await;
    world.add_hook("a", http(OnFailure::Open)).await;
    let drops = json!([{ "type": "com.scopegate.scopes.patch",
                         "value": [{ "op": "remove", "path": "/scopes/write" }] }]);
    services.set("a", Does::Answers(json!({ "commands": drops }).to_string().leak()));
    let code = code(&world, "read write offline_access", "a").await;
    let answer = world.redeem(&code, &[]).await.unwrap();
    services.set("a", Does::Fails(HookFailure::Status(500)));
    let refresh_token = answer.refresh_token().unwrap();
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", refresh_token)];
    let answer = world.token("portal", &refresh).await.unwrap();
    assert_eq!(claims_of(answer.access_token())["scope"], "read offline_access");
}

/// A hook of the program, during whose first call another node changes the client.
#[derive(Debug)]
struct Racing {
    store: MemoryStore,
    spec: Mutex<Option<Entity>>,
    calls: AtomicUsize,
}

#[async_trait]
impl TokenHook for Racing {
    async fn amend(
        &self,
        _: &HookRequest<'_>,
        _: &HookTokens,
    ) -> Result<HookAnswer, Box<dyn std::error::Error + Send + Sync>> {
        let number = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        let changed = self.spec.lock().unwrap().take();
        if let Some(entity) = changed {
            let version = self.store.catalog_version().await?;
            self.store.write_catalog(version, &[Edit::Put(entity)], None).await?;
        }
        Ok(Patch::default().with_claim(TokenKind::Access, "call", number).into())
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_race_is_lost_does_not_call_its_hook_twice() {
    // The hook needs the store of the world, which is opened with the hook.
    let racing = Arc::new(OnceHook::default());
    let mut ports = HookPorts::default();
    ports.programs.insert("mine".to_owned(), racing.clone());
    let world = World::with_hooks(ports).await;
    world.add_hook("mine", HookSpec::default()).await;
    let key = EntityKey::client(&crate::catalog::ClientId::parse("portal").unwrap());
    let mut entity = world.authority.catalog().entity(&key).unwrap();
    if let Spec::Client(client) = &mut entity.spec {
        // It is no input of the hook.
        client.origins.insert("https://new.example".to_owned());
    }
    let (store, spec) = (world.store.clone(), Mutex::new(Some(entity)));
    racing.0.set(Racing { store, spec, calls: AtomicUsize::new(0) }).unwrap();
    let before = world.authority.catalog().version();
    let code = code(&world, "read offline_access", "mine").await;
    let answer = world.redeem(&code, &[]).await.unwrap();
    assert!(world.authority.catalog().version() > before, "the request was decided again");
    assert_eq!(claims_of(answer.access_token())["call"], 1);
    assert_eq!(racing.0.get().unwrap().calls.load(Ordering::Relaxed), 1);
    let [decision] = &world.decisions(DecisionKind::TokenGrant).await[..] else {
        panic!("one decision was recorded")
    };
    assert_eq!(decision.basis.hooks.len(), 1);
}

/// A hook that is made after the world.
#[derive(Debug, Default)]
struct OnceHook(std::sync::OnceLock<Racing>);

#[async_trait]
impl TokenHook for OnceHook {
    async fn amend(
        &self,
        request: &HookRequest<'_>,
        tokens: &HookTokens,
    ) -> Result<HookAnswer, Box<dyn std::error::Error + Send + Sync>> {
        self.0.get().unwrap().amend(request, tokens).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_does_not_open_is_never_sent() {
    let (world, services) = world().await;
    let auth = crate::catalog::HookAuth::Signature(crate::catalog::HookSecret::forgotten());
    world.add_hook("a", http(OnFailure::Closed).with_auth(auth)).await;
    assert_eq!(failed_by(token(&world).await), "secret");
    assert_eq!(services.calls().len(), 0);
}
