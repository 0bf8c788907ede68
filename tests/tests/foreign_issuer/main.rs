//! An issuer that is not ours, with its own signatures, in front of an API that is.
//!
//! Everything goes over real sockets: discovery, keys, requests. Tokens are signed by the crate
//! `jsonwebtoken`.

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

/// The API, and a client that asks it.
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

/// Changes of the claims after which the token is as good as before.
fn harmless() -> Vec<(&'static str, Vec<(&'static str, Value)>)> {
    let now = issuer::now();
    vec![
        ("unchanged", vec![]),
        ("several audiences", vec![("aud", json!(["api://stock", "api://orders"]))]),
        ("scopes as a text", vec![("scope", json!("openid read:orders")), ("scp", Value::Null)]),
        ("scopes as an array", vec![("scp", json!(["read:orders", "x"])), ("scope", Value::Null)]),
        ("scp as a text", vec![("scp", json!("read:orders")), ("scope", Value::Null)]),
        (
            "both, in another order",
            vec![("scope", json!("a read:orders")), ("scp", json!(["read:orders", "a"]))],
        ),
        ("no iat", vec![("iat", Value::Null)]),
        ("a time with a fraction", vec![("exp", json!(now as f64 + 60.5))]),
        ("just expired, within the leeway", vec![("exp", json!(now - 30))]),
        ("not yet begun, within the leeway", vec![("nbf", json!(now + 30))]),
        (
            "claims of the issuer's own",
            vec![("realm_access", json!({"roles": ["a"]})), ("groups", json!([1]))],
        ),
        ("azp", vec![("azp", json!("reader")), ("client_id", Value::Null)]),
        ("no jti", vec![("jti", Value::Null)]),
        ("no sub", vec![("sub", Value::Null)]),
        ("a text beyond ASCII", vec![("name", json!("Zoë \u{1f980}"))]),
    ]
}

/// Changes of the claims after which the token is not to be believed.
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
        ("no end", vec![("exp", Value::Null)]),
        ("an end that is a text", vec![("exp", json!((now + 60).to_string()))]),
        ("an end beyond range", vec![("exp", json!(1e300))]),
        ("a negative end", vec![("exp", json!(-1))]),
        ("an end that is true", vec![("exp", json!(true))]),
        ("not valid yet", vec![("nbf", json!(now + 90))]),
        ("a beginning that is a text", vec![("nbf", json!("0"))]),
        ("issued in the future", vec![("iat", json!(now + 90))]),
        ("issued at a text", vec![("iat", json!("now"))]),
        (
            "scopes that disagree",
            vec![("scope", json!("read:orders")), ("scp", json!(["read:orders", "x"]))],
        ),
        ("scopes that are a number", vec![("scope", json!(1))]),
        (
            "a scope that is two",
            vec![("scope", Value::Null), ("scp", json!(["read:orders write:orders"]))],
        ),
        ("clients that disagree", vec![("client_id", json!("reader")), ("cid", json!("writer"))]),
        ("a subject that is a number", vec![("sub", json!(1))]),
        ("bound to a key", vec![("cnf", json!({"jkt": "abc"}))]),
        ("an ID token by its hash", vec![("at_hash", json!("abc"))]),
        ("an ID token by Cognito's word", vec![("token_use", json!("id"))]),
        ("an ID token by Keycloak's word", vec![("typ", json!("ID"))]),
    ]
}

/// Scopes that do not give what is asked for.
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
    for algorithm in Algorithm::ALL {
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
async fn no_forgery_passes() {
    let issuer = ForeignIssuer::start().await;
    let api = Api::trusting(&issuer).await;
    for algorithm in Algorithm::ALL {
        for forgery in Forgery::ALL {
            let token = issuer.forge(algorithm, forgery);
            let (status, challenge) = api.ask(&token).await;
            assert_eq!(status, 401, "{algorithm} {forgery:?}");
            assert!(challenge.contains("invalid_token"), "{algorithm} {forgery:?}: {challenge}");
        }
    }
}

#[tokio::test]
async fn a_token_changed_in_one_character_does_not_pass() {
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
