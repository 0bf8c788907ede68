use std::sync::Arc;

use ::axum_jwt_auth::{Claims as Authenticated, Decoder, LocalDecoder};
use axum::http::StatusCode;
use axum::{Router, routing::get};
use jsonwebtoken_10::{Algorithm, DecodingKey, Validation};
use scopegate_benches::{AUDIENCE, ISSUER, SCOPE, Served, Setting};

use crate::Peer;
use crate::claims::Claims;

async fn guarded(user: Authenticated<Claims>) -> Result<&'static str, StatusCode> {
    user.claims.holds(SCOPE).then_some("orders").ok_or(StatusCode::FORBIDDEN)
}

pub fn peer(setting: &Setting) -> Peer {
    let jwks: jsonwebtoken_10::jwk::JwkSet =
        serde_json::from_str(&setting.jwks()).expect("a key set");
    let key = DecodingKey::from_jwk(&jwks.keys[0]).expect("a key");
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_audience(&[AUDIENCE]);
    validation.set_issuer(&[ISSUER]);
    validation.validate_nbf = true;
    let decoder = LocalDecoder::builder().keys(vec![key]).validation(validation).build();
    let state: Decoder<Claims> = Arc::new(decoder.expect("a decoder"));
    let app = Router::new().route("/orders", get(guarded)).with_state(state);
    let mut served = Served::new(app.clone());
    Peer {
        name: "axum-jwt-auth 0.7",
        contender: Box::new(Served::new(app)),
        status: Box::new(move |token| served.status(token)),
    }
}
