//! An authorization server for one test.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::Request;
use scopegate_claims::{Clock, Issuer, ManualClock, UnixTime};
use scopegate_core::administration::apply::{Applied, ApplyError};
use scopegate_core::administration::users::Newcomer;
use scopegate_core::authority::Authority;
use scopegate_core::catalog::{ClientId, ClientSpec, Edit, Entity, EntityKey, Owner, Spec};
use scopegate_core::directory::{Authentication, Profile, User};
use scopegate_core::people::passwords::Password;
use scopegate_core::people::session::{IDLE, LIFETIME, PASSWORD_ACR, PASSWORD_AMR, SessionSecret};
use scopegate_core::store::{Change, Ledger, Session, SessionId};
use scopegate_jose::MasterKey;
use scopegate_server::{Server, ServerSettings, Storage};
use scopegate_store::{SqlStore, StoreOptions, StoreUrl};
use scopegate_testkit::{UncheckedCatalog, put_signing_keys};
use tower::ServiceExt;

use crate::catalog_context::try_write_catalog;
use crate::{Answer, Browser, TestClient, write_catalog};

/// The base URL of the servers.
pub const BASE: &str = "http://127.0.0.1:9000";

/// The password of a user that a test creates.
pub fn password_of(login: &str) -> String {
    format!("{login}-password")
}

/// How long a server waits for its storage. It is long because the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(120);

/// A server. Its clock stands still until the test moves it.
#[derive(Debug)]
pub struct TestServer {
    server: Server,
    store: SqlStore,
    clock: ManualClock,
    master_key: MasterKey,
    database: Database,
}

/// The database of a server.
#[derive(Clone, Debug)]
struct Database {
    url: StoreUrl,
    /// The temporary folder, which is deleted with the last server that uses it.
    _folder: Option<Arc<tempfile::TempDir>>,
}

impl TestServer {
    /// Starts on SQLite in a temporary folder with a catalog: a [`Catalog`](crate::Catalog) or
    /// TOML. Where the catalog says `{ env = "ID" }`, the client's secret is
    /// [`secret_of("ID")`](crate::secret_of).
    pub async fn start(catalog: impl Display) -> Self {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let url = StoreUrl::sqlite(folder.path().join("scopegate.db"));
        Self::start_on(Database { url, _folder: Some(Arc::new(folder)) }, catalog).await
    }

    /// Starts on an empty database with a catalog.
    pub async fn start_at(url: StoreUrl, catalog: impl Display) -> Self {
        Self::start_on(Database { url, _folder: None }, catalog).await
    }

    async fn start_on(database: Database, catalog: impl Display) -> Self {
        let clock = ManualClock::at(UnixTime::from_seconds(1_800_000_000));
        let master_key = MasterKey::generate();
        let store = database.open().await;
        write_catalog(&store, catalog, &master_key, clock.now()).await;
        put_signing_keys(&store, &master_key, clock.now()).await;
        drop(store);
        Self::open(database, clock, &master_key).await
    }

    /// Starts with a catalog and the user Alice, who is in the group `staff`.
    pub async fn start_with_alice(catalog: impl Display) -> (Self, User) {
        let server = Self::start(catalog).await;
        let alice = server.add_user("alice", &["staff"]).await;
        (server, alice)
    }

    async fn open(database: Database, clock: ManualClock, master_key: &MasterKey) -> Self {
        let store = database.open().await;
        let copy = || MasterKey::parse(&master_key.to_base64url()).expect("it is one");
        let settings = ServerSettings::new(base(), Storage::from(store.clone()), copy())
            .with_clock(clock.clone());
        let server = Server::open(settings).await.expect("the server starts");
        server.authority().audit().let_events_wait(PATIENCE);
        Self { server, store, clock, master_key: copy(), database }
    }

    /// Starts another node with the same database, master key and clock.
    pub async fn another_node(&self) -> Self {
        Self::open(self.database.clone(), self.clock.clone(), &self.master_key).await
    }

    /// Applies another catalog and loads it.
    pub async fn apply(&self, catalog: impl Display) {
        write_catalog(&self.store, catalog, &self.master_key, self.clock.now()).await;
        self.authority().reload().await.expect("the store can be read");
    }

    /// Applies a catalog that may be refused.
    ///
    /// # Errors
    ///
    /// [`ApplyError`], and then nothing has changed.
    pub async fn try_apply(&self, catalog: impl Display) -> Result<Applied, ApplyError> {
        try_write_catalog(&self.store, catalog, &self.master_key, self.clock.now()).await
    }

    /// Adds or replaces a client, and loads the catalog.
    pub async fn put_client(&self, id: &str, spec: ClientSpec) {
        let key = EntityKey::client(&ClientId::parse(id).expect("it is an id"));
        self.put(key, Spec::Client(Box::new(spec))).await;
    }

