//! A storage that fails: no answer says that a token, a code or a session is invalid, and clients
//! are told to try again.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use http::Request;
use scopegate_claims::{Clock, Dialect, Issuer, ScopeSet};
use scopegate_core::catalog::UserId;
use scopegate_core::catalog::{Edit, Owner, ServerId, Status};
use scopegate_core::directory::{LoginMatch, Person, Profile, User};
use scopegate_core::policy::Granted;
use scopegate_core::token::Subject;
use scopegate_core::token::{Allowed, Extras, draft};
use scopegate_jose::MasterKey;
use scopegate_server::{Server, ServerSettings, StartError, Storage};
use scopegate_testkit::{MemoryStore, UncheckedCatalog};
use serde_json::json;
use tower::ServiceExt;

use crate::fixture::{ASKS, BASE, Fixture, eventually, server};
use crate::rendered::{json, rendered};

/// The answer to each client whose request needs the storage.
async fn assert_told_to_come_again(answer: Response) {
    let answer = rendered(answer).await;
    insta::allow_duplicates! {
        insta::assert_snapshot!(answer, @r#"
        503 Service Unavailable
        cache-control: no-store
        content-type: application/json
        pragma: no-cache
        retry-after: 5
        x-content-type-options: nosniff
        {"error":"temporarily_unavailable","error_description":"The storage is not available."}
        "#);
    }
}

/// The answer of `/readyz` if the process is not ready, with the reason.
async fn assert_not_ready(answer: Response, reason: &str) {
    let answer = rendered(answer).await.replace(reason, "(the reason)");
    insta::allow_duplicates! {
        insta::assert_snapshot!(answer, @r#"
        503 Service Unavailable
        cache-control: no-store
        content-type: application/json
        x-content-type-options: nosniff
        {"reason":"(the reason)","status":"unavailable"}
        "#);
    }
}

impl Fixture<MemoryStore> {
    /// Changes the catalog as another process would.
    async fn add(&self, edits: &[Edit]) {
        let version = self.server.authority().catalog().version();
        self.store.write_catalog(version, edits, None).await.unwrap();
    }
}

#[tokio::test]
async fn a_grant_that_needs_the_storage_is_answered_503() {
    let at = Fixture::start_in_memory().await;
    at.store.break_down();
    let assertion = at.assertion("jti", &json!({}));
    assert_told_to_come_again(at.ask_with_assertion(&assertion).await).await;

    at.store.repair();
    assert_eq!(at.ask_with_assertion(&assertion).await.status(), 200);
}

#[tokio::test]
async fn a_refusal_that_cannot_be_recorded_is_answered_503() {
    let at = Fixture::start_in_memory().await;
    at.store.break_down();
    let refused = at.ask("grant_type=client_credentials&scope=write:orders").await;
    assert_told_to_come_again(refused).await;
}

#[tokio::test]
async fn a_request_that_loses_a_race_is_decided_again_a_bounded_number_of_times() {
    let at = Fixture::start_in_memory().await;
    at.store.lose_races(2);
    let assertion = at.assertion("first", &json!({}));
    assert_eq!(at.ask_with_assertion(&assertion).await.status(), 200, "nothing was used up");
    assert_eq!(at.ask_with_assertion(&assertion).await.status(), 401, "now it is");

    at.store.lose_races(3);
    let assertion = at.assertion("second", &json!({}));
    assert_told_to_come_again(at.ask_with_assertion(&assertion).await).await;
    assert_eq!(at.ask_with_assertion(&assertion).await.status(), 200);
}

/// Without the storage no answer says which tokens exist.
#[tokio::test]
async fn without_the_storage_no_token_is_introspected_or_revoked() {
    let at = Fixture::start_in_memory().await;
    let token = json(at.ask(ASKS).await).await["access_token"].as_str().unwrap().to_owned();
    let send = |endpoint: &str, token: &str| {
        let request = at.reader(&format!("/oauth2/default/v1/{endpoint}"));
        at.send(request.body(Body::from(format!("token={token}"))).unwrap())
    };
    at.store.break_down();
    for (endpoint, token) in
        [("introspect", token.as_str()), ("introspect", "x"), ("revoke", &token)]
    {
        assert_told_to_come_again(send(endpoint, token).await).await;
    }

    at.store.repair();
    assert_eq!(json(send("introspect", &token).await).await["active"], true);
    assert_eq!(send("revoke", &token).await.status(), 200);
    assert_eq!(json(send("introspect", &token).await).await, json!({ "active": false }));
}

/// An outage of the storage must not look as if the token or the session had ended.
#[tokio::test]
async fn without_the_storage_userinfo_and_sign_out_answer_503() {
    let at = Fixture::start_in_memory().await;
    let token = token_of_a_user(&at).await;
    let userinfo = || {
        let request = Request::get("/oauth2/default/v1/userinfo");
        let request = request.header("authorization", format!("Bearer {token}"));
        at.send(request.body(Body::empty()).unwrap())
    };
    assert_eq!(userinfo().await.status(), 401, "there is no such user");
    at.store.break_down();
    assert_told_to_come_again(userinfo().await).await;
    let logout = Request::get("/oauth2/default/v1/logout");
    let logout = logout.header("cookie", format!("scopegate={}", "a".repeat(43)));
    let answer = at.send(logout.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.headers()["retry-after"], "5");
    assert!(!answer.headers().contains_key("set-cookie"), "the session is kept");
}

/// A client with `prompt=none` gets an error that says to try again. A user sees a page.
#[tokio::test]
async fn if_the_storage_hangs_a_client_with_prompt_none_gets_an_error() {
    let at = Fixture::start_in_memory().await;
    at.store.hang();
    tokio::time::pause();
    let asked = |prompt: &str| {
        let query = "response_type=code&client_id=portal&scope=openid&state=s\
                     &redirect_uri=https://portal.example/cb";
        let request = Request::get(format!("/oauth2/default/v1/authorize?{query}{prompt}"));
        let request = request.header("cookie", format!("scopegate={}", "a".repeat(43)));
        at.send(request.body(Body::empty()).unwrap())
    };
    let told = asked("&prompt=none").await;
    assert_eq!(told.status(), 303);
    let location = told.headers()["location"].to_str().unwrap();
    let error = "https://portal.example/cb?error=temporarily_unavailable&";
    assert!(location.starts_with(error) && location.contains("&state=s&iss="), "{location}");
    // Without `prompt=none`, or with two client ids, the user sees a page.
    for prompt in ["", "&prompt=none&client_id=portal"] {
        let page = asked(prompt).await;
        assert!(!page.headers().contains_key("location"));
        assert!(page.status() == if prompt.is_empty() { 503 } else { 400 }, "{}", page.status());
    }
}

async fn token_of_a_user<S>(at: &Fixture<S>) -> String {
    let (catalog, now) = (at.server.authority().catalog(), at.clock.now());
    let issuer = catalog.server(&ServerId::default_server()).unwrap().unwrap();
    let user = User {
        id: UserId::generate(),
        login: "alice".to_owned(),
        login_match: LoginMatch::default(),
        status: Status::Active,
        owner: Owner::File,
        groups: BTreeSet::new(),
        profile: Profile::default(),
        created_at: now,
        updated_at: now,
        version: 0,
    };
    let granted = Granted {
        scopes: ScopeSet::parse("openid").unwrap(),
        lifetime: Duration::from_secs(60),
        rule: String::new(),
        refresh_lifetime: None,
        refresh_window: Duration::ZERO,
        hooks: Vec::new(),
        lifetime_cap: None,
    };
    let allowed = Allowed {
        server: issuer,
        client: catalog.client("reader").unwrap().unwrap(),
        subject: &Subject::Person(Box::new(Person { user, auth: None })),
        audience: issuer.audience(None).unwrap(),
        granted: &granted,
        extras: &Extras::default(),
        now,
    };
    let key = at.server.authority().keys().signer(issuer).await.unwrap();
    draft(allowed).unwrap().sign(&*key).await.unwrap().access_token
}

#[tokio::test]
async fn caches_keep_the_keys_for_less_time_while_another_node_may_announce_one() {
    let at = Fixture::start_in_memory().await;
    let cached = async || {
        let answer = at.get("/oauth2/default/v1/keys").await;
        assert_eq!(answer.status(), 200);
        answer.headers()["cache-control"].to_str().unwrap().to_owned()
    };
    assert_eq!(cached().await, "public, max-age=600");
    at.store.break_down();
    for (passes, left) in [(120, 485), (484, 1), (1, 0), (99_999, 0)] {
        at.clock.advance(Duration::from_secs(passes));
        assert_eq!(cached().await, format!("public, max-age={left}"));
    }
    at.store.repair();
    assert_eq!(cached().await, "public, max-age=600");
}

#[tokio::test]
async fn a_node_that_may_have_missed_a_revocation_does_not_sign() {
    for (passes, status) in [(20, 200), (21, 503)] {
        let at = Fixture::start_in_memory().await;
        at.store.break_down();
        at.clock.advance(Duration::from_secs(passes));
        assert_eq!(at.ask(ASKS).await.status(), status, "{passes}");
    }
    let at = Fixture::start_in_memory().await;
    at.clock.advance(Duration::from_secs(21));
    assert_eq!(at.ask(ASKS).await.status(), 200, "the storage answers");
}

#[tokio::test]
async fn a_grant_with_a_secret_does_not_wait_for_the_storage() {
    let at = Fixture::start_in_memory().await;
    at.store.break_down();
    assert_eq!(at.ask(ASKS).await.status(), 200);
}

#[tokio::test]
async fn a_process_without_its_storage_lives_but_is_not_ready() {
    let at = Fixture::start_in_memory().await;
    at.store.break_down();
    assert_eq!(at.get("/livez").await.status(), 200);
    assert_not_ready(at.get("/readyz").await, "The storage does not serve.").await;
    at.store.repair();
    eventually(async || at.get("/readyz").await.status() == 200).await;
}

#[tokio::test]
async fn a_process_lives_before_its_first_keys_and_is_ready_with_them() {
    let store = MemoryStore::default();
    store.refuse_keys();
    let (base, master_key) = (Issuer::parse(BASE).unwrap(), Arc::new(MasterKey::generate()));
    let settings = || {
        let storage = Storage::polled(Arc::new(store.clone()));
        ServerSettings::new(base.clone(), storage, Arc::clone(&master_key))
    };
    let refusal = Server::open(settings()).await.unwrap_err();
    assert!(matches!(refusal, StartError::Keys(_)), "{refusal}");

    let server = Server::start(settings()).await.unwrap();
    let get = async |path: &str| {
        let request = Request::get(path).body(Body::empty()).unwrap();
        server.router().oneshot(request).await.unwrap()
    };
    assert_eq!(get("/livez").await.status(), 200);
    assert_not_ready(get("/readyz").await, "There are no signing keys yet.").await;
    server.ready().await.unwrap_err();

    store.repair();
    eventually(async || server.ready().await.is_ok()).await;
    assert_eq!(get("/readyz").await.status(), 200);
    for server in ["/oauth2", "/oauth2/default"] {
        assert_eq!(get(&format!("{server}/v1/keys")).await.status(), 200, "{server}");
    }
}

/// More servers than must have keys at the start.
#[tokio::test]
async fn making_the_keys_of_the_last_servers_is_tried_again_too() {
    let at = Fixture::start_in_memory().await;
    at.store.refuse_keys();
    let id = |number| format!("s{number:02}");
    let servers: Vec<_> = (0..70)
        .map(|number| server(&id(number), "api://many", Dialect::Both, Status::Active))
        .collect();
    at.add(&servers).await;
    let last = ServerId::parse(&id(69)).unwrap();
    eventually(async || at.server.authority().catalog().server(&last).unwrap().is_some()).await;
    assert!(at.server.authority().public_keys(&last).is_none());
    at.store.repair();
    eventually(async || at.server.authority().public_keys(&last).is_some()).await;
}

#[tokio::test]
async fn a_closed_server_refuses_to_grant() {
    let at = Fixture::start().await;
    at.server.close().await;
    assert_eq!(at.ask(ASKS).await.status(), 503);
    at.server.close().await;
}

#[tokio::test]
async fn without_keys_clients_are_told_to_try_again() {
    let at = Fixture::start_in_memory().await;
    at.store.refuse_keys();
    at.add(&[server("new", "api://new", Dialect::Both, Status::Active)]).await;
    let metadata = "/oauth2/new/.well-known/openid-configuration";
    eventually(async || at.get(metadata).await.status() == 200).await;
    insta::assert_snapshot!(rendered(at.get("/oauth2/new/v1/keys").await).await, @r#"
    503 Service Unavailable
    access-control-allow-origin: *
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    retry-after: 1
    x-content-type-options: nosniff
    {"error":"temporarily_unavailable","error_description":"The keys are being made."}
    "#);

    at.store.repair();
    eventually(async || at.get("/oauth2/new/v1/keys").await.status() == 200).await;
}

#[tokio::test]
async fn a_decision_is_recorded_with_the_address_that_the_proxy_names() {
    let at = Fixture::start_in_memory().await;
    at.ask("grant_type=client_credentials&scope=write:orders").await;
    assert_eq!(at.store.events()[0].address.as_deref(), Some("203.0.113.7"));
}
