//! RFC 7591 §2, replacing a client secret.

use std::time::Duration;

use scopegate_tests::{Catalog, TestServer};

const ASKS: [(&str, &str); 1] = [("grant_type", "client_credentials")];

/// Whether the secret with this name authenticates the client.
async fn authenticates(server: &TestServer, secret: &str) -> bool {
    let secret = scopegate_tests::secret_of(secret);
    let form = [("client_id", "reader"), ("client_secret", secret.as_str()), ("token", "x")];
    let answer = server.anonymous().post("introspect", &form).await;
    if answer.status != 200 {
        answer.expect_error(401, "invalid_client");
        assert!(!answer.body.contains(&secret));
    }
    answer.status == 200
}

#[tokio::test]
async fn two_secrets_are_valid_until_one_expires() {
    // The clock of the test begins at 2027-01-15T08:00:00Z.
    let secrets = r#"[{ env = "old", expires = "2027-01-15T09:00:00Z" }, { env = "new" }]"#;
    let reader = format!("auth = \"client_secret_post\"\nsecrets = {secrets}");
    let server = TestServer::start(Catalog::of_orders().client("reader", &reader)).await;
    assert!(authenticates(&server, "old").await && authenticates(&server, "new").await);
    assert!(!authenticates(&server, "reader").await);
    server.clock().advance(Duration::from_secs(3599));
    assert!(authenticates(&server, "old").await);
    server.clock().advance(Duration::from_secs(1));
    assert!(!authenticates(&server, "old").await);
    assert!(authenticates(&server, "new").await);
    // The token endpoint gives the same result.
    let reader = server.as_client("reader").token(&ASKS).await;
    reader.expect_error(401, "invalid_client");
}
