//! huskarl-axum: one layer verifies RFC 9068 tokens and checks the scope.
//!
//! Uses RustCrypto, the platform that its documentation recommends.

use std::future::ready;

use ::huskarl_axum::extractors::ValidatedToken;
use ::huskarl_axum::layers::ValidatorLayer;
use ::huskarl_axum::resource_server::core::http::{HttpClient, HttpResponse, Idempotency};
use ::huskarl_axum::resource_server::core::{Error, platform::MaybeSendBoxFuture};
use ::huskarl_axum::resource_server::validator::rfc9068::{
    Rfc9068AccessTokenClaims, Rfc9068Validator,
};
use axum::body::Bytes;
use axum::http::{Request, StatusCode};
use axum::{Router, routing::get};
use scopegate_benches::{AUDIENCE, ISSUER, SCOPE, Setting};
use tokio::runtime::Runtime;

use crate::axum_0_8;
use crate::peer::{ALL, Candidate, Peer};

pub const CANDIDATE: Candidate = Candidate {
    name: "huskarl-axum 0.1, huskarl-resource-server 0.11",
    provider: "RustCrypto",
    algorithms: ALL,
    accepts: &[],
    set_up,
};

async fn guarded(_: ValidatedToken<Rfc9068AccessTokenClaims>) -> &'static str {
    "orders"
}

fn set_up(setting: &Setting, runtime: &Runtime) -> Peer {
    let validator = Rfc9068Validator::builder()
        .issuer(ISSUER)
        .audience(AUDIENCE)
        .allowed_signing_algorithms(vec![setting.algorithm().name().to_owned()])
        .jwks_uri(format!("{ISSUER}/v1/keys").parse().expect("a URL"))
        .jwks_source(Published(setting.jwks().into()))
        .build();
    let validator = runtime.block_on(validator).expect("a validator");
    let auth = ValidatorLayer::builder().validator(validator).build().require_scopes([SCOPE]);
    axum_0_8::peer(Router::new().route("/orders", get(guarded)).layer(auth))
}

/// The issuer's keys, without a network.
struct Published(Bytes);

impl HttpClient for Published {
    fn execute(
        &self,
        _: Request<Bytes>,
        _: Idempotency,
    ) -> MaybeSendBoxFuture<'_, Result<HttpResponse, Error>> {
        Box::pin(ready(Ok(HttpResponse {
            status: StatusCode::OK,
            headers: Default::default(),
            body: self.0.clone(),
        })))
    }
}
