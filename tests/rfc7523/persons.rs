//! RFC 7523 §2.2: a client that proves by its key who it is, and acts for persons.

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

/// What `signer` says of itself at the token endpoint.
fn assertion(server: &TestServer, key: &SigningKey) -> String {
    server.assertion_of("signer", key, "/oauth2/default/v1/token")
}

async fn code(server: &TestServer, alice: &User) -> String {
    let mut browser = server.browser_of(alice).await;
    let scope = ("scope", "openid offline_access read:orders");
    let answer = browser.authorize(&asking(&[("client_id", "signer"), scope])).await;
    browser.agree(answer).await.sent("code").expect("the client gets a code")
}

async fn sent(server: &TestServer, assertion: &str, grant: &[(&str, &str)]) -> Answer {
    server.anonymous().token(&[&proof(assertion), grant].concat()).await
}

async fn redeemed(server: &TestServer, assertion: &str, code: &str) -> Answer {
    let grant = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", CALLBACK)];
    sent(server, assertion, &grant).await
}

async fn refreshed(server: &TestServer, assertion: &str, token: &str) -> Answer {
    sent(server, assertion, &[("grant_type", "refresh_token"), ("refresh_token", token)]).await
}

#[tokio::test]
async fn a_code_and_a_refresh_token_are_redeemed_by_assertion() {
    let (server, alice, key) = start().await;
    let (first, second) = (code(&server, &alice).await, code(&server, &alice).await);
    let used = assertion(&server, &key);
    let tokens = redeemed(&server, &used, &first).await.expect(200).json();
    assert!(tokens["id_token"].is_string(), "{tokens}");
    // The assertion is used up; the code that came with it again is not.
    redeemed(&server, &used, &second).await.expect_error(401, "invalid_client");
    redeemed(&server, &assertion(&server, &key), &second).await.expect(200);

    let token = tokens["refresh_token"].as_str().unwrap();
    refreshed(&server, &used, token).await.expect_error(401, "invalid_client");
    let other = assertion(&server, &key);
    let next = refreshed(&server, &other, token).await.expect(200).json();
    let next = next["refresh_token"].as_str().unwrap();
    refreshed(&server, &other, next).await.expect_error(401, "invalid_client");
    refreshed(&server, &assertion(&server, &key), next).await.expect(200);
}

#[tokio::test]
async fn a_wrong_code_uses_the_assertion_up_too() {
    let (server, alice, key) = start().await;
    let code = code(&server, &alice).await;
    let shown = assertion(&server, &key);
    redeemed(&server, &shown, &"a".repeat(43)).await.expect_error(400, "invalid_grant");
    redeemed(&server, &shown, &code).await.expect_error(401, "invalid_client");
    redeemed(&server, &assertion(&server, &key), &code).await.expect(200);
}

#[tokio::test]
async fn a_lost_race_leaves_no_second_token() {
    let (server, alice, key) = start().await;
    let fresh = || assertion(&server, &key);
    for _ in 0..5 {
        // One code, several assertions: each of them is used up.
        let first = code(&server, &alice).await;
        let shown: Vec<String> = (0..4).map(|_| fresh()).collect();
        let asked = shown.iter().map(|assertion| redeemed(&server, assertion, &first));
        let answers = join_all(asked).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
        for lost in answers.iter().filter(|answer| answer.status != 200) {
            lost.expect_error(400, "invalid_grant");
        }
        let second = code(&server, &alice).await;
        for assertion in &shown {
            redeemed(&server, assertion, &second).await.expect_error(401, "invalid_client");
        }
        // One assertion, several codes: the others can still be redeemed.
        let codes = [second, code(&server, &alice).await, code(&server, &alice).await];
        let shown = fresh();
        let answers = join_all(codes.iter().map(|code| redeemed(&server, &shown, code))).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
        for (code, answer) in codes.iter().zip(&answers) {
            if answer.status != 200 {
                answer.expect_error(401, "invalid_client");
                redeemed(&server, &fresh(), code).await.expect(200);
            }
        }
    }
}
