//! oauth-resource-server: the layer verifies, `Scoped` checks scopes.

use std::sync::Arc;

use ::oauth_resource_server::axum::{AuthLayer, ScopeSet, Scoped};
use ::oauth_resource_server::{KeyNaming, OAuthConfig, OAuthValidator};
use axum::{Router, routing::get};
use scopegate_benches::{AUDIENCE, ISSUER, SCOPE, Setting};

use crate::axum_0_8;
use crate::peer::{ALL, Candidate, Peer};

pub const CANDIDATE: Candidate = Candidate {
    name: "oauth-resource-server 0.4",
    provider: "ring, by jsonwebtoken 9",
    algorithms: ALL,
    accepts: &[],
    set_up: |setting, _| set_up(setting),
};

struct ReadOrders;

impl ScopeSet for ReadOrders {
    const SCOPES: &'static [&'static str] = &[SCOPE];
}

async fn guarded(_: Scoped<ReadOrders>) -> &'static str {
    "orders"
}

fn set_up(setting: &Setting) -> Peer {
    let config = OAuthConfig {
        enabled: true,
        issuer: ISSUER.into(),
        jwks_uri: Some(format!("{ISSUER}/v1/keys")),
        audience: AUDIENCE.into(),
        resource: "https://api.example.com/".into(),
        require_at_jwt: true,
        ..OAuthConfig::default()
    };
    let config = config.resolve(KeyNaming::Dotted("oauth")).expect("usable").expect("enabled");
    let validator = OAuthValidator::builder(&config).initial_jwks(&setting.jwks()).build();
    let auth = AuthLayer::builder().oauth(Arc::new(validator.expect("a validator"))).build();
    let app = Router::new().route("/orders", get(guarded)).layer(auth.expect("a layer"));
    axum_0_8::peer(app)
}
