//! The service, as a client sees it.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use grpc_service::orders_client::OrdersClient;
use grpc_service::{ListRequest, PlaceRequest};
use scopegate_testkit::{Broken, TestIssuer};
use tokio::net::TcpListener;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

struct Api {
    issuer: TestIssuer,
    client: OrdersClient<Channel>,
}

impl Api {
    async fn start() -> Self {
        let issuer = TestIssuer::listen("api://orders").await;
        let auth = issuer.layer();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { grpc_service::serve(listener, &auth).await });
        Self { issuer, client: OrdersClient::connect(url).await.unwrap() }
    }

    fn token(&self, scopes: &str) -> String {
        self.issuer.token().subject("u1").scope(scopes).sign()
    }

    async fn list(&self, token: &str) -> Result<Vec<String>, Status> {
        let request = with(token, ListRequest {});
        Ok(self.client.clone().list(request).await?.into_inner().articles)
    }

    async fn place(&self, token: &str, article: &str) -> Result<String, Status> {
        let request = with(token, PlaceRequest { article: article.to_owned() });
        Ok(self.client.clone().place(request).await?.into_inner().placed_by)
    }
}

fn with<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let value = format!("Bearer {token}").parse().unwrap();
    request.metadata_mut().insert("authorization", value);
    request
}

fn challenge(refused: &Status) -> &str {
    refused.metadata().get("www-authenticate").unwrap().to_str().unwrap()
}

#[tokio::test]
async fn the_required_scope_is_admitted() {
    let api = Api::start().await;
    assert_eq!(api.place(&api.token("write:orders"), "tea").await.unwrap(), "u1");
    assert_eq!(api.list(&api.token("read:orders write:orders")).await.unwrap(), ["tea"]);
}

#[tokio::test]
async fn another_scope_is_permission_denied() {
    let api = Api::start().await;
    let refused = api.list(&api.token("write:orders")).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    assert!(challenge(&refused).ends_with(r#"scope="read:orders""#), "{refused:?}");
    let refused = api.place(&api.token("read:orders"), "tea").await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    assert!(challenge(&refused).ends_with(r#"scope="write:orders""#), "{refused:?}");
}

#[tokio::test]
async fn missing_and_invalid_tokens_are_unauthenticated() {
    let api = Api::start().await;
    let refused = api.client.clone().list(ListRequest {}).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    assert_eq!(refused.message(), "This request needs an access token");
    assert_eq!(challenge(&refused), "Bearer");

    // HTTP/2 has its own limit for headers, which a token of 16 KiB exceeds.
    for broken in Broken::ALL.iter().filter(|broken| **broken != Broken::Oversized) {
        let token = api.issuer.token().scope("read:orders").broken(broken);
        let refused = api.list(&token).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unauthenticated, "{broken}");
        assert!(challenge(&refused).starts_with("Bearer error=\"invalid_token\""), "{broken}");
    }

    let refused = api.list("two tokens").await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated, "malformed");
    assert!(challenge(&refused).starts_with("Bearer error=\"invalid_request\""), "{refused:?}");
}

#[tokio::test]
async fn without_the_issuers_keys_the_status_is_unavailable() {
    let api = Api::start().await;
    api.issuer.go_down();
    let refused = api.list(&api.token("read:orders")).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);
    let wait = refused.metadata().get("grpc-retry-pushback-ms").unwrap().to_str().unwrap();
    assert!(wait.parse::<u32>().unwrap() <= 15_000, "{wait}");
    assert!(refused.metadata().get("www-authenticate").is_none());
}
