//! Each wrong literal is reported at its position, with the wrong character.

use axum::Router;
use axum::routing::get;
use scopegate_axum::{AnyOf, RequireScope, scope, scoped, scopes};

scopes! {
    pub ReadOrders = "read:\"orders\"";
    pub Nothing = "";
}

async fn in_place(_: RequireScope<scope!("read orders")>) {}

#[scoped]
async fn literal(_: RequireScope<"bestellungen:löschen">) {}

#[scoped]
async fn second(_: AnyOf<"read:orders", "read\\orders">) {}

async fn by_name(_: RequireScope<ReadOrders>, _: RequireScope<Nothing>) {}

fn main() {
    let _: Router = Router::new()
        .route("/a", get(in_place))
        .route("/b", get(literal))
        .route("/c", get(second))
        .route("/d", get(by_name));
}
