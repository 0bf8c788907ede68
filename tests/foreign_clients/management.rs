//! Runs `node/management.mjs`: Okta's SDK for Node against the management API of a server with real sockets.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;

use scopegate_claims::{Clock, Issuer, SystemClock};
use scopegate_core::administration::edit_catalog::{CatalogDoor, EditError};
use scopegate_core::audit::Actor;
use scopegate_core::catalog::{ClientAuth, ClientId, ClientSpec, Edit, Entity, EntityKey, Owner};
use scopegate_jose::Jwk;
use scopegate_server::config::Config;
use scopegate_server::setup::Setup;
use scopegate_server::{ListenSettings, Listeners, Server};
use scopegate_testkit::put_signing_keys;

/// The minimum number of tests. It detects tests that were not run.
const AT_LEAST: u32 = 9;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by scripts/test"]
async fn oktas_sdk_for_node_manages_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listen = ListenSettings { address, tls: None };
    let listeners = Listeners::bind(&listen, Some(&listen)).await.unwrap();
    let admin = listeners.admin_address().unwrap();
    let base = Issuer::parse(&format!("http://{}", listeners.public_address())).unwrap();

    let mut config = Config::in_folder(folder.path());
    config.listen.public = listeners.public_address();
    let setup = Setup::open(&config, &base).await.unwrap();
    put_signing_keys(setup.store(), setup.master_key(), SystemClock.now()).await;
    // What `scopegate clients create --admin --jwks` does. The proof of possession of the SDK needs an RSA key.
    let (private, public) = rsa_key();
    let client = ClientSpec {
        name: "Root".into(),
        auth: ClientAuth::PrivateKeyJwt,
        jwks: vec![public],
        grant_types: ["client_credentials".to_owned()].into(),
        admin: true,
        ..ClientSpec::default()
    };
    let entity = Entity {
        key: EntityKey::client(&ClientId::parse("root").unwrap()),
        owner: Owner::Api,
        spec: client.into(),
    };
    let actor = Actor::cli("clients create");
    let now = SystemClock.now();
    let door = CatalogDoor { store: setup.store(), base: &base, actor: &actor, now };
    let edit = |_: &_| Ok::<_, EditError>(vec![Edit::Put(entity.clone())]);
    door.edit(Owner::Api, edit).await.unwrap();

    let server = Server::open(setup.into_settings()).await.unwrap();
    let serving = tokio::spawn(async move {
        listeners.serve(&server, std::future::pending()).await;
    });
    let node_folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("foreign_clients/node");
    assert!(node_folder.join("node_modules").exists(), "scripts/test installs what they need");
    let mut node = Command::new("node");
    node.args(["--test", "--test-reporter=tap", "management.mjs"]).current_dir(node_folder);
    node.env("ADMIN", format!("http://{admin}")).env("ISSUER", base.as_str());
    node.env("PRIVATE_JWK", private);
    let ended = tokio::task::spawn_blocking(move || node.output()).await.unwrap();
    serving.abort();
    let ended = ended.expect("scripts/test installs Node");
    let said = String::from_utf8(ended.stdout).unwrap() + &String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{said}");
    let passed = said.lines().find_map(|line| line.strip_prefix("# pass "));
    let passed = passed.and_then(|number| number.trim().parse::<u32>().ok());
    assert!(passed.is_some_and(|number| number >= AT_LEAST), "{said}");
}

/// A new RSA key, which Node makes: the private JWK as JSON, and the public one.
fn rsa_key() -> (String, Jwk) {
    const MAKE: &str = "\
        const { privateKey, publicKey } = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });\
        const more = { kid: 'root', alg: 'RS256', use: 'sig' };\
        console.log(JSON.stringify({ ...privateKey.export({ format: 'jwk' }), ...more }));\
        console.log(JSON.stringify({ ...publicKey.export({ format: 'jwk' }), ...more }));";
    let made = Command::new("node").args(["-e", MAKE]).output();
    let made = String::from_utf8(made.expect("scripts/test installs Node").stdout).unwrap();
    let (private, public) = made.trim().split_once('\n').unwrap();
    (private.to_owned(), serde_json::from_str(public).unwrap())
}
