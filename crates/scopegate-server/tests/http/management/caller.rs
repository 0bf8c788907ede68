//! An admin client that calls the management API.

use axum::body::Body;
use axum::response::Response;
use http::request::Builder;
use http::{Method, Request};
use http_body_util::BodyExt;
use scopegate_core::store::{CatalogStore, KeyStore};
use serde_json::Value;
use tower::ServiceExt;

use crate::fixture::{FORM, Fixture};

/// The management API, called by `root` with a token.
pub(crate) struct Caller<'f, S> {
    pub(crate) at: &'f Fixture<S>,
    pub(crate) token: String,
}

/// What the API answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) async fn of(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&bytes).unwrap_or_default();
        Self { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn tag(&self) -> String {
        self.header("etag").to_owned()
    }

    pub(crate) fn id(&self) -> String {
        self.body["id"].as_str().ok_or(self).unwrap().to_owned()
    }

    /// The error code and the first cause.
    pub(crate) fn refusal(&self) -> (u16, &str, &str) {
        let cause = &self.body["errorCauses"][0]["errorSummary"];
        (
            self.status,
            self.body["errorCode"].as_str().unwrap_or_default(),
            cause.as_str().unwrap_or_default(),
        )
    }
}

/// The answer without what differs from run to run, for a snapshot.
pub(crate) fn shown(answer: &Answer) -> String {
    let mut body = answer.body.clone();
    hide(&mut body);
    format!("{} {body:#}", answer.status)
}

fn hide(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(hide),
        Value::Object(members) => {
            for (name, value) in members {
                let varies = ["errorId", "kid", "n", "x", "y", "client_secret", "secret_hash"];
                match value.is_string() && varies.contains(&name.as_str()) {
                    true => *value = "…".into(),
                    false => hide(value),
                }
            }
        }
        _ => {}
    }
}

impl<S: CatalogStore + KeyStore> Fixture<S> {
    /// The management API, called with a token that has these scopes.
    pub(crate) async fn admin(&self, scopes: &str) -> Caller<'_, S> {
        let answer = self.admin_token(scopes, crate::fixture::BASE).await;
        let token = answer.body["access_token"].as_str();
        let token = token.ok_or(&answer).unwrap().to_owned();
        Caller { at: self, token }
    }

    /// Asks the administrator's listener for a token, with an assertion for this audience.
    pub(crate) async fn admin_token(&self, scopes: &str, aud: &str) -> Answer {
        let jti = scopegate_jose::random_token(16);
        let assertion = self.admin_assertion(&jti, aud);
        let form = format!(
            "grant_type=client_credentials&scope={}&client_assertion={assertion}\
             &client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            scopes.replace(' ', "+")
        );
        let request = Request::post("/oauth2/v1/token").header("content-type", FORM);
        // Okta's SDKs may send a proof of possession, which is ignored.
        let request = request.header("dpop", "a.b.c").body(Body::from(form)).unwrap();
        Answer::of(self.send_to_admin(request).await).await
    }

    pub(crate) async fn send_to_admin(&self, request: Request<Body>) -> Response {
        self.server.admin_router().oneshot(request).await.unwrap()
    }
}

impl<S: CatalogStore + KeyStore> Caller<'_, S> {
    pub(crate) fn request(&self, method: Method, path: &str) -> Builder {
        Request::builder()
            .method(method)
            .uri(format!("/api/v1/{path}"))
            .header("host", "127.0.0.1:9001")
            .header("authorization", format!("Bearer {}", self.token))
    }

    pub(crate) async fn send(&self, request: Builder, body: Option<&Value>) -> Answer {
        let request = match body {
            Some(body) => {
                let request = request.header("content-type", "application/json");
                request.body(Body::from(body.to_string())).unwrap()
            }
            None => request.body(Body::empty()).unwrap(),
        };
        Answer::of(self.at.send_to_admin(request).await).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path), None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path), Some(body)).await
    }

    /// A POST without a body.
    pub(crate) async fn order(&self, path: &str) -> Answer {
        self.send(self.request(Method::POST, path), None).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::PUT, path), Some(body)).await
    }

    pub(crate) async fn put_if(&self, path: &str, tag: &str, body: &Value) -> Answer {
        let request = self.request(Method::PUT, path).header("if-match", tag);
        self.send(request, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path), None).await
    }
}
