//! The measured services: a bare router, and the same with the layer and one scope.

use axum::Router;
use axum::routing::get;
use scopegate::{BearerLayer, RequireScope, scoped};
use scopegate_benches::{AUDIENCE, ISSUER, Served, Setting};
use tower_layer::Layer;

async fn bare() -> &'static str {
    "orders"
}

#[scoped]
async fn guarded(_: RequireScope<"read:orders">) -> &'static str {
    "orders"
}

pub(crate) fn plain() -> Served<Router> {
    Served::new(Router::new().route("/orders", get(bare)))
}

/// The layer wraps the finished router.
pub(crate) fn around(setting: &Setting) -> Served<scopegate::BearerService<Router>> {
    Served::new(layer(setting).layer(router()))
}

/// The layer is passed to `Router::layer`, which boxes its services.
pub(crate) fn inside(setting: &Setting) -> Served<Router> {
    Served::new(router().layer(layer(setting)))
}

/// Like [`inside`], but the responses keep the type of the router's body.
pub(crate) fn same_body(setting: &Setting) -> Served<Router> {
    Served::new(router().layer(layer(setting).same_body()))
}

/// Like [`around`], but every token is verified anew.
pub(crate) fn without_cache(setting: &Setting) -> Served<scopegate::BearerService<Router>> {
    let builder = BearerLayer::issuer(ISSUER).audience(AUDIENCE).keys(setting.keys());
    Served::new(builder.without_cache().build().expect("a layer").layer(router()))
}

fn router() -> Router {
    Router::new().route("/orders", get(guarded))
}

fn layer(setting: &Setting) -> BearerLayer {
    let builder = BearerLayer::issuer(ISSUER).audience(AUDIENCE).keys(setting.keys());
    builder.build().expect("a layer")
}
