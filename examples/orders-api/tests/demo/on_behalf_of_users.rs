//! A program acts for users: with a token of theirs, or with an issuer's assertion about them.

use std::time::Duration;

use scopegate::{Clock, SystemClock};
use scopegate_jose::{SigningKey, TokenType, random_token};
use serde_json::{Value, json};

use crate::process::{Demo, read, secret};

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// An assertion of the demo's trusted issuer about a user.
fn assertion(demo: &Demo, login: &str) -> String {
    let key = SigningKey::from_jwk_json(include_str!("../../partner.demo.jwk.json"));
    let key = key.expect("it is a key");
    let claims = json!({
        "iss": "https://partner.example",
        "sub": login,
        "aud": demo.issuer(),
        "exp": SystemClock.now().plus(Duration::from_secs(60)),
        "jti": random_token(16),
    });
    key.sign(TokenType::Jwt, &claims).expect("it signs")
}

async fn ask(demo: &Demo, form: &[(&str, &str)]) -> (u16, Value) {
    let request = demo.page(reqwest::Method::POST, "/oauth2/default/v1/token").form(form);
    read(request.basic_auth("orders-writer", Some(secret("orders-writer"))).send().await).await
}

fn text<'a>(answer: &'a Value, name: &str) -> &'a str {
    answer[name].as_str().expect(name)
}

#[tokio::test]
async fn an_assertion_about_a_user_gives_a_token_once() {
    let demo = Demo::start();
    let alices = assertion(&demo, "alice");
    let scope = ("scope", "read:orders write:orders");
    let form = [("grant_type", JWT_BEARER), ("assertion", alices.as_str()), scope];
    let (status, answer) = ask(&demo, &form).await;
    assert_eq!(status, 200, "{answer}");
    let listed = demo.get("/orders").bearer_auth(text(&answer, "access_token"));
    assert_eq!(read(listed.send().await).await.0, 200);
    let (status, again) = ask(&demo, &form).await;
    assert_eq!((status, text(&again, "error")), (400, "invalid_grant"));

    let bobs = assertion(&demo, "bob");
    let (_, refused) = ask(&demo, &[("grant_type", JWT_BEARER), ("assertion", &bobs), scope]).await;
    assert_eq!(text(&refused, "error"), "access_denied", "bob may only read");
}

#[tokio::test]
async fn a_users_token_is_exchanged_for_one_that_says_who_acts() {
    let demo = Demo::start();
    let alices = assertion(&demo, "alice");
    let scope = ("scope", "read:orders write:orders");
    let form = [("grant_type", JWT_BEARER), ("assertion", alices.as_str()), scope];
    let (_, subject) = ask(&demo, &form).await;
    let own = demo.token("orders-writer", "read:orders").await;
    let form = [
        ("grant_type", TOKEN_EXCHANGE),
        ("subject_token", text(&subject, "access_token")),
        ("subject_token_type", ACCESS_TOKEN),
        ("actor_token", own.as_str()),
        ("actor_token_type", ACCESS_TOKEN),
        ("audience", "api://orders"),
        ("scope", "read:orders"),
    ];
    let (status, answer) = ask(&demo, &form).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(text(&answer, "issued_token_type"), ACCESS_TOKEN);
    assert_eq!(text(&answer, "scope"), "read:orders");
    let token = text(&answer, "access_token");
    assert_eq!(read(demo.get("/orders").bearer_auth(token).send().await).await.0, 200);
    let claims = token.split('.').nth(1).unwrap();
    let claims = scopegate_jose::base64url::decode(claims.as_bytes()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    let acts = json!({ "sub": "orders-writer", "client_id": "orders-writer" });
    assert_eq!(claims["act"], acts);
}
