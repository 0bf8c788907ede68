//! A protected API, its issuer, and an HTTP client.

use axum::Router;
use axum::routing::get;
use reqwest::header::{AUTHORIZATION, HeaderMap, WWW_AUTHENTICATE};
use reqwest::{Client, RequestBuilder};
use scopegate::{
    AllOf, BearerBuilder, BearerLayer, Clock, RequireAcr, RequireFresh, RequireScope, scoped,
};
use scopegate_jose::{SigningKey, base64url};
use scopegate_testkit::{Broken, TestIssuer};
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub(crate) const AUDIENCE: &str = "api://orders";

#[scoped]
async fn list(_: RequireScope<"read:orders">) -> &'static str {
    "orders"
}

#[scoped]
async fn place(_: AllOf<"read:orders", "write:orders">) -> &'static str {
    "placed"
}

#[scoped]
async fn pay(_: RequireAcr<"urn:example:hardware", "urn:example:mfa">) -> &'static str {
    "paid"
}

async fn close(_: RequireFresh<300>) -> &'static str {
    "closed"
}

pub(crate) struct Api {
    pub(crate) issuer: TestIssuer,
    origin: String,
    client: Client,
}

/// The answer of the API.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Api {
    pub(crate) async fn start() -> Self {
        Self::start_with(|builder| builder).await
    }

    pub(crate) async fn start_with(set: impl FnOnce(BearerBuilder) -> BearerBuilder) -> Self {
        let issuer = TestIssuer::listen(AUDIENCE).await;
        let layer = set(issuer.layer_builder()).build().unwrap();
        Self::of(issuer, layer).await
    }

    pub(crate) async fn of(issuer: TestIssuer, layer: BearerLayer) -> Self {
        let app = Router::new()
            .route("/orders", get(list).post(place))
            .route("/pay", get(pay))
            .route("/close", get(close))
            .layer(layer);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { issuer, origin, client: Client::new() }
    }

    /// A GET request without a token.
    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("{}{path}", self.origin))
    }

    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(format!("{}{path}", self.origin))
    }

    /// Lists orders with this token.
    pub(crate) async fn ask(&self, token: &str) -> Answer {
        answer(self.get("/orders").bearer_auth(token)).await
    }

    /// Lists orders with this Authorization header.
    pub(crate) async fn ask_with(&self, authorization: &str) -> Answer {
        answer(self.get("/orders").header(AUTHORIZATION, authorization)).await
    }

    /// A token that may list orders.
    pub(crate) fn good(&self) -> String {
        self.issuer.token().subject("u1").scope("read:orders").sign()
    }

    /// The same token with a defect.
    pub(crate) fn broken(&self, how: Broken) -> String {
        self.issuer.token().subject("u1").scope("read:orders").broken(how)
    }

    /// The current time of the issuer and the API.
    pub(crate) fn now(&self) -> u64 {
        self.issuer.clock().now().as_seconds()
    }

    /// The header of a good token with these members. `null` removes a member.
    pub(crate) fn header_with(&self, members: Value) -> Value {
        let header = json!({ "typ": "at+jwt", "alg": "ES256", "kid": self.issuer.kid() });
        overwritten(header, members)
    }

    /// The claims of a good token with these members. `null` removes a member.
    pub(crate) fn claims_with(&self, members: Value) -> Value {
        let claims = json!({
            "iss": self.issuer.url(), "aud": AUDIENCE, "sub": "u1", "client_id": "reader",
            "jti": "t1", "iat": self.now(), "exp": self.now() + 600, "scope": "read:orders",
        });
        overwritten(claims, members)
    }

    /// Signs a token as the issuer does.
    pub(crate) fn signed(&self, header: &Value, claims: &Value) -> String {
        signed_by(
            &self.issuer.signer(),
            header.to_string().as_bytes(),
            claims.to_string().as_bytes(),
        )
    }
}

/// Signs any bytes as header and payload.
pub(crate) fn signed_by(key: &SigningKey, header: &[u8], payload: &[u8]) -> String {
    let text = format!("{}.{}", base64url::encode(header), base64url::encode(payload));
    format!("{text}.{}", key.signature(&text).unwrap())
}

fn overwritten(mut object: Value, members: Value) -> Value {
    let (Some(object_members), Value::Object(members)) = (object.as_object_mut(), members) else {
        unreachable!("both are objects");
    };
    object_members.extend(members);
    object_members.retain(|_, value| !value.is_null());
    object
}

pub(crate) async fn answer(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    Answer {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body: response.text().await.unwrap(),
    }
}

impl Answer {
    /// The only challenge; empty if there is none.
    pub(crate) fn challenge(&self) -> &str {
        let mut challenges = self.headers.get_all(WWW_AUTHENTICATE).iter();
        let challenge = challenges.next().map_or("", |value| value.to_str().unwrap());
        assert!(challenges.next().is_none(), "one challenge is enough");
        challenge
    }

    /// A parameter of the challenge.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let start = format!("{name}=\"");
        let mut parameters = self.challenge().strip_prefix("Bearer ")?.split(", ");
        parameters.find_map(|parameter| parameter.strip_prefix(&*start)?.strip_suffix('"'))
    }

    #[track_caller]
    pub(crate) fn passes(&self) {
        assert_eq!((self.status, self.challenge()), (200, ""), "{}", self.body);
    }

    /// Asserts the answer to a request without a token, which has no error code.
    #[track_caller]
    pub(crate) fn is_bare(&self) {
        assert_eq!((self.status, self.challenge()), (401, "Bearer"));
    }

    #[track_caller]
    pub(crate) fn is_refused(&self, status: u16, error: &str) {
        assert_eq!((self.status, self.parameter("error")), (status, Some(error)));
    }

    #[track_caller]
    pub(crate) fn is_invalid_token(&self) {
        self.is_refused(401, "invalid_token");
    }
}
