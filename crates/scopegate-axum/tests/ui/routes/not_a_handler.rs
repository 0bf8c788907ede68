//! Handlers that axum does not accept: a body in front, too many arguments, a misspelled scope.

use axum::Json;
use scopegate_axum::routes::{Routes, get, post};
use scopegate_axum::{AllOf, RequireScope, scopes};

scopes! {
    pub ReadOrders = "read:orders";
}

async fn body_first(_: Json<u8>, _: RequireScope<ReadOrders>) {}

async fn misspelled(_: RequireScope<ReadOrder>) {}

async fn not_a_tuple(_: AllOf<ReadOrders, ReadOrders>) {}

fn main() {
    let _ = Routes::<()>::new().route("/body", post(body_first));
    let _ = Routes::<()>::new().route("/misspelled", get(misspelled));
    let _ = Routes::<()>::new().route("/tuple", get(not_a_tuple));
}
