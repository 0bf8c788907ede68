//! A server with clients of each kind, and their requests.

use scopegate_core::directory::User;
use scopegate_jose::SigningKey;
use scopegate_store::StoreUrl;
use scopegate_tests::{Answer, Browser, Catalog, Pkce, TestServer, in_toml, key, proof};

pub(crate) const CALLBACK: &str = "https://portal.example/cb";
pub(crate) const SCOPE: &str = "openid offline_access read:orders";
pub(crate) const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// A server, Alice, and the key of the client `signer`.
pub(crate) struct World {
    pub(crate) server: TestServer,
    pub(crate) alice: User,
    pub(crate) key: SigningKey,
}

/// The tokens that the portal got for a code.
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

/// `portal` rotates its refresh tokens with a leeway of 30 s, `tv` is a device, `signer`
/// authenticates with a key.
pub(crate) fn catalog(key: &SigningKey) -> Catalog {
    Catalog::of_orders()
        .rule(
            "everybody",
            &format!(
                "grant_types = [\"client_credentials\", \"authorization_code\", \"{DEVICE_CODE}\"]\n\
                 scopes = [\"*\"]\naccess_token_lifetime = \"10m\""
            ),
        )
        .client(
            "portal",
            r#"
            grant_types = ["authorization_code", "refresh_token"]
            consent_method = "TRUSTED"
            refresh_token = { rotation_type = "ROTATE", leeway = 30 }
            "#,
        )
        .client("tv", &format!("type = \"native\"\ngrant_types = [\"{DEVICE_CODE}\"]"))
        .client(
            "signer",
            &format!("auth = \"private_key_jwt\"\njwks = {{ keys = [{}] }}", in_toml(key)),
        )
}

impl World {
    pub(crate) async fn on_sqlite() -> Self {
        let key = key();
        Self::with_alice(TestServer::start(catalog(&key)).await, key).await
    }

    pub(crate) async fn at(url: StoreUrl) -> Self {
        let key = key();
        Self::with_alice(TestServer::start_at(url, catalog(&key)).await, key).await
    }

    async fn with_alice(server: TestServer, key: SigningKey) -> Self {
        let alice = server.add_user("alice", &[]).await;
        Self { server, alice, key }
    }
}

/// Signs Alice in if necessary, and gets a code for `portal`.
pub(crate) async fn code(browser: &mut Browser<'_>, pkce: &Pkce) -> String {
    browser.code("alice", "portal", CALLBACK, SCOPE, pkce).await
}

/// `portal` redeems a code.
pub(crate) async fn redeem(server: &TestServer, code: &str, pkce: &Pkce) -> Answer {
    server.as_client("portal").redeem(code, CALLBACK, pkce).await
}

/// The tokens of an answer.
#[track_caller]
pub(crate) fn tokens(answer: Answer) -> Tokens {
    let json = answer.expect(200).json();
    let text = |name: &str| json[name].as_str().unwrap().to_owned();
    Tokens { access: text("access_token"), refresh: text("refresh_token") }
}

/// `portal` uses a refresh token.
pub(crate) async fn refresh(server: &TestServer, token: &str) -> Answer {
    server.as_client("portal").refresh(token).await
}

/// Whether a token of the portal is still active, according to introspection.
pub(crate) async fn is_active(server: &TestServer, token: &str) -> bool {
    let answer = server.as_client("portal").post("introspect", &[("token", token)]).await;
    answer.expect(200).json()["active"] == true
}

/// `signer` requests a token with an assertion.
pub(crate) async fn use_assertion(server: &TestServer, assertion: &str) -> Answer {
    let form = [("grant_type", "client_credentials"), ("scope", "read:orders")];
    server.anonymous().token(&[&form[..], &proof(assertion)].concat()).await
}

/// Whether Alice is signed in.
pub(crate) async fn is_signed_in(browser: &mut Browser<'_>) -> bool {
    let answer = browser.open("/account").await;
    answer.status == 200 && answer.body.contains("alice")
}

/// Signs out with the sign-out page.
pub(crate) async fn sign_out(browser: &mut Browser<'_>) {
    let page = browser.open("/signout").await.expect(200);
    let answer = browser.fill_in(&page, &[]).await;
    browser.follow(answer).await.expect(200);
}

/// A browser at another node with the same session.
pub(crate) fn moved<'a>(browser: &Browser<'_>, to: &'a TestServer) -> Browser<'a> {
    let mut moved = to.browser();
    moved.set_cookie("scopegate", browser.cookie("scopegate").unwrap());
    moved
}

/// The TV sends a device authorization request. Returns the device code and the user code.
pub(crate) async fn request_device_code(server: &TestServer) -> (String, String) {
    let asked = [("scope", "read:orders")];
    let answer = server.as_public_client("tv").post("device/authorize", &asked).await;
    let json = answer.expect(200).json();
    let text = |name: &str| json[name].as_str().unwrap().to_owned();
    (text("device_code"), text("user_code"))
}

/// The TV sends a token request.
pub(crate) async fn poll_device_code(server: &TestServer, code: &str) -> Answer {
    let form = [("grant_type", DEVICE_CODE), ("device_code", code)];
    server.as_public_client("tv").token(&form).await
}

/// A signed-in user approves the device.
pub(crate) async fn approve_device(browser: &mut Browser<'_>, user_code: &str) {
    let page = browser.open("/activate").await.expect(200);
    let page = browser.fill_in(&page, &[("user_code", user_code)]).await.expect(200);
    browser.fill_in(&page, &[("decision", "allow")]).await.expect(200);
}

/// `portal` pushes a request. Returns the `request_uri`.
pub(crate) async fn push(server: &TestServer, pkce: &Pkce) -> String {
    let asked = [
        ("response_type", "code"),
        ("client_id", "portal"),
        ("redirect_uri", CALLBACK),
        ("scope", SCOPE),
        ("code_challenge", &pkce.challenge),
        ("code_challenge_method", "S256"),
    ];
    let answer = server.as_client("portal").post("par", &asked).await.expect(201);
    answer.json()["request_uri"].as_str().unwrap().to_owned()
}

/// Sends an authorization request with a `request_uri`.
pub(crate) async fn use_request_uri(browser: &mut Browser<'_>, reference: &str) -> Answer {
    browser.authorize(&[("client_id", "portal"), ("request_uri", reference)]).await
}
