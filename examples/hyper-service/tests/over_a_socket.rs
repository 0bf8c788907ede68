//! The service, as a client sees it.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use reqwest::{Client, Method, Response};
use scopegate_testkit::{Broken, TestIssuer};
use tokio::net::TcpListener;

struct Api {
    issuer: TestIssuer,
    url: String,
}

impl Api {
    async fn start() -> Self {
        let issuer = TestIssuer::listen("api://orders").await;
        let auth = issuer.layer();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/orders", listener.local_addr().unwrap());
        tokio::spawn(hyper_service::serve(listener, auth));
        Self { issuer, url }
    }

    async fn ask(&self, method: Method, token: &str) -> Response {
        Client::new().request(method, &self.url).bearer_auth(token).send().await.unwrap()
    }

    fn token(&self, scope: &str) -> String {
        self.issuer.token().subject("u1").scope(scope).sign()
    }
}

fn challenge(response: &Response) -> &str {
    response.headers()["www-authenticate"].to_str().unwrap()
}

#[tokio::test]
async fn the_required_scope_is_admitted() {
    let api = Api::start().await;
    let response = api.ask(Method::GET, &api.token("read:orders")).await;
    assert_eq!(response.status(), 200);
    let response = api.ask(Method::POST, &api.token("write:orders")).await;
    assert_eq!(response.text().await.unwrap(), "placed by u1");
    let response = api.ask(Method::PUT, &api.token("write:orders")).await;
    assert_eq!(response.status(), 404);
}

#[tokio::test]
async fn refusals_have_a_challenge() {
    let api = Api::start().await;
    let response = reqwest::get(&api.url).await.unwrap();
    assert_eq!(response.status(), 401);
    assert_eq!(challenge(&response), "Bearer");

    let response = api.ask(Method::POST, &api.token("read:orders")).await;
    assert_eq!(response.status(), 403);
    assert!(challenge(&response).ends_with(r#"scope="write:orders""#));
    assert_eq!(response.headers()["content-type"], "application/problem+json");

    for broken in Broken::ALL {
        let token = api.issuer.token().scope("read:orders").broken(broken);
        let response = api.ask(Method::GET, &token).await;
        assert_eq!(response.status(), 401, "{broken}");
    }
}
