//! A server, clients that push requests, and browsers that send a `request_uri`.

use scopegate_core::directory::User;
use scopegate_jose::SigningKey;
use scopegate_tests::{Answer, Browser, Catalog, TestServer, in_toml, key};

pub(crate) use crate::rfc6749::world::{CALLBACK, asking, assert_page, redeem};

pub(crate) const URN: &str = "urn:ietf:params:oauth:request_uri:";

/// A client to which users sign in, without PKCE.
const WEB_CLIENT: &str = r#"
    type = "web"
    grant_types = ["authorization_code"]
    redirect_uris = ["https://portal.example/cb"]
    pkce_required = false
"#;

/// `pusher` must push its requests, `app` is public.
fn catalog() -> Catalog {
    Catalog::of_orders()
        .scope("sell:orders", "consent = \"REQUIRED\"")
        .rule(
            "everybody",
            r#"
            grant_types = ["authorization_code"]
            scopes = ["*"]
            access_token_lifetime = "10m"
            "#,
        )
        .client("portal", WEB_CLIENT)
        .client("other", WEB_CLIENT)
        .client("pusher", &format!("{WEB_CLIENT}\nrequire_pushed_authorization_requests = true"))
        .client(
            "app",
            r#"
            type = "browser"
            grant_types = ["authorization_code"]
            redirect_uris = ["https://portal.example/cb"]
            "#,
        )
}

/// The server, and Alice.
pub(crate) async fn start() -> (TestServer, User) {
    TestServer::start_with_alice(catalog()).await
}

/// A server whose client `signer` authenticates with a key.
pub(crate) async fn start_with_signer() -> (TestServer, SigningKey) {
    let key = key();
    let proves = format!("auth = \"private_key_jwt\"\njwks = {{ keys = [{}] }}", in_toml(&key));
    let catalog = catalog().client("signer", &format!("{WEB_CLIENT}\n{proves}"));
    (TestServer::start(catalog).await, key)
}

/// Pushes a request of `portal` and returns the `request_uri`.
pub(crate) async fn push(server: &TestServer, changes: &[(&str, &str)]) -> String {
    reference(&server.as_client("portal").post("par", &asking(changes)).await.expect(201))
}

/// The `request_uri` in an answer.
pub(crate) fn reference(answer: &Answer) -> String {
    answer.json()["request_uri"].as_str().unwrap().to_owned()
}

/// Sends an authorization request of `portal` with a `request_uri`.
pub(crate) async fn use_request_uri(browser: &mut Browser<'_>, reference: &str) -> Answer {
    browser.authorize(&[("client_id", "portal"), ("request_uri", reference)]).await
}
