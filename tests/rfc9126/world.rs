//! A server, clients that push, and a browser that brings references.

use scopegate_claims::Clock;
use scopegate_core::people::User;
use scopegate_jose::{Algorithm, SigningKey, TokenType, random_token};
use scopegate_tests::{Answer, BASE, Browser, TestClient, TestServer};
use serde_json::json;

pub(crate) const CALLBACK: &str = "https://portal.example/cb";
pub(crate) const URN: &str = "urn:ietf:params:oauth:request_uri:";

const CATALOG: &str = r#"
version = 1

[[server]]
id = "default"
name = "Orders"
audiences = [{ name = "api://orders" }]
algorithms = ["ES256"]

[[server.scope]]
name = "read:orders"

[[server.scope]]
name = "sell:orders"
consent = "REQUIRED"

[[server.policy]]
name = "people"
clients = ["*"]

[[server.policy.rule]]
name = "everybody"
grant_types = ["authorization_code"]
scopes = ["*"]
access_token_lifetime = "10m"

[[client]]
id = "portal"
name = "Portal"
type = "web"
auth = "client_secret_basic"
secrets = [{ env = "portal" }]
grant_types = ["authorization_code"]
redirect_uris = ["https://portal.example/cb"]
pkce_required = false

[[client]]
id = "other"
name = "Other"
type = "web"
auth = "client_secret_basic"
secrets = [{ env = "other" }]
grant_types = ["authorization_code"]
redirect_uris = ["https://portal.example/cb"]
pkce_required = false

[[client]]
id = "pusher"
name = "Pusher"
type = "web"
auth = "client_secret_basic"
secrets = [{ env = "pusher" }]
grant_types = ["authorization_code"]
redirect_uris = ["https://portal.example/cb"]
pkce_required = false
require_pushed_authorization_requests = true

[[client]]
id = "app"
name = "App"
type = "browser"
auth = "none"
grant_types = ["authorization_code"]
redirect_uris = ["https://portal.example/cb"]

[[client]]
id = "reader"
name = "Reader"
auth = "client_secret_basic"
secrets = [{ env = "reader" }]
"#;

/// The server, and Alice.
pub(crate) async fn start() -> (TestServer, User) {
    start_with(CATALOG).await
}

async fn start_with(catalog: &str) -> (TestServer, User) {
    let server = TestServer::start(catalog).await;
    let alice = server.add_user("alice", &[]).await;
    (server, alice)
}

/// A server whose client `signer` proves with a key who it is.
pub(crate) async fn start_with_signer() -> (TestServer, SigningKey) {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let jwk = key.public_jwk();
    let members = serde_json::to_value(jwk).unwrap();
    let members = members.as_object().unwrap().iter();
    let members: Vec<_> = members.map(|(name, value)| format!("{name} = {value}")).collect();
    let signer = format!(
        "[[client]]\nid = \"signer\"\nname = \"Signer\"\ntype = \"web\"\nauth = \"private_key_jwt\"\n\
         grant_types = [\"authorization_code\"]\nredirect_uris = [\"{CALLBACK}\"]\n\
         pkce_required = false\n[[client.jwks.keys]]\n{}\n",
        members.join("\n")
    );
    (start_with(&format!("{CATALOG}\n{signer}")).await.0, key)
}

/// What `signer` proves with that it is `signer`, to whom the path below the base URL names.
pub(crate) fn assertion(server: &TestServer, key: &SigningKey, audience: &str) -> String {
    let now = server.clock().now().as_seconds();
    let claims = json!({
        "iss": "signer", "sub": "signer", "aud": format!("{BASE}{audience}"),
        "exp": now + 60, "jti": random_token(16),
    });
    key.sign(TokenType::Jwt, &claims).unwrap()
}

/// What a client asks for, with some parameters changed; an empty value leaves one out.
pub(crate) fn asking<'a>(changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let usual = [
        ("response_type", "code"),
        ("client_id", "portal"),
        ("redirect_uri", CALLBACK),
        ("scope", "openid read:orders"),
        ("state", "a state"),
    ];
    let kept = usual.into_iter().filter(|(name, _)| changes.iter().all(|(other, _)| other != name));
    kept.chain(changes.iter().copied().filter(|(_, value)| !value.is_empty())).collect()
}

/// Pushes what `portal` asks for, and gets the reference.
pub(crate) async fn pushed(server: &TestServer, changes: &[(&str, &str)]) -> String {
    reference(&server.as_client("portal").post("par", &asking(changes)).await.expect(201))
}

/// The reference of an answer.
pub(crate) fn reference(answer: &Answer) -> String {
    answer.json()["request_uri"].as_str().unwrap().to_owned()
}

/// Brings a reference of `portal`'s.
pub(crate) async fn brought(browser: &mut Browser<'_>, reference: &str) -> Answer {
    browser.authorize(&[("client_id", "portal"), ("request_uri", reference)]).await
}

/// Redeems a code of a client that uses no proof key.
pub(crate) async fn redeem(client: &TestClient<'_>, code: &str) -> Answer {
    let form = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", CALLBACK)];
    client.token(&form).await
}

/// Asserts a page of an error: the browser is sent nowhere.
#[track_caller]
pub(crate) fn assert_page(answer: &Answer, status: u16) {
    assert_eq!(answer.status.as_u16(), status, "{}", answer.body);
    assert_eq!(answer.header("location"), "");
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.page();
}
