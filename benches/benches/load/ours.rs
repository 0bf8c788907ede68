//! Our server, with a catalog, a user and a session.

use std::sync::Arc;

use scopegate_claims::{Clock, Issuer, SystemClock};
use scopegate_core::administration::apply::{Mode, apply};
use scopegate_core::administration::edit_catalog::CatalogDoor;
use scopegate_core::administration::users::Newcomer;
use scopegate_core::audit::Actor;
use scopegate_core::catalog::UserId;
use scopegate_core::catalog_file::{CatalogContext, CatalogFile, CatalogSource};
use scopegate_core::client_auth::secret_mac;
use scopegate_core::directory::Profile;
use scopegate_core::people::passwords::{Password, seal_hash};
use scopegate_core::people::session;
use scopegate_core::store::{Change, Ledger};
use scopegate_jose::MasterKey;
use scopegate_server::{ListenSettings, Listeners, Server, ServerSettings};
use scopegate_store::{SqlStore, StoreOptions, StoreUrl};

use crate::child::announce;

pub(crate) const LOGIN: &str = "alice";
pub(crate) const PASSWORD: &str = "a long enough password";
pub(crate) const SECRET: &str = "a secret of 43 characters is a good secret.";

const CATALOG: &str = r#"
version = 1

[[server]]
id = "default"
name = "Orders"
audiences = [{ name = "api://orders" }]
algorithms = ["{algorithm}"]

[[server.scope]]
name = "read:orders"

[[server.policy]]
name = "all"
clients = ["*"]

[[server.policy.rule]]
name = "all"
grant_types = ["client_credentials", "authorization_code"]
scopes = ["*"]
access_token_lifetime = "10m"

[[client]]
id = "machine"
name = "A machine"
auth = "client_secret_basic"
secrets = [{ env = "secret" }]

[[client]]
id = "portal"
name = "A portal"
type = "web"
auth = "client_secret_basic"
secrets = [{ env = "secret" }]
grant_types = ["authorization_code", "refresh_token"]
refresh_token = { rotation_type = "ROTATE", leeway = 0 }
redirect_uris = ["http://127.0.0.1/cb"]
consent_method = "TRUSTED"
"#;

/// Serves until the process is killed.
#[tokio::main]
pub(crate) async fn serve(algorithm: &str) {
    let address = "127.0.0.1:0".parse().unwrap();
    let listeners = Listeners::bind(&ListenSettings { address, tls: None }, None).await.unwrap();
    let port = listeners.public_address().port();
    let base = Issuer::parse(&format!("http://127.0.0.1:{port}")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let url = StoreUrl::sqlite(folder.path().join("s.db"));
    let store = SqlStore::open(&url, &StoreOptions::default()).await.unwrap();
    let master_key = Arc::new(MasterKey::generate());
    let catalog = CATALOG.replace("{algorithm}", algorithm);
    let source = CatalogSource { name: "catalog.toml", content: catalog.as_bytes() };
    let context = Context { base: &base, master_key: &master_key };
    let file = CatalogFile::parse(&source, &context).unwrap();
    let actor = Actor::file("catalog.toml");
    let now = SystemClock.now();
    let door = CatalogDoor { store: &store, base: &base, actor: &actor, now };
    apply(&door, &file, Mode::Write).await.unwrap();

    let settings = ServerSettings::new(base, store.clone(), master_key);
    let server = Server::open(settings).await.unwrap();
    let newcomer = Newcomer {
        login: LOGIN.to_owned(),
        groups: ["staff".to_owned()].into(),
        profile: Profile::collect([("name".to_owned(), "Alice".into())]).unwrap(),
        password: Some(Password::chosen(PASSWORD.to_owned()).unwrap()),
    };
    let user = server.authority().create_user(newcomer).await.unwrap();
    let (session, secret) = session::begin(&user.id, SystemClock.now());
    store.commit(&[Change::OpenSession(Box::new(session))]).await.unwrap();
    announce(port, secret.as_str());
    listeners.serve(&server, std::future::pending()).await;
}

struct Context<'a> {
    base: &'a Issuer,
    master_key: &'a MasterKey,
}

impl CatalogContext for Context<'_> {
    fn variable(&self, _name: &str) -> Option<String> {
        Some(SECRET.to_owned())
    }

    fn secret_mac(&self, sha256: &[u8; 32]) -> [u8; 32] {
        secret_mac(self.master_key, sha256)
    }

    fn seal_password(&self, user: &UserId, phc: &str) -> Vec<u8> {
        seal_hash(self.master_key, user, phc)
    }

    fn issuer_base(&self) -> Option<&Issuer> {
        Some(self.base)
    }
}
