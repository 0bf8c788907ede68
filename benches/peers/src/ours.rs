//! scopegate itself, applied in both ways.

use axum::{Router, routing::get};
use scopegate::{BearerLayer, RequireScope, scoped};
use scopegate_benches::{AUDIENCE, ISSUER, Setting};
use tower_layer::Layer;

use crate::axum_0_8;
use crate::peer::{ALL, Candidate};

/// The layer wraps the finished router.
pub const AROUND: Candidate = Candidate {
    name: "scopegate, around the `Router`",
    provider: "aws-lc-rs",
    algorithms: ALL,
    accepts: &[],
    set_up: |setting, _| axum_0_8::peer(layer(setting).layer(router())),
};

/// The layer is passed to `Router::layer`, like those of the peers.
pub const INSIDE: Candidate = Candidate {
    name: "scopegate, `Router::layer`",
    provider: "aws-lc-rs",
    algorithms: ALL,
    accepts: &[],
    set_up: |setting, _| axum_0_8::peer(router().layer(layer(setting))),
};

#[scoped]
async fn guarded(_: RequireScope<"read:orders">) -> &'static str {
    "orders"
}

fn router() -> Router {
    Router::new().route("/orders", get(guarded))
}

fn layer(setting: &Setting) -> BearerLayer {
    let auth = BearerLayer::issuer(ISSUER).audience(AUDIENCE).keys(setting.keys());
    auth.build().expect("a layer")
}
