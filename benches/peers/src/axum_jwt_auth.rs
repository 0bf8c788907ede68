//! axum-jwt-auth has no scopes, so the handler checks for one.
//!
//! It depends on jsonwebtoken's `rust_crypto`, but a program can still install `aws_lc_rs`.

use std::sync::Arc;

use ::axum_jwt_auth::{Claims as Authenticated, Decoder, LocalDecoder};
use axum::http::StatusCode;
use axum::{Router, routing::get};
use jsonwebtoken_10::{Algorithm, DecodingKey, Validation, crypto::aws_lc, jwk::JwkSet};
use scopegate_benches::{AUDIENCE, ISSUER, SCOPE, Setting};
use scopegate_jose::Algorithm as Ours;

use crate::axum_0_8;
use crate::claims::Claims;
use crate::peer::{ALL, Candidate, Peer};

pub const CANDIDATE: Candidate = Candidate {
    name: "axum-jwt-auth 0.7",
    provider: "aws-lc-rs, by jsonwebtoken 10",
    algorithms: ALL,
    accepts: &[],
    set_up: |setting, _| set_up(setting),
};

async fn guarded(user: Authenticated<Claims>) -> Result<&'static str, StatusCode> {
    user.claims.holds(SCOPE).then_some("orders").ok_or(StatusCode::FORBIDDEN)
}

fn set_up(setting: &Setting) -> Peer {
    // Fails if it was installed before, for the previous algorithm.
    let _ = aws_lc::DEFAULT_PROVIDER.install_default();
    let jwks: JwkSet = serde_json::from_str(&setting.jwks()).expect("a key set");
    let key = DecodingKey::from_jwk(&jwks.keys[0]).expect("a key");
    let mut validation = Validation::new(match setting.algorithm() {
        Ours::Rs256 => Algorithm::RS256,
        Ours::Es256 => Algorithm::ES256,
        _ => Algorithm::EdDSA,
    });
    validation.set_audience(&[AUDIENCE]);
    validation.set_issuer(&[ISSUER]);
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    validation.validate_nbf = true;
    let decoder = LocalDecoder::builder().keys(vec![key]).validation(validation).build();
    let state: Decoder<Claims> = Arc::new(decoder.expect("a decoder"));
    axum_0_8::peer(Router::new().route("/orders", get(guarded)).with_state(state))
}
