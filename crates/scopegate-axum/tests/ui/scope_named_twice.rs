//! One scope with two names is a slip of the pen that would open a handler.

use scopegate_axum::scopes;

scopes! {
    pub ReadOrders = "read:orders";
    pub WriteOrders = "read:orders";
}

fn main() {
    let _ = (ReadOrders, WriteOrders);
}
