//! An API that is protected by scopegate, with tokens of an issuer that is not scopegate.
//!
//! Discovery, keys and requests use real sockets. The crate `jsonwebtoken` signs the tokens.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod issuer;

use axum::{Router, routing::get};
use issuer::{ForeignIssuer, Forgery};
use reqwest::StatusCode;
use reqwest::header::WWW_AUTHENTICATE;
use scopegate::{Algorithm, BearerLayer, RequireScope, scoped};
use serde_json::{Value, json};

#[scoped]
async fn list(_: RequireScope<"read:orders">) -> &'static str {
    "orders"
}

/// The API, and an HTTP client for it.
struct Api {
    url: String,
    client: reqwest::Client,
}

impl Api {
    async fn trusting(issuer: &ForeignIssuer) -> Self {
        let auth =
            BearerLayer::issuer(issuer.url()).audience("api://orders").start().await.unwrap();
        let app = Router::new().route("/orders", get(list)).layer(auth);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/orders", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, client: reqwest::Client::new() }
    }

    async fn ask(&self, token: &str) -> (StatusCode, String) {
        let response = self.client.get(&self.url).bearer_auth(token).send().await.unwrap();
        let challenge = response.headers().get(WWW_AUTHENTICATE);
        let challenge = challenge.map(|value| value.to_str().unwrap().to_owned());
        (response.status(), challenge.unwrap_or_default())
    }
}

/// Changes of the claims after which the token must still pass.
fn harmless() -> Vec<(&'static str, Vec<(&'static str, Value)>)> {
    let now = issuer::now();
    vec![
        ("unchanged", vec![]),
        ("several audiences", vec![("aud", json!(["api://stock", "api://orders"]))]),
        ("scopes as a string", vec![("scope", json!("openid read:orders")), ("scp", Value::Null)]),
        ("scopes as an array", vec![("scp", json!(["read:orders", "x"])), ("scope", Value::Null)]),
        ("scp as a string", vec![("scp", json!("read:orders")), ("scope", Value::Null)]),
        (
            "both, in another order",
            vec![("scope", json!("a read:orders")), ("scp", json!(["read:orders", "a"]))],
        ),
        ("no iat", vec![("iat", Value::Null)]),
        ("issued in the future", vec![("iat", json!(now + 90))]),
        ("iat as a string", vec![("iat", json!("now"))]),
        ("a time with a fraction", vec![("exp", json!(now as f64 + 60.5))]),
        ("expired within the leeway", vec![("exp", json!(now - 30))]),
        ("not valid yet, within the leeway", vec![("nbf", json!(now + 30))]),
        (
            "claims that only this issuer has",
            vec![("realm_access", json!({"roles": ["a"]})), ("groups", json!([1]))],
        ),
        ("azp", vec![("azp", json!("reader")), ("client_id", Value::Null)]),
        ("no jti", vec![("jti", Value::Null)]),
        ("no sub", vec![("sub", Value::Null)]),
        ("a string with non-ASCII characters", vec![("name", json!("Zoë \u{1f980}"))]),
    ]
}

/// Changes of the claims after which the token must be refused.
fn harmful() -> Vec<(&'static str, Vec<(&'static str, Value)>)> {
    let now = issuer::now();
    vec![
        ("another audience", vec![("aud", json!("api://stock"))]),
        ("no audience", vec![("aud", Value::Null)]),
        ("an empty audience", vec![("aud", json!([]))]),
        ("the audience in capitals", vec![("aud", json!("API://ORDERS"))]),
        ("a part of the audience", vec![("aud", json!("api://order"))]),
        ("an audience that is a number", vec![("aud", json!(7))]),
        ("an audience within an audience", vec![("aud", json!([["api://orders"]]))]),
        ("another issuer", vec![("iss", json!("https://elsewhere.example"))]),
        ("no issuer", vec![("iss", Value::Null)]),
        ("several issuers", vec![("iss", json!(["https://elsewhere.example"]))]),
        ("expired", vec![("exp", json!(now - 61))]),
        ("no exp", vec![("exp", Value::Null)]),
        ("exp as a string", vec![("exp", json!((now + 60).to_string()))]),
        ("exp out of range", vec![("exp", json!(1e300))]),
        ("a negative exp", vec![("exp", json!(-1))]),
        ("exp as a boolean", vec![("exp", json!(true))]),
        ("not valid yet", vec![("nbf", json!(now + 90))]),
        ("nbf as a string", vec![("nbf", json!("0"))]),
        (
            "scopes that disagree",
            vec![("scope", json!("read:orders")), ("scp", json!(["read:orders", "x"]))],
        ),
        ("scopes that are a number", vec![("scope", json!(1))]),
        (
            "two scopes in one element",
            vec![("scope", Value::Null), ("scp", json!(["read:orders write:orders"]))],
        ),
        ("clients that disagree", vec![("client_id", json!("reader")), ("cid", json!("writer"))]),
        ("a subject that is a number", vec![("sub", json!(1))]),
        ("bound to a key", vec![("cnf", json!({"jkt": "abc"}))]),
        ("an ID token with at_hash", vec![("at_hash", json!("abc"))]),
        ("an ID token as Cognito marks it", vec![("token_use", json!("id"))]),
        ("an ID token as Keycloak marks it", vec![("typ", json!("ID"))]),
    ]
}

