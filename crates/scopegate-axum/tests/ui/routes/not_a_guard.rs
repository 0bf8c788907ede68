//! What is required at a route is not a guard, or is for another state.

use axum::Router;
use axum::routing::get;
use http::request::Parts;
use scopegate_axum::routes::{Routes, get as route_get};
use scopegate_axum::{GuardRejection, Resource, ResourceGuard, Token};

struct OwnOrder;

#[derive(Clone)]
struct Orders;

impl ResourceGuard<Orders> for OwnOrder {
    const NAME: &'static str = "own orders only";
    type Extra = ();

    async fn check(_: &Token, _: &mut Parts, _: &Orders) -> Result<Self, GuardRejection> {
        Ok(Self)
    }
}

async fn show(_: Resource<OwnOrder>) {}

async fn list() {}

fn main() {
    let _ = Routes::<()>::new().route("/orders", route_get(list).require("read:orders"));
    let _: Router = Router::new().route("/order", get(show)).with_state(());
}
