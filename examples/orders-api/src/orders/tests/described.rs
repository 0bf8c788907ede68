//! The documents that the API publishes.

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
async fn the_document_has_the_scopes_of_each_operation() {
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
async fn the_metadata_names_issuer_and_scopes() {
    let api = Api::start().await;
    let (headers, json) = fetch(&api, "/.well-known/oauth-protected-resource").await;
    assert_eq!(headers["content-type"], "application/json");
    let document: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(document["resource"], RESOURCE);
    assert_eq!(document["authorization_servers"], serde_json::json!([api.issuer.url()]));
    assert_eq!(document["scopes_supported"], serde_json::json!(["read:orders", "write:orders"]));
    let refused = api.ask("DELETE", "/orders/1", "read:orders").await;
    assert!(refused.header("www-authenticate").ends_with(METADATA));
}

#[tokio::test]
async fn an_api_without_a_resource_url_has_no_metadata() {
    let api = Api::start().await;
    let auth = api.issuer.layer_builder().extra_claims::<Tenant>();
    let router = api::router(api.store.clone(), auth, api.issuer.url(), None).unwrap();
    let api = Api { router, ..api };
    let request = Request::get("/.well-known/oauth-protected-resource");
    let answer = api.send(request.body(Body::empty()).unwrap()).await;
    answer.problem(401);
    assert_eq!(answer.header("www-authenticate"), "Bearer");
}

#[tokio::test]
async fn the_page_shows_the_scopes_and_loads_nothing() {
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
async fn public_documents_are_read_only() {
    let api = Api::start().await;
    let request = Request::post("/openapi.json").body(Body::empty()).unwrap();
    let answer = api.send(request).await;
    answer.problem(405);
    assert_eq!(answer.header("allow"), "GET,HEAD");
}
