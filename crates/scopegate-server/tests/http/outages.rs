//! A storage that fails.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::body::Body;
use http::Request;
use scopegate_claims::{Clock, Dialect, Issuer, ScopeSet, UnixTime};
use scopegate_core::audit::AuditEvent;
use scopegate_core::catalog::{Edit, Owner, ServerId, Status};
use scopegate_core::grants::Subject;
use scopegate_core::mint::{Ingredients, access_token};
use scopegate_core::people::{NewUser, Person, Profile, User, UserId};
use scopegate_core::policy::Granted;
use scopegate_core::store::{
    Artifact, ArtifactKind, ArtifactName, CatalogChanges, CatalogStore, Change, ConsentKey,
    Contested, Directory, Family, FamilyId, KeyStore, Ledger, Records, Session, Standing,
    StoreError, StoredKey, TokenMark, UserKey, Vault,
};
use scopegate_jose::MasterKey;
use scopegate_server::{Server, ServerSettings, StartError, Storage};
use scopegate_store::{SqlStore, StoreOptions, StoreUrl};
use serde_json::json;
use tower::ServiceExt;

use crate::fixture::{ASKS, BASE, Fixture, eventually, server};
use crate::rendered::{json, rendered, the_same};

/// A store that can be switched off, as a whole or for new keys only.
#[derive(Clone, Debug)]
struct Switched {
    store: SqlStore,
    is_down: Arc<AtomicBool>,
    /// It does not answer who is signed in.
    hangs: Arc<AtomicBool>,
    refuses_keys: Arc<AtomicBool>,
    /// So many commits find that somebody else was faster.
    rivals: Arc<AtomicU32>,
    recorded: Arc<Mutex<Vec<AuditEvent>>>,
}

impl Switched {
    fn up(&self) -> Result<&SqlStore, StoreError> {
        match self.is_down.load(Ordering::Relaxed) {
            true => Err(StoreError::Unavailable("the disk is gone".into())),
            false => Ok(&self.store),
        }
    }
}

#[async_trait]
impl CatalogStore for Switched {
    async fn catalog_version(&self) -> Result<u64, StoreError> {
        self.up()?.catalog_version().await
    }

    async fn catalog_since(&self, version: u64) -> Result<CatalogChanges, StoreError> {
        self.up()?.catalog_since(version).await
    }

    async fn write_catalog_and_users(
        &self,
        expected: u64,
        edits: &[Edit],
        file_version: Option<u64>,
        seeds: &[NewUser],
    ) -> Result<u64, StoreError> {
        self.up()?.write_catalog_and_users(expected, edits, file_version, seeds).await
    }

    async fn known_logins(&self, logins: &[String]) -> Result<BTreeSet<String>, StoreError> {
        self.up()?.known_logins(logins).await
    }

    async fn catalog_file_version(&self) -> Result<u64, StoreError> {
        self.up()?.catalog_file_version().await
    }
}

#[async_trait]
impl KeyStore for Switched {
    async fn signing_keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        self.up()?.signing_keys().await
    }

    async fn insert_signing_key(&self, key: &StoredKey) -> Result<(), StoreError> {
        match self.refuses_keys.load(Ordering::Relaxed) {
            true => Err(StoreError::Unavailable("the disk is full".into())),
            false => self.up()?.insert_signing_key(key).await,
        }
    }
}

#[async_trait]
impl Ledger for Switched {
    async fn commit(&self, changes: &[Change]) -> Result<(), StoreError> {
        let events = changes.iter().filter_map(|change| match change {
            Change::Audit(event) => Some(event.clone()),
            _ => None,
        });
        self.recorded.lock().unwrap().extend(events);
        let fewer = |rivals: u32| rivals.checked_sub(1);
        if self.rivals.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fewer).is_ok() {
            return Err(StoreError::Changed(Contested::Family));
        }
        self.up()?.commit(changes).await
    }

    async fn forget_expired(&self, now: UnixTime) -> Result<(), StoreError> {
        self.up()?.forget_expired(now).await
    }
}

