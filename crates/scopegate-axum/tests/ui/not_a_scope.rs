//! A type that is no scope is reported at the handler's argument first, then where it is routed.

use axum::Router;
use axum::routing::get;
use scopegate_axum::RequireScope;

async fn list(_: RequireScope<String>) {}

fn main() {
    let _: Router = Router::new().route("/orders", get(list));
}
