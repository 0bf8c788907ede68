//! RFC 7523 §2.2: a client that authenticates with its key and gets tokens for users.

use futures_util::future::join_all;
use scopegate_core::catalog::{ClientAuth, ClientSpec, ClientType, RedirectUri};
use scopegate_core::directory::User;
use scopegate_jose::SigningKey;
use scopegate_tests::{Answer, TestServer, key, proof};

use crate::rfc6749::world::{CALLBACK, asking};

/// The server, Alice, and the key of the client `signer`.
async fn start() -> (TestServer, User, SigningKey) {
    let (server, alice) = crate::rfc6749::world::start().await;
    let key = key();
    let signer = ClientSpec {
        name: "Signer".to_owned(),
        client_type: ClientType::Web,
        auth: ClientAuth::PrivateKeyJwt,
        jwks: vec![key.public_jwk()],
        grant_types: ["authorization_code", "refresh_token"].map(str::to_owned).into(),
        redirect_uris: vec![RedirectUri::parse(CALLBACK).unwrap()],
        pkce_required: false,
        ..ClientSpec::default()
    };
    server.put_client("signer", signer).await;
    (server, alice, key)
}

/// A client assertion of `signer` for the token endpoint.
fn assertion(server: &TestServer, key: &SigningKey) -> String {
    server.assertion_of("signer", key, "/oauth2/default/v1/token")
}

async fn code(server: &TestServer, alice: &User) -> String {
    let mut browser = server.browser_of(alice).await;
    let scope = ("scope", "openid offline_access read:orders");
    let answer = browser.authorize(&asking(&[("client_id", "signer"), scope])).await;
    browser.agree(answer).await.sent("code").expect("the client gets a code")
}

async fn token_request(server: &TestServer, assertion: &str, grant: &[(&str, &str)]) -> Answer {
    server.anonymous().token(&[&proof(assertion), grant].concat()).await
}

async fn redeem(server: &TestServer, assertion: &str, code: &str) -> Answer {
    let grant = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", CALLBACK)];
    token_request(server, assertion, &grant).await
}

async fn refresh(server: &TestServer, assertion: &str, token: &str) -> Answer {
    token_request(server, assertion, &[("grant_type", "refresh_token"), ("refresh_token", token)])
        .await
}

#[tokio::test]
async fn a_code_and_a_refresh_token_are_redeemed_by_assertion() {
    let (server, alice, key) = start().await;
    let (first, second) = (code(&server, &alice).await, code(&server, &alice).await);
    let used = assertion(&server, &key);
    let tokens = redeem(&server, &used, &first).await.expect(200).json();
    assert!(tokens["id_token"].is_string(), "{tokens}");
    // The assertion is used up, but the second code is not.
    redeem(&server, &used, &second).await.expect_error(401, "invalid_client");
    redeem(&server, &assertion(&server, &key), &second).await.expect(200);

    let token = tokens["refresh_token"].as_str().unwrap();
    refresh(&server, &used, token).await.expect_error(401, "invalid_client");
    let other = assertion(&server, &key);
    let next = refresh(&server, &other, token).await.expect(200).json();
    let next = next["refresh_token"].as_str().unwrap();
    refresh(&server, &other, next).await.expect_error(401, "invalid_client");
    refresh(&server, &assertion(&server, &key), next).await.expect(200);
}

#[tokio::test]
async fn a_request_with_a_wrong_code_uses_up_the_assertion() {
    let (server, alice, key) = start().await;
    let code = code(&server, &alice).await;
    let shown = assertion(&server, &key);
    redeem(&server, &shown, &"a".repeat(43)).await.expect_error(400, "invalid_grant");
    redeem(&server, &shown, &code).await.expect_error(401, "invalid_client");
    redeem(&server, &assertion(&server, &key), &code).await.expect(200);
}

#[tokio::test]
async fn concurrent_requests_give_only_one_token() {
    let (server, alice, key) = start().await;
    let fresh = || assertion(&server, &key);
    for _ in 0..5 {
        // One code and several assertions: every assertion is used up.
        let first = code(&server, &alice).await;
        let shown: Vec<String> = (0..4).map(|_| fresh()).collect();
        let asked = shown.iter().map(|assertion| redeem(&server, assertion, &first));
        let answers = join_all(asked).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
        for lost in answers.iter().filter(|answer| answer.status != 200) {
            lost.expect_error(400, "invalid_grant");
        }
        let second = code(&server, &alice).await;
        for assertion in &shown {
            redeem(&server, assertion, &second).await.expect_error(401, "invalid_client");
        }
        // One assertion and several codes: the other codes can still be redeemed.
        let codes = [second, code(&server, &alice).await, code(&server, &alice).await];
        let shown = fresh();
        let answers = join_all(codes.iter().map(|code| redeem(&server, &shown, code))).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
        for (code, answer) in codes.iter().zip(&answers) {
            if answer.status != 200 {
                answer.expect_error(401, "invalid_client");
                redeem(&server, &fresh(), code).await.expect(200);
            }
        }
    }
}