#[async_trait]
impl Records for Switched {
    async fn artifact(
        &self,
        kind: ArtifactKind,
        name: &ArtifactName,
    ) -> Result<Option<Artifact>, StoreError> {
        self.up()?.artifact(kind, name).await
    }

    async fn session(&self, secret_sha256: &[u8; 32]) -> Result<Option<Session>, StoreError> {
        if self.hangs.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        self.up()?.session(secret_sha256).await
    }

    async fn family(&self, id: &FamilyId) -> Result<Option<Family>, StoreError> {
        self.up()?.family(id).await
    }

    async fn consent(&self, of: &ConsentKey) -> Result<Option<ScopeSet>, StoreError> {
        self.up()?.consent(of).await
    }

    async fn artifact_and_person(
        &self,
        kind: ArtifactKind,
        name: &ArtifactName,
    ) -> Result<Option<(Artifact, Option<User>)>, StoreError> {
        self.up()?.artifact_and_person(kind, name).await
    }

    async fn family_and_person(
        &self,
        id: &FamilyId,
    ) -> Result<Option<(Family, Option<User>)>, StoreError> {
        self.up()?.family_and_person(id).await
    }

    async fn standing(&self, of: &TokenMark) -> Result<Standing, StoreError> {
        self.up()?.standing(of).await
    }

    async fn standing_and_person(
        &self,
        of: &TokenMark,
    ) -> Result<(Standing, Option<User>), StoreError> {
        self.up()?.standing_and_person(of).await
    }
}

#[async_trait]
impl Directory for Switched {
    async fn user(&self, by: UserKey<'_>) -> Result<Option<User>, StoreError> {
        self.up()?.user(by).await
    }

    async fn users(&self, after: Option<&str>, limit: u32) -> Result<Vec<User>, StoreError> {
        self.up()?.users(after, limit).await
    }

    async fn password(&self, id: &UserId) -> Result<Option<Vec<u8>>, StoreError> {
        self.up()?.password(id).await
    }
}

#[async_trait]
impl Vault for Switched {
    async fn keep(&self, name: &str, text: &str) -> Result<String, StoreError> {
        self.up()?.keep(name, text).await
    }

    async fn kept(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.up()?.kept(name).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.up()?.ping().await
    }
}

async fn fixture() -> (Fixture, Switched) {
    let mut switched = None;
    let storage = |store| {
        let switched = switched.insert(Switched {
            store,
            is_down: Arc::default(),
            hangs: Arc::default(),
            refuses_keys: Arc::default(),
            rivals: Arc::default(),
            recorded: Arc::default(),
        });
        Storage::polled(Arc::new(switched.clone()))
    };
    let at = Fixture::start_on(BASE, storage).await;
    (at, switched.unwrap())
}

#[tokio::test]
async fn a_grant_that_needs_the_storage_is_answered_503() {
    let (at, Switched { is_down, .. }) = fixture().await;
    is_down.store(true, Ordering::Relaxed);
    let assertion = at.assertion("jti", &json!({}));
    let response = at.ask_with_assertion(&assertion).await;
    insta::assert_snapshot!(rendered(response).await, @r#"
    503 Service Unavailable
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    retry-after: 5
    x-content-type-options: nosniff
    {"error":"temporarily_unavailable","error_description":"The storage is not available."}
    "#);

    is_down.store(false, Ordering::Relaxed);
    assert_eq!(at.ask_with_assertion(&assertion).await.status(), 200);
}

#[tokio::test]
async fn a_refusal_that_cannot_be_recorded_is_answered_503() {
    let (at, Switched { is_down, .. }) = fixture().await;
    is_down.store(true, Ordering::Relaxed);
    let response = at.ask("grant_type=client_credentials&scope=write:orders").await;
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "5");
}

#[tokio::test]
async fn who_loses_a_race_decides_again_but_not_for_ever() {
    let (at, Switched { rivals, .. }) = fixture().await;
    rivals.store(2, Ordering::SeqCst);
    let assertion = at.assertion("first", &json!({}));
    assert_eq!(at.ask_with_assertion(&assertion).await.status(), 200, "nothing was used up");
    assert_eq!(at.ask_with_assertion(&assertion).await.status(), 401, "now it is");

    rivals.store(3, Ordering::SeqCst);
    let assertion = at.assertion("second", &json!({}));
    let response = at.ask_with_assertion(&assertion).await;
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "5");
    assert_eq!(at.ask_with_assertion(&assertion).await.status(), 200);
}