/// Claims without the scope that the API requires.
fn insufficient() -> Vec<(&'static str, Vec<(&'static str, Value)>)> {
    let scopes = [
        "",
        "write:orders",
        "read",
        "orders",
        "read:order",
        "read:orders:all",
        "Read:Orders",
        "READ:ORDERS",
        "xread:orders",
        "read:ordersx",
        "read",
        "*",
        "read:*",
    ];
    let of = |scope: &str| vec![("scope", json!(scope)), ("scp", Value::Null)];
    let mut cases: Vec<_> = scopes.iter().map(|scope| (*scope, of(scope))).collect();
    cases.push(("no scope at all", vec![("scope", Value::Null), ("scp", Value::Null)]));
    cases
}

#[tokio::test]
async fn good_tokens_of_every_algorithm_pass_and_bad_ones_do_not() {
    let issuer = ForeignIssuer::start().await;
    let api = Api::trusting(&issuer).await;
    let mut asked = 0;
    for &algorithm in Algorithm::SIGNING {
        for typ in [Some("JWT"), Some("at+jwt"), Some("application/at+jwt"), Some("AT+JWT"), None] {
            for (name, changes) in harmless() {
                let token = issuer.token(algorithm, typ, &changes);
                let (status, challenge) = api.ask(&token).await;
                assert_eq!(status, 200, "{algorithm} {typ:?} {name}: {challenge}");
                asked += 1;
            }
        }
        for (name, changes) in harmful() {
            let (status, challenge) =
                api.ask(&issuer.token(algorithm, Some("JWT"), &changes)).await;
            assert_eq!(status, 401, "{algorithm} {name}");
            assert!(challenge.starts_with("Bearer error=\"invalid_token\""), "{name}: {challenge}");
            asked += 1;
        }
        for (name, changes) in insufficient() {
            let (status, challenge) =
                api.ask(&issuer.token(algorithm, Some("JWT"), &changes)).await;
            assert_eq!(status, 403, "{algorithm} {name}");
            assert!(challenge.contains("error=\"insufficient_scope\""), "{name}: {challenge}");
            assert!(challenge.contains("scope=\"read:orders\""), "{name}: {challenge}");
            asked += 1;
        }
        for typ in ["dpop+jwt", "logout+jwt", "statuslist+jwt", "at", "JWTX"] {
            let (status, _) = api.ask(&issuer.token(algorithm, Some(typ), &[])).await;
            assert_eq!(status, 401, "{algorithm} {typ}");
            asked += 1;
        }
    }
    assert!(asked > 500, "{asked}");
}

#[tokio::test]
async fn forged_tokens_are_refused() {
    let issuer = ForeignIssuer::start().await;
    let api = Api::trusting(&issuer).await;
    for &algorithm in Algorithm::SIGNING {
        for forgery in Forgery::ALL {
            let token = issuer.forge(algorithm, forgery);
            let (status, challenge) = api.ask(&token).await;
            assert_eq!(status, 401, "{algorithm} {forgery:?}");
            assert!(challenge.contains("invalid_token"), "{algorithm} {forgery:?}: {challenge}");
        }
    }
}

#[tokio::test]
async fn a_token_with_one_changed_character_is_refused() {
    let issuer = ForeignIssuer::start().await;
    let api = Api::trusting(&issuer).await;
    let token = issuer.token(Algorithm::Es256, Some("JWT"), &[]);
    for at in (0..token.len()).step_by(7) {
        let mut changed = token.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let (status, _) = api.ask(&String::from_utf8(changed).unwrap()).await;
        assert_eq!(status, 401, "character {at}");
    }
}
