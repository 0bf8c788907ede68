//! tower-oauth2-resource-server has no scopes, so the handler checks for one.
//!
//! With only issuer and keys it accepts any `iss`, so it is told which claims to check. A checked
//! claim is also required.

use ::tower_oauth2_resource_server::server::OAuth2ResourceServer;
use ::tower_oauth2_resource_server::tenant::TenantConfiguration;
use ::tower_oauth2_resource_server::validation::ClaimsValidationSpec;
use axum::http::StatusCode;
use axum::{Extension, Router, routing::get};
use scopegate_benches::{AUDIENCE, ISSUER, SCOPE, Setting};
use tokio::runtime::Runtime;

use crate::axum_0_8;
use crate::claims::Claims;
use crate::peer::{ALL, Candidate, Peer};

pub const CANDIDATE: Candidate = Candidate {
    name: "tower-oauth2-resource-server 0.12",
    provider: "aws-lc-rs, by jsonwebtoken 11",
    algorithms: ALL,
    accepts: &[],
    set_up,
};

async fn guarded(Extension(claims): Extension<Claims>) -> Result<&'static str, StatusCode> {
    claims.holds(SCOPE).then_some("orders").ok_or(StatusCode::FORBIDDEN)
}

fn set_up(setting: &Setting, runtime: &Runtime) -> Peer {
    let checks = ClaimsValidationSpec::recommended(ISSUER, &vec![AUDIENCE.to_owned()]);
    let tenant = TenantConfiguration::static_builder(setting.jwks())
        .audiences(&[AUDIENCE])
        .claims_validation(checks)
        .build()
        .expect("a tenant");
    let server = OAuth2ResourceServer::<Claims>::builder().add_tenant(tenant).build();
    let auth = runtime.block_on(server).expect("a server").into_layer();
    axum_0_8::peer(Router::new().route("/orders", get(guarded)).layer(auth))
}
