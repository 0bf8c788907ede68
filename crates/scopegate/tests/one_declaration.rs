//! A scope is declared once and used by the guard, the resource metadata and the OpenAPI document.

#![cfg(all(feature = "routes", feature = "tower"))]

use axum::body::Body;
use axum::http::Request;
use scopegate::routes::{OpenApi, Routes, get};
use scopegate::{AnyOf, BearerLayer, RequireScope, require, scope, scoped};
use tower::ServiceExt;

#[scoped]
async fn list(_: AnyOf<"read:orders", "admin">) {}

#[scoped]
async fn place(_: RequireScope<"write:orders">) {}

#[tokio::test]
async fn metadata_and_openapi_take_the_scopes_from_the_handlers() {
    let routes = Routes::new()
        .route("/orders", get(list).post(place))
        .route("/health", get(async || "well").public());
    routes.audit().refuse_unguarded().unwrap().refuse_unseen().unwrap();

    let auth = BearerLayer::issuer("https://id.example.com")
        .audience("api://orders")
        .resource("https://api.example.com")
        .scopes_supported(routes.scopes())
        .build()
        .unwrap();
    let metadata = auth.protected_resource().unwrap().json();
    let metadata: serde_json::Value = serde_json::from_slice(&metadata).unwrap();
    assert_eq!(
        metadata["scopes_supported"],
        serde_json::json!(["read:orders", "admin", "write:orders"])
    );

    let document = routes.document(OpenApi::new("Orders", "1")).unwrap();
    assert_eq!(
        document.value()["paths"]["/orders"]["get"]["security"],
        serde_json::json!([{ "bearer": ["read:orders"] }, { "bearer": ["admin"] }])
    );

    let app = routes.protect(auth);
    for (path, status) in [
        ("/orders", 401),
        ("/nothing", 401),
        ("/health", 200),
        ("/.well-known/oauth-protected-resource", 200),
    ] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        assert_eq!(app.clone().oneshot(request).await.unwrap().status(), status, "{path}");
    }
}

#[tokio::test]
async fn require_guards_routes_of_a_plain_router() {
    let auth = BearerLayer::issuer("https://id.example.com").audience("api://orders").build();
    let app = axum::Router::new()
        .route("/orders", axum::routing::get(async || "all orders"))
        .route_layer(require(scope!("read:orders")))
        .layer(auth.unwrap().optional());
    let request = Request::get("/orders").body(Body::empty()).unwrap();
    let response = app.oneshot(request).await.unwrap();
    assert_eq!(response.status(), 401);
    assert_eq!(response.headers()["www-authenticate"], "Bearer");
}
