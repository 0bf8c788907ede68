//! Tokens of the demo's issuer, and the API's answers to them.

use std::time::Duration;

use scopegate::{Clock, SystemClock};
use scopegate_jose::{SigningKey, TokenType, random_token};
use serde_json::json;

use crate::process::{Demo, read, secret};

#[tokio::test]
async fn a_reader_may_read_and_a_writer_may_write() {
    let demo = Demo::start();
    let reader = demo.token("orders-reader", "read:orders").await;
    let writer = demo.token("orders-writer", "read:orders write:orders").await;
    let (status, page) = read(demo.get("/orders").bearer_auth(&reader).send().await).await;
    assert_eq!((status, page["orders"].as_array().unwrap().len()), (200, 20));

    let order = json!({ "customer": "a", "item": "b", "quantity": 1, "unit_price_cents": 1 });
    let (status, refusal) = read(demo.post(&order).bearer_auth(&reader).send().await).await;
    assert_eq!((status, &refusal["scope"]), (403, &"write:orders".into()));
    let (status, placed) = read(demo.post(&order).bearer_auth(&writer).send().await).await;
    assert_eq!((status, &placed["placed_by"]), (201, &"orders-writer".into()));
    assert_eq!(placed["tenant"], "acme", "a claim from the catalog");
}

#[tokio::test]
async fn each_client_has_one_authentication_method() {
    let demo = Demo::start();
    for (client, in_form) in
        [("orders-reader", false), ("orders-writer", false), ("orders-post", true)]
    {
        let secret = secret(client);
        let by_basic = demo.token_request(&[("scope", "read:orders")]);
        let by_basic = by_basic.basic_auth(client, Some(&secret)).send().await;
        let by_post = [("scope", "read:orders"), ("client_id", client), ("client_secret", &secret)];
        let by_post = demo.token_request(&by_post).send().await;
        let statuses = (read(by_basic).await.0, read(by_post).await.0);
        assert_eq!(statuses, if in_form { (401, 200) } else { (200, 401) }, "{client}");

        let wrong = demo.token_request(&[("scope", "read:orders")]);
        let wrong = wrong.basic_auth(client, Some(format!("{secret}!"))).send().await;
        assert_eq!(read(wrong).await.0, 401);
    }
}

#[tokio::test]
async fn a_reader_gets_no_token_with_write_orders() {
    let demo = Demo::start();
    for scope in ["write:orders", "read:orders write:orders"] {
        let request = demo.token_request(&[("scope", scope)]);
        let request = request.basic_auth("orders-reader", Some(secret("orders-reader")));
        let (status, refusal) = read(request.send().await).await;
        assert_eq!((status, &refusal["error"]), (400, &"access_denied".into()), "{scope}");
    }
}

#[tokio::test]
async fn each_url_of_the_api_selects_the_audience() {
    let demo = Demo::start();
    let ask = async |resource| {
        let request = demo.token_request(&[("scope", "read:orders"), ("resource", resource)]);
        let request = request.basic_auth("orders-reader", Some(secret("orders-reader")));
        read(request.send().await).await
    };
    let (_, document) = read(demo.get("/.well-known/oauth-protected-resource").send().await).await;
    let advertised = document["resource"].as_str().unwrap();
    let by_name = demo.api().replace("127.0.0.1", "localhost");
    let with_slash = format!("{advertised}/");
    for resource in [advertised, &with_slash, demo.api(), &by_name, "http://127.0.0.1:8080"] {
        let (status, answer) = ask(resource).await;
        assert_eq!(status, 200, "{resource}: {answer}");
        let token = answer["access_token"].as_str().unwrap();
        assert_eq!(read(demo.get("/orders").bearer_auth(token).send().await).await.0, 200);
    }
    for other in ["http://127.0.0.1:1", "https://127.0.0.1:8080", &format!("{advertised}/orders")] {
        assert_eq!(ask(other).await.1["error"], "invalid_target", "{other}");
    }
}

#[tokio::test]
async fn a_client_assertion_can_be_used_once() {
    let demo = Demo::start();
    let key = include_str!("../../partner.demo.jwk.json");
    let key = SigningKey::from_jwk_json(key).unwrap();
    let assertion = |audience: &str| {
        let claims = json!({
            "iss": "partner",
            "sub": "partner",
            "aud": audience,
            "exp": SystemClock.now().plus(Duration::from_secs(60)),
            "jti": random_token(16),
        });
        key.sign(TokenType::Jwt, &claims).unwrap()
    };
    let ask = async |assertion: &str| {
        let request = demo.token_request(&[
            ("scope", "read:orders write:orders"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", assertion),
        ]);
        read(request.send().await).await
    };
    for audience in [demo.issuer().to_owned(), format!("{}/v1/token", demo.issuer())] {
        let signed = assertion(&audience);
        let (status, answer) = ask(&signed).await;
        assert_eq!(status, 200, "{answer}");
        let token = answer["access_token"].as_str().unwrap();
        let (status, _) = read(demo.get("/orders/3").bearer_auth(token).send().await).await;
        assert_eq!(status, 200);

        let (status, replayed) = ask(&signed).await;
        assert_eq!((status, &replayed["error"]), (401, &"invalid_client".into()));
    }
    assert_eq!(ask(&assertion("https://elsewhere.example")).await.0, 401);
}

#[tokio::test]
async fn changed_and_foreign_tokens_are_refused() {
    let (demo, elsewhere) = (Demo::start(), Demo::start());
    let good = demo.token("orders-reader", "read:orders").await;
    let [header, payload, signature] = good.split('.').collect::<Vec<_>>()[..] else {
        panic!("a token has three parts");
    };
    let other = demo.token("orders-writer", "write:orders").await;
    let other_payload = other.split('.').nth(1).unwrap();
    // {"alg":"none"}
    let none = "eyJhbGciOiJub25lIn0";
    for token in [
        elsewhere.token("orders-reader", "read:orders").await,
        format!("{header}.{other_payload}.{signature}"),
        format!("{header}.{payload}."),
        format!("{none}.{payload}."),
        format!("{none}.{payload}.{signature}"),
        format!("{header}.{payload}"),
        "not-a-token".to_owned(),
        "a".repeat(17 * 1024),
    ] {
        let (status, refusal) = read(demo.get("/orders").bearer_auth(&token).send().await).await;
        assert_eq!((status, &refusal["error"]), (401, &"invalid_token".into()), "{token:.20}");
    }
    let (status, _) = read(demo.get("/orders").bearer_auth(&good).send().await).await;
    assert_eq!(status, 200);
}
