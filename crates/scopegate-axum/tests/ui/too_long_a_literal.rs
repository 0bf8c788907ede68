//! A literal holds 64 bytes; the error names the way out.

use scopegate_axum::{RequireScope, scope, scoped};

#[scoped]
async fn literal(
    _: RequireScope<"https://api.example.com/auth/warehouse.orders.shipments.read-only">,
) {
}

type InPlace = scope!("https://api.example.com/auth/warehouse.orders.shipments.read-only");

fn main() {}
