use axum::{Router, routing::get};
use scopegate::{BearerLayer, RequireScope, scoped};
use scopegate_benches::{AUDIENCE, Contender, ISSUER, Served, Setting};
use tower_layer::Layer;

use crate::Peer;

#[scoped]
async fn guarded(_: RequireScope<"read:orders">) -> &'static str {
    "orders"
}

pub fn bare() -> Box<dyn Contender> {
    Box::new(Served::new(Router::new().route("/orders", get(async || "orders"))))
}

pub fn peer(setting: &Setting) -> Peer {
    let auth = BearerLayer::issuer(ISSUER).audience(AUDIENCE).keys(setting.keys());
    let auth = auth.build().expect("a layer");
    let app = auth.layer(Router::new().route("/orders", get(guarded)));
    let mut served = Served::new(app.clone());
    Peer {
        name: "scopegate",
        contender: Box::new(Served::new(app)),
        status: Box::new(move |token| served.status(token)),
    }
}
