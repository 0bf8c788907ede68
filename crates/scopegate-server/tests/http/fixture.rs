//! A server with a small catalog, in a temporary folder or in memory.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response;
use http::request::Builder;
use http::{Method, Request};
use scopegate_claims::{Audience, Clock, Dialect, Issuer, ManualClock, ScopeSet, UnixTime};
use scopegate_core::administration::users::Newcomer;
use scopegate_core::catalog::{
    AudienceSpec, ClientAuth, ClientId, ClientSecret, ClientSpec, ClientType, Clients, Consent,
    Edit, Entity, EntityKey, EntityKind, Owner, PolicySpec, RedirectUri, RuleSpec, ScopeSpec,
    Scopes, ServerId, ServerSpec, Spec, Status,
};
use scopegate_core::client_auth::secret_mac;
use scopegate_core::directory::Profile;
use scopegate_core::people::passwords::Password;
use scopegate_core::store::{CatalogStore, KeyStore};
use scopegate_jose::{Algorithm, MasterKey, SigningKey, TokenType, sha256};
use scopegate_server::{Server, ServerSettings, Storage, TrustedProxies};
use scopegate_store::{SqlStore, StoreOptions, StoreUrl};
use scopegate_testkit::{MemoryStore, UncheckedCatalog, put_signing_keys};
use serde_json::json;
use tower::ServiceExt;

use crate::browser::PASSWORD;

pub(crate) const BASE: &str = "http://127.0.0.1:9000";
pub(crate) const TOKEN: &str = "/oauth2/default/v1/token";
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";
pub(crate) const ASKS: &str = "grant_type=client_credentials&scope=read:orders";

/// A server with a small catalog. The client `reader` uses `client_secret_basic`, `poster` uses
/// `client_secret_post`, and `partner` a key.
pub(crate) struct Fixture<S = SqlStore> {
    pub(crate) server: Server,
    pub(crate) store: S,
    pub(crate) clock: ManualClock,
    pub(crate) master_key: Arc<MasterKey>,
    partner_key: SigningKey,
    admin_key: SigningKey,
    _folder: Option<tempfile::TempDir>,
}

pub(crate) fn secret_of(client: &str) -> String {
    format!("{client}-secret-that-is-long-enough-to-be-one")
}

pub(crate) fn basic(client: &str, secret: &str) -> String {
    let pair = format!("{client}:{secret}");
    format!("Basic {}", base64_simd::STANDARD.encode_to_string(pair))
}

impl Fixture {
    pub(crate) async fn start() -> Self {
        Self::start_at(BASE).await
    }

    pub(crate) async fn start_at(base: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = StoreUrl::sqlite(folder.path().join("scopegate.db"));
        let options = StoreOptions::default().patience(PATIENCE);
        let store = SqlStore::open(&url, &options).await.unwrap();
        Self::start_on(base, (store.clone(), Storage::from(store)), Some(folder)).await
    }
}

impl Fixture<MemoryStore> {
    /// Starts on a storage that can be told to fail, and that is polled for changes.
    pub(crate) async fn start_in_memory() -> Self {
        let store = MemoryStore::default();
        let storage = Storage::polled(Arc::new(store.clone()));
        Self::start_on(BASE, (store, storage), None).await
    }
}

impl<S: CatalogStore + KeyStore> Fixture<S> {
    async fn start_on(
        base: &str,
        (store, storage): (S, Storage),
        folder: Option<tempfile::TempDir>,
    ) -> Self {
        let master_key = Arc::new(MasterKey::generate());
        let partner_key = SigningKey::generate(Algorithm::Es256).unwrap();
        let admin_key = SigningKey::generate(Algorithm::Es256).unwrap();
        let written = catalog(&master_key, &partner_key, &admin_key);
        store.write_catalog(0, &written, None).await.unwrap();
        let clock = ManualClock::at(UnixTime::from_seconds(1_800_000_000));
        put_signing_keys(&store, &master_key, clock.now()).await;
        let base = Issuer::parse(base).unwrap();
        let settings = ServerSettings::new(base, storage, Arc::clone(&master_key))
            .with_clock(clock.clone())
            .with_trusted_proxies(TrustedProxies::parse(["10.0.0.0/8"]).unwrap());
        let server = Server::open(settings).await.unwrap();
        server.authority().audit().let_events_wait(PATIENCE);
        Self { server, store, clock, master_key, partner_key, admin_key, _folder: folder }
    }

