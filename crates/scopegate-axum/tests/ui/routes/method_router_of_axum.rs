//! axum's `get` does not tell which guards its handler has.

use axum::routing::get;
use scopegate_axum::routes::Routes;

async fn list() {}

fn main() {
    let _ = Routes::<()>::new().route("/orders", get(list));
}
