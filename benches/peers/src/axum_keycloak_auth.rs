//! axum-keycloak-auth reads its keys only from a Keycloak server, so a stand-in serves them once.
//!
//! It has roles but no scopes, so the handler checks for a scope. It checks neither `iss` nor
//! `nbf`.

use std::time::Duration;

use ::axum_keycloak_auth::PassthroughMode;
use ::axum_keycloak_auth::decode::KeycloakToken;
use ::axum_keycloak_auth::instance::{KeycloakAuthInstance, KeycloakConfig};
use ::axum_keycloak_auth::layer::KeycloakAuthLayer;
use axum::http::{StatusCode, header::CONTENT_TYPE};
use axum::{Extension, Router, routing::get};
use scopegate_benches::{AUDIENCE, ISSUER, SCOPE, Setting};
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use url::Url;

use crate::axum_0_8;
use crate::claims::holds;
use crate::peer::{ALL, Candidate, Peer};

pub const CANDIDATE: Candidate = Candidate {
    name: "axum-keycloak-auth 0.8",
    provider: "ring, by jsonwebtoken 9",
    algorithms: ALL,
    accepts: &["iss", "nbf"],
    set_up,
};

#[derive(Clone, Debug, Deserialize)]
struct Granted {
    scope: String,
}

type Token = KeycloakToken<String, Granted>;

async fn guarded(Extension(token): Extension<Token>) -> Result<&'static str, StatusCode> {
    holds(&token.extra.scope, SCOPE).then_some("orders").ok_or(StatusCode::FORBIDDEN)
}

fn set_up(setting: &Setting, runtime: &Runtime) -> Peer {
    let instance = runtime.block_on(discovered(setting.jwks()));
    let auth = KeycloakAuthLayer::<String, Granted>::builder()
        .instance(instance)
        .passthrough_mode(PassthroughMode::Block)
        .expected_audiences(vec![AUDIENCE.to_owned()])
        .build();
    axum_0_8::peer(Router::new().route("/orders", get(guarded)).layer(auth))
}

/// An instance that has read its keys from a stand-in for Keycloak on the loopback interface.
async fn discovered(jwks: String) -> KeycloakAuthInstance {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let server = format!("http://{}", listener.local_addr().expect("bound"));
    let metadata = json!({
        "issuer": ISSUER, "authorization_endpoint": format!("{server}/authorize"),
        "jwks_uri": format!("{server}/keys"), "response_types_supported": ["code"],
        "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["RS256"],
    });
    let document = |body: String| get(async move || ([(CONTENT_TYPE, "application/json")], body));
    let keycloak = Router::new()
        .route("/realms/orders/.well-known/openid-configuration", document(metadata.to_string()))
        .route("/keys", document(jwks));
    tokio::spawn(axum::serve(listener, keycloak).into_future());
    let server = Url::parse(&server).expect("a URL");
    let config = KeycloakConfig::builder().server(server).realm("orders".to_owned()).build();
    let instance = KeycloakAuthInstance::new(config);
    while !instance.is_operational().await {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    instance
}
