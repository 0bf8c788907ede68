//! A literal may have 64 bytes; the error says what to write instead.

use scopegate_axum::{RequireScope, scope, scoped};

#[scoped]
async fn literal(
    _: RequireScope<"https://api.example.com/auth/warehouse.orders.shipments.read-only">,
) {
}

type InPlace = scope!("https://api.example.com/auth/warehouse.orders.shipments.read-only");

fn main() {}
