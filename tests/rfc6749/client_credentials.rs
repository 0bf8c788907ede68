//! §4.4, the client credentials grant.

use scopegate_tests::{Catalog, TestServer};

/// `reader` may read.
fn catalog() -> Catalog {
    let rule = "grant_types = [\"client_credentials\"]\nscopes = [\"read:orders\"]";
    Catalog::of_orders().rule("read", rule)
}

const ASKS: [(&str, &str); 2] = [("grant_type", "client_credentials"), ("scope", "read:orders")];

#[tokio::test]
async fn s4_4_3_the_answer_has_no_refresh_token() {
    let server = TestServer::start(catalog()).await;
    let json = server.as_client("reader").token(&ASKS).await.expect(200).json();
    assert!(json["access_token"].is_string() && json["refresh_token"].is_null(), "{json}");
    assert!(json["id_token"].is_null(), "{json}");
}

#[tokio::test]
async fn s4_4_a_public_client_is_refused() {
    let server = TestServer::start(catalog()).await;
    for nobody in [server.as_public_client("reader"), server.anonymous()] {
        nobody.token(&ASKS).await.expect_error(401, "invalid_client");
    }
}

#[tokio::test]
async fn clients_and_keys_are_kept_over_a_restart() {
    let server = TestServer::start(catalog()).await;
    let keys = server.anonymous().read("/oauth2/default/v1/keys").await.expect(200).body;
    let server = server.crash().await;
    server.as_client("reader").token(&ASKS).await.expect(200);
    assert_eq!(server.anonymous().read("/oauth2/default/v1/keys").await.body, keys);
}