    /// Adds alice and bob.
    pub(crate) async fn with_users(self) -> Self {
        for login in ["alice", "bob"] {
            let password = Password::chosen(PASSWORD.to_owned()).ok();
            let newcomer = Newcomer {
                login: login.into(),
                groups: BTreeSet::new(),
                profile: Profile::default(),
                password,
            };
            self.server.authority().create_user(newcomer).await.unwrap();
        }
        self
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Response {
        self.server.router().oneshot(request).await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    /// Sends this form with the credentials of `reader`.
    pub(crate) async fn ask(&self, form: &str) -> Response {
        self.send(self.reader(TOKEN).body(Body::from(form.to_owned())).unwrap()).await
    }

    /// A form by `reader`, with its credentials.
    pub(crate) fn reader(&self, path: &str) -> Builder {
        form_to(path).header("authorization", basic("reader", &secret_of("reader")))
    }

    /// An assertion of `partner` with this `jti`. The claims replace the default ones.
    pub(crate) fn assertion(&self, jti: &str, other: &serde_json::Value) -> String {
        let now = self.clock.now().as_seconds();
        let mut claims = json!({
            "iss": "partner", "sub": "partner", "aud": format!("{BASE}/oauth2/default"),
            "iat": now, "exp": now + 300, "jti": jti,
        });
        let others = other.as_object().cloned().unwrap_or_default();
        claims.as_object_mut().unwrap().extend(others);
        self.partner_key.sign(TokenType::Jwt, &claims).unwrap()
    }

    /// An assertion of the admin client `root` for this audience.
    pub(crate) fn admin_assertion(&self, jti: &str, aud: &str) -> String {
        let now = self.clock.now().as_seconds();
        let claims = json!({
            "iss": "root", "sub": "root", "aud": aud, "iat": now, "exp": now + 300, "jti": jti,
        });
        self.admin_key.sign(TokenType::Jwt, &claims).unwrap()
    }

    pub(crate) async fn ask_with_assertion(&self, assertion: &str) -> Response {
        self.send(form_to(TOKEN).body(Body::from(asserting(assertion))).unwrap()).await
    }
}

/// A form with a client assertion.
pub(crate) fn asserting(assertion: &str) -> String {
    format!(
        "{ASKS}&client_assertion={assertion}&client_assertion_type=\
         urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    )
}

/// How long a test waits for the storage and for background tasks. On a busy machine they may be
/// slow. Only a test that fails waits as long.
const PATIENCE: Duration = Duration::from_secs(120);

/// Waits until a background task has made this true.
pub(crate) async fn eventually(is_so: impl AsyncFn() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("it becomes true in time");
}

/// A form from a client behind a trusted proxy.
pub(crate) fn form_to(path: &str) -> Builder {
    Request::builder()
        .method(Method::POST)
        .uri(path)
        .header("content-type", FORM)
        .header("x-forwarded-for", "203.0.113.7")
        .extension(ConnectInfo(std::net::SocketAddr::from(([10, 0, 0, 1], 4000))))
}

fn catalog(master_key: &MasterKey, partner_key: &SigningKey, admin_key: &SigningKey) -> Vec<Edit> {
    let default = ServerId::default_server();
    let okta = ServerId::parse("okta").unwrap();
    let client = |id: &str, spec: ClientSpec| {
        put(EntityKey::client(&ClientId::parse(id).unwrap()), Spec::Client(Box::new(spec)))
    };
    let with_secret = |id: &str, auth| {
        let mac = secret_mac(master_key, &sha256(secret_of(id).as_bytes()));
        ClientSpec { auth, secrets: vec![ClientSecret::from_mac(mac)], ..service(id) }
    };
    let basic = ClientAuth::ClientSecretBasic;
    let partner = ClientSpec {
        auth: ClientAuth::PrivateKeyJwt,
        jwks: vec![partner_key.public_jwk()],
        ..service("partner")
    };
    let root = ClientSpec {
        auth: ClientAuth::PrivateKeyJwt,
        jwks: vec![admin_key.public_jwk()],
        admin: true,
        ..service("root")
    };
    let disabled = ClientSpec { status: Status::Inactive, ..with_secret("disabled", basic) };
    let grantless = ClientSpec { grant_types: BTreeSet::new(), ..with_secret("grantless", basic) };
    let portal = ClientSpec {
        client_type: ClientType::Web,
        grant_types: ["authorization_code".to_owned()].into(),
        redirect_uris: vec![RedirectUri::parse("https://portal.example/cb").unwrap()],
        pkce_required: false,
        ..with_secret("portal", basic)
    };
    let mut edits = vec![
        client("portal", portal),
        client("reader", with_secret("reader", basic)),
        client("poster", with_secret("poster", ClientAuth::ClientSecretPost)),
        client("partner", partner),
        client("disabled", disabled),
        client("root", root),
        client("grantless", grantless),
        server("off", "api://off", Dialect::Both, Status::Inactive),
    ];
    edits.extend(readable_orders(&default, "api://orders", Dialect::Both));
    edits.extend(readable_orders(&okta, "api://okta", Dialect::Okta));
    edits
}

/// A server whose policies allow `read:orders` only.
fn readable_orders(id: &ServerId, audience: &str, dialect: Dialect) -> Vec<Edit> {
    let scope = |name: &str, consent| {
        let spec = ScopeSpec { consent, ..ScopeSpec::default() };
        put(EntityKey::of_server(EntityKind::Scope, id, name), Spec::Scope(spec))
    };
    let policy = PolicySpec {
        priority: 1,
        description: String::new(),
        clients: Clients::All,
        status: Status::Active,
    };
    let rule = RuleSpec {
        priority: 1,
        grant_types: ["client_credentials".to_owned()].into(),
        scopes: Scopes::Named(ScopeSet::parse("read:orders").unwrap()),
        ..RuleSpec::default()
    };
    vec![
        server(id.as_str(), audience, dialect, Status::Active),
        scope("read:orders", Consent::Implicit),
        scope("write:orders", Consent::Implicit),
        scope("sign:orders", Consent::Required),
        put(EntityKey::of_server(EntityKind::Policy, id, "all"), Spec::Policy(policy)),
        put(EntityKey::rule(id, "all", "read"), Spec::from(rule)),
    ]
}

pub(crate) fn server(id: &str, audience: &str, dialect: Dialect, status: Status) -> Edit {
    let name = Audience::parse(audience).unwrap();
    let spec = ServerSpec {
        name: id.to_owned(),
        description: String::new(),
        audiences: vec![AudienceSpec { name, resources: Vec::new() }],
        dialect,
        algorithms: vec![Algorithm::Es256],
        trusted_servers: BTreeSet::new(),
        keys: Default::default(),
        status,
    };
    put(EntityKey::server(&ServerId::parse(id).unwrap()), Spec::Server(spec))
}

fn service(id: &str) -> ClientSpec {
    ClientSpec {
        name: id.to_owned(),
        grant_types: ["client_credentials".to_owned()].into(),
        ..ClientSpec::default()
    }
}

fn put(key: EntityKey, spec: Spec) -> Edit {
    Edit::Put(Entity { key, owner: Owner::File, spec })
}
