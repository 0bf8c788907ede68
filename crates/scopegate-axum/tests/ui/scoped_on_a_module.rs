//! The error says which items the attribute supports.

use scopegate_axum::scoped;

#[scoped]
mod orders {}

#[scoped(strict)]
async fn list() {}

fn main() {}
