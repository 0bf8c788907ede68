use ::tower_oauth2_resource_server::server::OAuth2ResourceServer;
use ::tower_oauth2_resource_server::tenant::TenantConfiguration;
use ::tower_oauth2_resource_server::validation::ClaimsValidationSpec;
use axum::http::StatusCode;
use axum::{Extension, Router, routing::get};
use scopegate_benches::{AUDIENCE, ISSUER, SCOPE, Served, Setting};

use crate::Peer;
use crate::claims::Claims;

async fn guarded(Extension(claims): Extension<Claims>) -> Result<&'static str, StatusCode> {
    claims.holds(SCOPE).then_some("orders").ok_or(StatusCode::FORBIDDEN)
}

pub async fn peer(setting: &Setting) -> Peer {
    // Its plain configuration lets a wrong `iss` and a future `nbf` pass.
    let checks = ClaimsValidationSpec::recommended(ISSUER, &vec![AUDIENCE.to_owned()]);
    let tenant = TenantConfiguration::static_builder(setting.jwks())
        .audiences(&[AUDIENCE])
        .claims_validation(checks)
        .build()
        .expect("a tenant");
    let server = OAuth2ResourceServer::<Claims>::builder().add_tenant(tenant).build().await;
    let auth = server.expect("a server").into_layer();
    let app = Router::new().route("/orders", get(guarded)).layer(auth);
    let mut served = Served::new(app.clone());
    Peer {
        name: "tower-oauth2-resource-server 0.12",
        contender: Box::new(Served::new(app)),
        status: Box::new(move |token| served.status(token)),
    }
}
