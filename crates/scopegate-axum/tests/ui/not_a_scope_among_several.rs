//! The member that is no scope is the one that is named; one scope is no tuple.

use scopegate_axum::{AllOf, AnyOf, scoped, scopes};

scopes! {
    pub ReadOrders = "read:orders";
}

fn member(_: AnyOf<(ReadOrders, u8)>) {}

#[scoped]
fn list(_: AllOf<"read:orders", u8>) {}

fn no_tuple(_: AllOf<ReadOrders>) {}

fn main() {}
