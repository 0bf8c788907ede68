//! Without the attribute it is rustc that answers: E0747.

use scopegate_axum::RequireScope;

async fn list(_: RequireScope<"read:orders">) {}

fn main() {}
