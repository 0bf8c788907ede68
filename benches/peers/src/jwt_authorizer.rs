//! jwt-authorizer supports axum 0.7, and is compared with a bare router of that version.

use ::axum_0_7::{Router, routing::get};
use ::jwt_authorizer::{Authorizer, IntoLayer, JwtAuthorizer, JwtClaims, Validation};
use scopegate_benches::{AUDIENCE, ISSUER, SCOPE, Setting};
use tokio::runtime::Runtime;

use crate::axum_0_7;
use crate::claims::Claims;
use crate::peer::{ALL, Candidate, Peer};

pub const CANDIDATE: Candidate = Candidate {
    name: "jwt-authorizer 0.15 (axum 0.7)",
    provider: "ring, by jsonwebtoken 9",
    algorithms: ALL,
    accepts: &[],
    set_up,
};

async fn guarded(_: JwtClaims<Claims>) -> &'static str {
    "orders"
}

fn set_up(setting: &Setting, runtime: &Runtime) -> Peer {
    let validation = Validation::new().iss(&[ISSUER]).aud(&[AUDIENCE]).exp(true).nbf(true);
    let auth = JwtAuthorizer::from_jwks_text(&setting.jwks())
        .validation(validation)
        .check(|claims: &Claims| claims.holds(SCOPE))
        .build();
    let auth: Authorizer<Claims> = runtime.block_on(auth).expect("an authorizer");
    axum_0_7::peer(Router::new().route("/orders", get(guarded)).layer(auth.into_layer()))
}