/// A storage that is away tells nobody which tokens were made.
#[tokio::test]
async fn without_the_storage_no_token_is_looked_into_or_given_back() {
    let (at, Switched { is_down, .. }) = fixture().await;
    let token = json(at.ask(ASKS).await).await["access_token"].as_str().unwrap().to_owned();
    let send = |endpoint: &str, token: &str| {
        let request = at.reader(&format!("/oauth2/default/v1/{endpoint}"));
        at.send(request.body(Body::from(format!("token={token}"))).unwrap())
    };
    is_down.store(true, Ordering::Relaxed);
    let mut answers = Vec::new();
    for (endpoint, token) in
        [("introspect", token.as_str()), ("introspect", "x"), ("revoke", &token)]
    {
        answers.push(rendered(send(endpoint, token).await).await);
    }
    insta::assert_snapshot!(the_same(answers), @r#"
    503 Service Unavailable
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    retry-after: 5
    x-content-type-options: nosniff
    {"error":"temporarily_unavailable","error_description":"The storage is not available."}
    "#);

    is_down.store(false, Ordering::Relaxed);
    assert_eq!(json(send("introspect", &token).await).await["active"], true);
    assert_eq!(send("revoke", &token).await.status(), 200);
    assert_eq!(json(send("introspect", &token).await).await, json!({ "active": false }));
}

/// A storage that is away must not look as if the token or the session had ended.
#[tokio::test]
async fn without_the_storage_nobody_is_told_of_and_nobody_is_signed_out() {
    let (at, Switched { is_down, .. }) = fixture().await;
    let token = token_of_a_person(&at).await;
    let userinfo = || {
        let request = Request::get("/oauth2/default/v1/userinfo");
        let request = request.header("authorization", format!("Bearer {token}"));
        at.send(request.body(Body::empty()).unwrap())
    };
    assert_eq!(userinfo().await.status(), 401, "there is no such person");
    is_down.store(true, Ordering::Relaxed);
    insta::assert_snapshot!(rendered(userinfo().await).await, @r#"
    503 Service Unavailable
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    retry-after: 5
    x-content-type-options: nosniff
    {"error":"temporarily_unavailable","error_description":"The storage is not available."}
    "#);
    let logout = Request::get("/oauth2/default/v1/logout");
    let logout = logout.header("cookie", format!("scopegate={}", "a".repeat(43)));
    let answer = at.send(logout.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.headers()["retry-after"], "5");
    assert!(!answer.headers().contains_key("set-cookie"), "the session is kept");
}

/// A client that wants no page is told to come again; a person sees a page.
#[tokio::test]
async fn a_storage_that_hangs_is_told_to_a_client_that_wants_no_page() {
    let (at, Switched { hangs, .. }) = fixture().await;
    hangs.store(true, Ordering::Relaxed);
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
    // Where it is not known that the client may be told, nobody is redirected.
    for prompt in ["", "&prompt=none&client_id=portal"] {
        let page = asked(prompt).await;
        assert!(!page.headers().contains_key("location"));
        assert!(page.status() == if prompt.is_empty() { 503 } else { 400 }, "{}", page.status());
    }
}

async fn token_of_a_person(at: &Fixture) -> String {
    let (catalog, now) = (at.server.authority().catalog(), at.clock.now());
    let issuer = catalog.server(&ServerId::default_server()).unwrap();
    let user = User {
        id: UserId::generate(),
        login: "alice".to_owned(),
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
    };
    let ingredients = Ingredients {
        server: issuer,
        client: catalog.client("reader").unwrap(),
        subject: &Subject::Person(Box::new(Person { user, auth: None })),
        audience: issuer.audience(None).unwrap(),
        granted: &granted,
        token_id: None,
        actor: None,
        may_act: None,
        userinfo_claims: &[],
        now,
    };
    let key = at.server.authority().keys().signer(issuer).await.unwrap();
    access_token(&ingredients, &key).unwrap().token
}

#[tokio::test]
async fn a_grant_with_a_secret_does_not_wait_for_the_storage() {
    let (at, Switched { is_down, .. }) = fixture().await;
    is_down.store(true, Ordering::Relaxed);
    assert_eq!(at.ask(ASKS).await.status(), 200);
}

#[tokio::test]
async fn a_process_without_its_storage_lives_but_is_not_ready() {
    let (at, Switched { is_down, .. }) = fixture().await;
    is_down.store(true, Ordering::Relaxed);
    assert_eq!(at.get("/livez").await.status(), 200);
    insta::assert_snapshot!(rendered(at.get("/readyz").await).await, @r#"
    503 Service Unavailable
    cache-control: no-store
    content-type: application/json
    x-content-type-options: nosniff
    {"reason":"The storage does not serve.","status":"unavailable"}
    "#);
    is_down.store(false, Ordering::Relaxed);
    eventually(async || at.get("/readyz").await.status() == 200).await;
}

#[tokio::test]
async fn a_process_lives_before_its_first_keys_and_is_ready_with_them() {
    let folder = tempfile::tempdir().unwrap();
    let url = StoreUrl::sqlite(folder.path().join("scopegate.db"));
    let store = SqlStore::open(&url, &StoreOptions::default()).await.unwrap();
    let switched = Switched {
        store,
        is_down: Arc::default(),
        hangs: Arc::default(),
        refuses_keys: Arc::new(AtomicBool::new(true)),
        rivals: Arc::default(),
        recorded: Arc::default(),
    };
    let (base, master_key) = (Issuer::parse(BASE).unwrap(), Arc::new(MasterKey::generate()));
    let settings = || {
        let storage = Storage::polled(Arc::new(switched.clone()));
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
    insta::assert_snapshot!(rendered(get("/readyz").await).await, @r#"
    503 Service Unavailable
    cache-control: no-store
    content-type: application/json
    x-content-type-options: nosniff
    {"reason":"There are no signing keys yet.","status":"unavailable"}
    "#);
    server.ready().await.unwrap_err();

    switched.refuses_keys.store(false, Ordering::Relaxed);
    eventually(async || server.ready().await.is_ok()).await;
    assert_eq!(get("/readyz").await.status(), 200);
    for server in ["/oauth2", "/oauth2/default"] {
        assert_eq!(get(&format!("{server}/v1/keys")).await.status(), 200, "{server}");
    }
}

/// More servers than those that must have keys at the start.
#[tokio::test]
async fn the_keys_of_the_last_servers_are_tried_again_too() {
    let (at, Switched { refuses_keys, .. }) = fixture().await;
    refuses_keys.store(true, Ordering::Relaxed);
    let id = |number| format!("s{number:02}");
    let servers: Vec<_> = (0..70)
        .map(|number| server(&id(number), "api://many", Dialect::Both, Status::Active))
        .collect();
    let version = at.server.authority().catalog().version();
    at.store.write_catalog(version, &servers, None).await.unwrap();
    let last = ServerId::parse(&id(69)).unwrap();
    eventually(async || at.server.authority().catalog().server(&last).is_some()).await;
    assert!(at.server.authority().public_keys(&last).is_none());
    refuses_keys.store(false, Ordering::Relaxed);
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
async fn keys_that_are_not_made_yet_are_worth_another_try() {
    let (at, Switched { refuses_keys, .. }) = fixture().await;
    refuses_keys.store(true, Ordering::Relaxed);
    let new = server("new", "api://new", Dialect::Both, Status::Active);
    let version = at.server.authority().catalog().version();
    at.store.write_catalog(version, &[new], None).await.unwrap();
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

    refuses_keys.store(false, Ordering::Relaxed);
    eventually(async || at.get("/oauth2/new/v1/keys").await.status() == 200).await;
}

#[tokio::test]
async fn a_decision_is_recorded_with_the_address_that_the_proxy_names() {
    let (at, Switched { recorded, .. }) = fixture().await;
    at.ask("grant_type=client_credentials&scope=write:orders").await;
    let events = recorded.lock().unwrap();
    assert_eq!(events[0].address.as_deref(), Some("203.0.113.7"));
}
