//! aliri_tower verifies, aliri_axum checks scopes. No EdDSA.

use ::aliri::{jwa, jwt};
use aliri_clock::UnixTime;
use aliri_oauth2::{Authority, HasScope, Scope};
use aliri_tower::Oauth2Authorizer;
use axum::{Router, routing::get};
use scopegate_benches::{AUDIENCE, ISSUER, Setting};
use scopegate_jose::Algorithm;
use serde::Deserialize;

use crate::axum_0_8;
use crate::peer::{Candidate, Peer};

pub const CANDIDATE: Candidate = Candidate {
    name: "aliri_axum 0.5, aliri_tower 0.6, aliri 0.6",
    provider: "ring",
    algorithms: &[Algorithm::Rs256, Algorithm::Es256],
    accepts: &[],
    set_up: |setting, _| set_up(setting),
};

#[derive(Clone, Debug, Deserialize)]
pub struct Claims {
    iss: jwt::Issuer,
    aud: jwt::Audiences,
    sub: jwt::Subject,
    exp: UnixTime,
    nbf: Option<UnixTime>,
    scope: Scope,
}

impl jwt::CoreClaims for Claims {
    fn nbf(&self) -> Option<UnixTime> {
        self.nbf
    }
    fn exp(&self) -> Option<UnixTime> {
        Some(self.exp)
    }
    fn aud(&self) -> &jwt::Audiences {
        &self.aud
    }
    fn iss(&self) -> Option<&jwt::IssuerRef> {
        Some(&self.iss)
    }
    fn sub(&self) -> Option<&jwt::SubjectRef> {
        Some(&self.sub)
    }
}

impl HasScope for Claims {
    fn scope(&self) -> &Scope {
        &self.scope
    }
}

mod scope {
    aliri_axum::scope_guards! {
        type Claims = super::Claims;

        pub scope ReadOrders = "read:orders";
    }
}

async fn guarded(_: scope::ReadOrders) -> &'static str {
    "orders"
}

fn set_up(setting: &Setting) -> Peer {
    let jwks = serde_json::from_str(&setting.jwks()).expect("a key set");
    let algorithm = match setting.algorithm() {
        Algorithm::Es256 => jwa::Algorithm::ES256,
        _ => jwa::Algorithm::RS256,
    };
    let validator = jwt::CoreValidator::default()
        .add_approved_algorithm(algorithm)
        .add_allowed_audience(jwt::Audience::from_static(AUDIENCE))
        .require_issuer(jwt::Issuer::from_static(ISSUER))
        .check_expiration()
        .check_not_before();
    let authorizer = Oauth2Authorizer::new().with_claims::<Claims>().with_terse_error_handler();
    let auth = authorizer.jwt_layer(Authority::new(jwks, validator));
    axum_0_8::peer(Router::new().route("/orders", get(guarded)).layer(auth))
}
