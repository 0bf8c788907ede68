//! The API, as a client sees it, with an issuer in the same process.

mod described;
mod guarded;
mod listed;
mod placed;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use scopegate_testkit::{TestIssuer, TokenBuilder};
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt;

use super::Tenant;
use crate::api;
use crate::order_store::OrderStore;

/// The URL by which clients know the API.
const RESOURCE: &str = "http://127.0.0.1:8080";

/// The metadata URL that every challenge contains.
const METADATA: &str =
    r#"resource_metadata="http://127.0.0.1:8080/.well-known/oauth-protected-resource""#;

/// An API with a hundred orders, and the issuer that it trusts.
struct Api {
    issuer: TestIssuer,
    router: Router,
    store: OrderStore,
    _folder: TempDir,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

impl Api {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = OrderStore::open(&folder.path().join("orders.db")).await.unwrap();
        let issuer = TestIssuer::start("api://orders").await;
        let auth = issuer.layer_builder().extra_claims::<Tenant>();
        let resource = Some(RESOURCE.to_owned());
        let router = api::router(store.clone(), auth, issuer.url(), resource).unwrap();
        Self { router, issuer, store, _folder: folder }
    }

    fn token(&self, scopes: &str) -> TokenBuilder {
        self.issuer.token().client_id("shop").scope(scopes).claim("tenant", "acme")
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        // Every body is JSON.
        let body = match body.is_empty() {
            true => Value::Null,
            false => serde_json::from_slice(&body).unwrap(),
        };
        Answer { status: parts.status, headers: parts.headers, body }
    }

    async fn ask(&self, method: &str, path: &str, scopes: &str) -> Answer {
        let token = self.token(scopes).sign();
        let request = Request::builder().method(method).uri(path);
        let request = request.header("authorization", format!("Bearer {token}"));
        self.send(request.body(Body::empty()).unwrap()).await
    }

    async fn list(&self, query: &str) -> Answer {
        self.ask("GET", &format!("/orders{query}"), "read:orders").await
    }

    async fn place(&self, body: impl Into<Body>) -> Answer {
        let token = self.token("write:orders").sign();
        let request = Request::post("/orders")
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json; charset=utf-8");
        self.send(request.body(body.into()).unwrap()).await
    }
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Checks that the answer is a problem document of this status, and returns its detail.
    #[track_caller]
    fn problem(&self, status: u16) -> &str {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.body["type"], "about:blank");
        assert_eq!(self.body["status"], status);
        assert!(self.body["title"].is_string());
        self.body["detail"].as_str().unwrap()
    }

    /// The places of the mistakes in a problem document.
    fn mistakes(&self, place: &str) -> Vec<&str> {
        let errors = self.body["errors"].as_array().unwrap();
        errors.iter().map(|error| error[place].as_str().unwrap()).collect()
    }

    /// The ids of listed orders.
    fn ids(&self) -> Vec<i64> {
        assert_eq!(self.status, 200, "{}", self.body);
        let orders = self.body["orders"].as_array().unwrap();
        orders.iter().map(|order| order["id"].as_i64().unwrap()).collect()
    }
}

#[tokio::test]
async fn an_unknown_order_is_404() {
    let api = Api::start().await;
    for id in ["101", "0", "-1", "abc", "9223372036854775808", "%FF"] {
        let path = format!("/orders/{id}");
        assert_eq!(
            api.ask("GET", &path, "read:orders").await.problem(404),
            "There is no order with this id",
            "{id}"
        );
        api.ask("DELETE", &path, "write:orders").await.problem(404);
    }
    assert!(api.ask("GET", "/order", "").await.problem(404).contains("/orders"));
}

#[tokio::test]
async fn a_deleted_order_is_gone() {
    let api = Api::start().await;
    let deleted = api.ask("DELETE", "/orders/42", "write:orders").await;
    assert_eq!((deleted.status, deleted.body), (StatusCode::NO_CONTENT, Value::Null));
    api.ask("DELETE", "/orders/42", "write:orders").await.problem(404);
    api.ask("GET", "/orders/42", "read:orders").await.problem(404);
    assert_eq!(api.list("?after=40&limit=3").await.ids(), [41, 43, 44]);
}

#[tokio::test]
async fn an_unsupported_method_is_405_with_allow() {
    let api = Api::start().await;
    let answer = api.ask("PUT", "/orders", "write:orders").await;
    answer.problem(405);
    assert_eq!(answer.header("allow"), "GET,HEAD,POST");
    assert_eq!(api.ask("HEAD", "/orders", "read:orders").await.status, 200);
}

#[tokio::test]
async fn a_failing_database_is_503() {
    let api = Api::start().await;
    api.store.close().await;
    let order = r#"{"customer":"a","item":"b","quantity":1,"unit_price_cents":1}"#;
    for answer in [
        api.list("").await,
        api.ask("GET", "/orders/1", "read:orders").await,
        api.ask("DELETE", "/orders/1", "write:orders").await,
        api.place(order).await,
    ] {
        assert_eq!(answer.problem(503), "Orders cannot be read or written at the moment");
        assert_eq!(answer.header("retry-after"), "1");
    }
}
