//! The state of the routes is forgotten.

use axum::extract::State;
use scopegate_axum::routes::{OpenApi, Routes, get};
use scopegate_axum::{RequireScope, scopes};
use tower::layer::util::Identity;

scopes! {
    pub ReadOrders = "read:orders";
}

#[derive(Clone)]
struct AppState;

async fn list(_: RequireScope<ReadOrders>, _: State<AppState>) {}

fn main() {
    let routes = || Routes::<AppState>::new().route("/orders", get(list));
    let _ = routes().audit();
    let _ = routes().scopes();
    let _ = routes().document(OpenApi::new("Orders", "1"));
    let _ = routes().protect(Identity::new());
}
