//! Types that are not a rule over claims or not a value of `acr`.

use scopegate_axum::{RequireAcr, RequireClaim, RequireFresh, scoped};

fn not_a_rule(_: RequireClaim<String>) {}

fn not_a_value(_: RequireAcr<u8>) {}

#[scoped]
fn not_a_number(_: RequireFresh<"300">) {}

fn main() {}