    /// Writes an entity as the API would, and loads the catalog. The rules of catalog files do not
    /// apply.
    pub async fn put(&self, key: EntityKey, spec: Spec) {
        let edit = [Edit::Put(Entity { key, owner: Owner::Api, spec })];
        let version = self.authority().catalog().version();
        self.store.write_catalog(version, &edit, None).await.expect("nobody else writes");
        self.authority().reload().await.expect("the store can be read");
    }

    /// Stops as if the process were killed, and starts again on the same database.
    pub async fn crash(self) -> Self {
        let Self { server, store, clock, master_key, database } = self;
        drop((server, store));
        Self::open(database, clock, &master_key).await
    }

    /// The clock of the server.
    pub fn clock(&self) -> &ManualClock {
        &self.clock
    }

    /// The store of the server.
    pub fn store(&self) -> &SqlStore {
        &self.store
    }

    /// The master key of the server.
    pub fn master_key(&self) -> &MasterKey {
        &self.master_key
    }

    /// The authority, which is the server without HTTP.
    pub fn authority(&self) -> &Arc<Authority> {
        self.server.authority()
    }

    /// The raw contents of the SQLite files, for tests that search them for secrets.
    pub async fn dump(&self) -> Vec<u8> {
        let path = self.database.url.sqlite_path().expect("it is a file");
        let mut bytes = std::fs::read(path).expect("it can be read");
        bytes.extend(std::fs::read(path.with_extension("db-wal")).unwrap_or_default());
        bytes
    }

    /// Creates a user with the password [`password_of`] the login.
    pub async fn add_user(&self, login: &str, groups: &[&str]) -> User {
        let named = [("name".to_owned(), login.into()), ("email".to_owned(), email(login).into())];
        let newcomer = Newcomer {
            login: login.to_owned(),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            profile: Profile::collect(named).expect("it is a profile"),
            password: Some(Password::chosen(password_of(login)).expect("it is long enough")),
        };
        self.authority().create_user(newcomer).await.expect("the login is free")
    }

    /// A browser without a session.
    pub fn browser(&self) -> Browser<'_> {
        Browser::new(self)
    }

    /// A browser with a new session of a user. The session is written directly to the store.
    pub async fn browser_of(&self, user: &User) -> Browser<'_> {
        let (secret, now) = (SessionSecret::generate(), self.authority().clock().now());
        let id = SessionId::generate();
        let session = Session {
            secret_sha256: secret.sha256(),
            user: user.id.clone(),
            auth: Authentication {
                at: now,
                acr: PASSWORD_ACR.to_owned(),
                amr: vec![PASSWORD_AMR.to_owned()],
                session: Some(id.clone()),
            },
            id,
            created_at: now,
            seen_at: now,
            idle_ends_at: now.plus(IDLE),
            ends_at: now.plus(LIFETIME),
            version: 0,
        };
        let opened = self.store.commit(&[Change::OpenSession(Box::new(session))]).await;
        opened.expect("a session can be opened");
        let mut browser = self.browser();
        browser.set_cookie("scopegate", secret.as_str());
        browser
    }

    /// A client that authenticates with `client_secret_basic`.
    pub fn as_client(&self, id: &str) -> TestClient<'_> {
        TestClient::with_secret(self, id)
    }

    /// A public client, which sends only its id.
    pub fn as_public_client(&self, id: &str) -> TestClient<'_> {
        TestClient::public(self, id)
    }

    /// A client that sends neither id nor credentials.
    pub fn anonymous(&self) -> TestClient<'_> {
        TestClient::anonymous(self)
    }

    /// Requests a path from the administration listener.
    pub async fn as_administrator(&self, path: &str) -> Answer {
        let request = Request::get(path).body(Body::empty()).expect("it is a request");
        let sent = self.server.admin_router().oneshot(request).await;
        Answer::read(sent.unwrap_or_else(|never| match never {})).await
    }

    /// Stops the server and closes its database.
    pub async fn close(self) {
        self.server.close().await;
        self.store.close().await;
    }

    /// Sends a request.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let sent = self.server.router().oneshot(request).await;
        Answer::read(sent.unwrap_or_else(|never| match never {})).await
    }
}

impl Database {
    async fn open(&self) -> SqlStore {
        let options = StoreOptions::default().patience(PATIENCE);
        SqlStore::open(&self.url, &options).await.expect("the database can be opened")
    }
}

pub(crate) fn base() -> Issuer {
    Issuer::parse(BASE).expect("it is an issuer")
}

fn email(login: &str) -> String {
    format!("{login}@example.com")
}
