//! The member that is not a scope is reported; a single scope is not a tuple.

use scopegate_axum::{AllOf, AnyOf, scoped, scopes};

scopes! {
    pub ReadOrders = "read:orders";
}

fn member(_: AnyOf<(ReadOrders, u8)>) {}

#[scoped]
fn list(_: AllOf<"read:orders", u8>) {}

fn no_tuple(_: AllOf<ReadOrders>) {}

fn main() {}
