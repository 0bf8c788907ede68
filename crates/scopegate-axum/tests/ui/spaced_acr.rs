//! The challenge puts spaces between the values of `acr`, so none may hold one.

use axum::Router;
use axum::routing::get;
use scopegate_axum::{RequireAcr, scoped};

#[scoped]
async fn pay(_: RequireAcr<"two words">) {}

fn main() {
    let _: Router = Router::new().route("/pay", get(pay));
}
