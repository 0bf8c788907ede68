//! RFC 7591 §2, a secret that is replaced by another.

use std::time::Duration;

use scopegate_tests::{Catalog, TestServer};

const ASKS: [(&str, &str); 1] = [("grant_type", "client_credentials")];

/// Whether a client gets in that shows the secret of this name in its form.
async fn gets_in(server: &TestServer, secret: &str) -> bool {
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
async fn two_secrets_live_and_one_expires() {
    // The clock of the test begins at 2027-01-15T08:00:00Z.
    let secrets = r#"[{ env = "old", expires = "2027-01-15T09:00:00Z" }, { env = "new" }]"#;
    let reader = format!("auth = \"client_secret_post\"\nsecrets = {secrets}");
    let server = TestServer::start(Catalog::of_orders().client("reader", &reader)).await;
    assert!(gets_in(&server, "old").await && gets_in(&server, "new").await);
    assert!(!gets_in(&server, "reader").await);
    server.clock().advance(Duration::from_secs(3599));
    assert!(gets_in(&server, "old").await);
    server.clock().advance(Duration::from_secs(1));
    assert!(!gets_in(&server, "old").await);
    assert!(gets_in(&server, "new").await);
    // What the token endpoint says is no other thing.
    let reader = server.as_client("reader").token(&ASKS).await;
    reader.expect_error(401, "invalid_client");
}
