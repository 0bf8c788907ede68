//! Which tokens may do what.

use std::time::Duration;

use super::*;

const REQUESTS: [(&str, &str, &str); 4] = [
    ("GET", "/orders", "read:orders"),
    ("GET", "/orders/1", "read:orders"),
    ("POST", "/orders", "write:orders"),
    ("DELETE", "/orders/1", "write:orders"),
];

#[tokio::test]
async fn each_route_checks_its_scope_first() {
    let api = Api::start().await;
    for (method, path, needed) in REQUESTS {
        for held in ["", "orders", "READ:orders WRITE:orders", "read:orders2 write:orders:all"] {
            let answer = api.ask(method, path, held).await;
            answer.problem(403);
            let challenge = answer.header("www-authenticate");
            assert!(challenge.contains(&format!("scope=\"{needed}\"")), "{challenge}");
        }
        let other = if needed == "read:orders" { "write:orders" } else { "read:orders" };
        api.ask(method, path, other).await.problem(403);
    }
    assert_eq!(api.list("?limit=100").await.ids().len(), 100, "nothing was changed");
}

#[tokio::test]
async fn without_a_token_every_request_is_401() {
    let api = Api::start().await;
    let others = [("PUT", "/orders", ""), ("GET", "/nothing", "")];
    for (method, path, _) in REQUESTS.into_iter().chain(others) {
        let request = Request::builder().method(method).uri(path);
        let answer = api.send(request.body(Body::empty()).unwrap()).await;
        answer.problem(401);
        assert_eq!(answer.header("www-authenticate"), format!("Bearer {METADATA}"));
    }
}

#[tokio::test]
async fn foreign_broken_and_expired_tokens_are_refused() {
    let api = Api::start().await;
    let elsewhere = TestIssuer::start("api://orders").await;
    let good = api.token("read:orders").sign();
    for (name, token) in [
        ("another audience", api.token("read:orders").audience("api://stock").sign()),
        ("another issuer's key", elsewhere.token().scope("read:orders").sign()),
        ("a tenant that is not a string", api.token("read:orders").claim("tenant", 7).sign()),
        ("cut off", good[..good.len() - 9].to_owned()),
    ] {
        let request = Request::get("/orders").header("authorization", format!("Bearer {token}"));
        let answer = api.send(request.body(Body::empty()).unwrap()).await;
        answer.problem(401);
        assert_eq!(answer.body["error"], "invalid_token", "{name}");
    }

    let request = || {
        let request = Request::get("/orders").header("authorization", format!("Bearer {good}"));
        request.body(Body::empty()).unwrap()
    };
    assert_eq!(api.send(request()).await.status, 200);
    api.issuer.clock().advance(Duration::from_secs(3600));
    api.send(request()).await.problem(401);
}
