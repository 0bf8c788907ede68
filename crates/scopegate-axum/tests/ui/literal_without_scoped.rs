//! Without the attribute rustc reports E0747.

use scopegate_axum::RequireScope;

async fn list(_: RequireScope<"read:orders">) {}

fn main() {}
