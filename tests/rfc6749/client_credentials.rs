//! §4.4, the client credentials grant.

use scopegate_tests::TestServer;

const CATALOG: &str = r#"
version = 1

[[server]]
id = "default"
name = "Orders"
audiences = [{ name = "api://orders" }]
algorithms = ["ES256"]

[[server.scope]]
name = "read:orders"

[[server.policy]]
name = "all"
clients = ["*"]

[[server.policy.rule]]
name = "read"
grant_types = ["client_credentials"]
scopes = ["read:orders"]

[[client]]
id = "reader"
name = "Reader"
auth = "client_secret_basic"
secrets = [{ env = "reader" }]
"#;

const ASKS: [(&str, &str); 2] = [("grant_type", "client_credentials"), ("scope", "read:orders")];

#[tokio::test]
async fn s4_4_3_the_answer_has_no_refresh_token() {
    let server = TestServer::start(CATALOG).await;
    let json = server.as_client("reader").token(&ASKS).await.expect(200).json();
    assert!(json["access_token"].is_string() && json["refresh_token"].is_null(), "{json}");
    assert!(json["id_token"].is_null(), "{json}");
}

#[tokio::test]
async fn s4_4_a_public_client_is_refused() {
    let server = TestServer::start(CATALOG).await;
    for nobody in [server.as_public_client("reader"), server.anonymous()] {
        nobody.token(&ASKS).await.expect_error(401, "invalid_client");
    }
}

#[tokio::test]
async fn a_restart_keeps_clients_and_keys() {
    let server = TestServer::start(CATALOG).await;
    let keys = server.anonymous().read("/oauth2/default/v1/keys").await.expect(200).body;
    let server = server.crash().await;
    server.as_client("reader").token(&ASKS).await.expect(200);
    assert_eq!(server.anonymous().read("/oauth2/default/v1/keys").await.body, keys);
}
