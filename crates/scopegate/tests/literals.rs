//! The macros work when this crate is the only dependency of a service.

use scopegate::{ScopeName, scope, scopes};

scopes! {
    /// See orders.
    pub(crate) ReadOrders = "read:orders";
}

#[test]
fn the_scope_macros_need_no_other_crate() {
    type InPlace = scope!("read:orders");
    assert_eq!(InPlace::NAME, ReadOrders::NAME);
}

#[cfg(feature = "axum")]
#[test]
fn scoped_turns_a_literal_into_the_scope() {
    use scopegate::{AnyOf, RequireScope, ScopeRule, scoped};

    #[scoped]
    type Read = RequireScope<"read:orders">;

    #[scoped]
    type ReadOrAdmin = AnyOf<"read:orders", "admin">;

    let same: fn(Read) -> RequireScope<scope!("read:orders")> = |guard| guard;
    let _ = same;
    assert_eq!(ReadOrAdmin::REQUIREMENT.to_string(), "any of (read:orders, admin)");
}
