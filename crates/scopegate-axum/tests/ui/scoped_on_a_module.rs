//! The attribute says what it goes on.

use scopegate_axum::scoped;

#[scoped]
mod orders {}

#[scoped(strict)]
async fn list() {}

fn main() {}
