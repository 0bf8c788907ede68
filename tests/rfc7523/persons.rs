//! RFC 7523 §2.2: a client that proves by its key who it is, and acts for persons.

use futures_util::future::join_all;
use scopegate_claims::Clock;
use scopegate_core::catalog::{ClientAuth, ClientSpec, ClientType, RedirectUri};
use scopegate_core::people::User;
use scopegate_jose::{SigningKey, TokenType, random_token};
use scopegate_tests::{Answer, BASE, TestServer};
use serde_json::json;

use crate::rfc6749::world::{CALLBACK, asking};
use crate::rfc7523::world::key;

pub(crate) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

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

/// What a client says of itself, signed.
pub(crate) fn assertion(server: &TestServer, client: &str, key: &SigningKey) -> String {
    let now = server.clock().now().as_seconds();
    let claims = json!({
        "iss": client, "sub": client, "aud": format!("{BASE}/oauth2/default/v1/token"),
        "exp": now + 60, "jti": random_token(16),
    });
    key.sign(TokenType::Jwt, &claims).unwrap()
}

async fn code(server: &TestServer, alice: &User) -> String {
    let mut browser = server.browser_of(alice).await;
    let scope = ("scope", "openid offline_access read:orders");
    let answer = browser.authorize(&asking(&[("client_id", "signer"), scope])).await;
    answer.sent("code").expect("the client gets a code")
}

async fn sent(server: &TestServer, assertion: &str, grant: &[(&str, &str)]) -> Answer {
    let proof = [("client_assertion_type", ASSERTION_TYPE), ("client_assertion", assertion)];
    server.anonymous().token(&[&proof, grant].concat()).await
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
    let used = assertion(&server, "signer", &key);
    let tokens = redeemed(&server, &used, &first).await.expect(200).json();
    assert!(tokens["id_token"].is_string(), "{tokens}");
    // The assertion is used up; the code that came with it again is not.
    redeemed(&server, &used, &second).await.expect_error(401, "invalid_client");
    redeemed(&server, &assertion(&server, "signer", &key), &second).await.expect(200);

    let token = tokens["refresh_token"].as_str().unwrap();
    refreshed(&server, &used, token).await.expect_error(401, "invalid_client");
    let other = assertion(&server, "signer", &key);
    let next = refreshed(&server, &other, token).await.expect(200).json();
    let next = next["refresh_token"].as_str().unwrap();
    refreshed(&server, &other, next).await.expect_error(401, "invalid_client");
    refreshed(&server, &assertion(&server, "signer", &key), next).await.expect(200);
}

#[tokio::test]
async fn a_wrong_code_uses_the_assertion_up_too() {
    let (server, alice, key) = start().await;
    let code = code(&server, &alice).await;
    let shown = assertion(&server, "signer", &key);
    redeemed(&server, &shown, &"a".repeat(43)).await.expect_error(400, "invalid_grant");
    redeemed(&server, &shown, &code).await.expect_error(401, "invalid_client");
    redeemed(&server, &assertion(&server, "signer", &key), &code).await.expect(200);
}

#[tokio::test]
async fn a_lost_race_leaves_no_second_token() {
    let (server, alice, key) = start().await;
    let fresh = || assertion(&server, "signer", &key);
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
