//! A builder is used as a layer.

use axum::Router;
use axum::routing::get;
use scopegate_tower::BearerLayer;
use tower::{ServiceBuilder, service_fn};

fn main() {
    let builder = || BearerLayer::issuer("https://id.example.com").audience("api://orders");
    let _: Router = Router::new().route("/orders", get(async || "orders")).layer(builder());

    let hello = service_fn(async |_: axum::extract::Request| {
        Ok::<_, std::convert::Infallible>(axum::response::Response::<axum::body::Body>::default())
    });
    let _ = ServiceBuilder::new().layer(builder()).service(hello);
}
