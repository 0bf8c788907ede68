//! A handler that parses the form and signs a token with a kept key. It knows no client and records
//! nothing.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Form, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use scopegate_claims::{Clock, SystemClock, UnixTime};
use scopegate_jose::{Algorithm, SigningKey, TokenType, random_token};
use serde::Serialize;
use serde_json::json;

/// Serves until the process is killed.
#[tokio::main]
pub(crate) async fn serve(algorithm: &str, port: u16) {
    let key = SigningKey::generate(Algorithm::from_name(algorithm).unwrap()).unwrap();
    let router = Router::new().route("/token", post(token)).with_state(Arc::new(key));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let listener = axum::serve::ListenerExt::tap_io(listener, |tcp| tcp.set_nodelay(true).unwrap());
    axum::serve(listener, router).await.unwrap();
}

#[derive(Serialize)]
struct Claims<'a> {
    ver: u8,
    jti: &'a str,
    iss: &'a str,
    aud: &'a str,
    iat: UnixTime,
    exp: UnixTime,
    sub: &'a str,
    client_id: &'a str,
    cid: &'a str,
    scope: &'a str,
    scp: [&'a str; 1],
    region: &'a str,
}

async fn token(
    State(key): State<Arc<SigningKey>>,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let (now, scope) = (SystemClock.now(), form["scope"].as_str());
    let claims = Claims {
        ver: 1,
        jti: &format!("AT.{}", random_token(32)),
        iss: "http://127.0.0.1:9000/oauth2/server-0",
        aud: "api://server-0",
        iat: now,
        exp: now.plus(Duration::from_secs(600)),
        sub: "client-0",
        client_id: "client-0",
        cid: "client-0",
        scope,
        scp: [scope],
        region: "eu",
    };
    let token = key.sign(TokenType::AccessToken, &claims).unwrap();
    let answer =
        json!({ "access_token": token, "token_type": "Bearer", "expires_in": 600, "scope": scope });
    Json(answer).into_response()
}
