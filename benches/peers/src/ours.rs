//! scopegate itself, both ways that a layer can be applied.

use axum::{Router, routing::get};
use scopegate::{BearerLayer, RequireScope, scoped};
use scopegate_benches::{AUDIENCE, ISSUER, Setting};
use tower_layer::Layer;

use crate::axum_0_8;
use crate::peer::{ALL, Candidate};

/// The layer stands around the finished router.
pub const AROUND: Candidate = Candidate {
    name: "scopegate, around the `Router`",
    provider: "aws-lc-rs",
    algorithms: ALL,
    lets_pass: &[],
    set_up: |setting, _| axum_0_8::peer(layer(setting).layer(router())),
};

/// The layer is given to `Router::layer`, as those of the peers are.
pub const INSIDE: Candidate = Candidate {
    name: "scopegate, `Router::layer`",
    provider: "aws-lc-rs",
    algorithms: ALL,
    lets_pass: &[],
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
