//! The API: its routes, and the layer that guards them.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::get;
use scopegate::BearerLayer;

use crate::order_store::OrderStore;
use crate::orders::{create, delete, list, show};
use crate::problem::Problem;

/// The largest body that is read, in bytes.
const MAX_BODY: usize = 16 * 1024;

/// Everything above `.layer(auth)` is reached with a good token only. Which scopes the token must
/// have is said by each handler.
pub(crate) fn router(orders: OrderStore, auth: BearerLayer) -> Router {
    Router::new()
        .route("/orders", get(list).post(create))
        .route("/orders/{id}", get(show).delete(delete))
        .fallback(async || Problem::not_found("There is nothing here; orders are at /orders"))
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(auth)
        .with_state(orders)
}
