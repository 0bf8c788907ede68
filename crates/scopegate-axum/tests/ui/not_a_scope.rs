//! A type that is not a scope is reported at the handler's argument first, then at the route.

use axum::Router;
use axum::routing::get;
use scopegate_axum::RequireScope;

async fn list(_: RequireScope<String>) {}

fn main() {
    let _: Router = Router::new().route("/orders", get(list));
}
