//! The macros find this crate when it is the only one that a service depends on.

use scopegate::{ScopeName, scope, scopes};

scopes! {
    /// See orders.
    pub(crate) ReadOrders = "read:orders";
}

#[test]
fn scopes_are_written_without_any_other_crate() {
    type InPlace = scope!("read:orders");
    assert_eq!(InPlace::NAME, ReadOrders::NAME);
}

#[cfg(feature = "axum")]
#[test]
fn a_literal_in_a_signature_is_that_scope() {
    use scopegate::{AnyOf, RequireScope, ScopeRule, scoped};

    #[scoped]
    type Read = RequireScope<"read:orders">;

    #[scoped]
    type ReadOrAdmin = AnyOf<"read:orders", "admin">;

    let same: fn(Read) -> RequireScope<scope!("read:orders")> = |guard| guard;
    let _ = same;
    assert_eq!(ReadOrAdmin::REQUIREMENT.to_string(), "any of (read:orders, admin)");
}
