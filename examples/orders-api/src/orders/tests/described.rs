//! What the API says about itself.

use super::*;

async fn fetch(api: &Api, path: &str) -> (HeaderMap, String) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = api.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200, "{path} is public");
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (parts.headers, String::from_utf8(body.into()).unwrap())
}

#[tokio::test]
async fn the_document_says_which_scopes_each_operation_needs() {
    let api = Api::start().await;
    let (headers, json) = fetch(&api, "/openapi.json").await;
    assert_eq!(headers["content-type"], "application/json");
    let document: Value = serde_json::from_str(&json).unwrap();
    for (path, method, scope) in [
        ("/orders", "get", "read:orders"),
        ("/orders/{id}", "get", "read:orders"),
        ("/orders", "post", "write:orders"),
        ("/orders/{id}", "delete", "write:orders"),
    ] {
        let operation = &document["paths"][path][method];
        assert_eq!(operation["security"], serde_json::json!([{ "openIdConnect": [scope] }]));
        assert!(operation["summary"].is_string() && operation["responses"]["403"].is_object());
    }
    assert_eq!(
        document["components"]["securitySchemes"]["openIdConnect"]["openIdConnectUrl"],
        format!("{}/.well-known/openid-configuration", api.issuer.url())
    );
}

#[tokio::test]
async fn the_page_shows_the_scopes_and_fetches_nothing() {
    let api = Api::start().await;
    let (headers, page) = fetch(&api, "/docs").await;
    assert_eq!(headers["content-type"], "text/html; charset=utf-8");
    assert!(headers["content-security-policy"].to_str().unwrap().contains("default-src 'none'"));
    for text in ["List orders", "read:orders", "write:orders", "/orders/{id}"] {
        assert!(page.contains(text), "{text}");
    }
    assert!(!page.contains("<script") && !page.contains("http"), "{page}");
}

#[tokio::test]
async fn what_is_public_is_read_only() {
    let api = Api::start().await;
    let request = Request::post("/openapi.json").body(Body::empty()).unwrap();
    let answer = api.send(request).await;
    answer.problem(405);
    assert_eq!(answer.header("allow"), "GET,HEAD");
}
