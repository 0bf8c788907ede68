//! A server, devices, and users who approve them.

use scopegate_core::directory::User;
use scopegate_tests::{Answer, Browser, Catalog, TestClient, TestServer};
use serde_json::Value;

pub(crate) const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// The staff may have all scopes, others may read. `tv` is public, `printer` is only for the staff.
pub(crate) fn catalog() -> Catalog {
    Catalog::of_orders()
        .scope("read:orders", "description = \"See your <orders>\"")
        .scope("sell:orders", "description = \"Sell your orders\"\nconsent = \"REQUIRED\"")
        .staff_and_everybody(&[GRANT_TYPE])
        .rule("staff", &format!("grant_types = [\"{GRANT_TYPE}\", \"authorization_code\"]"))
        .rule("everybody", "access_token_lifetime = \"5m\"")
        .client(
            "tv",
            r#"
            name = "The <TV>"
            type = "native"
            grant_types = ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"]
            "#,
        )
        .client(
            "printer",
            r#"
            type = "web"
            grant_types = ["urn:ietf:params:oauth:grant-type:device_code", "authorization_code"]
            redirect_uris = ["https://portal.example/cb"]
            pkce_required = false
            groups = ["staff"]
            "#,
        )
        .client("orders_api", "audiences = [\"api://orders\"]")
}

/// The server, and Alice, who is in the group `staff`.
pub(crate) async fn start() -> (TestServer, User) {
    TestServer::start_with_alice(catalog()).await
}

/// The answer to a device authorization request.
#[derive(Clone, Debug)]
pub(crate) struct Codes {
    pub(crate) device: String,
    pub(crate) user: String,
    pub(crate) json: Value,
}

/// The TV sends a device authorization request.
pub(crate) async fn request_codes(server: &TestServer, scope: &str) -> Codes {
    codes(&server.as_public_client("tv").post("device/authorize", &[("scope", scope)]).await)
}

#[track_caller]
pub(crate) fn codes(answer: &Answer) -> Codes {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let json = answer.json();
    let text = |name: &str| json[name].as_str().unwrap().to_owned();
    Codes { device: text("device_code"), user: text("user_code"), json: json.clone() }
}

/// A device sends a token request.
pub(crate) async fn poll(client: &TestClient<'_>, device_code: &str) -> Answer {
    client.token(&[("grant_type", GRANT_TYPE), ("device_code", device_code)]).await
}

/// A signed-in user types a code.
pub(crate) async fn type_code(browser: &mut Browser<'_>, user_code: &str) -> Answer {
    let page = browser.open("/activate").await.expect(200);
    browser.fill_in(&page, &[("user_code", user_code)]).await
}

/// A signed-in user types a code and decides.
pub(crate) async fn decide(browser: &mut Browser<'_>, user_code: &str, decision: &str) -> Answer {
    let page = type_code(browser, user_code).await.expect(200);
    browser.fill_in(&page, &[("decision", decision)]).await
}

/// A device that a user has approved.
pub(crate) async fn approved_device(server: &TestServer, user: &User, scope: &str) -> Codes {
    let codes = request_codes(server, scope).await;
    let mut browser = server.browser_of(user).await;
    decide(&mut browser, &codes.user, "allow").await.expect(200);
    codes
}

/// Whether a token of the TV is still active, according to introspection by the API.
pub(crate) async fn is_active(server: &TestServer, token: &Value) -> bool {
    let form = [("token", token.as_str().unwrap())];
    let answer = server.as_client("orders_api").post("introspect", &form).await;
    answer.expect(200).json()["active"] == true
}
