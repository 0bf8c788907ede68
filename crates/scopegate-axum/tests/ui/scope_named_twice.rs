//! Two names for one scope are a mistake: a handler would be open to the wrong token.

use scopegate_axum::scopes;

scopes! {
    pub ReadOrders = "read:orders";
    pub WriteOrders = "read:orders";
}

fn main() {
    let _ = (ReadOrders, WriteOrders);
}
